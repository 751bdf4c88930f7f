//! Addresses of peers, as the protocol shows them and as limits count them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

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

    /// The network that limits count as one peer.
    pub fn network(self) -> Network {
        match self {
            Address::Host(IpAddr::V4(address)) => Network::V4(address.to_bits()),
            Address::Host(IpAddr::V6(address)) => Network::V6((address.to_bits() >> 64) as u64),
            Address::Local => Network::Local,
        }
    }

    /// Returns true if the peer is on this machine and came over its network.
    pub fn is_loopback(self) -> bool {
        matches!(self, Address::Host(address) if address.is_loopback())
    }

    /// The network prefix of the address; none for a peer over a Unix-domain socket.
    pub fn prefix(self) -> Option<Prefix> {
        match self {
            Address::Host(IpAddr::V4(address)) => Some(Prefix::v4(address)),
            Address::Host(IpAddr::V6(address)) => Some(Prefix::v6(address)),
            Address::Local => None,
        }
    }
}

/// The network that limits count as one peer: an IPv4 address, or the /64 of an IPv6 address, which
/// is what one subscriber has at least (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Network {
    /// The bits of an IPv4 address.
    V4(u32),
    /// The first half of an IPv6 address.
    V6(u64),
    /// The server's own machine, over a Unix-domain socket.
    Local,
}

impl Network {
    /// The /48 of an IPv6 network, which is what one subscriber has at most. There is no such thing
    /// for IPv4, where addresses are few.
    pub fn site(self) -> Option<Prefix> {
        match self {
            Network::V6(bits) => Some(Prefix(bits >> 16 | IS_V6)),
            Network::V4(_) | Network::Local => None,
        }
    }
}

/// The encryption of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encryption {
    /// None.
    #[default]
    Plain,
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl fmt::Display for Encryption {
    /// Writes the version of TLS as OpenSSL does, or `-`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encryption::Plain => "-",
            Encryption::Tls12 => "TLSv1.2",
            Encryption::Tls13 => "TLSv1.3",
        })
    }
}

/// A network prefix: the /24 of an IPv4 address, or the /48 of an IPv6 address, which is what one
/// customer has at most. Within it somebody's address may change from day to day. Kept small, since
/// each account has some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix(u64);

/// The bit above the 48 bits of an IPv6 prefix, which no IPv4 prefix has.
const IS_V6: u64 = 1 << 48;

/// A text that is no `ADDRESS/24` or `ADDRESS/48` as this server writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPrefix;

impl Prefix {
    fn v4(address: Ipv4Addr) -> Self {
        Prefix(u64::from(address.to_bits() >> 8))
    }

    fn v6(address: Ipv6Addr) -> Self {
        Prefix((address.to_bits() >> 80) as u64 | IS_V6)
    }
}

impl fmt::Display for Prefix {
    /// Writes `192.0.2.0/24` or `2001:db8:1::/48`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 & IS_V6 {
            0 => write!(f, "{}/24", Ipv4Addr::from_bits((self.0 as u32) << 8)),
            _ => write!(f, "{}/48", Ipv6Addr::from_bits(u128::from(self.0 & !IS_V6) << 80)),
        }
    }
}

impl FromStr for Prefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        let (address, _) = text.split_once('/').ok_or(InvalidPrefix)?;
        let prefix = match address.parse().map_err(|_| InvalidPrefix)? {
            IpAddr::V4(address) => Prefix::v4(address),
            IpAddr::V6(address) => Prefix::v6(address),
        };
        (prefix.to_string() == text).then_some(prefix).ok_or(InvalidPrefix)
    }
}

/// A text that is no address as this server writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAddress;

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        if text == "local" {
            return Ok(Address::Local);
        }
        let v6 = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let address = match v6 {
            Some(text) => text.parse().map(IpAddr::V6).ok(),
            None => text.parse().map(IpAddr::V4).ok(),
        };
        address.map(Address::Host).ok_or(InvalidAddress)
    }
}

impl fmt::Display for Address {
    /// Writes `192.0.2.1`, `[2001:db8::1]` or `local`, so that `:port` may follow.
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
        assert_eq!(mapped.network(), Address::host([192, 0, 2, 7].into()).network());
        assert_ne!(mapped.network(), Address::host([192, 0, 2, 8].into()).network());
        assert_eq!(mapped.network().site(), None);
        let one = Address::host("2001:db8:1:2::3".parse().unwrap());
        let other = Address::host("2001:db8:1:2:ffff::1".parse().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.network(), other.network());
        assert_eq!(one.to_string(), "[2001:db8:1:2::3]");
        assert_eq!(one.network().site(), one.prefix());
        let next = Address::host("2001:db8:1:3::3".parse().unwrap());
        assert_ne!(one.network(), next.network());
        assert_eq!(one.network().site(), next.network().site());
        assert_eq!(
            (Address::Local.network(), Address::Local.network().site()),
            (Network::Local, None)
        );
    }

    #[test]
    fn loopback_is_this_machine_and_no_other() {
        for address in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
            assert!(Address::host(address.parse().unwrap()).is_loopback(), "{address}");
        }
        for address in ["192.0.2.1", "10.0.0.1", "fe80::1", "::2"] {
            assert!(!Address::host(address.parse().unwrap()).is_loopback(), "{address}");
        }
        assert!(!Address::Local.is_loopback());
    }

    #[test]
    fn a_prefix_is_read_as_it_is_written() {
        let prefix = |text: &str| Address::host(text.parse().unwrap()).prefix().unwrap();
        for (address, text) in [
            ("192.0.2.255", "192.0.2.0/24"),
            ("0.0.0.1", "0.0.0.0/24"),
            ("::ffff:192.0.2.7", "192.0.2.0/24"),
            ("2001:db8:1:2::3", "2001:db8:1::/48"),
            ("::1", "::/48"),
            ("ffff:ffff:ffff:ffff::", "ffff:ffff:ffff::/48"),
        ] {
            assert_eq!(prefix(address).to_string(), text);
            assert_eq!(text.parse(), Ok(prefix(address)));
        }
        assert_ne!(prefix("::1"), prefix("0.0.0.1"));
        assert_eq!(Address::Local.prefix(), None);
        for text in ["", "192.0.2.0", "192.0.2.1/24", "192.0.2.0/25", "2001:db8::/64", "x/24"] {
            assert_eq!(text.parse::<Prefix>(), Err(InvalidPrefix), "{text}");
        }
    }
}
