//! The registry of groups: the state that entries make.
//!
//! [`Registry::decide`] and [`Registry::make`] are the only ways to change the members of groups.
//! What they decide follows from the entries before: the registry knows no configuration, no clock,
//! and no jobs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::chat::answer::Item;
use crate::chat::entry::{NewGroup, Stamp};
use crate::chat::group::{GroupRecord, GroupRow};
use crate::chat::group_action::GroupAction;
use crate::chat::id::{GroupId, LogTime, MessageId};
use crate::chat::name::{GroupName, Number};
use crate::chat::refusal::Refusal;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::{Directory, UserIndex};
use crate::hub::accounts::roles::{Role, Roles};
use crate::hub::groups::applied::Applied;
use crate::hub::groups::group::{Group, Member, NewAdmin};
use crate::hub::groups::memberships::{Membership, Memberships};
use crate::hub::groups::rows::{self, ChangedRow};
use crate::hub::groups::users::Users;
use crate::limits::{GROUP_OFFLINE_TIME_MAX, GROUP_REQUESTS_MAX, GROUPS_MADE_MAX};

/// The registry of groups, by id and by name, with the memberships of all users.
#[derive(Debug, Default)]
pub struct Registry {
    pub(super) groups: BTreeMap<GroupId, Group>,
    pub(super) by_name: HashMap<GroupName, GroupId>,
    pub(super) memberships: Memberships,
    /// The answer to GROUPS ALL; none after something in it changed.
    pub(super) all: Option<Rc<[Item]>>,
    /// The rows that entries have changed and that are to be kept.
    changed: Vec<ChangedRow>,
}

