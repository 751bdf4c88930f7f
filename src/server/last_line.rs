//! What is said last on a connection that ends.

use crate::chat::answer::Answer;
use crate::chat::close::CloseReason;
use crate::chat::text::Reason;
use crate::protocol::wire::Wire;

/// The last line of a connection.
#[derive(Debug)]
pub enum LastLine {
    /// None.
    None,
    /// The answer to something that was asked for.
    Answer(Answer),
    /// Why the connection ends, where its reader is told.
    Closing {
        /// Why.
        reason: CloseReason,
        /// What an administrator said about it.
        words: Option<Reason>,
        /// After how many seconds the client is asked to come back.
        come_back_in: Option<u32>,
    },
}

impl LastLine {
    /// The line that tells a reason.
    pub fn of(reason: CloseReason) -> Self {
        LastLine::Closing { reason, words: None, come_back_in: None }
    }

    /// Appends the line as a codec writes it.
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
