//! What the operator decided about connections, and why a server does not start.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// What the operator decided about connections.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The addresses to listen on; none is all.
    pub listen: Vec<IpAddr>,
    /// The address of the metrics page, where there is one.
    pub metrics: Option<SocketAddr>,
    /// The path of the operator's socket.
    pub admin_socket: PathBuf,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// The port for TLS, where there are certificates; 0 takes a free one.
    pub tls_port: u16,
    /// How much there may be at a time.
    pub limits: ServerLimits,
    /// How long a connection may take to log in.
    pub login_timeout: Duration,
    /// How long a connection may say nothing.
    pub idle_timeout: Option<Duration>,
    /// Bytes that may wait for a connection that it did not ask for.
    pub send_queue: usize,
    /// Bytes that may wait for all connections together.
    pub send_queue_total: usize,
    /// Lines a second from one connection; 0 is no limit.
    pub rate: u32,
    /// How long stopping may take.
    pub drain: Duration,
}

/// How much there may be of what takes file descriptors and memory, at a time.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// How many connections there may be.
    pub clients: usize,
    /// How many files may be open to be sent or received.
    pub transfers: usize,
    /// How many connections may be there only to be told that they are one too many.
    pub refused: usize,
    /// How many may read the metrics.
    pub exchanges: usize,
    /// How many connections there may be from one address; any number where it is none.
    pub per_address: Option<u32>,
}

/// Why the server does not start.
#[derive(Debug)]
pub enum StartError {
    /// An address can't be listened on.
    Listen(SocketAddr, io::Error),
    /// The operator's socket can't be made.
    AdminSocket(PathBuf, io::Error),
    /// The system refuses what the loop needs.
    System(io::Error),
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        StartError::System(error)
    }
}
