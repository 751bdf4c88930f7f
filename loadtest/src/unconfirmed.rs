//! The messages of one sender that the server has yet to confirm, which it does in order.

use std::collections::VecDeque;

use crate::figures::{Figures, Timetable};
use crate::ledger::Ledger;

/// Messages that wait for a confirmation, by their intended times.
#[derive(Debug, Default)]
pub struct Unconfirmed(VecDeque<u64>);

impl Unconfirmed {
    /// One more was sent.
    pub fn push(&mut self, intended_nanos: u64) {
        self.0.push_back(intended_nanos);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Waits for none of them any more.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The first of them was confirmed; whether there was one.
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

    /// The first of them was refused, and `ledger` forgets it; which one it was of its sender.
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
