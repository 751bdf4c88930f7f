//! The socket to the server: connected, read and written without ever blocking on it.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chatsrv::protocol::native::CHUNK_BYTES_MAX;
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::tls_client::{TlsConnector, TlsError, TlsStream};
use socket2::{SockRef, TcpKeepalive};
use zeroize::Zeroize;

/// How long one address may take to accept the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the handshake may take after that, where the connection is to be encrypted.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// After how long without a word the kernel asks whether the server is still there, how often it
/// asks, and for how long what was sent may stay unanswered. A server whose machine has vanished is
/// noticed in a minute.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(20);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(50);

/// How many bytes the kernel takes ahead of what it can send at once.
const UNSENT_BYTES_MAX: u32 = 128 * 1024;

/// What one read takes at most, in bytes: several chunks of a file.
pub const READ_BYTES: usize = 256 * 1024;

/// Where the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// On a host.
    Host {
        /// A name or an address.
        host: String,
        /// The TCP port.
        port: u16,
    },
    /// On this machine, behind its own Unix-domain socket.
    Socket(PathBuf),
}

impl Server {
    /// Whether it is the server's own socket, where the operator comes in.
    pub fn is_socket(&self) -> bool {
        matches!(self, Server::Socket(_))
    }

    /// The host's name or address; none of the server's own socket.
    pub fn host(&self) -> &str {
        match self {
            Server::Host { host, .. } => host,
            Server::Socket(_) => "",
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Server::Host { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Server::Host { host, port } => write!(f, "{host}:{port}"),
            Server::Socket(path) => path.display().fmt(f),
        }
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub enum ConnectError {
    /// The host's name can't be resolved.
    NoHost(io::Error),
    /// Nobody takes connections there.
    NoServer(io::Error),
    /// Somebody does, but not as is fit for what is to be said there.
    Tls(TlsError),
}

/// A socket of one of the kinds.
#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    Tls(TlsStream),
    Unix(UnixStream),
}

/// A connection and what waits to be written to it.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    output: Vec<u8>,
    /// How many bytes of `output` are written.
    written: usize,
}

impl Connection {
    /// Connects to the first of the host's addresses that answers, and with `tls` does the
    /// handshake there.
    ///
    /// # Errors
    /// [`ConnectError`], with the reason of the last address tried.
    pub fn open(server: &Server, tls: Option<&TlsConnector>) -> Result<Self, ConnectError> {
        let (host, port) = match server {
            Server::Host { host, port } => (host.as_str(), *port),
            Server::Socket(path) => {
                return Connection::open_socket(path).map_err(ConnectError::NoServer);
            }
        };
        let addresses = (host, port).to_socket_addrs().map_err(ConnectError::NoHost)?;
        let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
        for address in addresses {
            match open_address(&address) {
                Ok(socket) => return Connection::from_socket(socket, tls),
                Err(error) => last = error,
            }
        }
        Err(ConnectError::NoServer(last))
    }

    fn open_socket(path: &Path) -> io::Result<Self> {
        let socket = UnixStream::connect(path)?;
        socket.set_nonblocking(true)?;
        Ok(Connection::new(Socket::Unix(socket)))
    }

    fn from_socket(socket: TcpStream, tls: Option<&TlsConnector>) -> Result<Self, ConnectError> {
        let Some(tls) = tls else {
            return Ok(Connection::new(Socket::Tcp(socket)));
        };
        let stream = tls.connect(socket, Instant::now() + HANDSHAKE_TIMEOUT);
        stream.map(Socket::Tls).map(Connection::new).map_err(ConnectError::Tls)
    }

    fn new(socket: Socket) -> Self {
        Connection { socket, output: Vec::new(), written: 0 }
    }

    /// Which version of TLS encrypts it; none where it is not encrypted.
    pub fn tls_version(&self) -> Option<&'static str> {
        match &self.socket {
            Socket::Tls(stream) => Some(stream.version()),
            Socket::Tcp(_) | Socket::Unix(_) => None,
        }
    }

    /// Queues a line; [`flush`](Self::flush) writes it.
    pub fn send(&mut self, line: &Outgoing) {
        self.output.extend_from_slice(line.as_bytes());
    }

    /// Whether bytes wait to be written.
    pub fn has_output(&self) -> bool {
        self.has_plain_output() || matches!(&self.socket, Socket::Tls(tls) if tls.wants_write())
    }

    fn has_plain_output(&self) -> bool {
        self.written < self.output.len()
    }

    /// Whether nothing more will come, though the socket may not tell.
    pub fn has_ended(&self) -> bool {
        matches!(&self.socket, Socket::Tls(stream) if stream.has_ended())
    }

    /// Where the next chunk of a file goes; none while enough waits to be written.
    pub fn chunk_output(&mut self) -> Option<&mut Vec<u8>> {
        let waits = self.output.len() - self.written;
        (waits < CHUNK_BYTES_MAX).then_some(&mut self.output)
    }

    /// Writes as much as the kernel takes.
    ///
    /// # Errors
    /// Those of the socket; the connection is over then.
    pub fn flush(&mut self) -> io::Result<()> {
        while self.has_output() {
            let written = match self.has_plain_output() {
                true => self.socket.write(&self.output[self.written..]),
                false => self.socket.flush().map(|()| 0),
            };
            match written {
                Ok(written) => self.written += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.has_plain_output() {
            self.output.drain(..self.written);
        } else {
            // It may have held a password.
            self.output.zeroize();
        }
        self.written = 0;
        Ok(())
    }

    /// Reads once: `None` where nothing is there yet, 0 where the server has closed.
    ///
    /// # Errors
    /// Those of the socket; the connection is over then.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match self.socket.read(buffer) {
            Ok(length) => Ok(Some(length)),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

fn open_address(address: &SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpStream::connect_timeout(address, CONNECT_TIMEOUT)?;
    set_up(&socket)?;
    Ok(socket)
}

/// Makes a connected socket one that never blocks and notices when its other side has vanished.
///
/// # Errors
/// Those of the socket, and [`ErrorKind::ConnectionRefused`] where it is connected to itself.
pub fn set_up(socket: &TcpStream) -> io::Result<()> {
    // Where nobody listens on a local port, the kernel may give that very port to the one who
    // connects to it, and connects him to himself.
    if socket.local_addr()? == socket.peer_addr()? {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY);
    SockRef::from(socket).set_tcp_keepalive(&keepalive.with_retries(3))?;
    SockRef::from(socket).set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX))?;
    // A word waits behind no more than this of a file.
    SockRef::from(socket).set_tcp_notsent_lowat(UNSENT_BYTES_MAX)?;
    socket.set_nonblocking(true)
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Tcp(socket) => socket.as_fd(),
            Socket::Tls(stream) => stream.as_fd(),
            Socket::Unix(socket) => socket.as_fd(),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(socket) => socket.read(buffer),
            Socket::Tls(stream) => stream.read(buffer),
            Socket::Unix(socket) => socket.read(buffer),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(socket) => socket.write(bytes),
            Socket::Tls(stream) => stream.write(bytes),
            Socket::Unix(socket) => socket.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Socket::Tls(stream) => stream.flush(),
            Socket::Tcp(_) | Socket::Unix(_) => Ok(()),
        }
    }
}
