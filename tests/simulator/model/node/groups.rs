//! Requests about groups, the entries that they bring, and the answers that they ought to get.

use std::collections::BTreeSet;

use chatsrv::chat::answer::Done;
use chatsrv::chat::entry::Entry;
use chatsrv::chat::event::Event;
use chatsrv::chat::group::{GroupChange, GroupSetting};
use chatsrv::chat::group_action::GroupAction;
use chatsrv::chat::id::{GroupId, MessageId};
use chatsrv::chat::message::{Chat, StoredMessage};
use chatsrv::chat::name::{GroupName, Number, UserRef};
use chatsrv::chat::refusal::Refusal;
use chatsrv::chat::request::Request;
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::JobId;
use chatsrv::hub::snapshot::Snapshot;
use chatsrv::limits::{GROUP_NOTICES_MAX, GROUPS_PER_TICK_MAX};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::verb::Verb;

use super::NodeModel;
use super::additions::Additions;
use super::creations::Creation;
use super::entries;
use crate::model::chat::change::Refused;
use crate::model::chat::group::Group;
use crate::model::chat::rules::{self, offline_until};
use crate::reply::Reply;
use crate::store::{self, Store};

/// What is under way with groups, and what is on disk.
#[derive(Debug, Default)]
pub struct GroupWork {
    /// What is on disk.
    pub on_disk: store::Groups,
    pub creations: Vec<Creation>,
    /// The notices that what happens ought to bring, in order.
    pub notices: Vec<(Event, Vec<ConnId>)>,
    /// The session that is not told, since an answer or its last line tells it.
    pub not_told: Option<ConnId>,
    /// Whether what is due by itself has yet to be done in the input that is being handled.
    pub is_deadline: bool,
    /// Groups that are to get another admin.
    hand_over: BTreeSet<GroupId>,
    /// Whom people asked, and added to groups.
    pub additions: Additions,
}

/// The answer that a request about groups ought to get.
#[derive(Debug)]
pub struct GroupDue {
    verb: Verb,
    /// One of these; none where that depends on what has not happened yet.
    pub codes: Vec<Code>,
    /// The seconds that it names.
    pub wait: Option<u64>,
    /// The save for which it waits.
    pub awaits: Save,
}

#[derive(Debug, PartialEq)]
pub enum Save {
    No,
    Next,
    This(JobId),
}

impl GroupDue {
    /// An answer that waits for nothing.
    fn now(verb: Verb, code: Code) -> Self {
        GroupDue { verb, codes: vec![code], wait: None, awaits: Save::No }
    }
}

impl GroupWork {
    /// The server starts with these.
    pub fn start(kept: &Snapshot) -> Self {
        let mut work = GroupWork::default();
        kept.groups.iter().for_each(|record| work.on_disk.save(record));
        work.on_disk.untold = kept.untold.iter().cloned().collect();
        work
    }
}

impl NodeModel {
    /// The server starts again, and what was not kept on purpose has ended.
    pub(super) fn restart_groups(&mut self, store: &Store) {
        let on_disk = &mut self.groups.on_disk;
        let ended: Vec<GroupId> =
            on_disk.all().filter(|it| !it.settings.kept).map(|it| it.id).collect();
        for id in ended {
            on_disk.end(id);
            self.ledger.end(id);
        }
        assert_eq!(store.messages.groups, *on_disk);
        self.groups = GroupWork::start(&store.kept());
    }

    /// Somebody who is logged in sends a command that may be about groups.
    pub(super) fn group_command(&mut self, conn: ConnId, user: Number, command: &Command) {
        let (verb, Command::Ask(request)) = (command.verb(), command) else { return };
        if self.group_list(conn, user, verb, request) {
            return;
        }
        match request {
            Request::Mkgroup { name, users, start } => {
                let (name, users, start) = (*name, users.clone(), *start);
                let creation = Creation { conn, maker: user, name, users, start, begun: None };
                self.groups.creations.push(creation);
                let due = GroupDue { codes: Vec::new(), ..GroupDue::now(verb, Code::Done) };
                self.session(conn).group_replies.push_back(due);
            }
            change => {
                let Some(asked) = self.change_of(user, change) else { return };
                match asked {
                    Ok((id, action)) => self.change_group(conn, verb, id, action),
                    Err(code) => self.group_command_refused(conn, verb, code),
                }
            }
        }
    }

