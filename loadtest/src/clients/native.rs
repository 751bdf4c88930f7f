//! The client side of chatsrv's protocol: encodes requests and messages, and decodes what the
//! server sends.

use std::io::Write;

use chatsrv::protocol::native::SERVER_LINE_BYTES_MAX;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::frame::{Decoder, Frame};
use chatsrv::protocol::native::read::{
    About, Delivered, FinalReply, Notice, Reading, ReplyWords, ServerLine,
};
use chatsrv::protocol::native::verb::Verb;

use super::heard::Heard;
use super::recent::RecentLines;

/// A session with chatsrv: the decoder, and the state of the login.
#[derive(Debug)]
pub struct NativeSession {
    decoder: Decoder,
    state: LoginState,
}

#[derive(Clone, Copy, Debug)]
enum LoginState {
    LoggingIn(LoginReplies),
    LoggedIn,
}

/// The outstanding final replies to a pipelined login.
#[derive(Clone, Copy, Debug)]
struct LoginReplies {
    awaited: u8,
    busy_seconds: Option<u32>,
}

/// The replies to USER, to the password and to QUIET.
const LOGIN_ANSWERS: u8 = 3;
/// The replies to RESUME and to QUIET.
const RESUME_ANSWERS: u8 = 2;

impl NativeSession {
    /// Creates a session.
    pub fn new() -> Self {
        NativeSession {
            decoder: Decoder::new(SERVER_LINE_BYTES_MAX),
            state: LoginState::LoggingIn(LoginReplies::to(LOGIN_ANSWERS)),
        }
    }

    /// Logs in or registers with one write, and turns off the notices of users who come online or
    /// go offline, which would cost a line for each pair of clients.
    pub fn log_in(&mut self, name: &str, password: &str, is_beside: bool, out: &mut Vec<u8>) {
        self.state = LoginState::LoggingIn(LoginReplies::to(LOGIN_ANSWERS));
        let beside = beside_word(is_beside);
        // Writing to a Vec does not fail, here and below.
        let _ = write!(out, "C USER {name}{beside}\nD {password}\nC QUIET on\n");
    }

    /// Logs in with a token in place of the password.
    pub fn resume(&mut self, name: &str, token: &str, is_beside: bool, out: &mut Vec<u8>) {
        self.state = LoginState::LoggingIn(LoginReplies::to(RESUME_ANSWERS));
        let beside = beside_word(is_beside);
        let _ = write!(out, "C RESUME {name} {token}{beside}\nC QUIET on\n");
    }

    /// Requests a token.
    pub fn ask_for_token(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"C TOKEN\n");
    }

    /// Creates a group with these members besides its maker.
    pub fn make_group(&self, name: &str, others: &[String], out: &mut Vec<u8>) {
        let _ = writeln!(out, "C MKGROUP {name} {}", others.join(" "));
    }

    /// Sends a request whose reply comes after everything that the server has sent to this client
    /// before.
    pub fn fence(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"C QUIET on\n");
    }

    /// Sends a message, which `payload` appends, to everyone (`*`), a user or a group.
    pub fn say(&self, target: &str, out: &mut Vec<u8>, payload: impl FnOnce(&mut Vec<u8>)) {
        let _ = write!(out, "D {target} ");
        payload(out);
        out.push(b'\n');
    }

    /// Requests a file.
    pub fn download(&self, name: &str, out: &mut Vec<u8>) {
        let _ = writeln!(out, "C GET 0 {name}");
    }

    /// Decodes the next event from the start of `input`. Returns the number of bytes consumed; the
    /// next call must pass the rest, and may pass more after it.
    pub fn hear<'a>(
        &mut self,
        input: &'a [u8],
        recent: &mut RecentLines,
    ) -> (usize, Option<Heard<'a>>) {
        if self.decoder.is_between_frames()
            && let Some((place, length)) = recent.find(input)
        {
            return (length, Some(Heard::SameMessage { place }));
        }
        let mut consumed = 0;
        loop {
            let rest = &input[consumed..];
            let (used, frame) = self.decoder.decode(rest);
            consumed += used;
            let heard = match frame {
                None => return (consumed, None),
                Some(Frame::Data(text)) => Some(match Delivered::parse(text.as_str()) {
                    Some(Delivered { from, text, .. }) => {
                        let place = recent.keep(&rest[..used], text);
                        Heard::Message { from: Some(from), text, place }
                    }
                    None => Heard::Garbled,
                }),
                Some(Frame::Command(text)) => self.line(text.as_str()),
                Some(Frame::File { bytes, .. }) => Some(Heard::Chunk { bytes: bytes.len() }),
                Some(Frame::FileEnd { .. }) => Some(Heard::DownloadEnd),
                Some(Frame::Empty) => None,
                Some(Frame::Bad(_)) => Some(Heard::Garbled),
            };
            if heard.is_some() {
                return (consumed, heard);
            }
        }
    }

    fn line<'a>(&mut self, text: &'a str) -> Option<Heard<'a>> {
        let Some(line) = ServerLine::parse(text) else { return Some(Heard::Garbled) };
        let reply = match line.read() {
            Reading::Greeting { software, .. } => return Some(Heard::Greeting(software)),
            Reading::Notice(Notice::Aborted { .. }) => return Some(Heard::DownloadAborted(text)),
            Reading::Closing(_) => return Some(Heard::Closing(text)),
            Reading::Final(reply) => reply,
            _ => return None,
        };
        match &mut self.state {
            LoginState::LoggingIn(answers) => {
                let heard = answers.take(&reply, text);
                if heard == Some(Heard::LoggedIn) {
                    self.state = LoginState::LoggedIn;
                }
                heard
            }
            LoginState::LoggedIn => Some(answer(&reply, text)),
        }
    }
}

