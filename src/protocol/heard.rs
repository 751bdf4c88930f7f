//! The result of decoding the bytes of a client.

use crate::chat::kind::Kind;
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;

/// A part of a client's input: a request, or a part of a file.
#[derive(Debug)]
pub enum Heard<'a> {
    /// A complete request.
    Asked(Request),
    /// A request that can't be carried out as it was sent. It is answered in order all the same.
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
    /// An empty line, which asks for nothing.
    Nothing,
}
