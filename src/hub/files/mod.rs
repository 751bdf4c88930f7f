//! The files domain: the shared folder, files that are sent into chats, and the transfers of both.
//!
//! `downloads.rs` reads files, `uploads.rs` takes uploads in, `publishing.rs` makes complete
//! uploads files, and `removing.rs` removes files. The bytes of files never enter the hub: it knows
//! streams and jobs alone.

mod check;
mod downloads;
mod places;
mod publishing;
mod removing;
mod uploads;

pub use self::publishing::Published;

use std::time::Duration;

use self::downloads::{Downloads, ReadJob};
use self::places::Places;
use self::publishing::Publishing;
use self::removing::FileRemovals;
use self::uploads::{ActiveUploads, AnnouncedUpload, UploadJob};
use crate::chat::answer::Done;
use crate::chat::close::CloseReason;
use crate::chat::event::AbortReason;
use crate::chat::file::{FileRef, FileTarget};
use crate::chat::kind::Kind;
use crate::chat::message::Chat;
use crate::chat::name::FileName;
use crate::chat::party::Party;
use crate::chat::refusal::Refusal;
use crate::chat::sha256::Sha256Sum;
use crate::hub::config::Config;
use crate::hub::context::{Caller, Core, Cx};
use crate::hub::effect::Effect;
use crate::hub::input::{ConnId, DownloadEnd, UploadEnd};
use crate::hub::job::{JobId, Outcome};
use crate::hub::people::People;
use crate::hub::sessions::replies::{Reply, ReplyQueue};

/// The files domain: downloads, uploads, complete uploads that are being published, and removals.
#[derive(Debug)]
pub struct Files {
    downloads: Downloads,
    uploads: ActiveUploads,
    publishing: Publishing,
    removals: FileRemovals,
    places: Places,
}

impl Files {
    /// Creates the domain with no transfer under way, for which there are so many places.
    pub fn new(places: usize) -> Self {
        Files {
            downloads: Downloads::new(),
            uploads: ActiveUploads::new(),
            publishing: Publishing::new(),
            removals: FileRemovals::new(),
            places: Places::new(places),
        }
    }

    /// Handles LS: lists a folder, and blocks the session until it is read.
    pub fn list_folder(&mut self, from: (ConnId, Party), path: Option<FileName>, cx: &mut Cx<'_>) {
        self.downloads.list_folder(from, path, cx);
    }

    /// Handles SUM: hashes a file.
    pub fn sum(&mut self, from: (ConnId, Party), file: FileRef, cx: &mut Cx<'_>) {
        self.downloads.sum(from, file, cx);
    }

    /// Handles GET: opens a file for a download from byte `offset` on.
    pub fn download(
        &mut self,
        from: (ConnId, Party),
        offset: u64,
        file: FileRef,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        if !self.places.may_have_one(from.0, people, cx) {
            return Err(Refusal::TooManyDownloads);
        }
        self.downloads.download(from, offset, file, cx)
    }

    /// Handles RM: removes a file or an empty folder, and blocks the session until it is gone.
    pub fn remove(&mut self, caller: Caller, name: FileName, people: People<'_>, cx: &mut Cx<'_>) {
        self.removals.begin(caller, name, people, cx);
    }

    /// Answers a GET for a file that can't exist.
    pub fn no_such_file(conn: ConnId, refusal: Refusal, cx: &mut Cx<'_>) {
        downloads::no_such_file(conn, refusal, cx);
    }

    /// Handles PUT: announces an upload into the shared folder.
    pub fn put(
        &mut self,
        caller: Caller,
        name: FileName,
        size: u64,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        check_size(size, &cx.core.config)?;
        self.announce(caller, FileTarget::Shared(name), size, people, cx)
    }

    /// Checks that files of that size may be sent into chats.
    pub fn may_send(size: u64, config: &Config) -> Result<(), Refusal> {
        if !config.keep_messages {
            return Err(Refusal::NothingKept);
        }
        check_size(size, config)
    }

