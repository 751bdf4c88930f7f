//! Publishing: the steps from a complete upload to a file that others can read.
//!
//! The upload is brought to the disk; then it gets its name, or the message that sends it is kept.
//! That goes on when the sender's session has ended.

use crate::chat::event::{AbortReason, Event};
use crate::chat::file::{FileRef, FileTarget};
use crate::chat::id::UploadId;
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::refusal::Failure;
use crate::hub::audit::Deed;
use crate::hub::context::Cx;
use crate::hub::files::uploads::{ActiveUploads, AnnouncedUpload, OpenUpload};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::pending::{Domain, Pending};
use crate::hub::people::People;
use crate::log::Quoted;

/// An upload of which all bytes came.
#[derive(Debug)]
pub struct CompleteUpload {
    pub conn: ConnId,
    stream: u32,
    id: UploadId,
    pub upload: AnnouncedUpload,
}

/// The purpose of a job that publishes an upload.
#[derive(Debug)]
pub enum PublishJob {
    /// Brings the upload to the disk.
    Sync(CompleteUpload),
    /// Makes the upload a file, and keeps the message that sends it into a chat.
    Finish(CompleteUpload, Option<StoredMessage>),
}

/// What has become of a file that was sent into a chat.
#[derive(Debug)]
pub struct Published {
    pub chat: Chat,
    /// The connection over which it was sent.
    pub sent_in: ConnId,
    /// The message that sends it, which is to be delivered; none if the file could not be kept.
    pub message: Option<StoredMessage>,
}

/// The complete uploads that are being made files.
#[derive(Debug)]
pub struct Publishing {
    pub pending: Pending<PublishJob>,
    /// Uploads whose messages wait for an id, in the order in which they came to the disk.
    pub without_id: Vec<CompleteUpload>,
    /// Uploads whose messages wait for another file of the same chat, which is being kept.
    pub behind: Vec<(Chat, CompleteUpload)>,
}

impl Publishing {
    /// No upload to publish.
    pub fn new() -> Self {
        Publishing {
            pending: Pending::new(Domain::Files),
            without_id: Vec::new(),
            behind: Vec::new(),
        }
    }

    /// Publishes an upload of which all bytes came and whose stream is closed; first it is brought
    /// to the disk.
    pub fn begin(
        &mut self,
        open: OpenUpload,
        stream: u32,
        uploads: &mut ActiveUploads,
        cx: &mut Cx<'_>,
    ) {
        let OpenUpload { conn, id, upload } = open;
        if let Some(session) = cx.session(conn) {
            session.replies.upload_whole();
        }
        uploads.claims.set_complete(&upload);
        let job = Job::SyncUpload { upload: id, expected: upload.expected };
        let complete = CompleteUpload { conn, stream, id, upload };
        self.pending.begin(job, PublishJob::Sync(complete), cx);
    }

