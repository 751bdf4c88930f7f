//! Broadcasts: when each is sent, and what became of it.
//!
//! Open loop: broadcasts are due at times that are fixed beforehand, and their latency counts from
//! there, so that a server that stalls the senders can't hide it (no coordinated omission). Closed
//! loop: the next broadcast is sent when one of those under way has reached all receivers.

use crate::arrivals::Arrival;
use crate::clients::Clients;
use crate::figures::{Figures, Timetable};
use crate::flights::Flights;
use crate::ledger::{Faults, Ledger, Verdict};
use crate::limits::OUTBOX_BYTES_MAX;
use crate::payload::{Format, Stamp};
use crate::talk::Talk;
use crate::unconfirmed::Unconfirmed;

/// The pace of broadcasts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// At a fixed rate, whatever became of the earlier ones.
    Open {
        /// Broadcasts per second, all senders together.
        rate: f64,
    },
    /// No broadcasts.
    Silent,
    /// As soon as fewer than a number are under way.
    Closed {
        /// The number of broadcasts under way.
        window: usize,
    },
}

/// The broadcasts of a run.
#[derive(Debug)]
pub struct Broadcasts {
    format: Format,
    pace: Pace,
    /// True if the server confirms them.
    is_confirmed: bool,
    timetable: Timetable,
    /// The number of clients that do not download; those from this number on do.
    chatters: usize,
    senders: Vec<Sender>,
    /// The number of broadcasts that have been due.
    due: u64,
    /// The senders with broadcasts that are due and not sent.
    behind: Vec<usize>,
    /// The senders with output to flush.
    spoken: Vec<usize>,
    open_clients: usize,
    ledger: Ledger,
    flights: Flights,
    figures: Figures,
}

#[derive(Debug)]
struct Sender {
    is_open: bool,
    unsent: u32,
    unconfirmed: Unconfirmed,
}

impl Broadcasts {
    /// Creates the broadcasts of the first `senders` of all `clients`; those from `chatters` on
    /// download.
    pub fn new(
        format: Format,
        pace: Pace,
        is_confirmed: bool,
        timetable: Timetable,
        [senders, chatters, clients]: [usize; 3],
    ) -> Self {
        let sender = || Sender { is_open: true, unsent: 0, unconfirmed: Unconfirmed::default() };
        Broadcasts {
            format,
            pace,
            is_confirmed,
            timetable,
            chatters,
            senders: (0..senders).map(|_| sender()).collect(),
            due: 0,
            behind: Vec::new(),
            spoken: Vec::new(),
            open_clients: clients,
            ledger: Ledger::new(clients, senders),
            flights: Flights::new(senders),
            figures: Figures::new(),
        }
    }
}

impl Talk for Broadcasts {
    fn next_due_nanos(&self) -> Option<u64> {
        let Pace::Open { .. } = self.pace else { return None };
        Some(self.intended_nanos(self.due)).filter(|nanos| *nanos < self.timetable.end_nanos)
    }

    fn send_due(&mut self, clients: &mut Clients, now_nanos: u64) {
        match self.pace {
            Pace::Open { .. } => self.send_scheduled(clients, now_nanos),
            Pace::Silent => {}
            Pace::Closed { window } => self.fill_window(clients, window, now_nanos),
        }
    }

    fn stop(&mut self, now_nanos: u64) {
        self.timetable.end(now_nanos);
    }

