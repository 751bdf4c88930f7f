//! Networks from which accounts have logged in: there nobody is a stranger to the account, whose
//! wrong passwords for it would count together with those of all others.

use std::collections::HashSet;

use crate::chat::account::{KnownNetwork, NetworksOf};
use crate::chat::address::{Address, Prefix};
use crate::chat::name::UserName;
use crate::hub::accounts::directory::{Directory, UserIndex};
use crate::hub::accounts::throttle::{Try, TryOf};
use crate::limits::{KNOWN_NETWORKS_MAX, NETWORK_KNOWN_DAYS};

/// The known networks of all accounts: a pointer for each, and few bytes for each network.
#[derive(Debug, Default)]
pub struct KnownNetworks {
    /// By user; users who come later than all that are here have none.
    of: Vec<Box<[KnownNetwork]>>,
    /// Users whose networks are not on disk as they are here.
    unsaved: HashSet<UserIndex>,
}

impl KnownNetworks {
    /// The networks that were kept.
    pub fn new(kept: Vec<NetworksOf>, directory: &Directory) -> Self {
        let mut known = KnownNetworks::default();
        for (number, networks) in kept {
            if let Some(user) = directory.find_number(number) {
                known.set(user, networks);
            }
        }
        known
    }

    /// The networks of a user, the newest first.
    pub fn get(&self, user: UserIndex) -> &[KnownNetwork] {
        self.of.get(user.0 as usize).map_or(&[], |networks| networks)
    }

    fn set(&mut self, user: UserIndex, networks: Box<[KnownNetwork]>) {
        let at = user.0 as usize;
        if self.of.len() <= at {
            self.of.resize_with(at + 1, Box::default);
        }
        self.of[at] = networks;
    }

    /// Notes that the networks of a user did not come to the disk.
    pub fn not_kept(&mut self, user: UserIndex) {
        self.unsaved.insert(user);
    }

    /// Whether a user has logged in from there lately.
    fn knows(&self, user: UserIndex, prefix: Prefix, today: u32) -> bool {
        let mut lately = self.get(user).iter().filter(|network| is_known(network, today));
        lately.any(|network| network.prefix == prefix)
    }

    /// Notes that a user has logged in. Whether that has to come to the disk: mostly it is the same
    /// network as before, on the same day.
    pub fn logged_in(&mut self, user: UserIndex, prefix: Prefix, today: u32) -> bool {
        let login = KnownNetwork { prefix, day: today };
        let before = self.get(user);
        if before.contains(&login) {
            return self.unsaved.remove(&user);
        }
        let others = before.iter().filter(|network| network.prefix != prefix);
        let others = others.filter(|network| is_known(network, today)).copied();
        let mut networks: Vec<KnownNetwork> = std::iter::once(login).chain(others).collect();
        // Where the clock was set back, the new one is not the newest; it is kept all the same.
        networks[1..].sort_by_key(|network| std::cmp::Reverse(network.day));
        networks.truncate(KNOWN_NETWORKS_MAX);
        self.set(user, networks.into());
        self.unsaved.remove(&user);
        true
    }
}

/// Whether a network counts as known.
fn is_known(network: &KnownNetwork, today: u32) -> bool {
    network.day.saturating_add(NETWORK_KNOWN_DAYS) >= today
}

impl KnownNetworks {
    /// A try of the password of a name, which is nobody's or that user's.
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
        let days = known.get(BOB).iter().map(|network| (network.prefix, network.day - TODAY));
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
    }
}
