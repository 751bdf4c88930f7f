//! One line for the person who reads: its text and what it is.

use super::safe_text::SafeText;

/// What a line is, which decides its colour and, in a pipe, where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A message to everyone or to a group.
    Message,
    /// A message to this user alone.
    Direct,
    /// What this user said.
    Own,
    /// What the server or the client tells unasked.
    Notice,
    /// A part of the answer to a command.
    Answer,
    /// Something went wrong and may yet come right. In a pipe it goes to standard error.
    Warning,
    /// Something failed. In a pipe it goes to standard error, and the exit code tells it too.
    Error,
}

/// A line to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub kind: LineKind,
    /// What it says.
    pub text: SafeText,
}

impl Line {
    /// A line that the server or the client tells unasked.
    pub fn notice(text: SafeText) -> Self {
        Line { kind: LineKind::Notice, text }
    }

    /// A part of an answer.
    pub fn answer(text: SafeText) -> Self {
        Line { kind: LineKind::Answer, text }
    }

    /// Something that may yet come right.
    pub fn warning(text: SafeText) -> Self {
        Line { kind: LineKind::Warning, text }
    }

    /// A failure.
    pub fn error(text: SafeText) -> Self {
        Line { kind: LineKind::Error, text }
    }
}
