//! The messages in the database: kept, found again, and removed when they are old.

mod read;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension};

use super::lane::Lane;
use super::{groups, uploads};
use crate::chat::message::{Chat, MessageId, StoredMessage};
use crate::chat::name::{Key, Number};
use crate::chat::refusal::Failure;
use crate::hub::job::{Outcome, Value};
use crate::store::error::Reason;

/// How long the word that marks a message is remembered.
const KEY_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// One new word in so many, as its message's id falls, makes room: looking for old ones is dearer
/// than keeping a new one.
const KEYS_PER_SWEEP: u64 = 64;
/// How many old words go then: more than came, so that there is an end to it.
const KEYS_SWEPT_MAX: u32 = 256;
/// The most words that are handed out when the store is opened: the newest ones.
const KEYS_LOADED_MAX: u32 = 1_000_000;
/// How many messages are removed at once; a few milliseconds' work.
const REMOVED_PER_STEP: u32 = 500;

/// Something to do with messages.
#[derive(Debug)]
pub(in crate::store) enum Request {
    /// Keep a message, and the word that marks it.
    Keep { message: StoredMessage, key: Option<Key> },
    /// Look for the message that a word marked.
    FindKey { sender: Number, key: Key },
    /// Keep a bound that no id will reach.
    RaiseIdMark { mark: MessageId },
    /// Count what is unread.
    CountUnread { reader: Number },
    /// Find out which messages a list of unread ones will hold.
    SelectUnread { reader: Number, chat: Chat },
    /// Find out which messages are the last ones before an id.
    SelectLast { reader: Number, chat: Chat, before: Option<MessageId>, count: u16 },
    /// Read messages.
    Fetch { ids: Vec<MessageId> },
    /// Mark as read.
    MarkSeen { reader: Number, chat: Chat, id: MessageId },
    /// Remove old messages.
    RemoveOld { before: MessageId },
}

impl Request {
    /// Whether it needs the write lock.
    pub(in crate::store) fn writes(&self) -> bool {
        match self {
            Request::Keep { .. }
            | Request::RaiseIdMark { .. }
            | Request::MarkSeen { .. }
            | Request::RemoveOld { .. } => true,
            Request::FindKey { .. }
            | Request::CountUnread { .. }
            | Request::SelectUnread { .. }
            | Request::SelectLast { .. }
            | Request::Fetch { .. } => false,
        }
    }

    /// Whether the search has to follow.
    pub(in crate::store) fn changes_messages(&self) -> bool {
        matches!(self, Request::Keep { .. } | Request::RemoveOld { .. })
    }

    /// Whether it may leave files that nothing refers to.
    pub(in crate::store) fn removes(&self) -> bool {
        matches!(self, Request::RemoveOld { .. })
    }

    /// What the log calls it.
    pub(in crate::store) fn describe(&self) -> String {
        match self {
            Request::Keep { message, .. } => format!("the message {}", message.id),
            Request::FindKey { sender, .. } => format!("a look at a key of {sender}"),
            Request::RaiseIdMark { mark } => format!("the mark {mark}"),
            Request::CountUnread { reader } => format!("a count of what {reader} missed"),
            Request::SelectUnread { .. } | Request::SelectLast { .. } => "a list".to_owned(),
            Request::Fetch { .. } => "a look at messages".to_owned(),
            Request::MarkSeen { reader, .. } => format!("what {reader} has read"),
            Request::RemoveOld { before } => format!("the end of what is older than {before}"),
        }
    }

    /// Does it.
    pub(in crate::store) fn run(&self, database: &Connection) -> rusqlite::Result<Outcome> {
        match self {
            Request::Keep { message, key } => {
                if groups::is_gone(database, message.chat)? {
                    return Ok(Err(Failure::NotFound));
                }
                keep(database, message)?;
                if let Some(key) = key {
                    keep_key(database, message, key)?;
                }
                Ok(Ok(Value::Done))
            }
            Request::FindKey { sender, key } => find_key(database, *sender, key),
            Request::RaiseIdMark { mark } => raise_id_mark(database, *mark),
            Request::CountUnread { reader } => read::count_unread(database, *reader),
            Request::SelectUnread { reader, chat } => read::select_unread(database, *reader, *chat),
            Request::SelectLast { reader, chat, before, count } => {
                read::select_last(database, *reader, *chat, *before, *count)
            }
            Request::Fetch { ids } => read::fetch(database, ids),
            Request::MarkSeen { reader, chat, id } => mark_seen(database, *reader, *chat, *id),
            Request::RemoveOld { before } => remove_old(database, *before),
        }
    }
}

/// An id as SQLite keeps it. What no clock reaches, but a client may ask for, is after everything.
pub(in crate::store) fn sql(id: MessageId) -> i64 {
    i64::try_from(id.0).unwrap_or(i64::MAX)
}

/// An id as it was kept.
///
/// # Errors
/// Where a negative one stands there, which no server writes.
pub(in crate::store) fn from_sql(column: usize, id: i64) -> rusqlite::Result<MessageId> {
    u64::try_from(id).map(MessageId).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, error.into())
    })
}

/// Keeps a message.
pub(in crate::store) fn keep(
    database: &Connection,
    message: &StoredMessage,
) -> rusqlite::Result<()> {
    let lane = Lane::of_sender(message.chat, message.from);
    database
        .prepare_cached("INSERT INTO messages (id, lane, sender, text) VALUES (?1, ?2, ?3, ?4)")?
        .execute((sql(message.id), lane, message.from.0, &*message.text))?;
    if let Lane::Direct { from, to } = lane {
        let back = Lane::Direct { from: to, to: from };
        let mut insert = database.prepare_cached(
            "INSERT INTO chats (reader, lane, seen) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING",
        )?;
        insert.execute((to.0, lane))?;
        insert.execute((from.0, back))?;
    }
    Ok(())
}

