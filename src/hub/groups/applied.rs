//! What an entry about groups does beside what it says.

use crate::hub::groups::group::{Group, NewAdmin};

/// What an applied entry did to a group beside what it says.
#[derive(Debug, Default)]
pub struct Applied {
    /// The group's admin, if that is another one now.
    pub new_admin: Option<NewAdmin>,
    /// The group, if that was its end, with the members that it had then.
    pub ended: Option<Group>,
}
