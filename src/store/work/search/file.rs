//! The file of the search index: its schema, which messages it covers, and its creation.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row};

/// The version of the index's schema. An index of another version is discarded.
const VERSION: u32 = 3;
/// How long to wait for the lock of another process, such as one of SQLite's tools.
pub(super) const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// The schema of the index.
const SCHEMA: &str = "
    CREATE VIRTUAL TABLE words USING fts5 (
        text, who,
        content = '', contentless_delete = 1, tokenize = 'ascii tokenchars ''#*'''
    );
    CREATE TABLE progress (
        one      INTEGER PRIMARY KEY CHECK (one = 1),
        identity BLOB NOT NULL, -- of the store
        first    INTEGER NOT NULL, -- messages with an id from there on are indexed
        last     INTEGER NOT NULL -- the id of the last message that was indexed
    ) STRICT;
    -- The groups of which messages are indexed.
    CREATE TABLE groups (id INTEGER PRIMARY KEY) STRICT;
    -- How far the removals of single messages were followed.
    CREATE TABLE deletions (
        one   INTEGER PRIMARY KEY CHECK (one = 1),
        place INTEGER NOT NULL -- of the last one that was forgotten
    ) STRICT;
";

/// An error of the index.
#[derive(Debug)]
pub(super) enum IndexError {
    /// The index file is corrupt.
    Damaged(rusqlite::Error),
    /// Another error of SQLite, for the index or for the database.
    Database(rusqlite::Error),
    /// The search took too long.
    TimedOut,
    /// An error of the operating system.
    System(io::Error),
}

impl IndexError {
    /// Converts an error of SQLite for the index file.
    pub(super) fn of_index(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                IndexError::Damaged(error)
            }
            _ => IndexError::Database(error),
        }
    }
}

impl From<io::Error> for IndexError {
    fn from(error: io::Error) -> Self {
        IndexError::System(error)
    }
}

/// The range of messages that are indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IndexProgress {
    /// The smallest id; 0 if there are no older messages.
    pub(super) first: i64,
    /// The largest id.
    pub(super) last: i64,
}

/// Opens the index of a store, and begins a new one where there is none that fits.
pub(super) fn open(
    store: &Connection,
    path: &Path,
) -> Result<(Connection, IndexProgress), IndexError> {
    let identity = "SELECT identity FROM store";
    let identity: Vec<u8> =
        store.query_row(identity, [], |row| row.get(0)).map_err(IndexError::Database)?;
    let is_new = !path.exists();
    let index = open_file(path)?;
    if let Some(progress) = progress(&index, &identity).map_err(IndexError::of_index)? {
        return Ok((index, progress));
    }
    let newest = newest(store).map_err(IndexError::Database)?;
    if !is_new {
        log::info!("the search index is of another version or store and is made anew");
    } else if newest.is_some() {
        log::info!("there is no search index: it is made from the messages");
    }
    drop(index);
    remove(path)?;
    let index = open_file(path)?;
    let progress =
        IndexProgress { first: newest.map_or(0, |id| id + 1), last: newest.unwrap_or(0) };
    begin(&index, &identity, progress).map_err(IndexError::of_index)?;
    Ok((index, progress))
}

/// Removes the files of the index.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    for end in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(end);
        match fs::remove_file(PathBuf::from(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn open_file(path: &Path) -> Result<Connection, IndexError> {
    // SQLite creates its other files with the mode of this one. Nobody else may read messages.
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let set_up = || {
        let index = Connection::open_with_flags(path, flags)?;
        index.busy_timeout(LOCK_TIMEOUT)?;
        index.pragma_update(None, "journal_mode", "WAL")?;
        // What is lost in a crash is indexed again.
        index.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(index)
    };
    set_up().map_err(IndexError::of_index)
}

/// The newest message in the index of the database with that identity; `None` if it is not its
/// index.
fn progress(index: &Connection, identity: &[u8]) -> rusqlite::Result<Option<IndexProgress>> {
    let version: u32 = index.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != VERSION {
        return Ok(None);
    }
    let query = "SELECT first, last FROM progress WHERE identity = ?1";
    let progress = |row: &Row<'_>| Ok(IndexProgress { first: row.get(0)?, last: row.get(1)? });
    index.query_row(query, [identity], progress).optional()
}

fn begin(index: &Connection, identity: &[u8], progress: IndexProgress) -> rusqlite::Result<()> {
    let transaction = index.unchecked_transaction()?;
    transaction.execute_batch(SCHEMA)?;
    let IndexProgress { first, last } = progress;
    transaction.execute("INSERT INTO progress VALUES (1, ?1, ?2, ?3)", (identity, first, last))?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// The id of the newest message of a store, if it has any.
fn newest(store: &Connection) -> rusqlite::Result<Option<i64>> {
    store.query_row("SELECT max(id) FROM messages", [], |row| row.get(0))
}
