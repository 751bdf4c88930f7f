//! Takes the frames of a peer apart, in the buffer into which they were read.

use super::close_code::{CloseCode, WebSocketError};
use super::header::{CONTROL_BYTES_MAX, HEADER_BYTES_MAX, Header, Opcode};
use super::mask;
use super::utf8::Utf8Check;

/// The end of a line, which the last line of a message of text may leave out.
const LINE_END: u8 = b'\n';

/// The state of one direction of a WebSocket: what is left of a frame that has come in part.
#[derive(Debug)]
pub struct Unframer {
    /// Whether the frames have to be masked, as those of a client.
    is_masked: bool,
    /// The largest payload of a frame, in bytes.
    frame_max: u32,
    /// The start of a header.
    header: [u8; HEADER_BYTES_MAX],
    header_length: u8,
    /// The frame whose payload comes.
    frame: Option<IncomingFrame>,
    /// The message under way, whose last frame has not come.
    message: Option<MessageKind>,
    /// The start of the payload of a control frame.
    control: Option<Box<ControlPayload>>,
}

/// A frame whose payload comes.
#[derive(Clone, Copy, Debug)]
struct IncomingFrame {
    opcode: Opcode,
    is_last: bool,
    /// The mask of the next byte and those behind it.
    key: [u8; 4],
    /// The bytes that have not come.
    left: u32,
}

/// What the message that comes consists of.
#[derive(Clone, Copy, Debug)]
enum MessageKind {
    /// Text, with whether its last byte ends a line.
    Text(Utf8Check, bool),
    Bytes,
}

/// The payload of a control frame.
#[derive(Debug)]
struct ControlPayload {
    bytes: [u8; CONTROL_BYTES_MAX],
    length: usize,
}

/// What was in the frames that were read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unframed {
    /// The number of bytes at the start of the buffer that were in messages.
    pub length: usize,
    /// The number of control frames.
    pub controls: u32,
    /// The payload of the last ping, which is to be answered.
    pub ping: Option<Box<[u8]>>,
    /// Why nothing more is read.
    pub end: Option<End>,
}

/// Why nothing more is read. What stands behind it in the buffer is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The peer closes the connection, with a code if it gives one.
    Closed(Option<CloseCode>),
    /// The peer has broken a rule.
    Failed(WebSocketError),
}

impl From<WebSocketError> for End {
    fn from(error: WebSocketError) -> Self {
        End::Failed(error)
    }
}

/// The place of a buffer up to which it was read, and up to which payload was put back.
#[derive(Debug)]
struct Cursor<'a> {
    buffer: &'a mut [u8],
    filled: usize,
    read: usize,
    written: usize,
    /// Whether the end of a line has to be put behind what is written. It waits until there is
    /// room: behind the next header, or at the end of what was read.
    owes_line_end: bool,
}

impl Cursor<'_> {
    fn end_line(&mut self) {
        if std::mem::take(&mut self.owes_line_end) {
            self.buffer[self.written] = LINE_END;
            self.written += 1;
        }
    }
}

impl Unframer {
    /// The state at the start, for the frames of a client or of a server.
    pub fn new(is_of_client: bool, frame_max: u32) -> Self {
        Unframer {
            is_masked: is_of_client,
            frame_max,
            header: [0; HEADER_BYTES_MAX],
            header_length: 0,
            frame: None,
            message: None,
            control: None,
        }
    }

    /// Takes the first `filled` bytes of the buffer apart, and moves what is in messages to its
    /// start, without masks and with a line end behind each message of text. The buffer must have
    /// room for one byte more.
    pub fn unframe(&mut self, buffer: &mut [u8], filled: usize) -> Unframed {
        let mut cursor = Cursor { buffer, filled, read: 0, written: 0, owes_line_end: false };
        let mut unframed = Unframed::default();
        if let Err(end) = self.read_frames(&mut cursor, &mut unframed) {
            unframed.end = Some(end);
        }
        cursor.end_line();
        unframed.length = cursor.written;
        unframed
    }

    fn read_frames(&mut self, cursor: &mut Cursor<'_>, to: &mut Unframed) -> Result<(), End> {
        loop {
            let frame = match self.frame {
                Some(frame) => frame,
                None => match self.read_header(cursor)? {
                    Some(header) => self.begin(&header)?,
                    None => return Ok(()),
                },
            };
            let left = self.read_payload(frame, cursor)?;
            if left > 0 {
                return Ok(());
            }
            self.frame = None;
            match frame.opcode.is_control() {
                true => self.end_control(frame.opcode, to)?,
                false => self.end_frame(frame.is_last, cursor)?,
            }
        }
    }

