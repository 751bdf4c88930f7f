//! The queue of logins, and of changes of a password, that wait for their turn: as many tries of
//! their network are being checked as it may fail. Many people may sit behind one address and come
//! at once, as after a restart. So they wait for each other, and are told to come later only if the
//! tries before them fail.

use std::collections::{BTreeMap, HashMap};

use crate::chat::address::Network;
use crate::chat::kind::Kind;
use crate::chat::request::Place;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::accounts::throttle::Try;
use crate::hub::input::ConnId;
use crate::hub::job::Job;

/// A try of a password or a token that is to be checked.
#[derive(Debug)]
pub struct Attempt {
    /// The kind of the request.
    pub of: Kind,
    /// The user whose name was given, if there is one.
    pub user: Option<UserIndex>,
    /// The try as it is counted.
    pub tried: Try,
    /// The place of the session among the user's others.
    pub place: Place,
}

/// A login, or a change of a password, that may be checked later.
#[derive(Debug)]
pub struct InTurn {
    pub conn: ConnId,
    pub attempt: Attempt,
    /// The job that checks it.
    pub job: Job,
}

/// The waiting logins by network; one of a connection at most.
///
/// As many may wait in one network as there are connections, and all may go on at once. So no
/// operation searches through them.
#[derive(Debug, Default)]
pub struct Turns {
    /// The logins of each network by place; an earlier one has a lower place.
    networks: HashMap<Network, BTreeMap<u64, InTurn>>,
    /// The place of each connection.
    places: HashMap<ConnId, u64>,
    last_place: u64,
}

impl Turns {
    /// Adds a login behind the others of its network.
    pub fn wait(&mut self, login: InTurn) {
        self.last_place += 1;
        let before = self.places.insert(login.conn, self.last_place);
        debug_assert!(before.is_none(), "{} waits twice", login.conn);
        let network = self.networks.entry(login.attempt.tried.network).or_default();
        network.insert(self.last_place, login);
    }

    /// Removes the login of a connection that is gone.
    pub fn forget(&mut self, conn: ConnId, network: Network) {
        if let Some(place) = self.places.remove(&conn) {
            self.leave(network, place);
        }
    }

    /// Returns true if no login waits.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty() && self.places.is_empty()
    }

    /// All waiting logins.
    pub fn iter(&self) -> impl Iterator<Item = &InTurn> {
        self.networks.values().flat_map(BTreeMap::values)
    }

    /// The login of a network that waits for longest.
    pub fn first(&self, network: Network) -> Option<&InTurn> {
        self.networks.get(&network)?.values().next()
    }

    /// Removes the login of a network that waits for longest, and returns it.
    pub fn take(&mut self, network: Network) -> Option<InTurn> {
        let (&place, _) = self.networks.get(&network)?.first_key_value()?;
        let login = self.leave(network, place)?;
        self.places.remove(&login.conn);
        Some(login)
    }

    fn leave(&mut self, network: Network, place: u64) -> Option<InTurn> {
        let logins = self.networks.get_mut(&network)?;
        let login = logins.remove(&place);
        if logins.is_empty() {
            self.networks.remove(&network);
        }
        login
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::address::Address;
    use crate::chat::name::Number;
    use crate::chat::text::Secret;
    use crate::hub::accounts::throttle::TryOf;

    fn network(last: u8) -> Network {
        Address::host([192, 0, 2, last].into()).network()
    }

    fn conn(slot: u32) -> ConnId {
        ConnId { slot, generation: 1 }
    }

    fn login(slot: u32, network: Network) -> InTurn {
        let tried = Try { network, of: TryOf::Token };
        let attempt = Attempt { of: Kind::Resume, user: None, tried, place: Place::TakesOver };
        let job = Job::CheckToken { number: Number(1), token: Secret::new("token") };
        InTurn { conn: conn(slot), attempt, job }
    }

    #[test]
    fn those_of_a_network_come_in_their_order_without_those_who_are_gone() {
        let (here, there) = (network(1), network(2));
        let mut turns = Turns::default();
        for slot in 0..6 {
            turns.wait(login(slot, if slot == 3 { there } else { here }));
        }
        for slot in [0, 2, 5] {
            turns.forget(conn(slot), here);
        }
        // A connection that is gone, or never waited, is skipped.
        turns.forget(conn(2), here);
        turns.forget(conn(9), here);
        assert_eq!(turns.iter().count(), 3);
        assert_eq!(turns.first(here).map(|login| login.conn), Some(conn(1)));
        // A login that comes back is behind the others.
        assert_eq!(turns.take(here).map(|login| login.conn), Some(conn(1)));
        turns.wait(login(1, here));
        assert_eq!(turns.take(here).map(|login| login.conn), Some(conn(4)));
        assert_eq!(turns.take(here).map(|login| login.conn), Some(conn(1)));
        assert!(turns.take(here).is_none());
        assert_eq!(turns.take(there).map(|login| login.conn), Some(conn(3)));
        assert!(turns.is_empty());
    }

    #[test]
    fn of_those_who_are_gone_nothing_is_kept() {
        let here = network(1);
        let mut turns = Turns::default();
        turns.wait(login(0, here));
        for slot in 1..10_000 {
            turns.wait(login(slot, here));
            turns.forget(conn(slot), here);
            assert_eq!((turns.networks[&here].len(), turns.places.len()), (1, 1));
        }
        turns.forget(conn(0), here);
        assert!(turns.is_empty());
    }
}
