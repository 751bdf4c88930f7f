//! The state machine of a session: from the greeting to the goodbye.

use std::time::Duration;

use crate::chat::request::Kind;
use crate::hub::accounts::directory::{OPERATOR, UserIndex};

/// A login that failed.
#[derive(Debug, PartialEq, Eq)]
pub struct FailedLogin {
    /// With what it was tried.
    pub of: Kind,
    /// When that is told, on the monotonic clock.
    pub until: Duration,
}

/// Where a session stands. Before the login, at most one answer is owed at a time.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody yet: a login is awaited.
    Greeted,
    /// The password or the token is being checked, or the account registered.
    ChecksPassword,
    /// The password or the token was wrong, which is told a little later.
    Refused(Box<FailedLogin>),
    /// Let in; what is unread is being counted.
    Enters(UserIndex),
    /// Logged in.
    Online(UserIndex),
    /// Logged in until the answers that wait are given; nothing more is taken.
    Leaving(UserIndex),
}

impl State {
    /// Whether a session may go on to that state.
    pub fn may_become(&self, next: &State) -> bool {
        use State::{ChecksPassword, Enters, Greeted, Leaving, Online, Refused};
        match (self, next) {
            // The operator enters without a password.
            (Greeted, Enters(user)) => *user == OPERATOR,
            (Greeted, ChecksPassword | Refused(_))
            | (ChecksPassword, Greeted | Refused(_) | Enters(_))
            | (Refused(_) | Enters(_), Greeted) => true,
            (Enters(before), Online(after)) | (Online(before), Leaving(after)) => before == after,
            _ => false,
        }
    }
}
