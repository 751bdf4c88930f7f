//! The table of idempotency keys: a message that a client sends again with the same key is stored
//! only once.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::clock;
use super::lane::Lane;
use super::values::{from_sql, sql};
use crate::chat::id::MessageId;
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::{Key, Number};
use crate::hub::snapshot::KEYS_LOADED_MAX;
use crate::store::error::StoreFault;

/// How long a key is remembered.
pub(in crate::store) const AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// On average one in so many new keys, chosen by the message's id, also removes old ones, because a
/// removal costs more than an insertion.
pub(in crate::store) const KEYS_PER_SWEEP: u64 = 64;
/// The largest number of old keys that are removed then. It is larger than the number of new ones,
/// so that removal keeps up.
const SWEPT_MAX: u32 = 256;

/// Inserts the key of a message.
pub(in crate::store) fn keep(
    database: &Connection,
    message: &StoredMessage,
    key: &Key,
) -> rusqlite::Result<()> {
    let lane = Lane::of_sender(message.chat, message.from);
    // A row with the same key is more than a day old, because otherwise the hub would have found
    // it.
    database
        .prepare_cached(
            "INSERT OR REPLACE INTO keys (message, sender, word, lane) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((sql(message.id), message.from.0, key.as_str(), lane))?;
    if message.id.0.is_multiple_of(KEYS_PER_SWEEP) {
        remove_old(database, i64::MAX, SWEPT_MAX)?;
    }
    Ok(())
}

/// Removes the oldest keys that are no longer remembered and whose messages have ids below
/// `before`, at most `max`.
pub(super) fn remove_old(database: &Connection, before: i64, max: u32) -> rusqlite::Result<()> {
    database
        .prepare_cached(
            "DELETE FROM keys WHERE message IN
             (SELECT message FROM keys WHERE message < ?1 ORDER BY message LIMIT ?2)",
        )?
        .execute((before.min(sql(oldest())), max))?;
    Ok(())
}

/// Removes the key of one message.
pub(super) fn remove(database: &Connection, message: i64) -> rusqlite::Result<()> {
    database.prepare_cached("DELETE FROM keys WHERE message = ?1")?.execute([message])?;
    Ok(())
}

/// Finds the message that a sender sent with a key, at most a day ago.
pub(in crate::store) fn find(
    database: &Connection,
    sender: Number,
    key: &Key,
) -> rusqlite::Result<Option<(MessageId, Chat)>> {
    database
        .prepare_cached(
            "SELECT message, lane FROM keys WHERE sender = ?1 AND word = ?2 AND message >= ?3",
        )?
        .query_row((sender.0, key.as_str(), sql(oldest())), |row| {
            Ok((from_sql(0, row.get(0)?)?, row.get::<_, Lane>(1)?.chat()))
        })
        .optional()
}

/// The id below which messages are too old for their keys to be remembered.
pub(in crate::store) fn oldest() -> MessageId {
    MessageId(clock::micros().cast_unsigned().saturating_sub(AGE_MAX.as_micros() as u64))
}

/// Loads the keys that are remembered, newest first.
///
/// # Errors
/// [`StoreFault::MalformedKey`] if a row is not as a server writes it.
pub(in crate::store) fn load(database: &Connection) -> Result<Vec<(Number, Key)>, StoreFault> {
    let mut select = database.prepare(
        "SELECT message, sender, word FROM keys WHERE message >= ?1 ORDER BY message DESC LIMIT ?2",
    )?;
    let mut rows = select.query((sql(oldest()), KEYS_LOADED_MAX as i64))?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let malformed =
            || row.get(0).map(StoreFault::MalformedKey).unwrap_or_else(StoreFault::from);
        let word: String = row.get(2)?;
        keys.push((Number(row.get(1)?), word.parse().map_err(|_| malformed())?));
    }
    Ok(keys)
}
