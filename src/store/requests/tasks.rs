//! Tasks for the threads that write files, as requests of the database leave them.

use crate::chat::file::FileTarget;
use crate::chat::name::Number;
use crate::chat::sha256::Sha256Sum;
use crate::hub::job::JobId;
use crate::store::rows::files::{Garbage, OwnFile};
use crate::store::rows::uploads::UploadRecord;

/// An upload as it was announced, before it has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct UploadDraft {
    /// Whose.
    pub(in crate::store) owner: Number,
    /// Where it goes.
    pub(in crate::store) place: FileTarget,
    /// Bytes.
    pub(in crate::store) size: u64,
    /// How many bytes all of the owner's files and uploads may have.
    pub(in crate::store) quota: u64,
}

/// A task for a thread that writes files: what a request of the database leaves to do.
#[derive(Debug)]
pub(in crate::store) enum UploadTask {
    /// Open a part.
    Begin { job: JobId, upload: UploadRecord, is_new: bool },
    /// Look which of a user's files still stand in the shared folder, and begin again.
    Recount { job: JobId, announced: UploadDraft, files: Vec<OwnFile> },
    /// Bring an upload to the disk.
    Sync(SyncTask),
    /// Give an upload its name in the shared folder.
    Place { job: JobId, upload: UploadRecord },
    /// Look what has become of uploads that were begun before a time.
    LookAtOld { job: JobId, uploads: Vec<UploadRecord>, before: u64, more: bool },
    /// Remove files.
    Sweep(Vec<Garbage>),
}

/// An upload to bring to the disk.
#[derive(Debug)]
pub(in crate::store) struct SyncTask {
    /// Whose outcome it is.
    pub(in crate::store) job: JobId,
    pub(in crate::store) upload: UploadRecord,
    /// The sum that it is to have, where its sender told one.
    pub(in crate::store) expected: Option<Sha256Sum>,
    /// Whether it was read for its sum.
    pub(in crate::store) is_reread: bool,
}
