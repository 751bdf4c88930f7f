//! The clock by which rows are dated: the only one that SQL sees.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since the Unix epoch.
pub(super) fn seconds() -> i64 {
    i64::try_from(age().as_secs()).unwrap_or(i64::MAX)
}

/// Microseconds since the Unix epoch.
pub(super) fn micros() -> i64 {
    i64::try_from(age().as_micros()).unwrap_or(i64::MAX)
}

/// A clock that stands before the epoch counts as one that stands at it.
fn age() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
