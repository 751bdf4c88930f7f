//! The link: the connection to the server, attempts to connect, and their timing.
//!
//! [`connection`] is the socket, [`login`] the state machine of the login, and [`backoff`] the wait
//! between attempts.

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

/// How long a login must last before the backoff begins anew.
const STEADY_AFTER: Duration = Duration::from_secs(10);

/// The connection to the server, or the attempt to make one.
pub struct Link {
    /// The address of the server.
    pub server: Server,
    tls: Option<TlsConnector>,
    connection: Option<Connection>,
    frames: FrameBuffer,
    read_buffer: Vec<u8>,
    /// The attempts to connect, on threads of their own.
    connecting: Jobs<Result<Connection, ConnectError>>,
    backoff: Backoff,
    /// How long to try to connect again after a connection was lost; `None` for ever.
    pub patience: Option<Duration>,
    lost_since: Option<Instant>,
    online_since: Option<Instant>,
    /// The time at which the server has taken too long.
    pub deadline: Option<Instant>,
    /// The start of the server's silence, while it is limited.
    heard: Option<Instant>,
    /// True if others on the way can read the connection and the user was not told yet; `None`
    /// once the user was.
    is_exposed: Option<bool>,
}

/// The result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// Nothing yet.
    Nothing,
    /// Bytes, which may complete frames.
    Bytes,
    /// The end of the input.
    End,
}

impl Link {
    /// Creates the link without a connection.
    ///
    /// # Errors
    /// If the process has no file descriptor left.
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
            is_exposed: Some(false),
        })
    }

    /// Begins to connect to the server, on a thread of its own.
    ///
    /// # Errors
    /// If no thread can be created.
    pub fn search(&mut self) -> io::Result<()> {
        let (server, tls) = (self.server.clone(), self.tls.clone());
        self.deadline = None;
        self.connecting.spawn(move || Connection::open(&server, tls.as_ref()))
    }

    /// Returns the results of the attempts that have finished.
    pub fn take_found(&mut self) -> Vec<Result<Connection, ConnectError>> {
        self.connecting.take()
    }

    /// Uses a new connection, whose greeting must come before the deadline.
    pub fn begin(&mut self, connection: Connection, deadline: Instant) {
        self.is_exposed = self.is_exposed.map(|_| connection.is_exposed());
        self.connection = Some(connection);
        self.frames = FrameBuffer::new(SERVER_LINE_BYTES_MAX);
        self.deadline = Some(deadline);
    }

    /// Returns true if others on the way can read the connection, but only the first time.
    pub fn take_exposure(&mut self) -> bool {
        self.is_exposed.take_if(|is_exposed| *is_exposed).is_some()
    }

    /// Closes the connection.
    pub fn close(&mut self) {
        self.connection = None;
    }

    /// The ending for an attempt to connect that failed.
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

    /// The ending for a greeting that did not come in time.
    pub fn no_greeting(&self) -> Ending {
        let hint = if self.tls.is_none() { "; if it speaks TLS, give --tls" } else { "" };
        Ending::NotChatsrv(safe!("no greeting came from {}{hint}", self.server))
    }

    /// Notes that the login is done: the time of [`time_left`](Self::time_left) begins anew with
    /// the next loss.
    pub fn established(&mut self) {
        self.online_since = Some(Instant::now());
        self.lost_since = None;
    }

    /// The time left to try to connect again, now that a connection is lost; `None` if it is used
    /// up.
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

    /// The wait before the next attempt.
    pub fn next_wait(&mut self) -> Duration {
        self.backoff.next_wait()
    }

    /// Begins to measure the server's silence anew.
    pub fn end_silence(&mut self) {
        self.heard = None;
    }

    /// Limits the server's silence by setting the deadline; `None` for no limit.
    pub fn limit_silence(&mut self, patience: Option<Duration>) {
        self.heard = patience.and(self.heard.or_else(|| Some(Instant::now())));
        self.deadline = self.heard.zip(patience).map(|(heard, patience)| heard + patience);
    }

    /// Reads once. The frames are in [`Link::take_frames`].
    ///
    /// # Errors
    /// Errors of the socket; the connection is over then.
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

    /// Takes the input buffer, to be given back when all complete frames were taken from it.
    pub fn take_frames(&mut self) -> FrameBuffer {
        std::mem::replace(&mut self.frames, FrameBuffer::new(SERVER_LINE_BYTES_MAX))
    }

    /// Gives the input buffer back.
    pub fn give_back_frames(&mut self, frames: FrameBuffer) {
        self.frames = frames;
    }

    /// Returns true if there is no more to read, which poll(2) may not show with TLS.
    pub fn has_ended(&self) -> bool {
        self.connection.as_ref().is_some_and(Connection::has_ended)
    }

    /// Appends lines to the output buffer, and writes as much as the socket takes. Without a
    /// connection the lines are dropped.
    ///
    /// # Errors
    /// Errors of the socket. There may still be input that says why the server closed the
    /// connection.
    pub fn write(&mut self, lines: &[Outgoing]) -> io::Result<()> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        lines.iter().for_each(|line| connection.send(line));
        connection.flush()
    }

    /// The output buffer, to append a chunk of a file to; `None` while it holds enough, and without
    /// a connection.
    pub fn chunk_output(&mut self) -> Option<&mut Vec<u8>> {
        self.connection.as_mut()?.chunk_output()
    }

    /// Returns true if there is a connection.
    pub fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// The descriptor of the connection and the events to poll for: writing too, if the output
    /// buffer is not empty or something `is_to_come`.
    pub fn source(&self, is_to_come: bool) -> Option<(BorrowedFd<'_>, PollFlags)> {
        let connection = self.connection.as_ref()?;
        let interest = match connection.has_output() || is_to_come {
            true => PollFlags::IN | PollFlags::OUT,
            false => PollFlags::IN,
        };
        Some((connection.as_fd(), interest))
    }

    /// A descriptor that is readable when [`Link::take_found`] has a result.
    pub fn search_source(&self) -> BorrowedFd<'_> {
        self.connecting.as_fd()
    }
}
