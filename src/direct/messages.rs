//! The framing of Noise messages: each is preceded by its length, two bytes in big-endian order.

/// The size of the length, in bytes.
const LENGTH_BYTES: usize = 2;

/// An input buffer of one connection, from which complete messages are taken. It holds at most one
/// incomplete message, of up to 65,535 bytes, and what was read last.
#[derive(Debug, Default)]
pub struct MessageBuffer {
    bytes: Vec<u8>,
    /// The number of bytes at the start that were taken.
    taken: usize,
}

impl MessageBuffer {
    /// Appends bytes that were read.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The length of the next message by its prefix, in bytes; `None` if that is not complete.
    pub fn next_length(&self) -> Option<usize> {
        let length = self.bytes[self.taken..].first_chunk::<LENGTH_BYTES>()?;
        Some(usize::from(u16::from_be_bytes(*length)))
    }

    /// Takes the next message; `None` if it is not complete.
    pub fn next_message(&mut self) -> Option<&[u8]> {
        let start = self.taken + LENGTH_BYTES;
        let end = start + self.next_length()?;
        let message = self.bytes.get(start..end)?;
        self.taken = end;
        Some(message)
    }

    /// The next message, which stays in the buffer; `None` if it is not complete.
    pub fn peek(&self) -> Option<&[u8]> {
        let start = self.taken + LENGTH_BYTES;
        self.bytes.get(start..start + self.next_length()?)
    }

    /// Returns true if the buffer holds a part of a message.
    pub fn is_within_message(&self) -> bool {
        self.taken < self.bytes.len()
    }
}

/// Appends a message to `out`, preceded by its length. A message longer than 65,535 bytes, which no
/// cipher of Noise makes, is cut.
///
/// # Panics
/// In debug builds, if the message is longer than 65,535 bytes.
pub fn encode(message: &[u8], out: &mut Vec<u8>) {
    debug_assert!(message.len() <= usize::from(u16::MAX));
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&message[..usize::from(length)]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn the_longest_message_passes() {
        let message = vec![7; usize::from(u16::MAX)];
        let mut wire = Vec::new();
        encode(&message, &mut wire);
        let mut messages = MessageBuffer::default();
        messages.extend(&wire[..wire.len() - 1]);
        assert_eq!(messages.next_message(), None);
        assert!(messages.is_within_message());
        messages.extend(&wire[wire.len() - 1..]);
        assert_eq!(messages.next_message(), Some(&message[..]));
        assert!(!messages.is_within_message());
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_messages(
            sent in vec(vec(any::<u8>(), 0..300), 0..8),
            sizes in vec(1usize..200, 1..40),
        ) {
            let mut wire = Vec::new();
            sent.iter().for_each(|message| encode(message, &mut wire));
            let (mut messages, mut received) = (MessageBuffer::default(), Vec::new());
            let (mut rest, mut sizes) = (&wire[..], sizes.iter().cycle());
            while !rest.is_empty() {
                let size = sizes.next().map_or(1, |size| *size).min(rest.len());
                messages.extend(&rest[..size]);
                rest = &rest[size..];
                while let Some(message) = messages.next_message() {
                    received.push(message.to_vec());
                }
            }
            prop_assert_eq!(received, sent);
            prop_assert!(!messages.is_within_message());
        }
    }
}
