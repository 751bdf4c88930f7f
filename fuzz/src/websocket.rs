//! The fuzz target `websocket`: the frames of WebSockets. However bytes are split, the same is
//! read from them, no more than came; and what is read comes out again if it is sent.

use chatsrv::protocol::websocket::framing::Framing;
use chatsrv::protocol::websocket::unframer::{End, Unframer};

/// The largest payload of a frame, so small that short inputs exceed it.
const FRAME_BYTES_MAX: u32 = 1024;

/// What was read.
#[derive(Debug, Default, PartialEq)]
struct Read {
    payload: Vec<u8>,
    controls: u32,
    ping: Option<Box<[u8]>>,
    end: Option<End>,
}

/// Takes the input apart as a server and as a client, in several ways.
pub fn run(input: &[u8]) {
    for is_of_client in [true, false] {
        let whole = read(is_of_client, [input].into_iter());
        assert!(whole.payload.len() <= input.len() + 1, "it grows");
        let byte_by_byte = read(is_of_client, input.chunks(1));
        let size = usize::from(input.first().copied().unwrap_or_default()) + 2;
        let in_pieces = read(is_of_client, input.chunks(size));
        for other in [byte_by_byte, in_pieces] {
            assert_eq!(other.end, whole.end);
            // Text that is wrong is refused with its first wrong piece, so less of it may come.
            match whole.end {
                Some(End::Failed(_)) => assert!(other.payload.starts_with(&whole.payload)),
                _ => assert_eq!(other, whole),
            }
        }
        let lines = &whole.payload
            [..whole.payload.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1)];
        assert_eq!(send(lines), lines, "sent again");
    }
}

fn read<'a>(is_of_client: bool, pieces: impl Iterator<Item = &'a [u8]>) -> Read {
    let mut unframer = Unframer::new(is_of_client, FRAME_BYTES_MAX);
    let mut all = Read::default();
    for piece in pieces {
        let mut buffer = [piece, &[0]].concat();
        let unframed = unframer.unframe(&mut buffer, piece.len());
        all.payload.extend_from_slice(&buffer[..unframed.length]);
        all.controls += unframed.controls;
        all.ping = unframed.ping.or(all.ping);
        all.end = unframed.end;
        if all.end.is_some() {
            break;
        }
    }
    all
}

/// Sends lines in chunks, as these need not be text, and returns what a client reads.
fn send(mut lines: &[u8]) -> Vec<u8> {
    let (mut framing, mut sent) = (Framing::default(), Vec::new());
    while !lines.is_empty() {
        framing.begin_chunk(lines.len().min(300));
        sent.extend_from_slice(framing.head());
        let payload = framing.left();
        sent.extend_from_slice(&lines[..payload]);
        framing.sent(sent.len());
        lines = &lines[payload..];
    }
    read(false, [&sent[..]].into_iter()).payload
}
