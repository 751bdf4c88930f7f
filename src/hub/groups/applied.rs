//! The effects of an entry about groups beyond what the entry says.

use crate::hub::groups::group::{Group, NewAdmin};

/// The effects of an applied entry on a group beyond what the entry says.
#[derive(Debug, Default)]
pub struct Applied {
    /// The group's new admin, if it has another one now.
    pub new_admin: Option<NewAdmin>,
    /// The group with its last members, if it ended.
    pub ended: Option<Group>,
}
