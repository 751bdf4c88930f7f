//! Removal across tables: of messages with their keys and the files that they sent, and of groups
//! with all their messages.
//!
//! It is done in small steps, between which other requests are handled.

use rusqlite::{Connection, OptionalExtension};

use super::lane::Lane;
use super::values::sql;
use super::{files, keys, uploads};
use crate::chat::id::{GroupId, MessageId};

/// The number of old messages that are removed in one step, which takes a few milliseconds.
const OLD_PER_STEP: u32 = 500;
/// The number of messages of an ended group that are removed in one step, and of uploads into it:
/// it takes a few milliseconds.
const ENDED_PER_STEP: u32 = 250;

/// Removes the oldest messages below an id and the files that they sent. Returns true if there are
/// more. Their keys are remembered for a day, however short messages are kept, and are removed in
/// later steps.
pub(in crate::store) fn remove_old(
    database: &Connection,
    before: MessageId,
) -> rusqlite::Result<bool> {
    let first_left: Option<i64> = database
        .prepare_cached("SELECT id FROM messages WHERE id < ?1 ORDER BY id LIMIT 1 OFFSET ?2")?
        .query_row((sql(before), OLD_PER_STEP), |row| row.get(0))
        .optional()?;
    let end = first_left.unwrap_or(sql(before));
    files::drop_sent(database, 0..=end - 1)?;
    database.prepare_cached("DELETE FROM messages WHERE id < ?1")?.execute([end])?;
    database
        .prepare_cached(
            "DELETE FROM deleted WHERE place IN
             (SELECT place FROM deleted ORDER BY place LIMIT ?2) AND message < ?1",
        )?
        .execute((end, OLD_PER_STEP))?;
    keys::remove_old(database, end, OLD_PER_STEP)?;
    Ok(first_left.is_some())
}

/// Removes a message, and the file that it sent; returns false if there was none. Its idempotency
/// key is still remembered for its day.
pub(in crate::store) fn remove_one(
    database: &Connection,
    message: MessageId,
) -> rusqlite::Result<bool> {
    let id = sql(message);
    let removed = database.prepare_cached("DELETE FROM messages WHERE id = ?1")?.execute([id])? > 0;
    if removed {
        files::drop_sent(database, id..=id)?;
        database.prepare_cached("INSERT INTO deleted (message) VALUES (?1)")?.execute([id])?;
    }
    Ok(removed)
}

/// Removes some messages of a group that has ended. Returns true if there may be more.
pub(in crate::store) fn remove_ended(database: &Connection) -> rusqlite::Result<bool> {
    let ended: Option<i64> = database
        .prepare_cached("SELECT group_id FROM ended ORDER BY group_id LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(id) = ended else { return Ok(false) };
    let lane = Lane::Group(GroupId(id.cast_unsigned()));
    let dropped = uploads::drop_some(database, lane, ENDED_PER_STEP)?;
    let messages: Vec<i64> = database
        .prepare_cached("SELECT id FROM messages WHERE lane = ?1 ORDER BY id LIMIT ?2")?
        .query_map((lane, ENDED_PER_STEP), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut delete = database.prepare_cached("DELETE FROM messages WHERE id = ?1")?;
    for message in &messages {
        files::drop_sent(database, *message..=*message)?;
        keys::remove(database, *message)?;
        delete.execute([message])?;
    }
    if messages.len().max(dropped) < ENDED_PER_STEP as usize {
        database.prepare_cached("DELETE FROM ended WHERE group_id = ?1")?.execute([id])?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::schema;

    #[test]
    fn the_oldest_group_that_has_ended_is_removed_first() {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        // This reverses the order of queries without ORDER BY.
        database.pragma_update(None, "reverse_unordered_selects", true).unwrap();
        database.execute_batch("INSERT INTO ended VALUES (7), (5), (9)").unwrap();
        for left in [vec![7, 9], vec![9], vec![]] {
            assert!(remove_ended(&database).unwrap());
            let mut select = database.prepare("SELECT group_id FROM ended ORDER BY 1").unwrap();
            let found: rusqlite::Result<Vec<i64>> =
                select.query_map([], |row| row.get(0)).unwrap().collect();
            assert_eq!(found.unwrap(), left);
        }
        assert!(!remove_ended(&database).unwrap());
    }
}
