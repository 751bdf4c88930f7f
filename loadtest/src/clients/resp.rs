//! A client of the Redis protocol (RESP2) that uses PUBLISH or SUBSCRIBE.

use std::io::Write;

use super::channel::{self, CHANNEL, Role};
use super::heard::Heard;
use super::recent::RecentLines;

/// A session with Redis.
#[derive(Debug)]
pub struct RespSession {
    is_logged_in: bool,
}

/// A reply of Redis.
enum Reply<'a> {
    /// A simple string.
    Simple,
    /// An error: its line.
    Error(&'a str),
    /// An integer.
    Integer,
    /// A bulk string, or an array of up to three bulk strings and integers; integers and missing
    /// elements are empty.
    Strings([&'a [u8]; 3]),
}

impl RespSession {
    pub(super) fn new() -> Self {
        RespSession { is_logged_in: false }
    }

    /// Subscribes, except as a sender: a connection that has subscribed must not publish.
    pub(super) fn log_in(&mut self, role: Role, out: &mut Vec<u8>) {
        // Writing to a Vec does not fail, here and below.
        let _ = match role {
            Role::Sender => write!(out, "PING\r\n"),
            Role::Receiver | Role::Idler => write!(out, "SUBSCRIBE {CHANNEL}\r\n"),
        };
    }

    pub(super) fn broadcast(&self, out: &mut Vec<u8>, payload: impl FnOnce(&mut Vec<u8>)) {
        let mut text = Vec::new();
        payload(&mut text);
        let _ = write!(out, "*3\r\n$7\r\nPUBLISH\r\n${}\r\n{CHANNEL}\r\n", CHANNEL.len());
        let _ = write!(out, "${}\r\n", text.len());
        out.extend_from_slice(&text);
        out.extend_from_slice(b"\r\n");
    }

    pub(super) fn hear<'a>(
        &mut self,
        input: &'a [u8],
        recent: &mut RecentLines,
    ) -> Option<(usize, Option<Heard<'a>>)> {
        let (used, reply) = match reply(input) {
            Progress::Done(used, reply) => (used, reply),
            Progress::Unfinished => return None,
            Progress::Wrong => return Some((input.len(), Some(Heard::Garbled))),
        };
        let heard = match reply {
            Reply::Strings([b"message", _channel, text]) => {
                channel::message(recent, &input[..used], text)
            }
            Reply::Strings([b"subscribe", ..]) | Reply::Simple if !self.is_logged_in => {
                self.is_logged_in = true;
                Heard::LoggedIn
            }
            Reply::Strings([b"pong", ..]) | Reply::Simple => Heard::Fenced,
            Reply::Integer => Heard::Confirmed,
            Reply::Error(line) if self.is_logged_in => Heard::NotTaken(line),
            Reply::Error(line) => Heard::Refused(line),
            Reply::Strings(_) => Heard::Garbled,
        };
        Some((used, Some(heard)))
    }
}

/// The result of parsing a value.
enum Progress<T> {
    /// It is complete; its length in bytes.
    Done(usize, T),
    /// It is not complete yet.
    Unfinished,
    /// It is malformed.
    Wrong,
}

fn reply(input: &[u8]) -> Progress<Reply<'_>> {
    let Some((head, line)) = channel::line(input) else { return Progress::Unfinished };
    let number = line.get(1..).unwrap_or("");
    match (line.as_bytes().first(), number.parse::<usize>()) {
        (Some(b'+'), _) => Progress::Done(head, Reply::Simple),
        (Some(b'-'), _) => Progress::Done(head, Reply::Error(line)),
        (Some(b':'), Ok(_)) => Progress::Done(head, Reply::Integer),
        (Some(b'$'), Ok(_)) => strings(input, 0, 1),
        (Some(b'*'), Ok(count @ 0..=3)) => strings(input, head, count),
        _ => Progress::Wrong,
    }
}

/// Parses the `count` values from `start` on.
fn strings(input: &[u8], start: usize, count: usize) -> Progress<Reply<'_>> {
    let mut values: [&[u8]; 3] = [b""; 3];
    let mut consumed = start;
    for value in &mut values[..count] {
        let rest = &input[consumed..];
        let Some((head, line)) = channel::line(rest) else { return Progress::Unfinished };
        let number = line.get(1..).unwrap_or("").parse::<usize>();
        match (line.as_bytes().first(), number) {
            (Some(b':'), Ok(_)) => consumed += head,
            (Some(b'$'), Ok(length)) if length <= input.len() => {
                let end = head + length;
                if rest.len() < end + "\r\n".len() {
                    return Progress::Unfinished;
                }
                *value = &rest[head..end];
                consumed += end + "\r\n".len();
            }
            (Some(b'$'), Ok(_)) => return Progress::Unfinished,
            _ => return Progress::Wrong,
        }
    }
    Progress::Done(consumed, Reply::Strings(values))
}

#[cfg(test)]
mod tests {
    use super::super::channel::Role;
    use super::super::session::{Protocol, Session, tests};

    fn session(role: Role) -> Session {
        let mut session = Session::new(Protocol::Resp);
        session.log_in("alice", role, &mut Vec::new());
        session
    }

    #[test]
    fn a_client_subscribes_and_receives() {
        let payload = tests::payload();
        let input = format!(
            "*3\r\n$9\r\nsubscribe\r\n$8\r\nloadtest\r\n:1\r\n\
             *3\r\n$7\r\nmessage\r\n$8\r\nloadtest\r\n$64\r\n{payload}\r\n\
             *2\r\n$4\r\npong\r\n$0\r\n\r\n-ERR no\r\n"
        );
        let (heard, _) = tests::hear(|| session(Role::Receiver), input.as_bytes());
        let message = format!("Message {payload}");
        assert_eq!(heard, ["LoggedIn", &message, "Fenced", r#"NotTaken("-ERR no")"#]);
    }

    #[test]
    fn a_sender_does_not_subscribe() {
        let (heard, _) = tests::hear(|| session(Role::Sender), b"+PONG\r\n:2000\r\n+PONG\r\n");
        assert_eq!(heard, ["LoggedIn", "Confirmed", "Fenced"]);
        let (heard, _) = tests::hear(|| session(Role::Sender), b"-NOAUTH x\r\n");
        assert_eq!(heard, [r#"Refused("-NOAUTH x")"#]);
        let mut out = Vec::new();
        session(Role::Sender).broadcast(&mut out, |out| out.extend_from_slice(b"hello"));
        assert_eq!(out, b"*3\r\n$7\r\nPUBLISH\r\n$8\r\nloadtest\r\n$5\r\nhello\r\n");
    }
}
