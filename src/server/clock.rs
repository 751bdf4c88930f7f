//! The two clocks of the server: a compact time on the monotonic clock, and the wall clock with the
//! check whether it was set back.

use std::num::NonZeroU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::hub::input::Now;

/// By how much the wall clock may go back without a warning in the log. Time synchronization
/// (adjtimex(2)) slews it, or steps it by less.
const CORRECTION_MAX: Duration = Duration::from_secs(1);

/// A time on the monotonic clock, in nanoseconds since the server began. An `Option<Moment>` takes
/// 8 bytes too: every connection has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(NonZeroU64);

impl From<Duration> for Moment {
    fn from(since_start: Duration) -> Self {
        let nanos = u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX);
        // Zero becomes one, because zero is the niche that stands for `None`.
        Moment(NonZeroU64::MIN.saturating_add(nanos.saturating_sub(1)))
    }
}

impl From<Moment> for Duration {
    fn from(Moment(nanos): Moment) -> Self {
        Duration::from_nanos(nanos.get())
    }
}

/// The time of the wall clock in microseconds since the Unix epoch; 0 if the clock is before it.
pub fn unix_micros() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX)
}

/// Returns by how much the wall clock was set back between two readings, if that is more than
/// [`CORRECTION_MAX`].
pub fn set_back(before: Now, now: Now) -> Option<Duration> {
    let passed = now.monotonic.saturating_sub(before.monotonic);
    let expected = Duration::from_micros(before.unix_micros) + passed;
    let back = expected.saturating_sub(Duration::from_micros(now.unix_micros));
    (back > CORRECTION_MAX).then_some(back)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_one_word_and_exact() {
        assert_eq!(size_of::<Option<Moment>>(), 8);
        for nanos in [1, 2, 1_000_000_001, u64::MAX] {
            let since_start = Duration::from_nanos(nanos);
            assert_eq!(Duration::from(Moment::from(since_start)), since_start);
        }
        assert!(Moment::from(Duration::ZERO) < Moment::from(Duration::from_nanos(2)));
    }

    #[test]
    fn only_a_leap_backwards_is_worth_a_word() {
        let now = |monotonic: u64, unix: u64| Now {
            monotonic: Duration::from_secs(monotonic),
            unix_micros: unix * 1_000_000,
        };
        let before = now(100, 50_000);
        assert_eq!(set_back(Now::default(), before), None, "the first reading");
        for (monotonic, unix, back) in [
            (100, 50_000, None),
            (110, 50_010, None),
            (110, 50_009, None),
            (110, 60_000, None),
            (110, 50_005, Some(5)),
            (110, 46_410, Some(3_600)),
            (110, 0, Some(50_010)),
        ] {
            assert_eq!(set_back(before, now(monotonic, unix)), back.map(Duration::from_secs));
        }
    }
}
