//! What the transfers of both directions have in common.

use std::fmt::Write as _;
use std::time::Duration;

use chatsrv::display::clock;
use chatsrv::display::safe_text::{SafeText, safe};

/// The most transfers that run at a time in each direction.
pub const TRANSFERS_MAX: usize = 16;

/// What is said of an answer that is none of the protocol.
pub const UNREADABLE: &str = "the server's answer can't be read";

/// Tells the transfers of one direction apart; no number comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransferId(pub(super) u32);

/// How far a transfer is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Under which name it is known.
    pub name: SafeText,
    /// How many bytes are where they belong.
    pub moved: u64,
    /// How many there will be.
    pub size: u64,
    /// Bytes a second, since it began.
    pub rate: u64,
}

impl Progress {
    /// Of one that has moved bytes from `offset` on since `started`.
    pub fn new(name: SafeText, (offset, moved, size): (u64, u64, u64), elapsed: Duration) -> Self {
        let rate = moved.saturating_sub(offset) as f64 / elapsed.as_secs_f64().max(0.05);
        Progress { name, moved, size, rate: rate as u64 }
    }

    /// `name 45% 12 MiB/s 0:04`.
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
