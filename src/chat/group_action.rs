//! The changes of a group that exists.

use crate::chat::id::LogTime;
use crate::chat::name::Number;

/// A change of a group. `by` is the user who wants it. A user is a number, or what a number was
/// resolved to.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupAction<U = Number> {
    /// A user who was asked joins; any other user asks to join.
    Join {
        /// The user.
        user: U,
        /// The largest number of members.
        members_max: usize,
    },
    /// An op admits a user who asks to join.
    Admit {
        /// The op.
        by: U,
        /// The user who asks.
        user: U,
        /// The largest number of members.
        members_max: usize,
    },
    /// An op refuses a user who asks to join.
    Refuse {
        /// The op.
        by: U,
        /// The user who asks.
        user: U,
    },
    /// A member leaves.
    Leave {
        /// The member.
        user: U,
    },
    /// An op lets the group outlive logouts and restarts, or no longer.
    Keep {
        /// The op.
        by: U,
        /// True if the group is to outlive them.
        keep: bool,
        /// The time at which memberships of offline users end, if it is not.
        memberships_end: LogTime,
    },
    /// An op makes a member an op, or takes that role away.
    SetOp {
        /// The op who decides.
        by: U,
        /// The member.
        user: U,
        /// True if the member becomes an op.
        op: bool,
    },
    /// The admin, or an administrator, makes a member the admin.
    HandOver {
        /// The user who decides that.
        by: U,
        /// The member.
        user: U,
    },
    /// An administrator ends the group.
    Dissolve {
        /// The administrator.
        by: U,
    },
    /// The group gets another admin, since its admin is banned.
    ReplaceAdmin,
}

impl<U: Copy> GroupAction<U> {
    /// The same change with `find` applied to each user.
    ///
    /// # Errors
    /// The first error that `find` returns.
    pub fn try_map<V, E>(&self, find: impl Fn(U) -> Result<V, E>) -> Result<GroupAction<V>, E> {
        Ok(match *self {
            GroupAction::Join { user, members_max } => {
                GroupAction::Join { user: find(user)?, members_max }
            }
            GroupAction::Admit { by, user, members_max } => {
                GroupAction::Admit { by: find(by)?, user: find(user)?, members_max }
            }
            GroupAction::Refuse { by, user } => {
                GroupAction::Refuse { by: find(by)?, user: find(user)? }
            }
            GroupAction::Leave { user } => GroupAction::Leave { user: find(user)? },
            GroupAction::Keep { by, keep, memberships_end } => {
                GroupAction::Keep { by: find(by)?, keep, memberships_end }
            }
            GroupAction::SetOp { by, user, op } => {
                GroupAction::SetOp { by: find(by)?, user: find(user)?, op }
            }
            GroupAction::HandOver { by, user } => {
                GroupAction::HandOver { by: find(by)?, user: find(user)? }
            }
            GroupAction::Dissolve { by } => GroupAction::Dissolve { by: find(by)? },
            GroupAction::ReplaceAdmin => GroupAction::ReplaceAdmin,
        })
    }
}
