//! Frames: lines and chunks of files, decoded from bytes however these were split on their way.
//!
//! [`Decoder`] borrows its input and keeps no bytes: the reader of the socket holds the bytes that
//! were not consumed, and offers them again with more behind them. [`FrameBuffer`] does that for
//! programs with few connections.

use std::io::Write;

use crate::chat::text::{Text, TextError};
use crate::protocol::native::verb::Verb;

/// The longest line a client may send, in bytes, LF included.
pub const CLIENT_LINE_BYTES_MAX: usize = 4096;

/// The longest line a server may send, in bytes, LF included.
pub const SERVER_LINE_BYTES_MAX: usize = 8192;

/// The largest number of bytes in one chunk.
pub const CHUNK_BYTES_MAX: usize = 65_536;

/// One frame, or a part of a file frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The text of a `C` line.
    Command(Text<'a>),
    /// The text of a `D` line.
    Data(Text<'a>),
    /// Bytes of a chunk, never none. One chunk may arrive in any number of such parts.
    File {
        /// The stream that they belong to.
        stream: u32,
        /// The bytes.
        bytes: &'a [u8],
    },
    /// A chunk of length 0, which ends its stream.
    FileEnd {
        /// The stream that ended.
        stream: u32,
    },
    /// An empty line, which asks for nothing.
    Empty,
    /// A line that is no valid frame. It was consumed to its end.
    Bad(FrameError),
}

/// The reason why a line is no valid frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// It does not start with a known type.
    UnknownType,
    /// A command with an invalid text, and its verb, if it is a known one.
    Command(Option<Verb>, TextError),
    /// A data line with an invalid text.
    Data(TextError),
    /// A file frame with an invalid header. The decoder can't find the next frame after it, so the
    /// connection has to end.
    FileHeader,
}

/// The decoder of one connection's bytes into frames.
#[derive(Debug)]
pub struct Decoder {
    line_bytes_max: u16,
    /// The number of bytes offered next that are known to hold no LF.
    scanned: u16,
    state: DecoderState,
}

#[derive(Clone, Copy, Debug)]
enum DecoderState {
    /// At the start of a frame.
    Start,
    /// In a line that is refused, before its end.
    Refused(FrameError),
    /// In a file chunk.
    File { stream: u32, left: u32 },
    /// After an invalid header: no frame follows.
    Lost,
}

impl Decoder {
    /// Creates a decoder for lines of at most `line_bytes_max` bytes, LF included.
    ///
    /// # Panics
    /// If `line_bytes_max` does not fit 16 bits.
    pub fn new(line_bytes_max: usize) -> Self {
        let line_bytes_max = u16::try_from(line_bytes_max).expect("a line limit fits 16 bits");
        Decoder { line_bytes_max, scanned: 0, state: DecoderState::Start }
    }

