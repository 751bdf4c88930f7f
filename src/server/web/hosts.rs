//! Who may come: under which names browsers reach the server, which sites' pages may open a socket,
//! and on whose behalf a proxy asks.

use crate::chat::address::Address;
use crate::chat::cidr::Cidr;
use crate::protocol::http::head::RequestHead;
use crate::protocol::http::host::{Host, HostName};
use crate::protocol::http::origin::Origin;

/// The rules for hosts, origins and proxies.
#[derive(Clone, Debug, Default)]
pub struct WebHosts {
    /// The names that the operator gave.
    given: Vec<HostName>,
    /// The machine's own name, if it is one.
    machine: Option<HostName>,
    origins: Vec<Origin>,
    proxies: Vec<Cidr>,
}

impl WebHosts {
    /// Makes the rules of what the operator gave.
    pub fn new(given: &[HostName], origins: &[Origin], proxies: &[Cidr]) -> Self {
        let system = rustix::system::uname();
        let machine = system.nodename().to_str().ok();
        WebHosts {
            given: given.to_vec(),
            machine: machine.and_then(|name| name.parse().ok()),
            origins: origins.to_vec(),
            proxies: proxies.to_vec(),
        }
    }

    /// Returns true if a request may name that host: this machine and addresses always, and the
    /// names that the operator gave, or else those of the certificate and of the machine.
    ///
    /// Whoever owns a name can let it stand for this machine's address for a while, and so have a
    /// page of theirs read what only this network may; a browser tells the name, though.
    pub fn allow(&self, host: &Host, of_certificate: &[String]) -> bool {
        let HostName::Domain(name) = &host.name else { return true };
        if &**name == "localhost" || self.given.contains(&host.name) {
            return true;
        }
        let is_usual = || {
            self.machine.as_ref() == Some(&host.name)
                || of_certificate.iter().any(|pattern| host.name.is_of(pattern))
        };
        self.given.is_empty() && is_usual()
    }

    /// Returns true if a request may open a socket: no browser sent it, or a page of this server
    /// did, or one of another site that the operator named.
    pub fn may_open_socket(&self, head: &RequestHead<'_>) -> bool {
        let mut origins = head.values("origin");
        let Some(origin) = origins.next() else { return true };
        let origin = std::str::from_utf8(origin).ok().and_then(|text| text.parse::<Origin>().ok());
        let is_one = origins.next().is_none();
        origin.is_some_and(|origin| {
            is_one && (origin.is_of(&head.host) || self.origins.contains(&origin))
        })
    }

    /// Returns true if an address is that of a proxy of the operator's.
    pub fn is_proxy(&self, from: Address) -> bool {
        self.proxies.iter().any(|network| network.contains(from))
    }

    /// Who sends a request that came from an address: for a proxy's, the client that it names.
    pub fn client(&self, from: Address, head: &RequestHead<'_>) -> Address {
        match self.is_proxy(from) {
            true => head.forwarded_for().map_or(from, Address::host),
            false => from,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(given: &[&str]) -> WebHosts {
        WebHosts {
            given: given.iter().map(|name| name.parse().unwrap()).collect(),
            machine: Some("box".parse().unwrap()),
            origins: vec!["https://other.example".parse().unwrap()],
            proxies: vec!["192.0.2.0/24".parse().unwrap()],
        }
    }

    #[test]
    fn names_are_the_given_ones_or_the_usual_ones() {
        let of_certificate = ["chat.example.org".to_owned(), "*.chat.example.org".to_owned()];
        let allows = |given: &[&str], host: &str| {
            hosts(given).allow(&host.parse().unwrap(), &of_certificate)
        };
        for host in ["localhost:9080", "127.0.0.1", "[::1]:9080", "192.0.2.1"] {
            assert!(allows(&[], host) && allows(&["a.example"], host), "{host}");
        }
        for host in ["box", "BOX.:9080", "chat.example.org", "a.chat.example.org"] {
            assert!(allows(&[], host) && !allows(&["a.example"], host), "{host}");
        }
        assert!(allows(&["a.example", "b.example"], "B.example:1"));
        for host in ["evil.example", "localhost.evil.example", "box.evil", "a.localhost"] {
            assert!(!allows(&[], host) && !allows(&["a.example"], host), "{host}");
        }
    }

    fn with_head<T>(fields: &str, question: impl Fn(&WebHosts, &RequestHead<'_>) -> T) -> T {
        let head = format!("GET /ws HTTP/1.1\r\nHost: box:9080\r\n{fields}\r\n");
        question(&hosts(&[]), &RequestHead::parse(head.as_bytes()).unwrap())
    }

    #[test]
    fn pages_of_other_sites_open_no_socket() {
        for (fields, expected) in [
            ("", true),
            ("Origin: http://box:9080\r\n", true),
            ("Origin: https://box:9080\r\n", true),
            ("Origin: https://other.example\r\n", true),
            ("Origin: http://other.example\r\n", false),
            ("Origin: http://box\r\n", false),
            ("Origin: http://evil.example:9080\r\n", false),
            ("Origin: null\r\n", false),
            ("Origin:\r\n", false),
            ("Origin: http://box:9080\r\nOrigin: http://box:9080\r\n", false),
        ] {
            assert_eq!(
                with_head(fields, |hosts, head| hosts.may_open_socket(head)),
                expected,
                "{fields:?}"
            );
        }
    }

    #[test]
    fn proxies_and_nobody_else_speak_for_others() {
        let address = |text: &str| Address::host(text.parse().unwrap());
        let client = |from: &str, fields: &str| {
            with_head(fields, |hosts, head| hosts.client(address(from), head))
        };
        let fields = "X-Forwarded-For: 1.1.1.1, 198.51.100.7\r\n";
        assert_eq!(client("192.0.2.9", fields), address("198.51.100.7"));
        assert_eq!(client("198.51.100.9", fields), address("198.51.100.9"));
        assert_eq!(client("192.0.2.9", ""), address("192.0.2.9"));
        assert_eq!(client("192.0.2.9", "X-Forwarded-For: who\r\n"), address("192.0.2.9"));
    }
}
