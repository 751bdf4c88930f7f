//! The database thread: it takes all requests that wait, commits them in one transaction, and
//! answers after the commit. Where one of them fails, the batch is halved around it.

mod store_files;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use self::store_files::StoreFiles;
use super::completions::{Completion, Completions};
use super::counters::StoreCounters;
use super::error::StoreError;
use super::health::Health;
use super::lock::Lock;
use super::queue::WorkQueue;
use super::requests::{Context, Step, StoreRequest};
use super::rows::files::Garbage;
use super::rows::uploads::UploadRecord;
use super::rows::{files, removal, schema, snapshot};
use crate::chat::id::UploadId;
use crate::chat::refusal::Failure;
use crate::hub::job::{JobId, Outcome, Snapshot};

/// The most requests in one transaction, so that the first of a long queue is not answered last.
const BATCH_MAX: usize = 1_024;
/// How long requests may take before what they did is committed, so that many lists at once don't
/// hold up a confirmation behind them.
const BATCH_TIME_MAX: Duration = Duration::from_millis(20);
/// How much of the database is kept in memory, in KiB, while few messages come: whoever reads a
/// long backlog, or logs in, reads each page once.
const CACHE_KIB_IDLE: i64 = 1_024;
/// And while many come: the ends of some thousand chats, each of which is a page.
const CACHE_KIB_BUSY: i64 = 16 * 1_024;
/// With as many messages waiting as that, many come.
const BUSY_MESSAGES: usize = 64;
/// With no more than that, few do; between the two it stays as it was.
const IDLE_MESSAGES: usize = 4;
/// The pause between two steps of a removal, in which everything else goes on.
const TIDY_PAUSE: Duration = Duration::from_millis(100);
/// The pause after a step that failed.
const TIDY_PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(60);
/// How many files are handed out at once to be removed.
const SWEPT_PER_STEP: u32 = 16;

/// The fate of a request after its transaction.
#[derive(Debug)]
enum RequestFate {
    /// It is committed, and goes on.
    Committed(Step),
    /// It failed.
    Refused(Failure),
    /// It is lost, since the store is not in its place.
    Displaced,
}

/// The threads that go on with what the database thread does not finish, as it sees them.
pub(super) trait Workers {
    /// Hands a committed request on; its outcome, where it is finished with that.
    fn pass_on(&self, request: StoreRequest, step: Step) -> Option<(JobId, Outcome)>;

    /// Says that messages were committed, or their end.
    fn messages_changed(&self);

    /// Hands on files to remove; tells whether there was room for that.
    fn sweep(&self, garbage: Vec<Garbage>) -> bool;
}

/// The state of the database thread: a connection to SQLite, and when to tidy up.
#[derive(Debug)]
pub(super) struct Database {
    connection: Connection,
    cache_kib: i64,
    context: Context,
    /// When the next step of a removal is due; none where nothing is to be removed.
    tidy_due: Option<Instant>,
    /// Whether files that were handed out are not removed yet.
    is_sweeping: bool,
    /// Its files, which are locked for as long as anything may be written.
    files: StoreFiles,
}

impl Database {
    /// Opens the database of a locked data folder, and loads what the hub begins with. The parts of
    /// some uploads were `removed` before; `is_placed` tells whether one stands in the shared
    /// folder.
    pub(super) fn open(
        path: &Path,
        lock: Lock,
        removed: &[UploadId],
        is_placed: impl Fn(&UploadRecord) -> bool,
    ) -> Result<(Self, Snapshot), StoreError> {
        let mut connection = schema::open(path)?;
        let snapshot = snapshot::load(&mut connection, removed, is_placed);
        let snapshot = snapshot.map_err(StoreError::at(path))?;
        let files = StoreFiles::note(path, lock).map_err(StoreError::at(path))?;
        let database = Database {
            connection,
            // Not yet set, so the first batch sets it.
            cache_kib: 0,
            context: Context::new(),
            tidy_due: Some(Instant::now()),
            is_sweeping: false,
            files,
        };
        Ok((database, snapshot))
    }

    /// The record of whether writing works.
    pub(super) fn health(&self) -> Arc<Health> {
        Arc::clone(&self.context.health)
    }

    /// Answers requests until the queue is closed and empty.
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

    /// Looks whether the store is in its place; and, where writing to it failed, whether it works
    /// again, though nobody has anything to write.
    fn look(&mut self) {
        self.files.note_look();
        if self.files.are_in_place(&self.context.health) && self.context.health.is_failing() {
            match self.probe() {
                Ok(()) => self.context.health.worked(),
                Err(error) => self.context.health.failed(error),
            }
        }
    }

    /// Writes to the store, and leaves it as it is.
    fn probe(&mut self) -> rusqlite::Result<()> {
        // Who waits for an answer does not wait for somebody else's lock once more.
        self.connection.busy_timeout(Duration::ZERO)?;
        let written = write_in_vain(&mut self.connection);
        self.connection.busy_timeout(schema::LOCK_TIMEOUT)?;
        written
    }

    /// Takes memory while many messages wait, and gives it back when few do.
    fn size_cache(&mut self, messages: usize) {
        let kib = match messages {
            ..=IDLE_MESSAGES => CACHE_KIB_IDLE,
            BUSY_MESSAGES.. => CACHE_KIB_BUSY,
            _ => return,
        };
        if kib == self.cache_kib {
            return;
        }
        // SQLite takes a negative number as KiB.
        match self.connection.pragma_update(None, "cache_size", -kib) {
            Ok(()) => self.cache_kib = kib,
            Err(error) => self.context.health.failed(error),
        }
    }

    /// Takes one step of removing what nobody needs any more.
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
                // What is being swept comes back as a request, which makes the next step due.
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

    /// Answers the first of some requests, at least one of them, in one transaction; or, where one
    /// of them fails, each half in one of its own: a bad request must not cost the others theirs.
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

    /// Refuses all writes: the store is not in its place, or somebody else holds the write lock,
    /// and waiting for it once is enough.
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

    /// Answers as many as the time allows, at least one.
    fn commit(&mut self, batch: &[StoreRequest]) -> rusqlite::Result<Vec<RequestFate>> {
        let deadline = Instant::now() + BATCH_TIME_MAX;
        let transaction = self.connection.transaction()?;
        let mut answers = Vec::with_capacity(batch.len());
        for request in batch {
            answers.push(RequestFate::Committed(request.run(&transaction, &mut self.context)?));
            if Instant::now() >= deadline {
                break;
            }
        }
        transaction.commit()?;
        if batch[..answers.len()].iter().any(StoreRequest::writes) {
            if self.files.are_in_place(&self.context.health) {
                self.context.health.worked();
            } else {
                // It went into a file that nobody finds again.
                let refused =
                    batch.iter().zip(&mut answers).filter(|(request, _)| request.writes());
                refused.for_each(|(_, answer)| *answer = RequestFate::Displaced);
            }
        }
        Ok(answers)
    }

    /// The failure that is told for an error of SQLite's; the log hears more where the store is
    /// ill.
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
                // The store is sound, but what the hub asked for was not.
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

/// The outcome of a request that is finished; one that goes on is handed on.
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

/// Writes a page of the store, and leaves it as it was.
fn write_in_vain(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    // Twice, since SQLite does not write a page on which nothing has changed.
    for _ in 0..2 {
        transaction.execute("UPDATE store SET id_mark = ~id_mark", [])?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests;
