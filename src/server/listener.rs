//! Listening sockets: TCP, TLS over TCP, and the operator's Unix-domain socket.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::net::{SocketAddrAny, SocketFlags};
use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};

use super::peer::Peer;

use crate::limits::{
    FREE_PORT_ATTEMPTS, KERNEL_UNSENT_BYTES_MAX, LISTEN_BACKLOG, UNACKNOWLEDGED_TIME_MAX,
};

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    /// The address or path that it listens on.
    pub endpoint: Endpoint,
    /// The socket file to remove when it is closed, if this process created it.
    path: Option<SocketPath>,
    /// Whether the poll watches it.
    pub is_watched: bool,
}

/// The address or path of a listener, which also says who connects there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A TCP address, for clients.
    Tcp(SocketAddr),
    /// A TCP address, for clients that speak TLS.
    Tls(SocketAddr),
    /// A TCP address, for browsers.
    Http(SocketAddr),
    /// A TCP address, for browsers that speak TLS.
    Https(SocketAddr),
    /// A Unix-domain socket, for the operator.
    Unix(PathBuf),
}

impl Endpoint {
    /// The TCP port.
    pub fn port(&self) -> Option<u16> {
        match self {
            Endpoint::Tcp(address)
            | Endpoint::Tls(address)
            | Endpoint::Http(address)
            | Endpoint::Https(address) => Some(address.port()),
            Endpoint::Unix(_) => None,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endpoint::Tcp(address) => address.fmt(f),
            Endpoint::Tls(address) => write!(f, "{address} (TLS)"),
            Endpoint::Http(address) => write!(f, "{address} (HTTP)"),
            Endpoint::Https(address) => write!(f, "{address} (HTTPS)"),
            Endpoint::Unix(path) => path.display().fmt(f),
        }
    }
}

/// The result of one attempt to accept a connection.
#[derive(Debug)]
pub enum Accepted {
    /// A connection, with `O_NONBLOCK` set, and its peer.
    Connection(OwnedFd, Peer),
    /// No more connections wait.
    None,
    /// A connection was aborted before it was accepted.
    Gone,
    /// A connection of a process that may not administer the server. It was closed.
    Forbidden(Peer),
    /// No descriptor or memory is left, for the process or for the system.
    Exhausted(io::Error),
}

