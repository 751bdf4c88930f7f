//! The search: a full-text index in a database file of its own, filled by a thread of its own.
//!
//! The thread reads what the database thread has committed, and follows it in small steps, so that
//! indexing never slows a confirmation down. The index holds nothing that the store does not, and
//! is made anew where it is missing, damaged, or of another version; meanwhile a search finds what
//! came last, and says that it did not look at all.

mod file;
mod index;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use file::IndexError;
use index::Index;
use rusqlite::ErrorCode;

use crate::chat::refusal::Failure;
use crate::hub::job::{Outcome, Value};
use crate::store::completions::Completions;
use crate::store::health::Health;
use crate::store::queue::{TimedOut, WorkQueue};
use crate::store::requests::SearchRequest;
use crate::store::threads::{Threads, yield_to_others};

/// How many searches may wait.
const WAITING_MAX: usize = 64;
/// How long new messages gather before they are indexed: fewer and larger steps cost less. A search
/// does not wait for it.
const GATHER_TIME: Duration = Duration::from_secs(1);
/// How long a search may take; then it has to be asked for again.
const SEARCH_TIME_MAX: Duration = Duration::from_secs(2);
/// How long of that a search lets older messages be indexed, where they are not: with few messages
/// it looks at all of them.
const GO_BACK_TIME_MAX: Duration = Duration::from_millis(20);

/// A reason for which the thread wakes up.
#[derive(Debug)]
enum Wake {
    Search(SearchRequest),
    Follow,
}

/// The way to the search thread.
#[derive(Debug)]
pub(in crate::store) struct Search {
    store: PathBuf,
    index: PathBuf,
    queue: WorkQueue<Wake>,
    /// Whether [`Wake::Follow`] is in the queue.
    is_told: AtomicBool,
    closing: AtomicBool,
    health: Health,
}

impl Search {
    /// The way to a thread that indexes the messages of the database `store` in the file `index`.
    pub(in crate::store) fn new(store: PathBuf, index: PathBuf) -> Self {
        Search {
            store,
            index,
            queue: WorkQueue::new(),
            is_told: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            health: Health::new("the search index"),
        }
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// The system's, where it gives no more threads.
    pub(in crate::store) fn start(
        self: &Arc<Self>,
        threads: &Threads,
        completions: &Completions,
    ) -> io::Result<()> {
        let (search, completions) = (Arc::clone(self), completions.clone());
        threads.spawn("search", move || {
            yield_to_others();
            search.run(&completions);
        })
    }

    /// Begins a search, after all that was committed; tells whether there was room for it.
    pub(in crate::store) fn ask(&self, request: SearchRequest) -> bool {
        self.queue.push(Wake::Search(request), WAITING_MAX).is_ok()
    }

    /// Says that messages were committed.
    pub(in crate::store) fn follow(&self) {
        if !self.is_told.swap(true, Ordering::AcqRel) {
            // One more than searches may wait. Refused only while the store closes.
            let _ = self.queue.push(Wake::Follow, WAITING_MAX + 1);
        }
    }

    /// Drops what waits, and lets the thread end.
    pub(in crate::store) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.queue.close_and_clear();
    }

    /// Indexes and searches until the queue is closed.
    fn run(&self, completions: &Completions) {
        let mut index = None;
        // What was committed before the start may not be indexed yet.
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
                Ok(Some(Wake::Search(request))) => {
                    let outcome = self.guard(&mut index, |index| self.search(index, &request));
                    completions.finish(request.job, outcome.unwrap_or_else(|outcome| outcome));
                }
                Err(TimedOut) => {
                    let more =
                        self.guard(&mut index, |index| Ok(index.follow()? || index.go_back()?));
                    due = match more {
                        Ok(true) | Err(Err(Failure::Busy)) => Some(Instant::now()),
                        // After a failure the next message is soon enough.
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
        let ids = index.find(request.reader, request.chat, &request.words, deadline)?;
        Ok(Ok(Value::Found { ids, is_all: index.is_whole() }))
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Does something with the index, which is opened first where it is not open. A damaged one is
    /// dropped, so that the next attempt makes a new one.
    ///
    /// # Errors
    /// The outcome of a search that could not be made: [`Failure::Busy`] where it soon can.
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
