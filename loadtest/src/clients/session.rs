//! The session of a client, in the protocol of the server.

use clap::ValueEnum;

use super::channel::Role;
use super::heard::Heard;
use super::http::HttpSession;
use super::irc::IrcSession;
use super::mqtt::MqttSession;
use super::native::NativeSession;
use super::nats::NatsSession;
use super::recent::RecentLines;
use super::resp::RespSession;

/// The longest message, in bytes, of protocols other than chatsrv's. A server that sends longer
/// ones does not speak the protocol.
const MESSAGE_BYTES_MAX: usize = 32 * 1024;

/// A protocol for messages from one to many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// That of chatsrv.
    Native,
    /// Internet Relay Chat: a channel that all join.
    Irc,
    /// That of Redis: PUBLISH and SUBSCRIBE.
    Resp,
    /// MQTT 3.1.1 with quality of service 0.
    Mqtt,
    /// That of the NATS server.
    Nats,
    /// HTTP/1.1: only downloads.
    Http,
}

impl Protocol {
    /// Its name, as in the option.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Native => "native",
            Protocol::Irc => "irc",
            Protocol::Resp => "resp",
            Protocol::Mqtt => "mqtt",
            Protocol::Nats => "nats",
            Protocol::Http => "http",
        }
    }

    /// Returns true if files can be downloaded.
    pub fn has_downloads(self) -> bool {
        matches!(self, Protocol::Native | Protocol::Http)
    }

    /// Returns true if the server confirms a broadcast to its sender.
    pub fn has_confirmations(self) -> bool {
        matches!(self, Protocol::Native | Protocol::Resp)
    }
}

/// The state of a client's session.
#[derive(Debug)]
pub enum Session {
    /// With chatsrv.
    Native(NativeSession),
    /// With an IRC server.
    Irc(IrcSession),
    /// With Redis.
    Resp(RespSession),
    /// With an MQTT broker.
    Mqtt(MqttSession),
    /// With a NATS server.
    Nats(NatsSession),
    /// With a web server.
    Http(HttpSession),
}

impl Session {
    /// Creates a session.
    pub fn new(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Native => Session::Native(NativeSession::new()),
            Protocol::Irc => Session::Irc(IrcSession::new()),
            Protocol::Resp => Session::Resp(RespSession::new()),
            Protocol::Mqtt => Session::Mqtt(MqttSession::new()),
            Protocol::Nats => Session::Nats(NatsSession::new()),
            Protocol::Http => Session::Http(HttpSession::new()),
        }
    }

    /// Logs in to another server than chatsrv, and subscribes if the role receives broadcasts.
    pub fn log_in(&mut self, name: &str, role: Role, out: &mut Vec<u8>) {
        match self {
            Session::Native(_) => {}
            Session::Irc(session) => session.log_in(name, role, out),
            Session::Resp(session) => session.log_in(role, out),
            Session::Mqtt(session) => session.log_in(name, role, out),
            Session::Nats(session) => session.log_in(role, out),
            Session::Http(session) => session.greet(out),
        }
    }

    /// Sends a broadcast, which `payload` appends.
    pub fn broadcast(&self, out: &mut Vec<u8>, payload: impl FnOnce(&mut Vec<u8>)) {
        match self {
            Session::Native(session) => session.say("*", out, payload),
            Session::Irc(session) => session.broadcast(out, payload),
            Session::Resp(session) => session.broadcast(out, payload),
            Session::Mqtt(session) => session.broadcast(out, payload),
            Session::Nats(session) => session.broadcast(out, payload),
            // The options permit no broadcasts with it.
            Session::Http(_) => {}
        }
    }

    /// Requests a file, if the protocol has files.
    pub fn download(&mut self, name: &str, out: &mut Vec<u8>) {
        match self {
            Session::Native(session) => session.download(name, out),
            Session::Http(session) => session.download(name, out),
            _ => {}
        }
    }

    /// Sends a request whose reply comes after everything that the server has sent to this client
    /// before.
    pub fn fence(&mut self, out: &mut Vec<u8>) {
        match self {
            Session::Native(session) => session.fence(out),
            Session::Irc(_) => out.extend_from_slice(b"PING fence\r\n"),
            Session::Resp(_) | Session::Nats(_) => out.extend_from_slice(b"PING\r\n"),
            Session::Mqtt(session) => session.fence(out),
            Session::Http(session) => session.fence(out),
        }
    }

    /// The session with chatsrv, for requests that only chatsrv has; the options permit them with
    /// no other.
    pub fn native(&mut self) -> Option<&mut NativeSession> {
        match self {
            Session::Native(session) => Some(session),
            _ => None,
        }
    }

    /// Decodes the next event from the start of `input`. Returns the number of bytes consumed; the
    /// next call must pass the rest, and may pass more after it. Replies that the protocol requires
    /// at once are appended to `out`.
    pub fn hear<'a>(
        &mut self,
        input: &'a [u8],
        recent: &mut RecentLines,
        out: &mut Vec<u8>,
    ) -> (usize, Option<Heard<'a>>) {
        match self {
            Session::Native(session) => return session.hear(input, recent),
            Session::Http(session) => return session.hear(input),
            _ => {}
        }
        if let Some((place, length)) = recent.find(input) {
            return (length, Some(Heard::SameMessage { place }));
        }
        let mut consumed = 0;
        loop {
            let rest = &input[consumed..];
            let next = match self {
                Session::Native(_) | Session::Http(_) => None,
                Session::Irc(session) => session.hear(rest, recent, out),
                Session::Resp(session) => session.hear(rest, recent),
                Session::Mqtt(session) => session.hear(rest, recent, out),
                Session::Nats(session) => session.hear(rest, recent, out),
            };
            match next {
                Some((used, None)) => consumed += used,
                Some((used, heard)) => return (consumed + used, heard),
                None if rest.len() > MESSAGE_BYTES_MAX => {
                    return (input.len(), Some(Heard::Garbled));
                }
                None => return (consumed, None),
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::payload::{Format, Stamp};

    /// A payload.
    pub fn payload() -> String {
        let mut out = Vec::new();
        Format::new(1, 64).write(&Stamp { sender: 0, sequence: 3, intended_nanos: 9 }, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// The events and the output if the bytes arrive one by one, and all at once, which must not
    /// differ.
    pub fn hear(session: impl Fn() -> Session, input: &[u8]) -> (Vec<String>, Vec<u8>) {
        let whole = hear_in_pieces(session(), input, input.len());
        assert_eq!(whole, hear_in_pieces(session(), input, 1));
        whole
    }

    /// The events and the output if the bytes arrive in pieces of that length.
    pub fn hear_in_pieces(
        mut session: Session,
        input: &[u8],
        piece: usize,
    ) -> (Vec<String>, Vec<u8>) {
        let mut recent = RecentLines::new();
        let (mut all, mut out, mut start, mut end) = (Vec::new(), Vec::new(), 0, 0);
        while end < input.len() {
            end = (end + piece).min(input.len());
            loop {
                let (used, heard) = session.hear(&input[start..end], &mut recent, &mut out);
                start += used;
                let Some(heard) = heard else { break };
                all.push(match heard {
                    Heard::Message { text, place: Some(_), .. } => format!("Message {text}"),
                    other => format!("{other:?}"),
                });
            }
        }
        assert_eq!(start, input.len(), "something was left over");
        (all, out)
    }
}
