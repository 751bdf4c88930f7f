//! The codec of one connection, whichever protocol its client speaks.

use super::heard::Heard;
use super::native;
use crate::chat::answer::{Answer, Item};
use crate::chat::close::CloseReason;
use crate::chat::event::Event;
use crate::chat::kind::Kind;
use crate::chat::text::Reason;

/// The codec of one connection. It knows the lines that were exchanged, and nothing of the chat.
#[derive(Debug)]
pub enum Wire {
    /// chatsrv's own protocol.
    Native(native::codec::Codec),
}

/// A form of a protocol. All codecs of one variant encode an event to the same bytes, so it is
/// encoded once for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Variant(u8);

impl Variant {
    /// The native protocol of every client.
    pub const NATIVE: Variant = Variant(0);
    /// The native protocol with its later additions, for clients that asked for them.
    pub const NATIVE_MORE: Variant = Variant(1);
    /// The number of variants.
    pub const COUNT: usize = 2;

    /// The index among all variants, below [`COUNT`](Self::COUNT).
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl Wire {
    /// Creates the codec of a new connection that speaks the native protocol.
    pub fn native() -> Self {
        Wire::Native(native::codec::Codec::default())
    }

    /// Decodes the start of `input`, and returns the number of bytes that are consumed. The next
    /// call must offer the rest, and may offer more behind it. If nothing was heard, more bytes are
    /// needed. A codec may also make a request by itself; then it consumes no byte.
    pub fn decode<'a>(&mut self, input: &'a [u8]) -> (usize, Option<Heard<'a>>) {
        match self {
            Wire::Native(codec) => codec.decode(input),
        }
    }

    /// Returns true if the input so far ends between two frames.
    pub fn is_between_frames(&self) -> bool {
        match self {
            Wire::Native(codec) => codec.is_between_frames(),
        }
    }

    /// Appends the bytes of an answer, which may be none or several lines, and goes on with the
    /// dialogue that waits for it. The answers must come in the order in which the hub gave them.
    pub fn answer(&mut self, answer: &Answer, out: &mut Vec<u8>) {
        match self {
            Wire::Native(codec) => codec.answer(answer, out),
        }
    }

    /// Notes that the session is logged in, before that is answered.
    pub fn logged_in(&mut self) {
        match self {
            Wire::Native(codec) => codec.logged_in(),
        }
    }

    /// Appends the head of a list of `count` items.
    pub fn list_head(&mut self, of: Kind, count: usize, out: &mut Vec<u8>) {
        match self {
            Wire::Native(codec) => codec.list_head(of, count, out),
        }
    }

    /// Appends an item of a list.
    pub fn list_item(&mut self, of: Kind, item: &Item, out: &mut Vec<u8>) {
        match self {
            Wire::Native(codec) => codec.list_item(of, item, out),
        }
    }

    /// Appends the last line of a connection that the server closes, if it is not an answer.
    pub fn close(
        &mut self,
        reason: CloseReason,
        words: Option<&Reason>,
        come_back_in: Option<u32>,
        out: &mut Vec<u8>,
    ) {
        match self {
            Wire::Native(codec) => codec.close(reason, words, come_back_in, out),
        }
    }

    /// Appends the header of a chunk of a file; a length of 0 ends the stream.
    pub fn chunk_header(&self, stream: u32, length: usize, out: &mut Vec<u8>) {
        match self {
            Wire::Native(codec) => codec.chunk_header(stream, length, out),
        }
    }

    /// The variant in which the connection reads events.
    pub fn variant(&self) -> Variant {
        match self {
            Wire::Native(codec) if codec.tells_more() => Variant::NATIVE_MORE,
            Wire::Native(_) => Variant::NATIVE,
        }
    }
}

/// Appends the bytes of an event for all readers of a variant; none if they are not told of it.
pub fn encode(event: &Event, variant: Variant, out: &mut Vec<u8>) {
    match variant {
        Variant::NATIVE => native::write::event(event, false, out),
        Variant::NATIVE_MORE => native::write::event(event, true, out),
        other => debug_assert!(false, "nobody reads {other:?}"),
    }
}
