//! Uploads: into the shared folder, and into chats; from the announcement to the last byte. What
//! follows stands in `finishing`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::Hub;
use super::finishing::{Published, WholeUpload};
use super::tasks::{Task, UnderWay};
use crate::chat::answer::{Answer, Done};
use crate::chat::event::{AbortReason, Event};
use crate::chat::file::{FileTarget, UploadId};
use crate::chat::message::Chat;
use crate::chat::name::{FileName, Target};
use crate::chat::refusal::{Failure, Refusal};
use crate::chat::request::Kind;
use crate::chat::sha256::Sha256Sum;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::{ConnId, UploadEnd};
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::sessions::replies::{Reply, ReplyQueue, Upload as OpenedUpload};
use crate::limits::{REMOVAL_PAUSE, REMOVAL_PERIOD, UPLOAD_KEPT_FOR};

/// An upload that was announced.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub owner: UserIndex,
    pub place: FileTarget,
    /// To whom it goes, where it goes into a chat.
    pub to: Option<Chat>,
    /// How many bytes it will have.
    pub size: u64,
    /// Which sum it is to have, where its sender told that.
    pub expected: Option<Sha256Sum>,
}

/// What can't be uploaded twice at a time: a name of the shared folder, or what one user sends to
/// one chat under the same name and size, which can't be told apart when it breaks off.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Spot {
    place: FileTarget,
    sender: Option<(UserIndex, u64)>,
}

impl Upload {
    /// What announced it.
    pub fn kind(&self) -> Kind {
        if self.to.is_some() { Kind::Sendfile } else { Kind::Put }
    }

    pub fn name(&self) -> &FileName {
        match &self.place {
            FileTarget::Shared(name) | FileTarget::Chat(_, name) => name,
        }
    }

    pub fn spot(&self) -> Spot {
        let sender = self.to.map(|_| (self.owner, self.size));
        Spot { place: self.place.clone(), sender }
    }
}

/// The uploads of all sessions.
#[derive(Debug)]
pub(super) struct Uploads {
    /// What is being uploaded, and over which connection. Whatever is not whole yet is given free
    /// when that is gone, so that its user can go on over another one.
    pub taken: HashMap<Spot, Holder>,
    /// What was opened and is not whole: over which connection, by the job that opened it.
    pub open: BTreeMap<JobId, (ConnId, UploadId, Upload)>,
    /// Whole uploads whose messages wait for an id, in the order in which they came.
    pub without_id: Vec<WholeUpload>,
    /// The messages that are being kept together with their files.
    pub published: Published,
    /// When uploads that broke off are removed next, on the steady clock; none while some are.
    pub next_removal: Option<Duration>,
}

/// Who has a spot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub conn: ConnId,
    /// Whether the upload is whole, and goes on without its connection.
    pub is_whole: bool,
}

impl Default for Uploads {
    fn default() -> Self {
        Uploads {
            taken: HashMap::new(),
            open: BTreeMap::new(),
            without_id: Vec::new(),
            published: Published::default(),
            next_removal: Some(REMOVAL_PERIOD),
        }
    }
}

impl Uploads {
    /// Takes the spot of an upload; false where somebody has it.
    fn take(&mut self, upload: &Upload, conn: ConnId) -> bool {
        match self.taken.entry(upload.spot()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(spot) => {
                spot.insert(Holder { conn, is_whole: false });
                true
            }
        }
    }

    /// Gives a spot free, where it is still that connection's.
    pub fn release(&mut self, upload: &Upload, conn: ConnId) {
        if let Entry::Occupied(spot) = self.taken.entry(upload.spot())
            && spot.get().conn == conn
        {
            spot.remove();
        }
    }
}

impl Hub {
    /// Takes PUT.
    pub(super) fn put(&mut self, conn: ConnId, size: u64, name: FileName, effects: &mut Effects) {
        let Some(owner) = self.user_of(conn) else {
            return;
        };
        let upload =
            Upload { owner, place: FileTarget::Shared(name), to: None, size, expected: None };
        match self.check_size(size) {
            Ok(()) => self.announce(conn, upload, effects),
            Err(refusal) => self.refuse(conn, Kind::Put, refusal, effects),
        }
    }

