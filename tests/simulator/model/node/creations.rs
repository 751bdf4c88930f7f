//! Groups on their way to the disk: those that are being made, and what changed in others.

use std::collections::BTreeSet;

use chatsrv::chat::entry::{Entry, NewGroup};
use chatsrv::chat::group::{GroupRecord, GroupRow, GroupSettings, GroupStart, MemberRecord};
use chatsrv::chat::id::{GroupId, MessageId};
use chatsrv::chat::name::{GroupName, Number, UserRef};
use chatsrv::chat::refusal::Failure;
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{JobId, Outcome, Value};
use chatsrv::limits::{GROUP_INVITATIONS_MAX, GROUPS_MADE_MAX};
use chatsrv::protocol::native::code::Code;

use super::NodeModel;
use super::entries;
use super::groups::Save;
use crate::model::chat::group::Group;

/// A group that somebody wants to make. Until it is on disk it is this server's alone: its name is
/// taken here, and it counts for its maker.
#[derive(Debug)]
pub struct Creation {
    pub conn: ConnId,
    pub maker: Number,
    pub name: Option<GroupName>,
    pub users: Vec<UserRef>,
    pub start: GroupStart,
    /// On its way to the disk.
    pub begun: Option<(JobId, NewGroup)>,
}

impl NodeModel {
    /// Whoever makes a group and may go on makes none.
    pub(super) fn settle_creations(&mut self, goes_on: impl Fn(ConnId) -> bool) {
        let creations = self.groups.creations.iter();
        let refused =
            creations.filter(|creation| creation.begun.is_none() && goes_on(creation.conn));
        for conn in refused.map(|creation| creation.conn).collect::<Vec<_>>() {
            self.no_group_is_made(conn);
        }
    }

    /// A group can't be made, or there is no id for it.
    pub(super) fn no_group_is_made(&mut self, conn: ConnId) {
        let creations = &mut self.groups.creations;
        let of_this = |creation: &Creation| creation.conn == conn && creation.begun.is_none();
        let at = creations.iter().position(of_this).expect("a group was to be made");
        let creation = creations.remove(at);
        // What waited for an id is refused where none comes, and not looked at again: since the
        // clock went back, others may have got ids meanwhile, and the name.
        let code = self.mark_failed.or_else(|| self.refusal(&creation));
        let code = code.unwrap_or_else(|| panic!("{creation:?} could be made"));
        if let (Code::NoRoom, Some(named)) = (code, self.named(&creation))
            && !self.may_add(creation.maker, named.len())
        {
            // The hour is another one now, all the same.
            self.count_additions(creation.maker, named.len());
        }
        let due = self.session(conn).group_replies.iter_mut().find(|due| due.codes.is_empty());
        due.expect("it is answered").codes = vec![code];
    }

    /// Why a group can't be made; none where it can.
    fn refusal(&self, creation: &Creation) -> Option<Code> {
        let groups = &self.chat.groups.groups;
        let reserved = self.groups.creations.iter().filter_map(|other| other.begun.as_ref());
        let mut taken =
            reserved.map(|(_, new)| new.name).chain(groups.values().map(|group| group.name));
        if creation.name.is_some_and(|name| taken.any(|taken| taken == name)) {
            return Some(Code::NameNotAllowed);
        }
        let Some(named) = self.named(creation) else { return Some(Code::NotFound) };
        let bounds = self.config.groups;
        let is_full = match creation.start {
            GroupStart::Adds => named.len() + 1 > bounds.members_max,
            GroupStart::Asks => named.len() > GROUP_INVITATIONS_MAX,
            GroupStart::Public => false,
        };
        let own = groups.values().filter(|group| group.made_by == creation.maker);
        let underway = self.groups.creations.iter().filter(|other| other.begun.is_some());
        let are_many = groups.len() + underway.clone().count() >= bounds.all_max;
        let underway = underway.filter(|other| other.maker == creation.maker).count();
        let has_many = own.count() + underway >= GROUPS_MADE_MAX;
        let is_in = self.chat.groups.of(creation.maker).count() + underway;
        let is_in_many = creation.start == GroupStart::Public && is_in >= bounds.per_user_max;
        let adds_many = !self.may_add(creation.maker, named.len());
        let has_room = !is_full && !are_many && !has_many && !is_in_many && !adds_many;
        (!has_room).then_some(Code::NoRoom)
    }

    /// Whether somebody is not added to a group of that maker.
    fn is_to_be_asked(&self, user: Number, maker: Number) -> bool {
        let people = &self.chat.people;
        let asks_first = people.asks_first(user).unwrap_or(self.config.groups.ask_first);
        asks_first || people.ignores(user, maker)
    }

    fn named(&self, creation: &Creation) -> Option<Vec<Number>> {
        let mut named = Vec::new();
        for user in &creation.users {
            let number = self.find(*user)?;
            if number != creation.maker && !named.contains(&number) {
                named.push(number);
            }
        }
        Some(named)
    }

    /// The hub has a group saved.
    pub(super) fn group_is_saved(&mut self, job_id: JobId, record: &GroupRecord) {
        if self.chat.groups.get(record.id).is_none() {
            return self.group_is_made(job_id, record);
        }
        for member in &record.members {
            self.reads_from(record.id, member);
        }
        assert_eq!(*record, self.chat.groups.groups[&record.id].record(record.id));
        self.save_is_awaited(job_id);
    }

