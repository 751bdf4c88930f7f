//! The messages under way: how many receivers each of them has not reached yet.

use std::collections::VecDeque;

use crate::payload::Stamp;

/// All messages under way, by sender.
#[derive(Debug)]
pub struct Flights {
    queues: Vec<Queue>,
    under_way: usize,
}

#[derive(Debug, Default)]
struct Queue {
    /// The sequence number of the first message in the queue.
    first: u32,
    /// The number of receivers that each message still has to reach; 0 for one that has reached all
    /// before an earlier one.
    missing: VecDeque<u32>,
}

impl Flights {
    /// No message under way.
    pub fn new(senders: usize) -> Self {
        let queues = (0..senders).map(|_| Queue::default()).collect();
        Flights { queues, under_way: 0 }
    }

    /// The number of messages under way.
    pub fn under_way(&self) -> usize {
        self.under_way
    }

    /// Adds the next message of `sender`, which is for a number of receivers.
    pub fn launch(&mut self, sender: usize, receivers: usize) {
        self.queues[sender].missing.push_back(receivers as u32);
        self.under_way += usize::from(receivers > 0);
    }

    /// Notes that one more receiver has the message. Returns true if that was the last one.
    pub fn land(&mut self, stamp: &Stamp) -> bool {
        self.reduce(usize::from(stamp.sender), stamp.sequence, 1)
    }

    /// Removes a message that the server has refused.
    pub fn withdraw(&mut self, sender: usize, sequence: u32) {
        self.reduce(sender, sequence, u32::MAX);
    }

    /// Notes that a receiver has disconnected; `missed` returns true for the messages of a sender
    /// that it had not received.
    pub fn leave(&mut self, missed: impl Fn(usize, u32) -> bool) {
        for sender in 0..self.queues.len() {
            let Queue { first, missing } = &self.queues[sender];
            let sequences = *first..first + missing.len() as u32;
            for sequence in sequences.filter(|sequence| missed(sender, *sequence)) {
                self.reduce(sender, sequence, 1);
            }
        }
    }

    fn reduce(&mut self, sender: usize, sequence: u32, by: u32) -> bool {
        let queue = &mut self.queues[sender];
        let place = sequence.checked_sub(queue.first);
        let Some(missing) = place.and_then(|at| queue.missing.get_mut(at as usize)) else {
            return false;
        };
        if *missing == 0 {
            return false;
        }
        *missing = missing.saturating_sub(by);
        let landed = *missing == 0;
        self.under_way -= usize::from(landed);
        while queue.missing.front() == Some(&0) {
            queue.missing.pop_front();
            queue.first += 1;
        }
        landed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(sender: u16, sequence: u32) -> Stamp {
        Stamp { sender, sequence, intended_nanos: 0 }
    }

    #[test]
    fn the_last_receiver_lands_a_broadcast_in_any_order() {
        let mut flights = Flights::new(2);
        for sender in [0, 0, 1] {
            flights.launch(sender, 2);
        }
        assert_eq!(flights.under_way(), 3);
        assert!(!flights.land(&stamp(0, 1)));
        assert!(flights.land(&stamp(0, 1)));
        assert!(!flights.land(&stamp(0, 1)), "it has landed already");
        assert!(!flights.land(&stamp(0, 0)));
        assert!(flights.land(&stamp(0, 0)));
        assert!(!flights.land(&stamp(0, 2)), "it was never sent");
        assert_eq!(flights.under_way(), 1);
    }

    #[test]
    fn nobody_waits_for_who_is_gone_or_for_what_was_refused() {
        let mut flights = Flights::new(1);
        for _ in 0..3 {
            flights.launch(0, 2);
        }
        flights.land(&stamp(0, 0));
        flights.leave(|_, sequence| sequence < 2);
        assert_eq!(flights.under_way(), 2);
        flights.withdraw(0, 2);
        assert!(flights.land(&stamp(0, 1)));
        assert_eq!(flights.under_way(), 0);
    }
}
