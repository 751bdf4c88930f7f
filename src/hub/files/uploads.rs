//! Uploads into the shared folder and into chats, from the announcement to the last byte.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::chat::answer::Done;
use crate::chat::event::{AbortReason, Event};
use crate::chat::file::FileTarget;
use crate::chat::id::UploadId;
use crate::chat::kind::Kind;
use crate::chat::name::{FileName, Number};
use crate::chat::refusal::{Failure, Refusal};
use crate::chat::sha256::Sha256Sum;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::Cx;
use crate::hub::effect::Effect;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::pending::{Domain, Pending};
use crate::hub::sessions::replies::{Reply, ReplyQueue, Upload as ReadyUpload};
use crate::limits::{REMOVAL_PAUSE, REMOVAL_PERIOD, UPLOAD_KEPT_FOR};

/// An upload as it was announced.
#[derive(Clone, Debug)]
pub struct AnnouncedUpload {
    pub owner: UserIndex,
    pub target: FileTarget,
    /// The size in bytes that it will have.
    pub size: u64,
    /// The hash that it must have, if its sender told one.
    pub expected: Option<Sha256Sum>,
}

/// The key by which an upload is under way once at a time: a name of the shared folder, or the
/// user, chat, name and size of a file that is sent. Two uploads of one key could not be told apart
/// after they break off.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UploadKey {
    target: FileTarget,
    sender: Option<(UserIndex, u64)>,
}

impl AnnouncedUpload {
    /// The kind of the request that announced it.
    pub fn kind(&self) -> Kind {
        if self.goes_into_chat() { Kind::Sendfile } else { Kind::Put }
    }

    pub fn goes_into_chat(&self) -> bool {
        matches!(self.target, FileTarget::Chat(..))
    }

    pub fn name(&self) -> &FileName {
        match &self.target {
            FileTarget::Shared(name) | FileTarget::Chat(_, name) => name,
        }
    }

    pub fn key(&self) -> UploadKey {
        let sender = self.goes_into_chat().then_some((self.owner, self.size));
        UploadKey { target: self.target.clone(), sender }
    }
}

/// The claim of one connection to an [`UploadKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadClaim {
    pub conn: ConnId,
    /// True if all bytes have come. Then the claim outlives its connection.
    pub is_complete: bool,
}

/// The claims of all connections. No two have the same key.
#[derive(Debug, Default)]
pub struct UploadClaims(HashMap<UploadKey, UploadClaim>);

impl UploadClaims {
    pub fn iter(&self) -> impl Iterator<Item = (&UploadKey, UploadClaim)> {
        self.0.iter().map(|(key, claim)| (key, *claim))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets a claim outlive its connection, since all bytes have come.
    pub fn set_complete(&mut self, upload: &AnnouncedUpload) {
        if let Some(claim) = self.0.get_mut(&upload.key()) {
            claim.is_complete = true;
        }
    }

    /// Releases the claim of a connection to an upload. Another connection's claim stays.
    pub fn release(&mut self, upload: &AnnouncedUpload, conn: ConnId) {
        if let Entry::Occupied(claim) = self.0.entry(upload.key())
            && claim.get().conn == conn
        {
            claim.remove();
        }
    }
}

/// An upload whose file is open in the store, and of which bytes are still to come.
#[derive(Debug)]
pub struct OpenUpload {
    pub conn: ConnId,
    pub id: UploadId,
    pub upload: AnnouncedUpload,
}

/// The purpose of a job on uploads.
#[derive(Debug)]
pub enum UploadJob {
    /// Opens an upload that a session announced.
    Begin(ConnId, AnnouncedUpload),
    /// Removes an upload that nobody wants any more.
    Drop(UploadId),
    /// Removes uploads that broke off long ago.
    RemoveOld,
}

/// The incomplete uploads of all sessions, and the claims of all uploads.
#[derive(Debug)]
pub struct ActiveUploads {
    pub pending: Pending<UploadJob>,
    /// The claims. A claim of an incomplete upload ends with its connection, so that the user can
    /// go on over another one.
    pub claims: UploadClaims,
    /// By the job that opened the upload.
    pub open: BTreeMap<JobId, OpenUpload>,
    /// The time at which broken-off uploads are removed next, on the monotonic clock. None while
    /// some are being removed.
    next_removal: Option<Duration>,
}

impl ActiveUploads {
    /// No upload under way.
    pub fn new() -> Self {
        ActiveUploads {
            pending: Pending::new(Domain::Files),
            claims: UploadClaims::default(),
            open: BTreeMap::new(),
            next_removal: Some(REMOVAL_PERIOD),
        }
    }