    /// The hub tells from which message on a member reads, where nobody knew the newest id.
    fn reads_from(&mut self, id: GroupId, row: &MemberRecord) {
        let group = self.chat.groups.get(id);
        let Some(member) = group.and_then(|group| group.member(row.number)) else { return };
        // What was said up to now was said to others.
        let is_later = row.since > self.ledger.newest();
        assert!(member.since.is_some() || is_later, "{id:?}: {row:?}");
        self.chat.groups.reads_from(id, row.number, row.since);
    }

    /// The hub has the end of a group saved.
    pub(super) fn group_is_ended(&mut self, job_id: JobId, id: GroupId) {
        let group = self.chat.groups.get(id);
        assert!(group.is_none(), "{group:?} goes on");
        self.save_is_awaited(job_id);
    }

    /// The hub has rows of groups kept.
    pub(super) fn rows_change(&mut self, job_id: JobId, rows: &[GroupRow]) {
        for row in rows {
            if let GroupRow::Member { group, member, .. } = row {
                self.reads_from(*group, member);
            }
        }
        self.save_is_awaited(job_id);
    }

    /// The store has kept rows of groups, or has not.
    pub(super) fn rows_kept(&mut self, job_id: JobId, rows: &[GroupRow], outcome: &Outcome) {
        if *outcome == Ok(Value::Done) {
            for row in rows {
                self.groups.on_disk.change(row);
                if let GroupRow::Ended(id) = row {
                    self.ledger.end(*id);
                }
            }
        }
        self.save_over(job_id, outcome);
    }

    fn save_is_awaited(&mut self, job_id: JobId) {
        let session = self.current.and_then(|current| self.sessions.get_mut(&current));
        let due = session.and_then(|session| session.group_replies.back_mut());
        if let Some(due) = due.filter(|due| due.awaits == Save::Next) {
            due.awaits = Save::This(job_id);
        }
    }

    fn group_is_made(&mut self, job_id: JobId, record: &GroupRecord) {
        let id = MessageId(record.id.0);
        self.ledger.given_out(id);
        let creations = &self.groups.creations;
        let at = creations.iter().position(|it| it.begun.is_none() && it.maker == record.admin);
        let at = at.expect("somebody makes a group");
        let creation = &creations[at];
        assert_eq!(self.refusal(creation), None, "{creation:?}");
        assert!(creation.name.is_none_or(|name| name.to_string() == record.name.to_string()));
        assert!(creation.name.is_some() || record.name.is_numbered());
        let named = self.named(creation).unwrap();
        let others = named.len();
        let maker = creation.maker;
        let (members, asked): (Vec<Number>, Vec<Number>) = match creation.start {
            GroupStart::Asks => (vec![], named),
            GroupStart::Adds | GroupStart::Public => {
                named.into_iter().partition(|user| !self.is_to_be_asked(*user, maker))
            }
        };
        let unheard = asked.iter().filter(|user| self.chat.people.ignores(**user, maker));
        let unheard = unheard.copied().collect::<BTreeSet<_>>().into_iter().collect();
        let public = creation.start == GroupStart::Public;
        let settings = GroupSettings { kept: public, public, open_topic: false };
        let new = NewGroup { name: record.name, maker, members, asked, unheard, settings };
        assert!(self.count_additions(maker, others));
        assert_eq!(*record, Group::new(&new, id).record(record.id));
        self.groups.creations[at].begun = Some((job_id, new));
    }

    /// The store has saved a group, or has not.
    pub(super) fn group_saved(&mut self, job_id: JobId, record: &GroupRecord, outcome: &Outcome) {
        if *outcome == Ok(Value::Done) {
            self.groups.on_disk.save(record);
        }
        let of_this = |creation: &Creation| {
            creation.begun.as_ref().is_some_and(|(saves, _)| *saves == job_id)
        };
        let Some(at) = self.groups.creations.iter().position(of_this) else {
            return self.save_over(job_id, outcome);
        };
        let Creation { conn, begun, .. } = self.groups.creations.remove(at);
        let (_, new) = begun.expect("it is on its way to the disk");
        let code = match failure(outcome) {
            Some(code) => code,
            None => {
                let made = self.propose_as(MessageId(record.id.0), Entry::GroupMade(new));
                made.map_or_else(entries::code, |_| Code::Done)
            }
        };
        if let Some(session) = self.sessions.get_mut(&conn) {
            let due = session.group_replies.iter_mut().find(|due| due.codes.is_empty());
            due.expect("it is answered").codes = vec![code];
        }
    }

    /// The store has forgotten a group, or has not.
    pub(super) fn group_ended(&mut self, job_id: JobId, id: GroupId, outcome: &Outcome) {
        if *outcome == Ok(Value::Done) {
            self.groups.on_disk.end(id);
            self.ledger.end(id);
        }
        self.save_over(job_id, outcome);
    }

    fn save_over(&mut self, job_id: JobId, outcome: &Outcome) {
        let replies = self.sessions.values_mut().flat_map(|session| &mut session.group_replies);
        for due in replies.filter(|due| due.awaits == Save::This(job_id)) {
            due.awaits = Save::No;
            due.codes = failure(outcome).map_or(due.codes.clone(), |code| vec![code]);
        }
    }

    /// Whoever waits to make a group and is gone makes none.
    pub(super) fn forget_creations(&mut self, conn: ConnId) {
        self.groups.creations.retain(|creation| creation.conn != conn || creation.begun.is_some());
    }
}

pub(super) fn failure(outcome: &Outcome) -> Option<Code> {
    match outcome {
        Ok(Value::Done) => None,
        Err(Failure::NoRoom) => Some(Code::NoRoom),
        _ => Some(Code::Busy),
    }
}
