//! The state of one connection's socket in the poll.

use crate::server::poll::Interest;

/// The state of one connection's socket in the poll.
#[derive(Debug)]
pub struct Readiness {
    /// The events for which it is registered.
    pub interest: Interest,
    /// Whether writing has to wait until the poll reports that the socket is writable.
    pub is_write_blocked: bool,
    /// Whether it is on the list of connections to flush.
    pub is_dirty: bool,
    /// How many events in a row moved no byte.
    spurious_wakeups: u16,
    /// The sum of bytes read and written at the last event, modulo 2^32.
    bytes_at_wakeup: u32,
}

impl Readiness {
    /// Creates the state of a connection that is registered for reading.
    pub fn new() -> Self {
        Readiness {
            interest: Interest::READ,
            is_write_blocked: false,
            is_dirty: false,
            spurious_wakeups: 0,
            bytes_at_wakeup: 0,
        }
    }

    /// Counts an event of the poll; `bytes` is the sum of bytes read and written so far. Returns
    /// how many events in a row moved no byte.
    pub fn count_wakeup(&mut self, bytes: u64) -> u16 {
        let bytes = bytes as u32;
        self.spurious_wakeups = match bytes == self.bytes_at_wakeup && bytes > 0 {
            true => self.spurious_wakeups.saturating_add(1),
            false => 0,
        };
        self.bytes_at_wakeup = bytes;
        self.spurious_wakeups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakeups_without_a_byte_are_counted_until_one_moves() {
        let mut readiness = Readiness::new();
        let wakeups: Vec<u16> = (0..4).map(|_| readiness.count_wakeup(30)).collect();
        assert_eq!(wakeups, [0, 1, 2, 3]);
        assert_eq!(readiness.count_wakeup(31), 0);
    }
}
