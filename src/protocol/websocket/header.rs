//! The header of a frame (RFC 6455, section 5.2).

use super::close_code::WebSocketError;

/// The largest number of bytes of a header.
pub const HEADER_BYTES_MAX: usize = 14;
/// The largest payload of a control frame, in bytes.
pub const CONTROL_BYTES_MAX: usize = 125;

/// The bit of the last frame of a message.
const LAST: u8 = 0x80;
/// The bits of extensions.
const RESERVED: u8 = 0x70;
/// The bit of a masked payload.
const MASKED: u8 = 0x80;
/// The length that says that two bytes of it follow; with one more, eight do.
const LENGTH_IN_TWO: u8 = 126;
const LENGTH_IN_EIGHT: u8 = 127;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// Goes on with a message.
    Continuation = 0,
    /// Begins a message of text.
    Text = 1,
    /// Begins a message of bytes.
    Binary = 2,
    /// Ends the connection.
    Close = 8,
    /// Is answered with a pong.
    Ping = 9,
    /// Answers a ping, or is a sign of life.
    Pong = 10,
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether it is the last frame of its message.
    pub is_last: bool,
    /// What the frame is.
    pub opcode: Opcode,
    /// The key with which its payload is masked, if it is.
    pub mask: Option<[u8; 4]>,
    /// The number of bytes of its payload.
    pub length: u64,
}

impl Opcode {
    fn parse(number: u8) -> Option<Self> {
        Some(match number {
            0 => Opcode::Continuation,
            1 => Opcode::Text,
            2 => Opcode::Binary,
            8 => Opcode::Close,
            9 => Opcode::Ping,
            10 => Opcode::Pong,
            _ => return None,
        })
    }

    /// Returns true for the frames that may stand between those of a message.
    pub fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

impl Header {
    /// Parses the header at the start of `bytes`, and returns it with its number of bytes; none if
    /// more bytes are needed.
    ///
    /// # Errors
    /// [`WebSocketError::Protocol`] if it breaks a rule, as soon as that is seen: a bit of an
    /// extension, an unknown opcode, a control frame that is long or in parts, a length in more
    /// bytes than it needs.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, WebSocketError> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        let is_last = first & LAST != 0;
        let opcode = Opcode::parse(first & 0x0f).filter(|_| first & RESERVED == 0);
        let opcode = opcode.filter(|opcode| is_last || !opcode.is_control());
        let opcode = opcode.ok_or(WebSocketError::Protocol)?;
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        let short = second & !MASKED;
        if opcode.is_control() && usize::from(short) > CONTROL_BYTES_MAX {
            return Err(WebSocketError::Protocol);
        }
        let size = match short {
            LENGTH_IN_TWO => 2,
            LENGTH_IN_EIGHT => 8,
            _ => 0,
        };
        let Some(long) = bytes.get(2..2 + size) else { return Ok(None) };
        let long = long.iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
        let (length, least) = match short {
            LENGTH_IN_TWO => (long, u64::from(LENGTH_IN_TWO)),
            LENGTH_IN_EIGHT => (long, 1 << 16),
            short => (u64::from(short), 0),
        };
        if length < least || length > u64::MAX >> 1 {
            return Err(WebSocketError::Protocol);
        }
        let (mask, end) = match second & MASKED {
            0 => (None, 2 + size),
            _ => {
                let Some(mask) = bytes.get(2 + size..).and_then(<[u8]>::first_chunk) else {
                    return Ok(None);
                };
                (Some(*mask), 6 + size)
            }
        };
        Ok(Some((Header { is_last, opcode, mask, length }, end)))
    }

    /// Encodes the header in as few bytes as it takes, and returns how many these are.
    pub fn encode(&self, out: &mut [u8; HEADER_BYTES_MAX]) -> usize {
        out[0] = self.opcode as u8 | if self.is_last { LAST } else { 0 };
        let long = self.length.to_be_bytes();
        let (short, size) = match self.length {
            length @ 0..126 => (length.to_be_bytes()[7], 0),
            126..0x1_0000 => (LENGTH_IN_TWO, 2),
            _ => (LENGTH_IN_EIGHT, 8),
        };
        out[1] = short | if self.mask.is_some() { MASKED } else { 0 };
        out[2..2 + size].copy_from_slice(&long[8 - size..]);
        let Some(mask) = self.mask else { return 2 + size };
        out[2 + size..6 + size].copy_from_slice(&mask);
        6 + size
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_breaks_a_rule_is_refused_at_the_first_byte_that_shows_it() {
        let wrong: [&[u8]; 14] = [
            // Bits of extensions, which were not agreed on.
            &[0xc1],
            &[0xa1],
            &[0x91],
            // Opcodes that do not exist.
            &[0x83],
            &[0x87],
            &[0x8b],
            &[0x8f],
            // Control frames in parts, and long ones.
            &[0x09],
            &[0x08],
            &[0x89, 0xfe],
            &[0x8a, 0x7f],
            // Lengths in more bytes than they need, and one that is negative.
            &[0x81, 0x7e, 0, 125],
            &[0x81, 0x7f, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
            &[0x81, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0],
        ];
        for bytes in wrong {
            assert_eq!(Header::parse(bytes), Err(WebSocketError::Protocol), "{bytes:02x?}");
            assert_eq!(Header::parse(&bytes[..bytes.len() - 1]), Ok(None), "{bytes:02x?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_parsed_and_is_never_parsed_from_less(
            is_last: bool,
            number in 0..3_u8,
            mask: Option<[u8; 4]>,
            length in prop_oneof![0..200_u64, 65_000..66_000_u64, 0..=u64::MAX >> 1],
        ) {
            let header = Header { is_last, opcode: Opcode::parse(number).unwrap(), mask, length };
            let mut bytes = [0; HEADER_BYTES_MAX];
            let size = header.encode(&mut bytes);
            prop_assert_eq!(Header::parse(&bytes), Ok(Some((header, size))));
            for less in 0..size {
                prop_assert_eq!(Header::parse(&bytes[..less]), Ok(None));
            }
        }
    }
}