    /// The change of a group that somebody asks for, as far as names and numbers lead to something;
    /// none where it is about something else.
    fn change_of(
        &self,
        by: Number,
        request: &Request,
    ) -> Option<Result<(GroupId, GroupAction), Code>> {
        let members_max = self.config.groups.members_max;
        Some(match request {
            Request::Join(name) => {
                let groups_max = self.config.groups.per_user_max;
                let join = GroupAction::Join { user: by, members_max, groups_max };
                self.find_group(name).map(|id| (id, join))
            }
            Request::Ask { group, user } => self.find_group(group).and_then(|id| {
                let user = self.find(*user).ok_or(Code::NotFound)?;
                Ok((id, GroupAction::Ask { by, user, members_max }))
            }),
            Request::Decline(name) => {
                self.find_group(name).map(|id| (id, GroupAction::Decline { user: by }))
            }
            Request::Admit { group, user } => {
                self.as_op(by, group, *user, |user| GroupAction::Admit { by, user, members_max })
            }
            Request::Refuse { group, user, ever } => {
                self.as_op(by, group, *user, |user| GroupAction::Refuse { by, user, ever: *ever })
            }
            Request::Expel { group, user, ever, reason } => self.as_op(by, group, *user, |user| {
                GroupAction::Expel { by, user, ever: *ever, reason: reason.clone() }
            }),
            Request::Leave { group, reason } => self
                .own_group(by, group)
                .map(|id| (id, GroupAction::Leave { user: by, reason: reason.clone() })),
            Request::Set { group, setting, on } => {
                self.looked_after(by, group).map(|id| (id, self.switch(by, *setting, *on)))
            }
            Request::Topic { group, topic } => self
                .own_group(by, group)
                .map(|id| (id, GroupAction::SetTopic { by, topic: topic.clone() })),
            Request::Op { group, user, op } => {
                self.as_op(by, group, *user, |user| GroupAction::SetOp { by, user, op: *op })
            }
            Request::Handover { group, user } => self.handover(by, group, *user),
            Request::Dissolve(_) if !self.chat.people.is_administrator(by) => Err(Code::NotAllowed),
            Request::Dissolve(name) => {
                self.find_group(name).map(|id| (id, GroupAction::Dissolve { by }))
            }
            _ => return None,
        })
    }

    fn switch(&self, by: Number, setting: GroupSetting, on: bool) -> GroupAction {
        match setting {
            GroupSetting::Kept => {
                let memberships_end = offline_until(self.log_time());
                GroupAction::Keep { by, keep: on, memberships_end }
            }
            GroupSetting::Public => GroupAction::SetPublic { by, public: on },
            GroupSetting::OpenTopic => GroupAction::OpenTopic { by, open: on },
        }
    }

    fn as_op(
        &self,
        by: Number,
        group: &GroupName,
        user: UserRef,
        action: impl Fn(Number) -> GroupAction,
    ) -> Result<(GroupId, GroupAction), Code> {
        let id = self.looked_after(by, group)?;
        let user = self.find(user).ok_or(Code::NotFound)?;
        Ok((id, action(user)))
    }

    fn handover(
        &self,
        by: Number,
        group: &GroupName,
        user: UserRef,
    ) -> Result<(GroupId, GroupAction), Code> {
        let id = self.find_group(group)?;
        let is_admin = self.chat.groups.groups[&id].admin == by;
        if !is_admin && !self.chat.people.is_administrator(by) {
            return Err(Code::NotAllowed);
        }
        let user = self.find(user).ok_or(Code::NotFound)?;
        Ok((id, GroupAction::HandOver { by, user }))
    }

