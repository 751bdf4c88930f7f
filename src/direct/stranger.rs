//! One who has come to the port on which others call, and is nobody yet.
//!
//! A stranger may send anything. No more than 50 bytes are read, for no longer than five seconds,
//! and nothing is ever answered: what a stranger came with can only be read here.

use std::io::{self, ErrorKind, Read};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::chat::DirectChat;
use super::invitations::Invitations;
use super::messages::MessageBuffer;
use super::noise::HANDSHAKE_BYTES;
use crate::chat::address::Address;
use crate::chat::name::UserName;

/// How long a connection may take until it is known who it is. The server's notice may come later
/// than the call that it announces.
pub const STRANGER_AGE_MAX: Duration = Duration::from_secs(5);
/// What is read of a stranger: one message and its length.
pub const HELLO_BYTES: usize = 2 + HANDSHAKE_BYTES;

/// A stranger, and what comes from there: a socket that never blocks.
#[derive(Debug)]
pub struct Stranger<S> {
    input: S,
    network: Address,
    until: Instant,
    messages: MessageBuffer,
    /// How many bytes were read.
    length: usize,
    /// The state of the invitations in which no ticket was found.
    tried: Option<u64>,
}

/// What becomes of a stranger.
#[derive(Debug)]
pub enum Admission {
    /// Nothing yet.
    Waits,
    /// The call was announced: this is the chat that it begins.
    Calls(Box<DirectChat>),
    /// The connection is to be closed, without a word.
    Goes,
}

impl<S: Read> Stranger<S> {
    /// Somebody who has come from `address`.
    pub fn new(input: S, address: IpAddr, now: Instant) -> Self {
        Stranger {
            input,
            network: Address::host(address).network(),
            until: now + STRANGER_AGE_MAX,
            messages: MessageBuffer::default(),
            length: 0,
            tried: None,
        }
    }

    /// From which network; see [`Address::network`].
    pub fn network(&self) -> Address {
        self.network
    }

    /// When the patience ends.
    pub fn until(&self) -> Instant {
        self.until
    }

    /// How many bytes were read, [`HELLO_BYTES`] at most.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Whether more is to be read. Who has said all that a stranger may is not read any more.
    pub fn may_speak(&self) -> bool {
        self.tried.is_none()
    }

    /// What was given to [`new`](Self::new).
    pub fn input(&self) -> &S {
        &self.input
    }

    /// What was given to [`new`](Self::new), for the chat that begins.
    pub fn into_input(self) -> S {
        self.input
    }

    /// Reads what has come, and says what becomes of it.
    pub fn turn(
        &mut self,
        own: UserName,
        invitations: &mut Invitations,
        now: Instant,
    ) -> Admission {
        let read = self.read();
        if now >= self.until || read.is_err() {
            return Admission::Goes;
        }
        if self.length < HELLO_BYTES || self.tried == Some(invitations.added()) {
            return Admission::Waits;
        }
        // The message stays where it is: the next invitation may be the one that it belongs to.
        let Some(first) = self.messages.peek() else {
            return Admission::Goes;
        };
        match invitations.place(own, first, now) {
            Some(chat) => Admission::Calls(Box::new(chat)),
            None => {
                self.tried = Some(invitations.added());
                Admission::Waits
            }
        }
    }

    /// Reads what is still missing. The end of the input, and a message of another length than the
    /// first one of a handshake has, is an error.
    fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; HELLO_BYTES];
        while self.length < HELLO_BYTES {
            match self.input.read(&mut buffer[self.length..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.messages.extend(&buffer[self.length..self.length + count]);
                    self.length += count;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        match self.messages.next_length() {
            None | Some(HANDSHAKE_BYTES) => Ok(()),
            Some(_) => Err(ErrorKind::InvalidData.into()),
        }
    }
}