    /// Opens an upload that a session announces, or refuses it. The session's input waits until the
    /// answer is given, since the chunks may come right behind.
    pub fn announce(
        &mut self,
        conn: ConnId,
        owner: Number,
        upload: AnnouncedUpload,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        let claim = match self.claims.0.entry(upload.key()) {
            Entry::Vacant(claim) => claim,
            Entry::Occupied(claim) => {
                let other = claim.get().conn;
                self.name_wanted(other, &upload.key(), cx);
                return Err(Refusal::UploadUnderWay);
            }
        };
        let Some(session) = cx.session(conn) else { return Ok(()) };
        if !session.replies.ask_for_upload() {
            return Err(Refusal::TooManyUploads);
        }
        claim.insert(UploadClaim { conn, is_complete: false });
        let job = Job::BeginUpload {
            owner,
            place: upload.target.clone(),
            size: upload.size,
            quota: cx.core.config.files.quota,
        };
        let id = self.pending.begin(job, UploadJob::Begin(conn, upload), cx);
        cx.reply_after(conn, id);
        Ok(())
    }

    /// Has the upload of a connection end that stands still and whose key another one wants. The
    /// other one has to ask again.
    fn name_wanted(&self, conn: ConnId, key: &UploadKey, cx: &mut Cx<'_>) {
        let Some(session) = cx.core.sessions.get(conn) else { return };
        let is_meant =
            |job: &JobId| self.open.get(job).is_some_and(|open| open.upload.key() == *key);
        let found = session.replies.open_streams().find(|(_, job)| is_meant(job));
        if let Some((stream, _)) = found {
            cx.effects.push(Effect::NameWanted { conn, stream });
        }
    }

    /// Takes the outcome of a job.
    pub fn done(&mut self, id: JobId, outcome: &Outcome, cx: &mut Cx<'_>) {
        match self.pending.take(id) {
            Some(UploadJob::Begin(conn, upload)) => self.begun(conn, id, upload, outcome, cx),
            Some(UploadJob::Drop(upload)) => dropped(upload, outcome),
            Some(UploadJob::RemoveOld) => {
                let pause = match outcome {
                    Ok(Value::Removed { more: true }) => REMOVAL_PAUSE,
                    _ => REMOVAL_PERIOD,
                };
                self.next_removal = Some(cx.core.now.monotonic + pause);
            }
            None => {}
        }
    }

    /// Answers once an upload was opened, or was not.
    fn begun(
        &mut self,
        conn: ConnId,
        job: JobId,
        upload: AnnouncedUpload,
        outcome: &Outcome,
        cx: &mut Cx<'_>,
    ) {
        let is_open = matches!(outcome, Ok(Value::UploadReady { .. }));
        let Some(session) = cx.session(conn) else {
            // The upload stays in the store, and its claim ended with the session.
            if is_open {
                cx.effects.push(Effect::DropFile { job_id: job });
            }
            return;
        };
        let of = upload.kind();
        let refusal = match *outcome {
            Ok(Value::UploadReady { upload: id, offset, sha256 }) if offset <= upload.size => {
                let ready = ReadyUpload { job, of, offset, sha256, size: upload.size };
                self.open.insert(job, OpenUpload { conn, id, upload });
                return cx.resolve(conn, job, Reply::Upload(ready));
            }
            Ok(Value::UploadReady { upload: id, offset, .. }) => {
                log::error!("event=upload-broken upload={} offset={offset}", id.0);
                Refusal::Store(Failure::Failed)
            }
            Err(Failure::Exists) => Refusal::FileExists,
            Err(Failure::NotFound) if of == Kind::Put => Refusal::NoSuchFolder,
            Err(Failure::NotFound) => Refusal::GroupEnded,
            Err(Failure::NoRoom) => Refusal::NoRoomForUpload,
            _ => failed(outcome),
        };
        session.replies.upload_refused();
        if is_open {
            cx.effects.push(Effect::DropFile { job_id: job });
        }
        self.claims.release(&upload, conn);
        cx.resolve_answer(conn, job, of, Err(refusal));
    }

