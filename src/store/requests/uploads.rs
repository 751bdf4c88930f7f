//! Files on their way to the server, and those that were sent in chats.
//!
//! The database knows every upload before its file is made, and every file for as long as it is
//! there, so that nothing is left over, whenever the server stops:
//!
//! ```text
//! announced ──► a row of `uploads`, then a part ──► whole ──► a row of `files` or `sent`
//!                      │                                              │
//!                      └────────► a row of `garbage` ◄────────────────┘
//!                                 until the file is removed
//! ```
//!
//! A part that goes into the shared folder lies beside the file that it becomes, under a hidden
//! name, so that it is always in the same file system, and is renamed when it is whole. What goes
//! into a chat lies among the sent files from the start, under the name that it keeps: it is sent
//! as soon as the database says so, in one transaction with its message.

use rusqlite::Connection;

use crate::chat::file::{FileTarget, UploadId};
use crate::chat::message::{MessageId, StoredMessage};
use crate::chat::name::{FileName, Number};
use crate::chat::refusal::Failure;
use crate::chat::sha256::Sha256Sum;
use crate::hub::job::{JobId, Outcome, Value};
use crate::store::requests::recounts::Recounts;
use crate::store::rows::uploads as rows;
use crate::store::work::uploads::{SyncTask, Task};

/// An upload as it was announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Announced {
    pub(in crate::store) owner: Number,
    pub(in crate::store) place: FileTarget,
    /// Bytes.
    pub(in crate::store) size: u64,
    /// How many bytes all of the owner's files and uploads may have.
    pub(in crate::store) quota: u64,
}

/// An upload that the database knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Upload {
    pub(in crate::store) id: UploadId,
    pub(in crate::store) owner: Number,
    pub(in crate::store) place: FileTarget,
    /// Bytes that were announced.
    pub(in crate::store) size: u64,
}

/// A file that a user put into the shared folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct OwnFile {
    pub(in crate::store) id: UploadId,
    pub(in crate::store) name: FileName,
    /// Bytes.
    pub(in crate::store) size: u64,
}

/// A file to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Garbage {
    pub(in crate::store) id: UploadId,
    /// The file that the part was to become in the shared folder; none for what was or was to be
    /// sent in a chat.
    pub(in crate::store) name: Option<FileName>,
}

/// What has become of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Fate {
    /// It can go on.
    Stays,
    /// It stands in the shared folder under its name; only the database does not know it yet.
    Placed,
    /// It is of no use any more.
    Ends,
}

/// Something to do with uploads.
#[derive(Debug)]
pub(in crate::store) enum Request {
    /// Look for an upload, and note a new one where there is none and the quota allows it; `gone`
    /// are those of the owner's files of which it was found that they don't stand there any more.
    Begin { ticket: JobId, announced: Announced, gone: Option<Vec<UploadId>> },
    /// Bring an upload to the disk.
    Sync { ticket: JobId, upload: UploadId, expected: Option<Sha256Sum> },
    /// Make an upload a file.
    Finish { ticket: JobId, upload: UploadId, message: Option<StoredMessage> },
    /// Note that an upload stands in the shared folder.
    Placed { ticket: JobId, upload: UploadId },
    /// Forget an upload.
    Drop { ticket: Option<JobId>, upload: UploadId },
    /// Look for uploads that were begun before a time.
    SelectOld { ticket: JobId, before: u64 },
    /// Note what has become of uploads that were begun before a time.
    Settle { ticket: Option<JobId>, fates: Vec<(UploadId, Fate)>, before: u64, more: bool },
    /// Note that files were removed.
    Swept { ids: Vec<UploadId> },
    /// Look for the message that sent a file.
    Find { ticket: JobId, message: MessageId },
    /// Open a file that was sent.
    Open { ticket: JobId, message: MessageId },
    /// Hash a file that was sent.
    Sum { ticket: JobId, message: MessageId },
}

/// How a request goes on.
#[derive(Debug)]
pub(in crate::store) enum Step {
    /// It is done.
    Done(Outcome),
    /// On a file thread.
    Task(Task),
    /// On a file thread, with this sent file.
    Sent(UploadId),
}

