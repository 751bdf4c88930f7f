//! The table of exports: a row from the request on, until the file is gone, but for a day at least.

use rusqlite::{Connection, OptionalExtension};

use super::removal;
use super::values::{bounded, from_sql, key, sql, upload_id};
use crate::chat::export::{Export, KeptExport};
use crate::chat::id::{MessageId, UploadId};
use crate::chat::message::StoredMessage;
use crate::chat::name::Number;

/// Inserts an export that is to be made.
pub(in crate::store) fn insert(
    database: &Connection,
    owner: Number,
    asked: u64,
) -> rusqlite::Result<Export> {
    // A random id, as that of an upload.
    let inserted = database
        .prepare_cached(
            "INSERT INTO exports (file, owner, asked)
             VALUES (random() & 0x7fffffffffffffff, ?1, ?2)",
        )?
        .insert((owner.0, bounded(asked)))?;
    Ok(Export { file: upload_id(inserted), owner, asked })
}

/// Returns true if an export is still to be made.
pub(in crate::store) fn is_to_be_made(
    database: &Connection,
    file: UploadId,
) -> rusqlite::Result<bool> {
    database
        .prepare_cached("SELECT 1 FROM exports WHERE file = ?1 AND message IS NULL")?
        .exists([key(file)])
}

/// Notes which message has sent an export.
pub(in crate::store) fn sent(
    database: &Connection,
    file: UploadId,
    message: &StoredMessage,
) -> rusqlite::Result<()> {
    database
        .prepare_cached("UPDATE exports SET message = ?2 WHERE file = ?1")?
        .execute((key(file), sql(message.id)))?;
    Ok(())
}

/// Removes an export, with the message that has sent it if that is still there.
pub(in crate::store) fn end(database: &Connection, file: UploadId) -> rusqlite::Result<()> {
    let found: Option<Option<i64>> = database
        .prepare_cached("SELECT message FROM exports WHERE file = ?1")?
        .query_row([key(file)], |row| row.get(0))
        .optional()?;
    match found {
        None => return Ok(()),
        Some(None) => {
            database
                .prepare_cached("INSERT INTO garbage (id, name) VALUES (?1, NULL)")?
                .execute([key(file)])?;
        }
        Some(Some(message)) => {
            removal::remove_one(database, from_sql(0, message)?)?;
        }
    }
    // After the file, which counts to the quota of its owner if it is none of these.
    database.prepare_cached("DELETE FROM exports WHERE file = ?1")?.execute([key(file)])?;
    Ok(())
}

/// Loads all exports, in the order in which they were asked for.
pub(in crate::store) fn load(database: &Connection) -> rusqlite::Result<Vec<KeptExport>> {
    let mut select = database.prepare(
        "SELECT exports.file, owner, asked, exports.message, size
         FROM exports LEFT JOIN sent ON sent.message = exports.message
         ORDER BY asked, exports.file",
    )?;
    let rows = select.query_map([], |row| {
        let message: Option<i64> = row.get(3)?;
        let message: Option<MessageId> = message.map(|id| from_sql(3, id)).transpose()?;
        let size = row.get::<_, Option<i64>>(4)?.map_or(0, i64::cast_unsigned);
        let export = Export {
            file: upload_id(row.get(0)?),
            owner: Number(row.get(1)?),
            asked: row.get::<_, i64>(2)?.cast_unsigned(),
        };
        Ok(KeptExport { export, sent: message.map(|message| (message, size)) })
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::{files, messages, schema, uploads};

    const OWNER: Number = Number(10_001);

    fn count(database: &Connection, table: &str) -> i64 {
        let query = format!("SELECT count(*) FROM {table}");
        database.query_row(&query, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn it_counts_to_no_quota_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        let account = "INSERT INTO accounts (number, name, password, created)
            VALUES (10001, 'a', '', 0)";
        database.execute_batch(account).unwrap();
        for is_deleted_before in [false, true] {
            let export = insert(&database, OWNER, 1_795_521_601).unwrap();
            assert_eq!(load(&database).unwrap(), [KeptExport { export, sent: None }]);
            assert!(is_to_be_made(&database, export.file).unwrap());
            let message = export.message(MessageId(7), "a".parse().unwrap(), 5_000);
            messages::keep(&database, &message).unwrap();
            files::keep_sent(&database, &message, export.file, 5_000).unwrap();
            sent(&database, export.file, &message).unwrap();
            assert!(!is_to_be_made(&database, export.file).unwrap());
            let kept = KeptExport { export, sent: Some((message.id, 5_000)) };
            assert_eq!(load(&database).unwrap(), [kept]);
            assert_eq!(uploads::usage(&database, OWNER).unwrap(), uploads::Usage::default());
            if is_deleted_before {
                removal::remove_one(&database, message.id).unwrap();
                let kept = KeptExport { export, sent: Some((message.id, 0)) };
                assert_eq!(load(&database).unwrap(), [kept], "the day is not over");
            }
            end(&database, export.file).unwrap();
            assert_eq!(uploads::usage(&database, OWNER).unwrap(), uploads::Usage::default());
            for gone in ["exports", "messages", "sent"] {
                assert_eq!(count(&database, gone), 0, "{gone}");
            }
            assert_eq!(count(&database, "garbage"), 1, "the file goes");
            end(&database, export.file).unwrap();
            database.execute_batch("DELETE FROM garbage").unwrap();
        }
        let export = insert(&database, OWNER, 7).unwrap();
        end(&database, export.file).unwrap();
        assert_eq!((count(&database, "exports"), count(&database, "garbage")), (0, 1));
    }
}
