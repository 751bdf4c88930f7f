//! The sanctions that hold: banned and muted users, and networks from which no connection is taken.
//!
//! A sanction holds until an entry lifts it, also when its time is over. [`Sanctions::next_over`]
//! tells of which that entry is due.

use std::collections::{BTreeMap, BTreeSet};

use crate::chat::address::Address;
use crate::chat::cidr::Cidr;
use crate::chat::sanction::{Sanction, Sanctioned};
use crate::chat::term::Until;
use crate::hub::accounts::directory::{Directory, UserIndex};

/// All sanctions that hold.
#[derive(Debug, Default)]
pub struct Sanctions {
    bans: BTreeMap<UserIndex, Sanction>,
    mutes: BTreeMap<UserIndex, Sanction>,
    networks: BannedNetworks,
    /// The times at which to look whether sanctions are over, in seconds since the Unix epoch.
    looks: BTreeSet<(u64, Sanctioned)>,
}

impl Sanctions {
    /// Creates the sanctions from what the store kept.
    pub fn new(kept: Vec<(Sanctioned, Sanction)>, directory: &Directory) -> Self {
        let mut sanctions = Sanctions::default();
        for (whom, sanction) in kept {
            sanctions.set(whom, Some(sanction), directory);
        }
        sanctions
    }

    /// Puts a sanction in the place of one before, or lifts it. Returns the one before.
    pub fn set(
        &mut self,
        whom: Sanctioned,
        sanction: Option<Sanction>,
        directory: &Directory,
    ) -> Option<Sanction> {
        let until = sanction.as_ref().map(|sanction| sanction.until);
        let before = match whom {
            Sanctioned::Ban(number) => {
                let user = directory.find_number(number)?;
                put(&mut self.bans, user, sanction)
            }
            Sanctioned::Mute(number) => {
                let user = directory.find_number(number)?;
                put(&mut self.mutes, user, sanction)
            }
            Sanctioned::Network(network) => self.networks.set(network, sanction),
        };
        if let Some(Until::Time(end)) = before.as_ref().map(|before| before.until) {
            self.looks.remove(&(end, whom));
        }
        if let Some(Until::Time(end)) = until {
            self.looks.insert((end, whom));
        }
        before
    }

    /// The sanction against somebody.
    pub fn get(&self, whom: Sanctioned, directory: &Directory) -> Option<&Sanction> {
        match whom {
            Sanctioned::Ban(number) => self.bans.get(&directory.find_number(number)?),
            Sanctioned::Mute(number) => self.mutes.get(&directory.find_number(number)?),
            Sanctioned::Network(network) => self.networks.bans.get(&network),
        }
    }

    /// The ban of a user.
    pub fn ban(&self, user: UserIndex) -> Option<&Sanction> {
        self.bans.get(&user)
    }

    /// The mute of a user.
    pub fn mute(&self, user: UserIndex) -> Option<&Sanction> {
        self.mutes.get(&user)
    }

    /// The banned users, in no order that others know.
    pub fn bans(&self) -> impl ExactSizeIterator<Item = (UserIndex, &Sanction)> {
        self.bans.iter().map(|(user, ban)| (*user, ban))
    }

    /// The banned networks, in order.
    pub fn networks(&self) -> impl ExactSizeIterator<Item = (Cidr, &Sanction)> {
        self.networks.bans.iter().map(|(network, ban)| (*network, ban))
    }

    /// Returns true if no connection from an address is taken at a time, in seconds since the Unix
    /// epoch.
    pub fn cover(&self, address: Address, now: u64) -> bool {
        self.networks.cover(address, now)
    }

    /// The next time at which to look whether a sanction is over, in seconds since the Unix epoch.
    pub fn next_look(&self) -> Option<u64> {
        self.looks.first().map(|(time, _)| *time)
    }

    /// Takes a sanction that is over at a time, with the time at which it ended. It is not told of
    /// again, unless [`Self::look_again`] says so.
    pub fn next_over(&mut self, now: u64, directory: &Directory) -> Option<(Sanctioned, u64)> {
        while let Some((time, whom)) = self.looks.first().copied().filter(|(time, _)| *time <= now)
        {
            self.looks.remove(&(time, whom));
            let until = self.get(whom, directory).map(|sanction| sanction.until);
            if let Some(Until::Time(end)) = until.filter(|until| until.is_over(now)) {
                return Some((whom, end));
            }
        }
        None
    }

    /// Looks at a sanction once more at that time, since its end could not be kept.
    pub fn look_again(&mut self, whom: Sanctioned, time: u64) {
        self.looks.insert((time, whom));
    }
}

