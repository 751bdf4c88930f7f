//! Requests about messages: storing, selecting and removing them.

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use crate::chat::id::MessageId;
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::{Key, Number};
use crate::chat::refusal::Failure;
use crate::hub::job::{Outcome, Value};
use crate::store::rows::{chats, erasing, groups, history, keys, messages, removal};

/// A request about messages.
#[derive(Debug)]
pub(in crate::store) enum MessageRequest {
    /// Store a message, and its idempotency key.
    Keep { message: StoredMessage, key: Option<Key> },
    /// Find the message that was sent with an idempotency key.
    FindKey { sender: Number, key: Key },
    /// Raise the stored upper bound of all ids.
    RaiseIdMark { mark: MessageId },
    /// Count the unread messages of each chat.
    CountUnread { reader: Number },
    /// Select the ids of the unread messages of a chat.
    SelectUnread { reader: Number, chat: Chat },
    /// List the chats of a user.
    ListChats { reader: Number, before: Option<MessageId> },
    /// Select the ids of the first messages of a chat after an id.
    SelectAfter { reader: Number, chat: Chat, after: MessageId, count: u16 },
    /// Select the ids of the last messages of a chat before an id.
    SelectLast { reader: Number, chat: Chat, before: Option<MessageId>, count: u16 },
    /// Read messages by their ids.
    Fetch { ids: Vec<MessageId> },
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
            MessageRequest::CountUnread { reader } => {
                return history::count_unread(database, *reader).map(Ok);
            }
            MessageRequest::SelectUnread { reader, chat } => {
                return history::select_unread(database, *reader, *chat).map(Ok);
            }
            MessageRequest::ListChats { reader, before } => {
                return chats::list(database, *reader, *before).map(Ok);
            }
            MessageRequest::SelectAfter { reader, chat, after, count } => {
                return history::select_after(database, *reader, *chat, *after, *count).map(Ok);
            }
            MessageRequest::SelectLast { reader, chat, before, count } => {
                return history::select_last(database, *reader, *chat, *before, *count).map(Ok);
            }
            MessageRequest::Fetch { ids } => {
                return Ok(Ok(Value::Messages(history::fetch(database, ids)?)));
            }
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
            MessageRequest::FindKey { .. }
            | MessageRequest::CountUnread { .. }
            | MessageRequest::ListChats { .. }
            | MessageRequest::SelectUnread { .. }
            | MessageRequest::SelectAfter { .. }
            | MessageRequest::SelectLast { .. }
            | MessageRequest::LookToErase { .. }
            | MessageRequest::Fetch { .. } => false,
        }
    }

    fn describe(&self) -> String {
        match self {
            MessageRequest::Keep { message, .. } => format!("the message {}", message.id),
            MessageRequest::FindKey { sender, .. } => format!("a look at a key of {sender}"),
            MessageRequest::RaiseIdMark { mark } => format!("the mark {mark}"),
            MessageRequest::CountUnread { reader } => format!("a count of what {reader} missed"),
            MessageRequest::ListChats { reader, .. } => format!("a list of the chats of {reader}"),
            MessageRequest::SelectUnread { .. }
            | MessageRequest::SelectAfter { .. }
            | MessageRequest::SelectLast { .. } => "a list".to_owned(),
            MessageRequest::Fetch { .. } => "a look at messages".to_owned(),
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
