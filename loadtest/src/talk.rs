//! The interface of the kinds of traffic: who sends a message when, and what became of it.

use crate::arrivals::Arrival;
use crate::clients::Clients;
use crate::figures::Figures;
use crate::ledger::Faults;

/// A kind of traffic, such as broadcasts.
pub trait Talk {
    /// The time at which the next message is due; `None` if that depends on what is received, or if
    /// no more is due.
    fn next_due_nanos(&self) -> Option<u64>;

    /// Sends the messages that are due. [`Talk::take_spoken`] returns the clients to flush.
    fn send_due(&mut self, clients: &mut Clients, now_nanos: u64);

    /// The clients with output to flush.
    fn take_spoken(&mut self) -> Vec<usize>;

    /// Makes nothing due later than now.
    fn stop(&mut self, now_nanos: u64);

    /// Handles a message that client `receiver` has received.
    fn receive(&mut self, receiver: usize, arrival: &Arrival, now_nanos: u64);

    /// Handles the confirmation of a client's oldest unconfirmed message.
    fn confirm(&mut self, sender: usize, now_nanos: u64);

    /// Handles the refusal of a client's oldest unconfirmed message.
    fn refuse(&mut self, sender: usize);

    /// Handles the end of a client's connection.
    fn leave(&mut self, number: usize);

    /// Returns true if all messages that were due are sent, confirmed and received.
    fn is_settled(&self) -> bool;

    /// The number of messages of this run received so far.
    fn deliveries(&self) -> u64;

    /// Returns the measurements and the faults: messages not received by now are lost.
    fn finish(self: Box<Self>) -> (Figures, Faults);
}
