//! A queue between threads (multiple producers, multiple consumers) that can be closed.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The error that no item came until the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimedOut;

/// A first-in-first-out queue, until it is closed.
#[derive(Debug)]
pub(super) struct WorkQueue<T> {
    inner: Mutex<QueueState<T>>,
    arrived: Condvar,
}

/// The state of a queue, under its lock.
#[derive(Debug)]
struct QueueState<T> {
    items: VecDeque<T>,
    open: bool,
    /// The number of threads that wait for an item.
    asleep: usize,
    /// A lower bound of how many of those were notified and have not woken up yet.
    called: usize,
}

impl<T> QueueState<T> {
    /// Returns true if a thread is to be notified of the item that was just added. A notification
    /// costs a system call even if no thread waits, which the event loop must not pay for each job.
    fn calls(&mut self) -> bool {
        let calls = self.called < self.asleep;
        self.called += usize::from(calls);
        calls
    }

    fn has_nothing_yet(&self) -> bool {
        self.open && self.items.is_empty()
    }

    /// Notes that a thread has stopped waiting, notified or not. If it was not, another thread may
    /// be notified twice, which does no harm.
    fn woke_up(&mut self) {
        self.asleep -= 1;
        self.called = self.called.saturating_sub(1);
    }
}

impl<T> WorkQueue<T> {
    /// Creates an empty queue.
    pub(super) fn new() -> Self {
        let inner = QueueState { items: VecDeque::new(), open: true, asleep: 0, called: 0 };
        WorkQueue { inner: Mutex::new(inner), arrived: Condvar::new() }
    }

