//! Requests about uploads, and about the files that were sent in chats.
//!
//! The database has a row for every upload before its part file is created, and for every file
//! until it is removed. So no file is orphaned, whenever the server stops:
//!
//! ```text
//! announced ──► a row of `uploads`, then a part ──► whole ──► a row of `files` or `sent`
//!                      │                                              │
//!                      └────────► a row of `garbage` ◄────────────────┘
//!                                 until the file is removed
//! ```
//!
//! A part file for the shared folder is in the folder of the file that it becomes, with a hidden
//! name, so that it is in the same file system and can be renamed when it is complete. A file for a
//! chat is in the folder of sent files from the start, with its final name: it is sent by one
//! transaction that stores its message too.

use std::time::Instant;

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use super::recounts::Recounts;
use super::tasks::{Recounted, RemovalTask, SyncTask, UploadDraft, UploadTask};
use crate::chat::file::{FileTarget, OwnSince};
use crate::chat::id::{MessageId, UploadId};
use crate::chat::message::StoredMessage;
use crate::chat::name::FileName;
use crate::chat::party::Party;
use crate::chat::refusal::Failure;
use crate::chat::sha256::Sha256Sum;
use crate::hub::job::{JobId, Outcome, Value};
use crate::store::rows::uploads::{FILE_BYTES_MIN, Fate, UploadRecord};
use crate::store::rows::{files, groups, history, messages, uploads};

/// The largest number of incomplete uploads of one user.
const UNFINISHED_MAX: u64 = 1_000;
/// The number of old uploads in one task.
const OLD_PER_STEP: u32 = 64;
/// The number of files that one step of a recount looks at: a millisecond's work for the database.
const RECOUNTED_PER_STEP: u32 = 256;

/// A request about uploads.
#[derive(Debug)]
pub(in crate::store) enum UploadRequest {
    /// Find an upload that can be resumed, or insert a new one if the quota allows it. `recounted`
    /// is what the last step of a recount of the owner's files found.
    Begin { job: JobId, announced: UploadDraft, recounted: Option<Recounted> },
    /// Sync an upload to disk.
    Sync { job: JobId, upload: UploadId, expected: Option<Sha256Sum> },
    /// Turn an upload into a file.
    Finish { job: JobId, upload: UploadId, message: Option<StoredMessage> },
    /// Note that an upload has its name in the shared folder.
    Placed { job: JobId, upload: UploadId },
    /// Drop an upload.
    Drop { job: JobId, upload: UploadId },
    /// Select uploads that were begun before a time.
    SelectOld { job: JobId, before: u64 },
    /// Apply the fates of uploads that were begun before a time.
    Settle { job: Option<JobId>, fates: Vec<(UploadId, Fate)>, before: u64, more: bool },
    /// Note that files were removed.
    Swept { ids: Vec<UploadId> },
    /// Remove a file or an empty folder of the shared folder, or only a file of a user's own.
    Remove { job: JobId, name: FileName, only: Option<OwnSince> },
    /// Note that a file was removed that a user had put into the shared folder.
    Removed { job: JobId, file: UploadId },
    /// Find the message that sent a file.
    Find { job: JobId, message: MessageId },
    /// Open a file that was sent.
    Open { job: JobId, by: Party, message: MessageId },
    /// Hash a file that was sent.
    Sum { job: JobId, by: Party, message: MessageId },
}

impl UploadRequest {
    /// The job that gets the outcome, if there is one.
    pub(super) fn job(&self) -> Option<JobId> {
        match self {
            UploadRequest::Begin { job, .. }
            | UploadRequest::Sync { job, .. }
            | UploadRequest::Finish { job, .. }
            | UploadRequest::Placed { job, .. }
            | UploadRequest::Drop { job, .. }
            | UploadRequest::SelectOld { job, .. }
            | UploadRequest::Remove { job, .. }
            | UploadRequest::Removed { job, .. }
            | UploadRequest::Find { job, .. }
            | UploadRequest::Open { job, .. }
            | UploadRequest::Sum { job, .. } => Some(*job),
            UploadRequest::Settle { job, .. } => *job,
            UploadRequest::Swept { .. } => None,
        }
    }
}

impl RequestKind for UploadRequest {
    fn writes(&self) -> bool {
        match self {
            UploadRequest::Begin { .. }
            | UploadRequest::Finish { .. }
            | UploadRequest::Placed { .. }
            | UploadRequest::Drop { .. }
            | UploadRequest::Settle { .. }
            | UploadRequest::Removed { .. }
            | UploadRequest::Swept { .. } => true,
            UploadRequest::Sync { .. }
            | UploadRequest::Remove { .. }
            | UploadRequest::SelectOld { .. }
            | UploadRequest::Find { .. }
            | UploadRequest::Open { .. }
            | UploadRequest::Sum { .. } => false,
        }
    }

