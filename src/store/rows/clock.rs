//! The wall clock for timestamps in rows; SQL uses no other.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time in seconds since the Unix epoch.
pub(super) fn seconds() -> i64 {
    i64::try_from(age().as_secs()).unwrap_or(i64::MAX)
}

/// The time in microseconds since the Unix epoch.
pub(super) fn micros() -> i64 {
    i64::try_from(age().as_micros()).unwrap_or(i64::MAX)
}

/// The time since the Unix epoch; zero if the clock is before it.
fn age() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
