//! Files: the shared folder, files that are sent into chats, and the transfers of both.

mod check;
mod downloads;
mod publishing;
mod uploads;

use std::time::Duration;

use self::downloads::{Downloads, ReadJob};
use self::publishing::Publishing;
use self::uploads::{ActiveUploads, AnnouncedUpload, UploadJob};
use crate::chat::answer::Done;
use crate::chat::close::CloseReason;
use crate::chat::event::AbortReason;
use crate::chat::file::{FileRef, FileTarget};
use crate::chat::id::MessageId;
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::FileName;
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::chat::sha256::Sha256Sum;
use crate::hub::config::Config;
use crate::hub::context::{Caller, Cx};
use crate::hub::effect::Effect;
use crate::hub::input::{ConnId, UploadEnd};
use crate::hub::job::{JobId, Outcome};
use crate::hub::people::People;
use crate::hub::sessions::Sessions;
use crate::hub::sessions::replies::{Reply, ReplyQueue};

/// The files that people read and send: what is asked for, what is on its way, and what is being
/// published.
#[derive(Debug)]
pub struct Files {
    downloads: Downloads,
    uploads: ActiveUploads,
    publishing: Publishing,
}

impl Files {
    /// No transfer under way.
    pub fn new() -> Self {
        Files {
            downloads: Downloads::new(),
            uploads: ActiveUploads::new(),
            publishing: Publishing::new(),
        }
    }

    /// Takes LS: lists a folder, and blocks the session until that is read.
    pub fn list_folder(&mut self, conn: ConnId, path: Option<FileName>, cx: &mut Cx<'_>) {
        self.downloads.list_folder(conn, path, cx);
    }

    /// Takes SUM: hashes a file.
    pub fn sum(&mut self, conn: ConnId, file: FileRef, cx: &mut Cx<'_>) {
        self.downloads.sum(conn, file, cx);
    }

    /// Takes GET: opens a file for a download from a byte on.
    pub fn download(
        &mut self,
        conn: ConnId,
        offset: u64,
        file: FileRef,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        self.downloads.download(conn, offset, file, cx)
    }

    /// Answers a GET for a file that can't exist.
    pub fn no_such_file(conn: ConnId, refusal: Refusal, cx: &mut Cx<'_>) {
        downloads::no_such_file(conn, refusal, cx);
    }

    /// Takes PUT: announces an upload into the shared folder.
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

    /// Whether a file of that size may be sent into a chat at all.
    pub fn may_send(size: u64, config: &Config) -> Result<(), Refusal> {
        if !config.keep_messages {
            return Err(Refusal::NothingKept);
        }
        check_size(size, config)
    }

