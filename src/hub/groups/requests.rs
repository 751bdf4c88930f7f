//! What people ask of groups that there are.

use crate::chat::answer::{Answer, Done, List};
use crate::chat::event::Event;
use crate::chat::name::{GroupName, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::request::{Kind, Request};
use crate::hub::Hub;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::accounts::roles::Role;
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::hub::sessions::replies::Reply;
use crate::limits::{GROUP_OFFLINE_TIME_MAX, GROUP_REQUESTS_MAX};

impl Hub {
    /// Carries out a request about groups.
    pub(in crate::hub) fn group_request(
        &mut self,
        conn: ConnId,
        request: Request,
        effects: &mut Effects,
    ) {
        let Some(user) = self.user_of(conn) else { return };
        let of = request.kind();
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
            _ => return debug_assert!(false, "{of:?} is not about a group that there is"),
        };
        if let Err(refusal) = result {
            self.refuse(conn, of, refusal, effects);
        }
    }

    fn join_group(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        name: &GroupName,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        let (id, group) = self.groups.find(name).ok_or(Refusal::NoSuchGroup)?;
        let (joined, waits) = (Done::Group(group.name), Done::GroupWaits(group.name));
        if group.is_member(user) {
            self.answer(conn, Kind::Join, joined, effects);
            return Ok(());
        }
        if group.asking.contains(&user) {
            self.answer(conn, Kind::Join, waits, effects);
            return Ok(());
        }
        if group.members.len() >= self.core.config.group_max {
            return Err(Refusal::GroupFull);
        }
        if self.groups.is_asked(user, id) {
            self.become_member(id, user, effects);
            self.answer_after_save(conn, id, (Kind::Join, joined), effects);
            return Ok(());
        }
        if group.asking.len() >= GROUP_REQUESTS_MAX {
            return Err(Refusal::TooManyAsking);
        }
        let asks = Event::Join(group.name, self.accounts.directory.account(user).name);
        let ops = group.ops.iter().filter_map(|op| self.presence.conn(*op));
        effects.tell(asks, ops);
        self.groups.ask(id, user);
        self.answer_after_save(conn, id, (Kind::Join, waits), effects);
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
    ) -> Result<(), Refusal> {
        let (id, group) = self.as_op(user, name)?;
        let asker = self.accounts.directory.find(asker).ok_or(Refusal::NoSuchUser)?;
        if !group.asking.contains(&asker) {
            return Err(Refusal::DidNotAsk);
        }
        if admit && group.members.len() >= self.core.config.group_max {
            return Err(Refusal::GroupFull);
        }
        let of = if admit { Kind::Admit } else { Kind::Refuse };
        let done = (of, Done::Group(group.name));
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
    ) -> Result<(), Refusal> {
        let id = self.groups.own(user, name)?;
        let (_, group) = self.groups.find(name).ok_or(Refusal::NoSuchGroup)?;
        let done = (Kind::Leave, Done::Group(group.name));
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
    ) -> Result<(), Refusal> {
        let (id, group) = self.as_op(user, name)?;
        let done = (Kind::Keep, Done::Group(group.name));
        let members = group.members.iter().map(|member| member.user);
        let offline: Vec<_> =
            members.filter(|user| self.presence.session_of(*user).is_none()).collect();
        let ends = self.core.now.steady + GROUP_OFFLINE_TIME_MAX;
        self.groups.set_kept(id, keep, &offline, ends);
        self.answer_after_save(conn, id, done, effects);
        Ok(())
    }

    fn list_groups(&mut self, conn: ConnId, user: UserIndex, all: bool, effects: &mut Effects) {
        let items = match all {
            true => self.groups.lines(&self.accounts.directory),
            false => self.groups.lines_of(user, &self.accounts.directory),
        };
        let last = Answer::done(Kind::Groups);
        self.reply(conn, Reply::List(List::whole(Kind::Groups, items, None, last)), effects);
    }

    fn list_members(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        name: &GroupName,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        let (id, group) = self.groups.find(name).ok_or(Refusal::NoSuchGroup)?;
        let may_ask = group.is_member(user) || self.groups.is_asked(user, id);
        if !may_ask && self.accounts.roles.of(self.core.user_of(conn)) < Role::Administrator {
            return Err(Refusal::NotAMember);
        }
        let items = group.member_lines(&self.accounts.directory);
        let last = Answer { of: Kind::Members, result: Ok(Done::Group(group.name)) };
        self.reply(conn, Reply::List(List::whole(Kind::Members, items, None, last)), effects);
        Ok(())
    }
}
