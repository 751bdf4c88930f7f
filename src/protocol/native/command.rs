//! What a command line asks for.

use super::codes;
use super::verb::Verb;
use crate::chat::name::{Key, UserName};
use crate::chat::request::Request;

/// What a `C` line asks for: a whole request, or a step towards one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Log in, or register; the password follows.
    User {
        /// Under which name.
        name: UserName,
        /// Whether a session of that user which already stands is to end.
        takeover: bool,
    },
    /// Change the password: the old one follows, then the new one.
    Passwd,
    /// Send a message to everyone, which follows.
    Pm,
    /// Send a message to a user, which follows.
    Dm,
    /// Give the next message an idempotency key.
    Key(Key),
    /// Be sent what came to the protocol later (true), or no longer.
    More(bool),
    /// List the verbs.
    Help,
    /// A whole request.
    Ask(Request),
}

impl Command {
    /// The verb that asks for it.
    pub fn verb(&self) -> Verb {
        match self {
            Command::User { .. } => Verb::User,
            Command::Passwd => Verb::Passwd,
            Command::Pm => Verb::Pm,
            Command::Dm => Verb::Dm,
            Command::Key(_) => Verb::Key,
            Command::More(_) => Verb::More,
            Command::Help => Verb::Help,
            // A request that no verb asks for comes of no command line.
            Command::Ask(request) => codes::verb(request.kind()).unwrap_or(Verb::Help),
        }
    }
}
