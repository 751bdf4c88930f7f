//! Slots for passwords: a bound on how many wait for their hash, wherever they wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many passwords may wait for their hash, or be hashed. Two cores work that off in about the
/// time that a client has to log in; whoever came later would wait in vain.
pub(super) const SLOTS_MAX: usize = 1_024;

/// A slot: the right to have one password hashed. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct PasswordSlot(Arc<AtomicUsize>);

impl Drop for PasswordSlot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The slots of a store, [`SLOTS_MAX`] at a time.
#[derive(Debug, Default)]
pub(super) struct PasswordSlots(Arc<AtomicUsize>);

impl PasswordSlots {
    /// Takes a slot, if one is left. Only one thread may ask.
    pub(super) fn take(&self) -> Option<PasswordSlot> {
        if self.0.load(Ordering::Relaxed) >= SLOTS_MAX {
            return None;
        }
        self.0.fetch_add(1, Ordering::Relaxed);
        Some(PasswordSlot(Arc::clone(&self.0)))
    }
}
