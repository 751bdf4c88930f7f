//! The database thread: it takes all waiting requests as a batch, commits them in one transaction,
//! and answers after the commit. If a request fails, the batch is split in halves, so that only the
//! bad one fails.

mod store_files;
mod write_ahead;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use self::store_files::StoreFiles;
use super::completions::{Completion, Completions};
use super::counters::StoreCounters;
use super::error::StoreError;
use super::health::Health;
use super::lock::Lock;
use super::queue::WorkQueue;
use super::read_gate::ReadGate;
use super::requests::{Context, Step, StoreRequest};
use super::rows::files::Garbage;
use super::rows::uploads::UploadRecord;
use super::rows::{files, removal, schema, snapshot};
use crate::chat::id::UploadId;
use crate::chat::refusal::Failure;
use crate::hub::job::{JobId, Outcome};
use crate::hub::snapshot::Snapshot;
use crate::metrics::Histogram;

/// The largest number of requests in one transaction, so that the first of a long queue need not
/// wait for all others.
const BATCH_MAX: usize = 1_024;
/// The time after which a transaction is committed, so that many lists at once don't delay the
/// confirmation of a message behind them.
const BATCH_TIME_MAX: Duration = Duration::from_millis(20);
/// The size of SQLite's page cache in KiB while few messages come: reading a backlog, or a login,
/// reads each page only once.
const CACHE_KIB_IDLE: i64 = 1_024;
/// The size of the page cache in KiB while many messages come: the last pages of some thousand
/// chats.
const CACHE_KIB_BUSY: i64 = 16 * 1_024;
/// With at least this many messages in a batch, the large cache is used.
const BUSY_MESSAGES: usize = 64;
/// With at most this many messages in a batch, the small cache is used; between the two it stays as
/// it is.
const IDLE_MESSAGES: usize = 4;
/// The pause between two steps of a removal, in which other requests are handled.
const TIDY_PAUSE: Duration = Duration::from_millis(100);
/// The pause after a step of a removal that failed.
const TIDY_PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(60);
/// The number of files to remove in one task.
const SWEPT_PER_STEP: u32 = 16;

/// The result of a request after its transaction.
#[derive(Debug)]
enum RequestFate {
    /// It is committed; the step says how it goes on.
    Committed(Step),
    /// It failed.
    Refused(Failure),
    /// It is lost, because the database file is no longer the one at its path.
    Displaced,
}

/// The interface of the database thread to the other threads of the store.
pub(super) trait Workers {
    /// Passes a committed request to the thread of its next step. Returns its outcome if it is
    /// finished.
    fn pass_on(&self, request: StoreRequest, step: Step) -> Option<(JobId, Outcome)>;

    /// Notifies that messages were committed or removed.
    fn messages_changed(&self);

    /// Passes on files to remove. Returns false if the queue for that is full.
    fn sweep(&self, garbage: Vec<Garbage>) -> bool;
}

/// The state of the database thread: a connection to SQLite, and the schedule of removals.
#[derive(Debug)]
pub(super) struct Database {
    connection: Connection,
    cache_kib: i64,
    context: Context,
    /// When the next step of a removal is due; `None` if nothing is to be removed.
    tidy_due: Option<Instant>,
    /// Whether a task to remove files is under way.
    is_sweeping: bool,
    /// The database's files, with the lock of the data folder.
    files: StoreFiles,
    /// The gate through which the history threads begin to read.
    gate: Arc<ReadGate>,
}

impl Database {
    /// Opens the database of a locked data folder, and loads the hub's initial state. `removed` are
    /// the uploads whose part files were removed before; `is_placed` returns true if an upload's
    /// file is in the shared folder already.
    pub(super) fn open(
        path: &Path,
        lock: Lock,
        removed: &[UploadId],
        is_placed: impl Fn(&UploadRecord) -> bool,
    ) -> Result<(Self, Snapshot), StoreError> {
        let mut connection = schema::open(path)?;
        let gate = Arc::new(ReadGate::default());
        write_ahead::follow(&mut connection, &gate).map_err(StoreError::at(path))?;
        let snapshot = snapshot::load(&mut connection, removed, is_placed);
        let snapshot = snapshot.map_err(StoreError::at(path))?;
        let files = StoreFiles::note(path, lock).map_err(StoreError::at(path))?;
        let database = Database {
            connection,
            // Not set yet; the first batch sets it.
            cache_kib: 0,
            context: Context::new(),
            tidy_due: Some(Instant::now()),
            is_sweeping: false,
            files,
            gate,
        };
        Ok((database, snapshot))
    }

    /// The record of whether writing to the database works.
    pub(super) fn health(&self) -> Arc<Health> {
        Arc::clone(&self.context.health)
    }

