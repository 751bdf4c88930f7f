//! Maintenance: the check and the backup of a store, also while a server uses it, and the mending
//! of ids that are ahead of the clock.
//!
//! Neither check nor backup takes the lock of the data folder: both only read, in one transaction,
//! which SQLite isolates from what a server writes meanwhile.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, io};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::error::{StoreError, StoreFault};
use super::layout::{DATABASE, SEARCH_INDEX, SENT};
use super::lock::Lock;
use super::rows::lane::Lane;
use super::rows::{accounts, ahead, files, groups, keys, networks, schema, untold};
use super::work::search;
use crate::chat::name::FileName;
use crate::chat::text::Text;
use crate::exit::Exit;

/// The largest number of findings that are reported.
const FINDINGS_MAX: usize = 100;
/// How long to wait for a server that is opening or closing the store.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

const MESSAGES_OF_NO_GROUP: (&str, &str) = (
    "SELECT count(*) FROM messages WHERE lane < 0 AND ~lane NOT IN
     (SELECT id FROM groups UNION ALL SELECT group_id FROM ended)",
    "messages are of a group that there is not",
);

/// Why a store could not be checked or copied.
#[derive(Debug)]
pub enum MaintenanceError {
    /// The store can't be read.
    Store(PathBuf, StoreFault),
    /// The copy can't be written.
    Copy(PathBuf, StoreFault),
    /// There is a file at the path of the copy.
    Exists(PathBuf),
    /// The store can't be mended.
    Mend(PathBuf, StoreFault),
    /// The store can't be opened to be mended; a server may be using it.
    Refused(StoreError),
}

impl MaintenanceError {
    /// The exit code: 74 (`EX_IOERR`) if the store can't be read or mended, 73 (`EX_CANTCREAT`) if
    /// the copy can't be written, 75 (`EX_TEMPFAIL`) if a server uses the store that is to be
    /// mended.
    pub fn exit(&self) -> Exit {
        match self {
            MaintenanceError::Store(..) | MaintenanceError::Mend(..) => Exit::InputOutput,
            MaintenanceError::Refused(error) => error.exit(),
            MaintenanceError::Copy(..) | MaintenanceError::Exists(_) => Exit::CantCreate,
        }
    }
}

impl fmt::Display for MaintenanceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MaintenanceError::Store(path, reason) => {
                write!(f, "{} can't be read: {reason}", path.display())
            }
            MaintenanceError::Copy(path, reason) => {
                write!(f, "{} can't be made: {reason}", path.display())
            }
            MaintenanceError::Exists(path) => {
                write!(f, "{} is there already", path.display())
            }
            MaintenanceError::Mend(path, reason) => {
                write!(f, "{} can't be mended: {reason}", path.display())
            }
            MaintenanceError::Refused(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for MaintenanceError {}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// The version of the store's schema.
    pub schema: u32,
    /// The newest version of the schema, which this server writes.
    pub known: u32,
    /// The number of accounts.
    pub accounts: u64,
    /// The number of messages.
    pub messages: u64,
    /// Descriptions of what is wrong; only the first ones if there are many.
    pub findings: Vec<String>,
}

/// A line for each finding, and a summary.
impl fmt::Display for Checkup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Checkup { schema, known, accounts, messages, findings } = self;
        findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))?;
        writeln!(f, "schema {schema} of {known}, {accounts} accounts, {messages} messages")?;
        if findings.is_empty() { writeln!(f, "the store is sound") } else { Ok(()) }
    }
}

/// Checks the store in a data folder: the integrity of the database, its foreign keys, and that all
/// rows are valid. A server may be using it.
///
/// # Errors
/// [`MaintenanceError::Store`] if it can't be read at all.
pub fn check(data: &Path) -> Result<Checkup, MaintenanceError> {
    let path = data.join(DATABASE);
    let store = open(&path)?;
    match look(&store, data) {
        Ok(checkup) => Ok(checkup),
        Err(StoreFault::Database(error)) if is_damage(&error) => {
            let findings = vec![error.to_string()];
            let known = schema::MIGRATIONS.len() as u32;
            Ok(Checkup { schema: 0, known, accounts: 0, messages: 0, findings })
        }
        Err(reason) => Err(MaintenanceError::Store(path, reason)),
    }
}

