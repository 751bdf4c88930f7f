//! What people ask of groups that there are.

use super::Group;
use crate::chat::event::Event;
use crate::chat::group::GroupId;
use crate::chat::name::{GroupName, UserRef};
use crate::chat::request::Request;
use crate::hub::Hub;
use crate::hub::answers::Answer;
use crate::hub::directory::UserIndex;
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::hub::messages::{NO_USER, Refused};
use crate::hub::operator::Rank;
use crate::limits::{GROUP_OFFLINE_TIME_MAX, GROUP_REQUESTS_MAX};
use crate::protocol::native::codes::Code;
use crate::protocol::native::list::List;
use crate::protocol::native::verb::Verb;
use crate::protocol::native::write::{Detail, Reply};

pub(super) const NO_GROUP: Refused = (Code::NotFound, "no such group");
const NO_MEMBER: Refused = (Code::NotAllowed, "you are not a member of that group");
pub(super) const NO_MEMBER_OF_IT: Refused = (Code::NotFound, "no member of that group");
const FULL: Refused = (Code::NoRoom, "that group is full");

impl Hub {
    /// Carries out a request about groups.
    pub(in crate::hub) fn group_request(
        &mut self,
        conn: ConnId,
        request: Request,
        effects: &mut Effects,
    ) {
        let Some(user) = self.user_of(conn) else { return };
        let verb = Verb::of(&request);
        let result = match request {
            Request::Join(name) => self.join_group(conn, user, &name, effects),
            Request::Admit { group, user: asker, admit } => {
                self.decide(conn, user, &group, asker, admit, effects)
            }
            Request::Leave(name) => self.leave_group(conn, user, &name, effects),
            Request::Keep { group, keep } => self.keep_group(conn, user, &group, keep, effects),
            Request::Op { group, user: member, op } => {
                self.set_op(conn, user, (&group, member), op, effects)
            }
            Request::Handover { group, user: member } => {
                self.hand_over(conn, user, (&group, member), effects)
            }
            Request::Dissolve(name) => self.dissolve_group(conn, user, &name, effects),
            Request::Members(name) => self.list_members(conn, user, &name, effects),
            Request::Groups { all } => {
                self.list_groups(conn, user, all, effects);
                Ok(())
            }
            _ => return debug_assert!(false, "{verb} is not about a group that there is"),
        };
        if let Err((code, text)) = result {
            self.reply(conn, Reply::text(code, verb, text), effects);
        }
    }

    /// The group of that name, where a user is a member of it.
    pub(in crate::hub) fn own_group(
        &self,
        user: UserIndex,
        name: &GroupName,
    ) -> Result<GroupId, Refused> {
        self.as_member(user, name).map(|(id, _)| id)
    }

    /// The group of that name, where a user is a member of it.
    fn as_member(&self, user: UserIndex, name: &GroupName) -> Result<(GroupId, &Group), Refused> {
        let (id, group) = self.groups.find(name).ok_or(NO_GROUP)?;
        group.is_member(user).then_some((id, group)).ok_or(NO_MEMBER)
    }

    fn join_group(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        name: &GroupName,
        effects: &mut Effects,
    ) -> Result<(), Refused> {
        let (id, group) = self.groups.find(name).ok_or(NO_GROUP)?;
        let answer = |code| Reply::new(code, Verb::Join, Detail::Group(group.name));
        let (joined, waits) = (answer(Code::Done), answer(Code::DoneWaiting));
        if group.is_member(user) {
            self.reply(conn, joined, effects);
            return Ok(());
        }
        if group.asking.contains(&user) {
            self.reply(conn, waits, effects);
            return Ok(());
        }
        if group.members.len() >= self.config.group_max {
            return Err(FULL);
        }
        if self.groups.is_asked(user, id) {
            self.become_member(id, user, effects);
            self.answer_after_save(conn, id, joined, effects);
            return Ok(());
        }
        if group.asking.len() >= GROUP_REQUESTS_MAX {
            return Err((Code::NoRoom, "too many wait for that group's ops already"));
        }
        let asks = Event::Join(group.name, self.directory.account(user).name);
        let ops = group.ops.iter().filter_map(|op| self.online.conn(*op));
        effects.notify(asks, ops);
        self.groups.ask(id, user);
        self.answer_after_save(conn, id, waits, effects);
        Ok(())
    }

    /// Admits or refuses one who asked to join.
    fn decide(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        name: &GroupName,
        asker: UserRef,
        admit: bool,
        effects: &mut Effects,
    ) -> Result<(), Refused> {
        let (id, group) = self.as_op(user, name)?;
        let asker = self.directory.find(asker).ok_or(NO_USER)?;
        if !group.asking.contains(&asker) {
            return Err((Code::WrongState, "that user did not ask to join"));
        }
        if admit && group.members.len() >= self.config.group_max {
            return Err(FULL);
        }
        let verb = if admit { Verb::Admit } else { Verb::Refuse };
        let done = Reply::new(Code::Done, verb, Detail::Group(group.name));
        match admit {
            true => self.become_member(id, asker, effects),
            false => self.groups.refuse(id, asker),
        }
        self.answer_after_save(conn, id, done, effects);
        Ok(())
    }

    fn leave_group(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        name: &GroupName,
        effects: &mut Effects,
    ) -> Result<(), Refused> {
        let (id, group) = self.as_member(user, name)?;
        let done = Reply::new(Code::Done, Verb::Leave, Detail::Group(group.name));
        self.end_membership(id, user, effects);
        self.answer_after_save(conn, id, done, effects);
        Ok(())
    }

    fn keep_group(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        name: &GroupName,
        keep: bool,
        effects: &mut Effects,
    ) -> Result<(), Refused> {
        let (id, group) = self.as_op(user, name)?;
        let done = Reply::new(Code::Done, Verb::Keep, Detail::Group(group.name));
        let members = group.members.iter().map(|member| member.user);
        let offline: Vec<_> = members.filter(|user| self.session_of(*user).is_none()).collect();
        let ends = self.now.steady + GROUP_OFFLINE_TIME_MAX;
        self.groups.set_kept(id, keep, &offline, ends);
        self.answer_after_save(conn, id, done, effects);
        Ok(())
    }

    fn list_groups(&mut self, conn: ConnId, user: UserIndex, all: bool, effects: &mut Effects) {
        let items = match all {
            true => self.groups.lines(&self.directory),
            false => self.groups.lines_of(user, &self.directory),
        };
        let last = Reply::text(Code::Done, Verb::Groups, "MEMBERS lists who is in one");
        self.answer(conn, Answer::List(List::whole(Verb::Groups, items, None, last)), effects);
    }

    fn list_members(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        name: &GroupName,
        effects: &mut Effects,
    ) -> Result<(), Refused> {
        let (id, group) = self.groups.find(name).ok_or(NO_GROUP)?;
        let may_ask = group.is_member(user) || self.groups.is_asked(user, id);
        if !may_ask && self.rank_of(conn) < Rank::Administrator {
            return Err(NO_MEMBER);
        }
        let items = group.member_lines(&self.directory);
        let last = Reply::new(Code::Done, Verb::Members, Detail::Group(group.name));
        self.answer(conn, Answer::List(List::whole(Verb::Members, items, None, last)), effects);
        Ok(())
    }
}
