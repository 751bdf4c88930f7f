//! In which order messages ought to reach a connection.

use std::collections::HashMap;

use chatsrv::chat::id::MessageId;
use chatsrv::chat::message::Chat;
use chatsrv::hub::input::ConnId;

/// The last message of each chat that was for a connection, apart from those in lists.
#[derive(Default)]
pub struct Order(HashMap<(ConnId, Chat), MessageId>);

impl Order {
    /// A message is for these connections: in each chat, what came before it has a smaller id, so
    /// that a list of what came after the last one misses nothing.
    pub fn reaches(&mut self, to: &[ConnId], chat: Chat, id: MessageId) {
        for conn in to {
            let last = self.0.insert((*conn, chat), id);
            assert!(last.is_none_or(|last| last < id), "{conn}: {id} comes behind {last:?}");
        }
    }
}
