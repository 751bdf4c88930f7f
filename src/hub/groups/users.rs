//! The users that the groups domain needs to know: their accounts and their presence.

use crate::chat::name::{Number, UserName};
use crate::chat::refusal::Refusal;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::input::ConnId;
use crate::hub::presence::Presence;

/// A view of all accounts, and of who is online.
#[derive(Clone, Copy, Debug)]
pub struct Users<'a> {
    pub accounts: &'a Accounts,
    pub presence: &'a Presence,
}

impl<'a> Users<'a> {
    /// Finds a user by number.
    ///
    /// # Errors
    /// [`Refusal::NoSuchUser`] if nobody has the number.
    pub fn find(&self, number: Number) -> Result<UserIndex, Refusal> {
        self.accounts.directory.find_number(number).ok_or(Refusal::NoSuchUser)
    }

    /// The name of a user.
    pub fn name(&self, user: UserIndex) -> UserName {
        self.accounts.name(user)
    }

    /// The sessions over which a user is online.
    pub fn sessions_of(&self, user: UserIndex) -> impl Iterator<Item = ConnId> + use<'a> {
        self.presence.sessions_of(user)
    }

    /// Returns true if what a user is told now does not reach all of the user's sessions: the user
    /// is offline, or a session is about to be welcomed.
    pub fn has_to_be_told_later(&self, user: UserIndex) -> bool {
        !self.presence.is_online(user) || self.presence.is_entering(user)
    }
}
