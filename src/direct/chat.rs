//! One side of one direct chat, from the handshake to its end. It has neither a socket nor a clock:
//! bytes go in, bytes and events come out.

use std::fmt;

use super::messages::{self, MessageBuffer};
use super::noise::{Channel, Handshake};
use super::ticket::Ticket;
use crate::chat::name::UserName;
use crate::chat::text::TextError;
use crate::protocol::native::CLIENT_LINE_BYTES_MAX;
use crate::protocol::native::frame::{Decoder, Frame};
use crate::protocol::native::outgoing::Outgoing;

/// How much may wait to be written, in bytes: a peer that reads nothing costs no more.
const OUTPUT_BYTES_MAX: usize = 256 * 1024;

/// How far a chat is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The caller waits for the answer to the handshake.
    Handshake,
    /// The caller waits for a yes or no.
    Calling,
    /// The callee waits to hear who calls.
    Greeting,
    /// The callee's person decides.
    Ringing,
    /// Both may talk.
    Open,
    /// Nothing more comes of it; what is left is to be written.
    Ended,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatEvent {
    /// It was the one who was called that answered; now the call rings there.
    Reached,
    /// The one whose ticket it is calls.
    Called,
    /// The one who was called takes the call.
    Accepted,
    /// The one who was called does not, or is in another direct chat.
    Declined,
    /// The peer said this.
    Said(String),
    /// The peer sent what can't be read.
    Unreadable,
    /// It is over.
    Ended(Ending),
}

/// Why a chat is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The peer ended it.
    HungUp,
    /// The connection broke.
    Lost(String),
    /// What came was not sealed by the one who has the ticket, or came before or twice.
    Undecipherable,
    /// What came has no place here in the protocol.
    OutOfTurn,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::HungUp => f.write_str("the other side hung up"),
            Ending::Lost(why) => write!(f, "the connection was lost: {why}"),
            Ending::Undecipherable => f.write_str("what came can't be deciphered"),
            Ending::OutOfTurn => f.write_str("what came makes no sense there"),
        }
    }
}

/// Why something can't be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSaid {
    /// It does not fit into a line.
    Text(TextError),
    /// Too much waits for the peer to read it.
    Full,
    /// The chat is not open.
    NotOpen,
}

impl fmt::Display for NotSaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotSaid::Text(error) => error.fmt(f),
            NotSaid::Full => f.write_str("too much waits for the other side to read it"),
            NotSaid::NotOpen => f.write_str("the direct chat is not open"),
        }
    }
}

#[derive(Debug)]
enum Link {
    Handshake(Box<Handshake>),
    Channel(Box<Channel>),
    /// The handshake failed.
    Broken,
}

/// One side of a direct chat.
#[derive(Debug)]
pub struct DirectChat {
    /// What this side calls itself.
    own: UserName,
    /// Whom the server named.
    peer: UserName,
    stage: Stage,
    link: Link,
    input: MessageBuffer,
    output: Vec<u8>,
}

