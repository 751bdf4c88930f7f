//! Groups as they are kept, and what changes in them.

use std::fmt;

use crate::chat::id::{GroupId, MessageId};
use crate::chat::name::{GroupName, Number};

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
    /// Its members, oldest first, and from which message on each reads.
    pub members: Vec<(Number, MessageId)>,
    /// Who was asked to join.
    pub asked: Vec<Number>,
    /// Who asked to join.
    pub asking: Vec<Number>,
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
