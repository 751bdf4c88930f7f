//! Who is at the other end of a connection.

use std::fmt;
use std::net::SocketAddr;

use crate::chat::address::Address;

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A host.
    Host(SocketAddr),
    /// A process on this machine that may administer the server.
    Process {
        /// Its id.
        pid: i32,
        /// The user that it runs as.
        uid: u32,
    },
}

impl Peer {
    /// Its address, as the hub knows it.
    pub fn address(&self) -> Address {
        match self {
            Peer::Host(address) => Address::host(address.ip()),
            Peer::Process { .. } => Address::Local,
        }
    }

    /// Whether it administers the server; it takes nobody's place then.
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
