//! The search: a full-text index in a database file of its own, and the thread that updates and
//! searches it.
//!
//! The thread reads what the database thread has committed, and indexes it in small steps, so that
//! indexing never delays the confirmation of a message. The index can be derived from the database,
//! and is rebuilt if it is missing, corrupt, or of another version; meanwhile a search covers the
//! newest messages only, and its outcome says so.

mod deletions;
mod file;
mod index;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use file::IndexError;
use index::Index;
use rusqlite::ErrorCode;

use crate::chat::name::Number;
use crate::chat::refusal::Failure;
use crate::hub::job::{JobId, Outcome, Value};
use crate::store::completions::Completions;
use crate::store::health::Health;
use crate::store::queue::{TimedOut, WorkQueue};
use crate::store::requests::SearchRequest;
use crate::store::threads::{Threads, stand_back};
use crate::store::turns::TurnLines;

/// The largest number of searches in the queue.
const WAITING_MAX: usize = 64;
/// How long new messages gather before they are indexed, because fewer and larger steps cost less.
/// A search indexes them at once.
const GATHER_TIME: Duration = Duration::from_secs(1);
/// The longest time that a search may take. After it, the outcome is [`Failure::Busy`].
const SEARCH_TIME_MAX: Duration = Duration::from_secs(2);
/// How much of that time a search spends on the indexing of older messages, while the index is
/// rebuilt. If there are few messages, all of them are searched.
const GO_BACK_TIME_MAX: Duration = Duration::from_millis(20);

/// An item in the thread's queue.
#[derive(Debug)]
enum Wake {
    /// A search waits.
    Search,
    Follow,
}

/// Removes the index at a path, if there is one; the thread makes it anew.
pub(in crate::store) fn remove_index(path: &Path) -> io::Result<()> {
    file::remove(path)
}

/// The handle of the search thread.
#[derive(Debug)]
pub(in crate::store) struct Search {
    store: PathBuf,
    index: PathBuf,
    queue: WorkQueue<Wake>,
    /// The searches that wait, of users in turn. There is one [`Wake::Search`] for each.
    searches: Mutex<TurnLines<Number, SearchRequest>>,
    /// Whether [`Wake::Follow`] is in the queue.
    is_told: AtomicBool,
    closing: AtomicBool,
    health: Health,
}

impl Search {
    /// Creates the handle of a thread that indexes the messages of the database `store` in the file
    /// `index`.
    pub(in crate::store) fn new(store: PathBuf, index: PathBuf) -> Self {
        Search {
            store,
            index,
            queue: WorkQueue::new(),
            searches: Mutex::new(TurnLines::new()),
            is_told: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            health: Health::new("the search index"),
        }
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// The error of the operating system, if it gives no more threads.
    pub(in crate::store) fn start(
        self: &Arc<Self>,
        threads: &Threads,
        completions: &Completions,
    ) -> io::Result<()> {
        let (search, completions) = (Arc::clone(self), completions.clone());
        threads.spawn("search", move || {
            stand_back();
            search.run(&completions);
        })
    }

    /// Submits a search, which finds all that is committed. Returns the job that is refused if the
    /// queue is full: of the user who has most in it.
    pub(in crate::store) fn ask(&self, request: SearchRequest) -> Option<JobId> {
        let mut searches = self.searches();
        if let Err(refused) = searches.push_within(request.reader, request, WAITING_MAX) {
            return Some(refused.job);
        }
        // It is refused only while the store closes.
        let _ = self.queue.push(Wake::Search, WAITING_MAX + 1);
        None
    }

    /// Takes the search whose turn it is.
    fn next(&self) -> Option<SearchRequest> {
        let mut searches = self.searches();
        let (reader, request) = searches.take()?;
        // There is one thread, so nobody has two in work.
        searches.done(reader);
        Some(request)
    }

    fn searches(&self) -> MutexGuard<'_, TurnLines<Number, SearchRequest>> {
        // No code that holds the lock panics halfway through a change, so a poisoned state is
        // valid.
        self.searches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notifies the thread that messages were committed or removed.
    pub(in crate::store) fn follow(&self) {
        if !self.is_told.swap(true, Ordering::AcqRel) {
            // There is space for one more item than searches. It is refused only while the store
            // closes.
            let _ = self.queue.push(Wake::Follow, WAITING_MAX + 1);
        }
    }

    /// Drops what waits in the queue, and lets the thread end.
    pub(in crate::store) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.queue.close_and_clear();
    }

