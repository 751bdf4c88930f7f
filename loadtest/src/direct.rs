//! Direct messages between pairs of clients: the first client of a pair writes to the second, and
//! sends the next message when one of those under way is confirmed (closed loop).

use crate::arrivals::Arrival;
use crate::clients::Clients;
use crate::figures::{Figures, Timetable};
use crate::ledger::{Faults, Ledger, Verdict};
use crate::names::Names;
use crate::payload::{Format, Stamp};
use crate::talk::Talk;
use crate::unconfirmed::Unconfirmed;

/// The number of the receiver in the ledger of a pair, and the size of a pair; the sender is number
/// 0.
const RECEIVER: usize = 1;
const MEMBERS: usize = 2;

/// The pairs of a run. Client `n` of the first half writes to client `n` of the second.
#[derive(Debug)]
pub struct Direct {
    format: Format,
    timetable: Timetable,
    /// The number of messages under way in each pair.
    window: usize,
    pairs: Vec<Pair>,
    /// The pairs whose window may have room.
    ready: Vec<usize>,
    /// The senders with output to flush.
    spoken: Vec<usize>,
    /// Faults that belong to no pair.
    faults: Faults,
    figures: Figures,
}

#[derive(Debug)]
struct Pair {
    receiver: String,
    ledger: Ledger,
    unconfirmed: Unconfirmed,
    /// The number of messages that the receiver has not received yet.
    awaited: u32,
    is_open: bool,
}

impl Direct {
    /// Creates the messages from the first half of `clients` clients to the second.
    pub fn new(
        names: &Names,
        format: Format,
        timetable: Timetable,
        window: usize,
        clients: usize,
    ) -> Self {
        let count = clients / 2;
        let pair = |number| Pair {
            receiver: names.of(count + number),
            ledger: Ledger::new(MEMBERS, 1),
            unconfirmed: Unconfirmed::default(),
            awaited: 0,
            is_open: true,
        };
        Direct {
            format,
            timetable,
            window,
            pairs: (0..count).map(pair).collect(),
            ready: (0..count).collect(),
            spoken: Vec::new(),
            faults: Faults::default(),
            figures: Figures::new(),
        }
    }

    fn fill_window(&mut self, clients: &mut Clients, number: usize, now_nanos: u64) {
        let pair = &mut self.pairs[number];
        if !pair.is_open || pair.unconfirmed.len() >= self.window {
            return;
        }
        while pair.unconfirmed.len() < self.window {
            let sequence = pair.ledger.send(0);
            let stamp = Stamp { sender: number as u16, sequence, intended_nanos: now_nanos };
            clients.client(number).say(|session, out| {
                if let Some(session) = session.native() {
                    session.say(&pair.receiver, out, |out| self.format.write(&stamp, out));
                }
            });
            pair.unconfirmed.push(now_nanos);
            pair.awaited += 1;
            self.figures.sent += 1;
        }
        self.spoken.push(number);
    }
}

impl Talk for Direct {
    fn next_due_nanos(&self) -> Option<u64> {
        None
    }

    fn send_due(&mut self, clients: &mut Clients, now_nanos: u64) {
        let ready = std::mem::take(&mut self.ready);
        if now_nanos >= self.timetable.end_nanos {
            return;
        }
        for number in ready {
            self.fill_window(clients, number, now_nanos);
        }
    }

    fn take_spoken(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.spoken)
    }

    fn stop(&mut self, now_nanos: u64) {
        self.timetable.end(now_nanos);
    }

    fn receive(&mut self, receiver: usize, arrival: &Arrival, now_nanos: u64) {
        let stamp = match arrival {
            Arrival::Ours(stamp) => stamp,
            Arrival::Foreign => return self.figures.foreign += 1,
            Arrival::Corrupt => return self.faults.corrupt += 1,
        };
        let number = usize::from(stamp.sender);
        if receiver != self.pairs.len() + number {
            return self.faults.stray += 1;
        }
        // The pair exists, since the receiver's number is below the number of clients.
        let pair = &mut self.pairs[number];
        if pair.ledger.receive(RECEIVER, &Stamp { sender: 0, ..*stamp }) == Verdict::Fault {
            return;
        }
        pair.awaited = pair.awaited.saturating_sub(1);
        self.figures.deliveries += 1;
        if let Some(latency) = self.timetable.latency(stamp.intended_nanos, now_nanos) {
            self.figures.delivery.record(latency);
        }
    }

    fn confirm(&mut self, sender: usize, now_nanos: u64) {
        let Some(pair) = self.pairs.get_mut(sender) else { return };
        if pair.unconfirmed.confirm(&self.timetable, &mut self.figures, now_nanos) {
            self.ready.push(sender);
        }
    }

    fn refuse(&mut self, sender: usize) {
        self.figures.refused += 1;
        let Some(pair) = self.pairs.get_mut(sender) else { return };
        if pair.unconfirmed.refuse(&mut pair.ledger, 0).is_some() {
            pair.awaited = pair.awaited.saturating_sub(1);
            self.ready.push(sender);
        }
    }

    fn leave(&mut self, number: usize) {
        let count = self.pairs.len();
        let Some(pair) = self.pairs.get_mut(number % count) else { return };
        pair.is_open = false;
        if number < count {
            pair.unconfirmed.clear();
        } else {
            pair.ledger.close(RECEIVER);
            pair.awaited = 0;
        }
    }

    fn is_settled(&self) -> bool {
        self.pairs.iter().all(|pair| pair.unconfirmed.is_empty() && pair.awaited == 0)
    }

    fn deliveries(&self) -> u64 {
        self.figures.deliveries
    }

    fn finish(self: Box<Self>) -> (Figures, Faults) {
        let Direct { pairs, faults, figures, .. } = *self;
        let all = pairs.into_iter().map(|pair| pair.ledger.finish());
        (figures, all.fold(faults, |sum, each| sum + each))
    }
}
