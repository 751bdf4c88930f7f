//! The table of removed accounts of which something is still to go. It goes in small steps, between
//! which other requests are handled.

use rusqlite::{Connection, OptionalExtension};

use super::values::{from_sql, sql};
use super::{history, keys, removal, uploads};
use crate::chat::id::MessageId;
use crate::chat::name::Number;
use crate::hub::job::Value;

/// The number of messages, whoever sent them, that one step looks at.
const LOOKED_AT_PER_STEP: u32 = 5_000;
/// The number of messages that one step removes.
const ERASED_PER_STEP: usize = 250;
/// The number of files in the shared folder that one step removes.
const FILES_PER_STEP: u32 = 250;

/// Notes that all that an account said and sent is to go.
pub(in crate::store) fn begin(database: &Connection, number: Number) -> rusqlite::Result<()> {
    database
        .prepare_cached("INSERT INTO erasing (number, behind) VALUES (?1, 0)")?
        .execute([number.0])?;
    Ok(())
}

/// Loads the accounts of which something is to go.
pub(in crate::store) fn load(database: &Connection) -> rusqlite::Result<Vec<Number>> {
    let mut select = database.prepare("SELECT number FROM erasing ORDER BY number")?;
    select.query_map([], |row| row.get(0).map(Number))?.collect()
}

/// Looks for the next messages of an account that are to go.
pub(in crate::store) fn look(database: &Connection, number: Number) -> rusqlite::Result<Value> {
    let behind: Option<i64> = database
        .prepare_cached("SELECT behind FROM erasing WHERE number = ?1")?
        .query_row([number.0], |row| row.get(0))
        .optional()?;
    let (mut ids, mut up_to) = (Vec::new(), None);
    let mut select = database
        .prepare_cached("SELECT id, sender FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2")?;
    let mut rows = select.query((behind.unwrap_or(i64::MAX), LOOKED_AT_PER_STEP))?;
    while let (Some(row), true) = (rows.next()?, ids.len() < ERASED_PER_STEP) {
        let id = from_sql(0, row.get(0)?)?;
        up_to = Some(id);
        if row.get::<_, u32>(1)? == number.0 {
            ids.push(id);
        }
    }
    // Only as much as is read at once, since it is remembered for lists that are under way.
    let messages = history::fetch(database, &ids)?;
    if messages.len() < ids.len() {
        up_to = messages.last().map(|message| message.id);
    }
    Ok(Value::ToErase { messages, up_to })
}

/// Removes messages of an account, when all of them up to one were looked at; or, when there are no
/// more, some of its files and then what is left of it. Returns true if there may be more.
pub(in crate::store) fn erase(
    database: &Connection,
    number: Number,
    messages: &[MessageId],
    up_to: Option<MessageId>,
) -> rusqlite::Result<bool> {
    for message in messages {
        removal::remove_one(database, *message)?;
        keys::remove(database, sql(*message))?;
    }
    if let Some(up_to) = up_to {
        database
            .prepare_cached("UPDATE erasing SET behind = max(behind, ?2) WHERE number = ?1")?
            .execute((number.0, sql(up_to)))?;
        return Ok(true);
    }
    let dropped = uploads::drop_some_of(database, number, FILES_PER_STEP)?;
    let files = (number.0, FILES_PER_STEP);
    let found = database
        .prepare_cached(
            "INSERT INTO garbage (id, name, size)
             SELECT id, name, size FROM files WHERE owner = ?1 ORDER BY id LIMIT ?2",
        )?
        .execute(files)?;
    database
        .prepare_cached(
            "DELETE FROM files WHERE id IN
             (SELECT id FROM files WHERE owner = ?1 ORDER BY id LIMIT ?2)",
        )?
        .execute(files)?;
    let found = found + dropped;
    if found == 0 {
        database.prepare_cached("DELETE FROM erasing WHERE number = ?1")?.execute([number.0])?;
    }
    Ok(found > 0)
}
