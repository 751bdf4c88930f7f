//! Who is in which group. [`Registry::decide`] is the only way to change that, and what it decides
//! follows from the entries before it: it knows no configuration, no clock, and nothing that is
//! under way.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use crate::chat::answer::Item;
use crate::chat::group::GroupRecord;
use crate::chat::id::{GroupId, MessageId};
use crate::chat::name::{GroupName, UserRef};
use crate::chat::refusal::Refusal;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::{Directory, UserIndex};
use crate::hub::accounts::roles::{Role, Roles};
use crate::hub::groups::entry::{Applied, GroupAction, GroupEntry, Terms};
use crate::hub::groups::group::{Group, Member, NewAdmin};
use crate::hub::groups::memberships::Memberships;
use crate::hub::groups::users::Users;
use crate::limits::{GROUP_REQUESTS_MAX, GROUPS_MADE_MAX};

/// All groups.
#[derive(Debug, Default)]
pub struct Registry {
    pub(super) groups: BTreeMap<GroupId, Group>,
    pub(super) by_name: HashMap<GroupName, GroupId>,
    pub(super) memberships: Memberships,
    /// What GROUPS ALL answers, until something in it changes.
    pub(super) all: Option<Rc<[Item]>>,
}

impl Registry {
    /// The groups that were kept, and the ids of those that have to be saved again: they differ
    /// from what was kept, or are no group any more.
    pub fn new(mut kept: Vec<GroupRecord>, accounts: &Accounts) -> (Self, Vec<GroupId>) {
        let mut registry = Registry::default();
        let mut changed = Vec::new();
        // Of two with one name, the older one has ended and only that could not be kept.
        kept.sort_by_key(|record| Reverse(record.id));
        for record in kept {
            let is_free = !registry.is_taken(&record.name);
            match Group::from_record(&record, &accounts.directory).filter(|_| is_free) {
                Some(group) => registry.add(record.id, group),
                None => changed.push(record.id),
            }
        }
        for (id, group) in &mut registry.groups {
            if group.has_to_hand_over(&accounts.roles) {
                group.inherit(&accounts.roles);
                changed.push(*id);
            }
        }
        (registry, changed)
    }

    /// The group of that name.
    pub fn find(&self, name: &GroupName) -> Result<(GroupId, &Group), Refusal> {
        let id = self.by_name.get(name).ok_or(Refusal::NoSuchGroup)?;
        Ok((*id, self.group(*id)?))
    }

    /// The group of that name, if a user is one of its ops.
    pub fn find_as_op(
        &self,
        by: UserIndex,
        name: &GroupName,
    ) -> Result<(GroupId, &Group), Refusal> {
        let (id, _) = self.find(name)?;
        Ok((id, self.group_of_op(id, by)?))
    }