impl Listener {
    /// Listens on each of `addresses`, or on all addresses of the host if there are none. With port
    /// 0, all share the free port that the first one got.
    ///
    /// # Errors
    /// The address on which it can't listen, and why.
    pub fn open_all(
        addresses: &[IpAddr],
        port: u16,
    ) -> Result<Vec<Listener>, (SocketAddr, io::Error)> {
        let everywhere = [IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::UNSPECIFIED)];
        match addresses.is_empty() {
            true => Listener::open_some(&everywhere, port, true),
            false => Listener::open_some(addresses, port, false),
        }
    }

    /// The same, but only for this machine: on those of the addresses that are of loopback, or in
    /// the place of one that stands for all, on its loopback address. There may be none.
    ///
    /// # Errors
    /// See [`Listener::open_all`].
    pub fn open_loopback(
        addresses: &[IpAddr],
        port: u16,
    ) -> Result<Vec<Listener>, (SocketAddr, io::Error)> {
        let both = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];
        match addresses.is_empty() {
            true => Listener::open_some(&both, port, true),
            false => Listener::open_some(&loopback_of(addresses), port, false),
        }
    }

    /// Listens on each of the addresses. `may_lack_ipv6` says whether those of IPv6 are left out on
    /// a host without it.
    fn open_some(
        addresses: &[IpAddr],
        port: u16,
        may_lack_ipv6: bool,
    ) -> Result<Vec<Listener>, (SocketAddr, io::Error)> {
        let mut attempt = 1;
        loop {
            match Listener::open_each(addresses, port, may_lack_ipv6) {
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
        may_lack_ipv6: bool,
    ) -> Result<Vec<Listener>, (SocketAddr, io::Error)> {
        let mut listeners: Vec<Listener> = Vec::new();
        for address in addresses {
            let port = listeners.first().and_then(Listener::port).unwrap_or(port);
            let address = SocketAddr::new(*address, port);
            match Listener::open(address) {
                Ok(listener) => listeners.push(listener),
                // A host without IPv6 is served over IPv4.
                Err(error) if may_lack_ipv6 && address.is_ipv6() && lacks_family(&error) => {
                    log::info!("event=no-ipv6 error={error}");
                }
                Err(error) => return Err((address, error)),
            }
        }
        Ok(listeners)
    }

    /// Listens on one TCP address.
    ///
    /// # Errors
    /// If the kernel refuses, for example because the port is taken.
    pub fn open(address: SocketAddr) -> io::Result<Listener> {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM.nonblocking(),
            Some(Protocol::TCP),
        )?;
        if address.is_ipv6() {
            // IPv4 has its own socket, so that its peers do not show up as IPv4-mapped IPv6
            // addresses.
            socket.set_only_v6(true)?;
        }
        socket.set_reuse_address(true)?;
        set_tcp_options(&socket)?;
        socket.bind(&address.into())?;
        socket.listen(LISTEN_BACKLOG)?;
        let address = socket.local_addr()?.as_socket().unwrap_or(address);
        Ok(Listener::new(socket, Endpoint::Tcp(address)))
    }

    /// Listens on a Unix-domain socket to which only its owner can connect. A stale socket file
    /// that an earlier server left behind is replaced.
    ///
    /// # Errors
    /// If the path can't be used, or another server listens there.
    pub fn open_unix(path: &Path) -> io::Result<Listener> {
        remove_stale(path)?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
        // unix(7): the file gets the mode of the socket, so there is no moment at which it is open
        // to others.
        rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
        socket.bind(&SockAddr::unix(path)?)?;
        socket.listen(LISTEN_BACKLOG)?;
        let own = Some(SocketPath(path.to_owned()));
        Ok(Listener { path: own, ..Listener::new(socket, Endpoint::Unix(path.to_owned())) })
    }

    /// Adopts a listening socket that another process opened, and keeps open.
    ///
    /// # Errors
    /// If it is not a listening stream socket with a TCP address or a path.
    pub fn adopt(socket: OwnedFd) -> io::Result<Listener> {
        let socket = Socket::from(socket);
        if !socket.is_listener()? || socket.r#type()? != Type::STREAM {
            return Err(io::Error::other("it is no socket that listens for streams"));
        }
        let address = socket.local_addr()?;
        let endpoint = match (address.as_socket(), address.as_pathname()) {
            (Some(address), _) => Endpoint::Tcp(address),
            (None, Some(path)) => Endpoint::Unix(path.to_owned()),
            (None, None) => return Err(io::Error::other("it has neither a port nor a path")),
        };
        socket.set_nonblocking(true)?;
        socket.set_cloexec(true)?;
        if let Endpoint::Tcp(_) = endpoint {
            set_tcp_options(&socket)?;
        }
        Ok(Listener::new(socket, endpoint))
    }

    fn new(socket: Socket, endpoint: Endpoint) -> Self {
        Listener { socket, endpoint, path: None, is_watched: false }
    }

    /// Turns a TCP listener into one for TLS.
    pub fn for_tls(mut self) -> Self {
        if let Endpoint::Tcp(address) = self.endpoint {
            self.endpoint = Endpoint::Tls(address);
        }
        self
    }

    /// Turns a TCP listener into one for browsers.
    pub fn for_http(mut self) -> Self {
        if let Endpoint::Tcp(address) = self.endpoint {
            self.endpoint = Endpoint::Http(address);
        }
        self
    }

    /// Turns a TCP listener into one for browsers that speak TLS.
    pub fn for_https(mut self) -> Self {
        if let Endpoint::Tcp(address) = self.endpoint {
            self.endpoint = Endpoint::Https(address);
        }
        self
    }

    /// Closes the socket. The socket file, if it has its own, is removed when the returned value is
    /// dropped.
    pub fn into_path(self) -> Option<SocketPath> {
        self.path
    }

    /// The TCP port.
    fn port(&self) -> Option<u16> {
        self.endpoint.port()
    }

    /// The socket.
    pub fn socket(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Accepts a connection, if one waits.
    pub fn accept(&self) -> Accepted {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        match rustix::net::acceptfrom_with(&self.socket, flags) {
            Ok((socket, from)) => match self.peer(&socket, from) {
                Some(peer) if !self.admits(peer) => Accepted::Forbidden(peer),
                Some(peer) => Accepted::Connection(socket, peer),
                None => Accepted::Gone,
            },
            Err(Errno::AGAIN) => Accepted::None,
            Err(error @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS)) => {
                Accepted::Exhausted(error.into())
            }
            // accept(2): ECONNABORTED and network errors concern that connection alone.
            Err(_) => Accepted::Gone,
        }
    }
}