    fn take_spoken(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.spoken)
    }

    fn receive(&mut self, receiver: usize, arrival: &Arrival, now_nanos: u64) {
        let stamp = match arrival {
            Arrival::Ours(stamp) => stamp,
            Arrival::Foreign => return self.figures.foreign += 1,
            Arrival::Corrupt => return self.ledger.receive_corrupt(),
        };
        if self.ledger.receive(receiver, stamp) == Verdict::Fault {
            return;
        }
        self.figures.deliveries += 1;
        let was_last = self.flights.land(stamp);
        let Some(latency) = self.timetable.latency(stamp.intended_nanos, now_nanos) else { return };
        if receiver < self.chatters {
            self.figures.delivery.record(latency);
        } else {
            self.figures.delivery_to_downloader.record(latency);
        }
        if was_last {
            self.figures.last_receiver.record(latency);
        }
    }

    fn confirm(&mut self, sender: usize, now_nanos: u64) {
        let Some(sender) = self.senders.get_mut(sender) else { return };
        sender.unconfirmed.confirm(&self.timetable, &mut self.figures, now_nanos);
    }

    fn refuse(&mut self, number: usize) {
        self.figures.refused += 1;
        let Some(sender) = self.senders.get_mut(number) else { return };
        if let Some(sequence) = sender.unconfirmed.refuse(&mut self.ledger, number) {
            self.flights.withdraw(number, sequence);
        }
    }

    fn leave(&mut self, number: usize) {
        self.open_clients -= 1;
        let ledger = &self.ledger;
        self.flights.leave(|sender, sequence| ledger.misses(number, sender, sequence));
        self.ledger.close(number);
        if let Some(sender) = self.senders.get_mut(number) {
            sender.is_open = false;
            sender.unconfirmed.clear();
        }
    }

    fn is_settled(&self) -> bool {
        self.behind.is_empty()
            && self.flights.under_way() == 0
            && self.senders.iter().all(|sender| sender.unconfirmed.is_empty())
    }

    fn deliveries(&self) -> u64 {
        self.figures.deliveries
    }

    fn finish(mut self: Box<Self>) -> (Figures, Faults) {
        self.figures.unsent = self.senders.iter().map(|sender| u64::from(sender.unsent)).sum();
        (self.figures, self.ledger.finish())
    }
}

impl Broadcasts {
    /// The time at which the `turn`th of all broadcasts is due; the senders take turns.
    fn intended_nanos(&self, turn: u64) -> u64 {
        let since_start = match self.pace {
            Pace::Open { rate } => turn as f64 * 1e9 / rate,
            Pace::Closed { .. } | Pace::Silent => 0.0,
        };
        self.timetable.start_nanos + since_start as u64
    }

    fn send_scheduled(&mut self, clients: &mut Clients, now_nanos: u64) {
        while self.next_due_nanos().is_some_and(|due| due <= now_nanos) {
            let number = (self.due % self.senders.len() as u64) as usize;
            self.due += 1;
            let sender = &mut self.senders[number];
            sender.unsent += 1;
            if sender.unsent == 1 && sender.is_open {
                self.behind.push(number);
            }
        }
        let mut behind = std::mem::take(&mut self.behind);
        behind.retain(|number| {
            self.send_unsent(clients, *number, now_nanos);
            let sender = &self.senders[*number];
            sender.is_open && sender.unsent > 0
        });
        self.behind = behind;
    }

    fn send_unsent(&mut self, clients: &mut Clients, number: usize, now_nanos: u64) {
        while self.senders[number].unsent > 0 && self.can_send(clients, number) {
            let turn = u64::from(self.ledger.sent(number)) * self.senders.len() as u64;
            let intended_nanos = self.intended_nanos(turn + number as u64);
            self.senders[number].unsent -= 1;
            self.send(clients, number, intended_nanos, now_nanos);
        }
    }

    fn fill_window(&mut self, clients: &mut Clients, window: usize, now_nanos: u64) {
        if now_nanos >= self.timetable.end_nanos {
            return;
        }
        // The loop ends after one round without a sender that can send.
        let mut passed_over = 0;
        while self.flights.under_way() < window && passed_over < self.senders.len() {
            let number = (self.due % self.senders.len() as u64) as usize;
            self.due += 1;
            if self.can_send(clients, number) {
                self.send(clients, number, now_nanos, now_nanos);
                passed_over = 0;
            } else {
                passed_over += 1;
            }
        }
    }

    fn can_send(&self, clients: &mut Clients, number: usize) -> bool {
        self.senders[number].is_open
            && self.open_clients > 1
            && clients.client(number).unsent_bytes() < OUTBOX_BYTES_MAX
    }

    fn send(&mut self, clients: &mut Clients, number: usize, intended_nanos: u64, now_nanos: u64) {
        let sequence = self.ledger.send(number);
        let stamp = Stamp { sender: number as u16, sequence, intended_nanos };
        clients.client(number).say(|session, out| {
            session.broadcast(out, |out| self.format.write(&stamp, out));
        });
        if self.spoken.last() != Some(&number) {
            self.spoken.push(number);
        }
        self.flights.launch(number, self.open_clients - 1);
        if self.is_confirmed {
            self.senders[number].unconfirmed.push(intended_nanos);
        }
        self.figures.sent += 1;
        if intended_nanos >= self.timetable.measured_nanos {
            self.figures.sent_late.record(now_nanos.saturating_sub(intended_nanos));
        }
    }
}
