//! A queue between threads that is fair to users: it serves them round-robin, so that a user with
//! many requests does not delay the others.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::chat::name::Number;

/// A queue that hands out one item of each user in turn (round-robin), until it is closed.
#[derive(Debug)]
pub(super) struct FairQueue<T> {
    inner: Mutex<FairQueueState<T>>,
    arrived: Condvar,
}

/// The state of a queue, under its lock.
#[derive(Debug)]
struct FairQueueState<T> {
    /// The users with waiting items; the next one to be served is first.
    users: VecDeque<(Number, VecDeque<T>)>,
    open: bool,
}

impl<T> FairQueueState<T> {
    /// The waiting items of a user.
    fn items_of(&mut self, user: Number) -> impl Iterator<Item = &mut T> {
        self.users.iter_mut().filter(move |(other, _)| *other == user).flat_map(|(_, items)| items)
    }
}

impl<T> FairQueue<T> {
    /// Creates an empty queue.
    pub(super) fn new() -> Self {
        let inner = FairQueueState { users: VecDeque::new(), open: true };
        FairQueue { inner: Mutex::new(inner), arrived: Condvar::new() }
    }

    /// Adds an item of a user; or, if `replaces` is true for one that waits, replaces and returns
    /// that.
    ///
    /// # Errors
    /// The item, if `max` items of that user wait already and none is replaced, or the queue is
    /// closed.
    pub(super) fn push(
        &self,
        user: Number,
        item: T,
        max: usize,
        replaces: impl Fn(&T) -> bool,
    ) -> Result<Option<T>, T> {
        let mut inner = self.lock();
        if let Some(waiting) = inner.items_of(user).find(|waiting| replaces(waiting)) {
            return Ok(Some(std::mem::replace(waiting, item)));
        }
        self.push_to(inner, user, item, max).map(|()| None)
    }

    /// Puts back an item that was taken, however many wait, unless `is_as_good` is true for one
    /// that waits.
    ///
    /// # Errors
    /// The item, if there is one as good, or the queue is closed.
    pub(super) fn put_back(
        &self,
        user: Number,
        item: T,
        is_as_good: impl Fn(&T) -> bool,
    ) -> Result<(), T> {
        let mut inner = self.lock();
        if inner.items_of(user).any(|waiting| is_as_good(waiting)) {
            return Err(item);
        }
        self.push_to(inner, user, item, usize::MAX)
    }

    fn push_to(
        &self,
        mut inner: MutexGuard<'_, FairQueueState<T>>,
        user: Number,
        item: T,
        max: usize,
    ) -> Result<(), T> {
        if !inner.open {
            return Err(item);
        }
        match inner.users.iter_mut().find(|(other, _)| *other == user) {
            Some((_, items)) if items.len() >= max => return Err(item),
            Some((_, items)) => items.push_back(item),
            None => inner.users.push_back((user, VecDeque::from([item]))),
        }
        drop(inner);
        self.arrived.notify_one();
        Ok(())
    }

    /// Takes the first item of the next user, and waits until there is one; `None` once the queue
    /// is closed.
    pub(super) fn pop(&self) -> Option<T> {
        let mut inner = self.lock();
        loop {
            if let Some((user, mut items)) = inner.users.pop_front() {
                let item = items.pop_front();
                if !items.is_empty() {
                    inner.users.push_back((user, items));
                }
                return item;
            }
            if !inner.open {
                return None;
            }
            inner = self.arrived.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Closes the queue, and drops all waiting items.
    pub(super) fn close_and_clear(&self) {
        let mut inner = self.lock();
        inner.open = false;
        let dropped = std::mem::take(&mut inner.users);
        drop(inner);
        self.arrived.notify_all();
        drop(dropped);
    }

    fn lock(&self) -> MutexGuard<'_, FairQueueState<T>> {
        // No code that holds the lock panics halfway through a change, so a poisoned state is
        // valid.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Number = Number(10_001);
    const BOB: Number = Number(10_002);

    #[test]
    fn users_have_turns_and_a_bound_each() {
        let turns = FairQueue::new();
        for item in 1..=3 {
            turns.push(ALICE, item, 3, |_| false).unwrap();
        }
        assert_eq!(turns.push(ALICE, 4, 3, |_| false), Err(4));
        turns.push(BOB, 10, 3, |_| false).unwrap();
        let order = [(); 4].map(|()| turns.pop().unwrap());
        assert_eq!(order, [1, 10, 2, 3]);
    }

    #[test]
    fn what_was_taken_finds_a_place_again() {
        let turns = FairQueue::new();
        for item in 1..=2 {
            turns.push(ALICE, item, 2, |_| false).unwrap();
        }
        let taken = turns.pop().unwrap();
        turns.push(ALICE, 3, 2, |_| false).unwrap();
        turns.put_back(ALICE, taken, |_| false).unwrap();
        assert_eq!(turns.push(ALICE, 4, 2, |_| false), Err(4));
        assert_eq!(turns.push(ALICE, 5, 2, |other| *other == 3), Ok(Some(3)));
        assert_eq!(turns.put_back(ALICE, 6, |other| *other == 5), Err(6));
        assert_eq!([(); 3].map(|()| turns.pop().unwrap()), [2, 5, 1]);
    }

    #[test]
    fn a_closed_queue_hands_out_nothing_more() {
        let turns = FairQueue::new();
        turns.push(ALICE, 1, 3, |_| false).unwrap();
        turns.close_and_clear();
        assert_eq!(turns.pop(), None);
        assert_eq!(turns.push(ALICE, 2, 3, |_| false), Err(2));
    }
}
