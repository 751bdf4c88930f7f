//! The database thread: it takes all requests that wait, commits them together, and answers after
//! the commit.

mod request;
mod store_files;

pub(super) use request::Request;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction};

use self::store_files::StoreFiles;
use super::completions::{Completion, Completions};
use super::error::StoreError;
use super::figures::Counters;
use super::files::{Files, Source};
use super::health::Health;
use super::lock::Lock;
use super::queue::Queue;
use super::search::Search;
use super::uploads::{self, Parts, Recounts, Step, Task, Uploads};
use super::{accounts, groups, networks, passwords, schema, snapshot, tokens};
use crate::chat::file::UploadId;
use crate::chat::refusal::Failure;
use crate::hub::job::{JobId, Outcome, Snapshot, Value};

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
/// How many requests may wait. Long before that the loop slows its senders down.
pub(super) const WAITING_MAX: usize = 65_536;

/// The pause between two steps of a removal, in which everything else goes on.
const TIDY_PAUSE: Duration = Duration::from_millis(100);
/// The pause after a step that failed.
const TIDY_PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(60);
/// How many files are handed out at once to be removed.
const SWEPT_PER_STEP: u32 = 16;

/// What came of a request.
#[derive(Debug)]
enum Answer {
    /// The hash that was looked up.
    Hash(Option<String>),
    /// It is done, and on disk.
    Done(Outcome),
    /// It goes on, on another thread.
    Next(Onward),
    /// It is not.
    Refused(Outcome),
    /// It is not, since the store is not in its place.
    Displaced,
}

/// How a request goes on that the database thread does not finish.
#[derive(Debug)]
enum Onward {
    /// With the files of uploads.
    Task(Task),
    /// With a file that is read.
    Read(Source),
}

/// Where a request goes on that the database thread does not finish.
#[derive(Debug)]
pub(super) struct Next<'a> {
    pub(super) passwords: &'a Queue<passwords::Request>,
    pub(super) search: &'a Search,
    pub(super) files: &'a Files,
    pub(super) uploads: &'a Uploads,
    pub(super) completions: &'a Completions,
    pub(super) counters: &'a Counters,
}

/// The database, and what its thread needs beside it.
#[derive(Debug)]
pub(super) struct Database {
    connection: Connection,
    cache_kib: i64,
    health: Arc<Health>,
    /// When the next step of a removal is due; none where nothing is to be removed.
    tidy_due: Option<Instant>,
    /// Whether files that were handed out are not removed yet.
    is_sweeping: bool,
    recounts: Recounts,
    /// Its files, which are locked for as long as anything may be written.
    files: StoreFiles,
}

impl Database {
    /// Opens the database of a locked data folder, and loads what the hub begins with. The parts of
    /// some uploads were `removed` before.
    pub(super) fn open(
        path: &Path,
        parts: &Parts,
        removed: &[UploadId],
        lock: Lock,
    ) -> Result<(Self, Snapshot), StoreError> {
        let mut connection = schema::open(path)?;
        let kept = snapshot::load(&mut connection, parts, removed).map_err(StoreError::at(path))?;
        let files = StoreFiles::note(path, lock).map_err(StoreError::at(path))?;
        let database = Database {
            connection,
            // Not yet set, so the first batch sets it.
            cache_kib: 0,
            health: Arc::new(Health::new("writing to the store")),
            tidy_due: Some(Instant::now()),
            is_sweeping: false,
            recounts: Recounts::default(),
            files,
        };
        Ok((database, kept))
    }

