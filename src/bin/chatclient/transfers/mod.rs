//! Transfers of files in both directions. Each continues by itself after the connection was lost.

pub mod accept;
pub mod download;
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
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chatsrv::chat::id::MessageId;
use chatsrv::display::line::Line;
use chatsrv::display::safe_text::safe;
use chatsrv::protocol::native::read::FinalReply;

use crate::core::Core;
use crate::requests::{Asked, Requests};
use accept::Accept;
use downloads::Downloads;
use transfer::Progress;
use uploads::Uploads;

/// The time between two updates of the progress: chunks arrive far more often.
pub const PROGRESS_PERIOD: Duration = Duration::from_millis(250);

/// All transfers.
pub struct Transfers {
    /// The downloads.
    pub downloads: Downloads,
    /// The uploads.
    pub uploads: Uploads,
    /// The folder for downloads.
    pub folder: PathBuf,
    /// The policy for files that others send.
    pub accept: Accept,
    /// The time of the last update of the progress.
    shown: Option<Instant>,
}

impl Transfers {
    /// Creates the transfers, none at first.
    ///
    /// # Errors
    /// If the process has no file descriptor left.
    pub fn new(folder: PathBuf, accept: Accept) -> io::Result<Self> {
        let (downloads, uploads) = (Downloads::new()?, Uploads::new()?);
        Ok(Transfers { downloads, uploads, folder, accept, shown: None })
    }

    /// Begins a download.
    pub fn download(&mut self, source: Source, place: Place, core: &mut Core) {
        if !core.is_online() {
            return core.show_offline();
        }
        if let Err(why) = self.downloads.start(source, place, &mut core.requests) {
            core.show(Line::error(why));
        }
    }

    /// Begins an upload.
    pub fn upload(&mut self, path: PathBuf, goal: Goal, core: &mut Core) {
        if !core.is_online() {
            return core.show_offline();
        }
        if let Err(why) = self.uploads.start(path, goal) {
            core.show(Line::error(why));
        }
    }

    /// Begins downloads that waited for room.
    pub fn start_wanted(&mut self, core: &mut Core) {
        if core.is_online() {
            let lines = self.downloads.start_wanted(&mut core.requests);
            core.show_all(lines);
        }
    }

    /// Queues the download of a file that somebody sent, without a command of the user.
    pub fn fetch_unasked(&mut self, id: MessageId, core: &mut Core) {
        if core.is_online() {
            let place = Place::Folder(self.folder.clone());
            let refused = self.downloads.received.want(Source::Sent(id), place).err();
            core.show_all(refused.map(Line::error));
        }
    }

    /// Handles the reply to a request of a transfer.
    pub fn answered(&mut self, asked: &Asked, reply: &FinalReply<'_>, core: &mut Core) {
        let (downloads, uploads) = (&mut self.downloads, &mut self.uploads);
        let requests = &mut core.requests;
        let outcome = match *asked {
            Asked::Get(id) => downloads.get_answered(id, reply, requests),
            Asked::NameOf(id) => downloads.named(id, reply),
            Asked::Compare(id) => downloads.compare_answered(id, reply, requests),
            Asked::Put(id) => uploads.announced(id, reply, requests),
            Asked::Expect(id) => uploads.expect_answered(id, reply, requests),
            Asked::AbortUpload(id) => uploads.abort_answered(id, reply),
            Asked::CompareUpload(id) => uploads.compare_answered(id, reply),
            _ => None,
        };
        core.show_all(outcome);
    }

    /// Executes the command that cancels the transfers of a name; `None` for all.
    pub fn abort(&mut self, name: Option<&str>, core: &mut Core) {
        if !self.has(name) {
            return core.show(Line::error(safe!("no such transfer is under way")));
        }
        let lines = self.cancel(name, &mut core.requests);
        core.show_all(lines);
    }

    /// Updates the progress that is shown, once in [`PROGRESS_PERIOD`].
    pub fn show_progress(&mut self, core: &mut Core) {
        let now = Instant::now();
        let is_due = |shown: Instant| now.duration_since(shown) >= PROGRESS_PERIOD;
        if self.is_idle() {
            core.ui.show_progress(&[]);
            self.shown = None;
        } else if self.shown.is_none_or(is_due) {
            core.ui.show_progress(&self.progress(now));
            self.shown = Some(now);
        }
    }

    /// Returns true if there is no transfer.
    pub fn is_idle(&self) -> bool {
        self.count() == 0
    }

    /// The number of transfers.
    pub fn count(&self) -> usize {
        self.downloads.count() + self.uploads.count()
    }

    /// Returns true if there is a transfer of this name; `None` for any.
    fn has(&self, name: Option<&str>) -> bool {
        self.downloads.has(name) || self.uploads.has(name)
    }

    /// The progress of the transfers whose bytes move.
    fn progress(&self, now: Instant) -> Vec<Progress> {
        let mut progress = self.downloads.progress(now);
        progress.extend(self.uploads.progress(now));
        progress
    }

    /// Handles the results of finished jobs.
    pub fn jobs_done(&mut self, requests: &mut Requests) -> Vec<Line> {
        let mut lines = self.downloads.jobs_done(requests);
        lines.extend(self.uploads.jobs_done(requests));
        lines
    }

    /// Handles a stream that the server aborts.
    pub fn aborted(&mut self, stream: u32, reason: &str) -> Option<Line> {
        self.downloads.aborted(stream, reason).or_else(|| self.uploads.aborted(stream, reason))
    }

    /// Cancels the transfers of this name; `None` for all. Those that are being finished can't be
    /// cancelled.
    pub fn cancel(&mut self, name: Option<&str>, requests: &mut Requests) -> Vec<Line> {
        let mut lines = self.downloads.cancel(name, requests);
        lines.extend(self.uploads.cancel(name, requests));
        lines
    }

    /// Makes the transfers wait for the next connection.
    pub fn disconnected(&mut self) -> Vec<Line> {
        self.downloads.disconnected();
        self.uploads.disconnected()
    }

    /// Continues the transfers on a new connection.
    pub fn reconnected(&mut self, requests: &mut Requests) -> Vec<Line> {
        self.uploads.reconnected(requests);
        self.downloads.reconnected(requests)
    }

    /// Ends all transfers, except downloads that are being saved.
    pub fn end(&mut self, reason: &str) -> Vec<Line> {
        let mut lines = self.downloads.end(reason);
        lines.extend(self.uploads.end(reason));
        lines
    }
}