    /// How long requests took in their transactions.
    pub(super) fn times(&self) -> Arc<Mutex<Histogram>> {
        Arc::clone(&self.context.times)
    }

    /// The gate of those who read with connections of their own.
    pub(super) fn gate(&self) -> Arc<ReadGate> {
        Arc::clone(&self.gate)
    }

    /// Handles requests until the queue is closed and empty.
    pub(super) fn run(
        mut self,
        requests: &WorkQueue<StoreRequest>,
        workers: &impl Workers,
        completions: &Completions,
        counters: &StoreCounters,
    ) {
        loop {
            let look_due = self.files.look_due(&self.context.health);
            let due = self.tidy_due.map_or(look_due, |due| due.min(look_due));
            let batch = requests.pop_batch_until(BATCH_MAX, due);
            if Instant::now() >= self.files.look_due(&self.context.health) {
                self.look();
            }
            if self.tidy_due.is_some_and(|due| Instant::now() >= due) {
                self.tidy(workers);
            }
            let Ok(batch) = batch else { continue };
            let Some(mut batch) = batch else { break };
            self.size_cache(batch.iter().filter(|request| request.changes_messages()).count());
            while !batch.is_empty() {
                let answers = self.answer(&batch);
                counters.batches.add(1);
                counters.requests.add(answers.len());
                let answered = &batch[..answers.len()];
                let changed = answered.iter().any(StoreRequest::changes_messages);
                if answered.iter().any(StoreRequest::leaves_remains) {
                    self.tidy_due = self.tidy_due.or_else(|| Some(Instant::now() + TIDY_PAUSE));
                }
                self.is_sweeping &= !answered.iter().any(StoreRequest::ends_sweep);
                let finished = batch.drain(..answers.len()).zip(answers);
                completions.push_all(finished.filter_map(|(request, answer)| {
                    let (job, outcome) = finish(request, answer, workers)?;
                    Some(Completion::Job { job, outcome })
                }));
                if changed {
                    workers.messages_changed();
                }
            }
        }
        if let Err((_, error)) = self.connection.close() {
            log::error!("closing the store: {error}");
        }
    }

    /// Checks whether the database is still the file at its path; and if writing failed before,
    /// whether it works again, without waiting for the next request that writes.
    fn look(&mut self) {
        self.files.note_look();
        if self.files.are_in_place(&self.context.health) && self.context.health.is_failing() {
            match self.probe() {
                Ok(()) => self.context.health.worked(),
                Err(error) => self.context.health.failed(error),
            }
        }
    }

    /// Tries to write to the database, without changing it.
    fn probe(&mut self) -> rusqlite::Result<()> {
        // Requests must not be delayed by another process' lock once more.
        self.connection.busy_timeout(Duration::ZERO)?;
        let written = write_in_vain(&mut self.connection);
        self.connection.busy_timeout(schema::LOCK_TIMEOUT)?;
        written
    }

    /// Sets the size of the page cache by the number of messages in a batch.
    fn size_cache(&mut self, messages: usize) {
        let kib = match messages {
            ..=IDLE_MESSAGES => CACHE_KIB_IDLE,
            BUSY_MESSAGES.. => CACHE_KIB_BUSY,
            _ => return,
        };
        if kib == self.cache_kib {
            return;
        }
        // A negative number is a size in KiB.
        match self.connection.pragma_update(None, "cache_size", -kib) {
            Ok(()) => self.cache_kib = kib,
            Err(error) => self.context.health.failed(error),
        }
    }

    /// Does one step of removing what is no longer needed.
    fn tidy(&mut self, workers: &impl Workers) {
        if !self.files.are_in_place(&self.context.health) {
            self.tidy_due = Some(Instant::now() + TIDY_PAUSE_AFTER_FAILURE);
            return;
        }
        let mut step = || -> rusqlite::Result<_> {
            let transaction = self.connection.transaction()?;
            let more = removal::remove_ended(&transaction)?;
            transaction.commit()?;
            if more {
                return Ok((more, Vec::new()));
            }
            Ok((more, files::garbage(&self.connection, SWEPT_PER_STEP)?))
        };
        match step() {
            Ok((more, garbage)) => {
                if more {
                    self.context.health.worked();
                }
                // A finished sweep comes back as a request, which schedules the next step.
                self.tidy_due = more.then(|| Instant::now() + TIDY_PAUSE);
                if !garbage.is_empty() && !self.is_sweeping {
                    self.is_sweeping = workers.sweep(garbage);
                }
            }
            Err(error) => {
                self.context.health.failed(&error);
                self.tidy_due = Some(Instant::now() + TIDY_PAUSE_AFTER_FAILURE);
            }
        }
    }

