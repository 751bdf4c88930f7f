//! The commands of a client, parsed from `C` lines.

use super::codes;
use super::verb::Verb;
use crate::chat::name::{Key, UserName};
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
    },
    /// Change the password: the old one follows, then the new one.
    Passwd,
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
            Command::Pm => Verb::Pm,
            Command::Dm => Verb::Dm,
            Command::Key(_) => Verb::Key,
            Command::More(_) => Verb::More,
            Command::Help => Verb::Help,
            // A request without a verb is never parsed from a command line.
            Command::Ask(request) => codes::verb(request.kind()).unwrap_or(Verb::Help),
        }
    }
}
