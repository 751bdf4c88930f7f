//! The ledger of deliveries: finds every message that is lost, doubled or out of order, for each
//! pair of receiver and sender, at the cost of one comparison for each message.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use crate::payload::Stamp;

/// The numbers of faults, counted in deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// Sent, and not received before the end of the run or of the receiver's connection.
    pub lost: u64,
    /// Received more than once.
    pub doubled: u64,
    /// Received after a later message of the same sender.
    pub misordered: u64,
    /// Received with changed bytes. The original message counts as lost too.
    pub corrupt: u64,
    /// Received by a client for which it was not meant, such as its sender.
    pub stray: u64,
}

impl Faults {
    /// Returns true if there is any fault.
    pub fn any(&self) -> bool {
        *self != Faults::default()
    }
}

impl std::ops::Add for Faults {
    type Output = Faults;

    fn add(self, other: Faults) -> Faults {
        Faults {
            lost: self.lost + other.lost,
            doubled: self.doubled + other.doubled,
            misordered: self.misordered + other.misordered,
            corrupt: self.corrupt + other.corrupt,
            stray: self.stray + other.stray,
        }
    }
}

/// The verdict on a received message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Received for the first time.
    First,
    /// Not to be received.
    Fault,
}

/// The messages expected by all receivers.
#[derive(Debug)]
pub struct Ledger {
    senders: usize,
    /// The number of messages of each sender.
    sent: Vec<u32>,
    /// The next sequence number that a receiver expects from a sender, at `receiver * senders +
    /// sender`.
    expected: Vec<u32>,
    /// Sequence numbers below the expected one that were not received. There are none without
    /// faults.
    gaps: HashMap<(usize, u16), BTreeSet<u32>>,
    /// Messages that the server refused, which nobody receives.
    withdrawn: BTreeSet<(usize, u32)>,
    /// True for receivers whose account is closed.
    closed: Vec<bool>,
    faults: Faults,
}

impl Ledger {
    /// Creates the ledger. The senders are the receivers with the lowest numbers.
    pub fn new(receivers: usize, senders: usize) -> Self {
        Ledger {
            senders,
            sent: vec![0; senders],
            expected: vec![0; receivers * senders],
            gaps: HashMap::new(),
            withdrawn: BTreeSet::new(),
            closed: vec![false; receivers],
            faults: Faults::default(),
        }
    }

    /// Counts a message as sent, and returns its sequence number.
    pub fn send(&mut self, sender: usize) -> u32 {
        let sequence = self.sent[sender];
        self.sent[sender] += 1;
        sequence
    }

    /// The number of messages that a sender has sent.
    pub fn sent(&self, sender: usize) -> u32 {
        self.sent[sender]
    }

    /// Judges a message that `receiver` has received.
    pub fn receive(&mut self, receiver: usize, stamp: &Stamp) -> Verdict {
        let sender = usize::from(stamp.sender);
        if sender >= self.senders || stamp.sequence >= self.sent[sender] {
            self.faults.corrupt += 1;
            return Verdict::Fault;
        }
        if sender == receiver {
            self.faults.stray += 1;
            return Verdict::Fault;
        }
        let expected = &mut self.expected[receiver * self.senders + sender];
        if stamp.sequence == *expected {
            *expected += 1;
            return Verdict::First;
        }
        self.receive_unexpected(receiver, stamp)
    }

    fn receive_unexpected(&mut self, receiver: usize, stamp: &Stamp) -> Verdict {
        let expected = &mut self.expected[receiver * self.senders + usize::from(stamp.sender)];
        if stamp.sequence > *expected {
            let gap = self.gaps.entry((receiver, stamp.sender)).or_default();
            gap.extend(*expected..stamp.sequence);
            *expected = stamp.sequence + 1;
            return Verdict::First;
        }
        let was_missing = self
            .gaps
            .get_mut(&(receiver, stamp.sender))
            .is_some_and(|gap| gap.remove(&stamp.sequence));
        if was_missing {
            self.faults.misordered += 1;
            Verdict::First
        } else {
            self.faults.doubled += 1;
            Verdict::Fault
        }
    }

    /// Counts a message whose bytes were changed.
    pub fn receive_corrupt(&mut self) {
        self.faults.corrupt += 1;
    }

    /// Excludes a message that was sent and that the server refused.
    pub fn withdraw(&mut self, sender: usize, sequence: u32) {
        self.withdrawn.insert((sender, sequence));
    }

    /// Returns true if `receiver` has not received that message yet.
    pub fn misses(&self, receiver: usize, sender: usize, sequence: u32) -> bool {
        receiver != sender
            && (sequence >= self.expected[receiver * self.senders + sender]
                || self
                    .gaps
                    .get(&(receiver, sender as u16))
                    .is_some_and(|gap| gap.contains(&sequence)))
    }

