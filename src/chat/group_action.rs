//! The changes of a group that exists.

use crate::chat::id::LogTime;
use crate::chat::name::Number;
use crate::chat::text::{Reason, Topic};

/// A change of a group. `by` is the user who wants it. A user is a number, or what a number was
/// resolved to.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupAction<U = Number> {
    /// A user who was asked joins, or any user if the group is public; another one asks to join.
    Join {
        /// The user.
        user: U,
        /// The largest number of members.
        members_max: usize,
        /// The largest number of groups in which the user may be.
        groups_max: usize,
    },
    /// An op asks a user to join, or any member if the group is public. A user who asks to join is
    /// a member then.
    Ask {
        /// The op or the member.
        by: U,
        /// The user who is asked.
        user: U,
        /// The largest number of members.
        members_max: usize,
    },
    /// A user who was asked does not join.
    Decline {
        /// The user.
        user: U,
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
        /// True if the user is shut out, too.
        ever: bool,
    },
    /// A member leaves.
    Leave {
        /// The member.
        user: U,
        /// The reason that the member gives.
        reason: Option<Reason>,
    },
    /// An op removes a member.
    Expel {
        /// The op.
        by: U,
        /// The member.
        user: U,
        /// True if the user is shut out, too.
        ever: bool,
        /// The reason that the op gives.
        reason: Option<Reason>,
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
    /// An op lets everybody join, or closes the group.
    SetPublic {
        /// The op.
        by: U,
        /// True if everybody may join.
        public: bool,
    },
    /// An op lets members set the topic, or no longer.
    OpenTopic {
        /// The op.
        by: U,
        /// True if members may set it.
        open: bool,
    },
    /// An op sets the topic or takes it away, or a member if members may.
    SetTopic {
        /// The op or the member.
        by: U,
        /// The topic; none takes it away.
        topic: Option<Topic>,
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
            GroupAction::Join { user, members_max, groups_max } => {
                GroupAction::Join { user: find(user)?, members_max, groups_max }
            }
            GroupAction::Ask { by, user, members_max } => {
                GroupAction::Ask { by: find(by)?, user: find(user)?, members_max }
            }
            GroupAction::Decline { user } => GroupAction::Decline { user: find(user)? },
            GroupAction::Admit { by, user, members_max } => {
                GroupAction::Admit { by: find(by)?, user: find(user)?, members_max }
            }
            GroupAction::Refuse { by, user, ever } => {
                GroupAction::Refuse { by: find(by)?, user: find(user)?, ever }
            }
            GroupAction::Leave { user, ref reason } => {
                GroupAction::Leave { user: find(user)?, reason: reason.clone() }
            }
            GroupAction::Expel { by, user, ever, ref reason } => {
                let reason = reason.clone();
                GroupAction::Expel { by: find(by)?, user: find(user)?, ever, reason }
            }
            GroupAction::Keep { by, keep, memberships_end } => {
                GroupAction::Keep { by: find(by)?, keep, memberships_end }
            }
            GroupAction::SetPublic { by, public } => {
                GroupAction::SetPublic { by: find(by)?, public }
            }
            GroupAction::OpenTopic { by, open } => GroupAction::OpenTopic { by: find(by)?, open },
            GroupAction::SetTopic { by, ref topic } => {
                GroupAction::SetTopic { by: find(by)?, topic: topic.clone() }
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
