//! The records of groups as the store keeps them, and the changes of them.

use std::fmt;

use crate::chat::id::{GroupId, MessageId};
use crate::chat::name::{GroupName, Number};

/// A member of a group, as the store keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberRecord {
    /// The member.
    pub number: Number,
    /// The first message that the member may read.
    pub since: MessageId,
    /// The time at which the membership ends, if it does because the user is offline, in
    /// microseconds since the Unix epoch.
    pub ends: Option<u64>,
    /// True if the member has yet to be told of it.
    pub is_news: bool,
}

impl MemberRecord {
    /// A member who has been told, and whose membership does not end.
    pub fn new(number: Number, since: MessageId) -> Self {
        MemberRecord { number, since, ends: None, is_news: false }
    }
}

/// A group, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// The id.
    pub id: GroupId,
    /// The name, in the case in which it was made.
    pub name: GroupName,
    /// The admin, who may hand it over.
    pub admin: Number,
    /// The ops, who look after it, with the admin; the longest-serving first.
    pub ops: Vec<Number>,
    /// The user who made it.
    pub made_by: Number,
    /// True if it outlives logouts and restarts.
    pub kept: bool,
    /// The members, oldest first.
    pub members: Vec<MemberRecord>,
    /// The users who were asked to join.
    pub asked: Vec<Number>,
    /// The users who asked to join.
    pub asking: Vec<Number>,
}

/// A row of a group in the store, as it is from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupRow {
    /// The group itself, which exists already.
    Group {
        /// The id.
        id: GroupId,
        /// The admin, who may hand it over.
        admin: Number,
        /// True if it outlives logouts and restarts.
        kept: bool,
    },
    /// A member. A new one is the youngest; one who becomes an op is the youngest op.
    Member {
        /// The group.
        group: GroupId,
        /// The member.
        member: MemberRecord,
        /// True if the member is an op.
        is_op: bool,
    },
    /// The end of a membership.
    NoMember {
        /// The group.
        group: GroupId,
        /// The user who was a member.
        number: Number,
    },
    /// A user who was asked to join, or asks to; a new one is the youngest.
    Candidate {
        /// The group.
        group: GroupId,
        /// The user.
        number: Number,
        /// True if the user asks; false if the user was asked.
        asks: bool,
    },
    /// A user who is not asked to join any more, or does not ask to.
    NoCandidate {
        /// The group.
        group: GroupId,
        /// The user.
        number: Number,
        /// True if the user asked; false if the user was asked.
        asks: bool,
    },
    /// The group has ended.
    Ended(GroupId),
    /// A user has yet to be told that a group of that name ended.
    Untold {
        /// The user.
        number: Number,
        /// The name of the group.
        name: GroupName,
    },
    /// A user was told of all groups that ended.
    Told {
        /// The user.
        number: Number,
    },
}

impl GroupRow {
    /// The group that the row belongs to; none if it belongs to a user alone.
    pub fn group(&self) -> Option<GroupId> {
        match *self {
            GroupRow::Group { id: group, .. }
            | GroupRow::Member { group, .. }
            | GroupRow::NoMember { group, .. }
            | GroupRow::Candidate { group, .. }
            | GroupRow::NoCandidate { group, .. }
            | GroupRow::Ended(group) => Some(group),
            GroupRow::Untold { .. } | GroupRow::Told { .. } => None,
        }
    }

    /// The user that the row belongs to, if it belongs to no group.
    pub fn user(&self) -> Option<Number> {
        match *self {
            GroupRow::Untold { number, .. } | GroupRow::Told { number } => Some(number),
            _ => None,
        }
    }
}

/// A change of a group's members or admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupChange {
    /// A user became a member.
    Join,
    /// A user is no member any more.
    Leave,
    /// A member became the admin.
    Admin,
}

impl fmt::Display for GroupChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GroupChange::Join => "join",
            GroupChange::Leave => "leave",
            GroupChange::Admin => "admin",
        })
    }
}
