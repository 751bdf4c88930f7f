//! Requests about messages: storing and removing them.

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use crate::chat::id::MessageId;
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::{Key, Number};
use crate::chat::refusal::Failure;
use crate::hub::job::{Outcome, Value};
use crate::store::rows::{erasing, groups, keys, messages, removal};

/// A request about messages.
#[derive(Debug)]
pub(in crate::store) enum MessageRequest {
    /// Store a message, and its idempotency key.
    Keep { message: StoredMessage, key: Option<Key> },
    /// Find the message that was sent with an idempotency key.
    FindKey { sender: Number, key: Key },
    /// Raise the stored upper bound of all ids.
    RaiseIdMark { mark: MessageId },
    /// Mark a chat as read up to a message.
    MarkSeen { reader: Number, chat: Chat, id: MessageId },
    /// Remove a message.
    Delete { message: MessageId },
    /// Look for messages of a removed account that are to go.
    LookToErase { number: Number },
    /// Remove messages of a removed account, or what is left of it.
    Erase { number: Number, messages: Vec<MessageId>, up_to: Option<MessageId> },
    /// Remove old messages.
    RemoveOld { before: MessageId },
}

impl MessageRequest {
    /// Runs the request, and returns its outcome; no other step follows.
    pub(in crate::store) fn carry_out(&self, database: &Connection) -> rusqlite::Result<Outcome> {
        match self {
            MessageRequest::Keep { message, key } => {
                if groups::is_gone(database, message.chat)? {
                    return Ok(Err(Failure::NotFound));
                }
                messages::keep(database, message)?;
                if let Some(key) = key {
                    keys::keep(database, message, key)?;
                }
            }
            MessageRequest::FindKey { sender, key } => {
                let found = keys::find(database, *sender, key)?;
                return Ok(match found {
                    Some((id, chat)) => Ok(Value::KeyFound { id, chat }),
                    None => Err(Failure::NotFound),
                });
            }
            MessageRequest::RaiseIdMark { mark } => messages::raise_id_mark(database, *mark)?,
            MessageRequest::MarkSeen { reader, chat, id } => {
                let (mark, has_moved) = messages::mark_seen(database, *reader, *chat, *id)?;
                return Ok(Ok(Value::Marked { mark, has_moved }));
            }
            MessageRequest::Delete { message } => {
                if !removal::remove_one(database, *message)? {
                    return Ok(Err(Failure::NotFound));
                }
            }
            MessageRequest::LookToErase { number } => {
                return erasing::look(database, *number).map(Ok);
            }
            MessageRequest::Erase { number, messages, up_to } => {
                let more = erasing::erase(database, *number, messages, *up_to)?;
                return Ok(Ok(Value::Removed { more }));
            }
            MessageRequest::RemoveOld { before } => {
                let more = removal::remove_old(database, *before)?;
                return Ok(Ok(Value::Removed { more }));
            }
        }
        Ok(Ok(Value::Done))
    }
}

impl RequestKind for MessageRequest {
    fn writes(&self) -> bool {
        match self {
            MessageRequest::Keep { .. }
            | MessageRequest::RaiseIdMark { .. }
            | MessageRequest::MarkSeen { .. }
            | MessageRequest::Delete { .. }
            | MessageRequest::Erase { .. }
            | MessageRequest::RemoveOld { .. } => true,
            MessageRequest::FindKey { .. } | MessageRequest::LookToErase { .. } => false,
        }
    }

    fn describe(&self) -> String {
        match self {
            MessageRequest::Keep { message, .. } => format!("the message {}", message.id),
            MessageRequest::FindKey { sender, .. } => format!("a look at a key of {sender}"),
            MessageRequest::RaiseIdMark { mark } => format!("the mark {mark}"),
            MessageRequest::MarkSeen { reader, .. } => format!("what {reader} has read"),
            MessageRequest::Delete { message } => format!("the end of the message {message}"),
            MessageRequest::LookToErase { number } | MessageRequest::Erase { number, .. } => {
                format!("the end of what {number} said")
            }
            MessageRequest::RemoveOld { before } => {
                format!("the end of what is older than {before}")
            }
        }
    }

    fn run(&self, database: &Connection, _context: &mut Context) -> rusqlite::Result<Step> {
        self.carry_out(database).map(Step::Done)
    }

    fn changes_messages(&self) -> bool {
        matches!(
            self,
            MessageRequest::Keep { .. }
                | MessageRequest::Delete { .. }
                | MessageRequest::Erase { .. }
                | MessageRequest::RemoveOld { .. }
        )
    }

    fn leaves_remains(&self) -> bool {
        matches!(
            self,
            MessageRequest::Delete { .. }
                | MessageRequest::Erase { .. }
                | MessageRequest::RemoveOld { .. }
        )
    }
}

#[cfg(test)]
mod tests;
