//! What a codec makes of the bytes that come.

use crate::chat::refusal::Refusal;
use crate::chat::request::{Kind, Request};

/// What a client said.
#[derive(Debug)]
pub enum Heard<'a> {
    /// A whole request.
    Asked(Request),
    /// Something that can't be carried out as it was sent. It is answered in its turn all the same.
    Refused(Kind, Refusal),
    /// Bytes of a file, never none.
    Bytes {
        /// The stream that they belong to.
        stream: u32,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// The end of a file.
    End {
        /// The stream that ended.
        stream: u32,
    },
}
