//! The errors of opening the store.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::exit::Exit;

/// The error of opening the store. Its text names the path, for the operator who starts the server.
#[derive(Debug)]
pub enum StoreError {
    /// Another process has locked the data folder.
    InUse {
        /// The data folder.
        path: PathBuf,
    },
    /// The data folder, or what is in it, can't be used.
    Unusable {
        /// The file or folder that can't be used.
        path: PathBuf,
        /// The reason.
        reason: StoreFault,
    },
}

/// The reason why the data folder, the shared folder, or a file in them can't be used.
#[derive(Debug)]
pub enum StoreFault {
    /// An error of the operating system.
    System(io::Error),
    /// An error of SQLite.
    Database(rusqlite::Error),
    /// There is not enough disk space to open it.
    DiskFull,
    /// The database is empty, though the search index says that it was not.
    Emptied,
    /// The store was written by a newer version of the server.
    NewerSchema {
        /// The schema version of the store.
        found: u32,
        /// The newest schema version that this server knows.
        known: u32,
    },
    /// SQLite can't use a write-ahead log there; the journal mode that it uses instead.
    NoWriteAheadLog(String),
    /// An account's row is not as any version of the server writes it.
    MalformedAccount {
        /// The account's number, as it is in the row.
        number: i64,
        /// The column.
        column: &'static str,
    },
    /// A sanction's row is not as any version of the server writes it; its key.
    MalformedSanction(String),
    /// The shared folder contains the data folder, so everybody could read the password hashes.
    HoldsData,
    /// A group's rows are not as any version of the server writes them.
    MalformedGroup {
        /// The group's id, as it is in the row.
        id: i64,
        /// The malformed part of it.
        what: &'static str,
    },
    /// A report's row is not as any version of the server writes it.
    MalformedReport {
        /// The report's number.
        number: u32,
    },
    /// The shared folder is inside the folder of the files sent in chats.
    HoldsSent,
    /// An idempotency key is malformed; the id of its message.
    MalformedKey(i64),
}

impl StoreError {
    /// The exit code of a server that can't start for this reason: 75 (`EX_TEMPFAIL`) if another
    /// server uses the data folder, 73 (`EX_CANTCREAT`) otherwise.
    pub fn exit(&self) -> Exit {
        match self {
            StoreError::InUse { .. } => Exit::TryAgain,
            StoreError::Unusable { .. } => Exit::CantCreate,
        }
    }

    /// Returns a conversion from a reason to the error for `path`.
    pub(super) fn at<R: Into<StoreFault>>(path: &Path) -> impl FnOnce(R) -> StoreError {
        move |reason| StoreError::Unusable { path: path.to_owned(), reason: reason.into() }
    }
}

impl From<io::Error> for StoreFault {
    fn from(error: io::Error) -> Self {
        StoreFault::System(error)
    }
}

impl From<rustix::io::Errno> for StoreFault {
    fn from(error: rustix::io::Errno) -> Self {
        StoreFault::System(error.into())
    }
}

impl From<rusqlite::Error> for StoreFault {
    fn from(error: rusqlite::Error) -> Self {
        StoreFault::Database(error)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::InUse { path } => {
                write!(f, "another server uses the data folder {}", path.display())
            }
            StoreError::Unusable { path, reason } => {
                write!(f, "{} can't be used: {reason}", path.display())
            }
        }
    }
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreFault::System(error) => error.fmt(f),
            StoreFault::Database(error) if is_damaged(error) => write!(
                f,
                "{error} (chatsrv --check says more; a copy that chatsrv --backup made can take \
                 its place)"
            ),
            StoreFault::Database(error) => error.fmt(f),
            StoreFault::DiskFull => f.write_str("the disk is full"),
            StoreFault::Emptied => f.write_str(
                "it is empty, though its search index is not (a copy that chatsrv --backup made \
                 can take its place; without search.sqlite the server begins anew)",
            ),
            StoreFault::NewerSchema { found, known } => write!(
                f,
                "it was written by a newer version of the server \
                 (schema {found}, this one knows {known})"
            ),
            StoreFault::NoWriteAheadLog(mode) => {
                write!(f, "no write-ahead log is possible there (journal mode {mode})")
            }
            StoreFault::MalformedAccount { number, column } => {
                write!(f, "the account {number} has a malformed {column}")
            }
            StoreFault::MalformedGroup { id, what } => {
                write!(f, "the group {id} has a malformed {what}")
            }
            StoreFault::MalformedSanction(key) => write!(f, "the sanction {key} is malformed"),
            StoreFault::HoldsData => {
                f.write_str("it holds the data folder, and so the password hashes")
            }
            StoreFault::HoldsSent => f.write_str("it holds the files that were sent in chats"),
            StoreFault::MalformedReport { number } => {
                write!(f, "the report {number} is malformed")
            }
            StoreFault::MalformedKey(id) => write!(f, "the key of the message {id} is malformed"),
        }
    }
}

/// Returns true if the database file is corrupt.
fn is_damaged(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            StoreError::Unusable { reason: StoreFault::System(error), .. } => Some(error),
            StoreError::Unusable { reason: StoreFault::Database(error), .. } => Some(error),
            _ => None,
        }
    }
}
