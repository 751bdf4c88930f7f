//! Counters of the store's threads, for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// An atomic counter.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    /// Adds to the counter.
    pub(super) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// The count so far.
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters of a store, for its metrics.
#[derive(Debug, Default)]
pub(super) struct StoreCounters {
    /// Transactions that were committed.
    pub(super) batches: Counter,
    /// Requests in those transactions.
    pub(super) requests: Counter,
    /// Passwords that were hashed.
    pub(super) hashes: Counter,
}
