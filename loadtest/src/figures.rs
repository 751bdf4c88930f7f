//! The measurements of a run's traffic: its times, its latencies and its counts.

use std::time::Duration;

use crate::latency::Latencies;

/// The times of a run, in nanoseconds of the run's clock.
#[derive(Clone, Copy, Debug)]
pub struct Timetable {
    /// The time of the first message.
    pub start_nanos: u64,
    /// The time from which on messages that are due are measured.
    pub measured_nanos: u64,
    /// The time from which on no message is due.
    pub end_nanos: u64,
}

impl Timetable {
    /// The latency of a message that has just arrived, if it is one of those that are measured.
    pub fn latency(&self, intended_nanos: u64, now_nanos: u64) -> Option<u64> {
        let is_measured = intended_nanos >= self.measured_nanos;
        is_measured.then(|| now_nanos.saturating_sub(intended_nanos))
    }

    /// Makes no message due from now on.
    pub fn end(&mut self, now_nanos: u64) {
        self.end_nanos = self.end_nanos.min(now_nanos);
    }
}

/// The latencies and the counts.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The time from when a message was due to its receipt, for receivers that do not download.
    pub delivery: Latencies,
    /// The same for receivers that download.
    pub delivery_to_downloader: Latencies,
    /// The time from when a broadcast was due to its receipt by the last receiver.
    pub last_receiver: Latencies,
    /// The time from when a message was due to the server's confirmation.
    pub confirmation: Latencies,
    /// The time from when a message was due to when it was sent, by which this program or the
    /// senders' connections are late.
    pub sent_late: Latencies,
    /// Messages of this run received, measured or not.
    pub deliveries: u64,
    /// Messages sent, measured or not.
    pub sent: u64,
    /// Messages that were due and could not be sent.
    pub unsent: u64,
    /// Messages that the server refused.
    pub refused: u64,
    /// Messages of others, which are not checked.
    pub foreign: u64,
}

impl Figures {
    /// Creates empty measurements.
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

/// The counts of the measured part of the run.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Its length.
    pub elapsed: Duration,
    /// Messages received in it.
    pub deliveries: u64,
    /// Bytes downloaded in it.
    pub downloaded_bytes: u64,
}
