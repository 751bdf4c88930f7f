//! What every kind of talk between the clients has in common: who says something when, and what
//! became of it.

use crate::arrivals::Arrival;
use crate::clients::Clients;
use crate::figures::Figures;
use crate::ledger::Faults;

/// A kind of talk.
pub trait Talk {
    /// When the next message is due; `None` where that depends on what is received, or where
    /// nothing more is due.
    fn next_due_nanos(&self) -> Option<u64>;

    /// Lets the clients say what is due. [`Talk::take_spoken`] tells whom to flush.
    fn send_due(&mut self, clients: &mut Clients, now_nanos: u64);

    /// The clients that have something to flush.
    fn take_spoken(&mut self) -> Vec<usize>;

    /// Gives up whatever would be due later than now.
    fn stop(&mut self, now_nanos: u64);

    /// Takes what client `receiver` got.
    fn receive(&mut self, receiver: usize, arrival: &Arrival, now_nanos: u64);

    /// Takes the confirmation of a client's oldest unconfirmed message.
    fn confirm(&mut self, sender: usize, now_nanos: u64);

    /// Takes the refusal of a client's oldest unconfirmed message.
    fn refuse(&mut self, sender: usize);

    /// Notes that a client's connection has ended.
    fn leave(&mut self, number: usize);

    /// Whether everything that was due is sent, confirmed and received.
    fn is_settled(&self) -> bool;

    /// Messages of this run received so far.
    fn deliveries(&self) -> u64;

    /// What was measured, and what went wrong: what is missing now is lost.
    fn finish(self: Box<Self>) -> (Figures, Faults);
}