    /// Takes the outcome of a job. Returns what has become of the file if it was sent into a chat.
    pub fn done(
        &mut self,
        id: JobId,
        outcome: &Outcome,
        uploads: &mut ActiveUploads,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Option<Published> {
        match self.pending.take(id)? {
            PublishJob::Sync(complete) => {
                match (outcome, &complete.upload.target) {
                    (Ok(Value::Done), FileTarget::Shared(_)) => {
                        let job = Job::FinishUpload { upload: complete.id, message: None };
                        self.pending.begin(job, PublishJob::Finish(complete, None), cx);
                    }
                    (Ok(Value::Done), FileTarget::Chat(..)) => {
                        self.publish(complete, uploads, people, cx);
                    }
                    (other, _) => fail(complete, other, uploads, cx),
                }
                None
            }
            PublishJob::Finish(complete, message) => {
                let sent_in = complete.conn;
                let chat = message.as_ref().and_then(|message| cx.core.unannounced.end(message.id));
                if *outcome != Ok(Value::Done) {
                    fail(complete, outcome, uploads, cx);
                    return Some(Published { chat: chat?, sent_in, message: None });
                }
                let CompleteUpload { conn, stream, upload, .. } = complete;
                let file = match &message {
                    Some(message) => FileRef::Sent(message.id),
                    None => FileRef::Shared(upload.name().clone()),
                };
                audit(conn, &upload, people, cx);
                let event = Event::Put { stream, size: upload.size, file };
                end(conn, &upload, event, uploads, cx);
                Some(Published { chat: chat?, sent_in, message })
            }
        }
    }

    /// Keeps the message that sends a file, under the next id, or has the upload wait for an id or
    /// for another file of the chat.
    fn publish(
        &mut self,
        complete: CompleteUpload,
        uploads: &mut ActiveUploads,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) {
        let AnnouncedUpload { owner, target, size, .. } = &complete.upload;
        let FileTarget::Chat(chat, name) = target else { return };
        if let Chat::Group(group) = *chat
            && people.groups.reads_since(*owner, group).is_none()
        {
            return fail(complete, &Err(Failure::NotFound), uploads, cx);
        }
        let chat = *chat;
        if cx.core.unannounced.first(chat).is_some() {
            return self.behind.push((chat, complete));
        }
        let Some(id) = cx.next_id() else { return self.without_id.push(complete) };
        let message = StoredMessage {
            id,
            from: people.accounts.number(*owner),
            chat,
            text: name.as_str().into(),
            file_size: Some(*size),
            is_unheard: people.is_unheard(*owner, chat),
        };
        cx.core.unannounced.begin(id, chat);
        let job = Job::FinishUpload { upload: complete.id, message: Some(message.clone()) };
        self.pending.begin(job, PublishJob::Finish(complete, Some(message)), cx);
    }

    /// Goes on with the uploads that waited for an id: publishes them, or fails them if the store
    /// could not keep a higher ceiling of the ids.
    pub fn ids_are_there(
        &mut self,
        kept: &Outcome,
        uploads: &mut ActiveUploads,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) {
        for complete in std::mem::take(&mut self.without_id) {
            match *kept == Ok(Value::Done) {
                true => self.publish(complete, uploads, people, cx),
                false => fail(complete, kept, uploads, cx),
            }
        }
    }

    /// Goes on with the uploads that waited for the file of a chat, one of which is kept next.
    pub fn chat_is_free(
        &mut self,
        chat: Chat,
        uploads: &mut ActiveUploads,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) {
        let next: Vec<_> = self.behind.extract_if(.., |(of, _)| *of == chat).collect();
        for (_, complete) in next {
            self.publish(complete, uploads, people, cx);
        }
    }
}

/// Tells the audit log of a file that was uploaded.
fn audit(conn: ConnId, upload: &AnnouncedUpload, people: People<'_>, cx: &mut Cx<'_>) {
    let event = if upload.goes_into_chat() { "sent-file" } else { "uploaded" };
    let name = upload.name();
    let more = format_args!("path={} size={}", Quoted(name.as_str()), upload.size);
    cx.audit(&Deed::of(event, people.accounts.name(upload.owner)).over(conn).with(more));
}

/// Fails a complete upload that can't be made a file. Its bytes are kept, since announcing it again
/// costs its sender nothing, unless its name was given to another file.
fn fail(complete: CompleteUpload, outcome: &Outcome, uploads: &mut ActiveUploads, cx: &mut Cx<'_>) {
    let CompleteUpload { conn, stream, id, upload } = complete;
    let (reason, is_lost) = match outcome {
        Err(Failure::Exists) => (AbortReason::NameTaken, true),
        Err(Failure::Mismatch) => (AbortReason::Mismatch, true),
        Err(Failure::NotFound) if upload.goes_into_chat() => (AbortReason::NotAMember, true),
        Err(Failure::NotFound) => (AbortReason::NoSuchFolder, false),
        Err(Failure::NoRoom) => (AbortReason::NoRoomForFile, false),
        _ => (AbortReason::Unfinished, false),
    };
    if is_lost {
        uploads.forget(id, cx);
    }
    end(conn, &upload, Event::Abort { stream, reason }, uploads, cx);
}

/// Tells the sender, if still there, the outcome of an upload, and releases its claim.
fn end(
    conn: ConnId,
    upload: &AnnouncedUpload,
    event: Event,
    uploads: &mut ActiveUploads,
    cx: &mut Cx<'_>,
) {
    uploads.claims.release(upload, conn);
    let Some(session) = cx.session(conn) else { return };
    session.replies.upload_finished();
    cx.tell(event, [conn]);
}
