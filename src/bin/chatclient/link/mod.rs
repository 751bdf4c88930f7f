//! The way to the server: the search for it, the connection, and when to try again.
//!
//! [`connection`] is the socket, [`login`] what is said before anything else, and [`backoff`] how
//! long to wait.

pub mod backoff;
pub mod connection;
pub mod login;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use chatsrv::display::safe_text::safe;
use chatsrv::protocol::native::SERVER_LINE_BYTES_MAX;
use chatsrv::protocol::native::frame::FrameBuffer;
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::tls_client::TlsConnector;
use rustix::event::PollFlags;

use crate::ending::Ending;
use crate::jobs::Jobs;
use backoff::Backoff;
use connection::{ConnectError, Connection, READ_BYTES, Server};

/// How long a connection has to stand before the next wait is a short one again.
const STEADY_AFTER: Duration = Duration::from_secs(10);

/// The connection to the server, or what is done to have one.
pub struct Link {
    /// Where the server is.
    pub server: Server,
    tls: Option<TlsConnector>,
    connection: Option<Connection>,
    frames: FrameBuffer,
    read_buffer: Vec<u8>,
    /// The search for the server.
    connecting: Jobs<Result<Connection, ConnectError>>,
    backoff: Backoff,
    /// For how long to try again after a lost connection; none is for ever.
    pub patience: Option<Duration>,
    lost_since: Option<Instant>,
    online_since: Option<Instant>,
    /// When the server has taken too long.
    pub deadline: Option<Instant>,
    /// Since when nothing has come or gone although something is awaited, as far as that matters.
    heard: Option<Instant>,
}

/// What one read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// Nothing yet.
    Nothing,
    /// Bytes, which may make frames whole.
    Bytes,
    /// The end.
    End,
}

impl Link {
    /// Without a connection.
    ///
    /// # Errors
    /// Where the process has no file descriptor left.
    pub fn new(
        server: Server,
        tls: Option<TlsConnector>,
        patience: Option<Duration>,
    ) -> io::Result<Self> {
        Ok(Link {
            server,
            tls,
            connection: None,
            frames: FrameBuffer::new(SERVER_LINE_BYTES_MAX),
            read_buffer: vec![0; READ_BYTES],
            connecting: Jobs::new()?,
            backoff: Backoff::default(),
            patience,
            lost_since: None,
            online_since: None,
            deadline: None,
            heard: None,
        })
    }

