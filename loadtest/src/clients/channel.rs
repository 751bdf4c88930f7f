//! What the sessions of other servers than chatsrv share: the channel that all clients join, the
//! roles of clients, and the parsing of lines and messages.

use super::heard::Heard;
use super::recent::RecentLines;

/// The channel, topic or subject that the clients of other servers than chatsrv join.
pub(super) const CHANNEL: &str = "loadtest";

/// The role of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It receives broadcasts.
    Receiver,
    /// It broadcasts. It does not subscribe if the server would send it its own messages.
    Sender,
    /// It is idle. It does not join a channel if the server would announce that to all in it.
    Idler,
}

/// The first line of `input` without its end, and its length including the end; `None` if it is not
/// complete.
pub(super) fn line(input: &[u8]) -> Option<(usize, &str)> {
    let end = memchr::memchr(b'\n', input)?;
    let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
    // A line that is not UTF-8 is no command of a protocol, and is reported as garbled.
    Some((end + 1, std::str::from_utf8(line).unwrap_or("\u{fffd}")))
}

/// A message from its bytes, of which `payload` is a part.
pub(super) fn message<'a>(
    recent: &mut RecentLines,
    message: &'a [u8],
    payload: &'a [u8],
) -> Heard<'a> {
    match std::str::from_utf8(payload) {
        Ok(text) => Heard::Message { from: None, text, place: recent.keep(message, text) },
        Err(_) => Heard::Garbled,
    }
}
