//! Messages that were removed one by one: the store tells of them in order, and the index forgets
//! them.

use rusqlite::{Connection, OptionalExtension};

/// How many are forgotten at once.
const DELETIONS_PER_STEP: u32 = 500;

/// Messages that the store has removed, oldest removal first.
#[derive(Debug)]
pub(super) struct Deleted {
    messages: Vec<i64>,
    /// The place of the last removal.
    last: i64,
}

impl Deleted {
    /// Returns true if the store may have removed more.
    pub(super) fn may_be_more(&self) -> bool {
        self.messages.len() == DELETIONS_PER_STEP as usize
    }
}

/// The place of the last removal that the index knows of.
pub(super) fn known(index: &Connection) -> rusqlite::Result<i64> {
    let place = index
        .prepare_cached("SELECT place FROM deletions")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(place.unwrap_or(0))
}

/// The messages that the store has removed since a place; none if there are none.
pub(super) fn since(store: &Connection, place: i64) -> rusqlite::Result<Option<Deleted>> {
    let mut select = store.prepare_cached(
        "SELECT place, message FROM deleted WHERE place > ?1 ORDER BY place LIMIT ?2",
    )?;
    let mut rows = select.query((place, DELETIONS_PER_STEP))?;
    let mut deleted = None;
    while let Some(row) = rows.next()? {
        let of_all = deleted.get_or_insert(Deleted { messages: Vec::new(), last: 0 });
        of_all.last = row.get(0)?;
        of_all.messages.push(row.get(1)?);
    }
    Ok(deleted)
}

/// Removes messages from the index.
pub(super) fn forget(index: &mut Connection, deleted: &Deleted) -> rusqlite::Result<()> {
    let transaction = index.transaction()?;
    let mut delete = transaction.prepare_cached("DELETE FROM words WHERE rowid = ?1")?;
    for message in &deleted.messages {
        delete.execute([message])?;
    }
    drop(delete);
    transaction
        .prepare_cached("INSERT OR REPLACE INTO deletions (one, place) VALUES (1, ?1)")?
        .execute([deleted.last])?;
    transaction.commit()
}
