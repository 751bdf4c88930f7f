//! Groups, as a spectator knows them: a plain list of each, walked through whole.

use std::collections::{BTreeMap, HashMap};

use chatsrv::chat::answer::{Done, Item};
use chatsrv::chat::entry::LogTime;
use chatsrv::chat::event::Event;
use chatsrv::chat::group::{GroupChange, GroupRecord};
use chatsrv::chat::id::{GroupId, MessageId};
use chatsrv::chat::message::Chat;
use chatsrv::chat::name::{GroupName, Number, UserRef};
use chatsrv::chat::request::Request;
use chatsrv::hub::{input::ConnId, job::JobId};
use chatsrv::limits::{GROUP_NOTICES_MAX, GROUP_OFFLINE_TIME_MAX, GROUPS_PER_TICK_MAX};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::verb::Verb;

use super::Model;
use super::creations::Creation;
use super::lists::DueList;
use crate::reply::Reply;
use crate::store::{self, Store};

/// All groups.
#[derive(Debug, Default)]
pub struct Groups {
    pub groups: BTreeMap<GroupId, Group>,
    /// The names of all groups that there ever were.
    pub names: HashMap<GroupId, GroupName>,
    /// What is on disk.
    pub on_disk: store::Groups,
    pub creations: Vec<Creation>,
    /// Groups that were ended while a member was offline, who is yet to be told.
    pub ended: HashMap<Number, Vec<GroupName>>,
    /// The notices that what happens ought to bring, in order.
    pub notices: Vec<(Event, Vec<ConnId>)>,
    /// Whether memberships that are over have yet to end in the input that is being handled.
    pub is_deadline: bool,
}

#[derive(Debug)]
pub struct Group {
    pub name: GroupName,
    pub admin: Number,
    /// Who looks after it, oldest first.
    pub ops: Vec<Number>,
    /// Among whose groups it counts.
    pub made_by: Number,
    pub kept: bool,
    pub members: Vec<Member>,
    pub asked: Vec<Number>,
    pub asking: Vec<Number>,
}

#[derive(Debug)]
pub struct Member {
    pub number: Number,
    /// From which message on the member reads; none until that was told to the store.
    pub since: Option<MessageId>,
    pub ends: Option<LogTime>,
    pub is_news: bool,
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

impl Model {
    /// The server starts with these.
    pub(super) fn start_groups(&mut self, kept: &[GroupRecord]) {
        for record in kept {
            self.groups.names.insert(record.id, record.name);
            self.groups.on_disk.save(record);
        }
        self.load_groups();
    }

    pub(super) fn restart_groups(&mut self, store: &Store) {
        let ended: Vec<GroupId> =
            self.groups.on_disk.all().filter(|it| !it.kept).map(|it| it.id).collect();
        for id in ended {
            self.groups.on_disk.end(id);
            self.ledger.end(id);
        }
        assert_eq!(store.messages.groups, self.groups.on_disk);
        self.load_groups();
    }

    fn load_groups(&mut self) {
        let groups = &mut self.groups;
        groups.creations.clear();
        groups.notices.clear();
        groups.groups.clear();
        groups.ended = groups.on_disk.untold.clone().into_iter().collect();
        for record in groups.on_disk.all().rev() {
            // Of two with one name, the older one has ended and that could not be kept.
            if groups.groups.values().any(|group| group.name == record.name) {
                continue;
            }
            let members = record.members.iter().map(|member| Member {
                number: member.number,
                since: Some(member.since),
                ends: member.ends.map(LogTime),
                is_news: member.is_news,
            });
            let group = Group {
                name: record.name,
                admin: record.admin,
                ops: record.ops.clone(),
                made_by: record.made_by,
                kept: true,
                members: members.collect(),
                asked: record.asked.clone(),
                asking: record.asking.clone(),
            };
            groups.groups.insert(record.id, group);
        }
        for id in self.groups.groups.keys().copied().collect::<Vec<_>>() {
            self.replace_banned_admin(id);
        }
        // Nobody is here to be told.
        self.groups.notices.clear();
    }

