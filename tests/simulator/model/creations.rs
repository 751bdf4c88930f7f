//! Groups on their way to the disk: those that are being made, and what changed in others.

use chatsrv::chat::event::Event;
use chatsrv::chat::group::{GroupChange, GroupRecord, GroupRow, MemberRecord};
use chatsrv::chat::id::GroupId;
use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::{GroupName, Number, UserRef};
use chatsrv::chat::refusal::Failure;
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{JobId, Outcome, Value};
use chatsrv::limits::GROUPS_MADE_MAX;
use chatsrv::protocol::native::code::Code;

use super::Model;
use super::groups::{Group, Member, Save};

/// A group that somebody wants to make.
#[derive(Debug)]
pub struct Creation {
    pub conn: ConnId,
    pub maker: Number,
    pub name: Option<GroupName>,
    pub users: Vec<UserRef>,
    pub asks: bool,
    /// On its way to the disk.
    pub record: Option<(JobId, GroupRecord)>,
}

impl Model {
    /// Whoever makes a group and may go on makes none.
    pub(super) fn settle_creations(&mut self, goes_on: impl Fn(ConnId) -> bool) {
        let creations = self.groups.creations.iter();
        let refused =
            creations.filter(|creation| creation.record.is_none() && goes_on(creation.conn));
        for conn in refused.map(|creation| creation.conn).collect::<Vec<_>>() {
            self.no_group_is_made(conn);
        }
    }

    /// A group can't be made, or there is no id for it.
    pub(super) fn no_group_is_made(&mut self, conn: ConnId) {
        let creations = &mut self.groups.creations;
        let of_this = |creation: &Creation| creation.conn == conn && creation.record.is_none();
        let at = creations.iter().position(of_this).expect("a group was to be made");
        let creation = creations.remove(at);
        // What waited for an id is refused where none comes, and not looked at again: since the
        // clock went back, others may have got ids meanwhile, and the name.
        let code = self.mark_failed.or_else(|| self.refusal(&creation));
        let code = code.unwrap_or_else(|| panic!("{creation:?} could be made"));
        let due = self.session(conn).group_replies.iter_mut().find(|due| due.codes.is_empty());
        due.expect("it is answered").codes = vec![code];
    }

    /// Why a group can't be made; none where it can.
    fn refusal(&self, creation: &Creation) -> Option<Code> {
        let reserved = self.groups.creations.iter().filter_map(|other| other.record.as_ref());
        let mut taken = reserved
            .map(|(_, record)| record.name)
            .chain(self.groups.groups.values().map(|group| group.name));
        if creation.name.is_some_and(|name| taken.any(|taken| taken == name)) {
            return Some(Code::NameNotAllowed);
        }
        let Some(named) = self.named(creation) else { return Some(Code::NotFound) };
        let is_full = !creation.asks && named.len() + 1 > self.config.group_max;
        let groups = self.groups.groups.values().filter(|group| group.made_by == creation.maker);
        let underway = self.groups.creations.iter().filter(|other| other.record.is_some());
        let underway = underway.filter(|other| other.maker == creation.maker);
        let has_many = groups.count() + underway.count() >= GROUPS_MADE_MAX;
        (is_full || has_many).then_some(Code::NoRoom)
    }

    fn named(&self, creation: &Creation) -> Option<Vec<Number>> {
        let mut named = Vec::new();
        for user in &creation.users {
            let number = self.find(*user)?.number;
            if number != creation.maker && !named.contains(&number) {
                named.push(number);
            }
        }
        Some(named)
    }

    /// The hub has a group saved.
    pub(super) fn group_is_saved(&mut self, job_id: JobId, record: &GroupRecord) {
        let newest = self.ledger.newest();
        let Some(group) = self.groups.groups.get_mut(&record.id) else {
            return self.group_is_made(job_id, record);
        };
        for (member, saved) in group.members.iter_mut().zip(&record.members) {
            // What was said up to now was said to others.
            assert!(member.since.is_some() || saved.since > newest, "{record:?}");
            member.since.get_or_insert(saved.since);
        }
        let members = group.members.iter();
        let members = members.map(|one| MemberRecord {
            number: one.number,
            since: one.since.unwrap(),
            ends: one.ends.map(|ends| ends.0),
            is_news: one.is_news,
        });
        let expected = GroupRecord {
            id: record.id,
            name: group.name,
            admin: group.admin,
            ops: group.ops.clone(),
            made_by: group.made_by,
            kept: group.kept,
            members: members.collect(),
            asked: group.asked.clone(),
            asking: group.asking.clone(),
        };
        assert_eq!(*record, expected);
        self.save_is_awaited(job_id);
    }

