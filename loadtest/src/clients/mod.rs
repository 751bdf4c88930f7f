//! The simulated clients and their event loop: one level-triggered poller, and one read buffer for
//! all sockets.
//!
//! [`Clients::turn`] waits once and passes the events to a [`Listener`]. The output of a client is
//! appended to it, and written with [`Clients::flush`].

mod channel;
mod client;
mod heard;
mod http;
mod irc;
mod mqtt;
mod native;
mod nats;
mod recent;
mod resp;
mod session;
mod socket;

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use chatsrv::tls_client::TlsConnector;
use polling::{Event, Events, PollMode, Poller};
use signal_hook::consts::{SIGINT, SIGTERM};
use socket2::{Domain, Type};

pub use channel::Role;
pub use client::Client;
pub use heard::Heard;
pub use recent::PLACES;
pub use session::Protocol;

use recent::RecentLines;
use socket::Socket;

use crate::clock::Clock;
use crate::limits::{CLIENTS_PER_ADDRESS, EVENTS_MAX, READ_BYTES_MAX};

/// The key of the signal pipe in the poller; clients have their numbers.
const SIGNAL_KEY: usize = usize::MAX - 1;

/// The receiver of the clients' events.
pub trait Listener {
    /// Handles an event of a client, which was read from its socket at `now_nanos`.
    fn heard(&mut self, client: &mut Client, heard: Heard<'_>, now_nanos: u64);

    /// Handles the end of a client's connection.
    fn gone(&mut self, client: &Client, reason: &str);
}

/// All clients, with their poller and buffers.
#[derive(Debug)]
pub struct Clients {
    server: SocketAddr,
    protocol: Protocol,
    /// The receive buffer of clients that connect, in bytes; `None` for the kernel's default.
    receive_bytes: Option<usize>,
    tls: Option<TlsConnector>,
    poller: Poller,
    events: Events,
    clients: Vec<Client>,
    reader: Reader,
    signals: UnixStream,
    interrupted: bool,
}

/// The state for reading, which all clients share.
#[derive(Debug)]
struct Reader {
    clock: Clock,
    buffer: Box<[u8]>,
    recent: RecentLines,
}

impl Clients {
    /// Creates the loop without a client. From now on SIGINT and SIGTERM set
    /// [`Clients::interrupted`].
    ///
    /// # Errors
    /// If the poller or the signal handlers can't be set up.
    pub fn new(server: SocketAddr, protocol: Protocol, clock: Clock) -> io::Result<Self> {
        let poller = Poller::new()?;
        let (signals, writer) = UnixStream::pair()?;
        signals.set_nonblocking(true)?;
        for signal in [SIGINT, SIGTERM] {
            signal_hook::low_level::pipe::register(signal, writer.try_clone()?)?;
        }
        // SAFETY: the pipe is owned by the same value as the poller, and both are dropped together;
        // nothing is polled in between.
        unsafe { poller.add_with_mode(&signals, Event::readable(SIGNAL_KEY), PollMode::Level)? };
        let capacity = NonZeroUsize::new(EVENTS_MAX).unwrap_or(NonZeroUsize::MIN);
        Ok(Clients {
            server,
            protocol,
            receive_bytes: None,
            tls: None,
            poller,
            events: Events::with_capacity(capacity),
            clients: Vec::new(),
            reader: Reader {
                clock,
                buffer: vec![0; READ_BYTES_MAX].into_boxed_slice(),
                recent: RecentLines::new(),
            },
            signals,
            interrupted: false,
        })
    }

    /// Returns true if a signal has requested the end of the run.
    pub fn interrupted(&self) -> bool {
        self.interrupted
    }

    /// The number of clients, connected or not.
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Client `number`, from 0.
    pub fn client(&mut self, number: usize) -> &mut Client {
        &mut self.clients[number]
    }