    /// Sets the hash that an open upload must have, in place of an earlier one.
    pub fn expect(
        &mut self,
        conn: ConnId,
        stream: u32,
        sha256: Sha256Sum,
        cx: &mut Cx<'_>,
    ) -> Result<Done, Refusal> {
        let job = cx.session(conn).and_then(|session| session.replies.open_upload_of(stream));
        let open = job.and_then(|job| self.open.get_mut(&job)).ok_or(Refusal::NoSuchUpload)?;
        open.upload.expected = Some(sha256);
        Ok(Done::Stream(stream))
    }

    /// Ends an upload that its sender no longer wants. Returns false if there is none.
    pub fn cancel(&mut self, conn: ConnId, stream: u32, cx: &mut Cx<'_>) -> bool {
        let Some(OpenUpload { id, upload, .. }) = self.close(conn, stream, cx) else {
            return false;
        };
        cx.effects.push(Effect::CancelUpload { conn, stream });
        self.end(conn, &upload, cx);
        self.forget(id, cx);
        true
    }

    /// Closes the stream of an upload, and removes the upload from the open ones.
    pub fn close(&mut self, conn: ConnId, stream: u32, cx: &mut Cx<'_>) -> Option<OpenUpload> {
        let job = cx.session(conn)?.replies.close_upload(stream)?;
        self.open.remove(&job)
    }

    /// Ends an upload that could not be taken in any further and whose stream is closed. One of the
    /// wrong size is removed.
    pub fn broke_off(
        &mut self,
        open: OpenUpload,
        stream: u32,
        reason: AbortReason,
        cx: &mut Cx<'_>,
    ) {
        let OpenUpload { conn, id, upload } = open;
        if reason == AbortReason::WrongSize {
            self.forget(id, cx);
        }
        self.end(conn, &upload, cx);
        cx.tell(Event::Abort { stream, reason }, [conn]);
    }

    fn end(&mut self, conn: ConnId, upload: &AnnouncedUpload, cx: &mut Cx<'_>) {
        self.claims.release(upload, conn);
        if let Some(session) = cx.session(conn) {
            session.replies.upload_over();
        }
    }

    /// Removes an upload and its bytes. If the same upload is announced again, it begins anew,
    /// since jobs on uploads are done in order.
    pub fn forget(&mut self, id: UploadId, cx: &mut Cx<'_>) {
        self.pending.begin(Job::DropUpload(id), UploadJob::Drop(id), cx);
    }

    /// Gives up the incomplete uploads of a session that has ended. The bytes stay in the store.
    pub fn session_ended(&mut self, conn: ConnId, replies: &ReplyQueue) {
        for job in replies.awaited() {
            if let Some(UploadJob::Begin(_, upload)) = self.pending.get(job) {
                self.claims.release(upload, conn);
            }
        }
        for job in replies.opened_uploads().chain(replies.open_uploads()) {
            if let Some(open) = self.open.remove(&job) {
                self.claims.release(&open.upload, conn);
            }
        }
    }

    /// The time at which to call [`deadline`](Self::deadline), on the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.next_removal
    }

    /// Removes some of the uploads that broke off long ago, if that is due.
    pub fn deadline(&mut self, cx: &mut Cx<'_>) {
        if self.next_removal.is_none_or(|at| at > cx.core.now.monotonic) {
            return;
        }
        self.next_removal = None;
        let kept_for = u64::try_from(UPLOAD_KEPT_FOR.as_micros()).unwrap_or(u64::MAX);
        let before = cx.core.now.unix_micros.saturating_sub(kept_for);
        self.pending.begin(Job::RemoveOldUploads { before }, UploadJob::RemoveOld, cx);
    }
}

/// Logs an upload that could not be removed. It counts to its owner's quota until it is old.
fn dropped(upload: UploadId, outcome: &Outcome) {
    if *outcome != Ok(Value::Done) {
        log::warn!("event=upload-not-dropped upload={} outcome={outcome:?}", upload.0);
    }
}
