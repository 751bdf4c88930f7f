//! Files on their way, in both directions: each goes on by itself when the connection comes back.

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

/// How often it is told how far the transfers are: chunks arrive far more often.
pub const PROGRESS_PERIOD: Duration = Duration::from_millis(250);

/// All transfers.
pub struct Transfers {
    /// Those to here.
    pub downloads: Downloads,
    /// Those to the server.
    pub uploads: Uploads,
    /// Where files go.
    pub folder: PathBuf,
    /// What is done with files that people send.
    pub accept: Accept,
    /// When it was last told how far they are.
    shown: Option<Instant>,
}

impl Transfers {
    /// Without any yet.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
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

    /// Begins what nobody typed and what had to wait for others.
    pub fn start_wanted(&mut self, core: &mut Core) {
        if core.is_online() {
            let lines = self.downloads.start_wanted(&mut core.requests);
            core.show_all(lines);
        }
    }

    /// Somebody sent a file: it is fetched where that is to be done unasked.
    pub fn fetch_unasked(&mut self, id: MessageId, core: &mut Core) {
        if core.is_online() {
            let place = Place::Folder(self.folder.clone());
            let refused = self.downloads.received.want(Source::Sent(id), place).err();
            core.show_all(refused.map(Line::error));
        }
    }

    /// The server answers what a transfer asked for.
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

    /// Cancels the transfers of a name, or all, as somebody typed.
    pub fn abort(&mut self, name: Option<&str>, core: &mut Core) {
        if !self.has(name) {
            return core.show(Line::error(safe!("no such transfer is under way")));
        }
        let lines = self.cancel(name, &mut core.requests);
        core.show_all(lines);
    }

    /// Tells how far they are, where it is time to.
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

    /// Whether there is none.
    pub fn is_idle(&self) -> bool {
        self.count() == 0
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.downloads.count() + self.uploads.count()
    }

    /// Whether one of this name, or any, is under way.
    fn has(&self, name: Option<&str>) -> bool {
        self.downloads.has(name) || self.uploads.has(name)
    }

    /// How far those are whose bytes move.
    fn progress(&self, now: Instant) -> Vec<Progress> {
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
