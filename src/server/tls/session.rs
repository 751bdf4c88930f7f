//! The TLS session of one connection.

use std::io::{self, IoSlice, Read, Write};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustix::io::Errno;
use rustls::{HandshakeKind, InvalidMessage, ProtocolVersion, ServerConfig, ServerConnection};

use crate::chat::address::Encryption;
use crate::limits::TLS_UNSENT_BYTES_MAX;

/// The TLS session of one connection: it decrypts input and encrypts output.
#[derive(Debug)]
pub struct TlsSession {
    connection: ServerConnection,
    /// The number of plaintext bytes received.
    received: u64,
    /// The number of encrypted bytes that the socket did not take.
    unsent: usize,
    /// Whether the peer has ended its side (close_notify).
    is_ended: bool,
    /// Whether its port is for HTTP alone.
    is_for_http: bool,
}

impl TlsSession {
    /// Creates a session that waits for the client's first flight; `is_for_http` says whether its
    /// port is for HTTP alone.
    ///
    /// # Errors
    /// If `config` can't be used, which would have shown when it was created.
    pub fn new(config: Arc<ServerConfig>, is_for_http: bool) -> Result<Self, rustls::Error> {
        let mut connection = ServerConnection::new(config)?;
        connection.set_buffer_limit(Some(TLS_UNSENT_BYTES_MAX));
        let (received, unsent) = (0, 0);
        Ok(TlsSession { connection, received, unsent, is_ended: false, is_for_http })
    }

    /// Returns true if the handshake is not done.
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Returns true if HTTP is spoken: on a port for it alone, or because the client wants it
    /// (ALPN; RFC 7301). It is known once the handshake is done.
    pub fn speaks_http(&self) -> bool {
        self.is_for_http || self.connection.alpn_protocol() == Some(HTTP)
    }

    /// Whether the handshake was full or resumed, once it is done.
    pub fn handshake_kind(&self) -> Option<HandshakeKind> {
        self.connection.handshake_kind()
    }

    /// The version of TLS; none before the client's first flight.
    pub fn encryption(&self) -> Encryption {
        match self.connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => Encryption::Tls13,
            Some(ProtocolVersion::TLSv1_2) => Encryption::Tls12,
            _ => Encryption::Plain,
        }
    }

    /// The number of plaintext bytes received.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Returns true if the peer has ended its side (close_notify; RFC 8446, section 6.1).
    pub fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// The number of encrypted bytes that the socket did not take.
    pub fn unsent(&self) -> usize {
        self.unsent
    }

    /// Returns true if nothing more can be encrypted until the socket takes what is.
    pub fn is_blocked(&self) -> bool {
        self.unsent > 0
    }

    /// Returns true if there are bytes for the socket.
    pub fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// Decrypts all of `cipher`, and returns how many bytes `plain` got; for its size see
    /// [`TlsSession::most_for`]. Only the beginning of a record stays behind, so that no input
    /// waits here of which the poll does not know.
    ///
    /// # Errors
    /// If that is not valid TLS. An alert for the peer is to be pushed then.
    pub fn decrypt(&mut self, mut cipher: &[u8], plain: &mut [u8]) -> Result<usize, rustls::Error> {
        let mut filled = 0;
        while !cipher.is_empty() && !self.is_ended {
            match self.connection.read_tls(&mut cipher) {
                Ok(0) => return Err(InvalidMessage::InvalidContentType.into()),
                Ok(_) => {}
                // Reading from memory has only this error: a message that is too long.
                Err(_) => return Err(InvalidMessage::HandshakePayloadTooLarge.into()),
            }
            let state = self.connection.process_new_packets()?;
            debug_assert!(state.plaintext_bytes_to_read() <= plain.len() - filled, "there is room");
            // The only error is that no plaintext is available.
            filled += self.connection.reader().read(&mut plain[filled..]).unwrap_or(0);
            self.is_ended = state.peer_has_closed();
        }
        self.received += filled as u64;
        Ok(filled)
    }

    /// The largest number of ciphertext bytes that may be decrypted at once into `room` bytes. In
    /// addition to their own content, they may complete a record of which all but the last byte
    /// came before.
    pub const fn most_for(room: usize) -> usize {
        room.saturating_sub(RECORD_BYTES_MAX)
    }

    /// Encrypts `plain`, and returns how many bytes were taken; `None` if the handshake is not
    /// done, or the socket has to take earlier bytes first.
    ///
    /// # Errors
    /// If the session has failed.
    pub fn encrypt(&mut self, plain: &[IoSlice<'_>]) -> io::Result<Option<usize>> {
        if self.is_blocked() || self.is_handshaking() {
            return Ok(None);
        }
        let taken = self.connection.writer().write_vectored(plain)?;
        Ok((taken > 0).then_some(taken))
    }

    /// Writes encrypted bytes to the socket, and returns how many it took.
    ///
    /// # Errors
    /// If the connection is lost.
    pub fn push(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let mut writer = SocketWriter { socket, is_full: false };
        let mut pushed = 0;
        while self.connection.wants_write() && !writer.is_full {
            pushed += self.connection.write_tls(&mut writer)?;
        }
        self.unsent = match self.connection.wants_write() {
            // Only this call returns how many bytes are left. If the session has failed, an alert
            // is.
            true => self.connection.process_new_packets().map_or(1, |io| io.tls_bytes_to_write()),
            false => 0,
        };
        Ok(pushed)
    }

    /// Encrypts the close_notify alert, once.
    pub fn send_close_notify(&mut self) {
        self.connection.send_close_notify();
    }
}

/// HTTP/1.1, as ALPN names it. HTTP/2 is never taken: a socket can't be opened over it here.
pub const HTTP: &[u8] = b"http/1.1";
/// The server's own protocol, as ALPN names it. It is also spoken with clients that name none.
pub const NATIVE: &[u8] = b"chatsrv";

/// The largest plaintext of one record in bytes (RFC 8446, section 5.1).
const RECORD_BYTES_MAX: usize = 16 * 1024;

/// A non-blocking socket, as a writer for the records of a session.
struct SocketWriter<'a> {
    socket: BorrowedFd<'a>,
    /// Whether it took less than it was offered, so that another attempt is useless.
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