    /// Decodes the next frame from the start of `input`, and returns the number of bytes that are
    /// consumed. The next call must offer the rest, and may offer more behind it. Without a frame,
    /// more bytes are needed.
    pub fn decode<'a>(&mut self, input: &'a [u8]) -> (usize, Option<Frame<'a>>) {
        let mut consumed = 0;
        loop {
            let rest = &input[consumed..];
            let (used, step) = match self.state {
                DecoderState::Start => self.line(rest),
                DecoderState::Refused(error) => self.refused(rest, error),
                DecoderState::File { stream, left } => self.chunk(rest, stream, left),
                DecoderState::Lost => (rest.len(), Scanned::Starved),
            };
            consumed += used;
            match step {
                Scanned::Frame(frame) => return (consumed, Some(frame)),
                Scanned::Starved => return (consumed, None),
                Scanned::Again => {}
            }
        }
    }

    /// Returns true if the input so far ends between two frames.
    pub fn is_between_frames(&self) -> bool {
        matches!(self.state, DecoderState::Start) && self.scanned == 0
    }

    fn line<'a>(&mut self, input: &'a [u8]) -> (usize, Scanned<'a>) {
        let line_bytes_max = usize::from(self.line_bytes_max);
        let window = &input[..input.len().min(line_bytes_max)];
        let scanned = usize::from(self.scanned).min(window.len());
        let Some(at) = memchr::memchr(b'\n', &window[scanned..]) else {
            if window.len() == line_bytes_max {
                self.scanned = 0;
                self.state = DecoderState::Refused(refusal(window, TextError::TooLong));
                return (window.len(), Scanned::Again);
            }
            self.scanned = window.len() as u16;
            return (0, Scanned::Starved);
        };
        let end = scanned + at;
        self.scanned = 0;
        let line = window[..end].strip_suffix(b"\r").unwrap_or(&window[..end]);
        (end + 1, self.frame(line))
    }

    fn frame<'a>(&mut self, line: &'a [u8]) -> Scanned<'a> {
        let (kind, text) = match line {
            [] => return Scanned::Frame(Frame::Empty),
            [kind] => (*kind, &line[1..]),
            [kind, b' ', ..] => (*kind, &line[2..]),
            _ => return Scanned::Frame(Frame::Bad(FrameError::UnknownType)),
        };
        Scanned::Frame(match (kind, Text::from_bytes(text)) {
            (b'C', Ok(text)) => Frame::Command(text),
            (b'D', Ok(text)) => Frame::Data(text),
            (b'C' | b'D', Err(error)) => Frame::Bad(refusal(line, error)),
            (b'F', _) => match file_header(text) {
                Some((stream, 0)) => Frame::FileEnd { stream },
                Some((stream, left)) => {
                    self.state = DecoderState::File { stream, left };
                    return Scanned::Again;
                }
                None => {
                    self.state = DecoderState::Lost;
                    Frame::Bad(FrameError::FileHeader)
                }
            },
            _ => Frame::Bad(FrameError::UnknownType),
        })
    }

    fn refused<'a>(&mut self, input: &'a [u8], error: FrameError) -> (usize, Scanned<'a>) {
        match memchr::memchr(b'\n', input) {
            Some(end) => {
                self.state = match error {
                    FrameError::FileHeader => DecoderState::Lost,
                    _ => DecoderState::Start,
                };
                (end + 1, Scanned::Frame(Frame::Bad(error)))
            }
            None => (input.len(), Scanned::Starved),
        }
    }

    fn chunk<'a>(&mut self, input: &'a [u8], stream: u32, left: u32) -> (usize, Scanned<'a>) {
        let take = input.len().min(left as usize);
        if take == 0 {
            return (0, Scanned::Starved);
        }
        let left = left - take as u32;
        self.state =
            if left == 0 { DecoderState::Start } else { DecoderState::File { stream, left } };
        (take, Scanned::Frame(Frame::File { stream, bytes: &input[..take] }))
    }
}

enum Scanned<'a> {
    Frame(Frame<'a>),
    Again,
    Starved,
}

/// The error of a line that begins with `start` and has an invalid text.
fn refusal(start: &[u8], error: TextError) -> FrameError {
    match start {
        [b'C', b' ', rest @ ..] => {
            let word = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
            let verb = std::str::from_utf8(word).ok().and_then(Verb::from_word);
            FrameError::Command(verb, error)
        }
        [b'D', b' ', ..] => FrameError::Data(error),
        [b'F', b' ', ..] => FrameError::FileHeader,
        _ => FrameError::UnknownType,
    }
}

/// Parses `stream length`, both plain decimal numbers, the stream above 0 and the length at most
/// [`CHUNK_BYTES_MAX`].
fn file_header(text: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(text).ok()?;
    let (stream, length) = text.split_once(' ')?;
    let (stream, length) = (decimal(stream)?, decimal(length)?);
    (stream > 0 && length as usize <= CHUNK_BYTES_MAX).then_some((stream, length))
}

fn decimal(word: &str) -> Option<u32> {
    // `parse` alone would accept a sign.
    word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok()).flatten()
}

/// Appends the header of a chunk of `length` bytes; 0 ends the stream.
pub fn encode_chunk_header(stream: u32, length: usize, out: &mut Vec<u8>) {
    debug_assert!(length <= CHUNK_BYTES_MAX);
    // Writing to a Vec does not fail.
    let _ = writeln!(out, "F {stream} {length}");
}

