//! The users of groups: their accounts, and who of them is online.

use crate::chat::name::{Number, UserName};
use crate::chat::refusal::Refusal;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::input::ConnId;
use crate::hub::presence::Presence;

/// All users: their accounts, and who is online.
#[derive(Clone, Copy, Debug)]
pub struct Users<'a> {
    pub accounts: &'a Accounts,
    pub presence: &'a Presence,
}

impl Users<'_> {
    /// The user who has a number.
    ///
    /// # Errors
    /// [`Refusal::NoSuchUser`] if nobody has.
    pub fn find(&self, number: Number) -> Result<UserIndex, Refusal> {
        self.accounts.directory.find_number(number).ok_or(Refusal::NoSuchUser)
    }

    /// The name of a user.
    pub fn name(&self, user: UserIndex) -> UserName {
        self.accounts.name(user)
    }

    /// The sessions over which a user is online.
    pub fn sessions_of(&self, user: UserIndex) -> impl Iterator<Item = ConnId> + use<> {
        self.presence.sessions_of(user)
    }
}
