//! Completions: the results that the store's threads send to the event loop.

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::{fmt, io};

use super::parts::OpenPart;
use crate::chat::sha256::Sha256Sum;
use crate::hub::job::{JobId, Outcome};

/// The id of an upload or a download. The server chooses it, and the store returns it unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferId {
    /// The connection, in an encoding that only the server knows.
    pub connection: u64,
    /// The stream of that connection.
    pub stream: u32,
}

/// A result that the store has for the event loop.
#[derive(Debug)]
pub enum Completion {
    /// A job is done.
    Job {
        /// The job.
        job: JobId,
        /// Its outcome.
        outcome: Outcome,
    },
    /// A file was opened for a download. The hub gets `Value::Opened`; the server keeps the file.
    Opened {
        /// The job.
        job: JobId,
        /// The file: regular, open for reading.
        file: File,
        /// Its size in bytes.
        size: u64,
    },
    /// A part file was opened for an upload. The hub gets `Value::UploadReady`; the server keeps
    /// the file.
    UploadOpened {
        /// The job.
        job: JobId,
        /// The file: regular, open for writing.
        part: OpenPart,
        /// The number of bytes that it has already.
        offset: u64,
        /// The SHA-256 sum of those.
        sha256: Sha256Sum,
    },
    /// Bytes of an upload were written.
    Written {
        /// The upload.
        transfer: TransferId,
        /// The result of the write.
        result: io::Result<()>,
    },
    /// A range of a file was read into the page cache.
    Warmed {
        /// The download.
        transfer: TransferId,
        /// The result of the read; [`io::ErrorKind::WouldBlock`] if too many ranges wait.
        result: io::Result<()>,
    },
}

/// The sender of completions. Each thread has a clone of it.
#[derive(Clone)]
pub(super) struct Completions {
    sender: Sender<Completion>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Completions {
    /// Creates a sender that sends results into `sender`, and then calls `wake`.
    pub(super) fn new(sender: Sender<Completion>, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Completions { sender, wake }
    }

    /// Sends one result to the event loop.
    pub(super) fn push(&self, completion: Completion) {
        self.push_all([completion]);
    }

    /// Sends the outcome of a job to the event loop.
    pub(super) fn finish(&self, job: JobId, outcome: Outcome) {
        self.push(Completion::Job { job, outcome });
    }

    /// Sends results to the event loop, and wakes it once if there are any.
    pub(super) fn push_all(&self, completions: impl IntoIterator<Item = Completion>) {
        let mut any = false;
        for completion in completions {
            // Sending fails only while the store closes, when no result is needed.
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