    /// Somebody who is logged in sends a command that may be about groups.
    pub(super) fn group_command(&mut self, conn: ConnId, user: Number, request: &Command) {
        let verb = request.verb();
        let result = match request {
            Command::Ask(Request::Mkgroup { name, users, asks }) => {
                let (name, users, asks) = (*name, users.clone(), *asks);
                let creation = Creation { conn, maker: user, name, users, asks, record: None };
                self.groups.creations.push(creation);
                let due = GroupDue { verb, codes: Vec::new(), awaits: Save::No };
                return self.session(conn).group_replies.push_back(due);
            }
            Command::Ask(Request::Join(name)) => self.join(user, name),
            Command::Ask(Request::Admit { group, user: asker, admit }) => {
                self.decide(user, group, *asker, *admit)
            }
            Command::Ask(Request::Leave(name)) => self.own_group(user, name).map(|id| {
                self.remove_member(id, user);
                (Code::Done, Save::Next)
            }),
            Command::Ask(Request::Op { .. })
            | Command::Ask(Request::Handover { .. })
            | Command::Ask(Request::Dissolve(_)) => self.look_after(user, request),
            Command::Ask(Request::Keep { group, keep }) => {
                self.looked_after(user, group).map(|id| {
                    self.keep(id, *keep);
                    (Code::Done, Save::Next)
                })
            }
            Command::Ask(Request::Groups { all }) => {
                let groups = self.groups.groups.values();
                let groups = groups.filter(|group| *all || group.is_member(user));
                let items = groups.map(|group| self.line(group)).collect();
                let list = DueList::of(verb, items);
                return self.session(conn).lists.push_back(list);
            }
            Command::Ask(Request::Members(name)) => match self.member_lines(user, name) {
                Ok(items) => {
                    let list = DueList::of(verb, items);
                    return self.session(conn).lists.push_back(list);
                }
                Err(code) => Err(code),
            },
            _ => return,
        };
        let (code, awaits) = result.unwrap_or_else(|code| (code, Save::No));
        let due = GroupDue { verb, codes: vec![code], awaits };
        self.session(conn).group_replies.push_back(due);
    }

    /// A command about groups was refused before anybody looked at the groups.
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

    pub(super) fn find_group(&self, name: &GroupName) -> Option<GroupId> {
        let found = self.groups.groups.iter().find(|(_, group)| group.name == *name);
        found.map(|(id, _)| *id)
    }

    pub(super) fn own_group(&self, user: Number, name: &GroupName) -> Result<GroupId, Code> {
        let id = self.find_group(name).ok_or(Code::NotFound)?;
        self.groups.is_member(user, id).then_some(id).ok_or(Code::NotAllowed)
    }

    fn member_lines(&self, user: Number, name: &GroupName) -> Result<Vec<Item>, Code> {
        let id = self.find_group(name).ok_or(Code::NotFound)?;
        let group = &self.groups.groups[&id];
        let may_ask = group.is_member(user) || group.asked.contains(&user);
        if !may_ask && !self.is_administrator(user) {
            return Err(Code::NotAllowed);
        }
        let members = group.members.iter().map(|member| &self.accounts[&member.number]);
        Ok(members.map(|account| Item::Member(account.name, account.number)).collect())
    }

    fn line(&self, group: &Group) -> Item {
        Item::Group {
            name: group.name,
            admin: self.accounts[&group.admin].name,
            members: group.members.len(),
            kept: group.kept,
        }
    }

    fn join(&mut self, user: Number, name: &GroupName) -> Result<(Code, Save), Code> {
        let id = self.find_group(name).ok_or(Code::NotFound)?;
        let group = self.groups.groups.get_mut(&id).unwrap();
        if group.is_member(user) {
            return Ok((Code::Done, Save::No));
        }
        if group.asking.contains(&user) {
            return Ok((Code::DoneWaiting, Save::No));
        }
        if group.members.len() >= self.config.group_max {
            return Err(Code::NoRoom);
        }
        if group.asked.contains(&user) {
            self.add_member(id, user);
            return Ok((Code::Done, Save::Next));
        }
        group.asking.push(user);
        let (name, ops) = (group.name, group.ops.clone());
        self.notice(Event::Join(name, self.accounts[&user].name), &ops);
        Ok((Code::DoneWaiting, Save::Next))
    }

    fn decide(
        &mut self,
        user: Number,
        name: &GroupName,
        asker: UserRef,
        admit: bool,
    ) -> Result<(Code, Save), Code> {
        let id = self.looked_after(user, name)?;
        let asker = self.find(asker).ok_or(Code::NotFound)?.number;
        let group = self.groups.groups.get_mut(&id).unwrap();
        if !group.asking.contains(&asker) {
            return Err(Code::WrongState);
        }
        if admit && group.members.len() >= self.config.group_max {
            return Err(Code::NoRoom);
        }
        match admit {
            true => self.add_member(id, asker),
            false => group.asking.retain(|other| *other != asker),
        }
        Ok((Code::Done, Save::Next))
    }

