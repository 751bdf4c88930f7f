//! Origins: which site's page sends a request (RFC 6454).

use std::fmt;
use std::str::FromStr;

use super::host::{Host, HostName};

/// The scheme of an origin that is a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    fn word(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port where none is given.
    fn port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// The origin of a page: a scheme, a host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: Scheme,
    name: HostName,
    port: u16,
}

/// A text that is no origin of a site; `null` is none, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidOrigin;

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write an origin as https://chat.example.org")
    }
}

impl std::error::Error for InvalidOrigin {}

impl Origin {
    /// Returns true if it is the site that a request names as its host. The scheme is not compared,
    /// as a proxy may speak TLS for the server; where the host has no port, it is the usual one of
    /// the origin's scheme.
    pub fn is_of(&self, host: &Host) -> bool {
        self.name == host.name && self.port == host.port.unwrap_or(self.scheme.port())
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let (scheme, host) = text.split_once("://").ok_or(InvalidOrigin)?;
        let scheme = [Scheme::Http, Scheme::Https]
            .into_iter()
            .find(|known| known.word().eq_ignore_ascii_case(scheme))
            .ok_or(InvalidOrigin)?;
        let Host { name, port } = host.parse().or(Err(InvalidOrigin))?;
        Ok(Origin { scheme, name, port: port.unwrap_or(scheme.port()) })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Origin { scheme, name, port } = self;
        write!(f, "{}://{name}", scheme.word())?;
        if *port != scheme.port() {
            write!(f, ":{port}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_have_one_form() {
        for (text, expected) in [
            ("https://chat.example.org", "https://chat.example.org"),
            ("HTTPS://Chat.example.org:443", "https://chat.example.org"),
            ("http://localhost:9080", "http://localhost:9080"),
            ("http://[::1]:80", "http://[::1]"),
        ] {
            let origin: Origin = text.parse().unwrap();
            assert_eq!(origin.to_string(), expected);
        }
        for text in ["null", "", "https://", "chat.example.org", "https://a/", "file://a", "a://b"]
        {
            assert_eq!(text.parse::<Origin>(), Err(InvalidOrigin), "{text}");
        }
    }

    #[test]
    fn an_origin_is_of_the_host_with_its_port() {
        let is_of = |origin: &str, host: &str| {
            origin.parse::<Origin>().unwrap().is_of(&host.parse().unwrap())
        };
        assert!(is_of("http://a:9080", "a:9080") && is_of("https://a:9443", "A:9443"));
        assert!(is_of("https://a", "a") && is_of("https://a", "a:443") && is_of("http://a", "a"));
        assert!(!is_of("http://a:9080", "a") && !is_of("http://a", "a:443"));
        assert!(!is_of("http://a", "b") && !is_of("http://b.a", "a") && !is_of("http://a.b", "a"));
    }
}