/// The last word of a login beside other sessions of the user. Such a session also gets what its
/// user says in another one.
fn beside_word(is_beside: bool) -> &'static str {
    if is_beside { " BESIDE" } else { "" }
}

impl LoginReplies {
    fn to(requests: u8) -> Self {
        LoginReplies { awaited: requests, busy_seconds: None }
    }

    fn take<'a>(&mut self, reply: &FinalReply<'_>, text: &'a str) -> Option<Heard<'a>> {
        match (reply.code, self.awaited) {
            (Some(Code::Busy), _) => {
                self.busy_seconds = Some(match reply.words {
                    ReplyWords::RetryAfter { seconds } => seconds,
                    _ => 1,
                });
            }
            // The lines after a step that was refused as busy are refused too.
            _ if self.busy_seconds.is_some() => {}
            (Some(Code::SendPassword | Code::ChoosePassword), LOGIN_ANSWERS)
            | (Some(Code::LoggedIn), RESUME_ANSWERS)
            | (Some(Code::Done), 1) => {}
            _ => return Some(Heard::Refused(text)),
        }
        self.awaited -= 1;
        (self.awaited == 0)
            .then(|| self.busy_seconds.map_or(Heard::LoggedIn, |seconds| Heard::Busy { seconds }))
    }
}

