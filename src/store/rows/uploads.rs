//! The table of incomplete uploads. A row is inserted before the part file is created.

use rusqlite::{Connection, OptionalExtension, Row};

use super::clock;
use super::lane::Lane;
use super::values::{bounded, key, upload_id};
use crate::chat::file::FileTarget;
use crate::chat::id::UploadId;
use crate::chat::name::{FileName, Number};

/// The smallest number of bytes that a file counts against the quota, since an empty file takes
/// space in the folder and in the database, too.
pub(in crate::store) const FILE_BYTES_MIN: u64 = 4_096;

/// A row of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct UploadRecord {
    /// The id.
    pub(in crate::store) id: UploadId,
    /// The user.
    pub(in crate::store) owner: Number,
    /// Where the file is to go.
    pub(in crate::store) place: FileTarget,
    /// The announced size in bytes.
    pub(in crate::store) size: u64,
}

/// What happens to an upload that was begun long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Fate {
    /// It can still be resumed.
    Stays,
    /// It has its name in the shared folder already; only the row has to be moved.
    Placed,
    /// It is dropped.
    Ends,
}

/// The total of a user's uploads and files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::store) struct Usage {
    /// The number of incomplete uploads.
    pub(in crate::store) unfinished: u64,
    /// The number of files: those in the shared folder, and those sent in chats.
    pub(in crate::store) files: u64,
    /// The bytes of all uploads and files, each at least [`FILE_BYTES_MIN`].
    pub(in crate::store) bytes: u64,
}

fn columns(place: &FileTarget, owner: Number) -> (Option<Lane>, &str) {
    match place {
        FileTarget::Shared(name) => (None, name.as_str()),
        FileTarget::Chat(chat, name) => (Some(Lane::of_sender(*chat, owner)), name.as_str()),
    }
}

/// Reads `id, owner, lane, name, size`; `None` if the name is malformed, which no server writes.
fn parse(row: &Row<'_>) -> rusqlite::Result<Option<UploadRecord>> {
    let Ok(name) = row.get_ref(3)?.as_str()?.parse::<FileName>() else { return Ok(None) };
    let place = match row.get::<_, Option<Lane>>(2)? {
        Some(lane) => FileTarget::Chat(lane.chat(), name),
        None => FileTarget::Shared(name),
    };
    let size = row.get::<_, i64>(4)?.cast_unsigned();
    Ok(Some(UploadRecord { id: upload_id(row.get(0)?), owner: Number(row.get(1)?), place, size }))
}

/// Reads the row of an upload.
pub(in crate::store) fn get(
    database: &Connection,
    upload: UploadId,
) -> rusqlite::Result<Option<UploadRecord>> {
    let found = database
        .prepare_cached("SELECT id, owner, lane, name, size FROM uploads WHERE id = ?1")?
        .query_row([key(upload)], parse)
        .optional()?;
    Ok(found.flatten())
}

/// Finds the upload of the same user to the same place with the same size, and notes that it was
/// begun again.
pub(in crate::store) fn begin_again(
    database: &Connection,
    owner: Number,
    place: &FileTarget,
    size: u64,
) -> rusqlite::Result<Option<UploadId>> {
    let (lane, name) = columns(place, owner);
    let mut update = database.prepare_cached(
        "UPDATE uploads SET touched = ?5
         WHERE owner = ?1 AND size = ?2 AND lane IS ?3 AND name = ?4 RETURNING id",
    )?;
    let mut rows = update.query((owner.0, bounded(size), lane, name, clock::micros()))?;
    let mut found: Option<i64> = None;
    // No server creates two of them. The order in which SQLite returns rows is undefined.
    while let Some(row) = rows.next()? {
        found = found.max(Some(row.get(0)?));
    }
    Ok(found.map(upload_id))
}

/// Inserts a new upload.
pub(in crate::store) fn insert(
    database: &Connection,
    owner: Number,
    place: &FileTarget,
    size: u64,
) -> rusqlite::Result<UploadId> {
    let (lane, name) = columns(place, owner);
    // A random id, which does not collide with part files that another store left behind.
    let inserted = database
        .prepare_cached(
            "INSERT INTO uploads (id, owner, lane, name, size, touched)
             VALUES (random() & 0x7fffffffffffffff, ?1, ?2, ?3, ?4, ?5)",
        )?
        .insert((owner.0, lane, name, bounded(size), clock::micros()))?;
    Ok(upload_id(inserted))
}

