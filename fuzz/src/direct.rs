//! The fuzz target `direct`: the listener of direct chats, and the chats themselves. Whoever has no
//! ticket gets no byte and no chat; whoever has one can at most end the chat.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use chatsrv::chat::name::UserName;
use chatsrv::direct::chat::{ChatEvent, DirectChat, Ending, Stage};
use chatsrv::direct::invitations::Invitations;
use chatsrv::direct::messages::{self, MessageBuffer};
use chatsrv::direct::noise::{Channel, Handshake};
use chatsrv::direct::stranger::{Admission, HELLO_BYTES, Stranger};
use chatsrv::direct::ticket::{TICKET_BYTES, Ticket};

/// The largest output for a peer that reads nothing, in bytes: the bound of a chat, and one
/// message.
const OUTPUT_BYTES_MAX: usize = 256 * 1024 + 5000;
/// The largest number of steps of one input.
const STEPS_MAX: usize = 200;

/// Runs the input as a script: each step is a byte for the action, followed by its arguments.
pub fn run(input: &[u8]) {
    framing(input);
    let mut script = Script(input);
    let mut house = House::new();
    for _ in 0..STEPS_MAX {
        let Some(step) = script.byte() else { break };
        match step % 16 {
            0 => house.invite(script.number()),
            1 => house.knock(),
            2..=4 => house.arrives(script.bytes()),
            5 => house.hello(script.number()),
            6 => house.dial(script.number()),
            7 => house.answer(script.number()),
            8..=10 => house.arrives_sealed(script.bytes()),
            11 => house.act(script.byte().unwrap_or_default()),
            12 => house.say(script.bytes()),
            13 => house.written(script.number()),
            14 => house.wait(script.number()),
            _ => house.hang_up(),
        }
        house.check();
    }
    house.hang_up();
    house.check();
}

/// Checks that the messages are the same however their bytes are split.
fn framing(input: &[u8]) {
    let read = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let (mut messages, mut read) = (MessageBuffer::default(), Vec::new());
        for piece in pieces {
            messages.extend(piece);
            while let Some(peeked) = messages.peek().map(<[u8]>::to_vec) {
                assert_eq!(messages.next_length(), Some(peeked.len()));
                assert_eq!(messages.next_message(), Some(&peeked[..]));
                read.push(peeked);
            }
        }
        let is_within = messages.is_within_message();
        (read, is_within)
    };
    let whole = read(&mut [input].into_iter());
    assert_eq!(whole, read(&mut input.chunks(1)));
    let mut wire = Vec::new();
    whole.0.iter().for_each(|message| messages::encode(message, &mut wire));
    assert!(input.starts_with(&wire) && whole.1 == (wire.len() < input.len()));
}

/// The part of the input that was not run yet.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn number(&mut self) -> u8 {
        self.byte().unwrap_or_default()
    }

    /// Reads a byte string, which follows its length of one byte.
    fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.number()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }
}

/// The input of a stranger: bytes that were sent and not read yet.
#[derive(Debug, Default)]
struct Wire(RefCell<VecDeque<u8>>);

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.get_mut().read(buffer) {
            Ok(0) => Err(ErrorKind::WouldBlock.into()),
            read => read,
        }
    }
}

/// The other end of the only connection.
enum Other {
    Nobody,
    /// A stranger, and all bytes that it has sent.
    Stranger(Stranger<Wire>, Vec<u8>),
    DirectChat(Box<DirectChat>),
}

/// Bob's client, which has at most one direct chat with alice, and the secrets of the other side.
struct House {
    now: Instant,
    invitations: Invitations,
    /// The numbers of the tickets with which alice was announced.
    invited: Vec<u8>,
    other: Other,
    /// A handshake that the other side has begun: the number of its ticket, its state, and the
    /// message.
    hello: Option<(u8, Handshake, Vec<u8>)>,
    /// The other side's channel, if it has the ticket and the handshake is done.
    channel: Option<Channel>,
}