    fn keep(&mut self, id: GroupId, keep: bool) {
        let ends = self.offline_until();
        let there: Vec<Number> = self.there().collect();
        let group = self.groups.groups.get_mut(&id).unwrap();
        group.kept = keep;
        for member in &mut group.members {
            let is_at_risk = !keep && !there.contains(&member.number);
            member.ends = is_at_risk.then(|| member.ends.unwrap_or(ends));
        }
    }

    fn add_member(&mut self, id: GroupId, user: Number) {
        let group = self.groups.groups.get_mut(&id).unwrap();
        group.asked.retain(|other| *other != user);
        group.asking.retain(|other| *other != user);
        group.members.push(Member { number: user, since: None, ends: None, is_news: false });
        let name = group.name;
        let members = group.numbers();
        self.settle_in(id, user);
        self.notice(Event::Group(name, GroupChange::Join, self.accounts[&user].name), &members);
        self.replace_banned_admin(id);
    }

    pub(super) fn settle_in(&mut self, id: GroupId, user: Number) {
        let is_online = self.online().any(|(online, _)| online == user);
        let is_there = self.there().any(|there| there == user);
        let ends = self.offline_until();
        let group = self.groups.groups.get_mut(&id).unwrap();
        let is_at_risk = !group.kept && !is_there;
        let member = group.members.iter_mut().find(|member| member.number == user).unwrap();
        member.is_news = !is_online;
        member.ends = is_at_risk.then_some(ends);
    }

    pub(super) fn remove_member(&mut self, id: GroupId, user: Number) {
        let group = self.groups.groups.get_mut(&id).unwrap();
        group.members.retain(|member| member.number != user);
        group.ops.retain(|op| *op != user);
        if group.members.is_empty() {
            self.groups.groups.remove(&id);
            return;
        }
        let (name, members, hands_over) = (group.name, group.numbers(), group.admin == user);
        self.notice(Event::Group(name, GroupChange::Leave, self.accounts[&user].name), &members);
        if hands_over {
            let heir = self.heir(id).unwrap_or_else(|| {
                let group = &self.groups.groups[&id];
                group.ops.first().copied().unwrap_or(members[0])
            });
            self.make_admin(id, heir);
        }
    }

    /// Notes that everyone of these who is online is to be told.
    pub(super) fn notice(&mut self, notice: Event, to: &[Number]) {
        // Whoever was banned just now is not here any more.
        let is_told = |user: &Number| to.contains(user) && !self.peers.banned.contains(user);
        let to = self.online().filter(|(user, _)| is_told(user)).map(|(_, conn)| conn);
        let mut to: Vec<ConnId> = to.collect();
        to.sort_unstable();
        if !to.is_empty() {
            self.groups.notices.push((notice, to));
        }
    }

    /// Somebody said goodbye.
    pub(super) fn leave_groups(&mut self, user: Number) {
        let now = self.log_time();
        let groups = self.groups.groups.iter();
        let left = groups.filter(|(_, group)| !group.kept && group.is_member(user));
        for (at, id) in left.map(|(id, _)| *id).collect::<Vec<_>>().into_iter().enumerate() {
            if at < GROUPS_PER_TICK_MAX {
                self.remove_member(id, user);
                continue;
            }
            let members = &mut self.groups.groups.get_mut(&id).unwrap().members;
            let member = members.iter_mut().find(|member| member.number == user).unwrap();
            member.ends = Some(now);
        }
    }

    pub(super) fn went_offline(&mut self, user: Number) {
        let ends = self.offline_until();
        for group in self.groups.groups.values_mut().filter(|group| !group.kept) {
            for member in group.members.iter_mut().filter(|member| member.number == user) {
                member.ends.get_or_insert(ends);
            }
        }
    }

    pub(super) fn came_online(&mut self, user: Number) {
        for group in self.groups.groups.values_mut() {
            for member in group.members.iter_mut().filter(|member| member.number == user) {
                member.ends = None;
            }
        }
    }

