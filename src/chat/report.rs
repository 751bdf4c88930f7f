//! Reports: what users tell the administrators of others.

use crate::chat::id::MessageId;
use crate::chat::name::Number;
use crate::chat::text::Reason;

/// A report of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The number of the report. Numbers rise, and none is used twice.
    pub number: u32,
    /// The time at which it came, in seconds since the Unix epoch.
    pub time: u64,
    /// The user who reports.
    pub reporter: Number,
    /// The user who is reported.
    pub user: Number,
    /// The message that it is about, if it is about one.
    pub message: Option<MessageId>,
    /// The words of the reporter.
    pub reason: Reason,
}