    /// Takes SENDFILE: announces an upload that [may be sent](Self::may_send) into a chat of its
    /// sender.
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
        let upload = AnnouncedUpload { owner: user, target, size, expected: None };
        self.uploads.announce(conn, people.accounts.number(user), upload, cx)
    }

    /// Takes EXPECT: which sum an upload is to have.
    pub fn expect(
        &mut self,
        conn: ConnId,
        stream: u32,
        sha256: Sha256Sum,
        cx: &mut Cx<'_>,
    ) -> Result<Done, Refusal> {
        self.uploads.expect(conn, stream, sha256, cx)
    }

    /// Takes ABORT. A stream that is not open yet may be that of a reply which still waits, so then
    /// this one waits behind it, and the hub calls [`end_transfer`](Self::end_transfer) again.
    pub fn abort(&mut self, conn: ConnId, stream: u32, cx: &mut Cx<'_>) {
        match self.end_transfer(conn, stream, cx) {
            Some(done) => cx.answer(conn, Kind::Abort, done),
            None => cx.reply(conn, Reply::Abort(stream)),
        }
    }

    /// Ends a transfer early. None where no stream of that number is open.
    pub fn end_transfer(&mut self, conn: ConnId, stream: u32, cx: &mut Cx<'_>) -> Option<Done> {
        if downloads::cancel(conn, stream, cx) {
            return Some(Done::DownloadEnded);
        }
        self.uploads.cancel(conn, stream, cx).then_some(Done::UploadEnded)
    }

    /// Takes a part of a file frame for a stream on which no upload is under way. What belongs to a
    /// stream that is over was on its way when it ended; another one ends the session.
    pub fn stray_chunk(conn: ConnId, stream: u32, cx: &mut Cx<'_>) {
        let Some(session) = cx.session(conn) else { return };
        debug_assert!(session.takes_input(), "{conn} sent a file frame out of turn");
        if !session.replies.knows_stream(stream) {
            cx.close_in_turn(conn, CloseReason::BadFileFrame);
        }
    }

    /// An upload is complete, or could not be taken in any further.
    pub fn upload_over(&mut self, conn: ConnId, stream: u32, end: UploadEnd, cx: &mut Cx<'_>) {
        let Some(open) = self.uploads.close(conn, stream, cx) else { return };
        let reason = match end {
            UploadEnd::Whole => {
                return self.publishing.begin(open, stream, &mut self.uploads, cx);
            }
            UploadEnd::WrongSize => AbortReason::WrongSize,
            UploadEnd::NoRoom => AbortReason::NoRoom,
            UploadEnd::Failed => AbortReason::WriteFailed,
        };
        self.uploads.broke_off(open, stream, reason, cx);
    }

    /// A download was written to its end, or the file could not be read to its end.
    pub fn download_over(conn: ConnId, stream: u32, is_complete: bool, cx: &mut Cx<'_>) {
        downloads::over(conn, stream, is_complete, cx);
    }

    /// Takes what came of a job. Gives back the message of a file that was sent and is kept now,
    /// which is to be delivered.
    #[must_use = "nobody else delivers the message"]
    pub fn done(
        &mut self,
        id: JobId,
        outcome: Outcome,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Option<StoredMessage> {
        if self.downloads.pending.get(id).is_some() {
            self.downloads.done(id, outcome, people, cx);
        } else if self.uploads.pending.get(id).is_some() {
            self.uploads.done(id, &outcome, cx);
        } else {
            return self.publishing.done(id, &outcome, &mut self.uploads, people, cx);
        }
        None
    }

    /// Goes on with the files that wait for ids, now that the store has kept a higher bound for
    /// these, or could not.
    pub fn ids_are_there(&mut self, kept: &Outcome, people: People<'_>, cx: &mut Cx<'_>) {
        self.publishing.ids_are_there(kept, &mut self.uploads, people, cx);
    }

    /// The first message of a chat that sends a file and of which nobody was told yet.
    pub fn first_unannounced(&self, chat: Chat) -> Option<MessageId> {
        self.publishing.unannounced.first(chat)
    }

    /// Drops the files that were opened for a session that is gone, and gives up its uploads of
    /// which bytes are missing.
    pub fn session_ended(&mut self, conn: ConnId, replies: &ReplyQueue, cx: &mut Cx<'_>) {
        for job_id in replies.opened_files() {
            cx.effects.push(Effect::DropFile { job_id });
        }
        if replies.uploads() > 0 {
            self.uploads.session_ended(conn, replies);
        }
    }

    /// When to call [`deadline`](Self::deadline), on the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.uploads.next_deadline()
    }

    /// Does what is due.
    pub fn deadline(&mut self, cx: &mut Cx<'_>) {
        self.uploads.deadline(cx);
    }

    /// The session that asked for what a job does. None for a job that no session waits for.
    pub fn asked_by(&self, id: JobId) -> Option<ConnId> {
        let reads = self.downloads.pending.get(id).map(|job| match job {
            ReadJob::ListFolder(conn) => *conn,
            ReadJob::FindSent(wanted) | ReadJob::Read(wanted) => wanted.conn,
        });
        let uploads = || match self.uploads.pending.get(id)? {
            UploadJob::Begin(conn, _) => Some(*conn),
            UploadJob::Drop(_) | UploadJob::RemoveOld => None,
        };
        reads.or_else(uploads)
    }

    /// The sessions that are blocked until a folder is read, those too that are gone.
    pub fn blocked(&self) -> impl Iterator<Item = ConnId> {
        self.downloads.pending.values().filter_map(|job| match job {
            ReadJob::ListFolder(conn) => Some(*conn),
            ReadJob::FindSent(_) | ReadJob::Read(_) => None,
        })
    }

    /// How many jobs are under way.
    pub fn jobs(&self) -> usize {
        self.downloads.pending.len() + self.uploads.pending.len() + self.publishing.pending.len()
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.jobs() == 0
            && self.uploads.open.is_empty()
            && self.uploads.claims.is_empty()
            && self.publishing.without_id.is_empty()
    }

    /// Checks what must hold between two inputs.
    ///
    /// # Panics
    /// Where something does not hold.
    pub fn check(&self, sessions: &Sessions) {
        check::downloads(&self.downloads, sessions);
        check::uploads(&self.uploads, &self.publishing, sessions);
    }
}

fn check_size(size: u64, config: &Config) -> Result<(), Refusal> {
    match size <= config.file_size_max {
        true => Ok(()),
        false => Err(Refusal::TooLarge),
    }
}