    /// Indexes and searches until the queue is closed.
    fn run(&self, completions: &Completions) {
        let mut index = None;
        // Messages committed before the start may not be indexed yet.
        let mut due = Some(Instant::now());
        loop {
            let wake = match due {
                Some(due) => self.queue.pop_until(due),
                None => Ok(self.queue.pop()),
            };
            match wake {
                Ok(None) => return,
                Ok(Some(Wake::Follow)) => {
                    self.is_told.store(false, Ordering::Release);
                    due = due.or_else(|| Some(Instant::now() + GATHER_TIME));
                }
                Ok(Some(Wake::Search)) => {
                    let Some(request) = self.next() else { continue };
                    let outcome = self.guard(&mut index, |index| self.search(index, &request));
                    completions.finish(request.job, outcome.unwrap_or_else(|outcome| outcome));
                }
                Err(TimedOut) => {
                    let more =
                        self.guard(&mut index, |index| Ok(index.follow()? || index.go_back()?));
                    due = match more {
                        Ok(true) | Err(Err(Failure::Busy)) => Some(Instant::now()),
                        // After a failure, it is tried again with the next message.
                        Ok(false) | Err(_) => None,
                    };
                }
            }
        }
    }

    fn search(&self, index: &mut Index, request: &SearchRequest) -> Result<Outcome, IndexError> {
        let begun = Instant::now();
        let deadline = begun + SEARCH_TIME_MAX;
        while index.follow()? {
            if Instant::now() >= deadline || self.is_closing() {
                return Ok(Err(Failure::Busy));
            }
        }
        while index.go_back()? && begun.elapsed() < GO_BACK_TIME_MAX && !self.is_closing() {}
        let ids =
            index.find((request.reader, request.since), request.chat, &request.words, deadline)?;
        Ok(Ok(Value::Found { ids, is_all: index.is_whole() }))
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Does some work with the index, which is opened first if necessary. A corrupt index is
    /// removed, so that the next attempt rebuilds it.
    ///
    /// # Errors
    /// The outcome of a search that failed: [`Failure::Busy`] if it can be repeated soon.
    fn guard<T>(
        &self,
        slot: &mut Option<Index>,
        work: impl FnOnce(&mut Index) -> Result<T, IndexError>,
    ) -> Result<T, Outcome> {
        let opened = match slot.take() {
            Some(index) => Ok(index),
            None => Index::open(&self.store, &self.index),
        };
        let result = opened.and_then(|index| work(slot.insert(index)));
        match result {
            Ok(done) => {
                self.health.worked();
                Ok(done)
            }
            Err(IndexError::Damaged(error)) => {
                *slot = None;
                log::warn!("the search index is damaged and will be made anew: {error}");
                match file::remove(&self.index) {
                    Ok(()) => Err(Err(Failure::Busy)),
                    Err(error) => {
                        self.health.failed(error);
                        Err(Err(Failure::Failed))
                    }
                }
            }
            Err(IndexError::Database(error)) => {
                self.health.failed(&error);
                let is_full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
                Err(if is_full { Err(Failure::NoRoom) } else { Err(Failure::Failed) })
            }
            Err(IndexError::TimedOut) => Err(Err(Failure::Busy)),
            Err(IndexError::System(error)) => {
                self.health.failed(error);
                Err(Err(Failure::Failed))
            }
        }
    }
}

#[cfg(test)]
mod tests;