    /// Handles SENDFILE: announces an upload into a chat of its sender. The file [may be
    /// sent](Self::may_send).
    pub fn send_file(
        &mut self,
        caller: Caller,
        (chat, name): (Chat, FileName),
        size: u64,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        self.announce(caller, FileTarget::Chat(chat, name), size, people, cx)
    }

    fn announce(
        &mut self,
        Caller { conn, user }: Caller,
        target: FileTarget,
        size: u64,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        if !self.places.may_have_one(conn, people, cx) {
            return Err(Refusal::TooManyUploads);
        }
        let upload = AnnouncedUpload { owner: user, target, size, expected: None };
        self.uploads.announce(conn, people.accounts.number(user), upload, cx)
    }

    /// Handles EXPECT: sets the hash that an upload must have.
    pub fn expect(
        &mut self,
        conn: ConnId,
        stream: u32,
        sha256: Sha256Sum,
        cx: &mut Cx<'_>,
    ) -> Result<Done, Refusal> {
        self.uploads.expect(conn, stream, sha256, cx)
    }

    /// Handles ABORT. If no such stream is open yet, a reply that still waits may open it, so the
    /// answer waits behind that reply; then the hub calls [`end_transfer`](Self::end_transfer)
    /// again.
    pub fn abort(&mut self, conn: ConnId, stream: u32, cx: &mut Cx<'_>) {
        match self.end_transfer(conn, stream, cx) {
            Some(done) => cx.answer(conn, Kind::Abort, done),
            None => cx.reply(conn, Reply::Abort(stream)),
        }
    }

    /// Ends a transfer early. Returns none if no stream of that number is open.
    pub fn end_transfer(&mut self, conn: ConnId, stream: u32, cx: &mut Cx<'_>) -> Option<Done> {
        if downloads::cancel(conn, stream, cx) {
            return Some(Done::DownloadEnded);
        }
        self.uploads.cancel(conn, stream, cx).then_some(Done::UploadEnded)
    }

    /// Handles a part of a file frame for a stream on which no upload is under way. If the stream
    /// is over, the part was on its way when it ended, and is ignored; otherwise the session is
    /// closed.
    pub fn stray_chunk(conn: ConnId, stream: u32, cx: &mut Cx<'_>) {
        let Some(session) = cx.session(conn) else { return };
        debug_assert!(session.takes_input(), "{conn} sent a file frame out of turn");
        if !session.replies.knows_stream(stream) {
            cx.close_in_turn(conn, CloseReason::BadFileFrame);
        }
    }

    /// Handles the end of an upload: it is complete, or could not be taken in any further.
    pub fn upload_over(&mut self, conn: ConnId, stream: u32, end: UploadEnd, cx: &mut Cx<'_>) {
        let Some(open) = self.uploads.close(conn, stream, cx) else { return };
        let reason = match end {
            UploadEnd::Whole => {
                return self.publishing.begin(open, stream, &mut self.uploads, cx);
            }
            UploadEnd::WrongSize => AbortReason::WrongSize,
            UploadEnd::NoRoom => AbortReason::NoRoom,
            UploadEnd::Failed => AbortReason::WriteFailed,
            UploadEnd::Stalled => AbortReason::Stalled,
        };
        self.uploads.broke_off(open, stream, reason, cx);
    }

    /// Handles the end of a download.
    pub fn download_over(conn: ConnId, stream: u32, end: DownloadEnd, cx: &mut Cx<'_>) {
        downloads::over(conn, stream, end, cx);
    }