    /// Takes SENDFILE.
    pub(super) fn send_file(
        &mut self,
        conn: ConnId,
        target: Target,
        size: u64,
        name: FileName,
        effects: &mut Effects,
    ) {
        let Some(owner) = self.user_of(conn) else {
            return;
        };
        let to = match self.core.config.keep_messages {
            true => self.check_size(size).and_then(|()| self.people().chat(owner, target)),
            false => Err(Refusal::NothingKept),
        };
        match to {
            Ok(to) => {
                let place = FileTarget::Chat(to, name);
                let upload = Upload { owner, place, to: Some(to), size, expected: None };
                self.announce(conn, upload, effects);
            }
            Err(refusal) => self.refuse(conn, Kind::Sendfile, refusal, effects),
        }
    }

    fn check_size(&self, size: u64) -> Result<(), Refusal> {
        match size <= self.core.config.file_size_max {
            true => Ok(()),
            false => Err(Refusal::TooLarge),
        }
    }

    /// Has an upload opened, where nothing is in its way. The session takes nothing until the
    /// answer is given, since the chunks may come right behind.
    fn announce(&mut self, conn: ConnId, upload: Upload, effects: &mut Effects) {
        let of = upload.kind();
        if !self.uploads.take(&upload, conn) {
            return self.refuse(conn, of, Refusal::UploadUnderWay, effects);
        }
        let Some(session) = self.core.sessions.get_mut(conn) else { return };
        if !session.replies.ask_for_upload() {
            self.uploads.release(&upload, conn);
            return self.refuse(conn, of, Refusal::TooManyUploads, effects);
        }
        let job = Job::BeginUpload {
            owner: self.accounts.directory.account(upload.owner).number,
            place: upload.place.clone(),
            size: upload.size,
            quota: self.core.config.quota,
        };
        self.answer_after(conn, job, Task::BeginUpload(upload), effects);
    }

    /// Gives up what is not whole of a connection that is gone, with the answers that waited. It
    /// stays in the store.
    pub(super) fn give_up_uploads(&mut self, conn: ConnId, answers: &ReplyQueue) {
        for ticket in answers.awaited() {
            if let Some(UnderWay::Asked(_, Task::BeginUpload(upload))) = self.under_way.get(ticket)
            {
                self.uploads.release(upload, conn);
            }
        }
        for job in answers.opened_uploads().chain(answers.open_uploads()) {
            if let Some((_, _, upload)) = self.uploads.open.remove(&job) {
                self.uploads.release(&upload, conn);
            }
        }
    }

    /// An upload was opened, or was not.
    pub(super) fn upload_opened(
        &mut self,
        conn: ConnId,
        ticket: JobId,
        upload: Upload,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        let Some(session) = self.core.sessions.get_mut(conn) else {
            // It stays in the store, and its spot was given free with the session.
            if matches!(outcome, Ok(Value::UploadReady { .. })) {
                effects.push(Effect::DropFile { ticket });
            }
            return;
        };
        let of = upload.kind();
        let refusal = match *outcome {
            Ok(Value::UploadReady { upload: id, offset, sha256 }) if offset <= upload.size => {
                let ready = OpenedUpload { job: ticket, of, offset, sha256, size: upload.size };
                self.uploads.open.insert(ticket, (conn, id, upload));
                return self.resolve(conn, ticket, Reply::Upload(ready), effects);
            }
            Ok(Value::UploadReady { upload: id, offset, .. }) => {
                log::error!("event=upload-broken upload={} offset={offset}", id.0);
                effects.push(Effect::DropFile { ticket });
                Refusal::Store(Failure::Failed)
            }
            Err(Failure::Exists) => Refusal::FileExists,
            Err(Failure::NotFound) if of == Kind::Put => Refusal::NoSuchFolder,
            Err(Failure::NotFound) => Refusal::GroupEnded,
            Err(Failure::NoRoom) => Refusal::NoRoomForUpload,
            _ => failed(outcome),
        };
        session.replies.upload_refused();
        self.uploads.release(&upload, conn);
        let answer = Answer { of, result: Err(refusal) };
        self.resolve(conn, ticket, Reply::Answer(answer), effects);
    }

