//! The groups of each user: memberships and when they end, invitations, and the news that a user
//! has yet to be told. They are stored by user, so that what one user does costs no look at the
//! groups of others.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::chat::id::{GroupId, LogTime, MessageId};
use crate::chat::name::GroupName;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::groups::members::MemberPlace;
use crate::limits::GROUP_NOTICES_MAX;

/// The memberships of all users, and the times at which those of offline users end.
#[derive(Debug, Default)]
pub struct Memberships {
    /// The users who have anything to do with groups.
    pub(super) people: HashMap<UserIndex, Person>,
    /// The ends of memberships of users who are offline, in order of time.
    pub(super) endings: BTreeSet<(LogTime, UserIndex, GroupId)>,
}

/// The state of one user in groups.
#[derive(Debug, Default, PartialEq)]
pub struct Person {
    pub memberships: BTreeMap<GroupId, Membership>,
    /// Groups that ask the user to join.
    pub invitations: BTreeSet<GroupId>,
    /// Groups of the user that ended, of which the user has yet to be told.
    pub ended: Vec<GroupName>,
    /// The number of existing groups that the user made.
    pub made: usize,
}

/// A user's membership in a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Membership {
    /// The first message that the user may read.
    pub since: MessageId,
    /// The place among the members of the group.
    pub place: MemberPlace,
    /// The time at which the membership ends, if it does because the user is offline.
    pub ends: Option<LogTime>,
    /// True if the user has yet to be told of it.
    pub is_news: bool,
}

impl Membership {
    /// A membership that does not end, of a user who has been told.
    pub fn new(since: MessageId, place: MemberPlace) -> Self {
        Membership { since, place, ends: None, is_news: false }
    }
}

impl Memberships {
    /// A user's membership in a group.
    pub fn get(&self, user: UserIndex, id: GroupId) -> Option<&Membership> {
        self.people.get(&user)?.memberships.get(&id)
    }

    /// Returns true if a user is a member of a group.
    pub fn is_member(&self, user: UserIndex, id: GroupId) -> bool {
        self.get(user, id).is_some()
    }

    /// The groups of a user, oldest first.
    pub fn of(&self, user: UserIndex) -> impl Iterator<Item = GroupId> {
        let person = self.people.get(&user);
        person.into_iter().flat_map(|person| person.memberships.keys().copied())
    }

    /// Makes a user a member of a group, and removes the invitation to it.
    pub fn join(&mut self, user: UserIndex, id: GroupId, membership: Membership) {
        let person = self.people.entry(user).or_default();
        person.invitations.remove(&id);
        if let Some(ends) = membership.ends {
            self.endings.insert((ends, user, id));
        }
        person.memberships.insert(id, membership);
    }

    /// Ends a membership.
    pub fn leave(&mut self, user: UserIndex, id: GroupId) {
        self.stay(user, id);
        self.change(user, |person| {
            person.memberships.remove(&id);
        });
    }

    /// The number of groups of a user.
    pub fn count(&self, user: UserIndex) -> usize {
        self.people.get(&user).map_or(0, |person| person.memberships.len())
    }

    /// The number of existing groups that a user made.
    pub fn made(&self, user: UserIndex) -> usize {
        self.people.get(&user).map_or(0, |person| person.made)
    }

    /// Counts a group that a user made.
    pub fn count_made(&mut self, user: UserIndex) {
        self.people.entry(user).or_default().made += 1;
    }

    /// Counts the end of a group that a user made.
    pub fn discount_made(&mut self, user: UserIndex) {
        self.change(user, |person| person.made -= 1);
    }

    /// Notes that a group asks a user to join.
    pub fn invite(&mut self, user: UserIndex, id: GroupId) {
        self.people.entry(user).or_default().invitations.insert(id);
    }

    /// Removes the invitation of a user to a group.
    pub fn withdraw(&mut self, user: UserIndex, id: GroupId) {
        self.change(user, |person| {
            person.invitations.remove(&id);
        });
    }

    /// Returns true if a group asks a user to join.
    pub fn is_asked(&self, user: UserIndex, id: GroupId) -> bool {
        self.people.get(&user).is_some_and(|person| person.invitations.contains(&id))
    }

    /// The groups that ask a user to join, oldest first.
    pub fn invitations(&self, user: UserIndex) -> impl Iterator<Item = GroupId> {
        self.people.get(&user).into_iter().flat_map(|person| person.invitations.iter().copied())
    }