    /// Closes a receiver's account: messages that it has not received are lost, those sent later
    /// are not.
    pub fn close(&mut self, receiver: usize) {
        if std::mem::replace(&mut self.closed[receiver], true) {
            return;
        }
        for sender in (0..self.senders).filter(|sender| *sender != receiver) {
            let expected = self.expected[receiver * self.senders + sender];
            let gap = self.gaps.get(&(receiver, sender as u16)).map_or(0, BTreeSet::len);
            self.faults.lost += u64::from(self.sent[sender] - expected) + gap as u64;
        }
        let withdrawn = self.withdrawn.iter();
        let not_lost = withdrawn.filter(|(sender, seq)| self.misses(receiver, *sender, *seq));
        self.faults.lost -= not_lost.count() as u64;
    }

    /// Closes all accounts, and returns the faults.
    pub fn finish(mut self) -> Faults {
        for receiver in 0..self.closed.len() {
            self.close(receiver);
        }
        self.faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVERS: usize = 3;

    /// The faults if receiver 1 gets only these of five messages of sender 0, and the others get
    /// all.
    fn faults_of(received: &[u32]) -> Faults {
        let mut ledger = Ledger::new(RECEIVERS, 2);
        for _ in 0..5 {
            ledger.send(0);
        }
        let stamp = |sequence| Stamp { sender: 0, sequence, intended_nanos: 0 };
        for sequence in 0..5 {
            assert_eq!(ledger.receive(2, &stamp(sequence)), Verdict::First);
        }
        for sequence in received {
            ledger.receive(1, &stamp(*sequence));
        }
        ledger.finish()
    }

    #[test]
    fn each_fault_is_counted_once_and_as_what_it_is() {
        let none = Faults::default();
        for (received, expected) in [
            (&[0, 1, 2, 3, 4][..], none),
            (&[], Faults { lost: 5, ..none }),
            (&[0, 1, 3, 4], Faults { lost: 1, ..none }),
            (&[1, 2, 3], Faults { lost: 2, ..none }),
            (&[0, 1, 2, 3], Faults { lost: 1, ..none }),
            (&[0, 1, 1, 2, 3, 4], Faults { doubled: 1, ..none }),
            (&[0, 1, 2, 3, 4, 0, 4], Faults { doubled: 2, ..none }),
            (&[0, 2, 1, 3, 4], Faults { misordered: 1, ..none }),
            (&[4, 3, 2, 1, 0], Faults { misordered: 4, ..none }),
            (&[0, 2, 1, 1, 4], Faults { lost: 1, doubled: 1, misordered: 1, ..none }),
            (&[0, 1, 2, 3, 4, 5], Faults { corrupt: 1, ..none }),
        ] {
            assert_eq!(faults_of(received), expected, "{received:?}");
        }
    }

    #[test]
    fn a_sender_must_not_hear_itself() {
        let mut ledger = Ledger::new(RECEIVERS, 1);
        ledger.send(0);
        let stamp = Stamp { sender: 0, sequence: 0, intended_nanos: 0 };
        assert_eq!(ledger.receive(0, &stamp), Verdict::Fault);
        assert!(ledger.misses(1, 0, 0) && !ledger.misses(0, 0, 0));
        for receiver in [1, 2] {
            assert_eq!(ledger.receive(receiver, &stamp), Verdict::First);
        }
        assert_eq!(ledger.finish(), Faults { stray: 1, ..Faults::default() });
    }

    #[test]
    fn what_was_refused_is_not_lost() {
        let mut ledger = Ledger::new(RECEIVERS, 1);
        for _ in 0..3 {
            ledger.send(0);
        }
        ledger.withdraw(0, 0);
        ledger.withdraw(0, 2);
        ledger.receive(1, &Stamp { sender: 0, sequence: 1, intended_nanos: 0 });
        assert_eq!(ledger.finish(), Faults { lost: 1, ..Faults::default() });
    }

    #[test]
    fn who_leaves_loses_what_was_sent_before_and_nothing_more() {
        let mut ledger = Ledger::new(RECEIVERS, 1);
        ledger.send(0);
        ledger.close(1);
        ledger.close(1);
        let sequence = ledger.send(0);
        assert!(ledger.misses(2, 0, sequence));
        for sequence in [0, 1] {
            ledger.receive(2, &Stamp { sender: 0, sequence, intended_nanos: 0 });
        }
        assert_eq!(ledger.finish(), Faults { lost: 1, ..Faults::default() });
    }
}
