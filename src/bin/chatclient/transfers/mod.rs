//! Files on their way, in both directions: each goes on by itself when the connection comes back.

mod download;
mod downloads;
mod sink;
mod upload;
mod uploads;

pub use download::{Place, Source};
pub use downloads::Downloads;
pub use upload::Goal;
pub use uploads::Uploads;

use std::fmt::Write as _;
use std::io;
use std::time::{Duration, Instant};

use chatsrv::chat::sha256::Sha256Sum;
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::verb::Verb;
use sha2::{Digest, Sha256};

use crate::clock;
use crate::line::Line;
use crate::safe_text::{SafeText, safe};
use crate::session::{Asked, Session};

/// The most transfers that run at a time in each direction.
const TRANSFERS_MAX: usize = 16;

/// Tells the transfers of one direction apart; no number comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransferId(u32);

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
    fn new(name: SafeText, (offset, moved, size): (u64, u64, u64), elapsed: Duration) -> Self {
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

/// All transfers.
pub struct Transfers {
    /// Those to here.
    pub downloads: Downloads,
    /// Those to the server.
    pub uploads: Uploads,
}

impl Transfers {
    /// Without any yet.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn new() -> io::Result<Self> {
        Ok(Transfers { downloads: Downloads::new()?, uploads: Uploads::new()? })
    }

    /// Whether there is none.
    pub fn is_idle(&self) -> bool {
        self.count() == 0
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.downloads.count() + self.uploads.count()
    }

    /// Whether one of this name, or any, is under way.
    pub fn has(&self, name: Option<&str>) -> bool {
        self.downloads.has(name) || self.uploads.has(name)
    }

    /// How far those are whose bytes move.
    pub fn progress(&self, now: Instant) -> Vec<Progress> {
        let mut progress = self.downloads.progress(now);
        progress.extend(self.uploads.progress(now));
        progress
    }

    /// Goes on with what the threads have done.
    pub fn jobs_done(&mut self, session: &mut Session) -> Vec<Line> {
        let mut lines = self.downloads.jobs_done(session);
        lines.extend(self.uploads.jobs_done(session));
        lines
    }

    /// The server ends a stream early.
    pub fn aborted(&mut self, stream: u32, reason: &str) -> Option<Line> {
        self.downloads.aborted(stream, reason).or_else(|| self.uploads.aborted(stream, reason))
    }

    /// Cancels the transfers of this name, or all. What is being finished can't be stopped.
    pub fn cancel(&mut self, name: Option<&str>, session: &mut Session) -> Vec<Line> {
        let mut lines = self.downloads.cancel(name, session);
        lines.extend(self.uploads.cancel(name, session));
        lines
    }

    /// The connection is gone: everything waits for the next one.
    pub fn disconnected(&mut self) -> Vec<Line> {
        self.downloads.disconnected();
        self.uploads.disconnected()
    }

    /// The connection is back: everything goes on from where it was.
    pub fn reconnected(&mut self, session: &mut Session) -> Vec<Line> {
        self.uploads.reconnected(session);
        self.downloads.reconnected(session)
    }

    /// The client ends, and with it every transfer but the downloads that are being saved.
    pub fn end(&mut self, reason: &str) -> Vec<Line> {
        let mut lines = self.downloads.end(reason);
        lines.extend(self.uploads.end(reason));
        lines
    }
}

fn abort(stream: u32, session: &mut Session) {
    // A number always fits into a line.
    if let Ok(line) = Outgoing::command(Verb::Abort, stream) {
        session.ask(Asked::Abort, line);
    }
}

/// What is said of an answer that is none of the protocol.
const UNREADABLE: &str = "the server's answer can't be read";

fn sum_of(hash: Sha256) -> Sha256Sum {
    Sha256Sum(hash.finalize().into())
}
