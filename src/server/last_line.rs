//! The last line that is sent on a connection before it is closed.

use crate::chat::answer::Answer;
use crate::chat::close::CloseReason;
use crate::chat::text::Reason;
use crate::protocol::wire::Wire;

/// The last line of a connection.
#[derive(Debug)]
pub enum LastLine {
    /// Nothing is sent.
    None,
    /// The reply to a request.
    Answer(Answer),
    /// The reason for which the connection is closed.
    Closing {
        /// The reason.
        reason: CloseReason,
        /// The text that an administrator gave.
        words: Option<Reason>,
        /// The number of seconds after which the client is asked to reconnect.
        come_back_in: Option<u32>,
    },
}

impl LastLine {
    /// The line for a reason, without a text or a time to reconnect.
    pub fn of(reason: CloseReason) -> Self {
        LastLine::Closing { reason, words: None, come_back_in: None }
    }

    /// Encodes the line with the connection's codec, and appends it to `out`.
    pub fn encode(&self, wire: &mut Wire, out: &mut Vec<u8>) {
        match self {
            LastLine::None => {}
            LastLine::Answer(answer) => wire.answer(answer, out),
            LastLine::Closing { reason, words, come_back_in } => {
                wire.close(*reason, words.as_ref(), *come_back_in, out);
            }
        }
    }
}
