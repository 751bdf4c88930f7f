//! The listener for direct chats: the TCP port to which other clients connect.
//!
//! Anybody can connect to it and send anything. So no more than eight connections that are not
//! authenticated yet ([strangers](super::stranger)) are kept at a time, and no more than fifty are
//! accepted per second.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};

use super::chat::DirectChat;
use super::invitations::Invitations;
use super::stranger::{Admission, Stranger};
use crate::chat::name::UserName;

/// The smallest port that the server accepts for direct chats.
pub const PORT_MIN: u16 = 1024;
/// The largest number of strangers; a newer one replaces the oldest.
const STRANGERS_MAX: usize = 8;
/// The largest number of strangers from one network; see
/// [`Address::network`](crate::chat::address::Address::network).
const STRANGERS_PER_NETWORK_MAX: usize = 2;
/// The largest number of connections accepted within [`PACE_PERIOD`]; the others wait in the
/// kernel's queue, which has [`BACKLOG`] places.
const ACCEPTS_MAX: u32 = 50;
const PACE_PERIOD: Duration = Duration::from_secs(1);
const BACKLOG: i32 = 16;

/// A listening socket and the connections to it that are not authenticated yet.
#[derive(Debug)]
pub struct DirectListener {
    socket: TcpListener,
    port: u16,
    strangers: Vec<Stranger<TcpStream>>,
    /// The start of the period in which `accepted` counts.
    paced_since: Instant,
    accepted: u32,
}

impl DirectListener {
    /// Listens on `port` of all interfaces; 0 is any free port.
    ///
    /// # Errors
    /// If the port is in use, or not permitted.
    pub fn bind(port: u16, now: Instant) -> io::Result<Self> {
        // A machine without IPv6 listens on IPv4 alone.
        let socket = match bind_to((Ipv6Addr::UNSPECIFIED, port).into()) {
            Err(error) if error.kind() != ErrorKind::AddrInUse => {
                bind_to((Ipv4Addr::UNSPECIFIED, port).into())?
            }
            bound => bound?,
        };
        let port = socket.local_addr()?.port();
        Ok(DirectListener { socket, port, strangers: Vec::new(), paced_since: now, accepted: 0 })
    }

    /// The port on which it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The descriptors to poll for reading.
    pub fn sources(&self, now: Instant) -> impl Iterator<Item = BorrowedFd<'_>> {
        let listener = self.may_accept(now).then(|| self.socket.as_fd());
        // A stranger whose message is complete is not read any more.
        let strangers = self.strangers.iter().filter(|stranger| stranger.may_speak());
        listener.into_iter().chain(strangers.map(|stranger| stranger.input().as_fd()))
    }

    /// The time by which to call [`turn`](Self::turn) although nothing can be read.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let pace = (!self.may_accept(now)).then_some(self.paced_since + PACE_PERIOD);
        self.strangers.iter().map(Stranger::until).chain(pace).min()
    }

    /// Accepts connections and reads from them. Returns those whose call was announced, each with
    /// the chat that it begins for the user `own`.
    pub fn turn(
        &mut self,
        own: UserName,
        invitations: &mut Invitations,
        now: Instant,
    ) -> Vec<(TcpStream, DirectChat)> {
        self.accept(now);
        let mut placed = Vec::new();
        for mut stranger in std::mem::take(&mut self.strangers) {
            match stranger.turn(own, invitations, now) {
                Admission::Waits => self.strangers.push(stranger),
                Admission::Calls(chat) => placed.push((stranger.into_input(), *chat)),
                Admission::Goes => {}
            }
        }
        placed
    }

    fn may_accept(&self, now: Instant) -> bool {
        self.accepted < ACCEPTS_MAX || now >= self.paced_since + PACE_PERIOD
    }

    fn accept(&mut self, now: Instant) {
        if now >= self.paced_since + PACE_PERIOD {
            (self.paced_since, self.accepted) = (now, 0);
        }
        while self.accepted < ACCEPTS_MAX {
            match self.socket.accept() {
                Ok((socket, address)) => {
                    self.accepted += 1;
                    // A socket that can't be set up is closed.
                    if socket.set_nonblocking(true).is_ok() {
                        self.let_in(Stranger::new(socket, address.ip(), now));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if is_of_one_connection(&error) => self.accepted += 1,
                // No file descriptor or memory is left: try again when the period is over.
                Err(_) => self.accepted = ACCEPTS_MAX,
            }
        }
    }

    /// Keeps a stranger, in place of the oldest one if there are too many. The newest are
    /// preferred, since a call that was announced is recognized as soon as its message has arrived.
    fn let_in(&mut self, stranger: Stranger<TcpStream>) {
        let network = stranger.network();
        let is_near = |other: &Stranger<TcpStream>| other.network() == network;
        let goes = if self.strangers.iter().filter(|other| is_near(other)).count()
            == STRANGERS_PER_NETWORK_MAX
        {
            self.strangers.iter().position(is_near)
        } else {
            (self.strangers.len() == STRANGERS_MAX).then_some(0)
        };
        goes.map(|at| self.strangers.remove(at));
        self.strangers.push(stranger);
    }
}

fn bind_to(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // Connections of earlier chats on this port may still be in TIME-WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Returns true if only one connection failed, before it could be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use ErrorKind::{
        ConnectionAborted, ConnectionReset, HostUnreachable, Interrupted, NetworkDown,
        NetworkUnreachable, PermissionDenied, TimedOut,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | PermissionDenied
            | TimedOut
    )
}

#[cfg(test)]
mod tests;