/// Copies the database of a data folder to a new file, with mode 0600: everything that was
/// confirmed when it began. A server may be using the store.
///
/// # Errors
/// [`MaintenanceError::Exists`] if there is a file at the path of the copy; then nothing was done.
pub fn backup(data: &Path, copy: &Path) -> Result<(), MaintenanceError> {
    let path = data.join(DATABASE);
    if fs::symlink_metadata(copy).is_ok() {
        return Err(MaintenanceError::Exists(copy.to_owned()));
    }
    let store = open(&path)?;
    let mut part = copy.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let failed = |reason: StoreFault| MaintenanceError::Copy(copy.to_owned(), reason);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .map_err(|error| MaintenanceError::Copy(part.clone(), error.into()))?;
    let result = copy_pages(&store, &part).and_then(|()| settle(&part, copy));
    if let Err(reason) = result {
        // The first failure is the one to report.
        let _ = fs::remove_file(&part);
        return Err(match reason {
            StoreFault::System(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                MaintenanceError::Exists(copy.to_owned())
            }
            reason => failed(reason),
        });
    }
    Ok(())
}

/// Moves the ids of a store that are ahead of the clock behind the last right one, and mends times
/// that are. A membership lasts at most `absence_max` without its user. No server may be using the
/// store. The search index is made anew by the next one. Returns the number of ids that were moved.
///
/// # Errors
/// [`MaintenanceError::Refused`] if a server uses the store, or it can't be opened;
/// [`MaintenanceError::Mend`] if it stays as it was for another reason.
pub fn mend_clock(data: &Path, absence_max: Duration) -> Result<u64, MaintenanceError> {
    let path = data.join(DATABASE);
    // Nothing is to be made where there is no store.
    fs::metadata(&path).map_err(|error| MaintenanceError::Store(path.clone(), error.into()))?;
    let _lock = Lock::acquire(data).map_err(MaintenanceError::Refused)?;
    let database = schema::open(&path).map_err(MaintenanceError::Refused)?;
    let mend = || -> Result<u64, StoreFault> {
        let transaction = database.unchecked_transaction()?;
        transaction.pragma_update(None, "defer_foreign_keys", true)?;
        let absence_max = i64::try_from(absence_max.as_micros()).unwrap_or(i64::MAX);
        let moved = ahead::mend(&transaction, absence_max)?;
        if moved > 0 {
            // Before the commit, since an index of other ids must not survive it.
            search::remove_index(&data.join(SEARCH_INDEX))?;
        }
        transaction.commit()?;
        Ok(moved)
    };
    mend().map_err(|reason| MaintenanceError::Mend(path, reason))
}

