//! The codec of one connection that speaks the native protocol, with the dialogues by which some
//! requests are made.
//!
//! USER, PM, DM and PASSWD take their words line by line, and KEY belongs to the next message. The
//! codec keeps the lines so far, and makes one complete request of them.

use std::sync::Arc;

use super::command::Command;
use super::frame::{CLIENT_LINE_BYTES_MAX, Decoder, Frame, FrameError, encode_chunk_header};
use super::kinds;
use super::parse::parse_command;
use super::verb::Verb;
use super::{steps, write};
use crate::chat::access::DialogueStep;
use crate::chat::answer::{Answer, Done, Item};
use crate::chat::close::CloseReason;
use crate::chat::kind::Kind;
use crate::chat::name::{Key, Target, UserName};
use crate::chat::refusal::Refusal;
use crate::chat::registration::InviteCode;
use crate::chat::request::{Place, Request};
use crate::chat::text::{Reason, Secret, Text, TextError};
use crate::limits::PASSWORD_BYTES_MAX;
use crate::protocol::heard::Heard;

/// The codec of one connection. Most of the time no dialogue is under way; then it owns no memory.
#[derive(Debug)]
pub struct Codec {
    decoder: Decoder,
    /// True if the client asked for the later additions to the protocol.
    tells_more: bool,
    /// True if the login under way asks for a session beside others, which begins with them.
    logs_in_beside: bool,
    unfinished: Option<Box<Unfinished>>,
}

/// The lines of a client that are no complete request yet.
#[derive(Debug, Default)]
struct Unfinished {
    dialogue: Dialogue,
    /// The idempotency key of the next message.
    key: Option<Key>,
}

/// The meaning of the next `D` line.
#[derive(Debug, Default)]
enum Dialogue {
    /// A target and a text; no dialogue is under way.
    #[default]
    None,
    /// Nothing, before the answer to USER.
    Identifies { place: Place, invite: Option<InviteCode> },
    /// The password of a user who logs in, or of a new account.
    Password { name: UserName, place: Place, invite: Option<InviteCode>, is_new: bool },
    /// A text for everyone.
    ForEveryone,
    /// A user and a text.
    ForUser,
    /// The password that is to be changed.
    OldPassword,
    /// The password that replaces it.
    NewPassword,
    /// The password of the account that is to be removed.
    LastPassword { erase: bool },
}

impl Default for Codec {
    fn default() -> Self {
        let decoder = Decoder::new(CLIENT_LINE_BYTES_MAX);
        Codec { decoder, tells_more: false, logs_in_beside: false, unfinished: None }
    }
}

