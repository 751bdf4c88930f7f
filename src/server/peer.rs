//! The peer of a connection: a host, or a local process of the operator.

use std::fmt;
use std::net::SocketAddr;

use crate::chat::address::Address;

/// The peer of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A host that connected over TCP, with its port.
    Host(SocketAddr),
    /// A process on this machine that may administer the server (SO_PEERCRED, unix(7)).
    Process {
        /// The process id.
        pid: i32,
        /// The user id of the process.
        uid: u32,
    },
}

impl Peer {
    /// The address by which the hub knows the peer.
    pub fn address(&self) -> Address {
        match self {
            Peer::Host(address) => Address::host(address.ip()),
            Peer::Process { .. } => Address::Local,
        }
    }

    /// Returns true if the peer administers the server. It does not count against the limit of
    /// clients.
    pub fn is_operator(&self) -> bool {
        matches!(self, Peer::Process { .. })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Host(address) => address.fmt(f),
            Peer::Process { pid, uid } => write!(f, "local:pid-{pid}:uid-{uid}"),
        }
    }
}
