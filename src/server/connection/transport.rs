//! The transport of a connection: the plain socket, or TLS on it. The decoder and the outbox do not
//! know which: input is decrypted by [`Transport::fill`], output is written through a [`Sink`].

use std::io;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustls::{Error, InvalidMessage};

use super::sink::Sink;
use crate::limits::{HANDSHAKE_BYTES, TLS_HANDSHAKE_BYTES_MAX};
use crate::server::tls::TlsSession;

/// The first byte of a TLS connection: the type of a handshake record (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// The transport of a connection.
#[derive(Debug)]
pub enum Transport {
    /// The socket itself.
    Plain,
    /// A TLS session on it.
    Tls(Box<TlsSession>),
}

/// The result of one read.
#[derive(Debug)]
pub enum Came {
    /// That many bytes of frames. With TLS there may be none, though the socket gave bytes.
    Bytes(usize),
    /// The socket has no bytes now.
    Nothing,
    /// The peer has shut down its side.
    End,
    /// The connection is lost.
    Lost,
    /// The first bytes are not TLS, though the transport is.
    Foreign,
    /// TLS has failed.
    Failed(Error),
}

/// The result of [`Transport::fill`].
#[derive(Debug)]
pub struct Filled {
    /// The bytes for the decoder, or why there are none.
    pub came: Came,
    /// The number of bytes that were read from the socket.
    pub read: usize,
    /// Whether this read completed the handshake, so that frames can be written from now on.
    pub is_established: bool,
    /// Whether the transport itself has something to send.
    pub wants_write: bool,
}

impl Transport {
    /// Creates a transport: TLS with that session, or plain without one.
    pub fn new(session: Option<Box<TlsSession>>) -> Self {
        session.map_or(Transport::Plain, Transport::Tls)
    }

    /// The TLS session, if there is one.
    pub fn tls(&self) -> Option<&TlsSession> {
        match self {
            Transport::Plain => None,
            Transport::Tls(session) => Some(session),
        }
    }

    /// Returns true if the TLS handshake is not done, so that no frame can be written.
    #[inline]
    pub fn is_handshaking(&self) -> bool {
        self.tls().is_some_and(TlsSession::is_handshaking)
    }

    /// Returns true if the peer has ended the TLS session (close_notify).
    pub fn is_ended(&self) -> bool {
        self.tls().is_some_and(TlsSession::is_ended)
    }

    /// The number of bytes of frames among the `read` bytes that the socket gave so far.
    #[inline]
    pub fn frame_bytes(&self, read: u64) -> u64 {
        self.tls().map_or(read, TlsSession::received)
    }

    /// The number of encrypted bytes that the socket has not taken.
    #[inline]
    pub fn unsent(&self) -> usize {
        self.tls().map_or(0, TlsSession::unsent)
    }

    /// The memory that it takes, in bytes: unsent bytes, and an estimate for the state of a
    /// handshake.
    #[inline]
    pub fn memory(&self) -> usize {
        self.unsent() + if self.is_handshaking() { HANDSHAKE_BYTES } else { 0 }
    }

    /// Returns true if writing has to wait until the socket is writable. `has_left` is true if the
    /// last flush left something in the outbox.
    #[inline]
    pub fn is_write_blocked(&self, has_left: bool) -> bool {
        match self {
            Transport::Plain => has_left,
            // The lines wait for the handshake, not for the socket.
            Transport::Tls(session) if session.is_handshaking() => session.is_blocked(),
            Transport::Tls(session) => has_left || session.is_blocked(),
        }
    }

    /// The sink for output; `buffer` is scratch space for the bytes of files.
    #[inline]
    pub fn sink<'a>(&'a mut self, socket: BorrowedFd<'a>, buffer: &'a mut [u8]) -> Sink<'a> {
        match self {
            Transport::Plain => Sink::plain(socket),
            Transport::Tls(session) => Sink::secure(socket, session, buffer),
        }
    }

    /// Reads once, at most `room` bytes, and puts the plaintext into `clear`. `cipher` is scratch
    /// space for the ciphertext, and `before` is how many bytes were read before.
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

    /// Ends the TLS session in this direction (close_notify). Returns how many bytes the socket
    /// took; the rest is [`Transport::unsent`].
    ///
    /// # Errors
    /// If the connection is lost.
    pub fn end(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let Transport::Tls(session) = self else { return Ok(0) };
        if !session.is_handshaking() {
            session.send_close_notify();
        }
        session.push(socket)
    }

    /// Writes encrypted bytes to the socket, and returns how many it took.
    ///
    /// # Errors
    /// If the connection is lost.
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
