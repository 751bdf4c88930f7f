//! Requests to the database thread: what runs in its transactions, and how each goes on.
//!
//! The thread knows no kind of them. A new one is a variant here, and an `impl` of [`RequestKind`]
//! beside the others.

mod accounts;
mod groups;
mod kind;
mod messages;
mod recounts;
mod search;
mod tasks;
mod uploads;

pub(super) use accounts::AccountRequest;
pub(super) use groups::GroupRequest;
pub(super) use kind::{Context, Step};
pub(super) use messages::MessageRequest;
pub(super) use search::SearchRequest;
pub(super) use tasks::{SyncTask, UploadDraft, UploadTask};
pub(super) use uploads::UploadRequest;

use rusqlite::Connection;

use self::kind::RequestKind;
use crate::chat::refusal::Failure;
use crate::hub::job::{JobId, Outcome};

/// A request to the database thread: something to read or write.
#[derive(Debug)]
pub(super) enum StoreRequest {
    /// About an account; for a job, but for what is done in nobody's name.
    Account { job: Option<JobId>, request: AccountRequest },
    /// About a group.
    Group { job: JobId, request: GroupRequest },
    /// About messages.
    Message { job: JobId, request: MessageRequest },
    /// About uploads and sent files.
    Upload(UploadRequest),
    /// A search, which begins once all before it is committed.
    Search(SearchRequest),
}

impl StoreRequest {
    /// The job whose outcome it is, where somebody waits for one.
    pub(super) fn job(&self) -> Option<JobId> {
        match self {
            StoreRequest::Account { job, .. } => *job,
            StoreRequest::Group { job, .. } | StoreRequest::Message { job, .. } => Some(*job),
            StoreRequest::Upload(request) => request.job(),
            StoreRequest::Search(request) => Some(request.job),
        }
    }

    /// Whether it needs the write lock.
    pub(super) fn writes(&self) -> bool {
        self.kind().writes()
    }

    /// Whether the search has to follow.
    pub(super) fn changes_messages(&self) -> bool {
        self.kind().changes_messages()
    }

    /// Whether it may leave something that is removed later.
    pub(super) fn leaves_remains(&self) -> bool {
        self.kind().leaves_remains()
    }

    /// Whether the files that were handed out to be removed are gone with it.
    pub(super) fn ends_sweep(&self) -> bool {
        self.kind().ends_sweep()
    }

    /// What the log calls it.
    pub(super) fn describe(&self) -> String {
        self.kind().describe()
    }

    /// Runs it in a transaction. It may run several times, until one is committed.
    pub(super) fn run(
        &self,
        database: &Connection,
        context: &mut Context,
    ) -> rusqlite::Result<Step> {
        self.kind().run(database, context)
    }

    /// What whoever asked hears where it failed.
    pub(super) fn refuse(&self, failure: Failure) -> Outcome {
        self.kind().refuse(failure)
    }

    fn kind(&self) -> &dyn RequestKind {
        match self {
            StoreRequest::Account { request, .. } => request,
            StoreRequest::Group { request, .. } => request,
            StoreRequest::Message { request, .. } => request,
            StoreRequest::Upload(request) => request,
            StoreRequest::Search(request) => request,
        }
    }
}
