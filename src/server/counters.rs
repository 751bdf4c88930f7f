//! What the server counts of connections while it runs.

use super::connection::Traffic;
use crate::chat::close::CloseReason;

/// What the server counts of connections while it runs.
#[derive(Debug, Default)]
pub struct ConnectionCounters {
    /// Connections that were accepted.
    pub accepted: u64,
    /// Bytes that were read, and written, by connections that are gone.
    pub bytes_in: u64,
    /// See `bytes_in`.
    pub bytes_out: u64,
    /// Events after which nothing was read, written, closed or changed.
    pub spurious_wakeups: u64,
    /// Connections that ended, by the reason.
    pub closed: [u64; CloseReason::ALL.len()],
}

impl ConnectionCounters {
    /// Counts a connection that ended.
    pub fn count_close(&mut self, reason: CloseReason, traffic: Traffic) {
        self.bytes_in += traffic.bytes_in;
        self.bytes_out += traffic.bytes_out;
        self.closed[reason as usize] += 1;
    }
}
