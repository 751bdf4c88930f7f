//! The registry of groups: the state that entries make.
//!
//! [`decide`](super::changes::decide) and [`Registry::make`] are the only ways to change groups.
//! What they decide follows from the entries before: the registry knows no configuration, no clock,
//! and no jobs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::chat::answer::Item;
use crate::chat::entry::{NewGroup, Stamp};
use crate::chat::group::{GroupRange, GroupRecord, GroupRow};
use crate::chat::id::{GroupId, LogTime, MessageId};
use crate::chat::name::{GroupName, Number};
use crate::chat::refusal::Refusal;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::{Directory, UserIndex};
use crate::hub::accounts::roles::Roles;
use crate::hub::groups::applied::Applied;
use crate::hub::groups::group::{Group, NewAdmin};
use crate::hub::groups::members::{Member, MemberPlace};
use crate::hub::groups::memberships::{Membership, Memberships};
use crate::hub::groups::overview::GroupLists;
use crate::hub::groups::rows::{self, ChangedRow};
use crate::hub::groups::users::Users;
use crate::limits::{GROUP_OFFLINE_TIME_MAX, GROUPS_MADE_MAX};

/// The registry of groups, by id and by name, with the memberships of all users.
#[derive(Debug, Default)]
pub struct Registry {
    pub(super) groups: BTreeMap<GroupId, Group>,
    pub(super) by_name: HashMap<GroupName, GroupId>,
    pub(super) memberships: Memberships,
    /// The lists of groups that were made since something in them changed.
    pub(super) lists: GroupLists,
    /// The rows that entries have changed and that are to be kept.
    pub(super) changed: Vec<ChangedRow>,
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
                    registry.add(record.id, group);
                    registry.add_endings(&record, &accounts.directory);
                    if registry.record(record.id, accounts).as_ref() != Some(&record) {
                        changed.push(record.id);
                    }
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
        let (id, group) = self.find(name)?;
        group.is_op(by).then_some((id, group)).ok_or(Refusal::OpsOnly)
    }

    /// Finds a group by name, if a user is a member of it.
    pub fn find_as_member(&self, user: UserIndex, name: &GroupName) -> Result<GroupId, Refusal> {
        let (id, _) = self.find(name)?;
        self.is_member(user, id).then_some(id).ok_or(Refusal::NotAMember)
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
        self.memberships.is_member(user, id)
    }

    /// The groups of a user, oldest first.
    pub fn of(&self, user: UserIndex) -> impl Iterator<Item = (GroupId, &Group)> {
        self.memberships.of(user).filter_map(|id| Some((id, self.groups.get(&id)?)))
    }

    /// The groups that ask a user to join and of which the user is told, oldest first.
    pub fn invitations(&self, user: UserIndex) -> impl Iterator<Item = &Group> {
        let groups = self.memberships.invitations(user).filter_map(|id| self.groups.get(&id));
        groups.filter(move |group| !group.outsiders.unheard.contains(&user))
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

    /// The lines of groups in a list, oldest first.
    pub fn lines(
        &mut self,
        range: GroupRange,
        user: UserIndex,
        directory: &Directory,
    ) -> Rc<[Item]> {
        match range {
            GroupRange::Own => {
                self.of(user).map(|(_, group)| Item::Group(group.line(directory))).collect()
            }
            GroupRange::All => self.lists.all(&self.groups, directory),
            GroupRange::Public => self.lists.public(&self.groups, directory),
        }
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
        let members: Vec<UserIndex> = new.members.iter().map(|member| member.user).collect();
        self.add(record.id, new);
        for user in members {
            self.settle_in(record.id, user, stamp.time, users);
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
        let is_ending = |id| !groups.get(&id).is_some_and(|group| group.settings.kept);
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

    /// Forgets a user who is no member of a group, and whose account is removed.
    pub fn forget(&mut self, user: UserIndex) {
        for (id, group) in &mut self.groups {
            let (group_id, outsiders) = (*id, &mut group.outsiders);
            let candidate = |asks| ChangedRow::Candidate { group: group_id, user, asks };
            let rows = [
                (outsiders.asked.contains(&user), candidate(false)),
                (outsiders.asking.contains(&user), candidate(true)),
                (outsiders.turned_down.contains_key(&user), ChangedRow::TurnedDown(*id, user)),
                (outsiders.shut_out.remove(&user).is_some(), ChangedRow::ShutOut(*id, user)),
            ];
            outsiders.forget(user);
            self.changed.extend(rows.into_iter().filter(|(is_so, _)| *is_so).map(|(_, row)| row));
        }
        let asked: Vec<GroupId> = self.memberships.invitations(user).collect();
        asked.into_iter().for_each(|id| self.memberships.withdraw(user, id));
        if self.memberships.told_of_ended(user) {
            self.changed.push(ChangedRow::Told(user));
        }
    }

    /// The record of a group, unless it has ended.
    pub fn record(&self, id: GroupId, accounts: &Accounts) -> Option<GroupRecord> {
        let group = self.get(id)?;
        let member = |member: &Member| {
            let new = Membership::new(member.since, MemberPlace::default());
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

    fn add(&mut self, id: GroupId, group: Group) {
        debug_assert!(!self.is_taken(&group.name), "{} is there already", group.name);
        self.by_name.insert(group.name, id);
        for (place, member) in group.members.places() {
            self.memberships.join(member.user, id, Membership::new(member.since, place));
        }
        for user in &group.outsiders.asked {
            self.memberships.invite(*user, id);
        }
        self.memberships.count_made(group.made_by);
        self.groups.insert(id, group);
        self.lists = GroupLists::default();
    }

    /// Sets when the memberships of a group end, and which are news, as the store kept them.
    fn add_endings(&mut self, record: &GroupRecord, directory: &Directory) {
        for kept in &record.members {
            let Some(user) = directory.find_number(kept.number) else { continue };
            if kept.is_news {
                self.memberships.tell_later(user, record.id);
            }
            // Of two changes on their way to the disk the later one may be kept alone: that the
            // group is kept, and not that the user came back before.
            if let Some(ends) = kept.ends.filter(|_| !record.settings.kept) {
                self.memberships.end_at(user, record.id, LogTime(ends));
            }
        }
    }

    pub(super) fn join(
        &mut self,
        id: GroupId,
        user: UserIndex,
        stamp: Stamp,
        users: Users<'_>,
    ) -> Option<NewAdmin> {
        debug_assert!(!self.is_member(user, id), "{user:?} is one already");
        // Earlier messages were said to others.
        let since = MessageId(stamp.id.0.saturating_add(1));
        let group = self.groups.get_mut(&id)?;
        let before = &group.outsiders;
        let was_candidate = [(&before.asked, false), (&before.asking, true)];
        let was_candidate = was_candidate.map(|(all, asks)| (all.contains(&user), asks));
        let was_turned_down = before.turned_down.contains_key(&user);
        let place = group.join(Member { user, since });
        self.memberships.join(user, id, Membership::new(since, place));
        self.lists = GroupLists::default();
        let candidate = |(_, asks)| ChangedRow::Candidate { group: id, user, asks };
        self.changed.extend(was_candidate.into_iter().filter(|(was, _)| *was).map(candidate));
        self.changed.extend(was_turned_down.then_some(ChangedRow::TurnedDown(id, user)));
        self.changed.push(ChangedRow::Member(id, user));
        self.settle_in(id, user, stamp.time, users);
        self.replace_banned_admin(id, &users.accounts.roles)
    }

    /// Ends a membership. Returns the new admin, if the group has another one now.
    pub(super) fn leave(
        &mut self,
        id: GroupId,
        user: UserIndex,
        roles: &Roles,
    ) -> Option<NewAdmin> {
        let place = self.memberships.get(user, id)?.place;
        self.memberships.leave(user, id);
        self.lists = GroupLists::default();
        self.changed.push(ChangedRow::Member(id, user));
        let heir = self.change(id, |group| group.leave(user, place, roles)).flatten();
        self.note_admin(id, heir)
    }

    /// Notes that a new member who is offline is to be told at the next login, and lets the
    /// membership end if that does not come.
    fn settle_in(&mut self, id: GroupId, user: UserIndex, now: LogTime, users: Users<'_>) {
        if users.has_to_be_told_later(user) {
            self.memberships.tell_later(user, id);
            self.changed.push(ChangedRow::Member(id, user));
        }
        let is_kept = self.get(id).is_some_and(|group| group.settings.kept);
        if !is_kept && !users.presence.is_present(user) {
            self.memberships.end_at(user, id, offline_until(now));
            self.changed.push(ChangedRow::Member(id, user));
        }
    }

    /// Ends a group. Members who are offline are told at the next login.
    pub(super) fn end(&mut self, id: GroupId, users: Users<'_>) -> Option<Group> {
        let group = self.groups.remove(&id)?;
        self.lists = GroupLists::default();
        self.by_name.remove(&group.name);
        self.memberships.discount_made(group.made_by);
        self.changed.push(ChangedRow::Ended(id));
        for user in &group.outsiders.asked {
            self.memberships.withdraw(*user, id);
        }
        for member in group.members.iter() {
            self.memberships.leave(member.user, id);
            self.tell_left_later(member.user, group.name, users);
        }
        Some(group)
    }

    /// Notes that a user who is offline has yet to be told of being no member of a group any more.
    pub(super) fn tell_left_later(&mut self, user: UserIndex, name: GroupName, users: Users<'_>) {
        if users.has_to_be_told_later(user) && self.memberships.tell_ended_later(user, name) {
            self.changed.push(ChangedRow::Untold(user, name));
        }
    }

    /// Gives a group another admin, if the admin is banned and another member is not.
    pub(super) fn replace_banned_admin(&mut self, id: GroupId, roles: &Roles) -> Option<NewAdmin> {
        let group = self.groups.get_mut(&id).filter(|group| group.has_to_hand_over(roles))?;
        self.lists = GroupLists::default();
        let new = group.inherit(roles);
        self.note_admin(id, new)
    }

    /// Notes the rows that a new admin changes.
    pub(super) fn note_admin(&mut self, id: GroupId, new: Option<NewAdmin>) -> Option<NewAdmin> {
        let NewAdmin { user, no_op, .. } = new?;
        let ops = no_op.into_iter().chain([user]);
        self.changed.extend(ops.map(|user| ChangedRow::Member(id, user)));
        self.changed.push(ChangedRow::Group(id));
        new
    }

    pub(super) fn change<T>(
        &mut self,
        id: GroupId,
        change: impl FnOnce(&mut Group) -> T,
    ) -> Option<T> {
        self.groups.get_mut(&id).map(change)
    }

    fn group(&self, id: GroupId) -> Result<&Group, Refusal> {
        self.groups.get(&id).ok_or(Refusal::NoSuchGroup)
    }
}

/// The time at which the membership of a user ends who is offline from now on.
pub fn offline_until(now: LogTime) -> LogTime {
    let most = GROUP_OFFLINE_TIME_MAX.as_micros();
    LogTime(now.0.saturating_add(u64::try_from(most).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests;
