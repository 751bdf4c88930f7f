//! The search for the end of a head, while its bytes come. Each byte is looked at once, and a head
//! that is malformed is refused at the first byte that shows it.

use super::refusal::HeadError;
use crate::limits::{HEAD_BYTES_MAX, TARGET_BYTES_MAX};

/// The longest first line: its target, and a method and a version of usual length.
const REQUEST_LINE_BYTES_MAX: usize = TARGET_BYTES_MAX + 32;

/// How far the bytes of a head were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadScan {
    /// How many bytes were looked at.
    seen: u16,
    /// Where the line begins that the next byte belongs to.
    line_start: u16,
    /// Whether the first line is complete.
    has_request_line: bool,
}

impl HeadScan {
    /// Goes on with the bytes of a head, of which more have come than before. Returns the length of
    /// the head if it is whole. One empty line before it is ignored (RFC 9112, section 2.2).
    ///
    /// # Errors
    /// If it is malformed or too long.
    pub fn advance(&mut self, bytes: &[u8]) -> Result<Option<usize>, HeadError> {
        while let Some(byte) = bytes.get(usize::from(self.seen)).copied() {
            let at = usize::from(self.seen);
            if at >= HEAD_BYTES_MAX {
                return Err(HeadError::TooLong);
            }
            let follows_cr = at > 0 && bytes[at - 1] == b'\r';
            if byte == 0 || follows_cr != (byte == b'\n') {
                return Err(HeadError::LineEnd);
            }
            if at == usize::from(self.line_start) {
                self.begins_line(byte)?;
            }
            self.seen += 1;
            if byte == b'\n' && self.ends_line(bytes)? {
                return Ok(Some(at + 1));
            }
            let length = self.seen - self.line_start;
            if !self.has_request_line && usize::from(length) > REQUEST_LINE_BYTES_MAX {
                return Err(HeadError::LongTarget);
            }
        }
        Ok(None)
    }

    /// Checks the first byte of a line.
    fn begins_line(&self, byte: u8) -> Result<(), HeadError> {
        match byte {
            b'\r' => Ok(()),
            b' ' | b'\t' if self.has_request_line => Err(HeadError::Folded),
            // A handshake of TLS, or another protocol: its client may wait for an answer.
            _ if !self.has_request_line && !byte.is_ascii_graphic() => Err(HeadError::RequestLine),
            _ => Ok(()),
        }
    }

    /// Handles the end of a line, behind which `seen` is. Returns true if it ends the head.
    fn ends_line(&mut self, bytes: &[u8]) -> Result<bool, HeadError> {
        let start = usize::from(self.line_start);
        let line = &bytes[start..usize::from(self.seen) - 2];
        self.line_start = self.seen;
        match (line.is_empty(), self.has_request_line) {
            (true, true) => return Ok(true),
            (true, false) if start == 0 => {}
            (true, false) => return Err(HeadError::RequestLine),
            (false, false) => {
                check_request_line(line)?;
                self.has_request_line = true;
            }
            (false, true) => {}
        }
        Ok(false)
    }
}

