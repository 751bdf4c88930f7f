//! The trait of all kinds of requests, and the steps by which they go on after the commit.

use std::sync::Arc;

use rusqlite::Connection;

use super::recounts::Recounts;
use super::tasks::UploadTask;
use crate::chat::id::UploadId;
use crate::chat::refusal::Failure;
use crate::hub::job::Outcome;
use crate::store::health::Health;

/// A kind of request: it runs in a transaction, and tells what it means for others.
pub(super) trait RequestKind {
    /// Whether it needs the write lock.
    fn writes(&self) -> bool;

    /// What the log calls it.
    fn describe(&self) -> String;

    /// Runs it in a transaction. It may run several times, until one is committed.
    ///
    /// # Errors
    /// What SQLite says; then nothing of it is kept.
    fn run(&self, database: &Connection, context: &mut Context) -> rusqlite::Result<Step>;

    /// Whether the search has to follow.
    fn changes_messages(&self) -> bool {
        false
    }

    /// Whether it may leave something that is removed later.
    fn leaves_remains(&self) -> bool {
        false
    }

    /// Whether the files that were handed out to be removed are gone with it.
    fn ends_sweep(&self) -> bool {
        false
    }

    /// What whoever asked hears where it failed.
    fn refuse(&self, failure: Failure) -> Outcome {
        Err(failure)
    }
}

/// The next step of a request, taken when its transaction is committed.
#[derive(Debug)]
pub(in crate::store) enum Step {
    /// It is done, and on disk where it keeps something.
    Done(Outcome),
    /// A password thread compares its password with this hash, where there is one.
    Compare(Option<String>),
    /// The search thread looks.
    Search,
    /// A thread that writes files goes on.
    Upload(UploadTask),
    /// A thread that reads files opens this sent file.
    Open(UploadId),
    /// A thread that reads files hashes this sent file.
    Sum(UploadId),
    /// It is done: the upload is a file that was sent.
    Sent(UploadId),
}

/// The state that requests need beside the database.
#[derive(Debug)]
pub(in crate::store) struct Context {
    /// Whether writing to the store works.
    pub(in crate::store) health: Arc<Health>,
    pub(super) recounts: Recounts,
}

impl Context {
    /// For a store that was just opened.
    pub(in crate::store) fn new() -> Self {
        let health = Arc::new(Health::new("writing to the store"));
        Context { health, recounts: Recounts::default() }
    }
}
