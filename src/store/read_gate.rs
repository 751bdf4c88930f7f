//! The gate between those who read the database and the thread that writes it: it keeps the
//! write-ahead log short.
//!
//! SQLite begins the log anew only when nobody reads from it. If there is always somebody who does,
//! the log grows for ever. So once it is long, no read begins until those that are under way have
//! ended, and the log is copied into the database.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest time that a read waits at the gate: nothing may be written meanwhile, and then
/// nobody opens it.
const WAIT_MAX: Duration = Duration::from_millis(100);

/// The gate, which is open at first.
#[derive(Debug, Default)]
pub(super) struct ReadGate {
    inner: Mutex<ReadGateState>,
    changed: Condvar,
}

/// The state of the gate, under its lock.
#[derive(Debug, Default)]
struct ReadGateState {
    /// The number of reads under way.
    reading: usize,
    is_closed: bool,
}

/// A read under way. Dropping it ends it.
#[derive(Debug)]
pub(super) struct ReadPass<'a>(&'a ReadGate);

impl Drop for ReadPass<'_> {
    fn drop(&mut self) {
        self.0.lock().reading -= 1;
    }
}

impl ReadGate {
    /// Waits until the gate is open, but not for long, and notes that a read begins.
    pub(super) fn pass(&self) -> ReadPass<'_> {
        let mut inner = self.lock();
        let deadline = Instant::now() + WAIT_MAX;
        while inner.is_closed {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(inner, left);
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        inner.reading += 1;
        ReadPass(self)
    }

    /// Closes the gate. Returns true if no read is under way.
    pub(super) fn close(&self) -> bool {
        let mut inner = self.lock();
        inner.is_closed = true;
        inner.reading == 0
    }

    /// Opens the gate.
    pub(super) fn open(&self) {
        let was_closed = std::mem::take(&mut self.lock().is_closed);
        if was_closed {
            self.changed.notify_all();
        }
    }

    /// Returns true if nobody waits at it.
    #[cfg(test)]
    pub(super) fn is_open(&self) -> bool {
        !self.lock().is_closed
    }

    fn lock(&self) -> MutexGuard<'_, ReadGateState> {
        // No code that holds the lock panics halfway through a change, so a poisoned state is
        // valid.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_whether_somebody_reads_and_lets_nobody_wait_for_ever() {
        let gate = ReadGate::default();
        let first = gate.pass();
        assert!(!gate.close(), "somebody reads");
        drop(first);
        assert!(gate.close());
        let late = gate.pass();
        assert!(!gate.close(), "who has waited for long reads all the same");
        drop(late);
        gate.open();
        drop(gate.pass());
    }
}
