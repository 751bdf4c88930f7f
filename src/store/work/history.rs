//! The history threads, which read messages: lists, counts and chats, and exports step by step.
//! Each has a connection of its own, which sees all that was committed before it begins to read, as
//! one snapshot; so however much is read, nothing that is written waits for it.
//!
//! Users have turns, and each of them one request in work.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::chat::name::Number;
use crate::chat::refusal::Failure;
use crate::hub::job::{JobId, Outcome};
use crate::store::completions::Completions;
use crate::store::health::Health;
use crate::store::read_gate::ReadGate;
use crate::store::requests::{ExportRead, HistoryRequest};
use crate::store::rows::schema::LOCK_TIMEOUT;
use crate::store::threads::{Threads, step_back};
use crate::store::turn_queue::TurnQueue;
use crate::store::work::uploads::FileWriters;

/// The largest number of requests in the queue. A session has one at most, and an export.
const WAITING_MAX: usize = 8_192;
/// The number of threads: a request may take some tenths of a second, if its user has a thousand
/// chats, and others should not have to wait for that.
const THREADS: usize = 4;
/// The size of the page cache of each thread in KiB. A backlog is read only once.
const CACHE_KIB: i64 = 512;

/// A request for a history thread.
#[derive(Debug)]
pub(in crate::store) enum ReadTask {
    /// Read for a request of a session.
    History(HistoryRequest),
    /// Read some of an export, which a file-writing thread writes.
    Export(ExportRead),
}

impl ReadTask {
    /// The job that gets the outcome.
    fn job(&self) -> JobId {
        match self {
            ReadTask::History(request) => request.job,
            ReadTask::Export(read) => read.job,
        }
    }

    /// The user whose turn it takes.
    fn reader(&self) -> Number {
        match self {
            ReadTask::History(request) => request.viewer.reader,
            ReadTask::Export(read) => read.export.owner,
        }
    }
}

/// The handle of the history threads; its clones share them.
#[derive(Clone, Debug)]
pub(in crate::store) struct HistoryReaders(Arc<HistoryShared>);

/// The state that the threads share.
#[derive(Debug)]
struct HistoryShared {
    /// The database.
    path: PathBuf,
    queue: TurnQueue<Number, ReadTask>,
    gate: Arc<ReadGate>,
    health: Health,
    completions: Completions,
    /// The threads that write exports.
    writers: FileWriters,
}

impl HistoryReaders {
    /// Creates the handle; [`HistoryReaders::start`] starts the threads, which read the database
    /// `path` when they get through the gate.
    pub(in crate::store) fn new(
        path: PathBuf,
        gate: Arc<ReadGate>,
        completions: Completions,
        writers: FileWriters,
    ) -> Self {
        let health = Health::new("reading messages");
        let queue = TurnQueue::new();
        let shared = HistoryShared { path, queue, gate, health, completions, writers };
        HistoryReaders(Arc::new(shared))
    }

    /// Starts the threads. Each has a connection from the beginning, so that it goes on reading
    /// where the store is displaced.
    ///
    /// # Errors
    /// The error of the operating system, if it gives no more threads.
    pub(in crate::store) fn start(&self, threads: &Threads) -> io::Result<()> {
        for _ in 0..THREADS {
            let shared = Arc::clone(&self.0);
            let connection = shared.open().inspect_err(|error| shared.health.failed(error)).ok();
            threads.spawn("history", move || {
                step_back();
                shared.run(connection);
            })?;
        }
        Ok(())
    }

    /// Submits a request. Returns the job that is refused if the queue is full: of the user who has
    /// most in it.
    pub(in crate::store) fn ask(&self, request: ReadTask) -> Option<JobId> {
        let refused = self.0.queue.push(request.reader(), request, WAITING_MAX).err()?;
        Some(refused.job())
    }

    /// The number of requests in the queue.
    pub(in crate::store) fn waiting(&self) -> usize {
        self.0.queue.len()
    }

    /// Drops what waits in the queue, and lets the threads end.
    pub(in crate::store) fn close(&self) {
        self.0.queue.close_and_clear();
    }
}

impl HistoryShared {
    /// Reads until the queue is closed.
    fn run(&self, mut slot: Option<Connection>) {
        while let Some((reader, task)) = self.queue.pop() {
            let job = task.job();
            let outcome = match task {
                ReadTask::History(request) => {
                    Some(self.read(&mut slot, |database| request.read(database)))
                }
                ReadTask::Export(export) => self.read_export(&mut slot, &export),
            };
            self.queue.done(reader);
            if let Some(outcome) = outcome {
                self.completions.finish(job, outcome);
            }
        }
    }

    /// Reads some of an export, and hands it on. Returns the outcome if it is not to be written.
    fn read_export(&self, slot: &mut Option<Connection>, export: &ExportRead) -> Option<Outcome> {
        match self.read(slot, |database| export.read(database)) {
            Ok(rows) => {
                let is_taken = self.writers.hand(export.write(rows));
                (!is_taken).then_some(Err(Failure::Busy))
            }
            Err(failure) => Some(Err(failure)),
        }
    }

    /// Reads with a connection, which is opened first if necessary.
    fn read<T>(
        &self,
        slot: &mut Option<Connection>,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Failure> {
        let opened = match slot.take() {
            Some(connection) => Ok(connection),
            None => self.open(),
        };
        let pass = self.gate.pass();
        let read = opened.and_then(|connection| {
            let transaction = connection.unchecked_transaction()?;
            let value = read(&transaction)?;
            transaction.finish()?;
            // After a failure, it is opened anew.
            *slot = Some(connection);
            Ok(value)
        });
        drop(pass);
        match read {
            Ok(value) => {
                self.health.worked();
                Ok(value)
            }
            Err(error) => {
                self.health.failed(&error);
                let is_busy = error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
                Err(if is_busy { Failure::Busy } else { Failure::Failed })
            }
        }
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(LOCK_TIMEOUT)?;
        // A negative number is a size in KiB.
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        // SQLite opens the file with the first look at it.
        connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        Ok(connection)
    }
}