fn answer<'a>(reply: &FinalReply<'a>, text: &'a str) -> Heard<'a> {
    if !reply.has(Code::Done) {
        return Heard::NotTaken(text);
    }
    match (reply.about, reply.words) {
        (About::Message, _) => Heard::Confirmed,
        (About::Verb(Verb::Quiet), _) => Heard::Fenced,
        (About::Verb(Verb::Mkgroup), _) => Heard::GroupMade,
        (_, ReplyWords::Token { token }) => Heard::Token(token.expose()),
        (_, ReplyWords::Download { size, .. }) => Heard::Download { bytes: size },
        (About::Verb(Verb::Get), _) => Heard::Garbled,
        _ => Heard::NotTaken(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(session: &mut NativeSession, mut input: &[u8]) -> Vec<String> {
        let mut all = Vec::new();
        let mut recent = RecentLines::new();
        loop {
            let (used, heard) = session.hear(input, &mut recent);
            input = &input[used..];
            let Some(heard) = heard else { return all };
            all.push(format!("{heard:?}"));
        }
    }

    fn logging_in() -> NativeSession {
        let mut session = NativeSession::new();
        session.log_in("a", "b", false, &mut Vec::new());
        session
    }

    #[test]
    fn a_login_has_three_answers() {
        let mut session = logging_in();
        let heard = hear(
            &mut session,
            b"C 220 chatsrv/1 1 ready\nC 331 USER a password\nC 150 UNREAD 1\n\
              C 151 UNREAD bob 3 17\nC 230 USER a 10000 welcome\nD 7 b * hi\nC 250 QUIET\n",
        );
        assert_eq!(heard.len(), 3, "{heard:?}");
        assert_eq!(heard[0], r#"Greeting("chatsrv/1")"#);
        assert!(heard[1].starts_with("Message"));
        assert_eq!(heard[2], "LoggedIn");
        let heard = hear(
            &mut session,
            b"C 120 ON x 10001\nC 250 MSG 8 * 1 0\nC 450 MSG busy\nC 250 QUIET\nC 421 - bye\n",
        );
        assert_eq!(
            heard,
            ["Confirmed", r#"NotTaken("450 MSG busy")"#, "Fenced", r#"Closing("421 - bye")"#]
        );
    }

    #[test]
    fn a_login_with_a_token_has_two_answers() {
        let mut session = logging_in();
        let login = b"C 332 USER a x\nC 230 USER a 1 x\nC 250 QUIET\nC 250 TOKEN t\n";
        assert_eq!(hear(&mut session, login), ["LoggedIn", r#"Token("t")"#]);
        let mut session = NativeSession::new();
        let mut out = Vec::new();
        session.resume("a", "t", false, &mut out);
        session.resume("a", "t", true, &mut out);
        assert_eq!(out, b"C RESUME a t\nC QUIET on\nC RESUME a t BESIDE\nC QUIET on\n");
        let heard = hear(&mut session, b"C 150 UNREAD 0\nC 230 RESUME a 1\nC 250 QUIET\n");
        assert_eq!(heard, ["LoggedIn"]);
        session.resume("a", "u", false, &mut out);
        let heard = hear(&mut session, b"C 535 RESUME that token is not good\n");
        assert_eq!(heard, [r#"Refused("535 RESUME that token is not good")"#]);
    }

    #[test]
    fn a_busy_server_is_asked_again_and_a_refusal_is_told() {
        for busy in [
            "C 450 USER 7 later\nC 530 - log in first\nC 530 QUIET log in first\n",
            "C 331 USER a x\nC 450 USER 7\nC 530 QUIET log in first\n",
        ] {
            let mut session = logging_in();
            assert_eq!(hear(&mut session, busy.as_bytes()), ["Busy { seconds: 7 }"]);
            session.log_in("a", "b", false, &mut Vec::new());
            let heard = hear(&mut session, b"C 331 USER\nC 230 USER a 1 x\nC 250 QUIET\n");
            assert_eq!(heard, ["LoggedIn"]);
        }
        let heard = hear(&mut logging_in(), b"C 331 USER a x\nC 535 USER wrong\n");
        assert_eq!(heard, [r#"Refused("535 USER wrong")"#]);
    }

    #[test]
    fn a_download_is_heard_in_pieces() {
        let mut session = logging_in();
        hear(&mut session, b"C 331 USER\nC 230 USER a 1 x\nC 250 QUIET\n");
        let heard = hear(
            &mut session,
            b"C 250 GET 1 5 a b\nF 1 3\nabcD 7 b * hi\nF 1 2\ndeF 1 0\nC 550 GET x\nnonsense\n",
        );
        assert_eq!(heard[0], "Download { bytes: 5 }");
        assert_eq!(heard[1], "Chunk { bytes: 3 }");
        assert!(heard[2].starts_with("Message"));
        assert_eq!(
            heard[3..],
            ["Chunk { bytes: 2 }", "DownloadEnd", r#"NotTaken("550 GET x")"#, "Garbled"]
        );
    }

    #[test]
    fn the_same_message_to_another_is_known_at_sight() {
        let mut recent = RecentLines::new();
        let line = b"D 1795521601123456 bob * hello to all of you\n";
        let mut first = logging_in();
        let (used, heard) = first.hear(line, &mut recent);
        let Some(Heard::Message { text, place: Some(place), .. }) = heard else {
            panic!("{heard:?}")
        };
        assert_eq!((used, text), (line.len(), "hello to all of you"));
        let mut second = logging_in();
        let heard = second.hear(line, &mut recent);
        assert_eq!(heard, (line.len(), Some(Heard::SameMessage { place })));

        // Inside a file the same bytes are no message.
        let mut third = logging_in();
        let file = [b"F 1 45\n", &line[..]].concat();
        let heard = third.hear(&file[..8], &mut recent);
        assert_eq!(heard, (8, Some(Heard::Chunk { bytes: 1 })));
        let heard = third.hear(&line[..30], &mut recent);
        assert_eq!(heard, (30, Some(Heard::Chunk { bytes: 30 })));
    }
}
