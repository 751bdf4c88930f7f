//! A stranger: an incoming connection of which it is not known yet whether it belongs to a call
//! that was announced.
//!
//! No more than 50 bytes of it are read, for no longer than five seconds, and nothing is ever sent
//! to it.

use std::io::{self, ErrorKind, Read};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::chat::DirectChat;
use super::invitations::Invitations;
use super::messages::MessageBuffer;
use super::noise::HANDSHAKE_BYTES;
use crate::chat::address::{Address, Network};
use crate::chat::name::UserName;

/// How long a connection may remain a stranger. The server's notice may arrive later than the call
/// that it announces.
pub const STRANGER_AGE_MAX: Duration = Duration::from_secs(5);
/// The number of bytes that are read from a stranger: the length and one message.
pub const HELLO_BYTES: usize = 2 + HANDSHAKE_BYTES;

/// A connection that is not authenticated yet, and its input: a socket that does not block.
#[derive(Debug)]
pub struct Stranger<S> {
    input: S,
    network: Network,
    until: Instant,
    messages: MessageBuffer,
    /// The number of bytes read.
    length: usize,
    /// The value of [`Invitations::added`] for which no ticket was found.
    tried: Option<u64>,
}

/// The decision on a stranger.
#[derive(Debug)]
pub enum Admission {
    /// The decision depends on further input or on a later announcement.
    Waits,
    /// The call was announced; the chat that it begins.
    Calls(Box<DirectChat>),
    /// The connection is to be closed, and nothing sent.
    Goes,
}

impl<S: Read> Stranger<S> {
    /// Creates a stranger that has connected from `address`.
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

    /// The network that it is in; see [`Address::network`].
    pub fn network(&self) -> Network {
        self.network
    }

    /// The time at which the connection is closed if it is still a stranger.
    pub fn until(&self) -> Instant {
        self.until
    }

    /// The number of bytes read, at most [`HELLO_BYTES`].
    pub fn length(&self) -> usize {
        self.length
    }

    /// Returns true if the input is to be polled. It is not any more once the message is complete.
    pub fn may_speak(&self) -> bool {
        self.tried.is_none()
    }

    /// The input that was given to [`new`](Self::new).
    pub fn input(&self) -> &S {
        &self.input
    }

    /// The input that was given to [`new`](Self::new), for the chat that begins.
    pub fn into_input(self) -> S {
        self.input
    }

    /// Reads from the input, and decides on the stranger.
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
        // The message stays in the buffer: it may belong to a later invitation.
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

    /// Reads the rest of the message. The end of the input is an error, and so is a length that no
    /// first message of a handshake has.
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
