//! The fuzz target `frames`: the frame decoder. However bytes are split, they make the same frames,
//! which are those that a simple second decoder finds, and no more than one line has to be
//! buffered.

use chatsrv::chat::text::TextError;
use chatsrv::protocol::native::frame::{Decoder, Frame, FrameError, encode_chunk_header};
use chatsrv::protocol::native::verb::Verb;
use chatsrv::protocol::native::{CHUNK_BYTES_MAX, CLIENT_LINE_BYTES_MAX};

/// A limit so short that small inputs exceed it.
const SHORT_LINE_BYTES_MAX: usize = 24;

/// A frame that owns its data; adjacent chunks of a stream are joined.
#[derive(Debug, PartialEq)]
enum Owned {
    Command(String),
    Data(String),
    File(u32, Vec<u8>),
    FileEnd(u32),
    Empty,
    Bad(FrameError),
}

/// Decodes the input in several ways, and compares the frames.
pub fn run(input: &[u8]) {
    for line_bytes_max in [SHORT_LINE_BYTES_MAX, CLIENT_LINE_BYTES_MAX] {
        let frames = decode(line_bytes_max, [input].into_iter());
        assert_eq!(frames, expected(line_bytes_max, input), "in one piece");
        assert_eq!(frames, decode(line_bytes_max, input.chunks(1)), "byte by byte");
        assert_eq!(frames, decode(line_bytes_max, pieces(input).into_iter()), "in pieces");
        let good = frames.into_iter().filter(|frame| !matches!(frame, Owned::Bad(_)));
        let good = joined(good);
        let again = encode(&good);
        assert_eq!(good, decode(line_bytes_max, [&again[..]].into_iter()), "encoded again");
    }
}

/// Decodes pieces like a connection that buffers no more than it must.
fn decode<'a>(line_bytes_max: usize, pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Owned> {
    let mut decoder = Decoder::new(line_bytes_max);
    let (mut held, mut frames) = (Vec::new(), Vec::new());
    for piece in pieces {
        held.extend_from_slice(piece);
        let mut done = 0;
        loop {
            let (used, frame) = decoder.decode(&held[done..]);
            done += used;
            let Some(frame) = frame else { break };
            assert!(used > 0, "a frame of no bytes: {frame:?}");
            frames.push(owned(frame));
        }
        held.drain(..done);
        assert!(held.len() < line_bytes_max, "{} bytes are held", held.len());
    }
    joined(frames)
}

fn owned(frame: Frame<'_>) -> Owned {
    match frame {
        Frame::Command(text) => Owned::Command(text.to_string()),
        Frame::Data(text) => Owned::Data(text.to_string()),
        Frame::File { stream, bytes } => {
            assert!(!bytes.is_empty() && bytes.len() <= CHUNK_BYTES_MAX);
            Owned::File(stream, bytes.to_vec())
        }
        Frame::FileEnd { stream } => Owned::FileEnd(stream),
        Frame::Empty => Owned::Empty,
        Frame::Bad(error) => Owned::Bad(error),
    }
}

fn joined(frames: impl IntoIterator<Item = Owned>) -> Vec<Owned> {
    let mut joined: Vec<Owned> = Vec::new();
    for frame in frames {
        match (joined.last_mut(), frame) {
            (Some(Owned::File(last, bytes)), Owned::File(stream, more)) if *last == stream => {
                bytes.extend_from_slice(&more);
            }
            (_, frame) => joined.push(frame),
        }
    }
    joined
}

/// A second decoder, written after section 1 of the protocol, line by line.
fn expected(line_bytes_max: usize, input: &[u8]) -> Vec<Owned> {
    let (mut rest, mut frames) = (input, Vec::new());
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        let is_too_long = end + 1 > line_bytes_max;
        let line = if is_too_long { line } else { line.strip_suffix(b"\r").unwrap_or(line) };
        let header = line == b"F" || line.starts_with(b"F ");
        match line {
            [] => frames.push(Owned::Empty),
            [b'C' | b'D'] | [b'C' | b'D', b' ', ..] => frames.push(text_frame(line, is_too_long)),
            _ if header => match file_header(line).filter(|_| !is_too_long) {
                Some((stream, 0)) => frames.push(Owned::FileEnd(stream)),
                Some((stream, length)) => {
                    let bytes = &rest[..length.min(rest.len())];
                    rest = &rest[bytes.len()..];
                    frames.push(Owned::File(stream, bytes.to_vec()));
                }
                None => {
                    frames.push(Owned::Bad(FrameError::FileHeader));
                    break;
                }
            },
            _ => frames.push(Owned::Bad(FrameError::UnknownType)),
        }
    }
    frames.retain(|frame| !matches!(frame, Owned::File(_, bytes) if bytes.is_empty()));
    joined(frames)
}

fn text_frame(line: &[u8], is_too_long: bool) -> Owned {
    let is_command = line[0] == b'C';
    let bytes = line.get(2..).unwrap_or_default();
    let is_control = |c: char| c.is_control() && c != '\t';
    let error = match std::str::from_utf8(bytes) {
        _ if is_too_long => TextError::TooLong,
        Err(_) => TextError::NotUtf8,
        Ok(text) if text.contains(is_control) => TextError::ControlCharacter,
        Ok(text) if is_command => return Owned::Command(text.to_owned()),
        Ok(text) => return Owned::Data(text.to_owned()),
    };
    let word = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
    let verb = std::str::from_utf8(word).ok().and_then(Verb::from_word);
    Owned::Bad(match is_command {
        true => FrameError::Command(verb, error),
        false => FrameError::Data(error),
    })
}

/// Parses `F stream length`.
fn file_header(line: &[u8]) -> Option<(u32, usize)> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split(' ');
    let mut number = || words.next().filter(|word| word.bytes().all(|b| b.is_ascii_digit()));
    let (None, Some(stream), Some(length)) = (number(), number(), number()) else { return None };
    let (stream, length) = (stream.parse().ok()?, length.parse().ok()?);
    let is_one = words.next().is_none() && stream > 0 && length <= CHUNK_BYTES_MAX;
    is_one.then_some((stream, length))
}

fn encode(frames: &[Owned]) -> Vec<u8> {
    let mut wire = Vec::new();
    for frame in frames {
        match frame {
            Owned::Command(text) => wire.extend_from_slice(format!("C {text}\n").as_bytes()),
            Owned::Data(text) => wire.extend_from_slice(format!("D {text}\n").as_bytes()),
            Owned::File(stream, bytes) => {
                for chunk in bytes.chunks(CHUNK_BYTES_MAX) {
                    encode_chunk_header(*stream, chunk.len(), &mut wire);
                    wire.extend_from_slice(chunk);
                }
            }
            Owned::FileEnd(stream) => encode_chunk_header(*stream, 0, &mut wire),
            Owned::Empty => wire.push(b'\n'),
            Owned::Bad(_) => {}
        }
    }
    wire
}

/// Splits the input at random, the same way each time.
fn pieces(input: &[u8]) -> Vec<&[u8]> {
    let seed = input.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut random = fastrand::Rng::with_seed(seed);
    let longest = random.usize(1..=40);
    let (mut rest, mut pieces) = (input, Vec::new());
    while !rest.is_empty() {
        let (piece, others) = rest.split_at(random.usize(1..=longest).min(rest.len()));
        pieces.push(piece);
        rest = others;
    }
    pieces
}
