//! Messages, the chats they stand in, and how those are named to people.

use std::fmt;
use std::sync::Arc;

use crate::chat::id::{GroupId, MessageId};
use crate::chat::name::{GroupName, Number, UserName};

/// To whom a message went, as it is shown: the name, not the word that the sender used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Everyone.
    Everyone,
    /// One user.
    User(UserName),
    /// A group's members.
    Group(GroupName),
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::Everyone => f.write_str("*"),
            Destination::User(name) => name.fmt(f),
            Destination::Group(name) => name.fmt(f),
        }
    }
}

/// The messages between the same people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chat {
    /// Of everyone.
    Everyone,
    /// Of two users, the smaller number first; or of one with oneself.
    Direct(Number, Number),
    /// Of a group's members.
    Group(GroupId),
}

impl Chat {
    /// The chat of two users.
    pub fn direct(one: Number, other: Number) -> Self {
        Chat::Direct(one.min(other), one.max(other))
    }
}

/// A message as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// When, and in which order.
    pub id: MessageId,
    /// Who.
    pub from: Number,
    /// In which chat; the receiver of a direct message is the other one of the two.
    pub chat: Chat,
    /// What was said, or the name of the file that was sent.
    pub text: Arc<str>,
    /// Where a file was sent: its size in bytes.
    pub file_size: Option<u64>,
}

/// How much is unread in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Which chat.
    pub chat: Chat,
    /// How many messages.
    pub count: u64,
    /// The newest of them.
    pub last: MessageId,
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// When, and in which order.
    pub id: MessageId,
    /// Who.
    pub from: UserName,
    /// To whom.
    pub to: Destination,
    /// What: a text that is not empty, without control characters; or a file's name.
    pub text: Arc<str>,
    /// Where a file was sent: its size in bytes.
    pub file_size: Option<u64>,
}
