//! Groups as they are kept, and what changes in them.

use std::fmt;

use crate::chat::id::{GroupId, MessageId};
use crate::chat::name::{GroupName, Number};

/// A member of a group, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberRecord {
    /// Who.
    pub number: Number,
    /// From which message on the member reads.
    pub since: MessageId,
    /// When the membership ends, if it does because its user is offline, in microseconds since the
    /// Unix epoch.
    pub ends: Option<u64>,
    /// Whether the member has yet to be told of it.
    pub is_news: bool,
}

impl MemberRecord {
    /// A member who has been told, and whose membership does not end.
    pub fn new(number: Number, since: MessageId) -> Self {
        MemberRecord { number, since, ends: None, is_news: false }
    }
}

/// A group as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// Which group.
    pub id: GroupId,
    /// Its name, in the case in which it was made.
    pub name: GroupName,
    /// Who may hand it over.
    pub admin: Number,
    /// Who looks after it, the admin too; who has been one for longest first.
    pub ops: Vec<Number>,
    /// Who made it.
    pub made_by: Number,
    /// Whether it outlives logouts and restarts.
    pub kept: bool,
    /// Its members, oldest first.
    pub members: Vec<MemberRecord>,
    /// Who was asked to join.
    pub asked: Vec<Number>,
    /// Who asked to join.
    pub asking: Vec<Number>,
}

/// A row of what is kept of groups, as it is from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupRow {
    /// The group itself, which is there already.
    Group {
        /// Which.
        id: GroupId,
        /// Who may hand it over.
        admin: Number,
        /// Whether it outlives logouts and restarts.
        kept: bool,
    },
    /// A member: a new one is the youngest; one who becomes an op is the youngest op.
    Member {
        /// Of which group.
        group: GroupId,
        /// The member.
        member: MemberRecord,
        /// Whether the member looks after it.
        is_op: bool,
    },
    /// Nobody's membership any more.
    NoMember {
        /// Of which group.
        group: GroupId,
        /// Who was a member.
        number: Number,
    },
    /// Somebody who was asked to join, or asks to; a new one is the youngest.
    Candidate {
        /// Which group.
        group: GroupId,
        /// Who.
        number: Number,
        /// Whether that user asks, and was not asked.
        asks: bool,
    },
    /// Somebody who is not asked to join any more, or does not ask to.
    NoCandidate {
        /// Which group.
        group: GroupId,
        /// Who.
        number: Number,
        /// Whether that user asked, and was not asked.
        asks: bool,
    },
    /// The group has ended.
    Ended(GroupId),
    /// A user has yet to be told that a group of that name ended.
    Untold {
        /// Who.
        number: Number,
        /// The group's name.
        name: GroupName,
    },
    /// A user was told of all groups that ended.
    Told {
        /// Who.
        number: Number,
    },
}

impl GroupRow {
    /// The group that it is of; none where it is of a user alone.
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

    /// The user that it is of, if it is of no group.
    pub fn user(&self) -> Option<Number> {
        match *self {
            GroupRow::Untold { number, .. } | GroupRow::Told { number } => Some(number),
            _ => None,
        }
    }
}

/// What changed in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupChange {
    /// Somebody became a member.
    Join,
    /// Somebody is no member any more.
    Leave,
    /// Somebody became the admin.
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
