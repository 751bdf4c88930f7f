//! Requests to the database thread: the work of each in a transaction, and its next step.
//!
//! The database thread does not depend on their kinds. A new kind is a variant of [`StoreRequest`],
//! and an `impl` of [`RequestKind`] in a module of its own.

mod accounts;
mod exports;
mod groups;
mod history;
mod kind;
mod messages;
mod moderation;
mod personal;
mod recounts;
mod search;
mod tasks;
mod uploads;

pub(super) use accounts::AccountRequest;
pub(super) use exports::ExportRequest;
pub(super) use groups::GroupRequest;
pub(super) use history::{HistoryQuery, HistoryRequest};
pub(super) use kind::{Context, Step};
pub(super) use messages::MessageRequest;
pub(super) use moderation::ModerationRequest;
pub(super) use personal::PersonalRequest;
pub(super) use search::SearchRequest;
pub(super) use tasks::{
    ExportRead, ExportWrite, Recounted, RemovalTask, SyncTask, UploadDraft, UploadTask,
};
pub(super) use uploads::UploadRequest;

use rusqlite::Connection;

use self::kind::RequestKind;
use crate::chat::refusal::Failure;
use crate::hub::job::{JobId, Outcome};

/// A request to the database thread, to read or to write.
#[derive(Debug)]
pub(super) enum StoreRequest {
    /// About an account. Without a job, nobody waits for the outcome.
    Account { job: Option<JobId>, request: AccountRequest },
    /// Of an administrator, or of nobody.
    Moderation { job: JobId, request: ModerationRequest },
    /// About a group.
    Group { job: JobId, request: GroupRequest },
    /// About messages.
    Message { job: JobId, request: MessageRequest },
    /// About uploads and sent files.
    Upload(UploadRequest),
    /// About what users want of others, or their end.
    Personal { job: JobId, request: PersonalRequest },
    /// About an export. Without a job, nobody waits for the outcome.
    Export { job: Option<JobId>, request: ExportRequest },
    /// To read messages, which begins once all requests before it are committed.
    History(HistoryRequest),
    /// A search, which begins once all requests before it are committed.
    Search(SearchRequest),
}

impl StoreRequest {
    /// The job that gets the outcome, if there is one.
    pub(super) fn job(&self) -> Option<JobId> {
        match self {
            StoreRequest::Account { job, .. } | StoreRequest::Export { job, .. } => *job,
            StoreRequest::Group { job, .. } | StoreRequest::Message { job, .. } => Some(*job),
            StoreRequest::Moderation { job, .. } => Some(*job),
            StoreRequest::Personal { job, .. } => Some(*job),
            StoreRequest::Upload(request) => request.job(),
            StoreRequest::History(request) => Some(request.job),
            StoreRequest::Search(request) => Some(request.job),
        }
    }

    /// See [`RequestKind::writes`].
    pub(super) fn writes(&self) -> bool {
        self.kind().writes()
    }

    /// See [`RequestKind::changes_messages`].
    pub(super) fn changes_messages(&self) -> bool {
        self.kind().changes_messages()
    }

    /// See [`RequestKind::leaves_remains`].
    pub(super) fn leaves_remains(&self) -> bool {
        self.kind().leaves_remains()
    }

    /// See [`RequestKind::ends_sweep`].
    pub(super) fn ends_sweep(&self) -> bool {
        self.kind().ends_sweep()
    }

    /// A short description for the log.
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

    /// The outcome of the job if the request fails.
    pub(super) fn refuse(&self, failure: Failure) -> Outcome {
        self.kind().refuse(failure)
    }

    fn kind(&self) -> &dyn RequestKind {
        match self {
            StoreRequest::Account { request, .. } => request,
            StoreRequest::Moderation { request, .. } => request,
            StoreRequest::Group { request, .. } => request,
            StoreRequest::Message { request, .. } => request,
            StoreRequest::Personal { request, .. } => request,
            StoreRequest::Export { request, .. } => request,
            StoreRequest::Upload(request) => request,
            StoreRequest::History(request) => request,
            StoreRequest::Search(request) => request,
        }
    }
}