    /// A group, unless it has ended.
    pub fn get(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(&id)
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// From which message on a user reads a group; none for who is no member.
    pub fn reads_since(&self, user: UserIndex, id: GroupId) -> Option<MessageId> {
        self.memberships.get(user, id).map(|membership| membership.since)
    }

    /// Whether a user is a member of a group.
    pub fn is_member(&self, user: UserIndex, id: GroupId) -> bool {
        self.memberships.get(user, id).is_some()
    }

    /// The groups of a user, oldest first.
    pub fn of(&self, user: UserIndex) -> impl Iterator<Item = (GroupId, &Group)> {
        self.memberships.of(user).filter_map(|id| Some((id, self.groups.get(&id)?)))
    }

    /// The groups that ask a user to join, oldest first.
    pub fn invitations(&self, user: UserIndex) -> impl Iterator<Item = &Group> {
        self.memberships.invitations(user).filter_map(|id| self.groups.get(&id))
    }

    /// Whether a group has that name.
    pub fn is_taken(&self, name: &GroupName) -> bool {
        self.by_name.contains_key(name)
    }

    /// Refuses the name of a group that is there.
    pub fn check_name(&self, name: &GroupName) -> Result<(), Refusal> {
        (!self.is_taken(name)).then_some(()).ok_or(Refusal::GroupNameTaken)
    }

    /// Refuses a user who made as many groups as one may, with those that the user is making.
    pub fn check_maker(&self, maker: UserIndex, making: usize) -> Result<(), Refusal> {
        let may_make = self.memberships.made(maker) + making < GROUPS_MADE_MAX;
        may_make.then_some(()).ok_or(Refusal::TooManyGroups)
    }

    /// A user went offline: memberships in groups that are not kept end at a time.
    pub fn went_offline(&mut self, user: UserIndex, ends: Duration) {
        let groups = &self.groups;
        let is_ending = |id| !groups.get(&id).is_some_and(|group| group.kept);
        self.memberships.end_some_at(user, ends, is_ending);
    }

    /// A line for each group of a user, oldest first.
    pub fn lines_of(&self, user: UserIndex, directory: &Directory) -> Rc<[Item]> {
        self.of(user).map(|(_, group)| group.line(directory)).collect()
    }

    /// A line for each group, oldest first.
    pub fn lines(&mut self, directory: &Directory) -> Rc<[Item]> {
        let lines = self.groups.values().map(|group| group.line(directory));
        self.all.get_or_insert_with(|| lines.collect()).clone()
    }

    /// Checks an entry, and applies it. None if what it asks for is so already.
    ///
    /// # Errors
    /// Why it is refused; then nothing changes.
    pub fn decide(
        &mut self,
        entry: &GroupEntry,
        users: Users<'_>,
    ) -> Result<Option<Applied>, Refusal> {
        let is_change = self.check(entry, users.accounts)?;
        Ok(is_change.then(|| self.apply(entry, users)))
    }

    /// Whether an entry is to be applied: false if what it asks for is so already.
    fn check(&self, entry: &GroupEntry, accounts: &Accounts) -> Result<bool, Refusal> {
        let id = entry.group;
        match entry.action {
            GroupAction::Make { ref record, .. } => {
                let maker = accounts.find(UserRef::Number(record.made_by));
                let maker = maker.ok_or(Refusal::NoSuchUser)?;
                self.check_name(&record.name)?;
                self.check_maker(maker, 0).map(|()| true)
            }
            GroupAction::Join { user, terms } => self.check_join(id, user, terms),
            GroupAction::Admit { by, user, terms } => {
                let group = self.asked_group(id, by, user)?;
                fits(group, terms).map(|()| true)
            }
            GroupAction::Refuse { by, user } => self.asked_group(id, by, user).map(|_| true),
            GroupAction::Leave { user } => {
                self.group(id)?;
                self.is_member(user, id).then_some(true).ok_or(Refusal::NotAMember)
            }
            GroupAction::Keep { by, .. } => self.group_of_op(id, by).map(|_| true),
            GroupAction::SetOp { by, user, op } => {
                let group = self.group_of_op(id, by)?;
                self.check_member(id, user)?;
                match group.is_op(user) {
                    _ if user == group.admin => Err(Refusal::IsGroupAdmin),
                    is_op if is_op == op => Ok(false),
                    _ if op && group.has_all_ops() => Err(Refusal::TooManyOps),
                    _ => Ok(true),
                }
            }
            GroupAction::HandOver { by, user } => {
                let group = self.group(id)?;
                may_hand_over(group, by, &accounts.roles)?;
                self.check_member(id, user)?;
                match user == group.admin {
                    true => Ok(false),
                    false if accounts.roles.is_banned(user) => Err(Refusal::MayNotBeAdmin),
                    false if !group.is_op(user) && group.has_all_ops() => Err(Refusal::TooManyOps),
                    false => Ok(true),
                }
            }
            GroupAction::Dissolve { by } => {
                self.group(id)?;
                let may_dissolve = accounts.roles.of(Some(by)) >= Role::Administrator;
                may_dissolve.then_some(true).ok_or(Refusal::AdministratorsOnly)
            }
            GroupAction::ReplaceAdmin => Ok(self.group(id)?.has_to_hand_over(&accounts.roles)),
        }
    }

    fn check_join(&self, id: GroupId, user: UserIndex, terms: Terms) -> Result<bool, Refusal> {
        let group = self.group(id)?;
        if self.is_member(user, id) || group.asking.contains(&user) {
            return Ok(false);
        }
        fits(group, terms)?;
        if !self.memberships.is_asked(user, id) && group.asking.len() >= GROUP_REQUESTS_MAX {
            return Err(Refusal::TooManyAsking);
        }
        Ok(true)
    }

    /// Applies an entry that passed the check.
    fn apply(&mut self, entry: &GroupEntry, users: Users<'_>) -> Applied {
        let (id, roles) = (entry.group, &users.accounts.roles);
        let mut ended = None;
        let new_admin = match entry.action {
            GroupAction::Make { ref record, ends } => {
                let group = Group::from_record(record, &users.accounts.directory);
                group.and_then(|group| self.make(id, group, ends, users))
            }
            GroupAction::Join { user, .. } if !self.memberships.is_asked(user, id) => {
                self.change(id, |group| group.asking.push(user));
                None
            }
            GroupAction::Join { user, terms } | GroupAction::Admit { user, terms, .. } => {
                self.join(id, user, terms, users)
            }
            GroupAction::Refuse { user, .. } => {
                self.change(id, |group| group.asking.retain(|asker| *asker != user));
                None
            }
            GroupAction::Leave { user } => {
                self.memberships.leave(user, id);
                self.all = None;
                let new_admin = self.change(id, |group| group.leave(user, roles)).flatten();
                if self.get(id).is_some_and(|group| group.members.is_empty()) {
                    ended = self.end(id, users);
                }
                new_admin
            }
            GroupAction::Keep { keep, ends, .. } => {
                self.keep(id, keep, ends, users);
                None
            }
            GroupAction::SetOp { user, op, .. } => {
                self.change(id, |group| group.set_op(user, op));
                None
            }
            GroupAction::HandOver { user, .. } => {
                self.all = None;
                self.change(id, |group| group.set_admin(user))
            }
            GroupAction::Dissolve { .. } => {
                ended = self.end(id, users);
                None
            }
            GroupAction::ReplaceAdmin => self.replace_banned_admin(id, roles),
        };
        Applied { new_admin, ended }
    }

    fn make(
        &mut self,
        id: GroupId,
        group: Group,
        ends: Duration,
        users: Users<'_>,
    ) -> Option<NewAdmin> {
        let members = group.members.clone();
        self.add(id, group);
        for member in members {
            self.settle_in(id, member.user, ends, users);
        }
        // Its maker may have been banned meanwhile.
        self.replace_banned_admin(id, &users.accounts.roles)
    }

    fn add(&mut self, id: GroupId, group: Group) {
        debug_assert!(!self.is_taken(&group.name), "{} is there already", group.name);
        self.by_name.insert(group.name, id);
        for member in &group.members {
            self.memberships.join(member.user, id, member.since);
        }
        for user in &group.asked {
            self.memberships.invite(*user, id);
        }
        self.memberships.count_made(group.made_by);
        self.groups.insert(id, group);
        self.all = None;
    }

    fn join(
        &mut self,
        id: GroupId,
        user: UserIndex,
        terms: Terms,
        users: Users<'_>,
    ) -> Option<NewAdmin> {
        debug_assert!(!self.is_member(user, id), "{user:?} is one already");
        self.change(id, |group| group.join(Member { user, since: terms.since }));
        self.memberships.join(user, id, terms.since);
        self.all = None;
        self.settle_in(id, user, terms.ends, users);
        self.replace_banned_admin(id, &users.accounts.roles)
    }

    /// Has a new member who is offline told at the next login, and leave at `ends` if that does not
    /// come.
    fn settle_in(&mut self, id: GroupId, user: UserIndex, ends: Duration, users: Users<'_>) {
        if !users.presence.is_online(user) {
            self.memberships.tell_later(user, id);
        }
        let is_kept = self.get(id).is_some_and(|group| group.kept);
        if !is_kept && !users.presence.is_present(user) {
            self.memberships.end_at(user, id, ends);
        }
    }

    fn keep(&mut self, id: GroupId, keep: bool, ends: Duration, users: Users<'_>) {
        let Some(group) = self.groups.get_mut(&id).filter(|group| group.kept != keep) else {
            return;
        };
        group.kept = keep;
        self.all = None;
        let members = group.members.iter().map(|member| member.user);
        for user in members.filter(|user| !users.presence.is_present(*user)) {
            match keep {
                true => self.memberships.stay(user, id),
                false => self.memberships.end_at(user, id, ends),
            }
        }
    }

    /// Ends a group. Members who are offline are told at the next login.
    fn end(&mut self, id: GroupId, users: Users<'_>) -> Option<Group> {
        let group = self.groups.remove(&id)?;
        self.all = None;
        self.by_name.remove(&group.name);
        self.memberships.discount_made(group.made_by);
        for user in &group.asked {
            self.memberships.withdraw(*user, id);
        }
        for member in &group.members {
            self.memberships.leave(member.user, id);
            if !users.presence.is_online(member.user) {
                self.memberships.tell_ended_later(member.user, group.name);
            }
        }
        Some(group)
    }

    /// Hands a group over whose admin is banned, if there is somebody else.
    fn replace_banned_admin(&mut self, id: GroupId, roles: &Roles) -> Option<NewAdmin> {
        let group = self.groups.get_mut(&id).filter(|group| group.has_to_hand_over(roles))?;
        self.all = None;
        group.inherit(roles)
    }

    fn change<T>(&mut self, id: GroupId, change: impl FnOnce(&mut Group) -> T) -> Option<T> {
        self.groups.get_mut(&id).map(change)
    }

    fn group(&self, id: GroupId) -> Result<&Group, Refusal> {
        self.groups.get(&id).ok_or(Refusal::NoSuchGroup)
    }

    fn group_of_op(&self, id: GroupId, by: UserIndex) -> Result<&Group, Refusal> {
        let group = self.group(id)?;
        group.is_op(by).then_some(group).ok_or(Refusal::OpsOnly)
    }

    /// A group that a user asks to join, for one of its ops.
    fn asked_group(&self, id: GroupId, by: UserIndex, user: UserIndex) -> Result<&Group, Refusal> {
        let group = self.group_of_op(id, by)?;
        group.asking.contains(&user).then_some(group).ok_or(Refusal::DidNotAsk)
    }

    fn check_member(&self, id: GroupId, user: UserIndex) -> Result<(), Refusal> {
        self.is_member(user, id).then_some(()).ok_or(Refusal::NoMemberOfIt)
    }
}

/// Whether a user may name the next admin of a group.
pub fn may_hand_over(group: &Group, by: UserIndex, roles: &Roles) -> Result<(), Refusal> {
    let may_name = group.admin == by || roles.of(Some(by)) >= Role::Administrator;
    may_name.then_some(()).ok_or(Refusal::GroupAdminOnly)
}

/// Whether a group takes another member.
fn fits(group: &Group, terms: Terms) -> Result<(), Refusal> {
    (group.members.len() < terms.members_max).then_some(()).ok_or(Refusal::GroupFull)
}

#[cfg(test)]
mod tests;
