//! A queue in which users have turns, so that one who asks for much holds up nobody else.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::protocol::name::Number;

/// Hands out what users ask for, one of each in turn, until it is closed.
#[derive(Debug)]
pub(super) struct Turns<T> {
    inner: Mutex<Inner<T>>,
    arrived: Condvar,
}

#[derive(Debug)]
struct Inner<T> {
    /// Who waits, and for what; whoever's turn comes next stands first.
    users: VecDeque<(Number, VecDeque<T>)>,
    open: bool,
}

impl<T> Turns<T> {
    /// Nobody waits yet.
    pub(super) fn new() -> Self {
        let inner = Inner { users: VecDeque::new(), open: true };
        Turns { inner: Mutex::new(inner), arrived: Condvar::new() }
    }

    /// Adds what a user asks for.
    ///
    /// # Errors
    /// The item, where `max` of that user wait already, or the queue is closed.
    pub(super) fn push(&self, user: Number, item: T, max: usize) -> Result<(), T> {
        let mut inner = self.lock();
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

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
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
        let turns = Turns::new();
        for item in 1..=3 {
            turns.push(ALICE, item, 3).unwrap();
        }
        assert_eq!(turns.push(ALICE, 4, 3), Err(4));
        turns.push(BOB, 10, 3).unwrap();
        let order = [(); 4].map(|()| turns.pop().unwrap());
        assert_eq!(order, [1, 10, 2, 3]);
    }

    #[test]
    fn a_closed_queue_hands_out_nothing_more() {
        let turns = Turns::new();
        turns.push(ALICE, 1, 3).unwrap();
        turns.close_and_clear();
        assert_eq!(turns.pop(), None);
        assert_eq!(turns.push(ALICE, 2, 3), Err(2));
    }
}
