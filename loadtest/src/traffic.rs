//! The second phase of a run: messages and downloads, until the time is over and all messages have
//! arrived.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use crate::arrivals::{Arrival, Arrivals};
use crate::clients::{Client, Clients, Heard, Listener};
use crate::clock::{Clock, nanos};
use crate::downloads::{Downloads, Tally};
use crate::failure::Failure;
use crate::figures::{Figures, Measured, Timetable};
use crate::ledger::Faults;
use crate::limits::INTERRUPTED_DRAIN_MAX;
use crate::meter::{Meter, Span};
use crate::talk::Talk;

/// The time between two updates of the progress bar.
const PROGRESS_PERIOD: Duration = Duration::from_millis(200);

/// The state of this phase.
struct Traffic<'a> {
    talk: Box<dyn Talk>,
    arrivals: Arrivals<'a>,
    downloads: Downloads,
    start_nanos: u64,
    fenced: usize,
    broken: Broken,
    first_refusal: Option<String>,
}

/// Connections that ended during the run.
#[derive(Clone, Debug, Default)]
pub struct Broken {
    /// Their number.
    pub count: usize,
    /// The reason of the first one.
    pub first_reason: Option<String>,
}

/// The result of this phase.
#[derive(Debug)]
pub struct Outcome {
    /// Latencies and counts.
    pub figures: Figures,
    /// The faults of messages.
    pub faults: Faults,
    /// Connections that ended.
    pub broken: Broken,
    /// The server's reply to the first message that it refused.
    pub first_refusal: Option<String>,
    /// The counts of downloads.
    pub downloads: Tally,
    /// The reason of the first download that failed.
    pub first_download_failure: Option<String>,
    /// The counts between the end of the warm-up and the last delivery.
    pub measured: Measured,
    /// The resources that the server and this program used in that part.
    pub used: Span,
    /// True if a signal ended it early.
    pub interrupted: bool,
}

/// The load: what the clients do, and when.
pub struct Load<'a> {
    /// Their messages.
    pub talk: Box<dyn Talk>,
    /// The decoder of received messages.
    pub arrivals: Arrivals<'a>,
    /// Their downloads.
    pub downloads: Downloads,
    /// The times of the start, the measurement and the end.
    pub timetable: Timetable,
    /// The longest wait for messages that are under way at the end.
    pub drain: Duration,
}

/// Runs the traffic by its timetable. The meter is read at both ends of the measured part.
///
/// # Errors
/// [`Failure::Internal`] if the poller fails.
pub fn run(
    clients: &mut Clients,
    clock: Clock,
    load: Load<'_>,
    progress: &ProgressBar,
    meter: &Meter,
) -> Result<Outcome, Failure> {
    let Load { talk, arrivals, downloads, timetable, drain } = load;
    let mut traffic = Traffic {
        start_nanos: timetable.start_nanos,
        talk,
        arrivals,
        downloads,
        fenced: 0,
        broken: Broken::default(),
        first_refusal: None,
    };
    traffic.start_downloads(clients);
    traffic.talk(clients, clock, timetable.measured_nanos, progress)?;
    let meter_before = meter.read();
    let before = traffic.mark(clock);
    traffic.talk(clients, clock, timetable.end_nanos, progress)?;

    let interrupted = clients.interrupted();
    traffic.talk.stop(clock.now_nanos());
    let drain = if interrupted { drain.min(INTERRUPTED_DRAIN_MAX) } else { drain };
    let deadline = Instant::now() + drain;
    traffic.settle(clients, clock, deadline)?;
    let used = Span { before: meter_before, after: meter.read() };
    let after = traffic.mark(clock);
    traffic.downloads.stop();
    traffic.fence(clients, deadline)?;

    let Traffic { talk, downloads, broken, first_refusal, .. } = traffic;
    let (figures, faults) = talk.finish();
    Ok(Outcome {
        figures,
        faults,
        broken,
        first_refusal,
        downloads: downloads.tally(),
        first_download_failure: downloads.first_failure().map(str::to_owned),
        measured: Measured {
            elapsed: Duration::from_nanos(after.at_nanos - before.at_nanos),
            deliveries: after.deliveries - before.deliveries,
            downloaded_bytes: after.downloaded_bytes - before.downloaded_bytes,
        },
        used,
        interrupted,
    })
}