fn open(path: &Path) -> Result<Connection, MaintenanceError> {
    let failed = |reason: StoreFault| MaintenanceError::Store(path.to_owned(), reason);
    // SQLite's own error would not say why the file can't be opened.
    fs::metadata(path).map_err(|error| failed(error.into()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let store = Connection::open_with_flags(path, flags).map_err(|error| failed(error.into()))?;
    store.busy_timeout(LOCK_TIMEOUT).map_err(|error| failed(error.into()))?;
    Ok(store)
}

fn is_damage(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Copies all pages in one step, which is one transaction: writes of a server meanwhile are not
/// seen, and do not restart the copy.
fn copy_pages(store: &Connection, part: &Path) -> Result<(), StoreFault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(part, flags)?;
    match Backup::new(store, &mut copy)?.step(-1)? {
        StepResult::Done => {}
        _ => return Err(io::Error::from(io::ErrorKind::ResourceBusy).into()),
    }
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Syncs a copy to disk, and renames it to its path.
fn settle(part: &Path, copy: &Path) -> Result<(), StoreFault> {
    File::open(part)?.sync_all()?;
    renameat_with(CWD, part, CWD, copy, RenameFlags::NOREPLACE)?;
    let folder = copy.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}

fn look(store: &Connection, data: &Path) -> Result<Checkup, StoreFault> {
    // One transaction, so that all counts are of the same state, even if a server writes meanwhile.
    let store = store.unchecked_transaction()?;
    let known = schema::MIGRATIONS.len() as u32;
    let found: u32 = store.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let mut checkup =
        Checkup { schema: found, known, accounts: 0, messages: 0, findings: Vec::new() };
    look_at_file(&store, &mut checkup.findings)?;
    if found > known {
        checkup.findings.push(StoreFault::NewerSchema { found, known }.to_string());
        return Ok(checkup);
    }
    if found >= 1 {
        checkup.accounts = count(&store, "SELECT count(*) FROM accounts WHERE number > 1")?;
        note(accounts::load(&store), &mut checkup.findings);
    }
    if found >= 2 {
        checkup.messages = count(&store, "SELECT count(*) FROM messages")?;
        look_at_messages(&store, &mut checkup.findings)?;
        note(keys::load(&store), &mut checkup.findings);
        look_at_rows(&store, &mut checkup.findings)?;
    }
    if found >= 3 {
        note(groups::load_of_schema(&store, found), &mut checkup.findings);
        count_each(&store, &[MESSAGES_OF_NO_GROUP], &mut checkup.findings)?;
    }
    if found >= 4 {
        look_at_uploads(&store, &mut checkup.findings)?;
        let sent = data.join(SENT);
        files::look_at_sent(&store, &sent, FINDINGS_MAX, &mut checkup.findings)?;
    }
    if found >= 6 {
        note(networks::load(&store), &mut checkup.findings);
    }
    if found >= 8 {
        note(untold::load(&store), &mut checkup.findings);
    }
    Ok(checkup)
}

/// Adds the error of loading rows to the findings.
fn note<T>(loaded: Result<T, StoreFault>, findings: &mut Vec<String>) {
    findings.extend(loaded.err().map(|reason| reason.to_string()));
}

fn count(store: &Connection, query: &str) -> rusqlite::Result<u64> {
    store.query_row(query, [], |row| row.get(0).map(i64::cast_unsigned))
}

/// Checks the integrity of the file, and the foreign keys.
fn look_at_file(store: &Connection, findings: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut check = store.prepare(&format!("PRAGMA integrity_check({FINDINGS_MAX})"))?;
    let mut rows = check.query([])?;
    while let Some(row) = rows.next()? {
        let told: String = row.get(0)?;
        if told != "ok" {
            findings.push(told);
        }
    }
    let mut check = store.prepare("PRAGMA foreign_key_check")?;
    let mut rows = check.query([])?;
    while let (Some(row), true) = (rows.next()?, findings.len() < FINDINGS_MAX) {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        findings.push(format!("a row of {table} refers to one of {parent} that there is not"));
    }
    Ok(())
}

fn look_at_messages(store: &Connection, findings: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut select = store.prepare("SELECT id, lane, sender, text FROM messages")?;
    let mut rows = select.query([])?;
    while let (Some(row), true) = (rows.next()?, findings.len() < FINDINGS_MAX) {
        let id: i64 = row.get(0)?;
        let sender: u32 = row.get::<_, i64>(2)?.try_into().unwrap_or(0);
        let wrong = match row.get::<_, Lane>(1) {
            _ if id < 0 => Some("id"),
            Err(_) => Some("lane"),
            Ok(Lane::Direct { from, .. } | Lane::Unheard { from, .. }) if from.0 != sender => {
                Some("sender")
            }
            Ok(_) => {
                let text = row.get_ref(3)?.as_bytes().unwrap_or_default();
                let is_text = !text.is_empty() && Text::from_bytes(text).is_ok();
                (!is_text).then_some("text")
            }
        };
        if let Some(column) = wrong {
            findings.push(format!("the message {id} has a malformed {column}"));
        }
    }
    Ok(())
}

/// A query that an older store has no table for, and what it finds.
const TOKENS_OF_NO_DEVICE: (&str, &str) = (
    "SELECT count(*) FROM tokens WHERE (number, device) NOT IN
     (SELECT number, device FROM devices)",
    "tokens are of no device",
);

/// A query that an older store has no table for, and what it finds.
const EXPORTS_THAT_ARE_OTHERS: (&str, &str) = (
    "SELECT count(*) FROM exports WHERE message IS NULL AND file IN
     (SELECT id FROM uploads UNION ALL SELECT id FROM files
      UNION ALL SELECT file FROM sent UNION ALL SELECT id FROM garbage)",
    "exports that are to be made are something else, too",
);

/// Checks that single queries can do.
fn look_at_rows(store: &Connection, findings: &mut Vec<String>) -> rusqlite::Result<()> {
    let looks = [
        ("SELECT count(*) FROM tokens WHERE length(hash) <> 32", "tokens have a malformed hash"),
        ("SELECT count(*) FROM chats WHERE seen < 0", "chats have a malformed mark"),
        (
            "SELECT count(*) <> 1 FROM accounts WHERE number = 1 AND name = 'operator'",
            "row of the operator is missing",
        ),
        (
            "SELECT count(*) FROM accounts WHERE admin NOT IN (0, 1)",
            "accounts have malformed rights",
        ),
        ("SELECT count(*) <> 1 FROM store", "row of the store itself is missing"),
    ];
    count_each(store, &looks, findings)?;
    if store.table_exists(None, "exports")? {
        count_each(store, &[EXPORTS_THAT_ARE_OTHERS], findings)?;
    }
    match store.table_exists(None, "devices")? {
        true => count_each(store, &[TOKENS_OF_NO_DEVICE], findings),
        // An older store has none.
        false => Ok(()),
    }
}

fn count_each(
    store: &Connection,
    looks: &[(&str, &str)],
    findings: &mut Vec<String>,
) -> rusqlite::Result<()> {
    for (query, what) in looks {
        let count = count(store, query)?;
        if count > 0 {
            findings.push(format!("{count} {what}"));
        }
    }
    Ok(())
}

/// Checks the rows of uploads and files.
fn look_at_uploads(store: &Connection, findings: &mut Vec<String>) -> rusqlite::Result<()> {
    let looks = [
        (
            "SELECT count(*) FROM sent WHERE message NOT IN (SELECT id FROM messages)",
            "files were sent by a message that there is not",
        ),
        (
            "SELECT count(*) - count(DISTINCT id) FROM (SELECT id FROM uploads
             UNION ALL SELECT id FROM files UNION ALL SELECT file FROM sent
             UNION ALL SELECT id FROM garbage)",
            "files are several things at once",
        ),
        ("SELECT count(*) FROM uploads WHERE size < 0", "uploads have a malformed size"),
        ("SELECT count(*) FROM files WHERE size < 0", "files have a malformed size"),
    ];
    count_each(store, &looks, findings)?;
    for (query, what) in [
        ("SELECT name FROM uploads", "an upload"),
        ("SELECT name FROM files", "a file"),
        ("SELECT name FROM garbage WHERE name IS NOT NULL", "a file to remove"),
    ] {
        let mut select = store.prepare(query)?;
        let mut rows = select.query([])?;
        while let (Some(row), true) = (rows.next()?, findings.len() < FINDINGS_MAX) {
            if row.get_ref(0)?.as_str()?.parse::<FileName>().is_err() {
                findings.push(format!("{what} has a malformed name"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
