//! The queue of a sender's unconfirmed messages. The server confirms them in order.

use std::collections::VecDeque;

use crate::figures::{Figures, Timetable};
use crate::ledger::Ledger;

/// The intended times of unconfirmed messages, the oldest first.
#[derive(Debug, Default)]
pub struct Unconfirmed(VecDeque<u64>);

impl Unconfirmed {
    /// Adds a message that was sent.
    pub fn push(&mut self, intended_nanos: u64) {
        self.0.push_back(intended_nanos);
    }

    /// The number of unconfirmed messages.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there is no unconfirmed message.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes all messages.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Removes the oldest message, which was confirmed. Returns false if there is none.
    pub fn confirm(
        &mut self,
        timetable: &Timetable,
        figures: &mut Figures,
        now_nanos: u64,
    ) -> bool {
        let Some(intended_nanos) = self.0.pop_front() else { return false };
        if let Some(latency) = timetable.latency(intended_nanos, now_nanos) {
            figures.confirmation.record(latency);
        }
        true
    }

    /// Removes the oldest message, which was refused, and excludes it from `ledger`. Returns its
    /// sequence number.
    pub fn refuse(&mut self, ledger: &mut Ledger, sender: usize) -> Option<u32> {
        let outstanding = self.0.len() as u32;
        self.0.pop_front()?;
        let sequence = ledger.sent(sender) - outstanding;
        ledger.withdraw(sender, sequence);
        Some(sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confirmations_and_refusals_come_in_the_order_of_sending() {
        let timetable = Timetable { start_nanos: 0, measured_nanos: 20, end_nanos: 100 };
        let (mut figures, mut ledger) = (Figures::new(), Ledger::new(2, 1));
        let mut unconfirmed = Unconfirmed::default();
        assert!(!unconfirmed.confirm(&timetable, &mut figures, 5), "nothing was sent");
        for intended in [10, 20, 30] {
            ledger.send(0);
            unconfirmed.push(intended);
        }
        assert!(unconfirmed.confirm(&timetable, &mut figures, 50));
        assert!(figures.confirmation.percentiles().is_none(), "what is due before is not measured");
        assert_eq!(unconfirmed.refuse(&mut ledger, 0), Some(1));
        assert!(unconfirmed.confirm(&timetable, &mut figures, 50));
        assert!(figures.confirmation.percentiles().is_some());
        assert_eq!(unconfirmed.refuse(&mut ledger, 0), None);
        assert!(unconfirmed.is_empty());
    }
}