impl DirectChat {
    /// Calls `peer`.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn call(own: UserName, peer: UserName, ticket: &Ticket) -> Result<Self, snow::Error> {
        let (handshake, first) = Handshake::begin(ticket)?;
        let link = Link::Handshake(Box::new(handshake));
        Ok(DirectChat::new(own, peer, Stage::Handshake, link, &first))
    }

    /// Answers the first message of `peer`'s handshake; none where it was made without the ticket.
    pub fn answer(own: UserName, peer: UserName, ticket: &Ticket, first: &[u8]) -> Option<Self> {
        let (channel, second) = Channel::answer(ticket, first).ok()?;
        let link = Link::Channel(Box::new(channel));
        Some(DirectChat::new(own, peer, Stage::Greeting, link, &second))
    }

    fn new(own: UserName, peer: UserName, stage: Stage, link: Link, message: &[u8]) -> Self {
        let mut output = Vec::new();
        messages::encode(message, &mut output);
        DirectChat { own, peer, stage, link, input: MessageBuffer::default(), output }
    }

    /// With whom.
    pub fn peer(&self) -> UserName {
        self.peer
    }

    /// How far it is.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Takes what was read from the connection.
    pub fn receive(&mut self, bytes: &[u8], events: &mut Vec<ChatEvent>) {
        if self.stage == Stage::Ended {
            return;
        }
        let mut input = std::mem::take(&mut self.input);
        input.extend(bytes);
        while self.stage != Stage::Ended {
            let Some(message) = input.next_message() else {
                break;
            };
            match self.take(message) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => {}
                Err(ending) => self.end(ending, events),
            }
        }
        self.input = input;
    }

    /// The connection is gone, or nothing more comes from it.
    pub fn lost(&mut self, why: &str, events: &mut Vec<ChatEvent>) {
        if self.stage != Stage::Ended {
            let cut =
                if self.input.is_within_message() { " in the middle of a message" } else { "" };
            self.output.clear();
            self.end(Ending::Lost(format!("{why}{cut}")), events);
        }
    }

    /// Takes the call.
    pub fn accept(&mut self) {
        if self.stage == Stage::Ringing && self.seal(b"C RESP yes\n").is_ok() {
            self.stage = Stage::Open;
        }
    }

    /// Does not take the call.
    pub fn decline(&mut self) {
        if self.stage == Stage::Ringing {
            // Where it can't be said, the end of the connection says it.
            let _ = self.seal(b"C RESP no\n");
            self.stage = Stage::Ended;
        }
    }

    /// Says something.
    ///
    /// # Errors
    /// [`NotSaid`]; nothing has changed then.
    pub fn say(&mut self, text: &str) -> Result<(), NotSaid> {
        if self.stage != Stage::Open {
            return Err(NotSaid::NotOpen);
        }
        let line = Outgoing::data(text).map_err(NotSaid::Text)?;
        if self.output.len() > OUTPUT_BYTES_MAX {
            return Err(NotSaid::Full);
        }
        self.seal(line.as_bytes()).map_err(|_| NotSaid::NotOpen)
    }

    /// Ends it.
    pub fn hang_up(&mut self) {
        match self.stage {
            Stage::Ringing => return self.decline(),
            // Where it can't be said, the end of the connection says it.
            Stage::Calling | Stage::Open => drop(self.seal(b"C END\n")),
            Stage::Handshake | Stage::Greeting => self.output.clear(),
            Stage::Ended => {}
        }
        self.stage = Stage::Ended;
    }

    /// What is to be written to the connection.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// So many bytes of the output were written.
    pub fn written(&mut self, count: usize) {
        self.output.drain(..count);
    }

    fn take(&mut self, message: &[u8]) -> Result<Option<ChatEvent>, Ending> {
        match std::mem::replace(&mut self.link, Link::Broken) {
            Link::Handshake(handshake) => {
                let channel = handshake.end(message).map_err(|_| Ending::Undecipherable)?;
                self.link = Link::Channel(Box::new(channel));
                self.stage = Stage::Calling;
                let line = format!("C CONN {}\n", self.own);
                self.seal(line.as_bytes()).map_err(|_| Ending::Undecipherable)?;
                Ok(Some(ChatEvent::Reached))
            }
            Link::Channel(mut channel) => {
                let plain = channel.open(message).map_err(|_| Ending::Undecipherable)?;
                self.link = Link::Channel(channel);
                self.take_frame(&plain)
            }
            Link::Broken => Err(Ending::Undecipherable),
        }
    }

    /// One message carries one frame with its LF.
    fn take_frame(&mut self, plain: &[u8]) -> Result<Option<ChatEvent>, Ending> {
        let mut decoder = Decoder::new(CLIENT_LINE_BYTES_MAX);
        let (used, frame) = decoder.decode(plain);
        let frame = frame.filter(|_| used == plain.len());
        let event = match (self.stage, frame) {
            (_, Some(Frame::Command(text))) if text.as_str() == "END" => {
                return Err(Ending::HungUp);
            }
            (Stage::Greeting, Some(Frame::Command(text))) if self.is_peer(text.as_str()) => {
                self.stage = Stage::Ringing;
                ChatEvent::Called
            }
            (Stage::Calling, Some(Frame::Command(text))) => match text.as_str() {
                "RESP yes" => {
                    self.stage = Stage::Open;
                    ChatEvent::Accepted
                }
                "RESP no" => {
                    self.stage = Stage::Ended;
                    ChatEvent::Declined
                }
                _ => return Err(Ending::OutOfTurn),
            },
            (Stage::Open, Some(Frame::Data(text))) if text.is_empty() => return Ok(None),
            (Stage::Open, Some(Frame::Data(text))) => ChatEvent::Said(text.to_string()),
            (Stage::Open, _) => ChatEvent::Unreadable,
            _ => return Err(Ending::OutOfTurn),
        };
        Ok(Some(event))
    }

    /// Whether `text` says that it is the one who was to call.
    fn is_peer(&self, text: &str) -> bool {
        let name = text.strip_prefix("CONN ");
        name.is_some_and(|name| name.parse() == Ok(self.peer))
    }

    fn seal(&mut self, line: &[u8]) -> Result<(), snow::Error> {
        let Link::Channel(channel) = &mut self.link else {
            return Err(snow::Error::Input);
        };
        let message = channel.seal(line)?;
        messages::encode(&message, &mut self.output);
        Ok(())
    }

    fn end(&mut self, ending: Ending, events: &mut Vec<ChatEvent>) {
        self.stage = Stage::Ended;
        events.push(ChatEvent::Ended(ending));
    }
}

#[cfg(test)]
mod tests;
