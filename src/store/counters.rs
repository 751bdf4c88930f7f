//! Counters of what the threads of the store have done.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows, in any thread.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    /// Counts some more.
    pub(super) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// The number so far.
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters of a store, for its metrics.
#[derive(Debug, Default)]
pub(super) struct StoreCounters {
    /// Transactions that were committed.
    pub(super) batches: Counter,
    /// Requests in them.
    pub(super) requests: Counter,
    /// Passwords that were hashed.
    pub(super) hashes: Counter,
}
