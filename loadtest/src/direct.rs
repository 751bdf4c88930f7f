//! Direct messages between pairs of clients: the first client of a pair writes to the second, and
//! sends the next message when one of those under way is confirmed (closed loop).

use crate::arrivals::Arrival;
use crate::clients::Clients;
use crate::crowd::Crowd;
use crate::figures::{Figures, Timetable};
use crate::ledger::{Faults, Ledger, Verdict};
use crate::names::Names;
use crate::payload::{Format, Stamp};
use crate::talk::Talk;
use crate::unconfirmed::Unconfirmed;

/// The place of the session that sends in the ledger of a pair.
const SENDER: usize = 0;

/// The pairs of a run. User `n` of the first half writes to user `n` of the second, in the first
/// session; all other sessions of both are to get it.
#[derive(Debug)]
pub struct Direct {
    format: Format,
    timetable: Timetable,
    crowd: Crowd,
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
    /// The number of messages that each session has not received yet, by its place in the ledger:
    /// those of the sender, then those of the receiver.
    awaited: Vec<u32>,
    is_open: bool,
}

impl Direct {
    /// Creates the messages from the first half of the users to the second.
    pub fn new(
        names: &Names,
        format: Format,
        timetable: Timetable,
        window: usize,
        crowd: Crowd,
    ) -> Self {
        let count = crowd.users / 2;
        let places = 2 * crowd.sessions;
        let pair = |number| Pair {
            receiver: names.of(count + number),
            ledger: Ledger::new(places, 1),
            unconfirmed: Unconfirmed::default(),
            awaited: vec![0; places],
            is_open: true,
        };
        Direct {
            format,
            timetable,
            crowd,
            window,
            pairs: (0..count).map(pair).collect(),
            ready: (0..count).collect(),
            spoken: Vec::new(),
            faults: Faults::default(),
            figures: Figures::new(),
        }
    }

    /// The pair of a client, and its place in the ledger of that pair.
    fn place(&self, client: usize) -> (usize, usize) {
        let (user, session) = (client % self.crowd.users, client / self.crowd.users);
        match user.checked_sub(self.pairs.len()) {
            None => (user, session),
            Some(pair) => (pair, self.crowd.sessions + session),
        }
    }

    fn fill_window(&mut self, clients: &mut Clients, number: usize, now_nanos: u64) {
        let pair = &mut self.pairs[number];
        if !pair.is_open || pair.unconfirmed.len() >= self.window {
            return;
        }
        while pair.unconfirmed.len() < self.window {
            let sequence = pair.ledger.send(SENDER);
            let stamp = Stamp { sender: number as u16, sequence, intended_nanos: now_nanos };
            clients.client(number).say(|session, out| {
                if let Some(session) = session.native() {
                    session.say(&pair.receiver, out, |out| self.format.write(&stamp, out));
                }
            });
            pair.unconfirmed.push(now_nanos);
            pair.awaited[SENDER + 1..].iter_mut().for_each(|count| *count += 1);
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
        let (number, place) = self.place(receiver);
        if number != usize::from(stamp.sender) {
            return self.faults.stray += 1;
        }
        let pair = &mut self.pairs[number];
        let of_pair = Stamp { sender: SENDER as u16, ..*stamp };
        if pair.ledger.receive(place, &of_pair) == Verdict::Fault {
            return;
        }
        pair.awaited[place] = pair.awaited[place].saturating_sub(1);
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
        if pair.unconfirmed.refuse(&mut pair.ledger, SENDER).is_some() {
            pair.awaited.iter_mut().for_each(|count| *count = count.saturating_sub(1));
            self.ready.push(sender);
        }
    }

    fn leave(&mut self, number: usize) {
        let (number, place) = self.place(number);
        let pair = &mut self.pairs[number];
        pair.is_open = false;
        if place == SENDER {
            pair.unconfirmed.clear();
        } else {
            pair.ledger.close(place);
            pair.awaited[place] = 0;
        }
    }

    fn is_settled(&self) -> bool {
        let has_all = |pair: &Pair| pair.awaited.iter().all(|count| *count == 0);
        self.pairs.iter().all(|pair| pair.unconfirmed.is_empty() && has_all(pair))
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