impl Listener {
    /// The peer of a connection; `None` if it is gone by now.
    fn peer(&self, socket: &OwnedFd, from: Option<SocketAddrAny>) -> Option<Peer> {
        if !matches!(self.endpoint, Endpoint::Unix(_)) {
            let from = SocketAddr::try_from(from?).ok()?;
            // An adopted socket may take IPv4 and IPv6 both.
            return Some(Peer::Host(SocketAddr::new(from.ip().to_canonical(), from.port())));
        }
        let credentials = rustix::net::sockopt::socket_peercred(socket).ok()?;
        let (pid, uid) = (credentials.pid.as_raw_nonzero().get(), credentials.uid);
        Some(Peer::Process { pid, uid: uid.as_raw() })
    }

    /// Returns true if the peer may connect: any host, and processes of root and of the server's
    /// own user.
    fn admits(&self, peer: Peer) -> bool {
        match peer {
            Peer::Host(_) => true,
            Peer::Process { uid, .. } => uid == 0 || uid == rustix::process::getuid().as_raw(),
        }
    }
}

/// The file of a Unix-domain socket, removed when this is dropped.
#[derive(Debug)]
pub struct SocketPath(PathBuf);

impl Drop for SocketPath {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            log::warn!("event=socket-left path={} error={error}", self.0.display());
        }
    }
}

/// Sets the TCP options. Accepted sockets inherit all of them, which saves as many system calls for
/// each.
fn set_tcp_options(socket: &Socket) -> io::Result<()> {
    // Urgent data is read in line: otherwise the poll would report it, and a read would skip it.
    socket.set_out_of_band_inline(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(UNACKNOWLEDGED_TIME_MAX))?;
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_TIME_MAX))?;
    socket.set_tcp_notsent_lowat(KERNEL_UNSENT_BYTES_MAX)
}

/// Removes a stale socket file that an earlier server left behind.
fn remove_stale(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(file) if file.file_type().is_socket() => match is_bound(path)? {
            true => Err(io::ErrorKind::AddrInUse.into()),
            false => std::fs::remove_file(path),
        },
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Returns true if a process has the socket at a path open. The probe connects a datagram socket,
/// which a stream listener rejects with EPROTOTYPE (unix(7)): a stream connection would be taken
/// for a newer operator, which ends the session of the present one.
fn is_bound(path: &Path) -> io::Result<bool> {
    match UnixDatagram::unbound()?.connect(path) {
        Ok(()) => Ok(true),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::PROTOTYPE) => Ok(true),
            Some(Errno::CONNREFUSED) => Ok(false),
            _ => Err(error),
        },
    }
}

/// The addresses of loopback among some, each once; in the place of one that stands for all, that
/// of its family.
fn loopback_of(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut loopback: Vec<IpAddr> = Vec::new();
    for address in addresses {
        let address = match address {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            other => *other,
        };
        if address.is_loopback() && !loopback.contains(&address) {
            loopback.push(address);
        }
    }
    loopback
}

/// Returns true if an address is used by somebody else.
pub fn is_taken(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::ADDRINUSE)
}