    /// A change of a group is proposed, and its answer is due, perhaps once it is on disk.
    fn change_group(&mut self, conn: ConnId, verb: Verb, id: GroupId, action: GroupAction) {
        if let GroupAction::Ask { by, .. } = action
            && let group = &self.chat.groups.groups[&id]
            && let Ok(is_change) =
                rules::check_ask(group, &action, self.log_time(), &self.chat.people)
            && !self.count_additions(by, usize::from(is_change))
        {
            return self.group_command_refused(conn, verb, Code::NoRoom);
        }
        let asks_to_join = match action {
            GroupAction::Join { user, .. } => Some(user),
            _ => None,
        };
        // Whoever leaves is told by the answer.
        let leaves = matches!(action, GroupAction::Leave { .. });
        self.groups.not_told = leaves.then_some(conn);
        let change = self.propose(Entry::GroupChanged(id, action));
        self.groups.not_told = None;
        let mut due = GroupDue::now(verb, Code::Done);
        match change {
            Ok(change) => {
                let is_member = |user| self.chat.groups.is_member(user, id);
                if asks_to_join.is_some_and(|user| !is_member(user)) {
                    due.codes = vec![Code::DoneWaiting];
                }
                due.awaits = if change.is_none { Save::No } else { Save::Next };
            }
            Err(refused) => {
                due.codes = vec![entries::code(refused)];
                due.wait = match refused {
                    Refused::Later(seconds) => Some(seconds),
                    _ => None,
                };
            }
        }
        self.session(conn).group_replies.push_back(due);
    }

    /// A command about groups was refused at once.
    pub(super) fn group_command_refused(&mut self, conn: ConnId, verb: Verb, code: Code) {
        if is_answered_here(verb) {
            self.session(conn).group_replies.push_back(GroupDue::now(verb, code));
        }
    }

    pub(super) fn group_reply(&mut self, conn: ConnId, verb: Verb, reply: &Reply<'_>) {
        if self.session(conn).group_replies.front().is_some_and(|due| due.codes.is_empty()) {
            self.no_group_is_made(conn);
        }
        let due = self.session(conn).group_replies.pop_front();
        let due = due.unwrap_or_else(|| panic!("{reply} answers nothing"));
        assert_eq!(due.verb, verb, "{reply}");
        assert!(due.codes.contains(&reply.code), "{reply} in place of {:?}", due.codes);
        let wait = match reply.refusal {
            Some(Refusal::TryAgainIn(seconds)) => Some(u64::from(*seconds)),
            _ => None,
        };
        assert_eq!(wait, due.wait, "{reply}");
        if let Some(&Done::GroupMade(name, members)) = reply.done {
            let members_max = self.config.groups.members_max;
            assert!((1..=members_max).contains(&members), "{name} has {members} members");
        }
    }

    pub(super) fn find_group(&self, name: &GroupName) -> Result<GroupId, Code> {
        self.chat.groups.find(name).map(|(id, _)| id).ok_or(Code::NotFound)
    }

    pub(super) fn own_group(&self, user: Number, name: &GroupName) -> Result<GroupId, Code> {
        let id = self.find_group(name)?;
        self.chat.groups.is_member(user, id).then_some(id).ok_or(Code::NotAllowed)
    }

    /// The group of that name, where somebody is one of its ops.
    pub(super) fn looked_after(&self, user: Number, name: &GroupName) -> Result<GroupId, Code> {
        let id = self.find_group(name)?;
        self.chat.groups.groups[&id].ops.contains(&user).then_some(id).ok_or(Code::NotAllowed)
    }

    /// Somebody said goodbye in the last session, which is told nothing more, and leaves what is
    /// not kept: so many groups at once, and the others as soon as may be.
    pub(super) fn leave_groups(&mut self, conn: ConnId, user: Number) {
        self.groups.not_told = Some(conn);
        let left = self.chat.groups.of(user).filter(|(_, group)| !group.settings.kept);
        let left: Vec<GroupId> = left.map(|(id, _)| id).collect();
        for id in left.iter().take(GROUPS_PER_TICK_MAX) {
            self.propose_surely(leave(*id, user));
        }
        self.groups.not_told = None;
        if left.len() > GROUPS_PER_TICK_MAX {
            let memberships_end = self.log_time();
            self.propose_surely(Entry::WentOffline { user, memberships_end });
        }
    }

    /// Somebody has no session any more.
    pub(super) fn went_offline(&mut self, user: Number) {
        let memberships_end = offline_until(self.log_time());
        self.propose_surely(Entry::WentOffline { user, memberships_end });
    }

    /// Somebody was banned, or is no longer: groups may have to get another admin.
    pub(super) fn ban_changed(&mut self, user: Number) {
        let (groups, people) = (&self.chat.groups, &self.chat.people);
        let own = groups.of(user).filter(|(_, group)| group.hands_over(people));
        self.groups.hand_over.extend(own.map(|(id, _)| id));
        self.replace_admins();
    }

