//! One simulated client: its socket, its session, and its input and output buffers.

use std::io::{self, Read, Write};

use super::session::{Protocol, Session};
use super::socket::Socket;

/// A client. Its number identifies it for the whole run.
#[derive(Debug)]
pub struct Client {
    number: usize,
    /// `None` once the connection has ended.
    pub(super) socket: Option<Socket>,
    pub(super) session: Session,
    /// The start of an incomplete line.
    pub(super) unfinished: Vec<u8>,
    pub(super) outbox: Vec<u8>,
    /// The number of bytes at the start of the outbox that are written.
    written: usize,
    /// True if the poller watches for writability.
    pub(super) wants_write: bool,
    /// The server's reason for the end of the connection, if it gave one.
    pub(super) farewell: Option<Box<str>>,
}

impl Client {
    /// Creates a client on a socket that is being connected.
    pub fn new(number: usize, protocol: Protocol, socket: Socket) -> Self {
        Client {
            number,
            socket: Some(socket),
            session: Session::new(protocol),
            unfinished: Vec::new(),
            outbox: Vec::new(),
            written: 0,
            // The socket is writable when the connection is established.
            wants_write: true,
            farewell: None,
        }
    }

    /// Its number, from 0.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Returns true if it is connected or connecting.
    pub fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Lets `speak` append to the output, which the next flush writes.
    pub fn say(&mut self, speak: impl FnOnce(&mut Session, &mut Vec<u8>)) {
        speak(&mut self.session, &mut self.outbox);
    }

    /// The number of bytes to be written.
    pub fn unsent_bytes(&self) -> usize {
        self.outbox.len() - self.written
    }

    /// Returns true if there is something to write.
    pub(super) fn has_output(&self) -> bool {
        self.unsent_bytes() > 0 || self.socket.as_ref().is_some_and(Socket::wants_write)
    }

    /// Writes as much as the socket takes.
    pub(super) fn write(&mut self) -> io::Result<()> {
        while self.has_output() {
            let Some(socket) = &mut self.socket else { break };
            let written = match &self.outbox[self.written..] {
                [] => socket.flush().map(|()| 0),
                unsent => socket.write(unsent),
            };
            match written {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // Not connected yet; the poller reports when it is.
                Err(error) if error.kind() == io::ErrorKind::NotConnected => break,
                Err(error) => return Err(error),
            }
        }
        if self.written == self.outbox.len() {
            self.outbox.clear();
            self.written = 0;
        }
        Ok(())
    }

    /// Reads once into `buffer`, after the unfinished line. Returns the number of bytes to decode,
    /// or `None` if the server has closed the connection; `WouldBlock` if there is nothing to read.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let Some(socket) = &mut self.socket else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let kept = self.unfinished.len();
        buffer[..kept].copy_from_slice(&self.unfinished);
        let count = socket.read(&mut buffer[kept..])?;
        self.unfinished.clear();
        Ok((count > 0).then_some(kept + count))
    }
}