impl Codec {
    /// Decodes the start of `input`; see [`Wire::decode`](crate::protocol::wire::Wire::decode).
    pub fn decode<'a>(&mut self, input: &'a [u8]) -> (usize, Option<Heard<'a>>) {
        let (used, frame) = self.decoder.decode(input);
        let heard = frame.map(|frame| match frame {
            Frame::File { stream, bytes } => Heard::Bytes { stream, bytes },
            Frame::FileEnd { stream } => Heard::End { stream },
            Frame::Empty => Heard::Nothing,
            Frame::Command(line) => self.command(line),
            Frame::Data(text) => self.data(text),
            Frame::Bad(error) => self.bad_frame(error),
        });
        (used, heard)
    }

    /// Returns true if the input so far ends between two frames.
    pub fn is_between_frames(&self) -> bool {
        self.decoder.is_between_frames()
    }

    /// Returns true if the client asked for the later additions to the protocol.
    pub fn tells_more(&self) -> bool {
        self.tells_more
    }

    /// Appends an answer, and goes on with the dialogue that waits for it.
    pub fn answer(&mut self, answer: &Answer, out: &mut Vec<u8>) {
        match (answer.of, &answer.result) {
            (Kind::Identify, result) => self.identified(result),
            (Kind::Step(step), Ok(_)) => self.step_taken(step, out),
            (Kind::Step(step), Err(_)) => self.step_refused(step),
            (Kind::Reachable, Err(_)) if matches!(self.dialogue(), Some(Dialogue::ForUser)) => {
                self.take_dialogue();
            }
            (Kind::ConfirmPassword, Ok(_)) => self.begin(Dialogue::NewPassword),
            _ => {}
        }
        write::answer(answer, self.tells_more, out);
    }

    /// Begins with what a session is told after its login. The answer to the login is the end of a
    /// list, which may come later than what the client asks for next.
    pub fn logged_in(&mut self) {
        self.unfinished = None;
        self.tells_more = self.logs_in_beside;
    }

    /// Appends the head of a list.
    pub fn list_head(&self, of: Kind, count: usize, out: &mut Vec<u8>) {
        write::list_head(of, count, out);
    }

    /// Appends an item of a list.
    pub fn list_item(&self, of: Kind, item: &Item, out: &mut Vec<u8>) {
        write::item(of, item, self.tells_more, out);
    }

    /// Appends the last line of a connection that the server closes.
    pub fn close(
        &self,
        reason: CloseReason,
        words: Option<&Reason>,
        come_back_in: Option<u32>,
        out: &mut Vec<u8>,
    ) {
        write::close(reason, words, come_back_in, out);
    }

    /// Appends the header of a chunk; a length of 0 ends the stream.
    pub fn chunk_header(&self, stream: u32, length: usize, out: &mut Vec<u8>) {
        encode_chunk_header(stream, length, out);
    }

    fn command<'a>(&mut self, line: Text<'_>) -> Heard<'a> {
        let command = parse_command(line);
        self.stop_for(match &command {
            Ok(command) => Some(command.verb()),
            Err((kind, _)) => kinds::verb(*kind),
        });
        let step = match command {
            Err((kind, refusal)) => return Heard::Refused(kind, refusal),
            Ok(Command::Ask(request)) => {
                if let Request::Resume { beside, .. } = request {
                    self.logs_in_beside = beside;
                }
                return Heard::Asked(request);
            }
            Ok(Command::User { name, place, invite }) => {
                self.begin(Dialogue::Identifies { place, invite: invite.clone() });
                return Heard::Asked(Request::Identify { name, invite });
            }
            Ok(Command::Dm) => {
                self.begin(Dialogue::ForUser);
                return Heard::Asked(Request::Reachable);
            }
            Ok(Command::Pm) => {
                self.begin(Dialogue::ForEveryone);
                steps::PM
            }
            Ok(Command::Passwd) => {
                self.begin(Dialogue::OldPassword);
                steps::PASSWD
            }
            Ok(Command::Unregister { erase }) => {
                self.begin(Dialogue::LastPassword { erase });
                steps::UNREGISTER
            }
            Ok(Command::Key(key)) => {
                self.unfinished.get_or_insert_default().key = Some(key);
                steps::KEY
            }
            Ok(Command::More(true)) => steps::MORE_ON,
            Ok(Command::More(false)) => steps::MORE_OFF,
            Ok(Command::Help) => steps::HELP,
        };
        Heard::Asked(Request::Step(step))
    }

    /// Ends a dialogue, as every command does except those that a client sends by itself.
    fn stop_for(&mut self, verb: Option<Verb>) {
        let goes_on = match verb {
            Some(Verb::Alive) => true,
            Some(Verb::Seen) => !matches!(self.dialogue(), Some(Dialogue::Password { .. })),
            _ => false,
        };
        if !goes_on {
            self.take_dialogue();
        }
    }

    fn data<'a>(&mut self, text: Text<'_>) -> Heard<'a> {
        let (to, text) = match self.take_dialogue() {
            Dialogue::Password { name, place, invite, is_new } => {
                self.logs_in_beside = place == Place::Beside;
                return match password(text) {
                    None => Heard::Refused(Kind::LogIn, Refusal::BadPassword),
                    Some(password) if is_new => {
                        Heard::Asked(Request::Register { name, password, place, invite })
                    }
                    Some(password) => Heard::Asked(Request::LogIn { name, password, place }),
                };
            }
            Dialogue::OldPassword => {
                return match password(text) {
                    None => Heard::Refused(Kind::ConfirmPassword, Refusal::BadPassword),
                    Some(password) => Heard::Asked(Request::ConfirmPassword(password)),
                };
            }
            Dialogue::NewPassword => {
                return match password(text) {
                    None => Heard::Refused(Kind::SetPassword, Refusal::BadPassword),
                    Some(password) => Heard::Asked(Request::SetPassword(password)),
                };
            }
            Dialogue::LastPassword { erase } => {
                return match password(text) {
                    None => Heard::Refused(Kind::Unregister, Refusal::BadPassword),
                    Some(password) => Heard::Asked(Request::Unregister { password, erase }),
                };
            }
            Dialogue::ForEveryone => (Ok(Target::Everyone), text),
            Dialogue::ForUser => {
                let (word, text) = text.split_word();
                (parse_target(word).and_then(only_user), text)
            }
            Dialogue::None | Dialogue::Identifies { .. } => {
                let (word, text) = text.split_word();
                (parse_target(word), text)
            }
        };
        // The message uses the key up, whatever the answer is.
        let key = self.unfinished.take().and_then(|unfinished| unfinished.key);
        match to {
            Err(refusal) => Heard::Refused(Kind::Say, refusal),
            Ok(_) if text.is_empty() => {
                Heard::Refused(Kind::Say, Refusal::BadWords("the message is empty"))
            }
            Ok(to) => Heard::Asked(Request::Say { to, text: Arc::from(text.as_str()), key }),
        }
    }

    fn bad_frame<'a>(&mut self, error: FrameError) -> Heard<'a> {
        match error {
            FrameError::UnknownType => {
                let text = "a line starts with C, D or F";
                Heard::Refused(Kind::Unknown, Refusal::BadLine(text))
            }
            FrameError::Command(verb, error) => {
                self.stop_for(verb);
                let kind = verb.map_or(Kind::Unknown, kinds::kind);
                Heard::Refused(kind, Refusal::BadLine(explain(error)))
            }
            FrameError::Data(error) => {
                let kind = match self.take_dialogue() {
                    Dialogue::Password { .. } => Kind::LogIn,
                    Dialogue::OldPassword => Kind::ConfirmPassword,
                    Dialogue::NewPassword => Kind::SetPassword,
                    Dialogue::LastPassword { .. } => Kind::Unregister,
                    _ => Kind::Say,
                };
                if kind == Kind::Say {
                    self.unfinished = None;
                }
                Heard::Refused(kind, Refusal::BadLine(explain(error)))
            }
            FrameError::FileHeader => Heard::Refused(Kind::Unknown, Refusal::BadFileFrame),
        }
    }

    /// Goes on after the answer to USER: the password is awaited, or nothing is.
    fn identified(&mut self, result: &Result<Done, Refusal>) {
        // The answer to a USER that was refused after the login may come late.
        if !matches!(self.dialogue(), Some(Dialogue::Identifies { .. })) {
            return;
        }
        let Dialogue::Identifies { place, invite } = self.take_dialogue() else { return };
        if let Ok(Done::PasswordWanted { name, is_new }) = result {
            self.begin(Dialogue::Password { name: *name, place, invite, is_new: *is_new });
        }
    }

    fn step_taken(&mut self, step: DialogueStep, out: &mut Vec<u8>) {
        match step {
            steps::MORE_ON => self.tells_more = true,
            steps::MORE_OFF => self.tells_more = false,
            steps::HELP => write::help(out),
            _ => {}
        }
    }

    /// Goes on after a step was refused: nothing follows it.
    fn step_refused(&mut self, step: DialogueStep) {
        match (step, self.dialogue()) {
            (steps::KEY, _) => self.unfinished = None,
            (steps::PASSWD, Some(Dialogue::OldPassword))
            | (steps::UNREGISTER, Some(Dialogue::LastPassword { .. }))
            | (steps::PM, Some(Dialogue::ForEveryone)) => {
                self.take_dialogue();
            }
            _ => {}
        }
    }

    fn begin(&mut self, dialogue: Dialogue) {
        self.unfinished.get_or_insert_default().dialogue = dialogue;
    }

    fn dialogue(&self) -> Option<&Dialogue> {
        self.unfinished.as_ref().map(|unfinished| &unfinished.dialogue)
    }

    fn take_dialogue(&mut self) -> Dialogue {
        let Some(unfinished) = &mut self.unfinished else { return Dialogue::None };
        let dialogue = std::mem::take(&mut unfinished.dialogue);
        if unfinished.key.is_none() {
            self.unfinished = None;
        }
        dialogue
    }
}

