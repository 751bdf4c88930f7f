//! The queue of passwords to hash, which may be long: a hash takes some hundredths of a second.
//!
//! Networks have turns, so that a login waits for the other networks that ask, and not for all that
//! they ask. What is about an account that exists goes before new accounts, three to one. A full
//! queue refuses the network with most in it.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::task::{HashPurpose, PasswordTask};
use crate::chat::address::Network;
use crate::store::turns::TurnLines;

/// The largest number of passwords that wait. Two cores hash that many in about the time that a
/// client has to log in, so more would wait in vain.
pub(super) const WAITING_MAX: usize = 1_024;
/// How many passwords of accounts are hashed before one of a new account that waits.
const KNOWN_IN_A_ROW: u32 = 3;

/// The queue, until it is closed.
#[derive(Debug)]
pub(super) struct PasswordQueue {
    inner: Mutex<PasswordTurns>,
    arrived: Condvar,
}

/// The state of the queue, under its lock.
#[derive(Debug)]
struct PasswordTurns {
    /// Of accounts that exist, and of names that none has, which must take as long.
    known: TurnLines<Network, PasswordTask>,
    /// Of new accounts.
    new: TurnLines<Network, PasswordTask>,
    /// How many of accounts were taken since one of a new account was.
    known_in_a_row: u32,
    open: bool,
}

impl PasswordTurns {
    fn push(&mut self, task: PasswordTask) -> Result<(), PasswordTask> {
        if !self.open {
            return Err(task);
        }
        let mut refused = None;
        if self.known.len() + self.new.len() >= WAITING_MAX {
            let most = self.network_with_most(task.from);
            if most == task.from {
                return Err(task);
            }
            refused = self.new.take_newest(most).or_else(|| self.known.take_newest(most));
        }
        let turns = match task.purpose {
            HashPurpose::Register(..) => &mut self.new,
            HashPurpose::Set(_) | HashPurpose::Check { .. } => &mut self.known,
            // An administrator asked for it.
            HashPurpose::Reset(..) | HashPurpose::Add(..) => &mut self.known,
        };
        turns.push(task.from, task);
        refused.map_or(Ok(()), Err)
    }

    /// The network that would have most in the queue if `comes` had one more: that one, where
    /// others have no more than it.
    fn network_with_most(&self, comes: Network) -> Network {
        let mut counts = HashMap::from([(comes, 1)]);
        for (network, count) in self.known.lengths().chain(self.new.lengths()) {
            *counts.entry(network).or_default() += count;
        }
        let most = counts.into_iter().max_by_key(|(network, count)| (*count, *network == comes));
        most.map_or(comes, |(network, _)| network)
    }

    fn take(&mut self) -> Option<PasswordTask> {
        let is_news_turn = self.known_in_a_row >= KNOWN_IN_A_ROW && self.new.len() > 0;
        let turns = match is_news_turn || self.known.len() == 0 {
            true => {
                self.known_in_a_row = 0;
                &mut self.new
            }
            false => {
                self.known_in_a_row = self.known_in_a_row.saturating_add(1);
                &mut self.known
            }
        };
        let (network, task) = turns.take()?;
        // Each thread may take the next of the same network.
        turns.done(network);
        Some(task)
    }
}

impl PasswordQueue {
    /// Creates an empty queue.
    pub(super) fn new() -> Self {
        let (known, new) = (TurnLines::new(), TurnLines::new());
        let inner = PasswordTurns { known, new, known_in_a_row: 0, open: true };
        PasswordQueue { inner: Mutex::new(inner), arrived: Condvar::new() }
    }

    /// Adds a task.
    ///
    /// # Errors
    /// The task that is refused if the queue is full: the newest of the network with most in it,
    /// which may be this one.
    pub(super) fn push(&self, task: PasswordTask) -> Result<(), PasswordTask> {
        let pushed = self.lock().push(task);
        self.arrived.notify_one();
        pushed
    }

    /// Takes the next task, if there is one.
    pub(super) fn try_pop(&self) -> Option<PasswordTask> {
        self.lock().take()
    }

