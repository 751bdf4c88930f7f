//! The state machine of a session: from the greeting to the goodbye.

use std::time::Duration;

use crate::chat::kind::Kind;
use crate::hub::accounts::directory::{OPERATOR, UserIndex};

/// A login that failed.
#[derive(Debug, PartialEq, Eq)]
pub struct FailedLogin {
    /// The kind of the request that tried it.
    pub of: Kind,
    /// The time at which it is refused, on the monotonic clock.
    pub until: Duration,
}

/// The state of a session. Before the login, one answer waits at most.
#[derive(Debug, PartialEq, Eq)]
pub enum State {
    /// Not logged in; a login is awaited.
    Greeted,
    /// The password or the token is being checked, or the account registered.
    ChecksPassword,
    /// The password or the token was wrong; the refusal is delayed.
    Refused(Box<FailedLogin>),
    /// Let in; the unread messages are being counted.
    Enters(UserIndex),
    /// Logged in.
    Online(UserIndex),
    /// Logged in until the waiting replies are given; nothing more is taken.
    Leaving(UserIndex),
}

impl State {
    /// Returns true if a session may change to another state.
    pub fn may_become(&self, next: &State) -> bool {
        use State::{ChecksPassword, Enters, Greeted, Leaving, Online, Refused};
        match (self, next) {
            // The operator is let in without a password.
            (Greeted, Enters(user)) => *user == OPERATOR,
            (Greeted, ChecksPassword | Refused(_))
            | (ChecksPassword, Greeted | Refused(_) | Enters(_))
            | (Refused(_) | Enters(_), Greeted) => true,
            (Enters(before), Online(after)) | (Online(before), Leaving(after)) => before == after,
            _ => false,
        }
    }
}