    /// Takes the outcome of a job. Returns what has become of a file that was sent into a chat; the
    /// chat is [free](Self::chat_is_free) then.
    #[must_use = "nobody else delivers the message"]
    pub fn done(
        &mut self,
        id: JobId,
        outcome: Outcome,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Option<Published> {
        if self.downloads.pending.get(id).is_some() {
            self.downloads.done(id, outcome, people, cx);
        } else if self.uploads.pending.get(id).is_some() {
            self.uploads.done(id, &outcome, cx);
        } else if self.removals.pending.get(id).is_some() {
            self.removals.done(id, &outcome, people, cx);
        } else {
            return self.publishing.done(id, &outcome, &mut self.uploads, people, cx);
        }
        None
    }

    /// Goes on with the uploads that wait for an id, once the store has kept a higher ceiling of
    /// the ids, or could not.
    pub fn ids_are_there(&mut self, kept: &Outcome, people: People<'_>, cx: &mut Cx<'_>) {
        self.publishing.ids_are_there(kept, &mut self.uploads, people, cx);
    }

    /// Goes on with the files that waited for another one of the same chat.
    pub fn chat_is_free(&mut self, chat: Chat, people: People<'_>, cx: &mut Cx<'_>) {
        self.publishing.chat_is_free(chat, &mut self.uploads, people, cx);
    }

    /// Drops the files that were opened for a session that has ended, and gives up its incomplete
    /// uploads.
    pub fn session_ended(&mut self, conn: ConnId, replies: &ReplyQueue, cx: &mut Cx<'_>) {
        for job_id in replies.opened_files() {
            cx.effects.push(Effect::DropFile { job_id });
        }
        if replies.uploads() > 0 {
            self.uploads.session_ended(conn, replies);
        }
    }

    /// The time at which to call [`deadline`](Self::deadline), on the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.uploads.next_deadline()
    }

    /// Does what is due.
    pub fn deadline(&mut self, cx: &mut Cx<'_>) {
        self.uploads.deadline(cx);
    }

    /// The session that waits for a job. None for a job that no session waits for.
    pub fn asked_by(&self, id: JobId) -> Option<ConnId> {
        let reads = self.downloads.pending.get(id).map(|job| match job {
            ReadJob::ListFolder(conn) => *conn,
            ReadJob::FindSent(wanted) | ReadJob::Read(wanted) => wanted.conn,
        });
        let uploads = || match self.uploads.pending.get(id)? {
            UploadJob::Begin(conn, _) => Some(*conn),
            UploadJob::Drop(_) | UploadJob::RemoveOld => None,
        };
        let removals = || self.removals.pending.get(id).map(|(caller, _)| caller.conn);
        reads.or_else(uploads).or_else(removals)
    }

    /// The sessions that are blocked until a folder is read or a file is removed, including those
    /// that have ended.
    pub fn blocked(&self) -> impl Iterator<Item = ConnId> {
        let lists = self.downloads.pending.values().filter_map(|job| match job {
            ReadJob::ListFolder(conn) => Some(*conn),
            ReadJob::FindSent(_) | ReadJob::Read(_) => None,
        });
        lists.chain(self.removals.blocked())
    }

    /// The number of jobs under way.
    pub fn jobs(&self) -> usize {
        let moved = self.uploads.pending.len() + self.publishing.pending.len();
        self.downloads.pending.len() + moved + self.removals.pending.len()
    }

    /// Returns true if nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.jobs() == 0
            && self.uploads.open.is_empty()
            && self.uploads.claims.is_empty()
            && self.publishing.without_id.is_empty()
            && self.publishing.behind.is_empty()
    }

    /// Checks the invariants between two inputs, while so many exports are being sent.
    ///
    /// # Panics
    /// If an invariant does not hold.
    pub fn check(&self, exports: usize, core: &Core) {
        check::downloads(&self.downloads, &core.sessions);
        check::uploads(&self.uploads, &self.publishing, &core.sessions);
        check::unannounced(&self.publishing, exports, &core.unannounced);
    }
}

fn check_size(size: u64, config: &Config) -> Result<(), Refusal> {
    match size <= config.files.size_max {
        true => Ok(()),
        false => Err(Refusal::TooLarge),
    }
}