/// The total of a user's uploads and files, which triggers of the tables keep.
pub(in crate::store) fn usage(database: &Connection, owner: Number) -> rusqlite::Result<Usage> {
    let count = |row: &Row<'_>, column| -> rusqlite::Result<u64> {
        Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default())
    };
    let kept = database
        .prepare_cached("SELECT unfinished, files, bytes FROM usage WHERE owner = ?1")?
        .query_row([owner.0], |row| {
            let (unfinished, files, bytes) = (count(row, 0)?, count(row, 1)?, count(row, 2)?);
            Ok(Usage { unfinished, files, bytes })
        })
        .optional()?;
    Ok(kept.unwrap_or_default())
}

/// Turns the row of an upload into that of a file in the shared folder.
pub(in crate::store) fn placed(database: &Connection, upload: UploadId) -> rusqlite::Result<()> {
    let Some(upload) = get(database, upload)? else { return Ok(()) };
    if let FileTarget::Shared(name) = &upload.place {
        // An existing row of that name is of a file that was removed by hand. It is deleted by a
        // statement of its own, since a replaced row fires no trigger.
        database
            .prepare_cached("DELETE FROM files WHERE id = ?1 OR name = ?2")?
            .execute((key(upload.id), name.as_str()))?;
        database
            .prepare_cached("INSERT INTO files (id, owner, name, size) VALUES (?1, ?2, ?3, ?4)")?
            .execute((key(upload.id), upload.owner.0, name.as_str(), bounded(upload.size)))?;
        forget(database, upload.id)?;
    }
    Ok(())
}

/// Turns an upload whose file was found in the shared folder into a file; or drops it, if the
/// database has another file of that name.
fn found_placed(database: &Connection, upload: UploadId) -> rusqlite::Result<()> {
    let is_known = database
        .prepare_cached(
            "SELECT 1 FROM uploads JOIN files ON files.name = uploads.name WHERE uploads.id = ?1",
        )?
        .exists([key(upload)])?;
    if is_known { drop_one(database, upload) } else { placed(database, upload) }
}

/// Deletes the row of an upload that is a file now.
pub(in crate::store) fn forget(database: &Connection, upload: UploadId) -> rusqlite::Result<()> {
    database.prepare_cached("DELETE FROM uploads WHERE id = ?1")?.execute([key(upload)])?;
    Ok(())
}

/// Drops an upload; its part file becomes garbage.
pub(in crate::store) fn drop_one(database: &Connection, upload: UploadId) -> rusqlite::Result<()> {
    let inserted = database
        .prepare_cached(
            "INSERT INTO garbage (id, name)
             SELECT id, iif(lane IS NULL, name, NULL) FROM uploads WHERE id = ?1",
        )?
        .execute([key(upload)])?;
    if inserted > 0 { forget(database, upload) } else { Ok(()) }
}

/// Drops uploads; their part files become garbage.
pub(super) fn drop_all(database: &Connection, uploads: &[UploadId]) -> rusqlite::Result<()> {
    uploads.iter().try_for_each(|upload| drop_one(database, *upload))
}