    /// Looks for the server, on a thread of its own.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn search(&mut self) -> io::Result<()> {
        let (server, tls) = (self.server.clone(), self.tls.clone());
        self.deadline = None;
        self.connecting.spawn(move || Connection::open(&server, tls.as_ref()))
    }

    /// Takes what searches for the server have found.
    pub fn take_found(&mut self) -> Vec<Result<Connection, ConnectError>> {
        self.connecting.take()
    }

    /// Goes on with a connection, on which nothing was read.
    pub fn begin(&mut self, connection: Connection, deadline: Instant) {
        self.connection = Some(connection);
        self.frames = FrameBuffer::new(SERVER_LINE_BYTES_MAX);
        self.deadline = Some(deadline);
    }

    /// Gives the connection up.
    pub fn close(&mut self) {
        self.connection = None;
    }

    /// What it means that there is no server.
    pub fn no_server(&self, error: &ConnectError) -> Ending {
        Ending::NoServer(match error {
            ConnectError::Tls(error) if error.is_final() => {
                return Ending::NotSecure(safe!("no TLS with {}: {error}", self.server));
            }
            ConnectError::Tls(error) => safe!("no TLS with {}: {error}", self.server),
            ConnectError::NoHost(error) => {
                safe!("no such host: {} ({error})", self.server.host())
            }
            ConnectError::NoServer(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                safe!("no server there: {}", self.server)
            }
            ConnectError::NoServer(error) => safe!("no server there: {} ({error})", self.server),
        })
    }

    /// What it means that no greeting came in time.
    pub fn no_greeting(&self) -> Ending {
        let hint = if self.tls.is_none() { "; if it speaks TLS, give --tls" } else { "" };
        Ending::NotChatsrv(safe!("no greeting came from {}{hint}", self.server))
    }

    /// Notes that the login is done: from now on the connection counts as one that stands.
    pub fn established(&mut self) {
        self.online_since = Some(Instant::now());
        self.lost_since = None;
    }

    /// For how long it may still be tried to have another connection, now that this one is lost;
    /// none where it was tried for long enough.
    pub fn time_left(&mut self) -> Option<Duration> {
        let now = Instant::now();
        let lost_since = *self.lost_since.get_or_insert(now);
        let left = match self.patience {
            Some(patience) => patience.checked_sub(now.duration_since(lost_since)),
            None => Some(Duration::MAX),
        };
        let left = left.filter(|left| !left.is_zero())?;
        if self.online_since.take().is_some_and(|since| now - since >= STEADY_AFTER) {
            self.backoff.reset();
        }
        Some(left)
    }

    /// How long to wait before the next try.
    pub fn next_wait(&mut self) -> Duration {
        self.backoff.next_wait()
    }

    /// Begins anew to count for how long nothing has come or gone.
    pub fn end_silence(&mut self) {
        self.heard = None;
    }

    /// Bounds how long nothing may come or go; none is for ever.
    pub fn limit_silence(&mut self, patience: Option<Duration>) {
        self.heard = patience.and(self.heard.or_else(|| Some(Instant::now())));
        self.deadline = self.heard.zip(patience).map(|(heard, patience)| heard + patience);
    }

    /// Reads once. What came is in [`Link::take_frames`].
    ///
    /// # Errors
    /// Those of the socket; the connection is over then.
    pub fn read(&mut self) -> io::Result<Came> {
        let Some(connection) = &mut self.connection else {
            return Ok(Came::Nothing);
        };
        match connection.read(&mut self.read_buffer)? {
            None => return Ok(Came::Nothing),
            Some(0) => return Ok(Came::End),
            Some(length) => self.frames.extend(&self.read_buffer[..length]),
        }
        self.heard = None;
        Ok(Came::Bytes)
    }

    /// Takes what was read, to be given back when all whole frames of it are taken.
    pub fn take_frames(&mut self) -> FrameBuffer {
        std::mem::replace(&mut self.frames, FrameBuffer::new(SERVER_LINE_BYTES_MAX))
    }

    /// Gives back what is left of what was read.
    pub fn give_back_frames(&mut self, frames: FrameBuffer) {
        self.frames = frames;
    }

    /// Whether nothing more will come, though the socket may not tell.
    pub fn has_ended(&self) -> bool {
        self.connection.as_ref().is_some_and(Connection::has_ended)
    }

    /// Queues lines, and writes what the kernel takes of all that waits. Without a connection the
    /// lines are for nobody.
    ///
    /// # Errors
    /// Those of the socket; the connection may still hold the server's last word.
    pub fn write(&mut self, lines: &[Outgoing]) -> io::Result<()> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        lines.iter().for_each(|line| connection.send(line));
        connection.flush()
    }

    /// Where the next chunk of a file goes; none while enough waits, and without a connection.
    pub fn chunk_output(&mut self) -> Option<&mut Vec<u8>> {
        self.connection.as_mut()?.chunk_output()
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// The connection and what to wait for there: room to write too where something `is_to_come`.
    pub fn source(&self, is_to_come: bool) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let connection = self.connection.as_ref()?;
        let interest = match connection.has_output() || is_to_come {
            true => PollFlags::IN | PollFlags::OUT,
            false => PollFlags::IN,
        };
        Some((connection.as_fd(), interest))
    }

    /// Readable when [`Link::take_found`] has something.
    pub fn search_source(&self) -> BorrowedFd<'_> {
        self.connecting.as_fd()
    }
}
