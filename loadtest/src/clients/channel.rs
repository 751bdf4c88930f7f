//! What the protocols of other servers than chatsrv share: the channel that all clients meet in,
//! and the lines and messages that come from there.

use super::heard::Heard;
use super::recent::RecentLines;

/// The channel, topic or subject that the clients of other servers than chatsrv meet in.
pub(super) const CHANNEL: &str = "loadtest";

/// What a client logs in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// To receive what is broadcast.
    Receiver,
    /// To broadcast. Where the server sends a publisher its own messages, it does not subscribe.
    Sender,
    /// Only to be there. Where each who joins a channel is told to all in it, it does not join.
    Idler,
}

/// The first line of `input` without its end, and how long it is with it.
pub(super) fn line(input: &[u8]) -> Option<(usize, &str)> {
    let end = memchr::memchr(b'\n', input)?;
    let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
    // What is no text is no word of a protocol, and comes out as garbled.
    Some((end + 1, std::str::from_utf8(line).unwrap_or("\u{fffd}")))
}

/// A message whose bytes are `message` and whose payload, within them, is `payload`.
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