    fn replace_admins(&mut self) {
        for _ in 0..GROUPS_PER_TICK_MAX {
            let Some(id) = self.groups.hand_over.pop_first() else { return };
            // The group may have ended.
            let _ = self.propose(Entry::GroupChanged(id, GroupAction::ReplaceAdmin));
        }
    }

    /// Memberships end of those who were offline for too long, and groups get other admins.
    pub(super) fn do_what_is_due(&mut self) {
        self.groups.is_deadline = false;
        let over = self.chat.groups.over(self.log_time(), &self.chat.people);
        for (id, user) in over.into_iter().take(GROUPS_PER_TICK_MAX) {
            self.propose_surely(leave(id, user));
        }
        self.replace_admins();
    }

    /// Somebody is welcomed, and told what waits.
    pub(super) fn group_news(&mut self, conn: ConnId, user: Number) {
        let (groups, own) = (&self.chat.groups, self.name(user));
        let ended = groups.ended(user).iter();
        let mut news: Vec<Event> =
            ended.map(|name| Event::Group(*name, GroupChange::Leave, own)).collect();
        let is_news = |group: &Group| group.member(user).is_some_and(|member| member.is_news);
        let joined = groups.of(user).filter(|(_, group)| is_news(group));
        let joined = joined.map(|(_, group)| Event::Group(group.name, GroupChange::Join, own));
        news.extend(joined.take(GROUP_NOTICES_MAX));
        let was_told = !news.is_empty();
        let is_asked = |group: &&Group| {
            group.strangers.asked.contains(&user) && !group.strangers.unheard.contains(&user)
        };
        let invitations = groups.groups.values().filter(is_asked);
        for group in invitations.take(GROUP_NOTICES_MAX) {
            news.push(Event::Ask(group.name, self.name(group.admin)));
        }
        let looked_after = groups.groups.values().filter(|group| group.ops.contains(&user));
        let asking = looked_after.flat_map(|group| {
            group.strangers.asking.iter().map(|asker| Event::Join(group.name, self.name(*asker)))
        });
        news.extend(asking.take(GROUP_NOTICES_MAX));
        for notice in news {
            self.groups.notices.push((notice, vec![conn]));
        }
        if was_told {
            self.propose_surely(Entry::GroupsTold { user, most: GROUP_NOTICES_MAX });
        }
    }

    /// Whether somebody reads a message that is not in a group: one's own to everyone in any case.
    pub fn reads(&self, reader: Number, message: &StoredMessage) -> bool {
        let is_own = message.chat == Chat::Everyone && message.from == reader;
        is_own || self.reads_since(reader, message.chat).is_some_and(|since| since <= message.id)
    }

    /// From which message on somebody reads a chat; none for who may not.
    pub fn reads_since(&self, reader: Number, chat: Chat) -> Option<MessageId> {
        let all = Some(MessageId(0));
        match chat {
            Chat::Everyone => match self.config.rules.new_see_history {
                Some(back) => {
                    let first = self.account(reader).created.saturating_sub(back);
                    Some(MessageId(u64::from(first) * 1_000_000))
                }
                None => all,
            },
            Chat::Direct(one, other) => all.filter(|_| one == reader || other == reader),
            Chat::Group(id) => {
                let members = &self.groups.on_disk.get(id)?.members;
                members.iter().find(|member| member.number == reader).map(|member| member.since)
            }
        }
    }
}

fn leave(id: GroupId, user: Number) -> Entry {
    Entry::GroupChanged(id, GroupAction::Leave { user, reason: None })
}

/// Whether replies to the verb are looked at here. What lists tell is no reply.
pub fn is_answered_here(verb: Verb) -> bool {
    use Verb::{Admit, Ask, Decline, Dissolve, Expel, Handover, Join, Keep, Leave, Op, Opentopic};
    use Verb::{Groups, Info, Members, Shutout};
    use Verb::{Mkgroup, Mkgroupreq, Mkpublic, Public, Refuse, Topic};
    matches!(verb, Mkgroup | Mkgroupreq | Mkpublic | Join | Ask | Decline | Admit | Refuse)
        || matches!(verb, Expel | Leave | Keep | Public | Opentopic | Topic | Op | Handover)
        || matches!(verb, Dissolve | Groups | Members | Info | Shutout)
}
