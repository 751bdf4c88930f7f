//! Tasks of the file-writing threads, and of the history threads for exports, as follow-up steps of
//! requests to the database.

use rusqlite::Connection;

use crate::chat::export::{Export, ExportPart};
use crate::chat::file::FileTarget;
use crate::chat::id::{MessageId, UploadId};
use crate::chat::name::{FileName, Number};
use crate::chat::sha256::Sha256Sum;
use crate::hub::job::JobId;
use crate::store::rows::files::{Garbage, OwnFile};
use crate::store::rows::history::Viewer;
use crate::store::rows::own::{self, OwnRows};
use crate::store::rows::uploads::UploadRecord;

/// An upload as it was announced, before it has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct UploadDraft {
    /// The user.
    pub(in crate::store) owner: Number,
    /// Where the file is to go.
    pub(in crate::store) place: FileTarget,
    /// The size in bytes.
    pub(in crate::store) size: u64,
    /// The largest number of bytes that all of the owner's files and uploads may take.
    pub(in crate::store) quota: u64,
}

/// A task of a file-writing thread: the follow-up step of a request to the database.
#[derive(Debug)]
pub(in crate::store) enum UploadTask {
    /// Open the part file of an upload.
    Begin { job: JobId, upload: UploadRecord, is_new: bool },
    /// Check which of some of a user's files are still in the shared folder, up to the last of
    /// them, and begin the upload again.
    Recount { job: JobId, announced: UploadDraft, files: Vec<OwnFile>, up_to: UploadId },
    /// Sync an upload to disk.
    Sync(SyncTask),
    /// Rename an upload to its name in the shared folder.
    Place { job: JobId, upload: UploadRecord },
    /// Decide what happens to uploads that were begun before a time.
    LookAtOld { job: JobId, uploads: Vec<UploadRecord>, before: u64, more: bool },
    /// Remove files.
    Sweep(Vec<Garbage>),
    /// Remove a file or an empty folder of the shared folder.
    Remove(RemovalTask),
    /// Create the file of an export, if there is room for one.
    BeginExport { job: JobId, file: UploadId },
    /// Write some of an export.
    WriteExport(ExportWrite),
}

/// What is to be read for an export.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct ExportRead {
    /// The job that gets the outcome.
    pub(in crate::store) job: JobId,
    pub(in crate::store) export: Export,
    pub(in crate::store) part: ExportPart,
    /// Where it is written.
    pub(in crate::store) at: u64,
    /// The newest message that is read.
    pub(in crate::store) until: MessageId,
}

impl ExportRead {
    /// Reads it, as one snapshot if that is a transaction.
    pub(in crate::store) fn read(&self, database: &Connection) -> rusqlite::Result<OwnRows> {
        let viewer = Viewer { until: self.until, ..Viewer::of_all(self.export.owner) };
        own::read(database, viewer, self.part)
    }

    /// What is to be written of it.
    pub(in crate::store) fn write(&self, rows: OwnRows) -> UploadTask {
        let ExportRead { job, export, at, .. } = *self;
        UploadTask::WriteExport(ExportWrite { job, file: export.file, at, rows })
    }
}

/// Some of an export that is to be written.
#[derive(Debug)]
pub(in crate::store) struct ExportWrite {
    /// The job that gets the outcome.
    pub(in crate::store) job: JobId,
    pub(in crate::store) file: UploadId,
    /// Where it is written. What is behind that is dropped.
    pub(in crate::store) at: u64,
    /// What is written.
    pub(in crate::store) rows: OwnRows,
}

/// A file or an empty folder of the shared folder to remove.
#[derive(Debug)]
pub(in crate::store) struct RemovalTask {
    /// The job that gets the outcome.
    pub(in crate::store) job: JobId,
    pub(in crate::store) name: FileName,
    /// The file of that name that a user uploaded: the one who asks, or anybody, if `since` is
    /// none.
    pub(in crate::store) uploaded: Option<OwnFile>,
    /// The time since which that file has to have been uploaded, in seconds since the Unix epoch;
    /// none if whatever has that name may be removed.
    pub(in crate::store) since: Option<u64>,
}

/// What a step of a recount found.
#[derive(Debug)]
pub(in crate::store) struct Recounted {
    /// The files that are not in the shared folder any more.
    pub(in crate::store) gone: Vec<UploadId>,
    /// The last file that was looked at.
    pub(in crate::store) up_to: UploadId,
}

/// An upload to sync to disk.
#[derive(Debug)]
pub(in crate::store) struct SyncTask {
    /// The job that gets the outcome.
    pub(in crate::store) job: JobId,
    pub(in crate::store) upload: UploadRecord,
    /// The SHA-256 sum that the client expects, if it sent one.
    pub(in crate::store) expected: Option<Sha256Sum>,
    /// Whether the file was already read to compute its sum.
    pub(in crate::store) is_reread: bool,
}
