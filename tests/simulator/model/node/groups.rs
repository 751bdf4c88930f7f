//! Requests about groups, the entries that they bring, and the answers that they ought to get.

use std::collections::BTreeSet;

use chatsrv::chat::answer::{Done, Item};
use chatsrv::chat::entry::Entry;
use chatsrv::chat::event::Event;
use chatsrv::chat::group::GroupChange;
use chatsrv::chat::group_action::GroupAction;
use chatsrv::chat::id::{GroupId, MessageId};
use chatsrv::chat::message::Chat;
use chatsrv::chat::name::{GroupName, Number, UserRef};
use chatsrv::chat::request::Request;
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{JobId, Snapshot};
use chatsrv::limits::{GROUP_NOTICES_MAX, GROUPS_PER_TICK_MAX};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::verb::Verb;

use super::NodeModel;
use super::creations::Creation;
use super::entries;
use super::lists::DueList;
use crate::model::chat::group::Group;
use crate::model::chat::groups::offline_until;
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
    /// Whether what is due by itself has yet to be done in the input that is being handled.
    pub is_deadline: bool,
    /// Groups that are to get another admin.
    hand_over: BTreeSet<GroupId>,
}

/// The answer that a request about groups ought to get.
#[derive(Debug)]
pub struct GroupDue {
    verb: Verb,
    /// One of these; none where that depends on what has not happened yet.
    pub codes: Vec<Code>,
    /// The save for which it waits.
    pub awaits: Save,
}