fn lacks_family(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn all_addresses_share_the_free_port() {
        let addresses = ["127.0.0.1".parse().unwrap(), "127.0.0.2".parse().unwrap()];
        let listeners = Listener::open_all(&addresses, 0).unwrap();
        assert_eq!(listeners.len(), 2);
        assert_ne!(listeners[0].port(), Some(0));
        assert_eq!(listeners[0].port(), listeners[1].port());
    }

    #[test]
    fn on_loopback_no_other_address_is_opened() {
        let loopback = |texts: &[&str]| {
            let addresses: Vec<IpAddr> = texts.iter().map(|text| text.parse().unwrap()).collect();
            let all = loopback_of(&addresses);
            all.iter().map(IpAddr::to_string).collect::<Vec<_>>()
        };
        assert_eq!(loopback(&["0.0.0.0", "::"]), ["127.0.0.1", "::1"]);
        assert_eq!(loopback(&["192.0.2.1", "127.0.0.2", "2001:db8::1"]), ["127.0.0.2"]);
        assert_eq!(loopback(&["127.0.0.1", "0.0.0.0"]), ["127.0.0.1"]);
        assert!(loopback(&["192.0.2.1"]).is_empty());
        let opened = Listener::open_loopback(&[], 0).unwrap();
        assert!(!opened.is_empty());
        for listener in opened {
            let Endpoint::Tcp(address) = listener.endpoint else { panic!("{listener:?}") };
            assert!(address.ip().is_loopback(), "{address}");
        }
    }

    #[test]
    fn a_port_that_was_asked_for_and_is_taken_is_an_error() {
        let addresses = ["127.0.0.1".parse().unwrap()];
        let taken = Listener::open_all(&addresses, 0).unwrap();
        let port = taken[0].port().unwrap();
        let (address, error) = Listener::open_all(&addresses, port).unwrap_err();
        assert_eq!(Endpoint::Tcp(address), taken[0].endpoint);
        assert!(is_taken(&error));
    }

    #[test]
    fn an_adopted_socket_has_the_same_options_and_outlives_its_listener() {
        let own = Listener::open("127.0.0.1:0".parse().unwrap()).unwrap();
        // A socket that takes IPv4 and IPv6, if the host has both.
        let both = std::net::TcpListener::bind("[::]:0");
        let other = both.or_else(|_| std::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = other.local_addr().unwrap().port();
        let adopted = Listener::adopt(other.try_clone().unwrap().into()).unwrap();
        assert!(matches!(adopted.accept(), Accepted::None), "it does not block");
        for listener in [&own, &adopted] {
            let port = listener.port().unwrap();
            let _client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
            let Accepted::Connection(socket, peer) = listener.accept() else { panic!("nobody") };
            let Peer::Host(address) = peer else { panic!("{peer}") };
            assert!(address.is_ipv4(), "{address}");
            let socket = Socket::from(socket);
            assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
            assert!(socket.nonblocking().unwrap() && socket.out_of_band_inline().unwrap());
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(UNACKNOWLEDGED_TIME_MAX));
            assert_eq!(socket.tcp_notsent_lowat().unwrap(), KERNEL_UNSENT_BYTES_MAX);
        }
        drop(adopted);
        std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    }

    #[test]
    fn an_adopted_path_stays_when_its_listener_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let other = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let adopted = Listener::adopt(other.into()).unwrap();
        assert_eq!(adopted.endpoint, Endpoint::Unix(path.clone()));
        drop(adopted);
        assert!(path.exists());
    }

    #[test]
    fn the_operators_socket_is_its_owners_alone_and_goes_with_the_listener() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let listener = Listener::open_unix(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let second = Listener::open_unix(&path).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
        assert!(matches!(listener.accept(), Accepted::None), "the attempt is no connection");
        let _client = UnixStream::connect(&path).unwrap();
        let Accepted::Connection(_, peer) = listener.accept() else { panic!("nobody connected") };
        assert!(peer.is_operator());
        drop(listener);
        assert!(!path.exists());
    }

    #[test]
    fn a_socket_that_was_left_behind_is_replaced_and_a_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        drop(Listener::open_unix(&path).unwrap());
        std::fs::write(&path, "mine").unwrap();
        let error = Listener::open_unix(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}
