//! What was read of one connection and not handled.

use crate::protocol::native::CLIENT_LINE_BYTES_MAX;
use crate::protocol::native::frame::{Decoder, Frame};

/// The input of one connection: what cuts it into frames, and what is left over.
#[derive(Debug)]
pub struct Inbound {
    decoder: Decoder,
    /// An unfinished line, or what the connection has to wait with. As long as it is: most
    /// connections have none.
    leftover: Box<[u8]>,
}

impl Inbound {
    /// The input of a connection of which nothing was read.
    pub fn new() -> Self {
        Inbound { decoder: Decoder::new(CLIENT_LINE_BYTES_MAX), leftover: Box::default() }
    }

    /// Bytes that are left over.
    pub fn len(&self) -> usize {
        self.leftover.len()
    }

    /// Moves what is left over to the start of `buffer`, and tells how much that was.
    pub fn take_leftover(&mut self, buffer: &mut [u8]) -> usize {
        let leftover = std::mem::take(&mut self.leftover);
        buffer[..leftover.len()].copy_from_slice(&leftover);
        leftover.len()
    }

    /// Keeps what is left over, of which there is nothing before.
    pub fn keep(&mut self, leftover: &[u8]) {
        self.leftover = leftover.into();
    }

    /// Forgets what is left over.
    pub fn clear(&mut self) {
        self.leftover = Box::default();
    }

    /// Cuts the next frame off; see [`Decoder::decode`].
    #[inline]
    pub fn decode<'a>(&mut self, input: &'a [u8]) -> (usize, Option<Frame<'a>>) {
        self.decoder.decode(input)
    }
}