    /// Starts to connect one more client, which gets the next number.
    ///
    /// # Errors
    /// If no socket can be created, or the connection fails at once.
    pub fn connect(&mut self) -> io::Result<&mut Client> {
        let number = self.clients.len();
        let client = self.begin(number)?;
        self.clients.push(client);
        Ok(&mut self.clients[number])
    }

    /// Starts to connect client `number` again, whose connection has ended.
    ///
    /// # Errors
    /// As [`Clients::connect`].
    pub fn connect_again(&mut self, number: usize) -> io::Result<()> {
        self.clients[number] = self.begin(number)?;
        Ok(())
    }

    fn begin(&self, number: usize) -> io::Result<Client> {
        let socket = start_connecting(self.server, number, self.receive_bytes)?;
        let socket = match &self.tls {
            Some(tls) => Socket::Tls(tls.begin(socket)?),
            None => Socket::Plain(socket),
        };
        // SAFETY: `end` removes the socket from the poller before it is dropped, and at the end of
        // the run poller and sockets are dropped together.
        unsafe { self.poller.add_with_mode(&socket, Event::all(number), PollMode::Level)? };
        Ok(Client::new(number, self.protocol, socket))
    }

    /// Sets the receive buffers of clients that connect from now on.
    pub fn limit_receive_buffers(&mut self, bytes: usize) {
        self.receive_bytes = Some(bytes);
    }

    /// Makes clients that connect from now on use TLS.
    pub fn encrypt(&mut self, tls: TlsConnector) {
        self.tls = Some(tls);
    }

    /// Stops watching client `number`: nothing is read any more, and the end of its connection is
    /// not noticed.
    pub fn stop_reading(&mut self, number: usize) {
        if let Some(socket) = &self.clients[number].socket {
            // This fails only if its connection has ended.
            let _ = self.poller.delete(socket);
        }
    }

    /// Closes all connections. Clients that connect from now on connect to `server`, and are
    /// numbered from 0 again.
    pub fn start_over(&mut self, server: SocketAddr) {
        for socket in self.clients.drain(..).filter_map(|mut client| client.socket.take()) {
            // Dropping the socket removes it too.
            let _ = self.poller.delete(&socket);
        }
        self.server = server;
    }

    /// Waits for events or the deadline, and passes the events to `listener`.
    ///
    /// # Errors
    /// If the poller fails. The failure of a connection is no error here, but an event.
    pub fn turn(&mut self, deadline: Instant, listener: &mut impl Listener) -> io::Result<()> {
        let Clients { reader, poller, events, clients, signals, interrupted, .. } = self;
        events.clear();
        poller.wait_deadline(events, deadline)?;
        for event in events.iter() {
            if event.key == SIGNAL_KEY {
                take_signals(signals);
                *interrupted = true;
                continue;
            }
            let client = &mut clients[event.key];
            if event.readable {
                reader.read(poller, client, listener);
            }
            flush(poller, client, listener);
        }
        Ok(())
    }

    /// Writes the output of client `number`, and watches for writability if something is left.
    pub fn flush(&mut self, number: usize, listener: &mut impl Listener) {
        flush(&self.poller, &mut self.clients[number], listener);
    }
}

impl Reader {
    fn read(&mut self, poller: &Poller, client: &mut Client, listener: &mut impl Listener) {
        let length = match client.read(&mut self.buffer) {
            Ok(Some(length)) => length,
            Ok(None) => return end(poller, client, None, listener),
            Err(error) if is_no_failure(&error) => return,
            Err(error) => return end(poller, client, Some(&error), listener),
        };
        let now_nanos = self.clock.now_nanos();
        let mut input = &self.buffer[..length];
        loop {
            let (used, heard) = client.session.hear(input, &mut self.recent, &mut client.outbox);
            input = &input[used..];
            let Some(heard) = heard else { break };
            if let Heard::Closing(line) | Heard::Refused(line) = heard {
                client.farewell = Some(line.into());
            }
            listener.heard(client, heard, now_nanos);
        }
        client.unfinished.extend_from_slice(input);
        if client.socket.as_ref().is_some_and(Socket::has_ended) {
            end(poller, client, None, listener);
        }
    }
}

/// Returns true if there is merely nothing to read: the poller may report a socket more than once.
fn is_no_failure(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, NotConnected, WouldBlock};
    matches!(error.kind(), WouldBlock | Interrupted | NotConnected)
}

