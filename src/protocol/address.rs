//! Where a connection comes from, as the protocol shows it and as limits count it.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The address of a connected peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// A host reached over TCP. IPv4 hosts are IPv4 here, whatever the listening socket was.
    Host(IpAddr),
    /// A process on the same machine, over a Unix-domain socket.
    Local,
}

impl Address {
    /// The address of a TCP peer; IPv4-mapped IPv6 addresses become IPv4.
    pub fn host(address: IpAddr) -> Self {
        Address::Host(address.to_canonical())
    }

    /// What limits count as one peer: an IPv4 address, or the /64 of an IPv6 address, which is what
    /// one subscriber has (RFC 6177).
    pub fn network(self) -> Self {
        match self {
            Address::Host(IpAddr::V6(address)) => {
                let prefix = address.to_bits() >> 64 << 64;
                Address::Host(IpAddr::V6(Ipv6Addr::from_bits(prefix)))
            }
            other => other,
        }
    }
}

impl fmt::Display for Address {
    /// `192.0.2.1`, `[2001:db8::1]` or `local`, so that `:port` may follow.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Host(IpAddr::V4(address)) => write!(f, "{address}"),
            Address::Host(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Address::Local => f.write_str("local"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_addresses_are_ipv4_and_ipv6_counts_by_network() {
        let mapped = Address::host("::ffff:192.0.2.7".parse().unwrap());
        assert_eq!(mapped.to_string(), "192.0.2.7");
        assert_eq!(mapped.network(), mapped);
        let one = Address::host("2001:db8:1:2::3".parse().unwrap());
        let other = Address::host("2001:db8:1:2:ffff::1".parse().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.network(), other.network());
        assert_eq!(one.to_string(), "[2001:db8:1:2::3]");
    }
}