    fn describe(&self) -> String {
        match self {
            UploadRequest::Begin { announced, .. } => format!("an upload of {}", announced.owner),
            UploadRequest::Sync { upload, .. }
            | UploadRequest::Finish { upload, .. }
            | UploadRequest::Placed { upload, .. }
            | UploadRequest::Drop { upload, .. } => format!("the upload {}", upload.0),
            UploadRequest::Remove { name, .. } => format!("the removal of {:?}", name.as_str()),
            UploadRequest::Removed { file, .. } => format!("the removal of {}", file.0),
            UploadRequest::SelectOld { .. } | UploadRequest::Settle { .. } => {
                "old uploads".to_owned()
            }
            UploadRequest::Swept { .. } => "the end of removed files".to_owned(),
            UploadRequest::Find { message, .. }
            | UploadRequest::Open { message, .. }
            | UploadRequest::Sum { message, .. } => format!("a look at the file {message}"),
        }
    }

    fn run(&self, database: &Connection, context: &mut Context) -> rusqlite::Result<Step> {
        match self {
            UploadRequest::Begin { job, announced, recounted } => {
                let recounted = recounted.as_ref();
                return begin(database, *job, announced, recounted, &mut context.recounts);
            }
            UploadRequest::Sync { job, upload, expected } => {
                let found = uploads::get(database, *upload)?;
                let (job, expected) = (*job, *expected);
                return Ok(found.map_or(NOT_FOUND, |upload| {
                    let sync = SyncTask { job, upload, expected, is_reread: false };
                    Step::Upload(UploadTask::Sync(sync))
                }));
            }
            UploadRequest::Finish { job, upload, message } => {
                return finish(database, *job, *upload, message.as_ref());
            }
            UploadRequest::Placed { upload, .. } => uploads::placed(database, *upload)?,
            UploadRequest::Drop { upload, .. } => uploads::drop_one(database, *upload)?,
            UploadRequest::SelectOld { job, before } => {
                return select_old(database, *job, *before);
            }
            UploadRequest::Settle { fates, before, more, .. } => {
                uploads::settle(database, fates, *before)?;
                return Ok(Step::Done(Ok(Value::Removed { more: *more })));
            }
            UploadRequest::Swept { ids } => files::swept(database, ids)?,
            UploadRequest::Remove { job, name, only } => {
                return remove(database, *job, name, *only);
            }
            UploadRequest::Removed { file, .. } => files::forget(database, &[*file])?,
            UploadRequest::Find { message, .. } => {
                return find(database, *message).map(Step::Done);
            }
            UploadRequest::Open { by, message, .. } => {
                let file = files::sent_by(database, *message)?;
                return Ok(file.map_or(NOT_FOUND, |file| Step::Open(*by, file)));
            }
            UploadRequest::Sum { by, message, .. } => {
                let file = files::sent_by(database, *message)?;
                return Ok(file.map_or(NOT_FOUND, |file| Step::Sum(*by, file)));
            }
        }
        Ok(Step::Done(Ok(Value::Done)))
    }

    fn changes_messages(&self) -> bool {
        matches!(self, UploadRequest::Finish { .. })
    }

    fn leaves_remains(&self) -> bool {
        self.writes()
    }

    fn ends_sweep(&self) -> bool {
        matches!(self, UploadRequest::Swept { .. })
    }

    fn refuse(&self, failure: Failure) -> Outcome {
        match self {
            // The file is in the shared folder, so the upload has succeeded; the row is corrected
            // at the next start.
            UploadRequest::Placed { .. } => Ok(Value::Done),
            // The file is gone; the row goes when the files of its owner are recounted.
            UploadRequest::Removed { .. } => Ok(Value::Done),
            _ => Err(failure),
        }
    }
}

/// The step of a request about something that does not exist.
const NOT_FOUND: Step = Step::Done(Err(Failure::NotFound));
/// The step of an upload that the quota does not allow.
const NO_ROOM: Step = Step::Done(Err(Failure::NoRoom));

