//! The port on which others call.
//!
//! Anybody can connect to it and send anything. So of those who have come and are nobody yet, no
//! more than eight are kept at a time, and no more than fifty are looked at in a second. What one
//! of them may do is in [`stranger`](super::stranger).

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};

use super::chat::DirectChat;
use super::invitations::Invitations;
use super::stranger::{Admission, Stranger};
use crate::chat::name::UserName;

/// The smallest port on which the server lets anybody take calls.
pub const PORT_MIN: u16 = 1024;
/// How many strangers are kept; the oldest makes room for a newer one.
const STRANGERS_MAX: usize = 8;
/// How many of them may come from one network; see
/// [`Address::network`](crate::chat::address::Address::network).
const STRANGERS_PER_NETWORK_MAX: usize = 2;
/// How many are let in within [`PACE_PERIOD`]; the others wait in the kernel's queue, which is
/// short.
const ACCEPTS_MAX: u32 = 50;
const PACE_PERIOD: Duration = Duration::from_secs(1);
const BACKLOG: i32 = 16;

/// A listening socket and the strangers who have come to it.
#[derive(Debug)]
pub struct DirectListener {
    socket: TcpListener,
    port: u16,
    strangers: Vec<Stranger<TcpStream>>,
    /// Since when `accepted` counts.
    paced_since: Instant,
    accepted: u32,
}

impl DirectListener {
    /// Listens on `port` of all interfaces; 0 is any free one.
    ///
    /// # Errors
    /// Where the port is taken, or not allowed.
    pub fn bind(port: u16, now: Instant) -> io::Result<Self> {
        // Where there is no IPv6, IPv4 alone has to do.
        let socket = match bind_to((Ipv6Addr::UNSPECIFIED, port).into()) {
            Err(error) if error.kind() != ErrorKind::AddrInUse => {
                bind_to((Ipv4Addr::UNSPECIFIED, port).into())?
            }
            bound => bound?,
        };
        let port = socket.local_addr()?.port();
        Ok(DirectListener { socket, port, strangers: Vec::new(), paced_since: now, accepted: 0 })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What to wait on until it can be read.
    pub fn sources(&self, now: Instant) -> impl Iterator<Item = BorrowedFd<'_>> {
        let listener = self.may_accept(now).then(|| self.socket.as_fd());
        // One that has said all it may is not read any more.
        let strangers = self.strangers.iter().filter(|stranger| stranger.may_speak());
        listener.into_iter().chain(strangers.map(|stranger| stranger.input().as_fd()))
    }

    /// When to take a turn although nothing can be read.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let pace = (!self.may_accept(now)).then_some(self.paced_since + PACE_PERIOD);
        self.strangers.iter().map(Stranger::until).chain(pace).min()
    }

    /// Lets strangers in and reads them; returns those whose call was announced, as `own`'s chats.
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
                    // A socket that can't be set up is as good as gone.
                    if socket.set_nonblocking(true).is_ok() {
                        self.let_in(Stranger::new(socket, address.ip(), now));
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if is_of_one_connection(&error) => self.accepted += 1,
                // No file descriptor or memory is left: it is tried again when the period is over.
                Err(_) => self.accepted = ACCEPTS_MAX,
            }
        }
    }

    /// The newest have room: who is announced is known as soon as it has come.
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
    // The port may still hold the ends of earlier chats.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Whether it was one connection alone that failed before it could be accepted.
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
