//! How values of options are read.

use std::time::Duration;

use crate::command_line::{InvalidSize, Size};

/// The smallest send queue that can be set: the longest replies to one request fit well.
pub const SEND_QUEUE_MIN: Size = Size::kib(64);
/// The largest send queue that can be set.
pub const SEND_QUEUE_MAX: Size = Size(1 << 40);
/// The largest size that can be set for a file, or for all files of a user; so sums can't overflow.
pub const FILES_SIZE_MAX: Size = Size(1 << 60);
/// The longest time that can be set; so sums with the clock can't overflow.
pub const DURATION_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Reads a time.
pub fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write a time as 30s, 5m, 2h or 7d"))?;
    if duration > DURATION_MAX {
        return Err("that is more than ten years".to_owned());
    }
    Ok(duration)
}

/// Reads a time that is longer than nothing.
pub fn timeout(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("a timeout has to be longer than nothing".to_owned()),
        duration => Ok(duration),
    }
}

/// Reads how long messages are kept.
pub fn history(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("to keep no messages, use --offline discard".to_owned()),
        duration => Ok(duration),
    }
}

/// Reads the size of a send queue.
pub fn send_queue(text: &str) -> Result<Size, String> {
    let size: Size = text.parse().map_err(|error: InvalidSize| error.to_string())?;
    if !(SEND_QUEUE_MIN..=SEND_QUEUE_MAX).contains(&size) {
        return Err(format!("it has to be {SEND_QUEUE_MIN} to {SEND_QUEUE_MAX}"));
    }
    Ok(size)
}

/// Reads a size of files.
pub fn files_size(text: &str) -> Result<Size, String> {
    let size: Size = text.parse().map_err(|error: InvalidSize| error.to_string())?;
    if size > FILES_SIZE_MAX {
        return Err(format!("it has to be {FILES_SIZE_MAX} at most"));
    }
    Ok(size)
}
