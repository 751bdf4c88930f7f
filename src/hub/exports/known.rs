//! What is known of an export of which something is on disk.

use crate::chat::export::{Export, ExportPart};
use crate::chat::id::{MessageId, UploadId};
use crate::chat::name::Number;

/// The key of an export: its owner and its file.
pub type ExportKey = (Number, UploadId);

/// An export of which something is on disk.
#[derive(Debug)]
pub struct KnownExport {
    pub export: Export,
    pub state: ExportState,
    /// How often the making of it has failed.
    pub failures: u32,
    /// True while a job of it is under way.
    pub is_busy: bool,
}

/// The state of an export.
#[derive(Clone, Copy, Debug)]
pub enum ExportState {
    /// It is to be made.
    Asked,
    /// It is written from this part on, behind so many bytes.
    Written { part: ExportPart, at: u64, until: MessageId },
    /// It is whole, and has so many bytes.
    Whole(u64),
    /// It was sent, with so many bytes.
    Sent(MessageId, u64),
    /// It is to go, with the message that sent it, and so many bytes.
    Ends(Option<(MessageId, u64)>),
}

impl KnownExport {
    /// An export with which nothing was done yet.
    pub fn new(export: Export, state: ExportState) -> Self {
        KnownExport { export, state, failures: 0, is_busy: false }
    }

    pub fn key(&self) -> ExportKey {
        (self.export.owner, self.export.file)
    }

    /// Returns true if it takes one of the places of those that are being made.
    pub fn is_being_made(&self) -> bool {
        matches!(self.state, ExportState::Written { .. } | ExportState::Whole(_))
    }

    /// The message that sent it, if one did, and its size in bytes.
    pub fn sent(&self) -> Option<(MessageId, u64)> {
        match self.state {
            ExportState::Sent(message, size) => Some((message, size)),
            ExportState::Ends(sent) => sent,
            ExportState::Asked | ExportState::Written { .. } | ExportState::Whole(_) => None,
        }
    }
}
