//! A client of Internet Relay Chat (RFC 2812) that talks in one channel.

use std::io::Write;

use super::channel::{self, CHANNEL, Role};
use super::heard::Heard;
use super::recent::RecentLines;

/// A session with an IRC server.
#[derive(Debug)]
pub struct IrcSession {
    state: RegistrationState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RegistrationState {
    /// NICK and USER are sent.
    Registering(Role),
    /// JOIN is sent.
    Joining,
    LoggedIn,
}

impl IrcSession {
    pub(super) fn new() -> Self {
        IrcSession { state: RegistrationState::Registering(Role::Receiver) }
    }

    pub(super) fn log_in(&mut self, name: &str, role: Role, out: &mut Vec<u8>) {
        self.state = RegistrationState::Registering(role);
        // Writing to a Vec does not fail, here and below.
        let _ = write!(out, "NICK {name}\r\nUSER load 0 * :load\r\n");
    }

    pub(super) fn broadcast(&self, out: &mut Vec<u8>, payload: impl FnOnce(&mut Vec<u8>)) {
        let _ = write!(out, "PRIVMSG #{CHANNEL} :");
        payload(out);
        out.extend_from_slice(b"\r\n");
    }

    pub(super) fn hear<'a>(
        &mut self,
        input: &'a [u8],
        recent: &mut RecentLines,
        out: &mut Vec<u8>,
    ) -> Option<(usize, Option<Heard<'a>>)> {
        let (used, line) = channel::line(input)?;
        let rest = match line.strip_prefix(':') {
            Some(prefixed) => prefixed.split_once(' ').map_or("", |(_, rest)| rest),
            None => line,
        };
        let (command, words) = rest.split_once(' ').unwrap_or((rest, ""));
        let heard = match command {
            "PRIVMSG" => Some(match words.split_once(" :") {
                Some((_, text)) => channel::message(recent, &input[..used], text.as_bytes()),
                None => Heard::Garbled,
            }),
            "PING" => {
                let _ = write!(out, "PONG {words}\r\n");
                None
            }
            "PONG" => Some(Heard::Fenced),
            "ERROR" => Some(Heard::Closing(line)),
            // RPL_MYINFO: the nick, the server's name, its version.
            "004" => words.split(' ').nth(2).map(Heard::Greeting),
            // RPL_ENDOFMOTD and ERR_NOMOTD end the greeting, RPL_ENDOFNAMES the reply to JOIN.
            "376" | "422" => self.registered(out),
            "366" if self.state == RegistrationState::Joining => {
                self.state = RegistrationState::LoggedIn;
                Some(Heard::LoggedIn)
            }
            _ if !is_error(command) => None,
            _ if self.state == RegistrationState::LoggedIn => Some(Heard::NotTaken(line)),
            _ => Some(Heard::Refused(line)),
        };
        Some((used, heard))
    }

    fn registered<'a>(&mut self, out: &mut Vec<u8>) -> Option<Heard<'a>> {
        let RegistrationState::Registering(role) = self.state else { return None };
        if role == Role::Idler {
            self.state = RegistrationState::LoggedIn;
            return Some(Heard::LoggedIn);
        }
        let _ = write!(out, "JOIN #{CHANNEL}\r\n");
        self.state = RegistrationState::Joining;
        None
    }
}

/// Numeric replies from 400 to 599 are errors.
fn is_error(command: &str) -> bool {
    command.len() == 3 && command.starts_with(['4', '5'])
}

#[cfg(test)]
mod tests {
    use super::super::channel::Role;
    use super::super::session::{Protocol, Session, tests};

    fn session(role: Role) -> Session {
        let mut session = Session::new(Protocol::Irc);
        let mut out = Vec::new();
        session.log_in("alice", role, &mut out);
        assert_eq!(out, b"NICK alice\r\nUSER load 0 * :load\r\n");
        session
    }

    #[test]
    fn a_client_registers_joins_and_receives() {
        let payload = tests::payload();
        let input = format!(
            ":s NOTICE * :looking up\r\nPING :1\r\n:s 001 alice :hi\r\n:s 004 alice s v-3 io\r\n\
             :s 422 alice :no motd\r\n:alice!u@h JOIN :#loadtest\r\n\
             :s 366 alice #loadtest :end\r\n:bob!u@h JOIN :#loadtest\r\n\
             :bob!u@h PRIVMSG #loadtest :{payload}\r\n:s PONG s :fence\r\n\
             :s 404 alice #loadtest :no\r\nERROR :bye\r\n"
        );
        let (heard, out) = tests::hear(|| session(Role::Receiver), input.as_bytes());
        let message = format!("Message {payload}");
        assert_eq!(
            heard,
            [
                r#"Greeting("v-3")"#,
                "LoggedIn",
                &message,
                "Fenced",
                r#"NotTaken(":s 404 alice #loadtest :no")"#,
                r#"Closing("ERROR :bye")"#
            ]
        );
        assert_eq!(out, b"PONG :1\r\nJOIN #loadtest\r\n");
    }

    #[test]
    fn an_idler_stays_outside_and_a_refusal_is_told() {
        let (heard, out) = tests::hear(|| session(Role::Idler), b":s 376 alice :end\r\n");
        assert_eq!((heard, &out[..]), (vec!["LoggedIn".to_owned()], &b""[..]));
        let (heard, _) = tests::hear(|| session(Role::Sender), b":s 433 * alice :taken\r\n");
        assert_eq!(heard, [r#"Refused(":s 433 * alice :taken")"#]);
    }
}
