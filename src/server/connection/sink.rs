//! The writer of an outbox: to the socket, either directly or through a TLS session.
//!
//! A TLS session encrypts what it takes, and the socket may not take all of that at once. So a sink
//! takes nothing more until the rest is sent: the encrypted and unsent bytes are never more than
//! one write and the header of one chunk.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::net::SendFlags;

use crate::server::tls::TlsSession;

/// A non-blocking writer; `None` as a result says that nothing is taken now.
#[derive(Debug)]
pub struct Sink<'a> {
    socket: BorrowedFd<'a>,
    secure: Option<Secure<'a>>,
    /// The number of bytes that the socket took.
    written: usize,
}

/// The TLS part of a sink.
#[derive(Debug)]
struct Secure<'a> {
    session: &'a mut TlsSession,
    /// The buffer into which bytes of a file are read before they are encrypted.
    buffer: &'a mut [u8],
}

/// The error of sending bytes of a file.
#[derive(Debug)]
pub enum SendError {
    /// The socket takes nothing now.
    Blocked,
    /// The connection is lost.
    Socket(io::Error),
    /// The file can't be read.
    File(io::Error),
}

impl<'a> Sink<'a> {
    /// Creates a sink that writes to the socket directly.
    pub fn plain(socket: BorrowedFd<'a>) -> Self {
        Sink { socket, secure: None, written: 0 }
    }

    /// Creates a sink that encrypts with `session`; `buffer` is scratch space for the bytes of
    /// files.
    pub fn secure(
        socket: BorrowedFd<'a>,
        session: &'a mut TlsSession,
        buffer: &'a mut [u8],
    ) -> Self {
        Sink { socket, secure: Some(Secure { session, buffer }), written: 0 }
    }

    /// The number of bytes that the socket took, including the overhead of TLS.
    pub fn written(&self) -> usize {
        self.written
    }

    /// Sends `bytes`, and returns how many were taken. With `more`, they are sent together with
    /// what follows at once.
    ///
    /// # Errors
    /// If the connection is lost.
    pub fn send(&mut self, bytes: &[u8], more: bool) -> io::Result<Option<usize>> {
        let Some(secure) = &mut self.secure else {
            let sent = send(self.socket, bytes, more)?;
            self.written += sent.unwrap_or(0);
            return Ok(sent);
        };
        let taken = secure.session.encrypt(&[IoSlice::new(bytes)])?;
        if !more {
            self.push()?;
        }
        Ok(taken)
    }

    /// Sends several slices, and returns how many bytes of all of them were taken.
    ///
    /// # Errors
    /// If the connection is lost.
    pub fn send_all(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Option<usize>> {
        let Some(secure) = &mut self.secure else {
            let sent = blocked_as_none(rustix::io::writev(self.socket, slices))?;
            self.written += sent.unwrap_or(0);
            return Ok(sent);
        };
        let taken = secure.session.encrypt(slices)?;
        self.push()?;
        Ok(taken)
    }

    /// Sends up to `length` bytes of a file, and returns how many were taken.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn send_file(
        &mut self,
        file: &File,
        offset: u64,
        length: usize,
    ) -> Result<usize, SendError> {
        let Some(secure) = &mut self.secure else {
            let sent = send_file(self.socket, file, offset, length)?;
            self.written += sent;
            return Ok(sent);
        };
        if secure.session.is_blocked() {
            return Err(SendError::Blocked);
        }
        let buffer = &mut secure.buffer[..];
        let length = length.min(buffer.len());
        let read = match rustix::io::pread(file, &mut buffer[..length], offset) {
            Ok(0) => return Err(SendError::File(io::ErrorKind::UnexpectedEof.into())),
            Ok(read) => read,
            Err(Errno::INTR) => return Err(SendError::Blocked),
            Err(error) => return Err(SendError::File(error.into())),
        };
        let taken = secure.session.encrypt(&[IoSlice::new(&buffer[..read])]);
        let taken = taken.map_err(SendError::Socket)?.ok_or(SendError::Blocked)?;
        self.push().map_err(SendError::Socket)?;
        Ok(taken)
    }

    /// Writes encrypted bytes to the socket. Returns true if none are left.
    ///
    /// # Errors
    /// If the connection is lost.
    pub fn push(&mut self) -> io::Result<bool> {
        let Some(secure) = &mut self.secure else { return Ok(true) };
        self.written += secure.session.push(self.socket)?;
        Ok(!secure.session.is_blocked())
    }
}

/// Sends bytes to a socket, and returns how many it took; `None` if it takes nothing now. With
/// `more`, the kernel waits for what follows before it sends a packet (MSG_MORE, send(2)).
///
/// # Errors
/// If the connection is lost.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8], more: bool) -> io::Result<Option<usize>> {
    let flags = if more { SendFlags::MORE } else { SendFlags::empty() };
    blocked_as_none(rustix::net::send(socket, bytes, flags | SendFlags::NOSIGNAL))
}

fn send_file(
    socket: BorrowedFd<'_>,
    file: &File,
    mut offset: u64,
    length: usize,
) -> Result<usize, SendError> {
    match rustix::fs::sendfile(socket, file, Some(&mut offset), length) {
        Ok(0) => Err(SendError::File(io::ErrorKind::UnexpectedEof.into())),
        Ok(sent) => Ok(sent),
        Err(Errno::AGAIN | Errno::INTR) => Err(SendError::Blocked),
        Err(error @ (Errno::PIPE | Errno::CONNRESET | Errno::TIMEDOUT | Errno::NOTCONN)) => {
            Err(SendError::Socket(error.into()))
        }
        Err(error) => Err(SendError::File(error.into())),
    }
}

fn blocked_as_none(result: Result<usize, Errno>) -> io::Result<Option<usize>> {
    match result {
        Ok(took) => Ok(Some(took)),
        Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
