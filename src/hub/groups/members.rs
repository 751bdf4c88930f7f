//! The members of a group, in the order in which they joined.

use std::collections::BTreeMap;

use crate::chat::id::MessageId;
use crate::hub::accounts::directory::UserIndex;

/// A member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub user: UserIndex,
    /// The first message that the member may read.
    pub since: MessageId,
}

/// The place of a member among the members of a group: the oldest member has the smallest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemberPlace(u64);

/// The members of a group, by their places. So a member leaves a large group at the cost of leaving
/// a small one. Ask the user's memberships whether a user is a member, and for the place.
#[derive(Clone, Debug, Default)]
pub struct Members {
    by_place: BTreeMap<MemberPlace, Member>,
    /// The place of the next member.
    next: MemberPlace,
}

impl Members {
    /// Adds the youngest member.
    pub fn push(&mut self, member: Member) -> MemberPlace {
        let place = self.next;
        self.next = MemberPlace(place.0 + 1);
        self.by_place.insert(place, member);
        place
    }

    /// Removes the member at a place.
    pub fn remove(&mut self, place: MemberPlace) {
        self.by_place.remove(&place);
    }

    /// The members, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Member> + Clone {
        self.by_place.values()
    }

    /// The members with their places, the oldest first.
    pub fn places(&self) -> impl Iterator<Item = (MemberPlace, &Member)> {
        self.by_place.iter().map(|(place, member)| (*place, member))
    }

    /// The oldest member.
    pub fn first(&self) -> Option<&Member> {
        self.by_place.values().next()
    }

    /// The number of members.
    pub fn len(&self) -> usize {
        self.by_place.len()
    }

    /// Returns true if there is no member.
    pub fn is_empty(&self) -> bool {
        self.by_place.is_empty()
    }
}
