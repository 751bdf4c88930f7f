//! Completions: the results that threads leave for the loop, and the call that wakes it.

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::{fmt, io};

use super::parts::OpenPart;
use crate::chat::sha256::Sha256Sum;
use crate::hub::job::{JobId, Outcome};

/// The id of an upload or a download, chosen by the server. The store gives it back as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferId {
    /// The connection, in the server's own numbers.
    pub connection: u64,
    /// The stream of that connection.
    pub stream: u32,
}

/// A result that the store leaves for the loop.
#[derive(Debug)]
pub enum Completion {
    /// A job is done.
    Job {
        /// Which job.
        job: JobId,
        /// What came of it.
        outcome: Outcome,
    },
    /// A file was opened for a download. The hub's outcome is `Value::Opened`; the file stays with
    /// the server.
    Opened {
        /// The job.
        job: JobId,
        /// The file: regular, open for reading.
        file: File,
        /// Its size in bytes.
        size: u64,
    },
    /// A file was opened for an upload. The hub's outcome is `Value::UploadReady`; the file stays
    /// with the server.
    UploadOpened {
        /// The job.
        job: JobId,
        /// The file: regular, open for writing.
        part: OpenPart,
        /// How many bytes are there already.
        offset: u64,
        /// The sum of those.
        sha256: Sha256Sum,
    },
    /// Bytes of an upload were written.
    Written {
        /// Which upload.
        transfer: TransferId,
        /// Whether they could be written.
        result: io::Result<()>,
    },
    /// A range of a file was read into the page cache.
    Warmed {
        /// For which download.
        transfer: TransferId,
        /// Whether it could be read. [`io::ErrorKind::WouldBlock`] where too many ranges wait.
        result: io::Result<()>,
    },
}

/// The sending end of the completions. Each thread has a clone of it.
#[derive(Clone)]
pub(super) struct Completions {
    sender: Sender<Completion>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Completions {
    /// An end that sends results into `sender`, and then calls `wake`.
    pub(super) fn new(sender: Sender<Completion>, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Completions { sender, wake }
    }

    /// Hands one result to the loop.
    pub(super) fn push(&self, completion: Completion) {
        self.push_all([completion]);
    }

    /// Hands the outcome of a job to the loop.
    pub(super) fn finish(&self, job: JobId, outcome: Outcome) {
        self.push(Completion::Job { job, outcome });
    }

    /// Hands results to the loop, and wakes it once, where there are any.
    pub(super) fn push_all(&self, completions: impl IntoIterator<Item = Completion>) {
        let mut any = false;
        for completion in completions {
            // Sending fails only while the store closes, when nobody waits for a result.
            any |= self.sender.send(completion).is_ok();
        }
        if any {
            (self.wake)();
        }
    }
}

impl fmt::Debug for Completions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completions").finish_non_exhaustive()
    }
}
