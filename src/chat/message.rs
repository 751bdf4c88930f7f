//! Messages, their chats, and the destinations by which people are told of chats.

use std::fmt;
use std::sync::Arc;

use crate::chat::id::{GroupId, MessageId};
use crate::chat::name::{GroupName, Number, UserName};

/// The destination of a message as it is shown: the name, not the word that the sender used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Everyone.
    Everyone,
    /// One user.
    User(UserName),
    /// The members of a group.
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

/// A chat: the messages between the same people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chat {
    /// The chat of everyone.
    Everyone,
    /// The chat of two users, the smaller number first; or of a user alone.
    Direct(Number, Number),
    /// The chat of a group's members.
    Group(GroupId),
}

impl Chat {
    /// The chat of two users, in any order.
    pub fn direct(one: Number, other: Number) -> Self {
        Chat::Direct(one.min(other), one.max(other))
    }
}

/// A message, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// The id, which is the time and the order.
    pub id: MessageId,
    /// The sender.
    pub from: Number,
    /// The chat. The receiver of a direct message is the other one of the two users.
    pub chat: Chat,
    /// The text, or the name of the file that was sent.
    pub text: Arc<str>,
    /// The size in bytes of the file, if one was sent.
    pub file_size: Option<u64>,
    /// True if its receiver ignored the sender when it was sent: nobody but the sender reads it.
    pub is_unheard: bool,
}

impl StoredMessage {
    /// Returns true if a user is kept from reading it, though it was said in a chat of that user.
    pub fn is_hidden_from(&self, reader: Number) -> bool {
        self.is_unheard && self.from != reader
    }
}

/// The number of unread messages of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The chat.
    pub chat: Chat,
    /// The number of messages.
    pub count: u64,
    /// The newest of them.
    pub last: MessageId,
}

/// A chat of a user, as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatSummary {
    /// The chat.
    pub chat: Chat,
    /// The number of unread messages.
    pub unread: u64,
    /// The message up to which the user has read it.
    pub seen: MessageId,
    /// The last message that the user may read.
    pub last: Option<StoredMessage>,
}

/// A message, as people are told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The id, which is the time and the order.
    pub id: MessageId,
    /// The sender.
    pub from: UserName,
    /// The destination.
    pub to: Destination,
    /// The text, which is not empty and has no control characters; or the name of a file.
    pub text: Arc<str>,
    /// The size in bytes of the file, if one was sent.
    pub file_size: Option<u64>,
}
