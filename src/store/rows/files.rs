//! The tables of files: those that users put into the shared folder, those that were sent in chats,
//! and the garbage, which is to be removed from disk.

use std::ops::RangeInclusive;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::values::{bounded, key, sql, upload_id};
use crate::chat::id::{MessageId, UploadId};
use crate::chat::message::StoredMessage;
use crate::chat::name::{FileName, Number};
use crate::store::layout::file_name;

/// A file that a user has put into the shared folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct OwnFile {
    /// The id of its upload.
    pub(in crate::store) id: UploadId,
    /// Its name, relative to the shared folder.
    pub(in crate::store) name: FileName,
    /// The size in bytes.
    pub(in crate::store) size: u64,
}

/// A file to remove from the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Garbage {
    /// The id of its upload.
    pub(in crate::store) id: UploadId,
    /// For a file or a part file in the shared folder, the name of the file; `None` for a file in
    /// the folder of sent files.
    pub(in crate::store) name: Option<FileName>,
    /// The size in bytes of a file in the shared folder; `None` for a part file.
    pub(in crate::store) size: Option<u64>,
}

/// Some of the files that a user has put into the shared folder, by id, at most `max`: those after
/// one, or the first ones. Some may have been removed by hand.
pub(in crate::store) fn of_owner(
    database: &Connection,
    owner: Number,
    after: Option<UploadId>,
    max: u32,
) -> rusqlite::Result<Vec<OwnFile>> {
    let mut files = Vec::new();
    let mut select = database.prepare_cached(
        "SELECT id, name, size FROM files WHERE owner = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
    )?;
    let mut rows = select.query((owner.0, after.map_or(i64::MIN, key), max))?;
    while let Some(row) = rows.next()? {
        if let Ok(name) = row.get_ref(1)?.as_str()?.parse() {
            let size = row.get::<_, i64>(2)?.cast_unsigned();
            files.push(OwnFile { id: upload_id(row.get(0)?), name, size });
        }
    }
    Ok(files)
}

/// The file of a name that a user has put into the shared folder, and that user.
pub(in crate::store) fn named(
    database: &Connection,
    name: &FileName,
) -> rusqlite::Result<Option<(OwnFile, Number)>> {
    database
        .prepare_cached("SELECT id, owner, size FROM files WHERE name = ?1")?
        .query_row([name.as_str()], |row| {
            let size = row.get::<_, i64>(2)?.cast_unsigned();
            let file = OwnFile { id: upload_id(row.get(0)?), name: name.clone(), size };
            Ok((file, Number(row.get(1)?)))
        })
        .optional()
}

/// Deletes the rows of files that are no longer in the shared folder.
pub(in crate::store) fn forget(database: &Connection, gone: &[UploadId]) -> rusqlite::Result<()> {
    let mut forget = database.prepare_cached("DELETE FROM files WHERE id = ?1")?;
    for file in gone {
        forget.execute([key(*file)])?;
    }
    Ok(())
}

/// Inserts the row of a file that was sent by a message.
pub(in crate::store) fn keep_sent(
    database: &Connection,
    message: &StoredMessage,
    file: UploadId,
    size: u64,
) -> rusqlite::Result<()> {
    database
        .prepare_cached("INSERT INTO sent (message, file, sender, size) VALUES (?1, ?2, ?3, ?4)")?
        .execute((sql(message.id), key(file), message.from.0, bounded(size)))?;
    Ok(())
}

/// The id of the file that a message sent.
pub(in crate::store) fn sent_by(
    database: &Connection,
    message: MessageId,
) -> rusqlite::Result<Option<UploadId>> {
    database
        .prepare_cached("SELECT file FROM sent WHERE message = ?1")?
        .query_row([sql(message)], |row| Ok(upload_id(row.get(0)?)))
        .optional()
}

/// Turns the files sent by messages with these ids into garbage.
pub(super) fn drop_sent(
    database: &Connection,
    messages: RangeInclusive<i64>,
) -> rusqlite::Result<()> {
    let range = (messages.start(), messages.end());
    let inserted = database
        .prepare_cached(
            "INSERT INTO garbage (id, name)
             SELECT file, NULL FROM sent WHERE message BETWEEN ?1 AND ?2",
        )?
        .execute(range)?;
    if inserted > 0 {
        database
            .prepare_cached("DELETE FROM sent WHERE message BETWEEN ?1 AND ?2")?
            .execute(range)?;
    }
    Ok(())
}

/// The files to remove, by id, at most `max`.
pub(in crate::store) fn garbage(database: &Connection, max: u32) -> rusqlite::Result<Vec<Garbage>> {
    select_garbage(database, "SELECT id, name, size FROM garbage ORDER BY id LIMIT ?1", max)
}

/// The files to remove, by id, at most `max`, of a database that may not be migrated yet.
pub(in crate::store) fn garbage_of_any_schema(
    database: &Connection,
    max: u32,
) -> rusqlite::Result<Vec<Garbage>> {
    if database.column_exists(None, "garbage", "size")? {
        return garbage(database, max);
    }
    select_garbage(database, "SELECT id, name, NULL FROM garbage ORDER BY id LIMIT ?1", max)
}

fn select_garbage(database: &Connection, select: &str, max: u32) -> rusqlite::Result<Vec<Garbage>> {
    database
        .prepare_cached(select)?
        .query_map([max], |row| {
            let name = row.get_ref(1)?.as_str_or_null()?.and_then(|name| name.parse().ok());
            let size = row.get::<_, Option<i64>>(2)?.map(i64::cast_unsigned);
            Ok(Garbage { id: upload_id(row.get(0)?), name, size })
        })?
        .collect()
}

/// Deletes the rows of garbage that was removed from disk.
pub(in crate::store) fn swept(database: &Connection, ids: &[UploadId]) -> rusqlite::Result<()> {
    let mut delete = database.prepare_cached("DELETE FROM garbage WHERE id = ?1")?;
    for garbage in ids {
        delete.execute([key(*garbage)])?;
    }
    Ok(())
}

/// Checks that the sent files exist and have the right size; for `--check`.
pub(in crate::store) fn look_at_sent(
    database: &Connection,
    sent: &Path,
    max: usize,
    findings: &mut Vec<String>,
) -> rusqlite::Result<()> {
    let mut select = database.prepare("SELECT message, file, size FROM sent ORDER BY message")?;
    let mut rows = select.query([])?;
    while let (Some(row), true) = (rows.next()?, findings.len() < max) {
        let message: i64 = row.get(0)?;
        let path = sent.join(file_name(upload_id(row.get(1)?)));
        match path.symlink_metadata() {
            Ok(found)
                if !found.is_file() || found.len() != row.get::<_, i64>(2)?.cast_unsigned() =>
            {
                findings.push(format!("the file of the message {message} has another size"));
            }
            Ok(_) => {}
            Err(error) => findings.push(format!("the file of the message {message}: {error}")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::schema;

    #[test]
    fn garbage_goes_in_the_order_of_its_ids() {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        // This reverses the order of queries without ORDER BY.
        database.pragma_update(None, "reverse_unordered_selects", true).unwrap();
        database.execute_batch("INSERT INTO garbage (id) VALUES (9), (3), (5)").unwrap();
        let first: Vec<u64> =
            garbage(&database, 2).unwrap().into_iter().map(|garbage| garbage.id.0).collect();
        assert_eq!(first, [3, 5]);
    }
}
