//! Who looks after a group: its ops, one of whom is the admin, and how it gets another one.
//!
//! Roles that hang on one account are lost with it. So an admin who is banned hands over as one
//! who leaves, and where nobody is left who could be one, administrators can end the group.

use std::collections::BTreeSet;

use super::{Group, Groups};
use crate::chat::answer::Done;
use crate::chat::event::Event;
use crate::chat::group::{GroupChange, GroupId};
use crate::chat::name::{GroupName, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::hub::Hub;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::accounts::roles::{Role, Roles};
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::limits::{GROUP_NOTICES_MAX, GROUP_OPS_MAX, GROUPS_PER_TICK_MAX};

impl Group {
    pub fn is_op(&self, user: UserIndex) -> bool {
        self.ops.contains(&user)
    }

    /// The op, else the member, who has been one for longest and is not banned.
    fn heir(&self, rights: &Roles) -> Option<UserIndex> {
        let members = self.members.iter().map(|member| member.user);
        let mut all = self.ops.iter().copied().chain(members);
        all.find(|user| !rights.is_banned(*user))
    }

    /// Gives the group another admin than the one who left or is banned; where all are banned, it
    /// is one of them.
    pub(super) fn inherit(&mut self, rights: &Roles) {
        let oldest = self.ops.first().copied().or(self.members.first().map(|member| member.user));
        if let Some(heir) = self.heir(rights).or(oldest) {
            self.set_admin(heir);
        }
    }

    /// Makes a member the admin, and so an op.
    fn set_admin(&mut self, user: UserIndex) {
        self.admin = user;
        if self.is_op(user) {
            return;
        }
        if self.ops.len() >= GROUP_OPS_MAX {
            // They are all banned, or one of them would be the admin.
            self.ops.remove(0);
        }
        self.ops.push(user);
    }

    /// Whether somebody is banned who is the admin, and somebody else is not.
    fn has_to_hand_over(&self, rights: &Roles) -> bool {
        rights.is_banned(self.admin) && self.heir(rights).is_some()
    }
}

impl Groups {
    /// Has the groups that were kept begin with an admin who is not banned, where there is one.
    pub(super) fn replace_banned_admins(&mut self, rights: &Roles) {
        let groups = self.groups.iter();
        let banned = groups.filter(|(_, group)| group.has_to_hand_over(rights));
        for id in banned.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.groups.entry(id).and_modify(|group| group.inherit(rights));
            self.save_later(id, std::time::Duration::ZERO);
        }
    }

    /// Whether a group's admin is banned although another member could be the admin, and nothing
    /// is under way to change that.
    pub(super) fn misses_an_admin(&self, id: GroupId, group: &Group, rights: &Roles) -> bool {
        group.has_to_hand_over(rights) && !self.hand_over.contains(&id)
    }

    /// Ends a group that has members. Those who are offline are told with their next login.
    fn dissolve(&mut self, id: GroupId, is_online: impl Fn(UserIndex) -> bool) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        let name = group.name;
        for member in std::mem::take(&mut group.members) {
            self.stay(member.user, id);
            self.person(member.user, |person| {
                person.memberships.remove(&id);
                if !is_online(member.user) && person.ended.len() < GROUP_NOTICES_MAX {
                    person.ended.push(name);
                }
            });
        }
        self.end(id);
        self.all = None;
    }

    /// The groups of a user that were ended and of which the user has not been told, which is done
    /// now.
    pub(super) fn take_ended(&mut self, user: UserIndex) -> Vec<GroupName> {
        let mut ended = Vec::new();
        self.person(user, |person| ended = std::mem::take(&mut person.ended));
        ended
    }
}

impl Hub {
    /// The group of that name, where a user is one of its ops.
    pub(super) fn as_op(
        &self,
        user: UserIndex,
        name: &GroupName,
    ) -> Result<(GroupId, &Group), Refusal> {
        let (id, group) = self.groups.find(name).ok_or(Refusal::NoSuchGroup)?;
        group.is_op(user).then_some((id, group)).ok_or(Refusal::OpsOnly)
    }

    fn member(&self, group: &Group, user: UserRef) -> Result<UserIndex, Refusal> {
        let user = self.accounts.directory.find(user).ok_or(Refusal::NoSuchUser)?;
        group.is_member(user).then_some(user).ok_or(Refusal::NoMemberOfIt)
    }