#[derive(Debug, PartialEq)]
pub enum Save {
    No,
    Next,
    This(JobId),
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
        let ended: Vec<GroupId> = on_disk.all().filter(|it| !it.kept).map(|it| it.id).collect();
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
        match request {
            Request::Mkgroup { name, users, asks } => {
                let (name, users, asks) = (*name, users.clone(), *asks);
                let creation = Creation { conn, maker: user, name, users, asks, begun: None };
                self.groups.creations.push(creation);
                let due = GroupDue { verb, codes: Vec::new(), awaits: Save::No };
                self.session(conn).group_replies.push_back(due);
            }
            Request::Groups { all } => {
                let groups = self.chat.groups.groups.values();
                let groups = groups.filter(|group| *all || group.is_member(user));
                let items = groups.map(|group| group.line(&self.chat.people)).collect();
                self.session(conn).lists.push_back(DueList::of(verb, items));
            }
            Request::Members(name) => match self.member_lines(user, name) {
                Ok(items) => self.session(conn).lists.push_back(DueList::of(verb, items)),
                Err(code) => self.group_command_refused(conn, verb, code),
            },
            change => {
                let Some(asked) = self.change_of(user, change) else { return };
                match asked.and_then(|(id, action)| self.change_group(id, action)) {
                    Ok((code, awaits)) => {
                        let due = GroupDue { verb, codes: vec![code], awaits };
                        self.session(conn).group_replies.push_back(due);
                    }
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
        let members_max = self.config.group_max;
        Some(match request {
            Request::Join(name) => {
                let join = GroupAction::Join { user: by, members_max };
                self.find_group(name).map(|id| (id, join))
            }
            Request::Admit { group, user, admit } => {
                self.as_op(by, group, *user, |user| match admit {
                    true => GroupAction::Admit { by, user, members_max },
                    false => GroupAction::Refuse { by, user },
                })
            }
            Request::Leave(name) => {
                self.own_group(by, name).map(|id| (id, GroupAction::Leave { user: by }))
            }
            Request::Keep { group, keep } => {
                let memberships_end = offline_until(self.log_time());
                let keep = GroupAction::Keep { by, keep: *keep, memberships_end };
                self.looked_after(by, group).map(|id| (id, keep))
            }
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

    /// A change of a group is proposed. Tells the answer, and whether it waits for the disk.
    fn change_group(&mut self, id: GroupId, action: GroupAction) -> Result<(Code, Save), Code> {
        let change = self.propose(Entry::GroupChanged(id, action.clone()));
        let change = change.map_err(entries::code)?;
        let code = match action {
            GroupAction::Join { user, .. } if !self.chat.groups.is_member(user, id) => {
                Code::DoneWaiting
            }
            _ => Code::Done,
        };
        Ok((code, if change.is_none { Save::No } else { Save::Next }))
    }

    /// A command about groups was refused at once.
    pub(super) fn group_command_refused(&mut self, conn: ConnId, verb: Verb, code: Code) {
        if is_answered_here(verb) {
            let due = GroupDue { verb, codes: vec![code], awaits: Save::No };
            self.session(conn).group_replies.push_back(due);
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
        if let Some(&Done::GroupMade(name, members)) = reply.done {
            let members_max = self.config.group_max.max(1);
            assert!((1..=members_max).contains(&members), "{name} has {members} members");
        }
    }

    fn find_group(&self, name: &GroupName) -> Result<GroupId, Code> {
        self.chat.groups.find(name).map(|(id, _)| id).ok_or(Code::NotFound)
    }

    pub(super) fn own_group(&self, user: Number, name: &GroupName) -> Result<GroupId, Code> {
        let id = self.find_group(name)?;
        self.chat.groups.is_member(user, id).then_some(id).ok_or(Code::NotAllowed)
    }

    /// The group of that name, where somebody is one of its ops.
    fn looked_after(&self, user: Number, name: &GroupName) -> Result<GroupId, Code> {
        let id = self.find_group(name)?;
        self.chat.groups.groups[&id].ops.contains(&user).then_some(id).ok_or(Code::NotAllowed)
    }

    fn member_lines(&self, user: Number, name: &GroupName) -> Result<Vec<Item>, Code> {
        let (_, group) = self.chat.groups.find(name).ok_or(Code::NotFound)?;
        let may_ask = group.is_member(user) || group.asked.contains(&user);
        if !may_ask && !self.chat.people.is_administrator(user) {
            return Err(Code::NotAllowed);
        }
        let members = group.members.iter().map(|member| self.account(member.number));
        Ok(members.map(|account| Item::Member(account.name, account.number)).collect())
    }

    /// Somebody said goodbye, and leaves what is not kept: so many groups at once, and the others
    /// as soon as may be.
    pub(super) fn leave_groups(&mut self, user: Number) {
        let left = self.chat.groups.of(user).filter(|(_, group)| !group.kept);
        let left: Vec<GroupId> = left.map(|(id, _)| id).collect();
        for id in left.iter().take(GROUPS_PER_TICK_MAX) {
            self.propose_surely(Entry::GroupChanged(*id, GroupAction::Leave { user }));
        }
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
            self.propose_surely(Entry::GroupChanged(id, GroupAction::Leave { user }));
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
        let invitations = groups.groups.values().filter(|group| group.asked.contains(&user));
        for group in invitations.take(GROUP_NOTICES_MAX) {
            news.push(Event::Ask(group.name, self.name(group.admin)));
        }
        let looked_after = groups.groups.values().filter(|group| group.ops.contains(&user));
        let asking = looked_after.flat_map(|group| {
            group.asking.iter().map(|asker| Event::Join(group.name, self.name(*asker)))
        });
        news.extend(asking.take(GROUP_NOTICES_MAX));
        for notice in news {
            self.groups.notices.push((notice, vec![conn]));
        }
        if was_told {
            self.propose_surely(Entry::GroupsTold { user, most: GROUP_NOTICES_MAX });
        }
    }

    /// From which message on somebody reads a chat; none for who may not.
    pub fn reads_since(&self, reader: Number, chat: Chat) -> Option<MessageId> {
        let all = Some(MessageId(0));
        match chat {
            Chat::Everyone => all,
            Chat::Direct(one, other) => all.filter(|_| one == reader || other == reader),
            Chat::Group(id) => {
                let members = &self.groups.on_disk.get(id)?.members;
                members.iter().find(|member| member.number == reader).map(|member| member.since)
            }
        }
    }
}

/// Whether replies to the verb are looked at here. Lists of groups and members are not replies.
pub fn is_answered_here(verb: Verb) -> bool {
    use Verb::{Admit, Groups, Join, Keep, Leave, Members, Mkgroup, Mkgroupreq, Refuse};
    matches!(verb, Mkgroup | Mkgroupreq | Join | Admit | Refuse | Leave | Keep)
        || matches!(verb, Groups | Members | Verb::Op | Verb::Handover | Verb::Dissolve)
}
