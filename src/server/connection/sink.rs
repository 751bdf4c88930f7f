//! Where an outbox writes: the socket itself, or the TLS session before it.
//!
//! A TLS session encrypts what it takes, and the socket may not take all of that at once. A sink
//! therefore takes nothing more before the rest has left: what is encrypted and unsent is never
//! more than one write and one chunk's header.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::net::SendFlags;

use crate::server::tls::TlsSession;

/// Where an outbox writes. Nothing of it blocks: `None` says that nothing is taken now.
#[derive(Debug)]
pub struct Sink<'a> {
    socket: BorrowedFd<'a>,
    secure: Option<Secure<'a>>,
    /// Bytes that the socket took.
    written: usize,
}

#[derive(Debug)]
struct Secure<'a> {
    session: &'a mut TlsSession,
    /// What a chunk of a file is read into before it is encrypted.
    buffer: &'a mut [u8],
}

/// Why bytes of a file were not sent.
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
    /// Writes to the socket as it is.
    pub fn plain(socket: BorrowedFd<'a>) -> Self {
        Sink { socket, secure: None, written: 0 }
    }

    /// Writes what `session` makes of it; `buffer` is for the bytes of files.
    pub fn secure(
        socket: BorrowedFd<'a>,
        session: &'a mut TlsSession,
        buffer: &'a mut [u8],
    ) -> Self {
        Sink { socket, secure: Some(Secure { session, buffer }), written: 0 }
    }

    /// Bytes that the socket took, TLS' own among them.
    pub fn written(&self) -> usize {
        self.written
    }

    /// Hands over `bytes`, and tells how many were taken. With `more`, what follows at once leaves
    /// together with them.
    ///
    /// # Errors
    /// Where the connection is lost.
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

    /// Hands over several parts, and tells how many bytes of all of them were taken.
    ///
    /// # Errors
    /// Where the connection is lost.
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

    /// Hands over up to `length` bytes of a file, and tells how many were taken.
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

    /// Hands what is encrypted to the socket; whether none of it is left.
    ///
    /// # Errors
    /// Where the connection is lost.
    pub fn push(&mut self) -> io::Result<bool> {
        let Some(secure) = &mut self.secure else { return Ok(true) };
        self.written += secure.session.push(self.socket)?;
        Ok(!secure.session.is_blocked())
    }
}

/// Sends to a socket what it takes; `None` where it takes nothing now. With `more`, the kernel
/// waits for what follows before it makes a packet of it.
///
/// # Errors
/// Where the connection is lost.
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