impl Request {
    /// Whose answer a failure is, where somebody waits for one.
    pub(in crate::store) fn ticket(&self) -> Option<JobId> {
        match self {
            Request::Begin { ticket, .. }
            | Request::Sync { ticket, .. }
            | Request::Finish { ticket, .. }
            | Request::Placed { ticket, .. }
            | Request::SelectOld { ticket, .. }
            | Request::Find { ticket, .. }
            | Request::Open { ticket, .. }
            | Request::Sum { ticket, .. } => Some(*ticket),
            Request::Drop { ticket, .. } | Request::Settle { ticket, .. } => *ticket,
            Request::Swept { .. } => None,
        }
    }

    /// Whether it needs the write lock.
    pub(in crate::store) fn writes(&self) -> bool {
        match self {
            Request::Begin { .. }
            | Request::Finish { .. }
            | Request::Placed { .. }
            | Request::Drop { .. }
            | Request::Settle { .. }
            | Request::Swept { .. } => true,
            Request::Sync { .. }
            | Request::SelectOld { .. }
            | Request::Find { .. }
            | Request::Open { .. }
            | Request::Sum { .. } => false,
        }
    }

    /// What the log calls it.
    pub(in crate::store) fn describe(&self) -> String {
        match self {
            Request::Begin { announced, .. } => format!("an upload of {}", announced.owner),
            Request::Sync { upload, .. }
            | Request::Finish { upload, .. }
            | Request::Placed { upload, .. }
            | Request::Drop { upload, .. } => format!("the upload {}", upload.0),
            Request::SelectOld { .. } | Request::Settle { .. } => "old uploads".to_owned(),
            Request::Swept { .. } => "the end of removed files".to_owned(),
            Request::Find { message, .. }
            | Request::Open { message, .. }
            | Request::Sum { message, .. } => format!("a look at the file {message}"),
        }
    }

    /// Does it, as far as the database goes.
    pub(in crate::store) fn run(
        &self,
        database: &Connection,
        recounts: &mut Recounts,
    ) -> rusqlite::Result<Step> {
        match self {
            Request::Begin { ticket, announced, gone } => {
                rows::begin(database, *ticket, announced, gone.as_deref(), recounts)
            }
            Request::Sync { ticket, upload, expected } => Ok(match rows::get(database, *upload)? {
                Some(upload) => {
                    let (ticket, expected) = (*ticket, *expected);
                    Step::Task(Task::Sync(SyncTask { ticket, upload, expected, is_reread: false }))
                }
                None => Step::Done(Err(Failure::NotFound)),
            }),
            Request::Finish { ticket, upload, message } => {
                rows::finish(database, *ticket, *upload, message.as_ref())
            }
            Request::Placed { upload, .. } => {
                rows::placed(database, *upload)?;
                Ok(Step::Done(Ok(Value::Done)))
            }
            Request::Drop { upload, .. } => {
                rows::drop_one(database, *upload)?;
                Ok(Step::Done(Ok(Value::Done)))
            }
            Request::SelectOld { ticket, before } => rows::select_old(database, *ticket, *before),
            Request::Settle { fates, before, more, .. } => {
                rows::settle(database, fates, *before)?;
                Ok(Step::Done(Ok(Value::Removed { more: *more })))
            }
            Request::Swept { ids } => {
                rows::swept(database, ids)?;
                Ok(Step::Done(Ok(Value::Done)))
            }
            Request::Find { message, .. } => rows::find(database, *message).map(Step::Done),
            Request::Open { message, .. } | Request::Sum { message, .. } => {
                Ok(match rows::sent_file(database, *message)? {
                    Some(file) => Step::Sent(file),
                    None => Step::Done(Err(Failure::NotFound)),
                })
            }
        }
    }
}

/// Files to remove, at most so many.
pub(in crate::store) fn garbage(database: &Connection, max: u32) -> rusqlite::Result<Vec<Garbage>> {
    rows::garbage(database, max)
}
