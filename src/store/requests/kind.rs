//! The trait of all kinds of requests, and the steps that may follow their commit.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::recounts::Recounts;
use super::tasks::{ExportRead, UploadTask};
use crate::chat::id::UploadId;
use crate::chat::party::Party;
use crate::chat::refusal::Failure;
use crate::hub::job::Outcome;
use crate::metrics::Histogram;
use crate::store::health::Health;

/// A kind of request: it runs in a transaction, and says which side effects it has.
pub(super) trait RequestKind {
    /// Returns true if it needs the write lock.
    fn writes(&self) -> bool;

    /// A short description for the log.
    fn describe(&self) -> String;

    /// Runs it in a transaction. It may run several times, until one is committed.
    ///
    /// # Errors
    /// The error of SQLite; then the transaction is rolled back.
    fn run(&self, database: &Connection, context: &mut Context) -> rusqlite::Result<Step>;

    /// Returns true if the search index has to be updated.
    fn changes_messages(&self) -> bool {
        false
    }

    /// Returns true if it may leave rows or files that are to be removed later.
    fn leaves_remains(&self) -> bool {
        false
    }

    /// Returns true if it reports that the files given out for removal are removed.
    fn ends_sweep(&self) -> bool {
        false
    }

    /// The outcome of the job if the request fails.
    fn refuse(&self, failure: Failure) -> Outcome {
        Err(failure)
    }
}

/// The next step of a request after its transaction is committed.
#[derive(Debug)]
pub(in crate::store) enum Step {
    /// It is done, and what it wrote is on disk.
    Done(Outcome),
    /// A password thread compares the password with this hash, if there is one.
    Compare(Option<String>),
    /// A history thread reads.
    Read,
    /// A history thread reads some of an export.
    Export(ExportRead),
    /// The search thread searches.
    Search,
    /// A file-writing thread goes on.
    Upload(UploadTask),
    /// A file-reading thread opens this sent file.
    Open(Party, UploadId),
    /// A file-reading thread hashes this sent file.
    Sum(Party, UploadId),
    /// It is done: the upload is now a file that was sent in a chat.
    Sent(UploadId),
}

/// The state that requests need beside the database.
#[derive(Debug)]
pub(in crate::store) struct Context {
    /// Whether writing to the database works.
    pub(in crate::store) health: Arc<Health>,
    pub(super) recounts: Recounts,
    /// How long requests took in their transactions.
    pub(in crate::store) times: Arc<Mutex<Histogram>>,
}

impl Context {
    /// Creates the state for a database that was just opened.
    pub(in crate::store) fn new() -> Self {
        let health = Arc::new(Health::new("writing to the store"));
        Context { health, recounts: Recounts::default(), times: Arc::default() }
    }

    /// Notes how long a request took in its transaction.
    pub(in crate::store) fn took(&self, time: Duration) {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).record(time);
    }
}
