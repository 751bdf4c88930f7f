//! Where a line goes.
//!
//! It is fixed when the line begins, and the line carries it from then on: whatever the prompt says
//! by the time that Enter is pressed, what was typed for one chat goes to no other.

use std::fmt;

use chatsrv::chat::name::{Target, UserName};

use crate::calls::sockets::CallId;
use crate::link::login::Question;

/// To which chat a line goes, or to which question it is the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Destination {
    /// To no chat: none is open.
    #[default]
    Nowhere,
    /// To a chat that goes through the server, and is open or being opened.
    Chat(Target),
    /// To one direct chat, and to no later one with the same user.
    Direct(UserName, CallId),
    /// To a step of a dialogue.
    Dialogue(Dialogue),
    /// To a question of the login.
    Login(Question),
    /// To a chat that what came before should have led to, and did not, or that is over: to no
    /// other, and no word there is a command.
    Gone,
    /// To one of several chats: the prompt has moved, and it can't be told whether the line was
    /// begun before.
    Unsure,
}

/// A message or a decision that is put together step by step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialogue {
    /// None.
    #[default]
    None,
    /// Waits for whom a direct message is.
    User,
    /// Waits for the message to this target.
    Text(Target),
    /// Waits for a password that is to be changed.
    Password(PasswordEntry),
    /// Waits for whether to leave.
    Leave,
}

/// Which password is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordEntry {
    /// The one that is good now.
    Old,
    /// The one to come.
    New,
    /// The same once more.
    NewAgain,
}

impl PasswordEntry {
    /// What it is asked for with.
    pub fn prompt(self) -> &'static str {
        match self {
            PasswordEntry::Old => "old password: ",
            PasswordEntry::New => "new password: ",
            PasswordEntry::NewAgain => "the new password again: ",
        }
    }
}

impl Destination {
    /// Whether any text that comes there is a message, also one that reads like PM, DM or EX.
    pub fn takes_messages(&self) -> bool {
        use Destination::{Chat, Dialogue as Step, Direct};
        matches!(self, Chat(_) | Direct(..) | Step(Dialogue::Text(_)))
    }

    /// Whether a line without `/` may be a command there.
    pub fn takes_words(&self) -> bool {
        matches!(self, Destination::Nowhere)
    }
}

impl fmt::Display for Destination {
    /// For whom a line is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::Chat(target) | Destination::Dialogue(Dialogue::Text(target)) => {
                match target {
                    Target::Everyone => f.write_str("everyone"),
                    target => target.fmt(f),
                }
            }
            Destination::Direct(peer, _) => write!(f, "{peer} (direct)"),
            _ => f.write_str("no chat"),
        }
    }
}
