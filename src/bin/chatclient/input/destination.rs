//! The destination of a line: the chat that it is sent to, or the question that it answers.
//!
//! A line has the destination that the prompt shows when it is begun. So a line that was typed for
//! one chat goes to no other, even if the prompt has changed before Enter is pressed.

use std::fmt;

use chatsrv::chat::name::{Target, UserName};

use crate::calls::sockets::CallId;
use crate::link::login::Question;

/// The chat that a line is sent to, or the question that it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Destination {
    /// No chat, since none is open.
    #[default]
    Nowhere,
    /// A chat on the server, which is open or being opened.
    Chat(Target),
    /// A direct chat, and no later one with the same user.
    Direct(UserName, CallId),
    /// A step of a dialogue.
    Dialogue(Dialogue),
    /// A question of the login.
    Login(Question),
    /// A chat that could not be opened, or is over. The line goes to no other, and is a command
    /// only if it begins with `/`.
    Gone,
    /// One of several chats: the prompt has changed, and it is unknown whether the line was begun
    /// before.
    Unsure,
}

/// The step of a dialogue, which asks for a message, a password or a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialogue {
    /// No dialogue.
    #[default]
    None,
    /// Asks for the receiver of a direct message.
    User,
    /// Asks for the message to this target.
    Text(Target),
    /// Asks for a password, to change it.
    Password(PasswordEntry),
    /// Asks whether to leave.
    Leave,
    /// Asks whether to carry out a command that can't be undone.
    Confirm,
}

/// The password that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordEntry {
    /// The old one.
    Old,
    /// The new one.
    New,
    /// The new one again.
    NewAgain,
    /// The password of the account that is to be removed.
    Own,
}

impl PasswordEntry {
    /// The prompt.
    pub fn prompt(self) -> &'static str {
        match self {
            PasswordEntry::Old => "old password: ",
            PasswordEntry::New => "new password: ",
            PasswordEntry::NewAgain => "the new password again: ",
            PasswordEntry::Own => "your password: ",
        }
    }
}

impl Destination {
    /// Returns true if text is a message there, even PM, DM or EX.
    pub fn takes_messages(&self) -> bool {
        use Destination::{Chat, Dialogue as Step, Direct};
        matches!(self, Chat(_) | Direct(..) | Step(Dialogue::Text(_)))
    }

    /// Returns true if a line without `/` may be a command there.
    pub fn takes_words(&self) -> bool {
        matches!(self, Destination::Nowhere)
    }
}

impl fmt::Display for Destination {
    /// Writes the receiver of a line.
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
