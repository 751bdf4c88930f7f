//! What the threads count, and the figures of the store.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Store;
use crate::figures::Family;

/// A number that only grows, in any thread.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    /// Counts some more.
    pub(super) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the threads count.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Transactions that were committed.
    pub(super) batches: Counter,
    /// Requests in them.
    pub(super) requests: Counter,
    /// Passwords that were hashed.
    pub(super) hashes: Counter,
}

impl Store {
    /// What operators look at.
    pub fn figures(&self) -> Vec<Family> {
        let Counters { batches, requests, hashes } = &*self.counters;
        vec![
            Family::gauge(
                "chatsrv_store_queue_length",
                "Requests that wait for the database.",
                self.requests.len(),
            ),
            Family::counter(
                "chatsrv_store_batches_total",
                "Transactions that the database committed.",
                batches.get(),
            ),
            Family::counter(
                "chatsrv_store_requests_total",
                "Requests that the database took up in them.",
                requests.get(),
            ),
            Family::gauge(
                "chatsrv_password_queue_length",
                "Passwords that wait to be hashed.",
                self.passwords.len(),
            ),
            Family::counter(
                "chatsrv_passwords_hashed_total",
                "Passwords that were hashed.",
                hashes.get(),
            ),
            Family::gauge(
                "chatsrv_file_queue_length",
                "Files that wait to be opened, listed, read or hashed.",
                self.files.waiting(),
            ),
        ]
    }
}