/// The input of one connection and its decoder, for programs with few connections.
#[derive(Debug)]
pub struct FrameBuffer {
    decoder: Decoder,
    bytes: Vec<u8>,
    /// The number of bytes at the start that were decoded.
    consumed: usize,
}

impl FrameBuffer {
    /// Creates an empty buffer for lines of at most `line_bytes_max` bytes, LF included.
    pub fn new(line_bytes_max: usize) -> Self {
        FrameBuffer { decoder: Decoder::new(line_bytes_max), bytes: Vec::new(), consumed: 0 }
    }

    /// Appends bytes that were read.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.consumed);
        self.consumed = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Decodes the next frame, or the next part of a file frame; empty lines are skipped. None if
    /// more bytes are needed.
    pub fn next_frame(&mut self) -> Option<Frame<'_>> {
        loop {
            let (used, frame) = self.decoder.decode(&self.bytes[self.consumed..]);
            self.consumed += used;
            if frame != Some(Frame::Empty) {
                return frame;
            }
        }
    }

    /// Returns true if the input so far ends between two frames.
    pub fn is_between_frames(&self) -> bool {
        self.consumed == self.bytes.len() && self.decoder.is_between_frames()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::native::CLIENT_LINE_BYTES_MAX;

    /// A frame that owns its content; the parts of a chunk are joined.
    #[derive(Debug, PartialEq)]
    enum Owned {
        Command(String),
        Data(String),
        File(u32, Vec<u8>),
        FileEnd(u32),
        Bad(FrameError),
    }

    fn decode(pieces: &[&[u8]]) -> Vec<Owned> {
        let mut buffer = FrameBuffer::new(CLIENT_LINE_BYTES_MAX);
        let mut frames = Vec::new();
        for piece in pieces {
            buffer.extend(piece);
            while let Some(frame) = buffer.next_frame() {
                let owned = match frame {
                    Frame::Command(text) => Owned::Command(text.to_string()),
                    Frame::Data(text) => Owned::Data(text.to_string()),
                    Frame::FileEnd { stream } => Owned::FileEnd(stream),
                    Frame::Empty => continue,
                    Frame::Bad(error) => Owned::Bad(error),
                    Frame::File { stream, bytes } => match frames.last_mut() {
                        Some(Owned::File(last, joined)) if *last == stream => {
                            joined.extend_from_slice(bytes);
                            continue;
                        }
                        _ => Owned::File(stream, bytes.to_vec()),
                    },
                };
                frames.push(owned);
            }
        }
        frames
    }

    #[test]
    fn lines_end_with_lf_or_crlf_and_empty_ones_are_ignored() {
        assert_eq!(
            decode(&[b"C HELP\r\n\n\r\nD * hi\nD\nD \n"]),
            [
                Owned::Command("HELP".into()),
                Owned::Data("* hi".into()),
                Owned::Data(String::new()),
                Owned::Data(String::new())
            ]
        );
    }

    #[test]
    fn an_empty_line_is_a_frame_to_who_counts_them() {
        let mut decoder = Decoder::new(CLIENT_LINE_BYTES_MAX);
        assert_eq!(decoder.decode(b"\n\r\nC"), (1, Some(Frame::Empty)));
        assert_eq!(decoder.decode(b"\r\nC"), (2, Some(Frame::Empty)));
        assert_eq!(decoder.decode(b"C"), (0, None));
    }

    #[test]
    fn a_bad_line_is_reported_and_the_next_one_read() {
        let mut input = b"hello\nX y\nC NICK a\x1bb\nD \xff\nC \x80\nD a\rb\n".to_vec();
        input.extend_from_slice(b"C HELP\n");
        assert_eq!(
            decode(&[&input]),
            [
                Owned::Bad(FrameError::UnknownType),
                Owned::Bad(FrameError::UnknownType),
                Owned::Bad(FrameError::Command(Some(Verb::Nick), TextError::ControlCharacter)),
                Owned::Bad(FrameError::Data(TextError::NotUtf8)),
                Owned::Bad(FrameError::Command(None, TextError::NotUtf8)),
                Owned::Bad(FrameError::Data(TextError::ControlCharacter)),
                Owned::Command("HELP".into()),
            ]
        );
    }

    #[test]
    fn the_longest_line_passes_and_one_byte_more_does_not() {
        let line = |length: usize| {
            let mut line = b"D ".to_vec();
            line.resize(length - 1, b'x');
            line.push(b'\n');
            line
        };
        let longest = decode(&[&line(CLIENT_LINE_BYTES_MAX), b"C HELP\n"]);
        assert!(
            matches!(&longest[0], Owned::Data(text) if text.len() == CLIENT_LINE_BYTES_MAX - 3)
        );
        assert_eq!(
            decode(&[&line(CLIENT_LINE_BYTES_MAX + 1), b"C HELP\n"]),
            [Owned::Bad(FrameError::Data(TextError::TooLong)), Owned::Command("HELP".into())]
        );
        assert_eq!(
            decode(&[&line(10 * CLIENT_LINE_BYTES_MAX), b"C HELP\n"]),
            [Owned::Bad(FrameError::Data(TextError::TooLong)), Owned::Command("HELP".into())]
        );
    }

    #[test]
    fn chunks_carry_any_bytes() {
        assert_eq!(
            decode(&[b"F 3 4\n\n\xff\0CC HELP\nF 3 0\n"]),
            [
                Owned::File(3, b"\n\xff\0C".to_vec()),
                Owned::Command("HELP".into()),
                Owned::FileEnd(3)
            ]
        );
    }

    #[test]
    fn nothing_is_read_after_a_bad_chunk_header() {
        for bad in ["F x 1", "F 0 1", "F 1", "F 1 65537", "F 1 -1", "F 1 +1", "F 1 1 ", "F "] {
            let input = format!("{bad}\nC HELP\n");
            assert_eq!(decode(&[input.as_bytes()]), [Owned::Bad(FrameError::FileHeader)], "{bad}");
        }
        let long = format!("F {}\nC HELP\n", "1".repeat(9000));
        assert_eq!(decode(&[long.as_bytes()]), [Owned::Bad(FrameError::FileHeader)]);
        assert!(matches!(&decode(&[b"F 1 65536\nx"])[..], [Owned::File(1, _)]));
    }

    #[test]
    fn one_byte_at_a_time_gives_the_same() {
        let input = b"C HELP\r\nF 1 3\nabcD x y\nbad\nF 1 0\n";
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(decode(&bytes), decode(&[input]));
    }

    mod any_bytes {
        use super::*;
        use proptest::prelude::*;

        /// Bytes that look like frames often enough to get past the first check.
        fn wire() -> impl Strategy<Value = Vec<u8>> {
            let piece = prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                "[CDF] [ -~]{0,20}\r?\n".prop_map(String::into_bytes),
                (1u32..4, 0usize..30).prop_map(|(stream, length)| {
                    let mut chunk = Vec::new();
                    encode_chunk_header(stream, length, &mut chunk);
                    chunk.resize(chunk.len() + length, b'\n');
                    chunk
                }),
                (4000usize..5000).prop_map(|length| [&vec![b'D'; length][..], b"\n"].concat()),
            ];
            proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
        }

        proptest! {
            #[test]
            fn any_split_gives_the_same_frames(
                input in wire(),
                cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..8),
            ) {
                let mut cuts: Vec<usize> =
                    cuts.iter().map(|cut| cut.index(input.len() + 1)).collect();
                cuts.extend([0, input.len()]);
                cuts.sort_unstable();
                let pieces: Vec<&[u8]> =
                    cuts.windows(2).map(|cut| &input[cut[0]..cut[1]]).collect();
                prop_assert_eq!(decode(&pieces), decode(&[&input]));
            }

            #[test]
            fn every_frame_holds_what_the_protocol_allows(input in wire()) {
                for frame in decode(&[&input]) {
                    if let Owned::Command(text) | Owned::Data(text) = frame {
                        prop_assert!(Text::new(&text).is_ok());
                        prop_assert!(text.len() + 3 <= CLIENT_LINE_BYTES_MAX);
                    }
                }
            }
        }
    }
}