    /// Adds an item.
    ///
    /// # Errors
    /// The item, if `max` items wait already or the queue is closed.
    pub(super) fn push(&self, item: T, max: usize) -> Result<(), T> {
        let mut inner = self.lock();
        if !inner.open || inner.items.len() >= max {
            return Err(item);
        }
        inner.items.push_back(item);
        let calls = inner.calls();
        drop(inner);
        if calls {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Takes the first item, and waits until there is one; `None` once the queue is closed and
    /// empty.
    pub(super) fn pop(&self) -> Option<T> {
        self.wait().items.pop_front()
    }

    /// Takes up to `max` items, and waits for the first of them until the deadline; `Ok(None)` once
    /// the queue is closed and empty.
    ///
    /// # Errors
    /// [`TimedOut`] if none came.
    pub(super) fn pop_batch_until(
        &self,
        max: usize,
        deadline: Instant,
    ) -> Result<Option<Vec<T>>, TimedOut> {
        let mut inner = self.wait_until(deadline);
        let count = inner.items.len().min(max);
        match count {
            0 if inner.open => Err(TimedOut),
            0 => Ok(None),
            count => Ok(Some(inner.items.drain(..count).collect())),
        }
    }

    /// Takes the first item, and waits for one until the deadline; `Ok(None)` once the queue is
    /// closed and empty.
    ///
    /// # Errors
    /// [`TimedOut`] if none came.
    pub(super) fn pop_until(&self, deadline: Instant) -> Result<Option<T>, TimedOut> {
        let mut inner = self.wait_until(deadline);
        match inner.items.pop_front() {
            None if inner.open => Err(TimedOut),
            item => Ok(item),
        }
    }

    /// The number of items.
    pub(super) fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Closes the queue. Items that wait are still handed out.
    pub(super) fn close(&self) {
        self.lock().open = false;
        self.arrived.notify_all();
    }

    /// Closes the queue, and drops all waiting items.
    pub(super) fn close_and_clear(&self) {
        let mut inner = self.lock();
        inner.open = false;
        let dropped = std::mem::take(&mut inner.items);
        drop(inner);
        self.arrived.notify_all();
        drop(dropped);
    }

    /// Waits until there is an item, or the queue is closed.
    fn wait(&self) -> MutexGuard<'_, QueueState<T>> {
        let mut inner = self.lock();
        while inner.has_nothing_yet() {
            inner.asleep += 1;
            inner = self.arrived.wait(inner).unwrap_or_else(PoisonError::into_inner);
            inner.woke_up();
        }
        inner
    }

    /// Waits until there is an item, the queue is closed, or the deadline has passed.
    fn wait_until(&self, deadline: Instant) -> MutexGuard<'_, QueueState<T>> {
        let mut inner = self.lock();
        while inner.has_nothing_yet() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            inner.asleep += 1;
            let waited = self.arrived.wait_timeout(inner, left);
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
            inner.woke_up();
        }
        inner
    }

    fn lock(&self) -> MutexGuard<'_, QueueState<T>> {
        // No code that holds the lock panics halfway through a change, so a poisoned state is
        // valid.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn it_takes_as_many_as_its_bound_and_keeps_their_order() {
        let queue = WorkQueue::new();
        for item in 0..3 {
            assert_eq!(queue.push(item, 3), Ok(()));
        }
        assert_eq!(queue.push(3, 3), Err(3));
        assert_eq!(queue.pop(), Some(0));
        assert_eq!(queue.push(4, 3), Ok(()));
        assert_eq!(queue.pop_batch_until(2, Instant::now()), Ok(Some(vec![1, 2])));
        assert_eq!((queue.pop(), queue.len()), (Some(4), 0));
    }

    #[test]
    fn a_closed_queue_hands_out_what_waits_and_wakes_all() {
        let queue = Arc::new(WorkQueue::new());
        queue.push(1, 9).unwrap();
        let takers: Vec<_> = (0..3)
            .map(|_| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || std::iter::from_fn(|| queue.pop()).count())
            })
            .collect();
        queue.close();
        assert_eq!(takers.into_iter().map(|taker| taker.join().unwrap()).sum::<usize>(), 1);
        assert_eq!(queue.push(2, 9), Err(2));
        assert_eq!(queue.pop_batch_until(9, Instant::now()), Ok(None));
    }

    #[test]
    fn a_deadline_ends_the_waiting() {
        let queue = WorkQueue::new();
        assert_eq!(queue.pop_until(Instant::now()), Err(TimedOut));
        queue.push(1, 9).unwrap();
        assert_eq!(queue.pop_until(Instant::now()), Ok(Some(1)));
        queue.close();
        assert_eq!(queue.pop_until(Instant::now() + std::time::Duration::from_secs(60)), Ok(None));
    }

    #[test]
    fn nobody_sleeps_on_while_something_waits() {
        const ITEMS: usize = 2_000;
        let queue = Arc::new(WorkQueue::new());
        let takers: Vec<_> = (0..4_u32)
            .map(|number| {
                let queue = Arc::clone(&queue);
                // Two of them wait with deadlines that may pass while they are notified.
                let take = move || loop {
                    if number % 2 == 0 {
                        break queue.pop();
                    }
                    let deadline = Instant::now() + std::time::Duration::from_micros(50);
                    if let Ok(item) = queue.pop_until(deadline) {
                        break item;
                    }
                };
                thread::spawn(move || std::iter::from_fn(take).count())
            })
            .collect();
        let (taken, all_taken) = std::sync::mpsc::channel();
        thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                for item in 0..ITEMS {
                    queue.push(item, ITEMS).unwrap();
                    // The takers fall asleep again before the next one.
                    while queue.len() > 0 {
                        thread::yield_now();
                    }
                }
                queue.close();
                taken.send(()).unwrap();
            }
        });
        all_taken.recv_timeout(std::time::Duration::from_secs(60)).expect("somebody slept on");
        let counts = takers.into_iter().map(|taker| taker.join().unwrap());
        assert_eq!(counts.sum::<usize>(), ITEMS);
    }

    #[test]
    fn a_cleared_queue_drops_what_waits() {
        let queue = WorkQueue::new();
        let item = Arc::new(());
        queue.push(Arc::clone(&item), 9).unwrap();
        queue.close_and_clear();
        assert_eq!(Arc::strong_count(&item), 1);
        assert_eq!(queue.pop(), None);
    }
}
