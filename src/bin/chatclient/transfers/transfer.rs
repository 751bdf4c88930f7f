//! Types and limits that downloads and uploads share.

use std::fmt::Write as _;
use std::time::Duration;

use chatsrv::display::clock;
use chatsrv::display::safe_text::{SafeText, safe};

/// The largest number of concurrent transfers in each direction.
pub const TRANSFERS_MAX: usize = 16;

/// The error text for a malformed reply.
pub const UNREADABLE: &str = "the server's answer can't be read";

/// The id of a transfer, unique in its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransferId(pub(super) u32);

/// The progress of a transfer.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The name that is shown.
    pub name: SafeText,
    /// The number of bytes transferred, including those of earlier connections.
    pub moved: u64,
    /// The size in bytes.
    pub size: u64,
    /// The average rate, in bytes per second.
    pub rate: u64,
}

impl Progress {
    /// The progress of a transfer that has moved the bytes from `offset` on in the time `elapsed`.
    pub fn new(name: SafeText, (offset, moved, size): (u64, u64, u64), elapsed: Duration) -> Self {
        let rate = moved.saturating_sub(offset) as f64 / elapsed.as_secs_f64().max(0.05);
        Progress { name, moved, size, rate: rate as u64 }
    }

    /// Formats `name 45% 12 MiB/s 0:04`; the last is the time left.
    pub fn text(&self) -> SafeText {
        let percent = (u128::from(self.moved) * 100).checked_div(self.size.into()).unwrap_or(100);
        let mut text = safe!("{} {percent}% {}/s", self.name, clock::size(self.rate));
        if let Some(left) = (self.size - self.moved.min(self.size)).checked_div(self.rate) {
            // Writing to a SafeText does not fail.
            let _ = write!(text, " {}", clock::duration(Duration::from_secs(left)));
        }
        text
    }
}