/// The banned networks. An address is looked up once for each length that any of them has.
#[derive(Debug, Default)]
struct BannedNetworks {
    bans: BTreeMap<Cidr, Sanction>,
    /// How many of them there are of IPv6 or not, with so many bits that count.
    lengths: BTreeMap<(bool, u8), u32>,
}

impl BannedNetworks {
    fn set(&mut self, network: Cidr, sanction: Option<Sanction>) -> Option<Sanction> {
        let length = (network.is_ipv6(), network.length());
        let is_banned = sanction.is_some();
        let before = put(&mut self.bans, network, sanction);
        match (before.is_some(), is_banned) {
            (false, true) => *self.lengths.entry(length).or_default() += 1,
            (true, false) => {
                let left = self.lengths.get_mut(&length).map(|count| {
                    *count -= 1;
                    *count
                });
                if left == Some(0) {
                    self.lengths.remove(&length);
                }
            }
            _ => {}
        }
        before
    }

    fn cover(&self, address: Address, now: u64) -> bool {
        let Address::Host(host) = address else { return false };
        let is_ipv6 = host.is_ipv6();
        let mut lengths = self.lengths.range((is_ipv6, 0)..=(is_ipv6, u8::MAX));
        lengths.any(|((_, length), _)| {
            let ban = Cidr::new(host, *length).and_then(|network| self.bans.get(&network));
            ban.is_some_and(|ban| !ban.until.is_over(now))
        })
    }
}

/// Puts a value in the place of one before, or removes that. Returns the one before.
fn put<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) -> Option<V> {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::name::Number;

    fn until(until: Until) -> Option<Sanction> {
        Some(Sanction { by: Number::OPERATOR, since: 7, until, reason: None })
    }

    fn network(text: &str) -> Sanctioned {
        Sanctioned::Network(text.parse().unwrap())
    }

    fn covers(sanctions: &Sanctions, address: &str) -> bool {
        sanctions.cover(Address::host(address.parse().unwrap()), 8)
    }

    #[test]
    fn an_address_is_in_a_banned_network_as_long_as_any_of_its_networks_is_banned() {
        let directory = Directory::default();
        let mut sanctions = Sanctions::default();
        assert!(!covers(&sanctions, "192.0.2.1"));
        for banned in ["192.0.2.0/24", "192.0.0.0/16", "192.0.2.1", "2001:db8::/32"] {
            assert_eq!(sanctions.set(network(banned), until(Until::Ever), &directory), None);
        }
        sanctions.set(network("192.0.2.0/24"), until(Until::Time(9)), &directory);
        assert!(covers(&sanctions, "192.0.2.1") && covers(&sanctions, "192.0.3.1"));
        assert!(covers(&sanctions, "2001:db8:7::1"));
        assert!(!covers(&sanctions, "192.1.2.1") && !covers(&sanctions, "2001:db9::1"));
        assert!(!sanctions.cover(Address::Local, 8));
        for lifted in ["192.0.0.0/16", "192.0.2.0/24"] {
            assert!(sanctions.set(network(lifted), None, &directory).is_some());
        }
        assert!(covers(&sanctions, "192.0.2.1") && !covers(&sanctions, "192.0.2.2"));
        assert_eq!(sanctions.networks.lengths.len(), 2);
        sanctions.set(network("192.0.2.1"), until(Until::Time(8)), &directory);
        assert!(!covers(&sanctions, "192.0.2.1"), "its time is over");
    }

    #[test]
    fn what_is_over_is_told_once_and_in_order() {
        let directory = Directory::default();
        let mut sanctions = Sanctions::default();
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(network);
        sanctions.set(one, until(Until::Time(20)), &directory);
        sanctions.set(other, until(Until::Time(10)), &directory);
        assert_eq!(sanctions.next_look(), Some(10));
        assert_eq!(sanctions.next_over(9, &directory), None);
        assert_eq!(sanctions.next_over(20, &directory), Some((other, 10)));
        assert_eq!(sanctions.next_over(20, &directory), Some((one, 20)));
        assert_eq!(sanctions.next_over(20, &directory), None);
        // Its end could not be kept; meanwhile it was made longer.
        sanctions.look_again(one, 30);
        sanctions.set(one, until(Until::Time(40)), &directory);
        assert_eq!(sanctions.next_over(39, &directory), None);
        assert_eq!(sanctions.next_over(40, &directory), Some((one, 40)));
        sanctions.set(one, until(Until::Ever), &directory);
        assert_eq!(sanctions.next_look(), None);
    }
}
