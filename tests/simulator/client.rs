//! A client as the protocol wants one: it knows what it sent, and holds every line that it gets
//! against that.

mod files;
mod groups;

use std::collections::{BTreeMap, VecDeque};

use chatsrv::chat::id::MessageId;
use chatsrv::chat::request::{Place, Request};
use chatsrv::protocol::native::SERVER_LINE_BYTES_MAX;
use chatsrv::protocol::native::command::Command;
use chatsrv::protocol::native::frame::{Frame, FrameBuffer};
use chatsrv::protocol::native::read::{Delivered, ServerLine};
use chatsrv::protocol::native::verb::Verb;

pub use self::groups::Known;
use crate::codes::codes;
use crate::counts::Tally;
use crate::uploads::{Sending, SentNames};

/// What a client sent that gets a final reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    Command(Command),
    /// A command with this verb that can't be carried out as it is.
    BadCommand(Verb),
    /// A command with a verb that nobody knows.
    UnknownCommand,
    /// A D line, and where it is a message that was marked, how.
    Data(String, Option<Marked>),
    BadData,
    /// A line that is no frame.
    NoFrame,
}

/// A message that is marked, so that it can be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    pub word: String,
    /// The D line.
    pub line: String,
    /// The id under which it was confirmed.
    pub id: Option<MessageId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Guest,
    AwaitsPassword,
    Online,
    Composing,
    /// In the middle of a change of the password.
    Changing,
}

/// One client.
#[derive(Debug)]
pub struct Client {
    pub pipe: usize,
    /// Lines that are on their way to the server.
    pub to_send: Vec<u8>,
    /// Whether it ends its input once all is sent.
    pub ends: bool,
    /// Whether its connection broke, so that it can't tell what it missed.
    pub broke: bool,
    /// Up to which step it neither sends nor reads.
    pub stalls_until: usize,
    sent: VecDeque<Sent>,
    inbox: FrameBuffer,
    state: State,
    greeted: bool,
    /// Whether it got its last line.
    over: bool,
    /// The list that it is in, and how many items are to come.
    list: Option<(String, usize)>,
    streams: BTreeMap<u32, Stream>,
    pub uploads: Sending,
    /// Whether it asked for what came to the protocol later.
    gets_more: bool,
    /// Whether its login asks for a session beside others.
    beside: bool,
    pub sent_names: SentNames,
    last_stream: u32,
    /// As whom it is logged in.
    user: Option<String>,
    /// The newest message that it knows of.
    newest: MessageId,
    /// What it knows of groups.
    pub groups: Known,
    /// What it learned since somebody asked.
    pub learned: Learned,
}

/// What a client learned that is of use for others too.
#[derive(Debug, Default)]
pub struct Learned {
    /// Whose token, and which.
    pub tokens: Vec<(String, String)>,
    /// The codes of invitations.
    pub codes: Vec<String>,
    /// Names of groups that it made.
    pub groups: Vec<String>,
    /// Messages that were confirmed, by their ids and lines.
    pub confirmed: Vec<(MessageId, String)>,
    /// Those of them that were marked, with their senders.
    pub marked: Vec<(String, Marked)>,
}

#[derive(Debug)]
struct Stream {
    /// What tells its content.
    key: String,
    at: u64,
    size: u64,
}

