//! Networks as operators write them: an address, and how many of its bits count (RFC 4632).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use super::address::Address;

/// A network: all addresses whose first bits are these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cidr {
    /// The first address of the network.
    first: IpAddr,
    /// The number of bits that count.
    length: u8,
}

/// A text that is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCidr;

impl fmt::Display for InvalidCidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write a network as 192.0.2.0/24 or 2001:db8::/48")
    }
}

impl std::error::Error for InvalidCidr {}

impl Cidr {
    /// The network of an address of which the first `length` bits count; none if an address has
    /// fewer. IPv4-mapped IPv6 networks become IPv4.
    pub fn new(address: IpAddr, length: u8) -> Option<Self> {
        let (address, length) = match (address, address.to_canonical()) {
            (IpAddr::V6(_), v4 @ IpAddr::V4(_)) if length >= 96 => (v4, length - 96),
            (written, _) => (written, length),
        };
        let first = match address {
            IpAddr::V4(address) => {
                let unused = u32::from(32u8.checked_sub(length)?);
                let mask = u32::MAX.checked_shl(unused).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
            }
            IpAddr::V6(address) => {
                let unused = u32::from(128u8.checked_sub(length)?);
                let mask = u128::MAX.checked_shl(unused).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        };
        Some(Cidr { first, length })
    }

    /// The number of bits that count: up to 32 of IPv4, up to 128 of IPv6. Fewer are more
    /// addresses.
    pub fn length(self) -> u8 {
        self.length
    }

    /// Returns true if it is a network of IPv6.
    pub fn is_ipv6(self) -> bool {
        self.first.is_ipv6()
    }

    /// Returns true if an address is in the network. A peer over a Unix-domain socket is in none.
    pub fn contains(self, address: Address) -> bool {
        let Address::Host(address) = address else { return false };
        address.is_ipv6() == self.is_ipv6() && Cidr::new(address, self.length) == Some(self)
    }

    /// Returns true if all addresses of another network are in this one.
    pub fn holds(self, other: Cidr) -> bool {
        self.length <= other.length && self.contains(Address::Host(other.first))
    }
}

impl FromStr for Cidr {
    type Err = InvalidCidr;

    /// Reads `192.0.2.0/24`, or an address alone, of which all bits count. IPv6 addresses may be in
    /// brackets, as the log writes them. Bits of the address that do not count are dropped.
    fn from_str(text: &str) -> Result<Self, InvalidCidr> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let inner = address.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let address = match inner {
            Some(inner) => inner.parse().map(IpAddr::V6),
            None => address.parse(),
        };
        let address = address.map_err(|_| InvalidCidr)?;
        let length = match length {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| InvalidCidr)?
            }
            Some(_) => return Err(InvalidCidr),
            None if address.is_ipv4() => 32,
            None => 128,
        };
        Cidr::new(address, length).ok_or(InvalidCidr)
    }
}

impl fmt::Display for Cidr {
    /// Writes `192.0.2.0/24` or `2001:db8::/48`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    fn address(text: &str) -> Address {
        Address::host(text.parse().unwrap())
    }

    #[test]
    fn networks_are_read_as_people_write_them() {
        for (text, written) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.7/24", "192.0.2.0/24"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("192.0.2.7/0", "0.0.0.0/0"),
            ("2001:db8::/48", "2001:db8::/48"),
            ("2001:db8:1:2::3/48", "2001:db8:1::/48"),
            ("[2001:db8::1]", "2001:db8::1/128"),
            ("[2001:db8::1]/64", "2001:db8::/64"),
            ("::1/0", "::/0"),
            ("::ffff:192.0.2.7/120", "192.0.2.0/24"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ] {
            assert_eq!(cidr(text).to_string(), written, "{text}");
            assert_eq!(cidr(written), cidr(text));
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "/",
            "/24",
            "192.0.2.0/",
            "192.0.2.0/33",
            "192.0.2.0/256",
            "192.0.2.0/-1",
            "192.0.2.0/+8",
            "192.0.2.0/24/8",
            "192.0.2/24",
            " 192.0.2.0/24",
            "[192.0.2.0]/24",
            "[::1/64]",
            "::1/129",
            "localhost",
            "local",
        ] {
            assert_eq!(text.parse::<Cidr>(), Err(InvalidCidr), "{text}");
        }
    }

    #[test]
    fn a_network_contains_what_begins_like_it() {
        let of_four = cidr("192.0.2.128/25");
        assert!(of_four.contains(address("192.0.2.200")));
        assert!(of_four.contains(address("::ffff:192.0.2.200")));
        assert!(!of_four.contains(address("192.0.2.100")));
        assert!(!of_four.contains(address("2001:db8::1")));
        let of_six = cidr("2001:db8:1::/48");
        assert!(of_six.contains(address("2001:db8:1:ffff::1")));
        assert!(!of_six.contains(address("2001:db8:2::1")));
        assert!(cidr("0.0.0.0/0").contains(address("203.0.113.9")));
        assert!(!cidr("0.0.0.0/0").contains(address("::1")));
        assert!(!cidr("::/0").contains(address("203.0.113.9")));
        assert!(!cidr("::/0").contains(Address::Local));
        assert!(of_four.holds(of_four) && of_four.holds(cidr("192.0.2.200")));
        assert!(!of_four.holds(cidr("192.0.2.0/24")) && !of_four.holds(cidr("192.0.2.1")));
        assert!(!cidr("0.0.0.0/0").holds(of_six));
        assert_eq!((of_four.length(), of_four.is_ipv6()), (25, false));
        assert_eq!((of_six.length(), of_six.is_ipv6()), (48, true));
    }
}
