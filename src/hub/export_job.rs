//! Jobs on exports: what the store does of one, in steps.

use crate::chat::export::{Export, ExportPart};
use crate::chat::id::{MessageId, UploadId};
use crate::chat::message::StoredMessage;
use crate::chat::name::Number;

/// A job on an export.
#[derive(Clone, Debug)]
pub enum ExportJob {
    /// Keep that a user asked for an export, if there is room for one. The outcome is
    /// [`Value::ExportKept`](crate::hub::job::Value::ExportKept).
    Keep {
        /// The user.
        owner: Number,
        /// The time, in seconds since the Unix epoch.
        asked: u64,
    },
    /// Write some of an export. The outcome is
    /// [`Value::ExportWritten`](crate::hub::job::Value::ExportWritten).
    Write {
        /// The export.
        export: Export,
        /// What is written next.
        part: ExportPart,
        /// The number of bytes that are written already. What is behind them is dropped.
        at: u64,
        /// The newest message that it holds.
        until: MessageId,
    },
    /// Send an export that is written to its end, with that message. This is done in turn with
    /// [`Job::KeepMessage`](crate::hub::job::Job::KeepMessage).
    Finish {
        /// The file.
        file: UploadId,
        /// The message.
        message: StoredMessage,
    },
    /// Remove an export, with the message that sent it.
    End {
        /// The file.
        file: UploadId,
        /// The message, if it was sent.
        message: Option<MessageId>,
    },
}