/// The counts at a time.
struct Mark {
    at_nanos: u64,
    deliveries: u64,
    downloaded_bytes: u64,
}

impl Traffic<'_> {
    fn mark(&self, clock: Clock) -> Mark {
        Mark {
            at_nanos: clock.now_nanos(),
            deliveries: self.talk.deliveries(),
            downloaded_bytes: self.downloads.tally().bytes,
        }
    }

    fn start_downloads(&mut self, clients: &mut Clients) {
        for number in self.downloads.numbers() {
            self.downloads.ask(clients.client(number));
            clients.flush(number, self);
        }
    }

    /// Sends the messages that are due until `until_nanos`, or until a signal comes.
    fn talk(
        &mut self,
        clients: &mut Clients,
        clock: Clock,
        until_nanos: u64,
        progress: &ProgressBar,
    ) -> Result<(), Failure> {
        loop {
            let now_nanos = clock.now_nanos();
            if now_nanos >= until_nanos || clients.interrupted() {
                return Ok(());
            }
            self.send_due(clients, now_nanos);
            progress.set_position(now_nanos.saturating_sub(self.start_nanos) / 1_000_000);
            let wake = self.talk.next_due_nanos().unwrap_or(until_nanos);
            let wake = wake.min(until_nanos).min(now_nanos + nanos(PROGRESS_PERIOD));
            clients.turn(clock.instant(wake), self).map_err(Failure::Internal)?;
        }
    }

    /// Waits for the messages under way.
    fn settle(
        &mut self,
        clients: &mut Clients,
        clock: Clock,
        deadline: Instant,
    ) -> Result<(), Failure> {
        loop {
            self.send_due(clients, clock.now_nanos());
            if self.talk.is_settled() || Instant::now() >= deadline {
                return Ok(());
            }
            clients.turn(deadline, self).map_err(Failure::Internal)?;
        }
    }

    /// Waits for the reply to a request of each client, so that any further message, such as a
    /// doubled one, has arrived before it.
    fn fence(&mut self, clients: &mut Clients, deadline: Instant) -> Result<(), Failure> {
        for number in 0..clients.len() {
            let client = clients.client(number);
            client.say(|session, out| session.fence(out));
            clients.flush(number, self);
        }
        while self.fenced + self.broken.count < clients.len() && Instant::now() < deadline {
            clients.turn(deadline, self).map_err(Failure::Internal)?;
        }
        Ok(())
    }

    fn send_due(&mut self, clients: &mut Clients, now_nanos: u64) {
        self.talk.send_due(clients, now_nanos);
        for number in self.talk.take_spoken() {
            clients.flush(number, self);
        }
    }
}

impl Listener for Traffic<'_> {
    fn heard(&mut self, client: &mut Client, heard: Heard<'_>, now_nanos: u64) {
        let number = client.number();
        match heard {
            Heard::Message { from, text, place } => {
                let arrival = self.arrivals.read(from, text, place);
                self.talk.receive(number, &arrival, now_nanos);
            }
            Heard::SameMessage { place } => {
                self.talk.receive(number, &self.arrivals.same(place), now_nanos);
            }
            Heard::Confirmed => self.talk.confirm(number, now_nanos),
            Heard::Fenced => self.fenced += 1,
            Heard::Garbled => self.talk.receive(number, &Arrival::Corrupt, now_nanos),
            Heard::NotTaken(line) if !self.downloads.numbers().contains(&number) => {
                self.talk.refuse(number);
                self.first_refusal.get_or_insert_with(|| line.escape_debug().to_string());
            }
            other => self.downloads.hear(client, other),
        }
    }

    fn gone(&mut self, client: &Client, reason: &str) {
        self.talk.leave(client.number());
        self.broken.count += 1;
        self.broken.first_reason.get_or_insert_with(|| reason.to_owned());
    }
}
