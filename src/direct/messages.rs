//! Bytes to Noise messages, each behind its length: two bytes, big-endian.

/// Bytes of the length.
const LENGTH_BYTES: usize = 2;

/// The input of one connection, of which whole messages are taken. It holds one message at most,
/// 65,535 bytes, and what was read with its end.
#[derive(Debug, Default)]
pub struct MessageBuffer {
    bytes: Vec<u8>,
    /// How many bytes at the start were taken.
    taken: usize,
}

impl MessageBuffer {
    /// Adds what was read.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// How long the next message says it is; none where not even that has come.
    pub fn next_length(&self) -> Option<usize> {
        let length = self.bytes[self.taken..].first_chunk::<LENGTH_BYTES>()?;
        Some(usize::from(u16::from_be_bytes(*length)))
    }

    /// Takes the next message, where it is whole.
    pub fn next_message(&mut self) -> Option<&[u8]> {
        let start = self.taken + LENGTH_BYTES;
        let end = start + self.next_length()?;
        let message = self.bytes.get(start..end)?;
        self.taken = end;
        Some(message)
    }

    /// The next message, where it is whole; it is not taken.
    pub fn peek(&self) -> Option<&[u8]> {
        let start = self.taken + LENGTH_BYTES;
        self.bytes.get(start..start + self.next_length()?)
    }

    /// Whether a message has begun and is not whole.
    pub fn is_within_message(&self) -> bool {
        self.taken < self.bytes.len()
    }
}

/// Appends a message behind its length.
///
/// # Panics
/// Never: what is longer than 65,535 bytes, no cipher of Noise makes; it is cut there.
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
