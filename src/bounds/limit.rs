//! Limits of what one network may take, and whom they leave alone.

use crate::chat::address::Address;
use crate::chat::cidr::Cidr;

/// The networks that limits leave alone whatever they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exempt(pub Vec<Cidr>);

impl Exempt {
    /// Returns true if an address is in one of the networks.
    pub fn contains(&self, address: Address) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// A limit of what one network may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit<T> {
    /// The most.
    pub most: T,
    /// True if it leaves the machine itself alone, over loopback: the operator did not set it.
    pub spares_loopback: bool,
}

impl<T: Copy> Limit<T> {
    /// The limit that the operator set, or else the default.
    pub fn or_default(set: Option<T>, default: T) -> Self {
        Limit { most: set.unwrap_or(default), spares_loopback: set.is_none() }
    }

    /// The limit as it holds for an address; none for one that it leaves alone. It holds for no
    /// peer over a Unix-domain socket, which is the operator.
    pub fn of(&self, address: Address, exempt: &Exempt) -> Option<T> {
        let is_spared = address == Address::Local
            || (self.spares_loopback && address.is_loopback())
            || exempt.contains(address);
        (!is_spared).then_some(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_spare_loopback_and_all_limits_spare_who_is_exempt() {
        let exempt =
            Exempt(vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()]);
        let (default, set) = (Limit::or_default(None, 5), Limit::or_default(Some(7), 5));
        let both = |address: &str| {
            let address = Address::host(address.parse().unwrap());
            (default.of(address, &exempt), set.of(address, &exempt))
        };
        assert_eq!(both("203.0.113.1"), (Some(5), Some(7)));
        assert_eq!(both("127.0.0.2"), (None, Some(7)));
        assert_eq!(both("::1"), (None, Some(7)));
        assert_eq!(both("192.0.2.99"), (None, None));
        assert_eq!(both("2001:db8:77::1"), (None, None));
        assert_eq!(set.of(Address::Local, &exempt), None);
    }
}