    /// Takes the next task, and waits until there is one; `None` once the queue is closed.
    pub(super) fn pop(&self) -> Option<PasswordTask> {
        let mut inner = self.lock();
        loop {
            if let Some(task) = inner.take() {
                return Some(task);
            }
            if !inner.open {
                return None;
            }
            inner = self.arrived.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The number of tasks.
    pub(super) fn len(&self) -> usize {
        let inner = self.lock();
        inner.known.len() + inner.new.len()
    }

    /// Closes the queue, and drops all tasks.
    pub(super) fn close_and_clear(&self) {
        let mut inner = self.lock();
        inner.open = false;
        let dropped = [inner.known.clear(), inner.new.clear()];
        drop(inner);
        self.arrived.notify_all();
        drop(dropped);
    }

    fn lock(&self) -> MutexGuard<'_, PasswordTurns> {
        // No code that holds the lock panics halfway through a change, so a poisoned state is
        // valid.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::account::Account;
    use crate::chat::name::Number;
    use crate::chat::text::Secret;
    use crate::hub::job::JobId;

    fn task(job: u64, network: u8, purpose: HashPurpose) -> PasswordTask {
        let from = Network::V4(network.into());
        PasswordTask { job: JobId(job), from, password: Secret::new("x"), purpose }
    }

    fn check(job: u64, network: u8) -> PasswordTask {
        let purpose = HashPurpose::Check { number: Some(Number(10_001)), stored: None };
        task(job, network, purpose)
    }

    fn register(job: u64, network: u8) -> PasswordTask {
        let account = Account {
            number: Number(10_009),
            name: "new".parse().unwrap(),
            display: None,
            created: 0,
        };
        task(job, network, HashPurpose::Register(Box::new(account), None))
    }

    fn order(queue: &PasswordQueue) -> Vec<u64> {
        std::iter::from_fn(|| queue.try_pop()).map(|task| task.job.0).collect()
    }

    fn refused(pushed: Result<(), PasswordTask>) -> Option<u64> {
        pushed.err().map(|task| task.job.0)
    }

    #[test]
    fn networks_have_turns() {
        let queue = PasswordQueue::new();
        for job in 1..=4 {
            assert_eq!(refused(queue.push(check(job, 1))), None);
        }
        queue.push(check(10, 2)).unwrap();
        queue.push(check(20, 3)).unwrap();
        assert_eq!((queue.len(), order(&queue)), (6, vec![1, 10, 20, 2, 3, 4]));
    }

    #[test]
    fn accounts_go_before_new_ones_three_to_one() {
        let queue = PasswordQueue::new();
        for job in 1..=3 {
            queue.push(register(job, 1)).unwrap();
        }
        for job in 11..=17 {
            queue.push(check(job, 2)).unwrap();
        }
        assert_eq!(order(&queue), [11, 12, 13, 1, 14, 15, 16, 2, 17, 3]);
    }

    #[test]
    fn a_full_queue_refuses_the_newest_of_the_network_with_most() {
        let queue = PasswordQueue::new();
        for job in 0..600 {
            assert_eq!(refused(queue.push(check(job, 1))), None);
        }
        for job in 600..1_024 {
            assert_eq!(refused(queue.push(register(job, 2))), None);
        }
        assert_eq!(refused(queue.push(register(2_000, 1))), Some(2_000), "it has most itself");
        assert_eq!(refused(queue.push(check(2_001, 2))), Some(599));
        assert_eq!(refused(queue.push(check(2_002, 3))), Some(598), "it costs no other");
        let order = order(&queue);
        assert_eq!(order.len(), WAITING_MAX);
        assert_eq!(order[..4], [0, 2_001, 2_002, 600]);
    }

    #[test]
    fn a_closed_queue_hands_out_nothing_more() {
        let queue = PasswordQueue::new();
        queue.push(check(1, 1)).unwrap();
        queue.close_and_clear();
        assert!(queue.pop().is_none());
        assert_eq!(refused(queue.push(check(2, 1))), Some(2));
    }
}
