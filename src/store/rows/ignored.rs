//! The table of those whom accounts ignore.

use rusqlite::Connection;

use crate::chat::name::Number;

/// Stores that an account ignores another one, or no longer.
pub(in crate::store) fn set(
    database: &Connection,
    number: Number,
    whom: Number,
    on: bool,
) -> rusqlite::Result<()> {
    let change = match on {
        true => "INSERT INTO ignored (number, whom) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        false => "DELETE FROM ignored WHERE number = ?1 AND whom = ?2",
    };
    database.prepare_cached(change)?.execute((number.0, whom.0))?;
    Ok(())
}

/// Loads the pairs of an account and one that it ignores, in order.
pub(in crate::store) fn load(database: &Connection) -> rusqlite::Result<Vec<(Number, Number)>> {
    let mut select = database.prepare("SELECT number, whom FROM ignored ORDER BY number, whom")?;
    select.query_map([], |row| Ok((Number(row.get(0)?), Number(row.get(1)?))))?.collect()
}

/// The names of those whom an account ignores, in order.
pub(in crate::store) fn names(
    database: &Connection,
    number: Number,
) -> rusqlite::Result<Vec<String>> {
    let mut select = database.prepare_cached(
        "SELECT name FROM ignored JOIN accounts ON accounts.number = whom
         WHERE ignored.number = ?1 ORDER BY name",
    )?;
    select.query_map([number.0], |row| row.get(0))?.collect()
}
