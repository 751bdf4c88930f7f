//! Known networks: those from which an account has logged in lately.
//!
//! A try of an account's password from a known network is counted apart from those of strangers,
//! whose wrong passwords for the account all count together.

use std::collections::HashSet;

use slab::Slab;

use crate::chat::account::{KnownNetwork, NetworksOf};
use crate::chat::address::{Address, Prefix};
use crate::chat::name::UserName;
use crate::hub::accounts::directory::{Directory, UserIndex};
use crate::hub::accounts::throttle::{Try, TryOf};
use crate::limits::{KNOWN_NETWORKS_MAX, NETWORK_KNOWN_DAYS};

/// The known networks of all accounts. Most accounts have one, which stands in their slot; the
/// others of an account stand apart.
#[derive(Debug, Default)]
pub struct KnownNetworks {
    /// By user index; users beyond the end have no network.
    slots: Vec<Slot>,
    /// All but the first network of each account that has several.
    others: Slab<Box<[KnownNetwork]>>,
    /// Users whose networks on disk differ from those here.
    unsaved: HashSet<UserIndex>,
}

/// The network of an account's last login, and where its other networks are. There is a slot for
/// each account, so it is kept to two words.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    prefix: Prefix,
    day: u32,
    rest: Rest,
}

/// The key of an account's other networks in [`KnownNetworks::others`], or one of the marks below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rest(u32);

impl Rest {
    /// The account has no network at all.
    const NO_FIRST: Rest = Rest(u32::MAX);
    /// The account has one network and no others.
    const NONE: Rest = Rest(u32::MAX - 1);
}

impl Default for Rest {
    fn default() -> Self {
        Rest::NO_FIRST
    }
}

impl KnownNetworks {
    /// Creates the known networks from what the store kept.
    pub fn new(kept: Vec<NetworksOf>, directory: &Directory) -> Self {
        let mut known = KnownNetworks::default();
        for (number, networks) in kept {
            if let Some(user) = directory.find_number(number) {
                known.set(user, &networks);
            }
        }
        known
    }

    /// The known networks of a user, that of the last login first.
    pub fn get(&self, user: UserIndex) -> impl Iterator<Item = KnownNetwork> {
        let slot = self.slots.get(user.0 as usize).copied().unwrap_or_default();
        let first = KnownNetwork { prefix: slot.prefix, day: slot.day };
        let first = (slot.rest != Rest::NO_FIRST).then_some(first);
        let others = self.others.get(slot.rest.0 as usize).map_or(&[][..], |others| others);
        first.into_iter().chain(others.iter().copied())
    }

    fn set(&mut self, user: UserIndex, networks: &[KnownNetwork]) {
        let Some((first, others)) = networks.split_first() else { return };
        let at = user.0 as usize;
        if self.slots.len() <= at {
            self.slots.resize(at + 1, Slot::default());
        }
        self.others.try_remove(self.slots[at].rest.0 as usize);
        let rest = match others {
            [] => Rest::NONE,
            others => Rest(self.others.insert(others.into()) as u32),
        };
        self.slots[at] = Slot { prefix: first.prefix, day: first.day, rest };
    }

    /// Notes that the networks of a user did not come to the disk.
    pub fn not_kept(&mut self, user: UserIndex) {
        self.unsaved.insert(user);
    }

    /// Returns true if a user has logged in from a network lately.
    fn knows(&self, user: UserIndex, prefix: Prefix, today: u32) -> bool {
        let mut lately = self.get(user).filter(|network| is_known(network, today));
        lately.any(|network| network.prefix == prefix)
    }

    /// Notes that a user has logged in. Returns true if the networks are to be saved: mostly the
    /// login came from the same network as the last one, on the same day, and nothing has changed.
    pub fn logged_in(&mut self, user: UserIndex, prefix: Prefix, today: u32) -> bool {
        let login = KnownNetwork { prefix, day: today };
        if self.get(user).any(|network| network == login) {
            return self.unsaved.remove(&user);
        }
        let others = self.get(user).filter(|network| network.prefix != prefix);
        let others = others.filter(|network| is_known(network, today));
        let mut networks: Vec<KnownNetwork> = std::iter::once(login).chain(others).collect();
        // If the clock was set back, the new one is not the newest; it is kept all the same.
        networks[1..].sort_by_key(|network| std::cmp::Reverse(network.day));
        networks.truncate(KNOWN_NETWORKS_MAX);
        self.set(user, &networks);
        self.unsaved.remove(&user);
        true
    }
}

