//! The WebSocket codec beside another one: what tungstenite sends is read, and it reads what is
//! sent.

use std::io::{self, Read, Write};

use chatsrv::protocol::websocket::close_code::CloseCode;
use chatsrv::protocol::websocket::framing::Framing;
use chatsrv::protocol::websocket::unframer::{End, Unframer};
use proptest::prelude::*;
use tungstenite::protocol::frame::coding::CloseCode as TheirCode;
use tungstenite::protocol::{CloseFrame, Role};
use tungstenite::{Message, WebSocket};

/// A connection that gives what it holds, and keeps what is written.
#[derive(Debug, Default)]
struct Pipe {
    input: io::Cursor<Vec<u8>>,
    output: Vec<u8>,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.input.read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            count => Ok(count),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a message is in the native protocol.
fn payload(message: &Message) -> Vec<u8> {
    match message {
        Message::Text(text) if text.ends_with('\n') => text.as_bytes().to_vec(),
        Message::Text(text) => [text.as_bytes(), b"\n"].concat(),
        Message::Binary(bytes) => bytes.to_vec(),
        _ => Vec::new(),
    }
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        "[a\n上👍]{0,20}".prop_map(Message::text),
        prop::collection::vec(any::<u8>(), 0..70_000).prop_map(Message::binary),
        prop::collection::vec(any::<u8>(), 0..125).prop_map(|bytes| Message::Ping(bytes.into())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_a_client_of_others_sends_is_read(
        messages in prop::collection::vec(message(), 0..8),
        size in 1..20_000_usize,
    ) {
        let mut theirs = WebSocket::from_raw_socket(Pipe::default(), Role::Client, None);
        for message in &messages {
            theirs.send(message.clone()).unwrap();
        }
        let bye = CloseFrame { code: TheirCode::Away, reason: "bye".into() };
        theirs.close(Some(bye)).unwrap();
        let expected: Vec<u8> = messages.iter().flat_map(payload).collect();
        let mut ours = Unframer::new(true, 128 * 1024);
        let (mut read, mut end, mut last_ping) = (Vec::new(), None, None);
        for piece in theirs.get_ref().output.chunks(size) {
            let mut buffer = [piece, &[0]].concat();
            let unframed = ours.unframe(&mut buffer, piece.len());
            read.extend_from_slice(&buffer[..unframed.length]);
            last_ping = unframed.ping.or(last_ping);
            end = unframed.end;
        }
        prop_assert!(read == expected, "{} bytes in place of {}", read.len(), expected.len());
        prop_assert_eq!(end, Some(End::Closed(Some(CloseCode::GOING_AWAY))));
        let pings = messages.iter().rev().filter_map(|message| match message {
            Message::Ping(bytes) => Some(&**bytes),
            _ => None,
        });
        prop_assert_eq!(last_ping.as_deref(), pings.into_iter().next());
    }

    #[test]
    fn what_is_sent_a_client_of_others_reads(
        lines in prop::collection::vec("[a-z上]{0,300}\n", 1..200),
        chunk in 1..70_000_usize,
        at_once in 1..40_000_usize,
    ) {
        let (lines, mut framing) = (lines.concat(), Framing::default());
        let (mut left, mut sent) = (lines.as_bytes(), Vec::new());
        framing.begin_chunk(chunk);
        let mut chunk_left = &vec![7; chunk][..];
        framing.ping();
        let mut is_closing = false;
        loop {
            if framing.head().is_empty() && framing.left() == 0 {
                match left {
                    [] if is_closing => break,
                    [] => {
                        framing.close(CloseCode::RESTART);
                        is_closing = true;
                    }
                    _ => framing.begin_text(left.chunks(777)),
                }
            }
            let source = if chunk_left.is_empty() { &mut left } else { &mut chunk_left };
            let payload = source[..framing.left()].to_vec();
            let bytes = [framing.head(), &payload].concat();
            let count = bytes.len().min(at_once);
            sent.extend_from_slice(&bytes[..count]);
            *source = &source[framing.sent(count)..];
        }
        let pipe = Pipe { input: io::Cursor::new(sent), ..Pipe::default() };
        let mut theirs = WebSocket::from_raw_socket(pipe, Role::Client, None);
        prop_assert_eq!(theirs.read().unwrap().into_data().len(), chunk);
        prop_assert!(theirs.read().unwrap().is_ping());
        let mut read = String::new();
        let close = loop {
            match theirs.read().unwrap() {
                Message::Text(text) => read.push_str(&text),
                Message::Close(close) => break close,
                other => panic!("{other:?}"),
            }
        };
        prop_assert_eq!(read, lines);
        prop_assert_eq!(close.unwrap().code, TheirCode::Restart);
    }
}