/// What a client receives from others.
pub enum Received<'a> {
    Message(Delivered<'a>),
    /// The text of the line that tells of a file.
    File(&'a str),
}

impl Client {
    pub fn new(pipe: usize, sent_names: SentNames) -> Self {
        Client {
            pipe,
            to_send: Vec::new(),
            ends: false,
            broke: false,
            stalls_until: 0,
            sent: VecDeque::new(),
            inbox: FrameBuffer::new(SERVER_LINE_BYTES_MAX),
            state: State::Guest,
            greeted: false,
            over: false,
            list: None,
            streams: BTreeMap::new(),
            uploads: Sending::default(),
            gets_more: false,
            beside: false,
            sent_names,
            last_stream: 0,
            user: None,
            newest: MessageId(0),
            groups: Known::default(),
            learned: Learned::default(),
        }
    }

    /// Whoever comes over the server's own socket: the login begins by itself.
    pub fn operator(pipe: usize, sent_names: SentNames) -> Self {
        let mut client = Client::new(pipe, sent_names);
        client.state = State::AwaitsPassword;
        client.sent.push_back(Sent::Data(String::new(), None));
        client
    }

    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    pub fn newest(&self) -> MessageId {
        self.newest
    }

    /// Whether it got its last line.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The connection is lost. The messages that were marked and not confirmed, with their sender.
    pub fn unconfirmed(&mut self) -> Vec<(String, Marked)> {
        let user = self.user.clone();
        let sent = self.sent.drain(..).filter_map(|sent| match sent {
            Sent::Data(_, marked) => Some((user.clone()?, marked?)),
            _ => None,
        });
        sent.collect()
    }

    pub fn state(&self) -> State {
        self.state
    }

    /// Whether it knows where it stands.
    pub fn got_all_replies(&self) -> bool {
        self.sent.is_empty()
    }

    /// A stream that is open, or else the one that would come next.
    pub fn some_stream(&self) -> u32 {
        let own = self.streams.keys().next().copied().or(self.uploads.some_stream());
        own.unwrap_or(self.last_stream + 1)
    }

    pub fn last_stream(&self) -> u32 {
        self.last_stream
    }

    /// Sends a line, which may be answered.
    pub fn send(&mut self, line: &[u8], sent: Option<Sent>) {
        self.to_send.extend_from_slice(line);
        self.to_send.push(b'\n');
        self.sent.extend(sent);
    }

    /// Takes what the server wrote, and hands on the messages.
    pub fn read(&mut self, bytes: &[u8], tally: &mut Tally, mut received: impl FnMut(Received)) {
        self.inbox.extend(bytes);
        let mut inbox = std::mem::replace(&mut self.inbox, FrameBuffer::new(SERVER_LINE_BYTES_MAX));
        while let Some(frame) = inbox.next_frame() {
            match frame {
                Frame::Command(text) => {
                    let line = ServerLine::parse(text.as_str());
                    let line = line.unwrap_or_else(|| panic!("{text} has no code"));
                    groups::count(&line, tally);
                    assert!(!self.over, "{line:?} comes after the last line");
                    match line.code {
                        124 if self.takes_file(line.rest) => received(Received::File(&text)),
                        124 => {}
                        _ => self.line(line),
                    }
                }
                Frame::Data(text) => {
                    let message = Delivered::parse(text.as_str());
                    let message = message.unwrap_or_else(|| panic!("{text} is no message"));
                    assert!(!self.over, "{message:?} comes after the last line");
                    assert!(self.is_online(), "{message:?} comes before the login");
                    self.newest = message.id.max(self.newest);
                    match &mut self.list {
                        Some((verb, left)) => {
                            let holds_messages = ["OPEN", "HISTORY", "AFTER", "SEARCH"];
                            assert!(holds_messages.contains(&verb.as_str()), "{message:?}");
                            *left = left.checked_sub(1).expect("a list has as many as it says");
                        }
                        None => received(Received::Message(message)),
                    }
                }
                Frame::File { stream, bytes } => self.chunk(stream, bytes),
                Frame::FileEnd { stream } => {
                    let file = self.streams.remove(&stream).expect("the stream is open");
                    assert_eq!(file.at, file.size, "{file:?} is not whole");
                }
                Frame::Empty => {}
                Frame::Bad(error) => panic!("the server sends what is no frame: {error:?}"),
            }
        }
        self.inbox = inbox;
    }

    /// The server will send no more.
    pub fn check_answered(&self, closed: bool) {
        assert!(self.inbox.is_between_frames(), "the output ends inside a frame");
        assert_eq!(self.list, None);
        assert!(self.over == closed, "the last line comes exactly where the server closes");
        if !closed {
            assert!(self.sent.is_empty(), "{:?} got no reply", self.sent);
            self.uploads.check_answered();
        }
    }

    fn is_online(&self) -> bool {
        matches!(self.state, State::Online | State::Composing | State::Changing)
    }

    fn line(&mut self, line: ServerLine<'_>) {
        if !self.greeted {
            self.greeted = true;
            // Who reads nothing and is closed may get no other line.
            if line.code != 421 {
                return assert_eq!(line.code, 220);
            }
        }
        if let Some((verb, left)) = &mut self.list {
            if *left > 0 && line.code != 421 {
                assert_eq!((line.code, line.verb), (151, verb.as_str()));
                *left -= 1;
                return self.check_item(&line);
            }
            assert!(line.is_final(), "{line:?} stands in a list");
            let is_end = match (verb.as_str(), line.code) {
                (_, 421) => true,
                ("UNREAD", 230) => ["USER", "RESUME"].contains(&line.verb),
                (verb, _) => line.verb == verb,
            };
            assert!(is_end, "{line:?} ends the list of {verb}");
            self.list = None;
        }
        match line.code {
            150 => self.list = Some((line.verb.to_owned(), line.rest.parse().unwrap())),
            120..=123 | 128 | 137 | 138 => {
                assert!(self.is_online(), "{line:?} comes before the login");
                self.groups.hear(&line);
            }
            127 => {
                let stream = line.rest.split(' ').next().unwrap().parse().unwrap();
                let was_open = self.streams.remove(&stream).is_some();
                assert!(was_open || self.uploads.close(stream), "{line:?}");
            }
            125 => assert!(self.is_online(), "{line:?} comes before the login"),
            126 => self.upload_is_whole(line.rest),
            129 => {}
            130..=136 => assert!(self.is_online() && self.gets_more, "{line:?}"),
            421 => {
                assert_eq!(line.verb, "-");
                self.over = true;
            }
            _ => self.final_reply(line),
        }
    }

    fn final_reply(&mut self, line: ServerLine<'_>) {
        assert!(line.is_final(), "{line:?}");
        let sent = self.sent.pop_front().unwrap_or_else(|| panic!("{line:?} answers nothing"));
        if self.stops_composing(&sent) {
            self.state = match self.state {
                State::AwaitsPassword => State::Guest,
                State::Composing | State::Changing => State::Online,
                other => other,
            };
        }
        let (verb, codes) = self.allowed(&sent);
        assert_eq!(line.verb, verb, "{line:?} answers {sent:?} in {:?}", self.state);
        assert!(codes.contains(&line.code), "{line:?} answers {sent:?} in {:?}", self.state);
        if matches!(sent, Sent::Data(..) | Sent::BadData) {
            self.state = match (self.state, line.code) {
                (_, 230) | (State::Composing | State::Changing, _) => State::Online,
                (State::AwaitsPassword, _) => State::Guest,
                (other, _) => other,
            };
        }
        match &sent {
            Sent::Command(Command::User { place, .. }) if !self.is_online() => {
                self.beside = *place == Place::Beside;
            }
            Sent::Command(Command::Ask(Request::Resume { beside, .. })) => self.beside = *beside,
            _ => {}
        }
        match (line.code, line.verb) {
            (331 | 332, _) => self.state = State::AwaitsPassword,
            (354, "PASSWD") => self.state = State::Changing,
            (354, _) => self.state = State::Composing,
            (230, _) => {
                self.state = State::Online;
                self.gets_more = self.beside;
                self.user = line.rest.split(' ').next().map(str::to_ascii_lowercase);
            }
            (221 | 431, _) => self.over = true,
            // A user who is banned gave the right password, or a good token.
            (530, "USER" | "RESUME") => self.over = true,
            (550, "GET") => self.over = !self.is_online(),
            _ => {}
        }
        self.groups.answered(&sent, &line);
        self.learned.codes.extend(code_of_invitation(&line));
        match sent {
            Sent::Command(Command::Ask(Request::Token { .. })) if line.code == 250 => {
                let owner = self.user.clone().expect("it is logged in");
                self.learned.tokens.push((owner, line.rest.to_owned()));
            }
            Sent::Data(text, marked) if line.verb == "MSG" && matches!(line.code, 250 | 251) => {
                self.confirmed(line.rest, text, marked);
            }
            Sent::Command(Command::Ask(Request::Mkgroup { .. })) if line.code == 250 => {
                let name = line.rest.split(' ').next().unwrap();
                self.learned.groups.push(name.to_owned());
            }
            Sent::Command(Command::Ask(Request::Get { offset, .. })) if line.code == 250 => {
                self.stream_opens(offset, line.rest);
            }
            Sent::Command(Command::More(more)) => self.gets_more = more,
            Sent::Command(Command::Ask(Request::Abort { stream })) if line.code == 250 => {
                let was_open = self.streams.remove(&stream).is_some();
                assert!(was_open || self.uploads.close(stream), "{stream} was not open");
            }
            Sent::Command(
                Command::Ask(Request::Put { size, name })
                | Command::Ask(Request::Sendfile { size, name, .. }),
            ) if line.code == 250 => {
                self.upload_opens(name.as_str(), size, line.rest);
            }
            _ => {}
        }
    }

    fn stops_composing(&self, sent: &Sent) -> bool {
        match sent {
            Sent::Command(request) if request.verb() == Verb::Seen => !self.is_online(),
            Sent::BadCommand(Verb::Seen) => !self.is_online(),
            Sent::Command(Command::Ask(Request::Alive)) | Sent::BadCommand(Verb::Alive) => false,
            Sent::Command(_) | Sent::BadCommand(_) | Sent::UnknownCommand => true,
            Sent::Data(..) | Sent::BadData | Sent::NoFrame => false,
        }
    }

    fn confirmed(&mut self, words: &str, text: String, marked: Option<Marked>) {
        let id = words.split(' ').next().and_then(|id| id.parse().ok()).map(MessageId);
        let id = id.expect("a confirmation has an id");
        self.newest = id.max(self.newest);
        if let Some(Marked { word, line, id: before }) = marked {
            assert!(before.is_none_or(|before| before == id), "{line:?} was confirmed before");
            let user = self.user.clone().expect("it is logged in");
            self.learned.marked.push((user, Marked { word, line, id: Some(id) }));
        }
        self.learned.confirmed.push((id, text));
    }

    /// The verb and the codes of the final reply.
    fn allowed(&self, sent: &Sent) -> (&'static str, &'static [u16]) {
        let guest = !self.is_online();
        match sent {
            Sent::UnknownCommand | Sent::NoFrame => ("-", &[500]),
            Sent::BadCommand(verb) => (verb.name(), &[501, 503, 530, 535, 550, 553]),
            Sent::Command(request) => (request.verb().name(), codes(request.verb(), guest)),
            Sent::Data(..) if self.state == State::AwaitsPassword => {
                ("USER", &[230, 431, 450, 452, 501, 530, 535, 553])
            }
            Sent::Data(..) if self.state == State::Changing => {
                ("PASSWD", &[250, 354, 450, 452, 501, 535])
            }
            Sent::BadData if self.state == State::AwaitsPassword => ("USER", &[501]),
            Sent::BadData if self.state == State::Changing => ("PASSWD", &[501]),
            Sent::Data(..) if guest => ("MSG", &[530]),
            Sent::Data(..) => ("MSG", &[250, 251, 450, 452, 501, 530, 550, 551]),
            Sent::BadData => ("MSG", &[501]),
        }
    }
}

/// The code of the invitation of which a line tells.
fn code_of_invitation(line: &ServerLine<'_>) -> Option<String> {
    let is_made = (line.code, line.verb) == (250, "INVITE");
    line.rest.split(' ').next().filter(|_| is_made).map(str::to_owned)
}
