//! The connection of one direct chat: a non-blocking socket and the state of the chat.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use chatsrv::direct::chat::{ChatEvent, DirectChat, Stage};
use rustix::event::PollFlags;
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::link::connection::set_up;

/// The largest number of bytes read in one turn.
const READ_BYTES: usize = 16 * 1024;
/// How long to wait for the peer to close after the end of the chat, so that it can read the last
/// message first.
const LINGER: Duration = Duration::from_secs(1);

/// A direct chat and its socket.
#[derive(Debug)]
pub struct Peer {
    socket: TcpStream,
    /// The state of the chat.
    pub chat: DirectChat,
    /// The deadline of the current stage; `None` if it has none.
    pub until: Option<Instant>,
    connected: bool,
    /// True once all was written and the socket is shut down for writing.
    shut: bool,
    gone: bool,
}

impl Peer {
    /// Begins to connect to `address`.
    ///
    /// # Errors
    /// Errors of the socket.
    pub fn dial(address: SocketAddr, chat: DirectChat, until: Instant) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        match socket.connect(&address.into()) {
            Err(error) if Errno::from_io_error(&error) != Some(Errno::INPROGRESS) => {
                return Err(error);
            }
            _ => {}
        }
        Ok(Peer::new(socket.into(), chat, until, false))
    }

    /// Creates a peer from a connection that was accepted.
    ///
    /// # Errors
    /// Errors of the socket.
    pub fn accepted(socket: TcpStream, chat: DirectChat, until: Instant) -> io::Result<Self> {
        set_up(&socket)?;
        Ok(Peer::new(socket, chat, until, true))
    }

    fn new(socket: TcpStream, chat: DirectChat, until: Instant, connected: bool) -> Self {
        Peer { socket, chat, until: Some(until), connected, shut: false, gone: false }
    }

    /// The events to poll for.
    pub fn interest(&self) -> PollFlags {
        match self.connected {
            false => PollFlags::OUT,
            true if self.chat.output().is_empty() => PollFlags::IN,
            true => PollFlags::IN | PollFlags::OUT,
        }
    }

    /// Returns true if the connection can be dropped.
    pub fn is_done(&self, now: Instant) -> bool {
        let is_over = self.chat.stage() == Stage::Ended;
        self.gone || (is_over && (!self.connected || self.until.is_some_and(|until| now >= until)))
    }

    /// Sets the deadline after the end of the chat to [`LINGER`], to write the rest of the output.
    pub fn linger(&mut self, now: Instant) {
        self.until = Some(now + LINGER);
    }

    /// Reads and writes as far as the socket allows, and adds the events.
    pub fn turn(&mut self, events: &mut Vec<ChatEvent>) {
        if let Err(error) = self.exchange(events) {
            self.gone = true;
            self.chat.lost(&error.to_string(), events);
        }
    }

    fn exchange(&mut self, events: &mut Vec<ChatEvent>) -> io::Result<()> {
        if !self.connected && !self.connect()? {
            return Ok(());
        }
        self.write()?;
        self.read(events)?;
        self.write()?;
        if self.chat.stage() == Stage::Ended && self.chat.output().is_empty() && !self.shut {
            self.shut = true;
            self.socket.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }

    /// Completes the connection, and returns true if it is established.
    fn connect(&mut self) -> io::Result<bool> {
        if let Some(error) = self.socket.take_error()? {
            return Err(error);
        }
        match self.socket.peer_addr() {
            Ok(_) => {
                set_up(&self.socket)?;
                self.connected = true;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn read(&mut self, events: &mut Vec<ChatEvent>) -> io::Result<()> {
        let mut buffer = [0; READ_BYTES];
        match self.socket.read(&mut buffer) {
            Ok(0) => {
                self.gone = true;
                self.chat.lost("the other side closed it", events);
                Ok(())
            }
            Ok(length) => {
                self.chat.receive(&buffer[..length], events);
                Ok(())
            }
            Err(error) if is_for_later(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        while !self.chat.output().is_empty() {
            match self.socket.write(self.chat.output()) {
                Ok(count) => self.chat.written(count),
                Err(error) if is_for_later(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