    /// Whether writing works.
    pub(super) fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// Answers requests until the queue is closed and empty.
    pub(super) fn run(mut self, requests: &Queue<Request>, next: &Next<'_>) {
        loop {
            let look_due = self.files.look_due(&self.health);
            let due = self.tidy_due.map_or(look_due, |due| due.min(look_due));
            let batch = requests.pop_batch_until(BATCH_MAX, due);
            if Instant::now() >= self.files.look_due(&self.health) {
                self.look();
            }
            if self.tidy_due.is_some_and(|due| Instant::now() >= due) {
                self.tidy(next);
            }
            let Ok(batch) = batch else { continue };
            let Some(mut batch) = batch else { break };
            self.size_cache(batch.iter().filter(|request| request.changes_messages()).count());
            while !batch.is_empty() {
                let answers = self.answer(&batch);
                next.counters.batches.add(1);
                next.counters.requests.add(answers.len());
                let answered = &batch[..answers.len()];
                let changed = answered.iter().any(Request::changes_messages);
                if answered.iter().any(Request::leaves_remains) {
                    self.tidy_due = self.tidy_due.or_else(|| Some(Instant::now() + TIDY_PAUSE));
                }
                self.is_sweeping &= !answered.iter().any(ends_sweep);
                let finished = batch.drain(..answers.len()).zip(answers);
                next.completions.push_all(finished.filter_map(|(request, answer)| {
                    let (ticket, outcome) = pass_on(request, answer, next)?;
                    Some(Completion::Job { ticket, outcome })
                }));
                if changed {
                    next.search.follow();
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
        if self.files.are_in_place(&self.health) && self.health.is_failing() {
            match self.probe() {
                Ok(()) => self.health.worked(),
                Err(error) => self.health.failed(error),
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
            Err(error) => self.health.failed(error),
        }
    }

    /// Takes one step of removing what nobody needs any more.
    fn tidy(&mut self, next: &Next<'_>) {
        if !self.files.are_in_place(&self.health) {
            self.tidy_due = Some(Instant::now() + TIDY_PAUSE_AFTER_FAILURE);
            return;
        }
        let mut step = || -> rusqlite::Result<_> {
            let transaction = self.connection.transaction()?;
            let more = groups::remove_step(&transaction)?;
            transaction.commit()?;
            if more {
                return Ok((more, Vec::new()));
            }
            Ok((more, uploads::garbage(&self.connection, SWEPT_PER_STEP)?))
        };
        match step() {
            Ok((more, garbage)) => {
                if more {
                    self.health.worked();
                }
                // What is being swept comes back as a request, which makes the next step due.
                self.tidy_due = more.then(|| Instant::now() + TIDY_PAUSE);
                if !garbage.is_empty() && !self.is_sweeping {
                    self.is_sweeping = next.uploads.hand(Task::Sweep(garbage));
                }
            }
            Err(error) => {
                self.health.failed(&error);
                self.tidy_due = Some(Instant::now() + TIDY_PAUSE_AFTER_FAILURE);
            }
        }
    }

    /// Answers the first of some requests, at least one of them, in one transaction; or, where one
    /// of them fails, each half in one of its own: a bad request must not cost the others theirs.
    fn answer(&mut self, batch: &[Request]) -> Vec<Answer> {
        if batch.iter().any(Request::writes) && !self.files.are_in_place(&self.health) {
            return self.answer_reads(batch, |_, _| Answer::Displaced);
        }
        let error = match self.commit(batch) {
            Ok(answers) => return answers,
            Err(error) => error,
        };
        if let [request] = batch {
            return vec![Answer::Refused(self.refuse(request, &error))];
        }
        if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) {
            return self.answer_reads(batch, |database, request| {
                Answer::Refused(database.refuse(request, &error))
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
        batch: &[Request],
        refuse: impl Fn(&mut Self, &Request) -> Answer,
    ) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(batch.len());
        for request in batch {
            let result = if request.writes() {
                Ok(vec![refuse(self, request)])
            } else {
                self.commit(std::slice::from_ref(request))
            };
            match result {
                Ok(answer) => answers.extend(answer),
                Err(error) => answers.push(Answer::Refused(self.refuse(request, &error))),
            }
        }
        answers
    }

    /// Answers as many as the time allows, at least one.
    fn commit(&mut self, batch: &[Request]) -> rusqlite::Result<Vec<Answer>> {
        let deadline = Instant::now() + BATCH_TIME_MAX;
        let transaction = self.connection.transaction()?;
        let mut answers = Vec::with_capacity(batch.len());
        for request in batch {
            answers.push(apply(&transaction, request, &self.health, &mut self.recounts)?);
            if Instant::now() >= deadline {
                break;
            }
        }
        transaction.commit()?;
        if batch[..answers.len()].iter().any(Request::writes) {
            if self.files.are_in_place(&self.health) {
                self.health.worked();
            } else {
                // It went into a file that nobody finds again.
                let refused =
                    batch.iter().zip(&mut answers).filter(|(request, _)| request.writes());
                refused.for_each(|(_, answer)| *answer = Answer::Displaced);
            }
        }
        Ok(answers)
    }

    fn refuse(&mut self, request: &Request, error: &rusqlite::Error) -> Outcome {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                self.health.failed(error);
                Err(Failure::NoRoom)
            }
            Some(ErrorCode::DatabaseBusy) => {
                self.health.failed(error);
                Err(Failure::Busy)
            }
            Some(ErrorCode::ConstraintViolation) | None => {
                // The store is sound, but what the hub asked for was not.
                log::error!("the store refuses {}: {error}", request.describe());
                Err(Failure::Failed)
            }
            Some(_) => {
                self.health.failed(error);
                Err(Failure::Failed)
            }
        }
    }
}

fn apply(
    transaction: &Transaction<'_>,
    request: &Request,
    health: &Health,
    recounts: &mut Recounts,
) -> rusqlite::Result<Answer> {
    match request {
        Request::LookUpPassword { number, .. } => {
            return accounts::password_hash(transaction, *number).map(Answer::Hash);
        }
        Request::Register { account, hash, .. } => accounts::insert(transaction, account, hash)?,
        Request::ReplaceHash { number, old, new } => {
            accounts::replace_password_hash(transaction, *number, old, new)?;
        }
        Request::SetPassword { number, hash, .. } => {
            accounts::set_password_hash(transaction, *number, hash)?;
            tokens::end_all(transaction, *number)?;
        }
        Request::KeepNetworks { number, networks, .. } => {
            networks::save(transaction, *number, networks)?;
        }
        Request::SetDisplayName { number, display, .. } => {
            accounts::set_display_name(transaction, *number, display)?;
        }
        Request::SetBanned { number, banned, .. } => {
            accounts::set_banned(transaction, *number, *banned)?;
            // They would be refused while the ban lasts, and must not be good again after it.
            if !banned {
                tokens::end_all(transaction, *number)?;
            }
        }
        Request::SetAdministrator { number, admin, .. } => {
            accounts::set_administrator(transaction, *number, *admin)?;
        }
        Request::MakeToken { number, .. } => {
            return tokens::make(transaction, *number, health).map(Answer::Done);
        }
        Request::CheckToken { number, token, .. } => {
            return tokens::check(transaction, *number, token).map(Answer::Done);
        }
        Request::SaveGroup { group, .. } => groups::save(transaction, group)?,
        Request::EndGroup { group, .. } => groups::end(transaction, *group)?,
        Request::Messages { request, .. } => return request.run(transaction).map(Answer::Done),
        Request::Uploads(request) => {
            return Ok(match request.run(transaction, recounts)? {
                Step::Done(outcome) => Answer::Done(outcome),
                Step::Task(task) => Answer::Next(Onward::Task(task)),
                Step::Sent(file) => Answer::Next(Onward::Read(Source::Sent(file))),
            });
        }
        Request::Search(_) => {}
    }
    Ok(Answer::Done(Ok(Value::Done)))
}

/// Writes to the store what stands there.
fn write_in_vain(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    // Twice, since SQLite does not write a page on which nothing has changed.
    for _ in 0..2 {
        transaction.execute("UPDATE store SET id_mark = ~id_mark", [])?;
    }
    transaction.commit()
}

/// Whether the files that were handed out are removed.
fn ends_sweep(request: &Request) -> bool {
    matches!(request, Request::Uploads(uploads::Request::Swept { .. }))
}

/// Hands what was looked up to the password threads, and searches to theirs; everything else is
/// finished.
fn pass_on(request: Request, answer: Answer, next: &Next<'_>) -> Option<(JobId, Outcome)> {
    match (request, answer) {
        (Request::LookUpPassword { ticket, number, password, slot }, Answer::Hash(stored)) => {
            let check = passwords::Request::Check { ticket, number, stored, password, slot };
            let refused = next.passwords.push(check, passwords::WAITING_MAX).err();
            refused.map(|_| (ticket, Err(Failure::Busy)))
        }
        (Request::Search(request), Answer::Done(_)) => {
            let ticket = request.ticket;
            (!next.search.ask(request)).then_some((ticket, Err(Failure::Busy)))
        }
        (request, Answer::Next(onward)) => {
            let ticket = request.ticket()?;
            let is_sum = matches!(request, Request::Uploads(uploads::Request::Sum { .. }));
            let taken = match onward {
                Onward::Task(task) => next.uploads.hand(task),
                Onward::Read(source) if is_sum => next.files.sum(ticket, source),
                Onward::Read(source) => next.files.open_file(ticket, source),
            };
            (!taken).then_some((ticket, Err(Failure::Busy)))
        }
        (
            Request::Uploads(uploads::Request::Finish { ticket, upload, .. }),
            Answer::Done(Ok(Value::Done)),
        ) => {
            next.uploads.finished(upload);
            Some((ticket, Ok(Value::Done)))
        }
        (request, Answer::Done(outcome)) => Some((request.ticket()?, outcome)),
        (request, Answer::Refused(outcome)) => {
            Some((request.ticket()?, refusal(&request, outcome)))
        }
        (request, Answer::Displaced) => Some((request.ticket()?, Err(Failure::Failed))),
        (request, Answer::Hash(_)) => Some((request.ticket()?, Ok(Value::Done))),
    }
}

/// What whoever asked hears of a refusal.
fn refusal(request: &Request, outcome: Outcome) -> Outcome {
    match request {
        // It stands there for everybody to see; the database learns of it at the next start.
        Request::Uploads(uploads::Request::Placed { .. }) => Ok(Value::Done),
        _ => outcome,
    }
}

#[cfg(test)]
mod tests;
