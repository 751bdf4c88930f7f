//! Requests about exports: all that is a user's own, as a file that is sent to that user.
//!
//! The database has a row for every export before its file is created, and until the file is
//! removed, so no file is orphaned, whenever the server stops. An export that was not sent by then
//! is begun again.

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use super::tasks::{ExportRead, UploadTask};
use crate::chat::id::UploadId;
use crate::chat::message::StoredMessage;
use crate::chat::name::Number;
use crate::chat::refusal::Failure;
use crate::hub::job::{JobId, Value};
use crate::store::rows::{exports, files, messages};

/// A request about exports.
#[derive(Debug)]
pub(in crate::store) enum ExportRequest {
    /// Store that a user asked for an export, and look if there is room for one.
    Keep { job: JobId, owner: Number, asked: u64 },
    /// Write some of an export.
    Write(ExportRead),
    /// Store that an export was sent.
    Finish { file: UploadId, message: StoredMessage },
    /// Remove an export, with the message that sent it.
    End { file: UploadId },
}

impl RequestKind for ExportRequest {
    fn writes(&self) -> bool {
        !matches!(self, ExportRequest::Write(_))
    }

    fn describe(&self) -> String {
        match self {
            ExportRequest::Keep { owner, .. } => format!("an export of {owner}"),
            ExportRequest::Write(read) => format!("an export of {}", read.export.owner),
            ExportRequest::Finish { file, .. } => format!("the export {}", file.0),
            ExportRequest::End { file } => format!("the end of the export {}", file.0),
        }
    }

    fn run(&self, database: &Connection, _context: &mut Context) -> rusqlite::Result<Step> {
        match self {
            ExportRequest::Keep { job, owner, asked } => {
                let export = exports::insert(database, *owner, *asked)?;
                Ok(Step::Upload(UploadTask::BeginExport { job: *job, file: export.file }))
            }
            ExportRequest::Write(read) => {
                if !exports::is_to_be_made(database, read.export.file)? {
                    return Ok(NOT_FOUND);
                }
                Ok(Step::Export(*read))
            }
            ExportRequest::Finish { file, message } => {
                let Some(size) = message.file_size else {
                    return Ok(Step::Done(Err(Failure::Failed)));
                };
                if !exports::is_to_be_made(database, *file)? {
                    return Ok(NOT_FOUND);
                }
                messages::keep(database, message)?;
                files::keep_sent(database, message, *file, size)?;
                exports::sent(database, *file, message)?;
                Ok(Step::Done(Ok(Value::Done)))
            }
            ExportRequest::End { file } => {
                exports::end(database, *file)?;
                Ok(Step::Done(Ok(Value::Done)))
            }
        }
    }

    fn changes_messages(&self) -> bool {
        matches!(self, ExportRequest::Finish { .. } | ExportRequest::End { .. })
    }

    fn leaves_remains(&self) -> bool {
        matches!(self, ExportRequest::End { .. })
    }
}

/// The step of a request about an export that is not to be made.
const NOT_FOUND: Step = Step::Done(Err(Failure::NotFound));
