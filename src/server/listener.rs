//! The sockets that take connections.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::SocketFlags;
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use crate::limits::{
    FREE_PORT_ATTEMPTS, KERNEL_UNSENT_BYTES_MAX, LISTEN_BACKLOG, UNACKNOWLEDGED_TIME_MAX,
};

/// A socket that takes connections.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    /// What it listens on.
    pub address: SocketAddr,
    /// Whether the poll watches it.
    pub is_watched: bool,
}

/// What came of one attempt to take a connection.
#[derive(Debug)]
pub enum Accepted {
    /// A connection, not blocking, and its peer.
    Connection(OwnedFd, SocketAddr),
    /// No more wait.
    None,
    /// One was gone before it was taken.
    Gone,
    /// The process or the system can't have more of them now.
    Exhausted(io::Error),
}

impl Listener {
    /// Listens on each of `addresses`, or on every address of the host where there is none. With
    /// port 0, all take the port that the first was given.
    ///
    /// # Errors
    /// The address that can't be listened on, and why.
    pub fn open_all(
        addresses: &[IpAddr],
        port: u16,
    ) -> Result<Vec<Listener>, (SocketAddr, io::Error)> {
        let everywhere = [IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::UNSPECIFIED)];
        let is_everywhere = addresses.is_empty();
        let addresses = if is_everywhere { &everywhere } else { addresses };
        let mut attempt = 1;
        loop {
            match Listener::open_each(addresses, port, is_everywhere) {
                // A port that is free on the first address may be taken on the next.
                Err((_, error))
                    if port == 0 && is_taken(&error) && attempt < FREE_PORT_ATTEMPTS =>
                {
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    fn open_each(
        addresses: &[IpAddr],
        port: u16,
        is_everywhere: bool,
    ) -> Result<Vec<Listener>, (SocketAddr, io::Error)> {
        let mut listeners: Vec<Listener> = Vec::new();
        for address in addresses {
            let port = listeners.first().map_or(port, |first| first.address.port());
            let address = SocketAddr::new(*address, port);
            match Listener::open(address) {
                Ok(listener) => listeners.push(listener),
                // A host without IPv6 is served over IPv4.
                Err(error) if is_everywhere && address.is_ipv6() && lacks_family(&error) => {
                    log::info!("event=no-ipv6 error={error}");
                }
                Err(error) => return Err((address, error)),
            }
        }
        Ok(listeners)
    }

    fn open(address: SocketAddr) -> io::Result<Listener> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM.nonblocking(),
            Some(Protocol::TCP),
        )?;
        if address.is_ipv6() {
            // Every address has a socket of its own, so that peers are seen as what they are.
            socket.set_only_v6(true)?;
        }
        socket.set_reuse_address(true)?;
        // Accepted sockets inherit all of these, which saves as many system calls for each.
        socket.set_tcp_nodelay(true)?;
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(UNACKNOWLEDGED_TIME_MAX))?;
        socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_TIME_MAX))?;
        socket.set_tcp_notsent_lowat(KERNEL_UNSENT_BYTES_MAX)?;
        socket.bind(&address.into())?;
        socket.listen(LISTEN_BACKLOG)?;
        let address = socket.local_addr()?.as_socket().unwrap_or(address);
        Ok(Listener { socket, address, is_watched: false })
    }

    /// The socket.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Takes a connection, where one waits.
    pub fn accept(&self) -> Accepted {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        match rustix::net::acceptfrom_with(&self.socket, flags) {
            Ok((socket, peer)) => match peer.and_then(|peer| SocketAddr::try_from(peer).ok()) {
                Some(peer) => Accepted::Connection(socket, peer),
                None => Accepted::Gone,
            },
            Err(Errno::AGAIN) => Accepted::None,
            Err(error @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS)) => {
                Accepted::Exhausted(error.into())
            }
            // accept(2): ECONNABORTED and the errors of the network are of that connection alone.
            Err(_) => Accepted::Gone,
        }
    }
}

fn is_taken(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::ADDRINUSE)
}

fn lacks_family(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_share_the_free_port() {
        let addresses = ["127.0.0.1".parse().unwrap(), "127.0.0.2".parse().unwrap()];
        let listeners = Listener::open_all(&addresses, 0).unwrap();
        assert_eq!(listeners.len(), 2);
        assert_ne!(listeners[0].address.port(), 0);
        assert_eq!(listeners[0].address.port(), listeners[1].address.port());
    }

    #[test]
    fn a_port_that_was_asked_for_and_is_taken_is_an_error() {
        let addresses = ["127.0.0.1".parse().unwrap()];
        let taken = Listener::open_all(&addresses, 0).unwrap();
        let (address, error) = Listener::open_all(&addresses, taken[0].address.port()).unwrap_err();
        assert_eq!(address, taken[0].address);
        assert!(is_taken(&error));
    }
}
