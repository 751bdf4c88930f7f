//! One simulated client: its socket, its session, and the bytes that wait on either side.

use std::io::{self, Read, Write};

use super::session::{Protocol, Session};
use super::socket::Socket;

/// A client. It is known by its number for the whole run.
#[derive(Debug)]
pub struct Client {
    number: usize,
    /// `None` once the connection has ended.
    pub(super) socket: Option<Socket>,
    pub(super) session: Session,
    /// The start of a line whose end has not come yet.
    pub(super) unfinished: Vec<u8>,
    pub(super) outbox: Vec<u8>,
    /// How many bytes at the start of the outbox are written.
    written: usize,
    /// Whether the poller is asked for writability.
    pub(super) wants_write: bool,
    /// Why the server ended the connection, where it said so.
    pub(super) farewell: Option<Box<str>>,
}

impl Client {
    /// A client on a socket that is being connected.
    pub fn new(number: usize, protocol: Protocol, socket: Socket) -> Self {
        Client {
            number,
            socket: Some(socket),
            session: Session::new(protocol),
            unfinished: Vec::new(),
            outbox: Vec::new(),
            written: 0,
            // A connection is made when its socket can be written to.
            wants_write: true,
            farewell: None,
        }
    }

    /// Its number, from 0.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Whether its connection stands, or is being made.
    pub fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Lets `speak` append to what waits to be written. It leaves with the next flush.
    pub fn say(&mut self, speak: impl FnOnce(&mut Session, &mut Vec<u8>)) {
        speak(&mut self.session, &mut self.outbox);
    }

    /// How many bytes wait to be written.
    pub fn unsent_bytes(&self) -> usize {
        self.outbox.len() - self.written
    }

    /// Whether something would be written where the kernel takes it.
    pub(super) fn has_output(&self) -> bool {
        self.unsent_bytes() > 0 || self.socket.as_ref().is_some_and(Socket::wants_write)
    }

    /// Writes what waits, as far as the kernel takes it.
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
                // Not connected yet: the poller tells when it is.
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

    /// Reads once into `buffer`, behind the unfinished line. Tells how many bytes of the buffer are
    /// to be decoded, or that the server has closed; `WouldBlock` where there is nothing to read.
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
