//! Tells what has to stand between the bytes of an outbox, so that they become the frames of a
//! server.

use super::close_code::CloseCode;
use super::header::{HEADER_BYTES_MAX, Header, Opcode};

/// The largest payload of a message of text, in bytes: a page handles one such message much faster
/// than a message for each of the lines in it, and a control frame never waits for long.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;

/// The largest header of a frame without a mask.
const HEADER_BYTES: usize = 10;

/// The state of the other direction of a WebSocket: the frame that is being sent, and control
/// frames that wait for its end.
#[derive(Debug, Default)]
pub struct Framing {
    /// The header of the frame that is being sent.
    header: [u8; HEADER_BYTES],
    header_length: u8,
    header_sent: u8,
    /// The bytes of its payload that have not been sent.
    left: u32,
    /// Control frames; none takes less memory than an empty list.
    controls: Option<Box<Controls>>,
}

/// Control frames that are being sent, or wait.
#[derive(Debug, Default)]
struct Controls {
    /// The one that is being sent.
    bytes: Vec<u8>,
    sent: usize,
    pong: Option<Box<[u8]>>,
    is_ping_due: bool,
    close: Option<CloseCode>,
}

impl Framing {
    /// The bytes that have to be sent before anything else: a control frame, or the header of the
    /// frame that was begun.
    pub fn head(&mut self) -> &[u8] {
        if self.is_between_frames() {
            self.begin_control();
        }
        match &self.controls {
            Some(controls) if self.left == 0 => &controls.bytes[controls.sent..],
            _ => &self.header[usize::from(self.header_sent)..usize::from(self.header_length)],
        }
    }

    /// The number of bytes of payload that belong to the frame that was begun.
    pub fn left(&self) -> usize {
        self.left as usize
    }

    /// Returns true if nothing of a frame is on its way, so that another one may begin.
    pub fn is_between_frames(&self) -> bool {
        let is_control_whole =
            self.controls.as_ref().is_none_or(|controls| controls.sent == controls.bytes.len());
        self.left == 0 && self.header_sent == self.header_length && is_control_whole
    }

    /// Begins a message of text with as many of these whole lines as it takes. Without one,
    /// nothing is begun. Nothing else may be under way.
    pub fn begin_text<'a>(&mut self, lines: impl Iterator<Item = &'a [u8]>) {
        self.begin(Opcode::Text, whole_lines(lines));
    }

    /// Begins a message with a frame of a file, of so many bytes in all. Nothing else may be under
    /// way.
    pub fn begin_chunk(&mut self, bytes: usize) {
        self.begin(Opcode::Binary, bytes);
    }

    fn begin(&mut self, opcode: Opcode, bytes: usize) {
        debug_assert!(self.is_between_frames(), "a frame is whole before the next one");
        let Some(left) = u32::try_from(bytes).ok().filter(|left| *left > 0) else { return };
        let header = Header { is_last: true, opcode, mask: None, length: u64::from(left) };
        let mut encoded = [0; HEADER_BYTES_MAX];
        let size = header.encode(&mut encoded);
        self.header.copy_from_slice(&encoded[..HEADER_BYTES]);
        (self.header_length, self.header_sent) = (size.to_le_bytes()[0], 0);
        self.left = left;
    }

    /// Notes that so many bytes were sent, of the head and then of the payload. Returns how many of
    /// them were payload.
    pub fn sent(&mut self, bytes: usize) -> usize {
        if self.left == 0
            && let Some(controls) = &mut self.controls
        {
            controls.sent += bytes.min(controls.bytes.len() - controls.sent);
            self.forget_controls();
            return 0;
        }
        let head = usize::from(self.header_length - self.header_sent).min(bytes);
        self.header_sent += head.to_le_bytes()[0];
        let payload = (bytes - head).min(self.left as usize);
        self.left -= u32::try_from(payload).unwrap_or(self.left);
        payload
    }

    /// Answers a ping, once the frame under way is whole. An answer that waits is replaced: a peer
    /// that asks faster than it reads is answered less often.
    pub fn answer_ping(&mut self, payload: Box<[u8]>) {
        self.controls.get_or_insert_default().pong = Some(payload);
    }

    /// Asks for a sign of life, once the frame under way is whole.
    pub fn ping(&mut self) {
        self.controls.get_or_insert_default().is_ping_due = true;
    }

    /// Says that nothing follows, once the frame under way is whole. The first code counts.
    pub fn close(&mut self, code: CloseCode) {
        self.controls.get_or_insert_default().close.get_or_insert(code);
    }

    /// Takes what waits and was not begun: a pong, a ping, and a Close last.
    fn begin_control(&mut self) {
        let Some(controls) = &mut self.controls else { return };
        let (opcode, payload): (_, Box<[u8]>) = match (controls.pong.take(), controls.close) {
            (Some(pong), _) => (Opcode::Pong, pong),
            (None, _) if std::mem::take(&mut controls.is_ping_due) => {
                (Opcode::Ping, Box::default())
            }
            (None, Some(code)) => {
                controls.close = None;
                (Opcode::Close, Box::new(code.number().to_be_bytes()))
            }
            (None, None) => return,
        };
        let length = payload.len() as u64;
        let mut header = [0; HEADER_BYTES_MAX];
        let size = Header { is_last: true, opcode, mask: None, length }.encode(&mut header);
        controls.bytes.clear();
        controls.bytes.extend_from_slice(&header[..size]);
        controls.bytes.extend_from_slice(&payload);
        controls.sent = 0;
    }

    fn forget_controls(&mut self) {
        let is_over = |controls: &Controls| {
            let Controls { bytes, sent, pong, is_ping_due, close } = controls;
            *sent == bytes.len() && pong.is_none() && !is_ping_due && close.is_none()
        };
        if self.controls.as_deref().is_some_and(is_over) {
            self.controls = None;
        }
    }
}

