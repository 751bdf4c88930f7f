//! The announcement of a call, which the server sends to both of its sides.

use std::net::SocketAddr;

use super::ticket::Ticket;
use crate::chat::address::Address;
use crate::chat::name::UserName;
use crate::protocol::native::read::CallWords;

/// The announcement of a call: the reply to CALL, or notice 125.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The other side of the call.
    pub peer: UserName,
    /// The address at which it listens for direct chats; `None` if that is not known.
    pub address: Option<SocketAddr>,
    /// The ticket, by which both sides authenticate each other.
    pub ticket: Ticket,
}

impl Announced {
    /// Parses `user address port ticket`, in which an IPv6 address is in brackets and an unknown
    /// port is `-`.
    pub fn parse(words: &str) -> Option<Self> {
        Announced::new(&CallWords::parse(words)?)
    }

    /// The announcement of parsed words; `None` if the ticket is malformed. A user on the server's
    /// own machine has no address.
    pub fn new(call: &CallWords<'_>) -> Option<Self> {
        let CallWords { user: peer, address, port, ticket } = *call;
        let address = match (address, port) {
            (Some(Address::Host(host)), Some(port)) => Some(SocketAddr::new(host, port)),
            _ => None,
        };
        Some(Announced { peer, address, ticket: ticket.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_call_are_read() {
        let ticket = "A".repeat(43);
        let read = |words: &str| Announced::parse(&format!("{words} {ticket}"));
        let address = |words: &str| read(words).and_then(|call| call.address);
        assert_eq!(read("bob 192.0.2.7 10417").unwrap().peer, "bob".parse().unwrap());
        assert_eq!(address("bob 192.0.2.7 10417"), "192.0.2.7:10417".parse().ok());
        assert_eq!(address("bob [2001:db8::1] 10417"), "[2001:db8::1]:10417".parse().ok());
        for unknown in ["bob 192.0.2.7 -", "bob local 10417", "bob 2001:db8::1 1", "bob - -"] {
            assert_eq!(address(unknown), None, "{unknown}");
            assert!(read(unknown).is_some(), "{unknown}");
        }
        for bad in ["", "bob", "bob 192.0.2.7", "4x 192.0.2.7 1"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(Announced::parse("bob 192.0.2.7 10417 short"), None);
    }
}
