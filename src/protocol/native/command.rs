//! The commands of a client, parsed from `C` lines.

use super::kinds;
use super::verb::Verb;
use crate::chat::name::{Key, UserName};
use crate::chat::registration::InviteCode;
use crate::chat::request::{Place, Request};

/// A parsed `C` line: a complete request, or a step towards one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Log in, or register; the password follows.
    User {
        /// The user.
        name: UserName,
        /// The place of the session among the user's others.
        place: Place,
        /// The code of an invitation, if there is one.
        invite: Option<InviteCode>,
    },
    /// Change the password: the old one follows, then the new one.
    Passwd,
    /// Remove one's own account; the password follows.
    Unregister {
        /// True if all that one has said and sent is to go, too.
        erase: bool,
    },
    /// Send a message to everyone, which follows.
    Pm,
    /// Send a message to a user, which follows.
    Dm,
    /// Give the next message an idempotency key.
    Key(Key),
    /// Be sent the later additions to the protocol (true), or no longer.
    More(bool),
    /// List the verbs.
    Help,
    /// A complete request.
    Ask(Request),
}

impl Command {
    /// The verb of the command.
    pub fn verb(&self) -> Verb {
        match self {
            Command::User { .. } => Verb::User,
            Command::Passwd => Verb::Passwd,
            Command::Unregister { .. } => Verb::Unregister,
            Command::Pm => Verb::Pm,
            Command::Dm => Verb::Dm,
            Command::Key(_) => Verb::Key,
            Command::More(_) => Verb::More,
            Command::Help => Verb::Help,
            // A request without a verb is never parsed from a command line.
            Command::Ask(request) => kinds::verb(request.kind()).unwrap_or(Verb::Help),
        }
    }
}
