//! Files on their way, in both directions: each goes on by itself when the connection comes back.

mod download;
mod downloads;
mod local_file;
mod part_file;
mod received;
mod sink;
pub mod transfer;
mod upload;
mod uploads;

pub use download::{Place, Source};
pub use upload::Goal;

use std::io;
use std::time::Instant;

use chatsrv::display::line::Line;

use crate::requests::Requests;
use downloads::Downloads;
use transfer::Progress;
use uploads::Uploads;

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
    pub fn jobs_done(&mut self, requests: &mut Requests) -> Vec<Line> {
        let mut lines = self.downloads.jobs_done(requests);
        lines.extend(self.uploads.jobs_done(requests));
        lines
    }

    /// The server ends a stream early.
    pub fn aborted(&mut self, stream: u32, reason: &str) -> Option<Line> {
        self.downloads.aborted(stream, reason).or_else(|| self.uploads.aborted(stream, reason))
    }

    /// Cancels the transfers of this name, or all. What is being finished can't be stopped.
    pub fn cancel(&mut self, name: Option<&str>, requests: &mut Requests) -> Vec<Line> {
        let mut lines = self.downloads.cancel(name, requests);
        lines.extend(self.uploads.cancel(name, requests));
        lines
    }

    /// The connection is gone: everything waits for the next one.
    pub fn disconnected(&mut self) -> Vec<Line> {
        self.downloads.disconnected();
        self.uploads.disconnected()
    }

    /// The connection is back: everything goes on from where it was.
    pub fn reconnected(&mut self, requests: &mut Requests) -> Vec<Line> {
        self.uploads.reconnected(requests);
        self.downloads.reconnected(requests)
    }

    /// The client ends, and with it every transfer but the downloads that are being saved.
    pub fn end(&mut self, reason: &str) -> Vec<Line> {
        let mut lines = self.downloads.end(reason);
        lines.extend(self.uploads.end(reason));
        lines
    }
}