impl House {
    fn new() -> Self {
        House {
            now: Instant::now(),
            invitations: Invitations::default(),
            invited: Vec::new(),
            other: Other::Nobody,
            hello: None,
            channel: None,
        }
    }

    /// The server announces alice.
    fn invite(&mut self, number: u8) {
        self.invited.push(number % 4);
        self.invitations.add(alice(), ticket(number), self.now);
        self.turn();
    }

    /// Somebody connects.
    fn knock(&mut self) {
        let stranger = Stranger::new(Wire::default(), IpAddr::V4(Ipv4Addr::LOCALHOST), self.now);
        self.other = Other::Stranger(stranger, Vec::new());
        (self.hello, self.channel) = (None, None);
    }

    /// Bob calls alice.
    fn dial(&mut self, number: u8) {
        let chat = DirectChat::call(bob(), alice(), &ticket(number)).unwrap();
        assert_eq!(chat.output().len(), HELLO_BYTES);
        self.other = Other::DirectChat(Box::new(chat));
        (self.hello, self.channel) = (None, None);
    }

    /// The other side makes the first message of a handshake, and sends it.
    fn hello(&mut self, number: u8) {
        let (handshake, message) = Handshake::begin(&ticket(number)).unwrap();
        let mut hello = Vec::new();
        messages::encode(&message, &mut hello);
        // Only the first bytes of a connection can be taken for the message.
        if matches!(&self.other, Other::Stranger(_, sent) if sent.is_empty()) {
            self.hello = Some((number % 4, handshake, hello.clone()));
        }
        self.arrives(&hello);
    }

    /// The other side answers the first message of bob's handshake.
    fn answer(&mut self, number: u8) {
        let Other::DirectChat(chat) = &self.other else { return };
        let first = chat.output().get(2..HELLO_BYTES).filter(|_| chat.stage() == Stage::Handshake);
        let Some(first) = first else { return };
        let Ok((channel, second)) = Channel::answer(&ticket(number), first) else { return };
        let mut answer = Vec::new();
        messages::encode(&second, &mut answer);
        let events = self.receive(&answer);
        // Bytes sent before may have made another message of it.
        if events == [ChatEvent::Reached] {
            self.channel = Some(channel);
        }
    }

    /// The other side sends raw bytes.
    fn arrives(&mut self, bytes: &[u8]) {
        match &mut self.other {
            Other::Nobody => {}
            Other::Stranger(stranger, sent) => {
                stranger.input().0.borrow_mut().extend(bytes);
                sent.extend_from_slice(bytes);
                self.turn();
            }
            Other::DirectChat(_) => {
                let events = self.receive(bytes);
                let forged = events.iter().any(|e| *e != ChatEvent::Ended(Ending::Undecipherable));
                assert!(!forged, "without a ticket: {events:?}");
            }
        }
    }

    /// The other side sends an encrypted message, if it has the ticket.
    fn arrives_sealed(&mut self, plain: &[u8]) {
        let Some(channel) = &mut self.channel else { return };
        let mut wire = Vec::new();
        messages::encode(&channel.seal(plain).unwrap(), &mut wire);
        let events = self.receive(&wire);
        assert!(events.len() <= 1, "one message is more than one event: {events:?}");
        let says_alice = plain.eq_ignore_ascii_case(b"C CONN alice\n")
            || plain.eq_ignore_ascii_case(b"C CONN alice\r\n");
        assert!(says_alice || events != [ChatEvent::Called], "{:?}", plain.escape_ascii());
    }

    /// The listener handles the stranger.
    fn turn(&mut self) {
        let Other::Stranger(stranger, sent) = &mut self.other else { return };
        let chat = match stranger.turn(bob(), &mut self.invitations, self.now) {
            Admission::Waits => return,
            Admission::Goes => return self.other = Other::Nobody,
            Admission::Calls(chat) => chat,
        };
        let (number, handshake, hello) = self.hello.take().expect("nobody made a hello");
        assert!(sent.starts_with(&hello), "another message was taken for alice's");
        assert!(self.invited.contains(&number), "nobody announced that ticket");
        assert_eq!((chat.stage(), chat.peer()), (Stage::Greeting, alice()));
        assert_eq!(chat.output().len(), HELLO_BYTES);
        self.channel = Some(handshake.end(&chat.output()[2..]).unwrap());
        let early = sent.split_off(hello.len());
        self.other = Other::DirectChat(chat);
        self.arrives(&early);
    }