    /// Takes OP.
    pub(super) fn set_op(
        &mut self,
        conn: ConnId,
        by: UserIndex,
        (name, user): (&GroupName, UserRef),
        op: bool,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        let (id, group) = self.as_op(by, name)?;
        let user = self.member(group, user)?;
        if user == group.admin {
            return Err(Refusal::IsGroupAdmin);
        }
        let done = Done::Group(group.name);
        if group.is_op(user) == op {
            self.answer(conn, Kind::Op, done, effects);
            return Ok(());
        }
        if op && group.ops.len() >= GROUP_OPS_MAX {
            return Err(Refusal::TooManyOps);
        }
        self.groups.change(id, |group| match op {
            true => group.ops.push(user),
            false => group.ops.retain(|other| *other != user),
        });
        if op {
            self.tell_requests(id, user, GROUP_NOTICES_MAX, effects);
        }
        self.answer_after_save(conn, id, (Kind::Op, done), effects);
        Ok(())
    }

    /// Takes HANDOVER.
    pub(super) fn hand_over(
        &mut self,
        conn: ConnId,
        by: UserIndex,
        (name, user): (&GroupName, UserRef),
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        let (id, group) = self.groups.find(name).ok_or(Refusal::NoSuchGroup)?;
        if group.admin != by
            && self.accounts.roles.of(self.core.user_of(conn)) < Role::Administrator
        {
            return Err(Refusal::GroupAdminOnly);
        }
        let user = self.member(group, user)?;
        let done = Done::Group(group.name);
        if user == group.admin {
            self.answer(conn, Kind::Handover, done, effects);
            return Ok(());
        }
        if self.accounts.roles.is_banned(user) {
            return Err(Refusal::MayNotBeAdmin);
        }
        if !group.is_op(user) && group.ops.len() >= GROUP_OPS_MAX {
            return Err(Refusal::TooManyOps);
        }
        let accounts = &self.accounts.directory;
        log::info!(
            "event=handed-over group={} user={} by={}",
            group.name,
            accounts.account(user).name,
            accounts.account(by).name,
        );
        self.change_admin(id, |group| group.set_admin(user), effects);
        self.answer_after_save(conn, id, (Kind::Handover, done), effects);
        Ok(())
    }

    /// Takes DISSOLVE.
    pub(super) fn dissolve_group(
        &mut self,
        conn: ConnId,
        by: UserIndex,
        name: &GroupName,
        effects: &mut Effects,
    ) -> Result<(), Refusal> {
        let (id, group) = self.groups.find(name).ok_or(Refusal::NoSuchGroup)?;
        let name = group.name;
        log::info!("event=dissolved group={name} by={}", self.accounts.directory.account(by).name);
        for member in &group.members {
            let leaves = self.accounts.directory.account(member.user).name;
            let notice = Event::Group(name, GroupChange::Leave, leaves);
            effects.tell(notice, self.presence.conn(member.user));
        }
        self.groups.dissolve(id, |user| self.presence.conn(user).is_some());
        let done = (Kind::Dissolve, Done::Group(name));
        self.answer_after_save(conn, id, done, effects);
        Ok(())
    }

    /// Gives a group another admin, and tells its members.
    fn change_admin(
        &mut self,
        id: GroupId,
        change: impl FnOnce(&mut Group),
        effects: &mut Effects,
    ) {
        let Some(ops) = self.groups.get(id).map(|group| group.ops.clone()) else { return };
        self.groups.change(id, change);
        let Some(admin) = self.groups.get(id).map(|group| group.admin) else { return };
        self.tell_members(id, GroupChange::Admin, admin, effects);
        if !ops.contains(&admin) {
            self.tell_requests(id, admin, GROUP_NOTICES_MAX, effects);
        }
    }

    /// Has a group whose admin is banned handed over, where there is somebody else. Whether it was.
    pub(super) fn replace_banned_admin(&mut self, id: GroupId, effects: &mut Effects) -> bool {
        let (groups, rights) = (&self.groups, &self.accounts.roles);
        if !groups.get(id).is_some_and(|group| group.has_to_hand_over(rights)) {
            return false;
        }
        let heir = groups.get(id).and_then(|group| group.heir(rights));
        let Some(heir) = heir else { return false };
        self.change_admin(id, |group| group.set_admin(heir), effects);
        true
    }

    /// A user was banned, or is no longer: groups of that user are handed over, those above the
    /// bound a tick or more later.
    pub(in crate::hub) fn ban_changed(&mut self, user: UserIndex, effects: &mut Effects) {
        let own = self.groups.of(user);
        let ids =
            own.filter(|(_, group)| group.has_to_hand_over(&self.accounts.roles)).map(|(id, _)| id);
        let ids: BTreeSet<GroupId> = ids.collect();
        self.groups.hand_over.extend(ids);
        self.hand_over_some(effects);
    }

    /// Hands over some of the groups that wait for it.
    pub(super) fn hand_over_some(&mut self, effects: &mut Effects) {
        for _ in 0..GROUPS_PER_TICK_MAX {
            let Some(id) = self.groups.hand_over.pop_first() else { return };
            if self.replace_banned_admin(id, effects) {
                self.save_group(id, effects);
            }
        }
    }
}
