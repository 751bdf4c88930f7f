//! The rows of the users of a group, whatever table they are in.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use crate::chat::name::Number;

/// Reads stored rows of a group by the users' numbers, which must be the first column.
pub(super) fn stored_people<T>(
    database: &Connection,
    id: i64,
    select: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<HashMap<Number, T>> {
    database
        .prepare_cached(select)?
        .query_map([id], |row| Ok((Number(row.get(0)?), read(row)?)))?
        .collect()
}
