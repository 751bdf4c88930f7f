//! A client of the NATS protocol that publishes to one subject or subscribes to it.

use std::io::Write;

use super::channel::{self, CHANNEL, Role};
use super::heard::Heard;
use super::recent::RecentLines;

/// A session with a NATS server.
#[derive(Debug)]
pub struct NatsSession {
    is_logged_in: bool,
}

impl NatsSession {
    pub(super) fn new() -> Self {
        NatsSession { is_logged_in: false }
    }

    /// The reply to PING confirms the lines before it.
    pub(super) fn log_in(&mut self, role: Role, out: &mut Vec<u8>) {
        out.extend_from_slice(b"CONNECT {\"verbose\":false,\"pedantic\":false}\r\n");
        if role != Role::Sender {
            // Writing to a Vec does not fail, here and below.
            let _ = write!(out, "SUB {CHANNEL} 1\r\n");
        }
        out.extend_from_slice(b"PING\r\n");
    }

    pub(super) fn broadcast(&self, out: &mut Vec<u8>, payload: impl FnOnce(&mut Vec<u8>)) {
        let mut text = Vec::new();
        payload(&mut text);
        let _ = write!(out, "PUB {CHANNEL} {}\r\n", text.len());
        out.extend_from_slice(&text);
        out.extend_from_slice(b"\r\n");
    }

    pub(super) fn hear<'a>(
        &mut self,
        input: &'a [u8],
        recent: &mut RecentLines,
        out: &mut Vec<u8>,
    ) -> Option<(usize, Option<Heard<'a>>)> {
        let (used, line) = channel::line(input)?;
        let (command, words) = line.split_once(' ').unwrap_or((line, ""));
        let heard = match command {
            "MSG" => {
                let Some(length) = words.rsplit(' ').next().and_then(|word| word.parse().ok())
                else {
                    return Some((used, Some(Heard::Garbled)));
                };
                return message(recent, input, used, length);
            }
            "PING" => {
                out.extend_from_slice(b"PONG\r\n");
                None
            }
            "PONG" if std::mem::replace(&mut self.is_logged_in, true) => Some(Heard::Fenced),
            "PONG" => Some(Heard::LoggedIn),
            "INFO" => version(words).map(Heard::Greeting),
            "+OK" => None,
            "-ERR" if self.is_logged_in => Some(Heard::NotTaken(line)),
            "-ERR" => Some(Heard::Refused(line)),
            _ => Some(Heard::Garbled),
        };
        Some((used, heard))
    }
}

/// The message whose payload of `length` bytes begins at `start`, followed by CR and LF.
fn message<'a>(
    recent: &mut RecentLines,
    input: &'a [u8],
    start: usize,
    length: usize,
) -> Option<(usize, Option<Heard<'a>>)> {
    let end = start.checked_add(length)?.checked_add(2)?;
    let whole = input.get(..end)?;
    Some((end, Some(channel::message(recent, whole, &whole[start..end - 2]))))
}

/// The version in the JSON object of the server's greeting.
fn version(info: &str) -> Option<&str> {
    info.split_once("\"version\":\"")?.1.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::super::channel::Role;
    use super::super::session::{Protocol, Session, tests};

    fn session(role: Role) -> Session {
        let mut session = Session::new(Protocol::Nats);
        let mut out = Vec::new();
        session.log_in("alice", role, &mut out);
        assert_eq!(out.windows(3).any(|word| word == b"SUB"), role != Role::Sender);
        session
    }

    #[test]
    fn a_client_subscribes_and_receives() {
        let payload = tests::payload();
        let input = format!(
            "INFO {{\"server_id\":\"x\",\"version\":\"2.9\"}} \r\nPING\r\nPONG\r\n\
             MSG loadtest 1 64\r\n{payload}\r\nPONG\r\n-ERR 'slow'\r\nMSG x\r\n"
        );
        let (heard, out) = tests::hear(|| session(Role::Receiver), input.as_bytes());
        let message = format!("Message {payload}");
        let last = [r#"NotTaken("-ERR 'slow'")"#, "Garbled"];
        let first = [r#"Greeting("2.9")"#, "LoggedIn", &message, "Fenced"];
        assert_eq!(heard, [&first[..], &last].concat());
        assert_eq!(out, b"PONG\r\n");
        let mut out = Vec::new();
        session(Role::Sender).broadcast(&mut out, |out| out.extend_from_slice(b"hello"));
        assert_eq!(out, b"PUB loadtest 5\r\nhello\r\n");
    }
}
