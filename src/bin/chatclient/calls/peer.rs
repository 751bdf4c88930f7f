//! The connection of one direct chat: its socket, read and written without ever blocking on it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use chatsrv::direct::chat::{ChatEvent, DirectChat, Stage};
use rustix::event::PollFlags;
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::link::connection::set_up;

/// What one turn reads of one peer at most, in bytes.
const READ_BYTES: usize = 16 * 1024;
/// How long a peer may take to close after the last word, so that it can read that first.
const LINGER: Duration = Duration::from_secs(1);

/// A chat and the socket it goes over.
#[derive(Debug)]
pub struct Peer {
    socket: TcpStream,
    /// What goes over it.
    pub chat: DirectChat,
    /// When the patience with it ends; none where it is without end.
    pub until: Option<Instant>,
    connected: bool,
    /// Whether everything was written and the socket is shut down in that direction.
    shut: bool,
    gone: bool,
}

impl Peer {
    /// Begins to connect to `address`.
    ///
    /// # Errors
    /// Those of the socket.
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

    /// Goes on with a connection that was accepted.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn accepted(socket: TcpStream, chat: DirectChat, until: Instant) -> io::Result<Self> {
        set_up(&socket)?;
        Ok(Peer::new(socket, chat, until, true))
    }

    fn new(socket: TcpStream, chat: DirectChat, until: Instant, connected: bool) -> Self {
        Peer { socket, chat, until: Some(until), connected, shut: false, gone: false }
    }

    /// What to wait for.
    pub fn interest(&self) -> PollFlags {
        match self.connected {
            false => PollFlags::OUT,
            true if self.chat.output().is_empty() => PollFlags::IN,
            true => PollFlags::IN | PollFlags::OUT,
        }
    }

    /// Whether nothing more is to be done with it.
    pub fn is_done(&self, now: Instant) -> bool {
        let is_over = self.chat.stage() == Stage::Ended;
        self.gone || (is_over && (!self.connected || self.until.is_some_and(|until| now >= until)))
    }

    /// The chat is over: what is left is written, and not waited for any longer than [`LINGER`].
    pub fn linger(&mut self, now: Instant) {
        self.until = Some(now + LINGER);
    }

    /// Reads and writes what can be.
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

    /// Whether the connection stands now.
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