/// The number of bytes of the whole lines at the start of these slices, as far as one message of
/// text takes them. A line that is longer than that is a message by itself.
fn whole_lines<'a>(slices: impl Iterator<Item = &'a [u8]>) -> usize {
    let (mut whole, mut before) = (0, 0);
    for slice in slices {
        let room = TEXT_BYTES_MAX.saturating_sub(before);
        let fits = &slice[..slice.len().min(room)];
        if let Some(end) = memchr::memrchr(b'\n', fits) {
            whole = before + end + 1;
        } else if whole == 0
            && let Some(end) = memchr::memchr(b'\n', slice)
        {
            return before + end + 1;
        }
        before += slice.len();
        if before >= TEXT_BYTES_MAX && whole > 0 {
            break;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::websocket::unframer::{End, Unframer};

    /// Sends lines as a socket takes them, so many bytes at a time. Returns all bytes.
    fn send(framing: &mut Framing, mut lines: &[u8], at_once: usize) -> Vec<u8> {
        let mut sent = Vec::new();
        loop {
            if framing.head().is_empty() && framing.left() == 0 {
                framing.begin_text(lines.chunks(7));
            }
            let payload = lines[..framing.left()].to_vec();
            let bytes = [framing.head(), &payload].concat();
            if bytes.is_empty() {
                return sent;
            }
            let count = bytes.len().min(at_once);
            sent.extend_from_slice(&bytes[..count]);
            lines = &lines[framing.sent(count)..];
        }
    }

    /// What a client makes of frames, and which control frames were among them.
    fn receive(mut bytes: Vec<u8>) -> (Vec<u8>, u32, Option<End>) {
        let filled = bytes.len();
        bytes.push(0);
        let unframed = Unframer::new(false, u32::MAX).unframe(&mut bytes, filled);
        bytes.truncate(unframed.length);
        (bytes, unframed.controls, unframed.end)
    }

    #[test]
    fn an_idle_connection_takes_little_memory() {
        let both = size_of::<Framing>() + size_of::<Unframer>();
        assert!(both <= 80, "{both}");
    }

    #[test]
    fn control_frames_leave_between_frames_and_the_close_last() {
        let mut framing = Framing::default();
        framing.begin_text([&b"line\n"[..]].into_iter());
        assert_eq!(framing.head(), [0x81, 5]);
        assert_eq!(framing.sent(3), 1);
        framing.close(CloseCode::NORMAL);
        framing.answer_ping(Box::new(*b"old"));
        framing.answer_ping(Box::new(*b"new"));
        framing.ping();
        assert!(framing.head().is_empty());
        assert_eq!(framing.left(), 4);
        assert_eq!(framing.sent(4), 4);
        assert_eq!(framing.head(), b"\x8a\x03new");
        framing.sent(1);
        framing.answer_ping(Box::new(*b"newest"));
        assert_eq!(framing.head(), b"\x03new");
        framing.sent(4);
        assert_eq!(framing.head(), b"\x8a\x06newest");
        framing.sent(8);
        assert_eq!(framing.head(), b"\x89\0");
        framing.sent(2);
        assert_eq!(framing.head(), [0x88, 2, 3, 232]);
        framing.sent(4);
        assert!(framing.head().is_empty() && framing.is_between_frames());
        assert!(framing.controls.is_none());
    }

    #[test]
    fn a_message_holds_as_many_lines_as_fit() {
        let line = [&[b'x'; 999][..], b"\n"].concat();
        let lines = line.repeat(40);
        for size in [3, 1_000, 20_000, 50_000] {
            assert_eq!(whole_lines(lines.chunks(size)), 16_000, "slices of {size}");
        }
        assert_eq!(whole_lines([&lines[..], b"rest"].into_iter()), 16_000);
        assert_eq!(whole_lines([&b"a\nno end"[..]].into_iter()), 2);
        assert_eq!(whole_lines([&b"no end"[..]].into_iter()), 0);
        let long = [&[b'x'; 20_000][..], b"\nmore\n"].concat();
        assert_eq!(whole_lines(long.chunks(1_500)), 20_001, "one that does not fit goes alone");
    }

    #[test]
    fn a_chunk_is_one_message() {
        let mut framing = Framing::default();
        framing.begin_chunk(65_550);
        assert_eq!(framing.head(), [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 14]);
        assert_eq!(framing.sent(70), 60);
        assert_eq!(framing.left(), 65_490);
    }

    proptest! {
        #[test]
        fn what_is_sent_in_any_pieces_is_received(
            lines in prop::collection::vec("[a-c上]{0,9}\n", 0..50),
            at_once in 1..50_usize,
            ping: bool,
        ) {
            let mut framing = Framing::default();
            if ping {
                framing.ping();
            }
            let lines = lines.concat();
            let (payload, controls, end) = receive(send(&mut framing, lines.as_bytes(), at_once));
            prop_assert_eq!(String::from_utf8(payload).unwrap(), lines);
            prop_assert_eq!((controls, end), (u32::from(ping), None));
            prop_assert!(framing.is_between_frames());
        }
    }
}
