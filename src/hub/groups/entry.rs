//! Changes of groups, as values: a request proposes one, the [registry](super::registry) checks
//! and applies it.
//!
//! Whether an entry is refused, and what it does, follows from the registry, the accounts, who is
//! online, and the entry. So limits that are configured, and times, are part of it; times are those
//! of the monotonic clock.

use std::time::Duration;

use crate::chat::group::GroupRecord;
use crate::chat::id::{GroupId, MessageId};
use crate::hub::accounts::directory::UserIndex;
use crate::hub::groups::group::{Group, NewAdmin};

/// A change of one group.
#[derive(Debug)]
pub struct GroupEntry {
    pub group: GroupId,
    pub action: GroupAction,
}

/// What is to happen to a group.
#[derive(Debug)]
pub enum GroupAction {
    /// It begins. Memberships of those who are offline end at `ends`.
    Make { record: GroupRecord, ends: Duration },
    /// A user joins who was asked to; another one asks to join.
    Join { user: UserIndex, terms: Terms },
    /// An op makes a user a member who asks to join.
    Admit { by: UserIndex, user: UserIndex, terms: Terms },
    /// An op refuses a user who asks to join.
    Refuse { by: UserIndex, user: UserIndex },
    /// A member leaves.
    Leave { user: UserIndex },
    /// An op has the group outlive logouts and restarts, or no longer; then the memberships of
    /// those who are offline end at `ends`.
    Keep { by: UserIndex, keep: bool, ends: Duration },
    /// An op makes a member an op, or no longer.
    SetOp { by: UserIndex, user: UserIndex, op: bool },
    /// Its admin, or an administrator, makes a member its admin.
    HandOver { by: UserIndex, user: UserIndex },
    /// An administrator ends it.
    Dissolve { by: UserIndex },
    /// Its admin is banned, and it gets another one.
    ReplaceAdmin,
}

/// The terms on which a user becomes a member.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// From which message on the user reads.
    pub since: MessageId,
    /// When the membership ends, if the user is offline and the group is not kept.
    pub ends: Duration,
    /// How many members there may be.
    pub members_max: usize,
}

/// What an applied entry did beside what it says.
#[derive(Debug, Default)]
pub struct Applied {
    /// The group's admin, if that is another one now.
    pub new_admin: Option<NewAdmin>,
    /// The group, if that was its end, with the members that it had then.
    pub ended: Option<Group>,
}
