//! What accounts may be called, and how users may call themselves, so that nobody is taken for
//! another one. Accounts that have a name keep it.

use crate::chat::name::{DisplayName, UserName};
use crate::chat::refusal::Refusal;
use crate::hub::accounts::directory::{Directory, OPERATOR, UserIndex};
use crate::hub::accounts::roles::Roles;
use crate::hub::context::Core;

/// Checks that a new account may have a name, whether it is taken or not: nobody may have one that
/// is reserved, or was that of an account until not long ago. One that looks like an
/// administrator's the operator alone may give away; `by` is who does, or nobody where a stranger
/// takes it.
pub fn check_new_name(
    name: &UserName,
    by: Option<UserIndex>,
    (directory, roles): (&Directory, &Roles),
    core: &Core,
) -> Result<(), Refusal> {
    let is_reserved = core.config.accounts.reserved.contains(name.as_str())
        || directory.is_kept(name, core.seconds());
    let is_administrators =
        |user: UserIndex| roles.is_administrator(user) && directory.account(user).name != *name;
    let deceives =
        by != Some(OPERATOR) && directory.looking_like(name.as_str()).any(is_administrators);
    if is_reserved || deceives { Err(Refusal::ReservedName) } else { Ok(()) }
}

/// Checks that a user may be shown under a name: not under one that is reserved, or looks like the
/// name of another account. A user's own name is fine.
pub fn check_display_name(
    user: UserIndex,
    display: &DisplayName,
    directory: &Directory,
    core: &Core,
) -> Result<(), Refusal> {
    let display = display.as_str();
    if display.eq_ignore_ascii_case(directory.account(user).name.as_str()) {
        return Ok(());
    }
    let looks_alike = core.config.accounts.reserved.contains(display)
        || directory.looking_like(display).any(|other| other != user);
    if looks_alike { Err(Refusal::NameLooksAlike) } else { Ok(()) }
}
