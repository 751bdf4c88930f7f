//! What the poll says of one connection, and what it was told to say.

use crate::server::poll::Interest;

/// The readiness of one connection.
#[derive(Debug)]
pub struct Readiness {
    /// What the poll knows.
    pub interest: Interest,
    /// Whether writing has to wait until the poll says that the socket is writable.
    pub is_write_blocked: bool,
    /// Whether it is on the list of those to be flushed.
    pub is_dirty: bool,
    /// How many reports in a row moved no byte.
    spurious_wakeups: u16,
    /// How many bytes were read and written when the poll last reported it; what overflows does not
    /// matter.
    bytes_at_wakeup: u32,
}

impl Readiness {
    /// The readiness of a connection that the poll watches for reading.
    pub fn new() -> Self {
        Readiness {
            interest: Interest::READ,
            is_write_blocked: false,
            is_dirty: false,
            spurious_wakeups: 0,
            bytes_at_wakeup: 0,
        }
    }

    /// Counts a report of the poll, at so many bytes that were read and written, and tells how many
    /// in a row moved none before it.
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