    /// The hub has the end of a group saved.
    pub(super) fn group_is_ended(&mut self, job_id: JobId, id: GroupId) {
        assert!(!self.groups.groups.contains_key(&id), "{:?} goes on", self.groups.groups[&id]);
        self.save_is_awaited(job_id);
    }

    /// The hub has rows of groups kept.
    pub(super) fn rows_change(&mut self, job_id: JobId, rows: &[GroupRow]) {
        let newest = self.ledger.newest();
        for row in rows {
            let GroupRow::Member { group, member, .. } = row else { continue };
            let members = self.groups.groups.get_mut(group).map(|group| &mut group.members);
            let mut members = members.into_iter().flatten();
            let Some(known) = members.find(|one| one.number == member.number) else { continue };
            // What was said up to now was said to others.
            assert!(known.since.is_some() || member.since > newest, "{row:?}");
            known.since.get_or_insert(member.since);
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
        self.ledger.given_out(MessageId(record.id.0));
        let creations = &self.groups.creations;
        let at = creations.iter().position(|it| it.record.is_none() && it.maker == record.admin);
        let creation = &creations[at.expect("somebody makes a group")];
        assert_eq!(self.refusal(creation), None, "{creation:?}");
        assert!(creation.name.is_none_or(|name| name.to_string() == record.name.to_string()));
        assert!(creation.name.is_some() || record.name.is_numbered());
        let named = self.named(creation).unwrap();
        let (members, asked) = if creation.asks { (vec![], named) } else { (named, vec![]) };
        let members = [creation.maker].into_iter().chain(members);
        assert!(members.eq(record.members.iter().map(|member| member.number)), "{record:?}");
        assert_eq!((&record.ops, record.made_by), (&vec![creation.maker], creation.maker));
        assert_eq!((&record.asked, &record.asking, record.kept), (&asked, &vec![], false));
        self.groups.creations[at.unwrap()].record = Some((job_id, record.clone()));
    }

    /// The store has saved a group, or has not.
    pub(super) fn group_saved(&mut self, job_id: JobId, record: &GroupRecord, outcome: &Outcome) {
        if *outcome == Ok(Value::Done) {
            self.groups.names.insert(record.id, record.name);
            self.groups.on_disk.save(record);
        }
        let of_this = |creation: &Creation| {
            creation.record.as_ref().is_some_and(|(saves, _)| *saves == job_id)
        };
        let Some(at) = self.groups.creations.iter().position(of_this) else {
            return self.save_over(job_id, outcome);
        };
        let creation = self.groups.creations.remove(at);
        let code = failure(outcome).unwrap_or(Code::Done);
        if let Some(session) = self.sessions.get_mut(&creation.conn) {
            let due = session.group_replies.iter_mut().find(|due| due.codes.is_empty());
            due.expect("it is answered").codes = vec![code];
        }
        if code == Code::Done {
            self.group_made(&creation, record);
        }
    }

    fn group_made(&mut self, creation: &Creation, record: &GroupRecord) {
        let GroupRecord { id, name, .. } = *record;
        let members = record.members.iter().map(|member| Member {
            number: member.number,
            since: Some(member.since),
            ends: None,
            is_news: false,
        });
        let group = Group {
            name,
            admin: creation.maker,
            ops: vec![creation.maker],
            made_by: creation.maker,
            kept: false,
            members: members.collect(),
            asked: record.asked.clone(),
            asking: Vec::new(),
        };
        self.groups.groups.insert(id, group);
        for MemberRecord { number, .. } in &record.members {
            self.settle_in(id, *number);
            if *number != creation.maker {
                let joins = Event::Group(name, GroupChange::Join, self.accounts[number].name);
                self.notice(joins, &[creation.maker, *number]);
            }
        }
        let asks = Event::Ask(name, self.accounts[&creation.maker].name);
        self.notice(asks, &record.asked);
        self.replace_banned_admin(id);
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
        self.groups.creations.retain(|creation| creation.conn != conn || creation.record.is_some());
    }
}

pub(super) fn failure(outcome: &Outcome) -> Option<Code> {
    match outcome {
        Ok(Value::Done) => None,
        Err(Failure::NoRoom) => Some(Code::NoRoom),
        _ => Some(Code::Busy),
    }
}