/// Checks that a line is `METHOD target HTTP/1.1` or `HTTP/1.0`. Method and target are not looked
/// at yet.
fn check_request_line(line: &[u8]) -> Result<(), HeadError> {
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(_), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(HeadError::RequestLine);
    };
    match version {
        b"HTTP/1.1" | b"HTTP/1.0" if target.len() > TARGET_BYTES_MAX => Err(HeadError::LongTarget),
        b"HTTP/1.1" | b"HTTP/1.0" => Ok(()),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Err(HeadError::BadVersion)
        }
        _ => Err(HeadError::RequestLine),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(bytes: &[u8]) -> Result<Option<usize>, HeadError> {
        HeadScan::default().advance(bytes)
    }

    #[test]
    fn a_head_ends_with_the_first_empty_line_behind_its_first() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for length in 0..head.len() {
            assert_eq!(scan(&head[..length]), Ok(None), "{length}");
        }
        assert_eq!(scan(head), Ok(Some(head.len())));
        assert_eq!(scan(&[&head[..], b"GET"].concat()), Ok(Some(head.len())));
        assert_eq!(scan(&[b"\r\n", &head[..]].concat()), Ok(Some(head.len() + 2)));
    }

    #[test]
    fn what_is_malformed_is_refused_at_the_first_byte_that_shows_it() {
        for (bytes, expected) in [
            ("GET / HTTP/1.1\n", HeadError::LineEnd),
            ("\n", HeadError::LineEnd),
            ("GET / HTTP/1.1\r\nA: b\n", HeadError::LineEnd),
            ("GET / HTTP/1.1\r\nA: b\rc", HeadError::LineEnd),
            ("GET / HTTP/1.1\r\r", HeadError::LineEnd),
            ("GET /\0", HeadError::LineEnd),
            ("GET / HTTP/1.1\r\nA: \0", HeadError::LineEnd),
            ("GET / HTTP/1.1\r\n ", HeadError::Folded),
            ("GET / HTTP/1.1\r\nA: b\r\n\t", HeadError::Folded),
            ("\r\n\r\n", HeadError::RequestLine),
            ("\x16", HeadError::RequestLine),
            (" ", HeadError::RequestLine),
            ("GET /\r\n", HeadError::RequestLine),
            ("GET\r\n", HeadError::RequestLine),
            ("GET  / HTTP/1.1\r\n", HeadError::RequestLine),
            ("GET / HTTP/1.1 \r\n", HeadError::RequestLine),
            ("GET / a HTTP/1.1\r\n", HeadError::RequestLine),
            ("GET /\tHTTP/1.1\r\n", HeadError::RequestLine),
            ("GET / http/1.1\r\n", HeadError::RequestLine),
            ("GET / HTTP/1\r\n", HeadError::RequestLine),
            ("GET / HTTP/1.10\r\n", HeadError::RequestLine),
            ("GET / HTTPS/1.1\r\n", HeadError::RequestLine),
            ("GET / HTTP/1.2\r\n", HeadError::BadVersion),
            ("GET / HTTP/0.9\r\n", HeadError::BadVersion),
            ("PRI * HTTP/2.0\r\n", HeadError::BadVersion),
        ] {
            assert_eq!(scan(bytes.as_bytes()), Err(expected), "{bytes:?}");
            let before = &bytes[..bytes.len() - 1];
            assert_eq!(scan(before.as_bytes()), Ok(None), "{before:?}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        let head = |target: usize, field: usize| {
            let (target, field) = ("x".repeat(target - 1), "y".repeat(field));
            format!("GET /{target} HTTP/1.1\r\nHost: a\r\nB: {field}\r\n\r\n").into_bytes()
        };
        assert!(scan(&head(TARGET_BYTES_MAX, 1)).unwrap().is_some());
        assert_eq!(scan(&head(TARGET_BYTES_MAX + 1, 1)), Err(HeadError::LongTarget));
        assert_eq!(scan(&head(9000, 1)), Err(HeadError::LongTarget));
        let rest = HEAD_BYTES_MAX - head(1, 0).len();
        assert_eq!(scan(&head(1, rest)), Ok(Some(HEAD_BYTES_MAX)));
        assert_eq!(scan(&head(1, rest + 1)), Err(HeadError::TooLong));
    }

    proptest! {
        #[test]
        fn any_split_finds_the_same(
            head in "(\r\n)?GET /[a %]{0,4} HTTP/[12].[01]\r\n([AB ]: ?[a\n]{0,3}\r\n){0,3}\r\n",
            at in any::<prop::sample::Index>(),
        ) {
            let bytes = head.as_bytes();
            let mut in_two = HeadScan::default();
            let first = in_two.advance(&bytes[..at.index(bytes.len() + 1)]);
            let split = first.and_then(|end| match end {
                Some(end) => Ok(Some(end)),
                None => in_two.advance(bytes),
            });
            prop_assert_eq!(split, scan(bytes));
        }
    }
}
