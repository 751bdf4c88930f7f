//! The clock that people read, and what becomes of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::hub::input::Now;

/// By how much the clock may be corrected without a word. What disciplines it (adjtimex(2)) moves
/// it by less, if at all by leaps.
const CORRECTION_MAX: Duration = Duration::from_secs(1);

/// Microseconds since the Unix epoch; 0 where the clock stands before it.
pub fn unix_micros() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX)
}

/// By how much the clock was set back between two readings, where it is worth a word.
pub fn set_back(before: Now, now: Now) -> Option<Duration> {
    let passed = now.steady.saturating_sub(before.steady);
    let expected = Duration::from_micros(before.unix_micros) + passed;
    let back = expected.saturating_sub(Duration::from_micros(now.unix_micros));
    (back > CORRECTION_MAX).then_some(back)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_leap_backwards_is_worth_a_word() {
        let now = |steady: u64, unix: u64| Now {
            steady: Duration::from_secs(steady),
            unix_micros: unix * 1_000_000,
        };
        let before = now(100, 50_000);
        assert_eq!(set_back(Now::default(), before), None, "the first reading");
        for (steady, unix, back) in [
            (100, 50_000, None),
            (110, 50_010, None),
            (110, 50_009, None),
            (110, 60_000, None),
            (110, 50_005, Some(5)),
            (110, 46_410, Some(3_600)),
            (110, 0, Some(50_010)),
        ] {
            assert_eq!(set_back(before, now(steady, unix)), back.map(Duration::from_secs));
        }
    }
}
