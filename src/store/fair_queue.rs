//! A queue in which users have turns, so that one who asks for much holds up nobody else.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::chat::name::Number;

/// A queue that hands out one item of each user in turn, until it is closed.
#[derive(Debug)]
pub(super) struct FairQueue<T> {
    inner: Mutex<FairQueueState<T>>,
    arrived: Condvar,
}

#[derive(Debug)]
struct FairQueueState<T> {
    /// Who waits, and for what; whoever's turn comes next stands first.
    users: VecDeque<(Number, VecDeque<T>)>,
    open: bool,
}

impl<T> FairQueueState<T> {
    /// What a user asks for.
    fn items_of(&mut self, user: Number) -> impl Iterator<Item = &mut T> {
        self.users.iter_mut().filter(move |(other, _)| *other == user).flat_map(|(_, items)| items)
    }
}

impl<T> FairQueue<T> {
    /// An empty queue.
    pub(super) fn new() -> Self {
        let inner = FairQueueState { users: VecDeque::new(), open: true };
        FairQueue { inner: Mutex::new(inner), arrived: Condvar::new() }
    }

    /// Adds what a user asks for; or, where something waits that it is to replace, puts it there
    /// and gives back the other.
    ///
    /// # Errors
    /// The item, where `max` of that user wait already and none is replaced, or the queue is
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

    /// Puts back what was taken, however many wait, unless something waits that is as good.
    ///
    /// # Errors
    /// The item, where there is something as good, or the queue is closed.
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

    /// Takes the first item of whoever's turn it is, and waits for one; none once the queue is
    /// closed.
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

    /// Takes no more, and drops what waits.
    pub(super) fn close_and_clear(&self) {
        let mut inner = self.lock();
        inner.open = false;
        let dropped = std::mem::take(&mut inner.users);
        drop(inner);
        self.arrived.notify_all();
        drop(dropped);
    }

    fn lock(&self) -> MutexGuard<'_, FairQueueState<T>> {
        // Nothing in here panics halfway through a change.
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