    /// Lets one membership end at a time, since its user is offline.
    pub fn end_at(&mut self, user: UserIndex, id: GroupId, ends: LogTime) {
        let Some(membership) = self.get_mut(user, id) else { return };
        debug_assert!(membership.ends.is_none(), "{user:?} is about to leave already");
        membership.ends = Some(ends);
        self.endings.insert((ends, user, id));
    }

    /// Lets those memberships of a user end at a time for which `is_ending` returns true, except
    /// those that end already. Returns their groups.
    pub fn end_some_at(
        &mut self,
        user: UserIndex,
        ends: LogTime,
        is_ending: impl Fn(GroupId) -> bool,
    ) -> Vec<GroupId> {
        let Some(person) = self.people.get_mut(&user) else { return Vec::new() };
        let mut ending = Vec::new();
        for (id, membership) in &mut person.memberships {
            if membership.ends.is_none() && is_ending(*id) {
                membership.ends = Some(ends);
                self.endings.insert((ends, user, *id));
                ending.push(*id);
            }
        }
        ending
    }

    /// Lets one membership last.
    pub fn stay(&mut self, user: UserIndex, id: GroupId) {
        let ends = self.get_mut(user, id).and_then(|membership| membership.ends.take());
        if let Some(ends) = ends {
            self.endings.remove(&(ends, user, id));
        }
    }

    /// Lets all memberships of a user last, who is back. Returns the groups of those that would
    /// have ended.
    pub fn stay_everywhere(&mut self, user: UserIndex) -> Vec<GroupId> {
        let Some(person) = self.people.get_mut(&user) else { return Vec::new() };
        let mut lasting = Vec::new();
        for (id, membership) in &mut person.memberships {
            if let Some(ends) = membership.ends.take() {
                self.endings.remove(&(ends, user, *id));
                lasting.push(*id);
            }
        }
        lasting
    }

    /// The time at which the next membership ends.
    pub fn next_ending(&self) -> Option<LogTime> {
        self.endings.first().map(|(at, ..)| *at)
    }

    /// The memberships that are over by now, the earliest first.
    pub fn over(&self, now: LogTime) -> impl Iterator<Item = (UserIndex, GroupId)> {
        let over = self.endings.iter().take_while(move |(at, ..)| *at <= now);
        over.map(|(_, user, id)| (*user, *id))
    }

    /// Notes that a user has yet to be told of becoming a member.
    pub fn tell_later(&mut self, user: UserIndex, id: GroupId) {
        if let Some(membership) = self.get_mut(user, id) {
            membership.is_news = true;
        }
    }

    /// The groups in which a user is a member and has not been told so, oldest first.
    pub fn news(&self, user: UserIndex) -> impl Iterator<Item = GroupId> {
        let memberships = self.people.get(&user).into_iter().flat_map(|one| &one.memberships);
        memberships.filter(|(_, membership)| membership.is_news).map(|(id, _)| *id)
    }

    /// Notes that a user was told of becoming a member.
    pub fn told(&mut self, user: UserIndex, id: GroupId) {
        if let Some(membership) = self.get_mut(user, id) {
            membership.is_news = false;
        }
    }

    /// Notes that a user has yet to be told that a group ended. Returns false if there is no room
    /// for that.
    pub fn tell_ended_later(&mut self, user: UserIndex, name: GroupName) -> bool {
        let ended = &mut self.people.entry(user).or_default().ended;
        let has_room = ended.len() < GROUP_NOTICES_MAX;
        if has_room {
            ended.push(name);
        }
        has_room
    }

    /// Sets the ended groups of which a user has yet to be told, as the store kept them.
    pub fn keep_ended(&mut self, user: UserIndex, names: Vec<GroupName>) {
        self.people.entry(user).or_default().ended = names;
    }

    /// The ended groups of which a user has not been told, the earliest first.
    pub fn ended(&self, user: UserIndex) -> &[GroupName] {
        self.people.get(&user).map_or(&[], |person| &person.ended)
    }

    /// Notes that a user was told of all ended groups. Returns true if there were any.
    pub fn told_of_ended(&mut self, user: UserIndex) -> bool {
        let has_ended = !self.ended(user).is_empty();
        self.change(user, |person| person.ended = Vec::new());
        has_ended
    }

    fn get_mut(&mut self, user: UserIndex, id: GroupId) -> Option<&mut Membership> {
        self.people.get_mut(&user)?.memberships.get_mut(&id)
    }

    /// Changes the state of one user, and removes it if the user has nothing to do with groups any
    /// more.
    fn change(&mut self, user: UserIndex, change: impl FnOnce(&mut Person)) {
        let Some(person) = self.people.get_mut(&user) else { return };
        change(person);
        if *person == Person::default() {
            self.people.remove(&user);
        }
    }
}
