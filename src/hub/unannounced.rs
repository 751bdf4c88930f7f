//! Files that are being kept: the messages that send them have ids, and nobody was told of them.
//!
//! In each chat, messages reach everybody in the order of their ids. So while a file of a chat is
//! being kept, nothing else gets an id there: a request to say something waits, and so does another
//! file. That lasts as long as one job of the store, whether it succeeds or fails.

use std::collections::BTreeMap;

use crate::chat::id::MessageId;
use crate::chat::message::Chat;
use crate::chat::request::Request;
use crate::hub::input::ConnId;

/// The files that are being kept, and the requests that wait for them.
#[derive(Debug, Default)]
pub struct Unannounced {
    files: BTreeMap<MessageId, Chat>,
    /// The requests that wait, in the order in which they came. A session has one at most, and is
    /// blocked.
    waiting: Vec<(Chat, ConnId, Request)>,
}

impl Unannounced {
    /// Notes that the message that sends a file is being kept.
    pub fn begin(&mut self, id: MessageId, chat: Chat) {
        debug_assert!(self.first(chat).is_none(), "{chat:?} has two at a time");
        self.files.insert(id, chat);
    }

    /// Notes that a message is kept, or could not be. Returns its chat.
    pub fn end(&mut self, id: MessageId) -> Option<Chat> {
        self.files.remove(&id)
    }

    /// The message of a chat that is being kept. Nobody can have read it, whichever later messages
    /// were read elsewhere.
    pub fn first(&self, chat: Chat) -> Option<MessageId> {
        self.files.iter().find(|(_, of)| **of == chat).map(|(id, _)| *id)
    }

    /// The number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Lets a request wait until the file of a chat is kept.
    pub fn wait(&mut self, chat: Chat, conn: ConnId, request: Request) {
        self.waiting.push((chat, conn, request));
    }

    /// Takes the requests that waited for the file of a chat, in order.
    pub fn take_waiting(&mut self, chat: Chat) -> Vec<(ConnId, Request)> {
        let released = self.waiting.extract_if(.., |(of, ..)| *of == chat);
        released.map(|(_, conn, request)| (conn, request)).collect()
    }

    /// The sessions whose requests wait.
    pub fn waiting(&self) -> impl Iterator<Item = &ConnId> {
        self.waiting.iter().map(|(_, conn, _)| conn)
    }
}