/// Finds the upload that can be resumed, or inserts a new one.
fn begin(
    database: &Connection,
    job: JobId,
    announced: &UploadDraft,
    recounted: Option<&Recounted>,
    recounts: &mut Recounts,
) -> rusqlite::Result<Step> {
    files::forget(database, recounted.map_or(&[], |recounted| &recounted.gone))?;
    let UploadDraft { owner, place, size, quota } = announced;
    if let FileTarget::Chat(chat, _) = place
        && groups::is_gone(database, *chat)?
    {
        return Ok(NOT_FOUND);
    }
    let (id, is_new) = match uploads::begin_again(database, *owner, place, *size)? {
        Some(found) => (found, false),
        None => {
            let usage = uploads::usage(database, *owner)?;
            if usage.unfinished >= UNFINISHED_MAX {
                return Ok(NO_ROOM);
            }
            let counts_as = (*size).max(FILE_BYTES_MIN);
            if counts_as > quota.saturating_sub(usage.bytes) {
                let may_recount = recounted.is_some()
                    || (counts_as <= *quota && recounts.begin(*owner, Instant::now()));
                return match may_recount {
                    true => recount(database, job, announced, recounted),
                    false => Ok(NO_ROOM),
                };
            }
            (uploads::insert(database, *owner, place, *size)?, true)
        }
    };
    let upload = UploadRecord { id, owner: *owner, place: place.clone(), size: *size };
    Ok(Step::Upload(UploadTask::Begin { job, upload, is_new }))
}

/// Recounts, before an upload is refused for the quota, which of the owner's files were removed
/// from the shared folder by hand: step by step, until there is room or all were looked at.
fn recount(
    database: &Connection,
    job: JobId,
    announced: &UploadDraft,
    last: Option<&Recounted>,
) -> rusqlite::Result<Step> {
    let after = last.map(|step| step.up_to);
    let files = files::of_owner(database, announced.owner, after, RECOUNTED_PER_STEP)?;
    let Some(last) = files.last() else { return Ok(NO_ROOM) };
    let (announced, up_to) = (announced.clone(), last.id);
    Ok(Step::Upload(UploadTask::Recount { job, announced, files, up_to }))
}

/// Turns an upload into a file: for a chat in this transaction, for the shared folder once it is
/// renamed.
fn finish(
    database: &Connection,
    job: JobId,
    upload: UploadId,
    message: Option<&StoredMessage>,
) -> rusqlite::Result<Step> {
    let Some(upload) = uploads::get(database, upload)? else { return Ok(NOT_FOUND) };
    Ok(match (&upload.place, message) {
        (FileTarget::Shared(_), None) => Step::Upload(UploadTask::Place { job, upload }),
        (FileTarget::Chat(chat, name), Some(message))
            if *chat == message.chat && upload.owner == message.from =>
        {
            if groups::is_gone(database, *chat)? {
                return Ok(NOT_FOUND);
            }
            debug_assert_eq!(name.as_str(), &*message.text);
            messages::keep(database, message)?;
            files::keep_sent(database, message, upload.id, upload.size)?;
            uploads::forget(database, upload.id)?;
            Step::Sent(upload.id)
        }
        _ => {
            log::error!("the upload {} is finished as what it is not", upload.id.0);
            Step::Done(Err(Failure::Failed))
        }
    })
}

/// Has a file removed, if it may be one of those that are to be removed.
fn remove(
    database: &Connection,
    job: JobId,
    name: &FileName,
    only: Option<OwnSince>,
) -> rusqlite::Result<Step> {
    let found = files::named(database, name)?;
    let is_meant = |owner| only.is_none_or(|own| own.owner == owner);
    let uploaded = found.filter(|(_, owner)| is_meant(*owner)).map(|(file, _)| file);
    let since = only.map(|own| own.since);
    let removal = RemovalTask { job, name: name.clone(), uploaded, since };
    Ok(Step::Upload(UploadTask::Remove(removal)))
}

/// Selects old uploads, and has their part files checked for when they were last written.
fn select_old(database: &Connection, job: JobId, before: u64) -> rusqlite::Result<Step> {
    let uploads = uploads::begun_before(database, before, OLD_PER_STEP)?;
    if uploads.is_empty() {
        return Ok(Step::Done(Ok(Value::Removed { more: false })));
    }
    let more = uploads.len() == OLD_PER_STEP as usize;
    Ok(Step::Upload(UploadTask::LookAtOld { job, uploads, before, more }))
}

/// The message that sent a file.
fn find(database: &Connection, message: MessageId) -> rusqlite::Result<Outcome> {
    let found = history::fetch(database, &[message])?.into_iter().next();
    Ok(match found {
        Some(found) if found.file_size.is_some() && !groups::is_gone(database, found.chat)? => {
            Ok(Value::Sent(found))
        }
        _ => Err(Failure::NotFound),
    })
}
