//! What the traffic of a run is measured by: its times and its latencies.

use std::time::Duration;

use crate::latency::Latencies;

/// The times of a run, in nanoseconds of its clock.
#[derive(Clone, Copy, Debug)]
pub struct Timetable {
    /// The first message.
    pub start_nanos: u64,
    /// What is due from here on is measured.
    pub measured_nanos: u64,
    /// Nothing is due from here on.
    pub end_nanos: u64,
}

impl Timetable {
    /// How long a message took that has just arrived, where it is one of those that are measured.
    pub fn latency(&self, intended_nanos: u64, now_nanos: u64) -> Option<u64> {
        let is_measured = intended_nanos >= self.measured_nanos;
        is_measured.then(|| now_nanos.saturating_sub(intended_nanos))
    }

    /// Has nothing be due from now on.
    pub fn end(&mut self, now_nanos: u64) {
        self.end_nanos = self.end_nanos.min(now_nanos);
    }
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Figures {
    /// From the intended time to each receiver that does not download.
    pub delivery: Latencies,
    /// The same to receivers that download.
    pub delivery_to_downloader: Latencies,
    /// From the intended time to the last receiver of a broadcast.
    pub last_receiver: Latencies,
    /// From the intended time to the server's confirmation.
    pub confirmation: Latencies,
    /// From the intended time to the moment of sending: what this program or the senders'
    /// connections are behind.
    pub sent_late: Latencies,
    /// Messages of this run received, measured or not.
    pub deliveries: u64,
    /// Messages sent, measured or not.
    pub sent: u64,
    /// Messages that were due and could not be sent.
    pub unsent: u64,
    /// Messages that the server refused.
    pub refused: u64,
    /// Messages of others, which are not looked at.
    pub foreign: u64,
}

impl Figures {
    /// Nothing measured yet.
    pub fn new() -> Self {
        Figures {
            delivery: Latencies::new(),
            delivery_to_downloader: Latencies::new(),
            last_receiver: Latencies::new(),
            confirmation: Latencies::new(),
            sent_late: Latencies::new(),
            deliveries: 0,
            sent: 0,
            unsent: 0,
            refused: 0,
            foreign: 0,
        }
    }
}

/// What happened in the measured part of the run.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// How long it was.
    pub elapsed: Duration,
    /// Messages received in it.
    pub deliveries: u64,
    /// Bytes downloaded in it.
    pub downloaded_bytes: u64,
}
