//! Hosts as requests name them: a name or an address, and perhaps a port (RFC 3986, section 3.2).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

/// The longest name of a host (RFC 1035, section 2.3.4).
const NAME_BYTES_MAX: usize = 253;

/// The name of a host, in lower case and without a dot at its end, or its address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HostName {
    /// A name.
    Domain(Box<str>),
    /// An address. IPv6 stands in brackets.
    Literal(IpAddr),
}

/// A host, with the port if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name or address.
    pub name: HostName,
    /// The port; none is the usual one of the scheme.
    pub port: Option<u16>,
}

/// A text that names no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidHost;

impl fmt::Display for InvalidHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write a host as chat.example.org, 192.0.2.1 or [2001:db8::1]")
    }
}

impl std::error::Error for InvalidHost {}

impl HostName {
    /// Returns true if it is a name that `pattern` stands for: the same one, or with `*.` before
    /// the rest one more label (RFC 9525, section 6.3).
    pub fn is_of(&self, pattern: &str) -> bool {
        let HostName::Domain(name) = self else { return false };
        match pattern.strip_prefix("*.") {
            Some(parent) => {
                let rest = name.split_once('.').map(|(_, rest)| rest);
                rest.is_some_and(|rest| rest.eq_ignore_ascii_case(parent))
            }
            None => name.eq_ignore_ascii_case(pattern),
        }
    }
}

impl FromStr for HostName {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            return inner.parse().map(|v6| HostName::Literal(IpAddr::V6(v6))).or(Err(InvalidHost));
        }
        if let Ok(v4) = text.parse::<Ipv4Addr>() {
            return Ok(HostName::Literal(IpAddr::V4(v4)));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_label = |label: &str| {
            let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            !label.is_empty() && label.bytes().all(is_known)
        };
        // What ends with a number is an address for browsers, and so no name.
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_name = name.split('.').all(is_label) && !last.bytes().all(|b| b.is_ascii_digit());
        if !is_name || name.len() > NAME_BYTES_MAX {
            return Err(InvalidHost);
        }
        Ok(HostName::Domain(name.to_ascii_lowercase().into()))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostName::Domain(name) => f.write_str(name),
            HostName::Literal(IpAddr::V4(address)) => address.fmt(f),
            HostName::Literal(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl FromStr for Host {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        // The colons of an IPv6 address stand before its bracket.
        let port_at = text.rfind(':').filter(|at| !text[*at..].contains(']'));
        let (name, port) = match port_at {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, ""),
        };
        let port = match port {
            "" => None,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().or(Err(InvalidHost))?)
            }
            _ => return Err(InvalidHost),
        };
        Ok(Host { name: name.parse()?, port })
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_one_form() {
        for (text, expected) in [
            ("chat.example.org", "chat.example.org"),
            ("CHAT.Example.org.:9080", "chat.example.org:9080"),
            ("localhost", "localhost"),
            ("my_machine:", "my_machine"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]", "[::1]"),
            ("[2001:DB8:0::1]:9443", "[2001:db8::1]:9443"),
        ] {
            let host: Host = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(host.to_string(), expected);
            assert_eq!(host.to_string().parse(), Ok(host));
        }
    }

    #[test]
    fn what_names_no_host_is_refused() {
        let long = "a.".repeat(128);
        for text in [
            "",
            ":80",
            ".",
            "a..b",
            ".a",
            "a b",
            "a,b",
            "a/b",
            "a@b",
            "u:p@a",
            "a:b",
            "a:65536",
            "a:-1",
            "a:+1",
            "a:1:2",
            "::1",
            "[::1",
            "::1]",
            "[::1]a",
            "[a]",
            "[127.0.0.1]",
            "[]",
            "[fe80::1%25eth0]",
            "127.1",
            "1",
            "0x7f.1.1.1",
            "300.1.1.1",
            "a%2eb",
            "ä.example",
            "a\\b",
            "a?b",
            "a#b",
            "*.a",
            &long,
        ] {
            assert_eq!(text.parse::<Host>(), Err(InvalidHost), "{text}");
        }
    }

    #[test]
    fn a_star_is_one_label() {
        let name: HostName = "a.example.org".parse().unwrap();
        assert!(name.is_of("a.example.org") && name.is_of("*.Example.org"));
        assert!(!name.is_of("example.org") && !name.is_of("*.org") && !name.is_of("*"));
        let address: HostName = "127.0.0.1".parse().unwrap();
        assert!(!address.is_of("*.0.0.1") && !address.is_of("127.0.0.1"));
    }
}
