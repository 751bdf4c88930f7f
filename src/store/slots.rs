//! A counting semaphore for passwords: it limits how many wait to be hashed, in all queues
//! together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The largest number of passwords that wait or are being hashed. Two cores hash that many in about
/// the time that a client has to log in, so more would wait in vain.
pub(super) const SLOTS_MAX: usize = 1_024;

/// A permit to have one password hashed. Dropping it returns it.
#[derive(Debug)]
pub(super) struct PasswordSlot(Arc<AtomicUsize>);

impl Drop for PasswordSlot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The semaphore, with [`SLOTS_MAX`] permits.
#[derive(Debug, Default)]
pub(super) struct PasswordSlots(Arc<AtomicUsize>);

impl PasswordSlots {
    /// Takes a permit, if one is left. Only one thread may call this.
    pub(super) fn take(&self) -> Option<PasswordSlot> {
        if self.0.load(Ordering::Relaxed) >= SLOTS_MAX {
            return None;
        }
        self.0.fetch_add(1, Ordering::Relaxed);
        Some(PasswordSlot(Arc::clone(&self.0)))
    }
}