/// Drops some uploads of a user, at most `max`; their part files become garbage. Returns the
/// number.
pub(super) fn drop_some_of(
    database: &Connection,
    owner: Number,
    max: u32,
) -> rusqlite::Result<usize> {
    let ids: Vec<i64> = database
        .prepare_cached("SELECT id FROM uploads WHERE owner = ?1 ORDER BY id LIMIT ?2")?
        .query_map((owner.0, max), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    ids.iter().try_for_each(|id| drop_one(database, upload_id(*id)))?;
    Ok(ids.len())
}

/// Drops some uploads into a lane, at most `max`; their part files become garbage. Returns the
/// number.
pub(super) fn drop_some(database: &Connection, lane: Lane, max: u32) -> rusqlite::Result<usize> {
    let ids: Vec<i64> = database
        .prepare_cached("SELECT id FROM uploads WHERE lane = ?1 ORDER BY id LIMIT ?2")?
        .query_map((lane, max), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    ids.iter().try_for_each(|id| drop_one(database, upload_id(*id)))?;
    Ok(ids.len())
}

/// All incomplete uploads, oldest first.
pub(in crate::store) fn all_oldest_first(
    database: &Connection,
) -> rusqlite::Result<Vec<UploadRecord>> {
    let query = "SELECT id, owner, lane, name, size FROM uploads ORDER BY touched, id";
    let uploads = database.prepare(query)?.query_map([], parse)?.collect::<Result<Vec<_>, _>>()?;
    Ok(uploads.into_iter().flatten().collect())
}

/// The uploads that were begun before a time in microseconds since the Unix epoch, oldest first, at
/// most `max`. Whether they were interrupted before it, too, shows in their part files.
pub(in crate::store) fn begun_before(
    database: &Connection,
    before: u64,
    max: u32,
) -> rusqlite::Result<Vec<UploadRecord>> {
    let mut uploads = Vec::new();
    let mut select = database.prepare_cached(
        "SELECT id, owner, lane, name, size FROM uploads WHERE touched < ?1
         ORDER BY touched, id LIMIT ?2",
    )?;
    let mut rows = select.query((bounded(before), max))?;
    while let Some(row) = rows.next()? {
        uploads.extend(parse(row)?);
    }
    Ok(uploads)
}

/// Applies the fates of uploads, unless they were begun again since `before`.
pub(in crate::store) fn settle(
    database: &Connection,
    fates: &[(UploadId, Fate)],
    before: u64,
) -> rusqlite::Result<()> {
    for (upload, fate) in fates {
        let was_begun = !database
            .prepare_cached("SELECT 1 FROM uploads WHERE id = ?1 AND touched < ?2")?
            .exists((key(*upload), bounded(before)))?;
        match fate {
            _ if was_begun => {}
            Fate::Placed => found_placed(database, *upload)?,
            Fate::Ends => drop_one(database, *upload)?,
            Fate::Stays => {
                database
                    .prepare_cached("UPDATE uploads SET touched = ?2 WHERE id = ?1")?
                    .execute((key(*upload), clock::micros()))?;
            }
        }
    }
    Ok(())
}

/// Turns uploads into files that had been renamed when the server stopped before the row was moved.
pub(super) fn repair(
    database: &Connection,
    is_placed: impl Fn(&UploadRecord) -> bool,
) -> rusqlite::Result<()> {
    let mut select =
        database.prepare("SELECT id, owner, lane, name, size FROM uploads WHERE lane IS NULL")?;
    let uploads = select.query_map([], parse)?.collect::<rusqlite::Result<Vec<_>>>()?;
    for upload in uploads.into_iter().flatten() {
        if is_placed(&upload) {
            found_placed(database, upload.id)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::schema;

    #[test]
    fn uploads_of_one_time_come_in_the_order_of_their_ids() {
        let owner = Number(10_001);
        for step in ["", "DROP INDEX uploads_by_age"] {
            let folder = tempfile::tempdir().unwrap();
            let database = schema::open(&folder.path().join("store")).unwrap();
            database.execute_batch(step).unwrap();
            // This reverses the order of queries without ORDER BY.
            database.pragma_update(None, "reverse_unordered_selects", true).unwrap();
            database
                .execute_batch(
                    "INSERT INTO uploads VALUES (9, 10001, NULL, 'file', 5, 70),
                     (3, 10001, NULL, 'file', 5, 70), (5, 10001, NULL, 'file', 5, 70),
                     (7, 10001, NULL, 'older', 5, 60)",
                )
                .unwrap();
            let ids = |uploads: Vec<UploadRecord>| -> Vec<u64> {
                uploads.into_iter().map(|upload| upload.id.0).collect()
            };
            assert_eq!(ids(begun_before(&database, 80, 3).unwrap()), [7, 3, 5], "{step}");
            assert_eq!(ids(all_oldest_first(&database).unwrap()), [7, 3, 5, 9], "{step}");
            let place = FileTarget::Shared("file".parse().unwrap());
            let found = begin_again(&database, owner, &place, 5).unwrap();
            assert_eq!(found, Some(UploadId(9)), "{step}");
        }
    }

    #[test]
    fn what_a_user_takes_is_what_the_rows_say() {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        let (alice, bob) = (Number(10_001), Number(10_002));
        let takes = |owner| {
            let Usage { unfinished, files, bytes } = usage(&database, owner).unwrap();
            (unfinished, files, bytes)
        };
        assert_eq!(takes(alice), (0, 0, 0));
        let place = |name: &str| FileTarget::Shared(name.parse().unwrap());
        let first = insert(&database, alice, &place("a"), 5_000).unwrap();
        let second = insert(&database, alice, &place("a"), 0).unwrap();
        let third = insert(&database, bob, &place("a"), u64::MAX).unwrap();
        assert_eq!((takes(alice), takes(bob)), ((2, 0, 9_096), (1, 0, 1 << 52)));
        placed(&database, first).unwrap();
        assert_eq!(takes(alice), (1, 1, 9_096));
        placed(&database, second).unwrap();
        assert_eq!(takes(alice), (0, 1, 4_096), "it was removed by hand, and is another one now");
        placed(&database, third).unwrap();
        assert_eq!((takes(alice), takes(bob)), ((0, 0, 0), (0, 1, 1 << 52)));
        let sent = "INSERT INTO sent VALUES (7, 7, 10001, 9000), (8, 8, 10001, 1);
            DELETE FROM sent WHERE message = 7";
        database.execute_batch(sent).unwrap();
        assert_eq!(takes(alice), (0, 1, 4_096));
        drop_one(&database, insert(&database, alice, &place("b"), 1 << 20).unwrap()).unwrap();
        assert_eq!(takes(alice), (0, 1, 4_096));
    }
}
