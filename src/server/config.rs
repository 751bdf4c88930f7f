//! The configuration of the server's network side, and the errors of its start.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::crowding::ConnectionBounds;
use crate::chat::cidr::Cidr;
use crate::protocol::http::host::HostName;
use crate::protocol::http::origin::Origin;

/// The configuration of the server's network side.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where to listen for clients.
    pub listen: ListenConfig,
    /// The address of the metrics page, if there is one.
    pub metrics: Option<SocketAddr>,
    /// The path of the Unix-domain socket for the operator.
    pub admin_socket: PathBuf,
    /// The limits of what may be open at a time.
    pub limits: ServerLimits,
    /// What one network may take of connections.
    pub networks: ConnectionBounds,
    /// The time that a connection has to log in.
    pub login_timeout: Duration,
    /// The time after which a connection that sends nothing is closed; `None` is never.
    pub idle_timeout: Option<Duration>,
    /// The largest number of bytes of events that may wait to be sent on one connection. Replies to
    /// its own requests do not count.
    pub send_queue: usize,
    /// The largest number of bytes that may wait to be sent on all connections together.
    pub send_queue_total: usize,
    /// The largest number of lines a second from one connection; 0 is no limit.
    pub rate: u32,
    /// The largest number of bytes a second that one user says; 0 is no limit.
    pub speech_rate: u64,
    /// The time that a graceful stop may take.
    pub drain: Duration,
    /// What browsers are served, and for whom.
    pub web: WebConfig,
}

/// What browsers are served, and for whom.
#[derive(Clone, Debug, Default)]
pub struct WebConfig {
    /// The names under which browsers may come; if empty, those of the certificate and the machine.
    pub hosts: Vec<HostName>,
    /// Other sites whose pages may open a socket.
    pub origins: Vec<Origin>,
    /// Proxies that tell whom they ask for.
    pub proxies: Vec<Cidr>,
    /// The title of the page.
    pub title: String,
    /// What the page is told of the server.
    pub about: AboutServer,
}

/// What the page is told of the server.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct AboutServer {
    /// Who may register.
    pub registration: &'static str,
    /// What may be how large.
    pub limits: AboutLimits,
    /// Whether the files of the shared folder can be downloaded without a login.
    pub public_files: bool,
}

/// What may be how large, as the page is told.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct AboutLimits {
    /// Bytes of a line.
    pub line: usize,
    /// Bytes of a file.
    pub file: u64,
    /// Members of a group.
    pub group: u32,
}

/// Where to listen for clients. Sockets that were passed are used as they are.
#[derive(Clone, Debug)]
pub struct ListenConfig {
    /// The addresses; if empty, all addresses of the host.
    pub addresses: Vec<IpAddr>,
    /// The TCP port; 0 takes a free one.
    pub port: u16,
    /// The TCP port for TLS, used if there are certificates; 0 takes a free one.
    pub tls_port: u16,
    /// On which addresses clients may connect without TLS. `None` is on all of them without
    /// certificates, and with them on those of loopback; and on none if a socket for TLS was passed
    /// and no other.
    pub plain: Option<PlainAccess>,
    /// The TCP port for browsers, if there is one. It is closed where nobody may connect without
    /// TLS.
    pub http: Option<HttpPort>,
    /// The TCP port for browsers that speak TLS, if there is one beside that for clients, used if
    /// there are certificates; 0 takes a free one.
    pub https: Option<u16>,
}

/// The TCP port for browsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpPort {
    /// The port; 0 takes a free one.
    pub port: u16,
    /// Whether the operator asked for it. Otherwise the server starts without it where it is taken.
    pub is_asked_for: bool,
}

/// On which addresses clients may connect without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainAccess {
    /// On all of them.
    Anywhere,
    /// On those of loopback: from this machine.
    Loopback,
    /// On none.
    Nowhere,
}

/// Limits of what takes file descriptors and memory.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// The largest number of connections of clients.
    pub clients: usize,
    /// The largest number of files open for downloads and uploads.
    pub transfers: usize,
    /// The largest number of connections above `clients` that are kept open until they have read
    /// why they are refused.
    pub refused: usize,
    /// The largest number of HTTP connections to the metrics page.
    pub exchanges: usize,
}

/// Why the server does not start.
#[derive(Debug)]
pub enum StartError {
    /// The server can't listen on an address.
    Listen(SocketAddr, io::Error),
    /// The server can't listen on the operator's socket.
    AdminSocket(PathBuf, io::Error),
    /// The operating system refuses something that the event loop needs.
    System(io::Error),
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        StartError::System(error)
    }
}