    /// Takes EXPECT: which sum an upload is to have. What was told before counts no longer.
    pub(super) fn expect(
        &mut self,
        conn: ConnId,
        stream: u32,
        sha256: Sha256Sum,
        effects: &mut Effects,
    ) {
        let session = self.core.sessions.get(conn);
        let job = session.and_then(|session| session.replies.open_upload_of(stream));
        match job.and_then(|job| self.uploads.open.get_mut(&job)) {
            Some((_, _, upload)) => {
                upload.expected = Some(sha256);
                self.answer(conn, Kind::Expect, Done::Stream(stream), effects);
            }
            None => self.refuse(conn, Kind::Expect, Refusal::NoSuchUpload, effects),
        }
    }

    /// Ends an upload that its sender does not want any more; false where there is none.
    pub(super) fn abort_upload(
        &mut self,
        conn: ConnId,
        stream: u32,
        effects: &mut Effects,
    ) -> bool {
        let Some((id, upload)) = self.close_upload(conn, stream) else { return false };
        effects.push(Effect::CancelUpload { conn, stream });
        self.end_upload(conn, &upload);
        self.drop_upload(id, effects);
        true
    }

    /// An upload is whole, or could not be taken in any further.
    pub(super) fn upload_over(
        &mut self,
        conn: ConnId,
        stream: u32,
        end: UploadEnd,
        effects: &mut Effects,
    ) {
        let Some((id, upload)) = self.close_upload(conn, stream) else { return };
        let reason = match end {
            UploadEnd::Whole => {
                return self.finish_upload(WholeUpload { conn, stream, id, upload }, effects);
            }
            UploadEnd::WrongSize => {
                self.drop_upload(id, effects);
                AbortReason::WrongSize
            }
            UploadEnd::NoRoom => AbortReason::NoRoom,
            UploadEnd::Failed => AbortReason::WriteFailed,
        };
        self.end_upload(conn, &upload);
        effects.tell(Event::Abort { stream, reason }, [conn]);
    }

    /// Closes the stream of an upload, and takes that out of those that are open.
    fn close_upload(&mut self, conn: ConnId, stream: u32) -> Option<(UploadId, Upload)> {
        let job = self.core.sessions.get_mut(conn)?.replies.close_upload(stream)?;
        self.uploads.open.remove(&job).map(|(_, id, upload)| (id, upload))
    }

    fn end_upload(&mut self, conn: ConnId, upload: &Upload) {
        self.uploads.release(upload, conn);
        if let Some(session) = self.core.sessions.get_mut(conn) {
            session.replies.upload_over();
        }
    }

    /// Has an upload and its bytes forgotten. Whoever announces it again begins anew, since jobs on
    /// uploads are done in turn.
    pub(super) fn drop_upload(&mut self, id: UploadId, effects: &mut Effects) {
        self.submit(Job::DropUpload(id), UnderWay::DropsUpload(id), effects);
    }

    /// An upload is forgotten, or could not be: then it counts to its owner's quota for its day.
    pub(super) fn upload_dropped(id: UploadId, outcome: &Outcome) {
        if *outcome != Ok(Value::Done) {
            log::warn!("event=upload-not-dropped upload={} outcome={outcome:?}", id.0);
        }
    }

    /// Has some of the uploads removed that broke off long ago, where the time for it has come.
    pub(super) fn remove_old_uploads(&mut self, effects: &mut Effects) {
        if self.uploads.next_removal.is_none_or(|at| at > self.core.now.steady) {
            return;
        }
        self.uploads.next_removal = None;
        let kept_for = u64::try_from(UPLOAD_KEPT_FOR.as_micros()).unwrap_or(u64::MAX);
        let before = self.core.now.unix_micros.saturating_sub(kept_for);
        self.submit(Job::RemoveOldUploads { before }, UnderWay::RemovesOldUploads, effects);
    }

    /// Old uploads were removed, or could not be.
    pub(super) fn old_uploads_removed(&mut self, outcome: &Outcome) {
        let pause = match outcome {
            Ok(Value::Removed { more: true }) => REMOVAL_PAUSE,
            _ => REMOVAL_PERIOD,
        };
        self.uploads.next_removal = Some(self.core.now.steady + pause);
    }
}
