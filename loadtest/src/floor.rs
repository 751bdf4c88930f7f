//! The floor, a baseline for chat servers: a bare event loop that sends every broadcast to
//! everyone. It keeps no users, no messages and no queues, and speaks just enough of chatsrv's
//! protocol for loadtest to log in and to broadcast. Its cost is mostly the kernel's; whatever a
//! real server uses more is its own.

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use slab::Slab;
use socket2::{Domain, Socket, Type};

use crate::failure::Failure;
use crate::limits::{FLOOR_BACKLOG, READ_BYTES_MAX};
use crate::machine::raise_open_files;

/// The key of the listener in the poller; connections have their indices.
const LISTENER_KEY: u64 = u64::MAX;
/// The largest number of events handled in a wake-up.
const EVENTS_MAX: usize = 1024;
/// The id of the first message. It is as long as chatsrv's, so that the lines are too.
const FIRST_ID: u64 = 1_795_521_601_123_456;

/// The options of the subcommand floor.
#[derive(Clone, Debug, clap::Args)]
pub struct FloorOptions {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 9000, env = "LOADTEST_FLOOR_PORT")]
    pub port: u16,

    /// Write to each receiver once what one wake-up brought, in place of each message by itself
    #[arg(long, env = "LOADTEST_FLOOR_BATCH")]
    #[arg(value_parser = clap::builder::BoolishValueParser::new())]
    pub batch: bool,
}

