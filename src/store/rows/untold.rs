//! The table of notices that users have yet to get: the names of groups that ended.

use rusqlite::Connection;

use crate::chat::name::{GroupName, Number};
use crate::store::error::StoreFault;

/// Inserts a notice for a user that a group of that name ended.
pub(in crate::store) fn add(
    database: &Connection,
    number: Number,
    name: GroupName,
) -> rusqlite::Result<()> {
    database
        .prepare_cached(
            "INSERT INTO untold (number, place, name)
             SELECT ?1, coalesce(max(place) + 1, 0), ?2 FROM untold WHERE number = ?1",
        )?
        .execute((number.0, name.to_string()))?;
    Ok(())
}

/// Deletes all notices of a user.
pub(in crate::store) fn remove(database: &Connection, number: Number) -> rusqlite::Result<()> {
    database.prepare_cached("DELETE FROM untold WHERE number = ?1")?.execute([number.0])?;
    Ok(())
}

/// Loads the notices of all users, by number, each user's oldest first.
///
/// # Errors
/// [`StoreFault::MalformedAccount`] if a row is not as a server writes it.
pub(in crate::store) fn load(
    database: &Connection,
) -> Result<Vec<(Number, Vec<GroupName>)>, StoreFault> {
    let mut select = database.prepare("SELECT number, name FROM untold ORDER BY number, place")?;
    let mut rows = select.query([])?;
    let mut all: Vec<(Number, Vec<GroupName>)> = Vec::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let column = "name of a group that ended";
        let malformed = || StoreFault::MalformedAccount { number, column };
        let of = u32::try_from(number).map(Number).map_err(|_| malformed())?;
        let name = row.get::<_, String>(1)?.parse().map_err(|_| malformed())?;
        match all.last_mut() {
            Some((last, names)) if *last == of => names.push(name),
            _ => all.push((of, vec![name])),
        }
    }
    Ok(all)
}
