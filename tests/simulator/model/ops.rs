//! Who looks after groups, as a spectator knows it.

use chatsrv::chat::event::Event;
use chatsrv::chat::group::GroupChange;
use chatsrv::chat::id::GroupId;
use chatsrv::chat::name::{GroupName, Number, UserRef};
use chatsrv::chat::request::Request;
use chatsrv::limits::{GROUP_NOTICES_MAX, GROUP_OPS_MAX};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::command::Command;

use super::Model;
use super::groups::Save;

impl Model {
    /// The group of that name, where somebody is one of its ops.
    pub(super) fn looked_after(&self, user: Number, name: &GroupName) -> Result<GroupId, Code> {
        let id = self.find_group(name).ok_or(Code::NotFound)?;
        self.groups.groups[&id].ops.contains(&user).then_some(id).ok_or(Code::NotAllowed)
    }

    /// OP, HANDOVER and DISSOLVE.
    pub(super) fn look_after(
        &mut self,
        by: Number,
        request: &Command,
    ) -> Result<(Code, Save), Code> {
        match request {
            Command::Ask(Request::Op { group, user, op }) => {
                let id = self.looked_after(by, group)?;
                let user = self.member(id, *user)?;
                self.set_op(id, user, *op)
            }
            Command::Ask(Request::Handover { group, user }) => {
                let id = self.find_group(group).ok_or(Code::NotFound)?;
                if self.groups.groups[&id].admin != by && !self.is_administrator(by) {
                    return Err(Code::NotAllowed);
                }
                let user = self.member(id, *user)?;
                self.hand_over(id, user)
            }
            Command::Ask(Request::Dissolve(_)) if !self.is_administrator(by) => {
                Err(Code::NotAllowed)
            }
            Command::Ask(Request::Dissolve(group)) => {
                let id = self.find_group(group).ok_or(Code::NotFound)?;
                self.dissolve(id);
                Ok((Code::Done, Save::Next))
            }
            other => unreachable!("{other:?} is not about who looks after a group"),
        }
    }

    fn member(&self, id: GroupId, user: UserRef) -> Result<Number, Code> {
        let user = self.find(user).ok_or(Code::NotFound)?.number;
        self.is_member(id, user).then_some(user).ok_or(Code::NotFound)
    }

    fn set_op(&mut self, id: GroupId, user: Number, op: bool) -> Result<(Code, Save), Code> {
        let group = self.groups.groups.get_mut(&id).unwrap();
        if group.admin == user {
            return Err(Code::WrongState);
        }
        if group.ops.contains(&user) == op {
            return Ok((Code::Done, Save::No));
        }
        if !op {
            group.ops.retain(|other| *other != user);
            return Ok((Code::Done, Save::Next));
        }
        if group.ops.len() >= GROUP_OPS_MAX {
            return Err(Code::NoRoom);
        }
        group.ops.push(user);
        self.tell_who_asks(id, user);
        Ok((Code::Done, Save::Next))
    }

    fn hand_over(&mut self, id: GroupId, user: Number) -> Result<(Code, Save), Code> {
        let group = &self.groups.groups[&id];
        if group.admin == user {
            return Ok((Code::Done, Save::No));
        }
        if self.peers.banned.contains(&user) {
            return Err(Code::WrongState);
        }
        if !group.ops.contains(&user) && group.ops.len() >= GROUP_OPS_MAX {
            return Err(Code::NoRoom);
        }
        self.make_admin(id, user);
        Ok((Code::Done, Save::Next))
    }

    fn dissolve(&mut self, id: GroupId) {
        let group = self.groups.groups.remove(&id).unwrap();
        for member in group.numbers() {
            let leaves = Event::Group(group.name, GroupChange::Leave, self.accounts[&member].name);
            self.notice(leaves, &[member]);
            if !self.online().any(|(online, _)| online == member) {
                let ended = self.groups.ended.entry(member).or_default();
                if ended.len() < GROUP_NOTICES_MAX {
                    ended.push(group.name);
                }
            }
        }
    }

    pub(super) fn make_admin(&mut self, id: GroupId, user: Number) {
        let group = self.groups.groups.get_mut(&id).unwrap();
        group.admin = user;
        let was_op = group.ops.contains(&user);
        if !was_op {
            group.ops.push(user);
        }
        let (name, members) = (group.name, group.numbers());
        self.notice(Event::Group(name, GroupChange::Admin, self.accounts[&user].name), &members);
        if !was_op {
            self.tell_who_asks(id, user);
        }
    }

    fn tell_who_asks(&mut self, id: GroupId, op: Number) {
        let group = &self.groups.groups[&id];
        let (name, asking) = (group.name, group.asking.clone());
        for asker in asking.into_iter().take(GROUP_NOTICES_MAX) {
            self.notice(Event::Join(name, self.accounts[&asker].name), &[op]);
        }
    }

    /// The op, else the member, who has been one for longest and is not banned.
    pub(super) fn heir(&self, id: GroupId) -> Option<Number> {
        let group = &self.groups.groups[&id];
        let all = group.ops.iter().copied().chain(group.numbers());
        all.into_iter().find(|user| !self.peers.banned.contains(user))
    }

    /// A group whose admin is banned gets another one, where there is one.
    pub(super) fn replace_banned_admin(&mut self, id: GroupId) {
        let is_banned = self.peers.banned.contains(&self.groups.groups[&id].admin);
        if let (true, Some(heir)) = (is_banned, self.heir(id)) {
            self.make_admin(id, heir);
        }
    }

    /// Somebody was banned, or is no longer.
    pub(super) fn ban_changed(&mut self, user: Number) {
        for (id, _) in self.groups.of(user).collect::<Vec<_>>() {
            self.replace_banned_admin(id);
        }
    }
}