/// Returns true if a network counts as known today.
fn is_known(network: &KnownNetwork, today: u32) -> bool {
    network.day.saturating_add(NETWORK_KNOWN_DAYS) >= today
}

impl KnownNetworks {
    /// A try of a name's password, for a name that is nobody's or `user`'s.
    pub fn password_try(
        &self,
        name: UserName,
        user: Option<UserIndex>,
        from: Address,
        today: u32,
    ) -> Try {
        let knows = |(user, prefix)| self.knows(user, prefix, today);
        let of = match user.zip(from.prefix()).is_some_and(knows) {
            true => TryOf::Known(name),
            false => TryOf::Stranger(name),
        };
        Try { network: from.network(), of }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: UserIndex = UserIndex(7);
    const TODAY: u32 = 20_000;

    fn prefix(third: u8) -> Prefix {
        Address::host([10, 0, third, 1].into()).prefix().unwrap()
    }

    #[test]
    fn a_network_is_known_for_ninety_days_and_kept_once_a_day() {
        let mut known = KnownNetworks::default();
        assert!(!known.knows(BOB, prefix(1), TODAY));
        assert!(known.logged_in(BOB, prefix(1), TODAY));
        assert!(!known.logged_in(BOB, prefix(1), TODAY), "nothing is new");
        assert!(known.knows(BOB, prefix(1), TODAY));
        assert!(known.knows(BOB, prefix(1), TODAY - 1), "the clock was set back");
        assert!(!known.knows(BOB, prefix(2), TODAY));
        assert!(!known.knows(UserIndex(8), prefix(1), TODAY));
        assert!(known.knows(BOB, prefix(1), TODAY + 90));
        assert!(!known.knows(BOB, prefix(1), TODAY + 91));
        assert!(known.logged_in(BOB, prefix(1), TODAY + 1));
        assert!(known.knows(BOB, prefix(1), TODAY + 91));
    }

    #[test]
    fn the_last_eight_are_kept() {
        let mut known = KnownNetworks::default();
        for third in 0..8 {
            known.logged_in(BOB, prefix(third), TODAY + u32::from(third));
        }
        known.logged_in(BOB, prefix(0), TODAY + 8);
        known.logged_in(BOB, prefix(8), TODAY + 8);
        let days = known.get(BOB).map(|network| (network.prefix, network.day - TODAY));
        let all = [(8, 8), (0, 8), (7, 7), (6, 6), (5, 5), (4, 4), (3, 3), (2, 2)];
        assert!(days.eq(all.map(|(third, day)| (prefix(third), day))));
        known.logged_in(BOB, prefix(9), TODAY - 50);
        assert!(known.knows(BOB, prefix(9), TODAY - 50), "the clock was set back");
    }

    #[test]
    fn what_did_not_come_to_the_disk_is_kept_with_the_next_login() {
        let mut known = KnownNetworks::default();
        assert!(known.logged_in(BOB, prefix(1), TODAY));
        known.unsaved.insert(BOB);
        assert!(known.logged_in(BOB, prefix(1), TODAY));
        assert!(!known.logged_in(BOB, prefix(1), TODAY));
    }

    #[test]
    fn a_network_takes_two_words() {
        assert!(size_of::<KnownNetwork>() <= 16);
        assert!(size_of::<Slot>() <= 16);
    }

    #[test]
    fn what_an_account_no_longer_has_beside_its_last_network_takes_no_room() {
        let mut known = KnownNetworks::default();
        known.logged_in(BOB, prefix(1), TODAY);
        assert!(known.others.is_empty());
        known.logged_in(BOB, prefix(2), TODAY);
        known.logged_in(BOB, prefix(3), TODAY);
        assert_eq!((known.others.len(), known.get(BOB).count()), (1, 3));
        known.logged_in(BOB, prefix(2), TODAY + 91);
        assert!(known.others.is_empty());
        assert!(known.get(BOB).eq([KnownNetwork { prefix: prefix(2), day: TODAY + 91 }]));
    }
}
