//! The connection to the server: a non-blocking socket, with TLS or without, and its output buffer.

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

/// How long a connection attempt to one address may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// TCP keepalive: the idle time before the first probe, the time between probes, and how long data
/// may remain unacknowledged. The loss of the server's machine is noticed within a minute.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(20);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(50);

/// The largest amount of data in the kernel that was not sent yet, in bytes.
const UNSENT_BYTES_MAX: u32 = 128 * 1024;

/// The size of the read buffer, in bytes: several chunks of a file.
pub const READ_BYTES: usize = 256 * 1024;

/// The address of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// A TCP port of a host.
    Host {
        /// A name or an address.
        host: String,
        /// The TCP port.
        port: u16,
    },
    /// The operator's Unix-domain socket on this machine.
    Socket(PathBuf),
}

impl Server {
    /// Returns true if it is the server's Unix-domain socket, whose user is the operator.
    pub fn is_socket(&self) -> bool {
        matches!(self, Server::Socket(_))
    }

    /// The host's name or address; empty for a Unix-domain socket.
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

/// Why a connection could not be made.
#[derive(Debug)]
pub enum ConnectError {
    /// The host's name can't be resolved.
    NoHost(io::Error),
    /// No address accepted the connection; the error of the last one.
    NoServer(io::Error),
    /// The TLS handshake failed.
    Tls(TlsError),
}

/// A connected socket.
#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    Tls(TlsStream),
    Unix(UnixStream),
}

/// A connection to the server and its output buffer.
#[derive(Debug)]
pub struct Connection {
    socket: Socket,
    output: Vec<u8>,
    /// The number of bytes at the start of `output` that are written.
    written: usize,
}

impl Connection {
    /// Connects to the first of the host's addresses that accepts, and with `tls` does the
    /// handshake. It blocks.
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

    /// The version of TLS; `None` without TLS.
    pub fn tls_version(&self) -> Option<&'static str> {
        match &self.socket {
            Socket::Tls(stream) => Some(stream.version()),
            Socket::Tcp(_) | Socket::Unix(_) => None,
        }
    }

    /// Returns true if others on the way to the server can read what is sent: without TLS, and on
    /// the way to another machine.
    pub fn is_exposed(&self) -> bool {
        match &self.socket {
            Socket::Tcp(socket) => {
                socket.peer_addr().map_or(true, |peer| !peer.ip().to_canonical().is_loopback())
            }
            Socket::Tls(_) | Socket::Unix(_) => false,
        }
    }

    /// Appends a line to the output buffer; [`flush`](Self::flush) writes it.
    pub fn send(&mut self, line: &Outgoing) {
        self.output.extend_from_slice(line.as_bytes());
    }

    /// Returns true if there are bytes to write.
    pub fn has_output(&self) -> bool {
        self.has_plain_output() || matches!(&self.socket, Socket::Tls(tls) if tls.wants_write())
    }

    fn has_plain_output(&self) -> bool {
        self.written < self.output.len()
    }

    /// Returns true if there is no more to read, which poll(2) may not show with TLS.
    pub fn has_ended(&self) -> bool {
        matches!(&self.socket, Socket::Tls(stream) if stream.has_ended())
    }

    /// The output buffer, to append a chunk of a file to; `None` while it holds a chunk or more.
    pub fn chunk_output(&mut self) -> Option<&mut Vec<u8>> {
        let waits = self.output.len() - self.written;
        (waits < CHUNK_BYTES_MAX).then_some(&mut self.output)
    }

    /// Writes as much as the socket takes.
    ///
    /// # Errors
    /// Errors of the socket; the connection is over then.
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
            // It may have contained a password.
            self.output.zeroize();
        }
        self.written = 0;
        Ok(())
    }

    /// Reads once. Returns `None` if there is nothing to read yet, and 0 at the end of the input.
    ///
    /// # Errors
    /// Errors of the socket; the connection is over then.
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

/// Makes a connected socket non-blocking, and sets its keepalive and buffering options.
///
/// # Errors
/// Errors of the socket, and [`ErrorKind::ConnectionRefused`] if it is connected to itself.
pub fn set_up(socket: &TcpStream) -> io::Result<()> {
    // If nobody listens on a local port, the kernel may choose the same port as the source of the
    // connection, which then connects to itself (TCP simultaneous open).
    if socket.local_addr()? == socket.peer_addr()? {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    socket.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY);
    SockRef::from(socket).set_tcp_keepalive(&keepalive.with_retries(3))?;
    SockRef::from(socket).set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX))?;
    // A message waits for no more than this of a file before it.
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
