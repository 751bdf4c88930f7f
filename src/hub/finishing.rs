//! From the last byte of an upload to the file that others can read: it is brought to the disk,
//! then it gets its name, or the message that sends it. That goes on when its sender is gone.

use std::collections::BTreeMap;

use super::Hub;
use super::tasks::UnderWay;
use super::uploads::Upload;
use crate::chat::event::{AbortReason, Event};
use crate::chat::file::{FileRef, FileTarget, UploadId};
use crate::chat::message::{Chat, MessageId, StoredMessage};
use crate::chat::refusal::Failure;
use crate::hub::context::Cx;
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Value};

/// An upload of which all bytes came.
#[derive(Debug)]
pub(super) struct WholeUpload {
    pub conn: ConnId,
    pub stream: u32,
    pub id: UploadId,
    pub upload: Upload,
}

/// Messages that send files and are being kept. Nobody was told of them yet, so that nobody can
/// have read them, whatever later messages of the same chat somebody read.
#[derive(Debug, Default)]
pub(super) struct Published(BTreeMap<MessageId, Chat>);

impl Published {
    /// The first of them in a chat.
    pub fn first(&self, chat: Chat) -> Option<MessageId> {
        self.0.iter().find(|(_, of)| **of == chat).map(|(id, _)| *id)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl Hub {
    /// Has a whole upload brought to the disk.
    pub(super) fn finish_upload(&mut self, whole: WholeUpload, effects: &mut Effects) {
        if let Some(session) = self.core.sessions.get_mut(whole.conn) {
            session.replies.upload_whole();
        }
        if let Some(holder) = self.uploads.taken.get_mut(&whole.upload.spot()) {
            holder.is_whole = true;
        }
        let job = Job::SyncUpload { upload: whole.id, expected: whole.upload.expected };
        self.submit(job, UnderWay::SyncsUpload(whole), effects);
    }

    /// A whole upload is on the disk, or is not.
    pub(super) fn upload_synced(
        &mut self,
        whole: WholeUpload,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        match (outcome, &whole.upload.place) {
            (Ok(Value::Done), FileTarget::Shared(_)) => {
                let job = Job::FinishUpload { upload: whole.id, message: None };
                self.submit(job, UnderWay::FinishesUpload(whole, None), effects);
            }
            (Ok(Value::Done), FileTarget::Chat(..)) => self.publish(whole, effects),
            (other, _) => self.upload_failed(whole, other, effects),
        }
    }

    /// Has the message kept that sends a file, under the next id. Where the store has yet to keep a
    /// mark above that, it waits.
    pub(super) fn publish(&mut self, whole: WholeUpload, effects: &mut Effects) {
        let FileTarget::Chat(chat, name) = &whole.upload.place else { return };
        if let Chat::Group(group) = *chat
            && self.groups.reads_since(whole.upload.owner, group).is_none()
        {
            return self.upload_failed(whole, &Err(Failure::NotFound), effects);
        }
        let Some(id) = Cx::new(&mut self.core, effects).next_id() else {
            return self.uploads.without_id.push(whole);
        };
        let message = StoredMessage {
            id,
            from: self.accounts.directory.account(whole.upload.owner).number,
            chat: *chat,
            text: name.as_str().into(),
            file_size: Some(whole.upload.size),
        };
        self.uploads.published.0.insert(id, *chat);
        let job = Job::FinishUpload { upload: whole.id, message: Some(message) };
        self.submit(job, UnderWay::FinishesUpload(whole, Some(id)), effects);
    }

    /// A whole upload is a file, and its message is kept; or it could not be.
    pub(super) fn upload_finished(
        &mut self,
        whole: WholeUpload,
        message: Option<MessageId>,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        if let Some(id) = message {
            self.uploads.published.0.remove(&id);
        }
        if *outcome != Ok(Value::Done) {
            return self.upload_failed(whole, outcome, effects);
        }
        let WholeUpload { conn, stream, upload, .. } = whole;
        let file = match message {
            Some(id) => FileRef::Sent(id),
            None => FileRef::Shared(upload.name().clone()),
        };
        let notice = Event::Put { stream, size: upload.size, file };
        self.tell_uploader(conn, &upload, notice, effects);
        if let (Some(id), Some(to)) = (message, upload.to) {
            let message = StoredMessage {
                id,
                from: self.accounts.number(upload.owner),
                chat: to,
                text: upload.name().as_str().into(),
                file_size: Some(upload.size),
            };
            self.deliver_sent(message, effects);
        }
    }

    /// A whole upload can't be made a file. It is kept, since announcing it again costs its sender
    /// nothing, but where its name was given to another.
    pub(super) fn upload_failed(
        &mut self,
        whole: WholeUpload,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        let WholeUpload { conn, stream, id, upload } = whole;
        let reason = match outcome {
            Err(Failure::Exists) => {
                self.drop_upload(id, effects);
                AbortReason::NameTaken
            }
            Err(Failure::Mismatch) => {
                self.drop_upload(id, effects);
                AbortReason::Mismatch
            }
            Err(Failure::NotFound) if upload.to.is_some() => {
                self.drop_upload(id, effects);
                AbortReason::NotAMember
            }
            Err(Failure::NotFound) => AbortReason::NoSuchFolder,
            Err(Failure::NoRoom) => AbortReason::NoRoomForFile,
            _ => AbortReason::Unfinished,
        };
        self.tell_uploader(conn, &upload, Event::Abort { stream, reason }, effects);
    }

    fn tell_uploader(
        &mut self,
        conn: ConnId,
        upload: &Upload,
        notice: Event,
        effects: &mut Effects,
    ) {
        self.uploads.release(upload, conn);
        let Some(session) = self.core.sessions.get_mut(conn) else { return };
        session.replies.upload_finished();
        effects.tell(notice, [conn]);
    }
}
