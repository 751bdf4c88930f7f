//! Selections: which messages a list is to hold.

use crate::chat::id::MessageId;
use crate::chat::message::Chat;

/// A selection of messages for a list, at most
/// [`LIST_MESSAGES_MAX`](crate::chat::request::LIST_MESSAGES_MAX).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The oldest messages of a chat that others sent and the reader has not marked as read.
    Unread(Chat),
    /// The last messages of a chat, or those before an id.
    Last {
        /// The chat.
        chat: Chat,
        /// The message before which the list ends; none is the end of the chat.
        before: Option<MessageId>,
        /// The number of messages.
        count: u16,
    },
    /// The first messages of a chat after an id.
    After {
        /// The chat.
        chat: Chat,
        /// The message after which the list begins.
        after: MessageId,
        /// The number of messages.
        count: u16,
    },
    /// The last messages that hold all the words.
    Holding {
        /// The chat; none is `*` and all chats of the reader.
        chat: Option<Chat>,
        /// The words, separated by white space.
        words: Box<str>,
    },
}
