//! What carries the frames of a connection: it lies below the outbox and the decoder, which know
//! nothing of it. What comes in is put into the clear by [`Transport::fill`], what goes out is
//! written through a [`Sink`].

use std::io;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustls::{Error, InvalidMessage};

use super::sink::Sink;
use crate::limits::{HANDSHAKE_BYTES, TLS_HANDSHAKE_BYTES_MAX};
use crate::server::tls::TlsSession;

/// The first byte of a TLS connection: the type of a handshake record (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// What carries the frames of a connection.
#[derive(Debug)]
pub enum Transport {
    /// The socket itself.
    Plain,
    /// A TLS session on it.
    Tls(Box<TlsSession>),
}

/// What came of reading once.
#[derive(Debug)]
pub enum Came {
    /// So many bytes of frames, perhaps none, out of what the peer has sent.
    Bytes(usize),
    /// Nothing now.
    Nothing,
    /// The peer has shut its side.
    End,
    /// The connection is lost.
    Lost,
    /// Something that is not of this transport.
    Foreign,
    /// Something that the transport can't go on after.
    Failed(Error),
}

/// What came of [`Transport::fill`].
#[derive(Debug)]
pub struct Filled {
    /// What there is for the decoder.
    pub came: Came,
    /// How many bytes the socket gave.
    pub read: usize,
    /// Whether the transport was established by it: frames can be written from now on.
    pub is_established: bool,
    /// Whether the transport has something to write itself.
    pub wants_write: bool,
}

impl Transport {
    /// With that session, or none.
    pub fn new(session: Option<Box<TlsSession>>) -> Self {
        session.map_or(Transport::Plain, Transport::Tls)
    }

    /// The TLS session, where there is one.
    pub fn tls(&self) -> Option<&TlsSession> {
        match self {
            Transport::Plain => None,
            Transport::Tls(session) => Some(session),
        }
    }

    /// Whether it is yet to be established, so that no frame can be written.
    #[inline]
    pub fn is_handshaking(&self) -> bool {
        self.tls().is_some_and(TlsSession::is_handshaking)
    }

    /// Whether the peer has said that it sends no more frames.
    pub fn is_ended(&self) -> bool {
        self.tls().is_some_and(TlsSession::is_ended)
    }

    /// Bytes of frames that came, of so many that the socket gave.
    #[inline]
    pub fn frame_bytes(&self, read: u64) -> u64 {
        self.tls().map_or(read, TlsSession::received)
    }

    /// Bytes that it has taken, and that the socket has not.
    #[inline]
    pub fn unsent(&self) -> usize {
        self.tls().map_or(0, TlsSession::unsent)
    }

    /// Bytes of memory that wait in it; a handshake is counted as what its state takes.
    #[inline]
    pub fn memory(&self) -> usize {
        self.unsent() + if self.is_handshaking() { HANDSHAKE_BYTES } else { 0 }
    }

    /// Whether writing has to wait for the socket, after a flush that has left something or not.
    #[inline]
    pub fn is_write_blocked(&self, has_left: bool) -> bool {
        match self {
            Transport::Plain => has_left,
            // The lines wait for the peer's part of the handshake, and not for the socket.
            Transport::Tls(session) if session.is_handshaking() => session.is_blocked(),
            Transport::Tls(session) => has_left || session.is_blocked(),
        }
    }

    /// The way out; `buffer` is for the bytes of files.
    #[inline]
    pub fn sink<'a>(&'a mut self, socket: BorrowedFd<'a>, buffer: &'a mut [u8]) -> Sink<'a> {
        match self {
            Transport::Plain => Sink::plain(socket),
            Transport::Tls(session) => Sink::secure(socket, session, buffer),
        }
    }

    /// Reads once, at most `room` bytes, and puts what they carry into `clear`. `cipher` is for
    /// what is not in the clear yet, and `before` is how many bytes were read before.
    pub fn fill(
        &mut self,
        socket: BorrowedFd<'_>,
        clear: &mut [u8],
        room: usize,
        cipher: &mut [u8],
        before: u64,
    ) -> Filled {
        match self {
            Transport::Plain => {
                let room = room.min(clear.len());
                let (came, read) = read(socket, &mut clear[..room]);
                Filled { came, read, is_established: false, wants_write: false }
            }
            Transport::Tls(session) => {
                let room = room.min(cipher.len()).min(TlsSession::most_for(clear.len()));
                let (came, read) = read(socket, &mut cipher[..room]);
                let filled = Filled { came, read, is_established: false, wants_write: false };
                match filled.came {
                    Came::Bytes(_) => decrypt(session, &cipher[..read], clear, before),
                    _ => filled,
                }
            }
        }
    }

    /// Says that nothing more will be written. Bytes that the socket took; what is left of it is
    /// [`Transport::unsent`].
    ///
    /// # Errors
    /// Where the connection is lost.
    pub fn end(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let Transport::Tls(session) = self else { return Ok(0) };
        if !session.is_handshaking() {
            session.send_close_notify();
        }
        session.push(socket)
    }

    /// Hands to the socket what it takes of what was taken before. How many bytes that were.
    ///
    /// # Errors
    /// Where the connection is lost.
    pub fn push(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        match self {
            Transport::Plain => Ok(0),
            Transport::Tls(session) => session.push(socket),
        }
    }
}

fn read(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> (Came, usize) {
    match rustix::io::read(socket, buffer) {
        Ok(0) => (Came::End, 0),
        Ok(count) => (Came::Bytes(count), count),
        Err(Errno::AGAIN | Errno::INTR) => (Came::Nothing, 0),
        Err(_) => (Came::Lost, 0),
    }
}

fn decrypt(session: &mut TlsSession, cipher: &[u8], clear: &mut [u8], before: u64) -> Filled {
    let read = cipher.len();
    if before == 0 && cipher[0] != HANDSHAKE {
        return Filled { came: Came::Foreign, read, is_established: false, wants_write: false };
    }
    let was_handshaking = session.is_handshaking();
    let is_too_long = before + read as u64 > TLS_HANDSHAKE_BYTES_MAX;
    let came = match session.decrypt(cipher, clear) {
        Ok(_) if session.is_handshaking() && is_too_long => {
            Came::Failed(InvalidMessage::HandshakePayloadTooLarge.into())
        }
        Ok(filled) => Came::Bytes(filled),
        Err(error) => Came::Failed(error),
    };
    let is_established = was_handshaking && !session.is_handshaking();
    Filled { came, read, is_established, wants_write: session.wants_write() }
}
