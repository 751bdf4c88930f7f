//! Counters of connections since the start, for the metrics.

use super::connection::Traffic;
use super::refusals::Refusals;
use crate::chat::close::CloseReason;

/// Counters of connections since the start.
#[derive(Debug, Default)]
pub struct ConnectionCounters {
    /// Connections that were accepted.
    pub accepted: u64,
    /// Bytes that were read from connections that are closed now.
    pub bytes_in: u64,
    /// Bytes that were written to connections that are closed now.
    pub bytes_out: u64,
    /// Events of the poll after which nothing was read, written, closed or changed.
    pub spurious_wakeups: u64,
    /// What was refused.
    pub refused: Refusals,
    /// Connections that were closed, by reason.
    pub closed: [u64; CloseReason::ALL.len()],
}

impl ConnectionCounters {
    /// Counts a connection that was closed.
    pub fn count_close(&mut self, reason: CloseReason, traffic: Traffic) {
        self.count_handed_over(traffic);
        self.closed[reason as usize] += 1;
    }

    /// Counts the traffic of a connection that goes on as another one.
    pub fn count_handed_over(&mut self, traffic: Traffic) {
        self.bytes_in += traffic.bytes_in;
        self.bytes_out += traffic.bytes_out;
    }
}
