//! A queue between threads in which users have turns, and of each of whom one item at most is in
//! work.

use std::hash::Hash;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::turns::TurnLines;

/// A queue with turns by the one who asks, until it is closed.
#[derive(Debug)]
pub(super) struct TurnQueue<K, T> {
    inner: Mutex<TurnQueueState<K, T>>,
    arrived: Condvar,
}

/// The state of a queue, under its lock.
#[derive(Debug)]
struct TurnQueueState<K, T> {
    turns: TurnLines<K, T>,
    open: bool,
}

impl<K: Copy + Eq + Hash, T> TurnQueue<K, T> {
    /// Creates an empty queue.
    pub(super) fn new() -> Self {
        let inner = TurnQueueState { turns: TurnLines::new(), open: true };
        TurnQueue { inner: Mutex::new(inner), arrived: Condvar::new() }
    }

    /// Adds an item. If there are `max` already, the newest item of whoever has most is refused,
    /// which may be this one.
    ///
    /// # Errors
    /// The item that is refused.
    pub(super) fn push(&self, of: K, item: T, max: usize) -> Result<(), T> {
        let mut inner = self.lock();
        if !inner.open {
            return Err(item);
        }
        let pushed = inner.turns.push_within(of, item, max);
        drop(inner);
        self.arrived.notify_one();
        pushed
    }

    /// Takes the next item, with the one who asks for it, and waits until there is one whose turn
    /// it is; `None` once the queue is closed. [`TurnQueue::done`] must follow.
    pub(super) fn pop(&self) -> Option<(K, T)> {
        let mut inner = self.lock();
        loop {
            if !inner.open {
                return None;
            }
            if let Some(taken) = inner.turns.take() {
                return Some(taken);
            }
            inner = self.arrived.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes that the item that was taken is done, so that its user has turns again.
    pub(super) fn done(&self, of: K) {
        let mut inner = self.lock();
        inner.turns.done(of);
        let is_due = inner.turns.len_of(of) > 0;
        drop(inner);
        if is_due {
            self.arrived.notify_one();
        }
    }

    /// The number of items that wait.
    pub(super) fn len(&self) -> usize {
        self.lock().turns.len()
    }

    /// Closes the queue, and drops all waiting items.
    pub(super) fn close_and_clear(&self) {
        let mut inner = self.lock();
        inner.open = false;
        let dropped = inner.turns.clear();
        drop(inner);
        self.arrived.notify_all();
        drop(dropped);
    }

    fn lock(&self) -> MutexGuard<'_, TurnQueueState<K, T>> {
        // No code that holds the lock panics halfway through a change, so a poisoned state is
        // valid.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn what_waits_for_its_users_turn_is_handed_out_once_that_comes() {
        let queue = Arc::new(TurnQueue::new());
        queue.push('a', 1, 9).unwrap();
        assert_eq!(queue.pop(), Some(('a', 1)));
        queue.push('a', 2, 9).unwrap();
        let taker = thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.pop()
        });
        queue.done('a');
        assert_eq!(taker.join().unwrap(), Some(('a', 2)));
        queue.close_and_clear();
        assert_eq!((queue.pop(), queue.push('a', 3, 9)), (None, Err(3)));
    }
}