    /// Memberships end of those who are offline for too long.
    pub(super) fn end_memberships(&mut self) {
        self.groups.is_deadline = false;
        for _ in 0..GROUPS_PER_TICK_MAX {
            let members = self.groups.groups.iter().flat_map(|(id, group)| {
                group.members.iter().map(move |member| (member.ends, *id, member.number))
            });
            let over = members.filter_map(|(ends, id, number)| {
                let ends = ends.filter(|ends| *ends <= self.log_time())?;
                let place = self.registered.iter().position(|other| *other == number);
                Some((ends, place, id, number))
            });
            let Some((.., id, number)) = over.min() else { return };
            self.remove_member(id, number);
        }
    }

    /// Somebody is welcomed, and told what waits.
    pub(super) fn group_news(&mut self, user: Number) {
        let own = self.accounts[&user].name;
        let ended = self.groups.ended.remove(&user).unwrap_or_default().into_iter();
        let mut news: Vec<Event> =
            ended.map(|name| Event::Group(name, GroupChange::Leave, own)).collect();
        let most = news.len() + GROUP_NOTICES_MAX;
        for group in self.groups.groups.values_mut() {
            for member in group.members.iter_mut().filter(|member| member.number == user) {
                if news.len() < most && std::mem::take(&mut member.is_news) {
                    news.push(Event::Group(group.name, GroupChange::Join, own));
                }
            }
        }
        let invitations = self.groups.groups.values().filter(|group| group.asked.contains(&user));
        for group in invitations.take(GROUP_NOTICES_MAX) {
            news.push(Event::Ask(group.name, self.accounts[&group.admin].name));
        }
        for group in self.groups.groups.values().filter(|group| group.ops.contains(&user)) {
            for asker in &group.asking {
                news.push(Event::Join(group.name, self.accounts[asker].name));
            }
        }
        for notice in news {
            self.notice(notice, &[user]);
        }
    }

    /// The members of a group who get what one of them says.
    pub(super) fn other_members(&self, id: GroupId, from: Number) -> Vec<Number> {
        let members = self.groups.groups.get(&id).map_or(Vec::new(), Group::numbers);
        members.into_iter().filter(|member| *member != from).collect()
    }

    /// From which message on a member reads a group, whether that is on disk or not.
    pub(super) fn member_since(&self, id: GroupId, user: Number) -> Option<MessageId> {
        let group = self.groups.groups.get(&id)?;
        group.members.iter().find(|member| member.number == user)?.since
    }

    pub(super) fn is_member(&self, id: GroupId, user: Number) -> bool {
        let group = self.groups.groups.get(&id);
        group.is_some_and(|group| group.numbers().contains(&user))
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

    /// When the memberships of somebody end who goes offline now.
    fn offline_until(&self) -> LogTime {
        LogTime(self.log_time().0 + u64::try_from(GROUP_OFFLINE_TIME_MAX.as_micros()).unwrap())
    }

    /// Who has a session, or is about to.
    fn there(&self) -> impl Iterator<Item = Number> {
        let entering = |session: &super::Session| Some(session.entering.as_ref()?.user);
        self.sessions.values().filter_map(move |session| session.user.or(entering(session)))
    }
}

impl Groups {
    pub fn is_member(&self, user: Number, id: GroupId) -> bool {
        self.groups.get(&id).is_some_and(|group| group.is_member(user))
    }

    pub fn has_ended(&self, chat: Chat) -> bool {
        matches!(chat, Chat::Group(id) if !self.groups.contains_key(&id))
    }

    /// The groups of somebody, by id and name.
    pub fn of(&self, user: Number) -> impl Iterator<Item = (GroupId, GroupName)> {
        let groups = self.groups.iter().filter(move |(_, group)| group.is_member(user));
        groups.map(|(id, group)| (*id, group.name))
    }

    /// Whether there are groups that only wait for somebody to come back.
    pub fn are_all_kept(&self) -> bool {
        self.groups.values().all(|group| group.kept)
    }
}

impl Group {
    pub(super) fn is_member(&self, user: Number) -> bool {
        self.members.iter().any(|member| member.number == user)
    }

    pub(super) fn numbers(&self) -> Vec<Number> {
        self.members.iter().map(|member| member.number).collect()
    }
}

/// Whether replies to the verb are looked at here. Lists of groups and members are not replies.
pub fn is_answered_here(verb: Verb) -> bool {
    use Verb::{Admit, Groups, Join, Keep, Leave, Members, Mkgroup, Mkgroupreq, Refuse};
    matches!(verb, Mkgroup | Mkgroupreq | Join | Admit | Refuse | Leave | Keep)
        || matches!(verb, Groups | Members | Verb::Op | Verb::Handover | Verb::Dissolve)
}
