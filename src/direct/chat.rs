//! The state machine of one side of a direct chat, from the handshake to its end. It has neither a
//! socket nor a clock: bytes go in, bytes and events come out.

use std::fmt;

use super::messages::{self, MessageBuffer};
use super::noise::{Channel, Handshake};
use super::ticket::Ticket;
use crate::chat::name::UserName;
use crate::chat::text::TextError;
use crate::protocol::native::CLIENT_LINE_BYTES_MAX;
use crate::protocol::native::frame::{Decoder, Frame};
use crate::protocol::native::outgoing::Outgoing;

/// The largest output buffer to which a message is added, in bytes. It bounds the memory that a
/// peer costs that reads nothing.
const OUTPUT_BYTES_MAX: usize = 256 * 1024;

/// The state of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The caller waits for the answer to the handshake.
    Handshake,
    /// The caller waits for the answer to the call.
    Calling,
    /// The callee waits for the name of the caller.
    Greeting,
    /// The callee's user decides whether to accept.
    Ringing,
    /// Both sides may send messages.
    Open,
    /// The chat is over; output may still have to be written.
    Ended,
}

/// What the other side did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatEvent {
    /// The callee has answered the handshake, and has the ticket; its user is asked now.
    Reached,
    /// The caller has given the name that the server announced.
    Called,
    /// The callee accepts the call.
    Accepted,
    /// The callee declines the call, or is in another direct chat.
    Declined,
    /// A message of the peer.
    Said(String),
    /// The peer sent a frame that is malformed or unknown.
    Unreadable,
    /// The chat is over.
    Ended(Ending),
}

/// Why a chat is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The peer ended it.
    HungUp,
    /// The connection was lost; why.
    Lost(String),
    /// A message could not be decrypted: it was made without the ticket, altered, replayed or
    /// reordered.
    Undecipherable,
    /// The protocol has no such frame in this state.
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

/// Why a message can't be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSaid {
    /// The text does not fit into a line of the protocol.
    Text(TextError),
    /// The output buffer is full, since the peer does not read.
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
    /// The name of this side's user.
    own: UserName,
    /// The user whom the server announced.
    peer: UserName,
    stage: Stage,
    link: Link,
    input: MessageBuffer,
    output: Vec<u8>,
}

impl DirectChat {
    /// Begins a call to `peer`: the output is the first message of the handshake.
    ///
    /// # Errors
    /// If the system provides no random numbers.
    pub fn call(own: UserName, peer: UserName, ticket: &Ticket) -> Result<Self, snow::Error> {
        let (handshake, first) = Handshake::begin(ticket)?;
        let link = Link::Handshake(Box::new(handshake));
        Ok(DirectChat::new(own, peer, Stage::Handshake, link, &first))
    }

    /// Answers the first message of `peer`'s handshake; `None` if it was made without the ticket.
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

    /// The user on the other side.
    pub fn peer(&self) -> UserName {
        self.peer
    }

    /// The state.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Handles bytes read from the connection, and adds what they mean to `events`.
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

    /// Ends the chat because the connection was lost, or the peer has closed it.
    pub fn lost(&mut self, why: &str, events: &mut Vec<ChatEvent>) {
        if self.stage != Stage::Ended {
            let cut =
                if self.input.is_within_message() { " in the middle of a message" } else { "" };
            self.output.clear();
            self.end(Ending::Lost(format!("{why}{cut}")), events);
        }
    }

    /// Accepts the call; only while it [rings](Stage::Ringing).
    pub fn accept(&mut self) {
        if self.stage == Stage::Ringing && self.seal(b"C RESP yes\n").is_ok() {
            self.stage = Stage::Open;
        }
    }

    /// Declines the call; only while it [rings](Stage::Ringing).
    pub fn decline(&mut self) {
        if self.stage == Stage::Ringing {
            // If it can't be sent, the end of the connection has the same meaning.
            let _ = self.seal(b"C RESP no\n");
            self.stage = Stage::Ended;
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// [`NotSaid`]; the chat is unchanged then.
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

    /// Ends the chat, or declines the call.
    pub fn hang_up(&mut self) {
        match self.stage {
            Stage::Ringing => return self.decline(),
            // If it can't be sent, the end of the connection has the same meaning.
            Stage::Calling | Stage::Open => drop(self.seal(b"C END\n")),
            Stage::Handshake | Stage::Greeting => self.output.clear(),
            Stage::Ended => {}
        }
        self.stage = Stage::Ended;
    }

    /// The bytes to be written to the connection.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// Removes the first `count` bytes of the output, which were written.
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

    /// Handles a decrypted message, which must be exactly one frame with its LF.
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

    /// Returns true if `text` is the name of the announced caller, after CONN.
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
