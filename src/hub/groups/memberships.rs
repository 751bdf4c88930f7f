//! The groups of each user: memberships, when they end, invitations, and what a user has yet to be
//! told, so that what one user does costs no look at the groups of others.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crate::chat::id::{GroupId, MessageId};
use crate::chat::name::GroupName;
use crate::hub::accounts::directory::UserIndex;
use crate::limits::GROUP_NOTICES_MAX;

/// The memberships of all users, and when those of users who are offline end.
#[derive(Debug, Default)]
pub struct Memberships {
    /// Whoever has something to do with groups.
    pub(super) people: HashMap<UserIndex, Person>,
    /// When the memberships of those end who are offline, on the monotonic clock.
    pub(super) endings: BTreeSet<(Duration, UserIndex, GroupId)>,
}

/// What groups have to do with one user.
#[derive(Debug, Default, PartialEq)]
pub struct Person {
    pub memberships: BTreeMap<GroupId, Membership>,
    /// Groups that ask the user to join.
    pub invitations: BTreeSet<GroupId>,
    /// Groups of the user that were ended, of which the user has yet to be told.
    pub ended: Vec<GroupName>,
    /// How many groups there are that the user made.
    pub made: usize,
}

/// A user's membership in a group.
#[derive(Debug, PartialEq)]
pub struct Membership {
    /// From which message on the user reads.
    pub since: MessageId,
    /// When the membership ends, if it does because the user is offline.
    pub ends: Option<Duration>,
    /// Whether the user has yet to be told of it.
    pub is_news: bool,
}

impl Memberships {
    /// A user's membership in a group.
    pub fn get(&self, user: UserIndex, id: GroupId) -> Option<&Membership> {
        self.people.get(&user)?.memberships.get(&id)
    }

    /// The groups of a user, oldest first.
    pub fn of(&self, user: UserIndex) -> impl Iterator<Item = GroupId> {
        let person = self.people.get(&user);
        person.into_iter().flat_map(|person| person.memberships.keys().copied())
    }

    /// Notes that a user is a member of a group, and not asked to be one any more.
    pub fn join(&mut self, user: UserIndex, id: GroupId, since: MessageId) {
        let person = self.people.entry(user).or_default();
        person.invitations.remove(&id);
        person.memberships.insert(id, Membership { since, ends: None, is_news: false });
    }

    /// Ends a membership.
    pub fn leave(&mut self, user: UserIndex, id: GroupId) {
        self.stay(user, id);
        self.change(user, |person| {
            person.memberships.remove(&id);
        });
    }

    /// How many groups there are that a user made.
    pub fn made(&self, user: UserIndex) -> usize {
        self.people.get(&user).map_or(0, |person| person.made)
    }

    /// Counts a group that a user made.
    pub fn count_made(&mut self, user: UserIndex) {
        self.people.entry(user).or_default().made += 1;
    }

    /// Counts a group less that a user made.
    pub fn discount_made(&mut self, user: UserIndex) {
        self.change(user, |person| person.made -= 1);
    }

    /// Notes that a group asks a user to join.
    pub fn invite(&mut self, user: UserIndex, id: GroupId) {
        self.people.entry(user).or_default().invitations.insert(id);
    }

    /// Forgets that a group asks a user to join.
    pub fn withdraw(&mut self, user: UserIndex, id: GroupId) {
        self.change(user, |person| {
            person.invitations.remove(&id);
        });
    }

    /// Whether a group asks a user to join.
    pub fn is_asked(&self, user: UserIndex, id: GroupId) -> bool {
        self.people.get(&user).is_some_and(|person| person.invitations.contains(&id))
    }

    /// The groups that ask a user to join, oldest first.
    pub fn invitations(&self, user: UserIndex) -> impl Iterator<Item = GroupId> {
        self.people.get(&user).into_iter().flat_map(|person| person.invitations.iter().copied())
    }

    /// Has one membership end at a time, since its user is offline.
    pub fn end_at(&mut self, user: UserIndex, id: GroupId, ends: Duration) {
        let Some(membership) = self.get_mut(user, id) else { return };
        debug_assert!(membership.ends.is_none(), "{user:?} is about to leave already");
        membership.ends = Some(ends);
        self.endings.insert((ends, user, id));
    }

    /// Has those memberships of a user end at a time of which `is_ending` says so, but for those
    /// that end already.
    pub fn end_some_at(
        &mut self,
        user: UserIndex,
        ends: Duration,
        is_ending: impl Fn(GroupId) -> bool,
    ) {
        let Some(person) = self.people.get_mut(&user) else { return };
        for (id, membership) in &mut person.memberships {
            if membership.ends.is_none() && is_ending(*id) {
                membership.ends = Some(ends);
                self.endings.insert((ends, user, *id));
            }
        }
    }

    /// Has one membership last.
    pub fn stay(&mut self, user: UserIndex, id: GroupId) {
        let ends = self.get_mut(user, id).and_then(|membership| membership.ends.take());
        if let Some(ends) = ends {
            self.endings.remove(&(ends, user, id));
        }
    }

    /// Has all memberships of a user last, who is back.
    pub fn stay_everywhere(&mut self, user: UserIndex) {
        let Some(person) = self.people.get_mut(&user) else { return };
        for (id, membership) in &mut person.memberships {
            if let Some(ends) = membership.ends.take() {
                self.endings.remove(&(ends, user, *id));
            }
        }
    }

    /// When the next membership ends.
    pub fn next_ending(&self) -> Option<Duration> {
        self.endings.first().map(|(at, ..)| *at)
    }

    /// The next membership that is over by now.
    pub fn over(&self, now: Duration) -> Option<(UserIndex, GroupId)> {
        let (at, user, id) = self.endings.first()?;
        (*at <= now).then_some((*user, *id))
    }

    /// Notes that a user has yet to be told of becoming a member.
    pub fn tell_later(&mut self, user: UserIndex, id: GroupId) {
        if let Some(membership) = self.get_mut(user, id) {
            membership.is_news = true;
        }
    }

    /// The groups, oldest first and at most so many, of which a user became a member and has not
    /// been told, which is done now.
    pub fn take_news(&mut self, user: UserIndex, most: usize) -> Vec<GroupId> {
        let Some(person) = self.people.get_mut(&user) else { return Vec::new() };
        let news = person
            .memberships
            .iter_mut()
            .filter_map(|(id, membership)| std::mem::take(&mut membership.is_news).then_some(*id));
        news.take(most).collect()
    }

    /// Notes that a user has yet to be told that a group ended.
    pub fn tell_ended_later(&mut self, user: UserIndex, name: GroupName) {
        let ended = &mut self.people.entry(user).or_default().ended;
        if ended.len() < GROUP_NOTICES_MAX {
            ended.push(name);
        }
    }

    /// The groups of a user that were ended and of which the user has not been told, which is done
    /// now.
    pub fn take_ended(&mut self, user: UserIndex) -> Vec<GroupName> {
        let mut ended = Vec::new();
        self.change(user, |person| ended = std::mem::take(&mut person.ended));
        ended
    }

    fn get_mut(&mut self, user: UserIndex, id: GroupId) -> Option<&mut Membership> {
        self.people.get_mut(&user)?.memberships.get_mut(&id)
    }

    /// Changes what is known of one user, and forgets who has nothing to do with groups any more.
    fn change(&mut self, user: UserIndex, change: impl FnOnce(&mut Person)) {
        let Some(person) = self.people.get_mut(&user) else { return };
        change(person);
        if *person == Person::default() {
            self.people.remove(&user);
        }
    }
}
