//! A line of output: safe text and its kind.

use super::safe_text::SafeText;

/// The kind of a line, which decides its colour and, in a pipe, the stream that it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A message to everyone or to a group.
    Message,
    /// A message to this user alone.
    Direct,
    /// A message of this user.
    Own,
    /// An event or another notice, which is not an answer to a command.
    Notice,
    /// A line of the answer to a command.
    Answer,
    /// A problem that may yet be solved. In a pipe it goes to standard error.
    Warning,
    /// A failure. In a pipe it goes to standard error, and the exit code tells it too.
    Error,
}

/// A line of output, which may have several rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its kind.
    pub kind: LineKind,
    /// Its text.
    pub text: SafeText,
}

impl Line {
    /// Creates a [notice](LineKind::Notice).
    pub fn notice(text: SafeText) -> Self {
        Line { kind: LineKind::Notice, text }
    }

    /// Creates a line of an [answer](LineKind::Answer).
    pub fn answer(text: SafeText) -> Self {
        Line { kind: LineKind::Answer, text }
    }

    /// Creates a [warning](LineKind::Warning).
    pub fn warning(text: SafeText) -> Self {
        Line { kind: LineKind::Warning, text }
    }

    /// Creates an [error](LineKind::Error).
    pub fn error(text: SafeText) -> Self {
        Line { kind: LineKind::Error, text }
    }
}
