//! Sanctions: what administrators have decided against users and networks, each until a time.

use crate::chat::cidr::Cidr;
use crate::chat::name::Number;
use crate::chat::term::Until;
use crate::chat::text::Reason;

/// Against whom a sanction is, and what it forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sanctioned {
    /// The user is not let in.
    Ban(Number),
    /// The user may read, and say nothing.
    Mute(Number),
    /// No connection from the network is taken.
    Network(Cidr),
}

/// A sanction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sanction {
    /// The administrator who decided it.
    pub by: Number,
    /// The time at which it began, in seconds since the Unix epoch.
    pub since: u64,
    /// The time at which it ends by itself.
    pub until: Until,
    /// The reason, if one was given.
    pub reason: Option<Reason>,
}

impl Sanction {
    /// Returns true if it ends at that time, in seconds since the Unix epoch.
    pub fn ends_at(&self, time: u64) -> bool {
        self.until == Until::Time(time)
    }
}

/// The widest network of IPv4 that may be banned, by the number of bits that count.
const BAN_LENGTH_MIN_IPV4: u8 = 8;
/// The widest network of IPv6 that may be banned.
const BAN_LENGTH_MIN_IPV6: u8 = 24;

/// Returns true if a network is too wide to be banned: a slip of the hand would shut out all.
pub fn is_too_wide(network: Cidr) -> bool {
    let least = if network.is_ipv6() { BAN_LENGTH_MIN_IPV6 } else { BAN_LENGTH_MIN_IPV4 };
    network.length() < least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_is_too_wide_is_told_from_others() {
        for (network, expected) in [
            ("10.0.0.0/8", false),
            ("10.0.0.0/7", true),
            ("0.0.0.0/0", true),
            ("192.0.2.1", false),
            ("2001:d00::/24", false),
            ("2001:c00::/23", true),
            ("::/0", true),
        ] {
            assert_eq!(is_too_wide(network.parse().unwrap()), expected, "{network}");
        }
    }
}