fn keep_key(database: &Connection, message: &StoredMessage, key: &Key) -> rusqlite::Result<()> {
    let lane = Lane::of_sender(message.chat, message.from);
    // One that stands there is more than a day old, or the hub would have found it.
    database
        .prepare_cached(
            "INSERT OR REPLACE INTO keys (message, sender, word, lane) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((sql(message.id), message.from.0, key.as_str(), lane))?;
    if message.id.0.is_multiple_of(KEYS_PER_SWEEP) {
        remove_keys(database, sql(oldest_key()), KEYS_SWEPT_MAX)?;
    }
    Ok(())
}

/// Removes the oldest words whose messages are older than one.
fn remove_keys(database: &Connection, before: i64, max: u32) -> rusqlite::Result<()> {
    database
        .prepare_cached(
            "DELETE FROM keys WHERE message IN
             (SELECT message FROM keys WHERE message < ?1 ORDER BY message LIMIT ?2)",
        )?
        .execute((before, max))?;
    Ok(())
}

fn find_key(database: &Connection, sender: Number, key: &Key) -> rusqlite::Result<Outcome> {
    let found = database
        .prepare_cached(
            "SELECT message, lane FROM keys WHERE sender = ?1 AND word = ?2 AND message >= ?3",
        )?
        .query_row((sender.0, key.as_str(), sql(oldest_key())), |row| {
            Ok((from_sql(0, row.get(0)?)?, row.get::<_, Lane>(1)?))
        })
        .optional()?;
    Ok(match found {
        Some((id, lane)) => Ok(Value::KeyFound { id, chat: lane.chat() }),
        None => Err(Failure::NotFound),
    })
}

/// Messages before this one are too old for their words to be remembered.
fn oldest_key() -> MessageId {
    let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = age.saturating_sub(KEY_AGE_MAX).as_micros();
    MessageId(u64::try_from(micros).unwrap_or(u64::MAX))
}

/// The words that are remembered, the newest ones first.
///
/// # Errors
/// [`Reason::MalformedKey`] where a row holds what no server writes.
pub(in crate::store) fn load_keys(database: &Connection) -> Result<Vec<(Number, Key)>, Reason> {
    let mut select = database.prepare(
        "SELECT message, sender, word FROM keys WHERE message >= ?1 ORDER BY message DESC LIMIT ?2",
    )?;
    let mut rows = select.query((sql(oldest_key()), KEYS_LOADED_MAX))?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let malformed = || row.get(0).map(Reason::MalformedKey).unwrap_or_else(Reason::from);
        let word: String = row.get(2)?;
        keys.push((Number(row.get(1)?), word.parse().map_err(|_| malformed())?));
    }
    Ok(keys)
}

/// The bound of all ids: what was kept as such, and above all messages in any case.
pub(in crate::store) fn load_id_mark(database: &Connection) -> rusqlite::Result<MessageId> {
    let mark = database.query_row(
        "SELECT max(id_mark,
                    ifnull((SELECT max(id) + 1 FROM messages), 0),
                    ifnull((SELECT max(message) + 1 FROM keys), 0)) FROM store",
        [],
        |row| row.get(0),
    )?;
    from_sql(0, mark)
}

fn raise_id_mark(database: &Connection, mark: MessageId) -> rusqlite::Result<Outcome> {
    database.prepare_cached("UPDATE store SET id_mark = max(id_mark, ?1)")?.execute([sql(mark)])?;
    Ok(Ok(Value::Done))
}

fn mark_seen(
    database: &Connection,
    reader: Number,
    chat: Chat,
    id: MessageId,
) -> rusqlite::Result<Outcome> {
    if let Chat::Group(group) = chat {
        database
            .prepare_cached(
                "UPDATE members SET seen = ?3 WHERE group_id = ?1 AND number = ?2 AND seen < ?3",
            )?
            .execute((group.0.cast_signed(), reader.0, sql(id)))?;
        return Ok(Ok(Value::Done));
    }
    database
        .prepare_cached(
            "INSERT INTO chats (reader, lane, seen) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET seen = excluded.seen WHERE seen < excluded.seen",
        )?
        .execute((reader.0, Lane::to_reader(chat, reader), sql(id)))?;
    Ok(Ok(Value::Done))
}

/// Removes the oldest messages before an id and the files that they sent. The words that mark them
/// are remembered for their day, however short messages are kept, and go with later ones.
fn remove_old(database: &Connection, before: MessageId) -> rusqlite::Result<Outcome> {
    let first_left: Option<i64> = database
        .prepare_cached("SELECT id FROM messages WHERE id < ?1 ORDER BY id LIMIT 1 OFFSET ?2")?
        .query_row((sql(before), REMOVED_PER_STEP), |row| row.get(0))
        .optional()?;
    let end = first_left.unwrap_or(sql(before));
    uploads::drop_sent(database, 0..=end - 1)?;
    database.prepare_cached("DELETE FROM messages WHERE id < ?1")?.execute([end])?;
    remove_keys(database, end.min(sql(oldest_key())), REMOVED_PER_STEP)?;
    Ok(Ok(Value::Removed { more: first_left.is_some() }))
}

#[cfg(test)]
mod tests;