fn password(text: Text<'_>) -> Option<Secret> {
    let fits = (1..=PASSWORD_BYTES_MAX).contains(&text.len());
    fits.then(|| Secret::new(text.as_str()))
}

fn parse_target(word: &str) -> Result<Target, Refusal> {
    match word.parse() {
        Ok(target) => Ok(target),
        Err(_) if word.is_empty() => Err(Refusal::BadWords("say to whom, and what")),
        Err(_) => Err(Refusal::NoSuchUser),
    }
}

fn only_user(target: Target) -> Result<Target, Refusal> {
    match target {
        Target::User(_) => Ok(target),
        Target::Everyone | Target::Group(_) => Err(Refusal::NoSuchUser),
    }
}

fn explain(error: TextError) -> &'static str {
    match error {
        TextError::TooLong => "that line is too long",
        TextError::NotUtf8 => "that line is not UTF-8",
        TextError::ControlCharacter => "control characters are not allowed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::name::Number;

    fn hear(codec: &mut Codec, line: &[u8]) {
        assert!(codec.decode(line).1.is_some());
    }

    fn answer(codec: &mut Codec, of: Kind, done: Done) {
        codec.answer(&Answer { of, result: Ok(done) }, &mut Vec::new());
    }

    #[test]
    fn what_a_client_asks_for_behind_its_login_holds_though_the_login_is_answered_later() {
        let (mut codec, name) = (Codec::default(), "bob".parse().unwrap());
        hear(&mut codec, b"C USER bob BESIDE\n");
        let done = Done::PasswordWanted { name, is_new: false };
        answer(&mut codec, Kind::Identify, done);
        hear(&mut codec, b"D secret\n");
        assert!(!codec.tells_more());
        codec.logged_in();
        assert!(codec.tells_more(), "what is told behind the welcome is encoded now");
        hear(&mut codec, b"C MORE off\n");
        answer(&mut codec, Kind::Step(steps::MORE_OFF), Done::Done);
        hear(&mut codec, b"C PM\n");
        answer(&mut codec, Kind::LogIn, Done::LoggedIn { name, number: Number(10_001) });
        assert!(!codec.tells_more());
        assert!(matches!(codec.dialogue(), Some(Dialogue::ForEveryone)));
    }
}