/// Runs the server until a signal ends the process.
///
/// # Errors
/// [`Failure::Unavailable`] if it can't listen on the port, [`Failure::Internal`] if the system
/// refuses something that the loop needs.
pub fn serve(options: &FloorOptions) -> Result<Infallible, Failure> {
    raise_open_files(0)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let listener = listen(address)
        .map_err(|error| Failure::Unavailable(format!("cannot listen on {address}: {error}")))?;
    let taken = listener.local_addr().map_err(Failure::Internal)?;
    eprintln!("listening on {taken}");
    let mut floor = Floor::new(listener, options.batch).map_err(Failure::Internal)?;
    loop {
        floor.turn().map_err(Failure::Internal)?;
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(FLOOR_BACKLOG)?;
    Ok(socket.into())
}

struct Floor {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    listener: TcpListener,
    connections: Slab<Connection>,
    buffer: Box<[u8]>,
    line: Vec<u8>,
    is_batching: bool,
    batch: Batch,
    next_id: u64,
}

struct Connection {
    socket: TcpStream,
    /// The user's name; empty before USER.
    name: Box<str>,
    is_logged_in: bool,
    /// True if a message of it is in the batch.
    has_spoken: bool,
    /// The start of an incomplete line.
    unfinished: Vec<u8>,
}

/// The messages of one wake-up, if they are sent at its end.
#[derive(Default)]
struct Batch {
    /// The messages, concatenated.
    bytes: Vec<u8>,
    /// The sender of each message, and its range in `bytes`.
    lines: Vec<(usize, Range<usize>)>,
    /// The confirmations for the senders.
    confirmations: Vec<(usize, String)>,
}

impl Floor {
    fn new(listener: TcpListener, is_batching: bool) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER_KEY), EventFlags::IN)?;
        Ok(Floor {
            epoll,
            events: Vec::with_capacity(EVENTS_MAX),
            listener,
            connections: Slab::new(),
            buffer: vec![0; READ_BYTES_MAX].into_boxed_slice(),
            line: Vec::new(),
            is_batching,
            batch: Batch::default(),
            next_id: FIRST_ID,
        })
    }

    fn turn(&mut self) -> io::Result<()> {
        let mut events = std::mem::take(&mut self.events);
        match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in events.drain(..) {
            match event.data.u64() {
                LISTENER_KEY => self.accept()?,
                place => self.read(place as usize),
            }
        }
        self.events = events;
        self.send_batch();
        Ok(())
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut socket = match self.listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            // If the connection is closed already, the read will show it.
            let _ = socket.write(b"C 220 floor/1 1 ready\n");
            let entry = self.connections.vacant_entry();
            let key = EventData::new_u64(entry.key() as u64);
            epoll::add(&self.epoll, &socket, key, EventFlags::IN)?;
            entry.insert(Connection {
                socket,
                name: Box::default(),
                is_logged_in: false,
                has_spoken: false,
                unfinished: Vec::new(),
            });
        }
    }

    fn read(&mut self, place: usize) {
        let Some(connection) = self.connections.get_mut(place) else { return };
        let kept = connection.unfinished.len();
        self.buffer[..kept].copy_from_slice(&connection.unfinished);
        let count = match connection.socket.read(&mut self.buffer[kept..]) {
            Ok(0) => return self.close(place),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => return self.close(place),
        };
        connection.unfinished.clear();
        let buffer = std::mem::take(&mut self.buffer);
        let mut rest = &buffer[..kept + count];
        while let Some(end) = memchr::memchr(b'\n', rest) {
            self.take(place, &rest[..end]);
            rest = &rest[end + 1..];
        }
        if let Some(connection) = self.connections.get_mut(place) {
            connection.unfinished.extend_from_slice(rest);
        }
        self.buffer = buffer;
    }

    fn take(&mut self, place: usize, line: &[u8]) {
        let Some(connection) = self.connections.get_mut(place) else { return };
        let answer = if let Some(name) = line.strip_prefix(b"C USER ") {
            connection.name = String::from_utf8_lossy(name).into();
            format!("C 332 USER {} new here\n", connection.name)
        } else if line == b"C QUIET on" && connection.is_logged_in {
            "C 250 QUIET on\n".to_owned()
        } else if connection.is_logged_in
            && let Some(text) = line.strip_prefix(b"D * ")
        {
            return self.broadcast(place, text);
        } else if line.starts_with(b"D ") && !connection.name.is_empty() && !connection.is_logged_in
        {
            connection.is_logged_in = true;
            format!("C 150 UNREAD 0\nC 230 USER {} 10000 welcome\n", connection.name)
        } else {
            "C 500 - this is only a floor\n".to_owned()
        };
        self.send(place, answer.as_bytes());
    }

    fn broadcast(&mut self, sender: usize, text: &[u8]) {
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        let Some(from) = self.connections.get_mut(sender) else { return };
        // Writing to a Vec does not fail.
        let _ = write!(line, "D {} {} * ", self.next_id, from.name);
        line.extend_from_slice(text);
        line.push(b'\n');
        let count = self.connections.len() - 1;
        let confirmation = format!("C 250 MSG {} * {count} 0\n", self.next_id);
        self.next_id += 1;
        if self.is_batching {
            self.connections[sender].has_spoken = true;
            let start = self.batch.bytes.len();
            self.batch.bytes.extend_from_slice(&line);
            self.batch.lines.push((sender, start..self.batch.bytes.len()));
            self.batch.confirmations.push((sender, confirmation));
        } else {
            let receivers = self.connections.iter().filter(|(place, _)| *place != sender);
            let failed = receivers.filter(|(_, connection)| !connection.takes(&line));
            for place in failed.map(|(place, _)| place).collect::<Vec<_>>() {
                self.close(place);
            }
            self.send(sender, confirmation.as_bytes());
        }
        self.line = line;
    }

    fn send_batch(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if batch.lines.is_empty() {
            return;
        }
        let failed = self.connections.iter_mut().filter_map(|(place, connection)| {
            let is_sent = match std::mem::take(&mut connection.has_spoken) {
                false => connection.takes(&batch.bytes),
                true => connection.takes(&batch.without_own_of(place)),
            };
            (!is_sent).then_some(place)
        });
        for place in failed.collect::<Vec<_>>() {
            self.close(place);
        }
    }

    fn send(&mut self, place: usize, bytes: &[u8]) {
        if self.connections.get(place).is_some_and(|connection| !connection.takes(bytes)) {
            self.close(place);
        }
    }

    /// Drops a connection; closing the socket removes it from the poller.
    fn close(&mut self, place: usize) {
        self.connections.try_remove(place);
    }
}

impl Connection {
    /// Sends all bytes at once; returns false if the socket does not take them, since there are no
    /// queues.
    fn takes(&self, bytes: &[u8]) -> bool {
        (&self.socket).write(bytes).is_ok_and(|count| count == bytes.len())
    }
}

impl Batch {
    /// The output for a sender: the confirmations of its own messages, and the others' messages.
    fn without_own_of(&self, sender: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (_, confirmation) in self.confirmations.iter().filter(|(to, _)| *to == sender) {
            bytes.extend_from_slice(confirmation.as_bytes());
        }
        for (_, range) in self.lines.iter().filter(|(from, _)| *from != sender) {
            bytes.extend_from_slice(&self.bytes[range.clone()]);
        }
        bytes
    }
}
