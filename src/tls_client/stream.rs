//! A non-blocking TLS stream over a TCP socket.
//!
//! poll(2) reports the state of the socket, and knows nothing of plaintext that the library has
//! buffered. So each [`TlsStream::read`] returns all plaintext that there is, and leaves none in
//! the buffer.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion};

use super::error::TlsError;
use super::roots::Roots;

/// The largest plaintext of a record, in bytes (RFC 8446, section 5.1).
const RECORD_BYTES_MAX: usize = 16 * 1024;

/// The smallest buffer for [`TlsStream::read`], in bytes.
pub const READ_BYTES_MIN: usize = 2 * RECORD_BYTES_MAX;

/// A TLS connection. When it is dropped, it sends close_notify if the socket takes it without
/// blocking.
#[derive(Debug)]
pub struct TlsStream {
    socket: TcpStream,
    session: Box<ClientConnection>,
    roots: Roots,
    has_ended: bool,
}

impl TlsStream {
    /// Begins a handshake as a client of `host`. `roots` is the source of the certificates in
    /// `config`, for error messages.
    pub(super) fn new(
        socket: TcpStream,
        config: Arc<ClientConfig>,
        host: ServerName<'static>,
        roots: Roots,
    ) -> Result<Self, TlsError> {
        let session = ClientConnection::new(config, host).map_err(TlsError::Failed)?;
        Ok(TlsStream { socket, session: Box::new(session), roots, has_ended: false })
    }

    /// The negotiated version, such as `TLS 1.3`; `TLS` before the handshake.
    pub fn version(&self) -> &'static str {
        match self.session.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            _ => "TLS",
        }
    }

    /// Returns true if [`flush`](Write::flush) has something to write.
    pub fn wants_write(&self) -> bool {
        self.session.wants_write()
    }

    /// Returns true if there is no more to read. poll(2) may not show it: the server may have sent
    /// close_notify and left the connection open.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Reads from the socket once, and decrypts all that it returned: the plaintext is at the start
    /// of `buffer`, which must have [`READ_BYTES_MIN`] bytes or more, and whose rest is
    /// overwritten. 0 is the end of the stream, with close_notify or without: the protocol above
    /// detects a truncation.
    ///
    /// # Errors
    /// `WouldBlock` if there is no plaintext yet; errors of the socket; [`TlsError`].
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        debug_assert!(buffer.len() >= READ_BYTES_MIN);
        // Plaintext may have arrived with the end of the handshake.
        let early = self.take_plaintext(buffer)?;
        if early > 0 || self.has_ended {
            return Ok(early);
        }
        // The bytes read may complete a record that has begun before, so there must be room for the
        // plaintext of one more.
        let records_max = buffer.len().saturating_sub(RECORD_BYTES_MAX) / 2;
        let (plaintext, records) = buffer.split_at_mut(buffer.len() - records_max);
        let length = self.socket.read(records)?;
        if length == 0 {
            self.has_ended = true;
            return match self.session.is_handshaking() {
                true => Err(TlsError::Closed.into()),
                false => Ok(0),
            };
        }
        let mut rest = &records[..length];
        let mut taken = 0;
        while !rest.is_empty() && !self.has_ended {
            self.session.read_tls(&mut rest)?;
            self.decrypt()?;
            taken += self.take_plaintext(&mut plaintext[taken..])?;
        }
        match taken == 0 && !self.has_ended {
            true => Err(ErrorKind::WouldBlock.into()),
            false => Ok(taken),
        }
    }

    fn decrypt(&mut self) -> Result<(), TlsError> {
        let in_handshake = self.session.is_handshaking();
        match self.session.process_new_packets() {
            Ok(state) => {
                self.has_ended = state.peer_has_closed();
                Ok(())
            }
            Err(error) => {
                // This sends an alert, if the server still reads; the error to return is this one.
                let _ = self.flush();
                Err(TlsError::new(error, in_handshake, self.roots))
            }
        }
    }

    fn take_plaintext(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut taken = 0;
        while taken < buffer.len() {
            match self.session.reader().read(&mut buffer[taken..]) {
                Ok(0) => break,
                Ok(length) => taken += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    pub(super) fn shake_hands(&mut self, deadline: Instant) -> Result<(), TlsError> {
        while self.session.is_handshaking() {
            match self.session.complete_io(&mut self.socket) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait(deadline)?,
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Err(TlsError::Closed);
                }
                Err(error) => {
                    return Err(match error.downcast::<rustls::Error>() {
                        Ok(error) => TlsError::new(error, true, self.roots),
                        Err(error) => TlsError::Io(error),
                    });
                }
            }
        }
        Ok(())
    }

    fn wait(&self, deadline: Instant) -> Result<(), TlsError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(TlsError::Overdue);
        }
        let interest = match self.wants_write() {
            true => PollFlags::IN | PollFlags::OUT,
            false => PollFlags::IN,
        };
        // If poll ends early, the handshake is not done, and the caller waits again.
        let timeout = Timespec::try_from(left).ok();
        match poll(&mut [PollFd::new(&self.socket, interest)], timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(TlsError::Io(error.into())),
        }
    }
}

impl Write for TlsStream {
    /// Encrypts what the library's buffer has room for, and writes as much of it as the socket
    /// takes; the rest waits for the next [`flush`](Write::flush).
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flush()?;
        let taken = self.session.writer().write(bytes)?;
        // Before the end of the handshake the library's buffer may be full.
        if taken == 0 && !bytes.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        match self.flush() {
            Err(error)
                if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                Err(error)
            }
            _ => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            if self.session.write_tls(&mut self.socket)? == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }
}

impl AsFd for TlsStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for TlsStream {
    fn drop(&mut self) {
        self.session.send_close_notify();
        // The connection ends anyway, so an error changes nothing.
        let _ = self.flush();
    }
}
