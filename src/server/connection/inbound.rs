//! What was read of one connection and not handled.

/// What is left over of the input of one connection.
#[derive(Debug, Default)]
pub struct Inbound {
    /// An unfinished line, or what the connection has to wait with. As long as it is: most
    /// connections have none.
    leftover: Box<[u8]>,
}

impl Inbound {
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
}
