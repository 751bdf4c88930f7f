//! One connection's codec, whichever protocol its client speaks.

use super::heard::Heard;
use super::native;
use crate::chat::answer::{Answer, Item};
use crate::chat::close::CloseReason;
use crate::chat::event::Event;
use crate::chat::request::Kind;
use crate::chat::text::Reason;

/// The codec of one connection. It knows what was said to it and nothing of the chat.
#[derive(Debug)]
pub enum Wire {
    /// chatsrv's own protocol.
    Native(native::codec::Codec),
}

/// A form of a protocol: all whose codecs have the same variant read the same bytes of an event, so
/// that it is encoded once for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Variant(u8);

impl Variant {
    /// The native protocol, as every client of it knows it.
    pub const NATIVE: Variant = Variant(0);
    /// The native protocol with what came to it later.
    pub const NATIVE_MORE: Variant = Variant(1);
    /// How many variants there are.
    pub const COUNT: usize = 2;

    /// Its place among all variants, below [`COUNT`](Self::COUNT).
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl Wire {
    /// A new connection's codec of the native protocol.
    pub fn native() -> Self {
        Wire::Native(native::codec::Codec::default())
    }

    /// Takes what is at the start of `input`, and tells how many bytes of it are done with. The
    /// next call must offer the rest, and may offer more behind it. With nothing heard, more bytes
    /// are needed. A codec may also ask for something by itself: then it takes no byte.
    pub fn decode<'a>(&mut self, input: &'a [u8]) -> (usize, Option<Heard<'a>>) {
        match self {
            Wire::Native(codec) => codec.decode(input),
        }
    }

    /// Appends the bytes of an answer, which may be none or several lines, and goes on with the
    /// dialogue that waits for it. The answers must come in the order in which the hub gave
    /// them.
    pub fn answer(&mut self, answer: &Answer, out: &mut Vec<u8>) {
        match self {
            Wire::Native(codec) => codec.answer(answer, out),
        }
    }

    /// Appends what heads a list of so many items.
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

    /// Appends what is said last on a connection that the server closes, where no answer is that.
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

    /// Appends what stands before the bytes of a file's chunk; a length of 0 ends the stream.
    pub fn chunk_header(&self, stream: u32, length: usize, out: &mut Vec<u8>) {
        match self {
            Wire::Native(codec) => codec.chunk_header(stream, length, out),
        }
    }

    /// In which form the connection reads events.
    pub fn variant(&self) -> Variant {
        match self {
            Wire::Native(codec) if codec.tells_more() => Variant::NATIVE_MORE,
            Wire::Native(_) => Variant::NATIVE,
        }
    }
}

/// Appends the bytes of an event for all who read a variant; none where they are not told of it.
pub fn encode(event: &Event, variant: Variant, out: &mut Vec<u8>) {
    match variant {
        Variant::NATIVE | Variant::NATIVE_MORE => native::write::event(event, out),
        other => debug_assert!(false, "nobody reads {other:?}"),
    }
}
