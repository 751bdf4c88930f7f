//! How much text each user has said today. It is in memory alone, so a restart forgives it.

use std::collections::HashMap;

use crate::hub::accounts::directory::UserIndex;

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// The bytes of text that each user has said since the day began, in UTC: an entry for each who has
/// said anything, until the next day.
#[derive(Debug, Default)]
pub struct SpokenToday {
    /// The day, in days since the Unix epoch.
    day: u64,
    bytes: HashMap<UserIndex, u64>,
}

impl SpokenToday {
    /// The bytes that a user has said on the day of a time, in seconds since the Unix epoch.
    pub fn by(&self, user: UserIndex, now: u64) -> u64 {
        match self.day == now / SECONDS_PER_DAY {
            true => self.bytes.get(&user).copied().unwrap_or_default(),
            false => 0,
        }
    }

    /// Notes that a user has said so many bytes at a time, in seconds since the Unix epoch.
    pub fn note(&mut self, user: UserIndex, bytes: usize, now: u64) {
        let day = now / SECONDS_PER_DAY;
        if self.day != day {
            // A crowded day leaves no memory to the next one.
            *self = SpokenToday { day, bytes: HashMap::new() };
        }
        *self.bytes.entry(user).or_default() += bytes as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_counts_until_the_day_is_over() {
        let mut spoken = SpokenToday::default();
        let (alice, bob) = (UserIndex(1), UserIndex(2));
        let day = 20_000 * SECONDS_PER_DAY;
        spoken.note(alice, 7, day);
        spoken.note(alice, 3, day + SECONDS_PER_DAY - 1);
        assert_eq!(spoken.by(alice, day + SECONDS_PER_DAY - 1), 10);
        assert_eq!(spoken.by(bob, day), 0);
        assert_eq!(spoken.by(alice, day + SECONDS_PER_DAY), 0);
        spoken.note(bob, 1, day + SECONDS_PER_DAY);
        assert_eq!(spoken.bytes.len(), 1);
    }
}
