//! The TLS side of one connection.

use std::io::{self, IoSlice, Read, Write};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustix::io::Errno;
use rustls::{HandshakeKind, InvalidMessage, ServerConfig, ServerConnection};

use crate::limits::TLS_UNSENT_BYTES_MAX;

/// The TLS side of one connection: from ciphertext to plaintext and back.
#[derive(Debug)]
pub struct TlsSession {
    connection: ServerConnection,
    /// Bytes of plaintext that came.
    received: u64,
    /// Bytes that are encrypted and that the socket did not take.
    unsent: usize,
    /// Whether the peer has said that it sends no more.
    is_ended: bool,
}

impl TlsSession {
    /// A session that waits for its peer's first flight.
    ///
    /// # Errors
    /// Where `config` can't be used, which would have shown when it was made.
    pub fn new(config: Arc<ServerConfig>) -> Result<Self, rustls::Error> {
        let mut connection = ServerConnection::new(config)?;
        connection.set_buffer_limit(Some(TLS_UNSENT_BYTES_MAX));
        Ok(TlsSession { connection, received: 0, unsent: 0, is_ended: false })
    }

    /// Whether it is not settled yet how to encrypt.
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// How the handshake went, once it is done.
    pub fn handshake_kind(&self) -> Option<HandshakeKind> {
        self.connection.handshake_kind()
    }

    /// The version, for the log; none before the peer's first flight.
    pub fn version(&self) -> Option<&'static str> {
        self.connection.protocol_version()?.as_str()
    }

    /// Bytes of plaintext that came.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Whether the peer has said that it sends no more (RFC 8446, section 6.1).
    pub fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Bytes that are encrypted and that the socket did not take.
    pub fn unsent(&self) -> usize {
        self.unsent
    }

    /// Whether nothing can be encrypted before the socket takes what is.
    pub fn is_blocked(&self) -> bool {
        self.unsent > 0
    }

    /// Whether there is anything for the socket.
    pub fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// Decrypts what was read from the socket, all of it: nothing but the beginning of a record
    /// stays behind, so that nothing waits here which the poll would not report. Tells how many
    /// bytes `plain` got, see [`TlsSession::most_for`].
    ///
    /// # Errors
    /// Where that is no TLS, or not as the RFC has it. An alert for the peer is to be pushed then.
    pub fn decrypt(&mut self, mut cipher: &[u8], plain: &mut [u8]) -> Result<usize, rustls::Error> {
        let mut filled = 0;
        while !cipher.is_empty() && !self.is_ended {
            match self.connection.read_tls(&mut cipher) {
                Ok(0) => return Err(InvalidMessage::InvalidContentType.into()),
                Ok(_) => {}
                // The one error that reading from memory leaves: a message longer than any may be.
                Err(_) => return Err(InvalidMessage::HandshakePayloadTooLarge.into()),
            }
            let state = self.connection.process_new_packets()?;
            debug_assert!(state.plaintext_bytes_to_read() <= plain.len() - filled, "there is room");
            // The one error is that there is nothing now.
            filled += self.connection.reader().read(&mut plain[filled..]).unwrap_or(0);
            self.is_ended = state.peer_has_closed();
        }
        self.received += filled as u64;
        Ok(filled)
    }

    /// How many bytes of ciphertext may be decrypted at once into `room` bytes: beside what they
    /// hold, they may complete a record of which all but the last byte came before.
    pub const fn most_for(room: usize) -> usize {
        room.saturating_sub(RECORD_BYTES_MAX)
    }

    /// Encrypts `plain`, and tells how many bytes were taken; `None` where none can be now, as the
    /// handshake is not done or the socket has to take what is encrypted first.
    ///
    /// # Errors
    /// Where the session has failed.
    pub fn encrypt(&mut self, plain: &[IoSlice<'_>]) -> io::Result<Option<usize>> {
        if self.is_blocked() || self.is_handshaking() {
            return Ok(None);
        }
        let taken = self.connection.writer().write_vectored(plain)?;
        Ok((taken > 0).then_some(taken))
    }

    /// Hands to the socket what it takes of what is encrypted, and tells how many bytes that were.
    ///
    /// # Errors
    /// Where the connection is lost.
    pub fn push(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let mut writer = SocketWriter { socket, is_full: false };
        let mut pushed = 0;
        while self.connection.wants_write() && !writer.is_full {
            pushed += self.connection.write_tls(&mut writer)?;
        }
        self.unsent = match self.connection.wants_write() {
            // The session tells how much that is only here; where it has failed, an alert.
            true => self.connection.process_new_packets().map_or(1, |io| io.tls_bytes_to_write()),
            false => 0,
        };
        Ok(pushed)
    }

    /// Encrypts the notice that nothing more will come, once.
    pub fn send_close_notify(&mut self) {
        self.connection.send_close_notify();
    }
}

/// The most that one record may hold (RFC 8446, section 5.1).
const RECORD_BYTES_MAX: usize = 16 * 1024;

/// A socket that does not block, to which a session writes its records.
struct SocketWriter<'a> {
    socket: BorrowedFd<'a>,
    /// Whether it took less than it was offered: asking it again would be in vain.
    is_full: bool,
}

impl SocketWriter<'_> {
    fn took(&mut self, result: Result<usize, Errno>, offered: usize) -> io::Result<usize> {
        let took = match result {
            Err(Errno::AGAIN | Errno::INTR) => 0,
            result => result?,
        };
        self.is_full = took < offered;
        Ok(took)
    }
}

impl Write for SocketWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.took(rustix::io::write(self.socket, bytes), bytes.len())
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let offered = slices.iter().map(|slice| slice.len()).sum();
        self.took(rustix::io::writev(self.socket, slices), offered)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
