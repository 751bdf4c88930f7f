//! The input buffer of one connection: bytes that were read and not handled yet.

/// The input buffer of one connection.
#[derive(Debug, Default)]
pub struct Inbound {
    /// An incomplete frame, or input that was paused. It has no spare capacity, and most
    /// connections have none at all.
    leftover: Box<[u8]>,
}

impl Inbound {
    /// The number of bytes in the buffer.
    pub fn len(&self) -> usize {
        self.leftover.len()
    }

    /// Moves the bytes to the start of `buffer`, and returns how many there were.
    pub fn take_leftover(&mut self, buffer: &mut [u8]) -> usize {
        let leftover = std::mem::take(&mut self.leftover);
        buffer[..leftover.len()].copy_from_slice(&leftover);
        leftover.len()
    }

    /// Stores what was not handled. The buffer must be empty.
    pub fn keep(&mut self, leftover: &[u8]) {
        self.leftover = leftover.into();
    }

    /// Drops the bytes.
    pub fn clear(&mut self) {
        self.leftover = Box::default();
    }
}
