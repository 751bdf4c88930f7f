//! The connections of each network: how many it has, how many of them have not logged in, and how
//! often it connects.

use std::time::Duration;

use crate::bounds::allowance::Allowance;
use crate::bounds::headcount::Headcount;
use crate::bounds::limit::{Exempt, Limit};
use crate::bounds::usage::NetworkUsage;
use crate::chat::address::Address;

/// What one network may take of connections.
#[derive(Clone, Debug)]
pub struct ConnectionBounds {
    /// The largest number of connections at a time.
    pub connections: Limit<u32>,
    /// The largest number of those that have not logged in.
    pub strangers: Limit<u32>,
    /// How often it may connect.
    pub connects: Limit<Allowance>,
    /// The networks to which none of this applies.
    pub exempt: Exempt,
}

/// What each network has taken of that. Refused connections and the operator's do not count.
#[derive(Debug, Default)]
pub struct Crowding {
    connections: Headcount,
    strangers: Headcount,
    connects: NetworkUsage,
}

impl Crowding {
    /// Returns true if one more connection from an address would be beyond a bound.
    pub fn is_full(&self, from: Address, bounds: &ConnectionBounds, now: Duration) -> bool {
        let network = from.network();
        let exceeds = |limit: Limit<u32>, count: &Headcount| {
            limit.of(from, &bounds.exempt).is_some_and(|most| count.is_full(network, most))
        };
        let allowance = bounds.connects.of(from, &bounds.exempt);
        exceeds(bounds.connections, &self.connections)
            || exceeds(bounds.strangers, &self.strangers)
            || allowance.is_some_and(|often| self.connects.wait(network, often, now).is_some())
    }

    /// Counts a connection that was let in.
    pub fn connected(&mut self, from: Address, bounds: &ConnectionBounds, now: Duration) {
        let network = from.network();
        self.connections.add(network);
        self.strangers.add(network);
        if let Some(often) = bounds.connects.of(from, &bounds.exempt) {
            self.connects.take(network, often, now);
        }
    }

    /// Returns true if one more connection of a browser would be beyond the bound of connections.
    pub fn is_crowded(&self, from: Address, bounds: &ConnectionBounds) -> bool {
        let most = bounds.connections.of(from, &bounds.exempt);
        most.is_some_and(|most| self.connections.is_full(from.network(), most))
    }

    /// Counts a connection of a browser, which may ask for no more than the page.
    pub fn browser_came(&mut self, from: Address) {
        self.connections.add(from.network());
    }

    /// Counts a connection of a browser no longer.
    pub fn browser_left(&mut self, from: Address) {
        self.connections.remove(from.network());
    }

    /// Counts a connection as one that has logged in.
    pub fn logged_in(&mut self, from: Address) {
        self.strangers.remove(from.network());
    }

    /// Counts a connection no longer.
    pub fn closed(&mut self, from: Address, was_stranger: bool) {
        self.connections.remove(from.network());
        if was_stranger {
            self.strangers.remove(from.network());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1000);

    fn bounds(connections: u32, strangers: u32, connects: &str) -> ConnectionBounds {
        let connects: Allowance = connects.parse().unwrap();
        ConnectionBounds {
            connections: Limit::or_default(None, connections),
            strangers: Limit::or_default(None, strangers),
            connects: Limit::or_default(None, connects),
            exempt: Exempt(vec!["192.0.2.128/25".parse().unwrap()]),
        }
    }

    /// How many of a hundred connections are let in.
    fn let_in(crowding: &mut Crowding, from: Address, bounds: &ConnectionBounds) -> usize {
        let mut one = || {
            let may_come = !crowding.is_full(from, bounds, NOW);
            if may_come {
                crowding.connected(from, bounds, NOW);
            }
            may_come
        };
        (0..100).filter(|_| one()).count()
    }

    #[test]
    fn each_bound_counts_for_itself() {
        let from = Address::host([192, 0, 2, 1].into());
        for (bounds, first, again) in [
            (bounds(5, 90, "90/1h"), 5, 1),
            (bounds(90, 5, "90/1h"), 5, 1),
            (bounds(90, 90, "5/1h"), 5, 0),
        ] {
            let mut crowding = Crowding::default();
            assert_eq!(let_in(&mut crowding, from, &bounds), first, "{bounds:?}");
            crowding.closed(from, true);
            assert_eq!(let_in(&mut crowding, from, &bounds), again, "{bounds:?}");
            let other = Address::host([192, 0, 2, 2].into());
            assert_eq!(let_in(&mut crowding, other, &bounds), first, "{bounds:?}");
        }
    }

    #[test]
    fn who_logs_in_is_no_stranger_and_still_a_connection() {
        let from = Address::host([192, 0, 2, 1].into());
        let bounds = bounds(8, 5, "90/1h");
        let mut crowding = Crowding::default();
        assert_eq!(let_in(&mut crowding, from, &bounds), 5);
        crowding.logged_in(from);
        crowding.logged_in(from);
        assert_eq!(let_in(&mut crowding, from, &bounds), 2);
        crowding.closed(from, false);
        assert_eq!(let_in(&mut crowding, from, &bounds), 0);
        crowding.closed(from, true);
        assert_eq!(let_in(&mut crowding, from, &bounds), 1);
    }

    #[test]
    fn browsers_count_among_the_connections_alone() {
        let from = Address::host([192, 0, 2, 1].into());
        let bounds = bounds(5, 3, "3/1h");
        let mut crowding = Crowding::default();
        for _ in 0..5 {
            assert!(!crowding.is_crowded(from, &bounds));
            crowding.browser_came(from);
        }
        assert!(crowding.is_crowded(from, &bounds) && crowding.is_full(from, &bounds, NOW));
        crowding.browser_left(from);
        assert!(!crowding.is_crowded(from, &bounds) && !crowding.is_full(from, &bounds, NOW));
    }

    #[test]
    fn who_is_exempt_is_let_in_and_a_site_has_four_times_as_much() {
        let bounds = bounds(5, 5, "5/1h");
        for address in [[192, 0, 2, 200], [127, 0, 0, 1]] {
            let from = Address::host(address.into());
            assert_eq!(let_in(&mut Crowding::default(), from, &bounds), 100);
        }
        let mut crowding = Crowding::default();
        let network = |third| Address::host(format!("2001:db8:1:{third}::1").parse().unwrap());
        let all: Vec<usize> =
            (0..6).map(|third| let_in(&mut crowding, network(third), &bounds)).collect();
        assert_eq!(all, [5, 5, 5, 5, 0, 0]);
    }
}