    fn receive(&mut self, bytes: &[u8]) -> Vec<ChatEvent> {
        let Other::DirectChat(chat) = &mut self.other else { return Vec::new() };
        let (stage, output) = (chat.stage(), chat.output().len());
        let mut events = Vec::new();
        chat.receive(bytes, &mut events);
        assert!(stage != Stage::Ended || events.is_empty(), "after the end: {events:?}");
        assert!(stage == Stage::Handshake || chat.output().len() == output, "it answers by itself");
        for event in &events {
            match event {
                ChatEvent::Reached => assert_eq!(stage, Stage::Handshake),
                ChatEvent::Called => assert_eq!(stage, Stage::Greeting),
                ChatEvent::Accepted | ChatEvent::Declined => assert_eq!(stage, Stage::Calling),
                ChatEvent::Unreadable => assert_eq!(stage, Stage::Open),
                ChatEvent::Said(text) => {
                    assert_eq!(stage, Stage::Open);
                    assert!(!text.is_empty());
                    assert!(!text.contains(|c: char| c.is_control() && c != '\t'), "{text:?}");
                }
                ChatEvent::Ended(_) => assert_eq!(chat.stage(), Stage::Ended),
            }
        }
        events
    }

    /// Bob accepts or declines, or the connection is lost.
    fn act(&mut self, what: u8) {
        let Other::DirectChat(chat) = &mut self.other else { return };
        let (stage, output) = (chat.stage(), chat.output().len());
        let mut events = Vec::new();
        match what % 3 {
            0 => chat.accept(),
            1 => chat.decline(),
            _ => chat.lost("closed", &mut events),
        }
        let decided = what % 3 != 2;
        if decided && stage != Stage::Ringing {
            assert_eq!((chat.stage(), chat.output().len()), (stage, output));
        }
        if !decided {
            assert_eq!(events.len(), usize::from(stage != Stage::Ended));
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        let Other::DirectChat(chat) = &mut self.other else { return };
        // It is long enough at times to reach the bound of the output.
        let text = String::from_utf8_lossy(bytes).repeat(bytes.len() / 16 + 1);
        let output = chat.output().len();
        let said = chat.say(&text);
        assert_eq!(said.is_ok(), chat.output().len() > output);
        assert!(said.is_err() || chat.stage() == Stage::Open);
    }

    /// The other side reads.
    fn written(&mut self, count: u8) {
        let Other::DirectChat(chat) = &mut self.other else { return };
        chat.written(usize::from(count).min(chat.output().len()));
    }

    fn wait(&mut self, tenths: u8) {
        self.now += Duration::from_millis(100) * u32::from(tenths);
        self.turn();
    }

    fn hang_up(&mut self) {
        let Other::DirectChat(chat) = &mut self.other else { return };
        let unknown = matches!(chat.stage(), Stage::Handshake | Stage::Greeting);
        chat.hang_up();
        assert_eq!(chat.stage(), Stage::Ended);
        assert!(!unknown || chat.output().is_empty(), "a word to one who is not known");
    }

    fn check(&self) {
        match &self.other {
            Other::Nobody => {}
            Other::Stranger(stranger, _) => assert!(stranger.length() <= HELLO_BYTES),
            Other::DirectChat(chat) => {
                let waits = chat.output().len();
                assert!(waits <= OUTPUT_BYTES_MAX, "{waits} bytes wait");
            }
        }
    }
}

fn alice() -> UserName {
    "alice".parse().unwrap()
}

fn bob() -> UserName {
    "bob".parse().unwrap()
}

/// One of the four tickets.
fn ticket(number: u8) -> Ticket {
    [number % 4; TICKET_BYTES].into()
}