    /// Reads a header, which may have begun in an earlier buffer. Returns none if it goes on in a
    /// later one.
    fn read_header(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<Header>, WebSocketError> {
        let before = usize::from(self.header_length);
        let room = (HEADER_BYTES_MAX - before).min(cursor.filled - cursor.read);
        let bytes = &cursor.buffer[cursor.read..cursor.read + room];
        self.header[before..before + room].copy_from_slice(bytes);
        match Header::parse(&self.header[..before + room])? {
            Some((header, size)) => {
                cursor.read += size - before;
                self.header_length = 0;
                Ok(Some(header))
            }
            None => {
                cursor.read += room;
                self.header_length += room.to_le_bytes()[0];
                Ok(None)
            }
        }
    }

    fn begin(&mut self, header: &Header) -> Result<IncomingFrame, WebSocketError> {
        let Header { is_last, opcode, mask, length } = *header;
        if mask.is_some() != self.is_masked {
            return Err(WebSocketError::Protocol);
        }
        let left = u32::try_from(length).ok().filter(|length| *length <= self.frame_max);
        let left = left.ok_or(WebSocketError::TooLarge)?;
        match (opcode, &self.message) {
            (Opcode::Continuation, None) | (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(WebSocketError::Protocol);
            }
            (Opcode::Text, None) => {
                self.message = Some(MessageKind::Text(Utf8Check::default(), false));
            }
            (Opcode::Binary, None) => self.message = Some(MessageKind::Bytes),
            _ => {}
        }
        let frame = IncomingFrame { opcode, is_last, key: mask.unwrap_or_default(), left };
        self.frame = Some(frame);
        Ok(frame)
    }

    /// Reads what there is of a payload. Returns how many bytes of it have not come.
    fn read_payload(
        &mut self,
        IncomingFrame { opcode, is_last, mut key, left }: IncomingFrame,
        cursor: &mut Cursor<'_>,
    ) -> Result<u32, WebSocketError> {
        let there = cursor.filled - cursor.read;
        let count = there.min(left as usize);
        let came = cursor.read..cursor.read + count;
        cursor.read += count;
        mask::apply(&mut key, &mut cursor.buffer[came.clone()]);
        let left = left - u32::try_from(count).unwrap_or(left);
        self.frame = Some(IncomingFrame { opcode, is_last, key, left });
        let bytes = &cursor.buffer[came.clone()];
        if opcode.is_control() {
            let payload = ControlPayload { bytes: [0; CONTROL_BYTES_MAX], length: 0 };
            let payload = self.control.get_or_insert_with(|| Box::new(payload));
            payload.bytes[payload.length..payload.length + count].copy_from_slice(bytes);
            payload.length += count;
            return Ok(left);
        }
        if let (Some(MessageKind::Text(check, ends_line)), Some(last)) =
            (&mut self.message, bytes.last())
        {
            *ends_line = *last == LINE_END;
            if !check.take(bytes) {
                return Err(WebSocketError::NotUtf8);
            }
        }
        // A header stood before it, if a line end is due.
        cursor.end_line();
        cursor.buffer.copy_within(came, cursor.written);
        cursor.written += count;
        Ok(left)
    }

    fn end_frame(&mut self, is_last: bool, cursor: &mut Cursor<'_>) -> Result<(), WebSocketError> {
        if !is_last {
            return Ok(());
        }
        if let Some(MessageKind::Text(check, ends_line)) = self.message.take() {
            if !check.is_whole() {
                return Err(WebSocketError::NotUtf8);
            }
            cursor.end_line();
            cursor.owes_line_end = !ends_line;
        }
        Ok(())
    }

    fn end_control(&mut self, opcode: Opcode, to: &mut Unframed) -> Result<(), End> {
        let payload = self.control.take();
        let bytes = payload.as_ref().map_or(&[][..], |payload| &payload.bytes[..payload.length]);
        to.controls += 1;
        match opcode {
            Opcode::Ping => to.ping = Some(bytes.into()),
            Opcode::Close => return Err(closed(bytes)),
            _ => {}
        }
        Ok(())
    }
}

/// Reads the payload of a Close frame: nothing, or a code and a reason.
fn closed(payload: &[u8]) -> End {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return match payload {
            [] => End::Closed(None),
            _ => End::Failed(WebSocketError::Protocol),
        };
    };
    match (CloseCode::received(u16::from_be_bytes(*code)), std::str::from_utf8(reason)) {
        (None, _) => End::Failed(WebSocketError::Protocol),
        (_, Err(_)) => End::Failed(WebSocketError::NotUtf8),
        (code, Ok(_)) => End::Closed(code),
    }
}

#[cfg(test)]
mod tests;