impl Registry {
    /// Creates the registry from what the store kept. Also returns the groups that have to be saved
    /// again, since they differ from what was kept, or are no groups any more.
    pub fn new(
        (mut kept, untold): (Vec<GroupRecord>, Vec<(Number, Vec<GroupName>)>),
        accounts: &Accounts,
    ) -> (Self, Vec<GroupId>) {
        let mut registry = Registry::default();
        for (number, names) in untold {
            if let Some(user) = accounts.directory.find_number(number) {
                registry.memberships.keep_ended(user, names);
            }
        }
        let mut changed = Vec::new();
        // Of two groups with one name, the older one has ended, and that could not be kept.
        kept.sort_by_key(|record| Reverse(record.id));
        for record in kept {
            let is_free = !registry.is_taken(&record.name);
            match Group::from_record(&record, &accounts.directory).filter(|_| is_free) {
                Some(group) => {
                    let kept = Membership::all_of(&record, &accounts.directory);
                    registry.add(record.id, group, &kept);
                }
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

    /// Finds a group by name.
    pub fn find(&self, name: &GroupName) -> Result<(GroupId, &Group), Refusal> {
        let id = self.by_name.get(name).ok_or(Refusal::NoSuchGroup)?;
        Ok((*id, self.group(*id)?))
    }

    /// Finds a group by name, if a user is one of its ops.
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

    /// The number of groups.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// The first message of a group that a user may read; none if the user is no member.
    pub fn reads_since(&self, user: UserIndex, id: GroupId) -> Option<MessageId> {
        self.memberships.get(user, id).map(|membership| membership.since)
    }

    /// Returns true if a user is a member of a group.
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

    /// Returns true if a group has that name.
    pub fn is_taken(&self, name: &GroupName) -> bool {
        self.by_name.contains_key(name)
    }

    /// Checks that no group has that name.
    pub fn check_name(&self, name: &GroupName) -> Result<(), Refusal> {
        (!self.is_taken(name)).then_some(()).ok_or(Refusal::GroupNameTaken)
    }

    /// Checks that a user may make another group, counting those that the user is making.
    pub fn check_maker(&self, maker: UserIndex, making: usize) -> Result<(), Refusal> {
        let may_make = self.memberships.made(maker) + making < GROUPS_MADE_MAX;
        may_make.then_some(()).ok_or(Refusal::TooManyGroups)
    }

    /// The lines of a user's groups in GROUPS, oldest first.
    pub fn lines_of(&self, user: UserIndex, directory: &Directory) -> Rc<[Item]> {
        self.of(user).map(|(_, group)| group.line(directory)).collect()
    }

    /// The lines of all groups, oldest first.
    pub fn lines(&mut self, directory: &Directory) -> Rc<[Item]> {
        let lines = self.groups.values().map(|group| group.line(directory));
        self.all.get_or_insert_with(|| lines.collect()).clone()
    }

    /// Judges a change of a group, and applies it. None if nothing changes.
    ///
    /// # Errors
    /// The refusal, if the change may not be made; then nothing changes.
    pub fn decide(
        &mut self,
        id: GroupId,
        action: &GroupAction<UserIndex>,
        stamp: Stamp,
        users: Users<'_>,
    ) -> Result<Option<Applied>, Refusal> {
        let is_change = self.check(id, action, users.accounts)?;
        Ok(is_change.then(|| self.apply(id, action, stamp, users)))
    }

    /// Judges a new group, and makes it. It is on disk already.
    ///
    /// # Errors
    /// The refusal, if the group may not be made; then nothing changes.
    pub fn make(
        &mut self,
        group: &NewGroup,
        stamp: Stamp,
        users: Users<'_>,
    ) -> Result<Applied, Refusal> {
        let maker = users.find(group.maker)?;
        self.check_name(&group.name)?;
        self.check_maker(maker, 0)?;
        let record = group.record(stamp.id);
        let new = Group::from_record(&record, &users.accounts.directory);
        let new = new.ok_or(Refusal::NoSuchUser)?;
        let members = new.members.clone();
        self.add(record.id, new, &HashMap::new());
        for member in members {
            self.settle_in(record.id, member.user, stamp.time, users);
        }
        // The maker may have been banned meanwhile.
        let new_admin = self.replace_banned_admin(record.id, &users.accounts.roles);
        Ok(Applied { new_admin, ended: None })
    }

    /// Notes that a user is back: all the user's memberships last.
    pub fn came_online(&mut self, user: UserIndex) {
        let lasting = self.memberships.stay_everywhere(user);
        self.changed.extend(lasting.into_iter().map(|id| ChangedRow::Member(id, user)));
    }

    /// Notes that a user has no session any more: memberships in groups that are not kept end at a
    /// time.
    pub fn went_offline(&mut self, user: UserIndex, ends: LogTime) {
        let groups = &self.groups;
        let is_ending = |id| !groups.get(&id).is_some_and(|group| group.kept);
        let ending = self.memberships.end_some_at(user, ends, is_ending);
        self.changed.extend(ending.into_iter().map(|id| ChangedRow::Member(id, user)));
    }

    /// Notes that a user was told of at most `most` new memberships and of all groups that ended.
    pub fn told(&mut self, user: UserIndex, most: usize) {
        let news: Vec<GroupId> = self.memberships.news(user).take(most).collect();
        for id in news {
            self.memberships.told(user, id);
            self.changed.push(ChangedRow::Member(id, user));
        }
        if self.memberships.told_of_ended(user) {
            self.changed.push(ChangedRow::Told(user));
        }
    }

    /// The record of a group, unless it has ended.
    pub fn record(&self, id: GroupId, accounts: &Accounts) -> Option<GroupRecord> {
        let group = self.get(id)?;
        let member = |member: &Member| {
            let new = Membership { since: member.since, ends: None, is_news: false };
            let membership = self.memberships.get(member.user, id).unwrap_or(&new);
            rows::member(membership, member.user, accounts)
        };
        Some(group.to_record(id, &accounts.directory, member))
    }

    /// Takes the rows that entries have changed, as they are to be kept.
    pub fn take_rows(&mut self, accounts: &Accounts) -> Vec<GroupRow> {
        let changed = std::mem::take(&mut self.changed);
        let find = |id| self.groups.get(&id);
        let membership = |user, id| self.memberships.get(user, id);
        changed.into_iter().filter_map(|row| rows::row(row, find, membership, accounts)).collect()
    }

    /// Judges a change. Returns false if nothing would change.
    fn check(
        &self,
        id: GroupId,
        action: &GroupAction<UserIndex>,
        accounts: &Accounts,
    ) -> Result<bool, Refusal> {
        match *action {
            GroupAction::Join { user, members_max } => self.check_join(id, user, members_max),
            GroupAction::Admit { by, user, members_max } => {
                let group = self.asked_group(id, by, user)?;
                fits(group, members_max).map(|()| true)
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

    fn check_join(
        &self,
        id: GroupId,
        user: UserIndex,
        members_max: usize,
    ) -> Result<bool, Refusal> {
        let group = self.group(id)?;
        if self.is_member(user, id) || group.asking.contains(&user) {
            return Ok(false);
        }
        fits(group, members_max)?;
        if !self.memberships.is_asked(user, id) && group.asking.len() >= GROUP_REQUESTS_MAX {
            return Err(Refusal::TooManyAsking);
        }
        Ok(true)
    }

    /// Applies a change that passed the check.
    fn apply(
        &mut self,
        id: GroupId,
        action: &GroupAction<UserIndex>,
        stamp: Stamp,
        users: Users<'_>,
    ) -> Applied {
        let roles = &users.accounts.roles;
        let mut applied = Applied::default();
        match *action {
            GroupAction::Join { user, .. } if !self.memberships.is_asked(user, id) => {
                self.change(id, |group| group.asking.push(user));
                self.changed.push(ChangedRow::Candidate { group: id, user, asks: true });
            }
            GroupAction::Join { user, .. } | GroupAction::Admit { user, .. } => {
                applied.new_admin = self.join(id, user, stamp, users);
            }
            GroupAction::Refuse { user, .. } => {
                self.change(id, |group| group.asking.retain(|asker| *asker != user));
                self.changed.push(ChangedRow::Candidate { group: id, user, asks: true });
            }
            GroupAction::Leave { user } => {
                self.memberships.leave(user, id);
                self.all = None;
                self.changed.push(ChangedRow::Member(id, user));
                let heir = self.change(id, |group| group.leave(user, roles)).flatten();
                applied.new_admin = self.note_admin(id, heir);
                if self.get(id).is_some_and(|group| group.members.is_empty()) {
                    applied.ended = self.end(id, users);
                }
            }
            GroupAction::Keep { keep, memberships_end, .. } => {
                self.keep(id, keep, memberships_end, users);
            }
            GroupAction::SetOp { user, op, .. } => {
                self.change(id, |group| group.set_op(user, op));
                self.changed.push(ChangedRow::Member(id, user));
            }
            GroupAction::HandOver { user, .. } => {
                self.all = None;
                let admin = self.change(id, |group| group.set_admin(user));
                applied.new_admin = self.note_admin(id, admin);
            }
            GroupAction::Dissolve { .. } => applied.ended = self.end(id, users),
            GroupAction::ReplaceAdmin => {
                applied.new_admin = self.replace_banned_admin(id, roles);
            }
        }
        applied
    }

    fn add(&mut self, id: GroupId, group: Group, kept: &HashMap<UserIndex, Membership>) {
        debug_assert!(!self.is_taken(&group.name), "{} is there already", group.name);
        self.by_name.insert(group.name, id);
        for Member { user, since } in &group.members {
            let new = Membership { since: *since, ends: None, is_news: false };
            self.memberships.join(*user, id, kept.get(user).cloned().unwrap_or(new));
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
        stamp: Stamp,
        users: Users<'_>,
    ) -> Option<NewAdmin> {
        debug_assert!(!self.is_member(user, id), "{user:?} is one already");
        // Earlier messages were said to others.
        let since = MessageId(stamp.id.0.saturating_add(1));
        let asks = self.get(id).is_some_and(|group| group.asking.contains(&user));
        self.change(id, |group| group.join(Member { user, since }));
        self.memberships.join(user, id, Membership { since, ends: None, is_news: false });
        self.all = None;
        self.changed.push(ChangedRow::Candidate { group: id, user, asks });
        self.changed.push(ChangedRow::Member(id, user));
        self.settle_in(id, user, stamp.time, users);
        self.replace_banned_admin(id, &users.accounts.roles)
    }

    /// Notes that a new member who is offline is to be told at the next login, and lets the
    /// membership end if that does not come.
    fn settle_in(&mut self, id: GroupId, user: UserIndex, now: LogTime, users: Users<'_>) {
        if users.has_to_be_told_later(user) {
            self.memberships.tell_later(user, id);
            self.changed.push(ChangedRow::Member(id, user));
        }
        let is_kept = self.get(id).is_some_and(|group| group.kept);
        if !is_kept && !users.presence.is_present(user) {
            self.memberships.end_at(user, id, offline_until(now));
            self.changed.push(ChangedRow::Member(id, user));
        }
    }

    fn keep(&mut self, id: GroupId, keep: bool, ends: LogTime, users: Users<'_>) {
        let Some(group) = self.groups.get_mut(&id).filter(|group| group.kept != keep) else {
            return;
        };
        group.kept = keep;
        self.all = None;
        self.changed.push(ChangedRow::Group(id));
        let members = group.members.iter().map(|member| member.user);
        for user in members.filter(|user| !users.presence.is_present(*user)) {
            match keep {
                true => self.memberships.stay(user, id),
                false => self.memberships.end_at(user, id, ends),
            }
            self.changed.push(ChangedRow::Member(id, user));
        }
    }

    /// Ends a group. Members who are offline are told at the next login.
    fn end(&mut self, id: GroupId, users: Users<'_>) -> Option<Group> {
        let group = self.groups.remove(&id)?;
        self.all = None;
        self.by_name.remove(&group.name);
        self.memberships.discount_made(group.made_by);
        self.changed.push(ChangedRow::Ended(id));
        for user in &group.asked {
            self.memberships.withdraw(*user, id);
        }
        for member in &group.members {
            self.memberships.leave(member.user, id);
            if users.has_to_be_told_later(member.user)
                && self.memberships.tell_ended_later(member.user, group.name)
            {
                self.changed.push(ChangedRow::Untold(member.user, group.name));
            }
        }
        Some(group)
    }

    /// Gives a group another admin, if the admin is banned and another member is not.
    fn replace_banned_admin(&mut self, id: GroupId, roles: &Roles) -> Option<NewAdmin> {
        let group = self.groups.get_mut(&id).filter(|group| group.has_to_hand_over(roles))?;
        self.all = None;
        let new = group.inherit(roles);
        self.note_admin(id, new)
    }

    /// Notes the rows that a new admin changes.
    fn note_admin(&mut self, id: GroupId, new: Option<NewAdmin>) -> Option<NewAdmin> {
        let NewAdmin { user, no_op, .. } = new?;
        let ops = no_op.into_iter().chain([user]);
        self.changed.extend(ops.map(|user| ChangedRow::Member(id, user)));
        self.changed.push(ChangedRow::Group(id));
        new
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

    /// A group that a user asks to join, if `by` is one of its ops.
    fn asked_group(&self, id: GroupId, by: UserIndex, user: UserIndex) -> Result<&Group, Refusal> {
        let group = self.group_of_op(id, by)?;
        group.asking.contains(&user).then_some(group).ok_or(Refusal::DidNotAsk)
    }

    fn check_member(&self, id: GroupId, user: UserIndex) -> Result<(), Refusal> {
        self.is_member(user, id).then_some(()).ok_or(Refusal::NoMemberOfIt)
    }
}

/// Checks that a user may name the next admin of a group.
pub fn may_hand_over(group: &Group, by: UserIndex, roles: &Roles) -> Result<(), Refusal> {
    let may_name = group.admin == by || roles.of(Some(by)) >= Role::Administrator;
    may_name.then_some(()).ok_or(Refusal::GroupAdminOnly)
}

/// The time at which the membership of a user ends who is offline from now on.
pub fn offline_until(now: LogTime) -> LogTime {
    let most = GROUP_OFFLINE_TIME_MAX.as_micros();
    LogTime(now.0.saturating_add(u64::try_from(most).unwrap_or(u64::MAX)))
}

/// Checks that a group has room for another member.
fn fits(group: &Group, members_max: usize) -> Result<(), Refusal> {
    (group.members.len() < members_max).then_some(()).ok_or(Refusal::GroupFull)
}

#[cfg(test)]
mod tests;