    /// Answers the first requests of a batch, at least one, in one transaction. If one of them
    /// fails, it answers each half separately, so that a bad request does not fail the others.
    fn answer(&mut self, batch: &[StoreRequest]) -> Vec<RequestFate> {
        if batch.iter().any(StoreRequest::writes) && !self.files.are_in_place(&self.context.health)
        {
            return self.answer_reads(batch, |_, _| RequestFate::Displaced);
        }
        let error = match self.commit(batch) {
            Ok(answers) => return answers,
            Err(error) => error,
        };
        if let [request] = batch {
            return vec![RequestFate::Refused(self.refuse(request, &error))];
        }
        if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) {
            return self.answer_reads(batch, |database, request| {
                RequestFate::Refused(database.refuse(request, &error))
            });
        }
        let (first, second) = batch.split_at(batch.len() / 2);
        let mut answers = Vec::with_capacity(batch.len());
        for half in [first, second] {
            let end = answers.len() + half.len();
            while answers.len() < end {
                let left = &half[half.len() - (end - answers.len())..];
                answers.extend(self.answer(left));
            }
        }
        answers
    }

    /// Answers the requests that only read, and refuses all that write: either the database is no
    /// longer the file at its path, or another process holds the write lock, for which waiting once
    /// per batch is enough.
    fn answer_reads(
        &mut self,
        batch: &[StoreRequest],
        refuse: impl Fn(&mut Self, &StoreRequest) -> RequestFate,
    ) -> Vec<RequestFate> {
        let mut answers = Vec::with_capacity(batch.len());
        for request in batch {
            let result = if request.writes() {
                Ok(vec![refuse(self, request)])
            } else {
                self.commit(std::slice::from_ref(request))
            };
            match result {
                Ok(answer) => answers.extend(answer),
                Err(error) => answers.push(RequestFate::Refused(self.refuse(request, &error))),
            }
        }
        answers
    }

    /// Answers as many requests as [`BATCH_TIME_MAX`] allows, at least one, and commits them.
    fn commit(&mut self, batch: &[StoreRequest]) -> rusqlite::Result<Vec<RequestFate>> {
        let mut now = Instant::now();
        let deadline = now + BATCH_TIME_MAX;
        let transaction = self.connection.transaction()?;
        let mut answers = Vec::with_capacity(batch.len());
        for request in batch {
            answers.push(RequestFate::Committed(request.run(&transaction, &mut self.context)?));
            let began = std::mem::replace(&mut now, Instant::now());
            self.context.took(now - began);
            if now >= deadline {
                break;
            }
        }
        transaction.commit()?;
        if batch[..answers.len()].iter().any(StoreRequest::writes) {
            if self.files.are_in_place(&self.context.health) {
                self.context.health.worked();
            } else {
                // The transaction went into a file that is not at its path any more.
                let refused =
                    batch.iter().zip(&mut answers).filter(|(request, _)| request.writes());
                refused.for_each(|(_, answer)| *answer = RequestFate::Displaced);
            }
        }
        Ok(answers)
    }

    /// Returns the failure to report for an error of SQLite, and logs what concerns the operator.
    fn refuse(&mut self, request: &StoreRequest, error: &rusqlite::Error) -> Failure {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                self.context.health.failed(error);
                Failure::NoRoom
            }
            Some(ErrorCode::DatabaseBusy) => {
                self.context.health.failed(error);
                Failure::Busy
            }
            Some(ErrorCode::ConstraintViolation) | None => {
                // The database is intact, but the request was not valid.
                log::error!("the store refuses {}: {error}", request.describe());
                Failure::Failed
            }
            Some(_) => {
                self.context.health.failed(error);
                Failure::Failed
            }
        }
    }
}

/// Returns the outcome of a request that is finished, or passes it on to its next step.
fn finish(
    request: StoreRequest,
    answer: RequestFate,
    workers: &impl Workers,
) -> Option<(JobId, Outcome)> {
    match answer {
        RequestFate::Committed(Step::Done(outcome)) => Some((request.job()?, outcome)),
        RequestFate::Committed(step) => workers.pass_on(request, step),
        RequestFate::Refused(failure) => Some((request.job()?, request.refuse(failure))),
        RequestFate::Displaced => Some((request.job()?, Err(Failure::Failed))),
    }
}

/// Writes a page of the database, without changing its content.
fn write_in_vain(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    // Twice, so that the value is the same again. SQLite would not write the page for an update to
    // the same value.
    for _ in 0..2 {
        transaction.execute("UPDATE store SET id_mark = ~id_mark", [])?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests;