fn flush(poller: &Poller, client: &mut Client, listener: &mut impl Listener) {
    let outcome = client.write().and_then(|()| watch(poller, client));
    if let Err(error) = outcome {
        end(poller, client, Some(&error), listener);
    }
}

fn take_signals(mut signals: &UnixStream) {
    let mut bytes = [0; 64];
    // The handler writes one byte for each signal. If this fails, the pipe is empty or broken, and
    // there was a signal in any case.
    let _ = signals.read(&mut bytes);
}

/// Watches for writability if and only if there is output.
fn watch(poller: &Poller, client: &mut Client) -> io::Result<()> {
    let wants_write = client.has_output();
    if wants_write == client.wants_write {
        return Ok(());
    }
    let Some(socket) = &client.socket else { return Ok(()) };
    let interest = Event::new(client.number(), true, wants_write);
    poller.modify_with_mode(socket, interest, PollMode::Level)?;
    client.wants_write = wants_write;
    Ok(())
}

fn end(
    poller: &Poller,
    client: &mut Client,
    error: Option<&io::Error>,
    listener: &mut impl Listener,
) {
    let Some(socket) = client.socket.take() else { return };
    // Dropping the socket removes it too; this fails only if it was never added.
    let _ = poller.delete(&socket);
    let reason = match (&client.farewell, error) {
        (Some(line), _) => format!("the server said: {}", line.escape_debug()),
        (None, Some(error)) => error.to_string(),
        (None, None) => "the server closed the connection".to_owned(),
    };
    listener.gone(client, &reason);
}

fn start_connecting(
    server: SocketAddr,
    number: usize,
    receive_bytes: Option<usize>,
) -> io::Result<TcpStream> {
    let domain = Domain::for_address(server);
    let socket = socket2::Socket::new(domain, Type::STREAM, Some(socket2::Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    if let Some(bytes) = receive_bytes {
        // It determines the window that is offered, so it is set before connecting.
        socket.set_recv_buffer_size(bytes)?;
    }
    if let Some(address) = source_address(server, number) {
        socket.bind(&SocketAddr::new(address, 0).into())?;
    }
    match socket.connect(&server.into()) {
        Ok(()) => {}
        Err(error)
            if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
        Err(error) => return Err(error),
    }
    Ok(socket.into())
}

/// The source address of client `number`: one of many on the loopback network of IPv4, since each
/// has ephemeral ports for only some 28,000 connections. Elsewhere the kernel chooses.
fn source_address(server: SocketAddr, number: usize) -> Option<IpAddr> {
    if !matches!(server.ip(), IpAddr::V4(address) if address.is_loopback()) {
        return None;
    }
    let host = u32::try_from(number / CLIENTS_PER_ADDRESS).ok()?;
    Some(Ipv4Addr::from_bits(Ipv4Addr::new(127, 0, 1, 1).to_bits() + host).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_spread_over_loopback_addresses() {
        let local: SocketAddr = "127.0.0.1:9000".parse().unwrap();
        let of = |number| source_address(local, number).unwrap().to_string();
        assert_eq!(of(0), "127.0.1.1");
        assert_eq!(of(CLIENTS_PER_ADDRESS - 1), "127.0.1.1");
        assert_eq!(of(CLIENTS_PER_ADDRESS), "127.0.1.2");
        assert_eq!(of(19_999), "127.0.1.40");
        assert_eq!(source_address("192.0.2.1:9000".parse().unwrap(), 0), None);
        assert_eq!(source_address("[::1]:9000".parse().unwrap(), 0), None);
    }
}
