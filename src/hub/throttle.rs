//! Failed logins, remembered for a while, so that passwords can't be guessed over the wire.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use crate::limits::{
    FAILURE_DELAY, FAILURE_DELAY_MAX, FAILURE_FORGIVEN_AFTER, FAILURES_REMEMBERED_MAX,
    NAME_FAILURES_MAX, NETWORK_FAILURES_MAX,
};
use crate::protocol::address::Address;
use crate::protocol::name::UserName;

/// Failed logins by name, whether or not somebody has it, and by network.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    names: Table<UserName>,
    networks: Table<Address>,
}

impl Throttle {
    /// How long to wait before a login with that name from that network is tried again; nothing
    /// where it may be tried now.
    pub fn wait(&self, name: UserName, network: Address, now: Duration) -> Option<Duration> {
        let name = self.names.wait(&name, NAME_FAILURES_MAX, now);
        let network = self.networks.wait(&network, NETWORK_FAILURES_MAX, now);
        name.max(network)
    }

    /// A password for `name` is about to be checked. It counts as failed until it proves right, so
    /// that many connections at once get no more tries than one.
    pub fn attempt(&mut self, name: UserName, now: Duration) {
        self.names.add(name, now);
    }

    /// The password proved right.
    pub fn right(&mut self, name: UserName) {
        self.names.forget(&name);
    }

    /// The password was not checked after all.
    pub fn unchecked(&mut self, name: UserName) {
        self.names.take_back(&name);
    }

    /// The password proved wrong. Tells how long to keep that to ourselves.
    pub fn wrong(&mut self, name: UserName, network: Address, now: Duration) -> Duration {
        self.networks.add(network, now);
        let failures = self.names.count(&name, now).max(self.networks.count(&network, now));
        match failures {
            0 | 1 => Duration::ZERO,
            more => {
                let doublings = (more - 2).min(16);
                FAILURE_DELAY.saturating_mul(1 << doublings).min(FAILURE_DELAY_MAX)
            }
        }
    }
}

/// Failures by key. The table is bounded: once the young half is full, it becomes the old half, and
/// what was in the old half and did not fail again is forgotten.
#[derive(Debug)]
struct Table<K> {
    young: HashMap<K, Failures>,
    old: HashMap<K, Failures>,
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Table { young: HashMap::new(), old: HashMap::new() }
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    /// From when on the next one is forgiven, on the steady clock.
    since: Duration,
}

impl Failures {
    /// The same failures at a later time.
    fn at(self, now: Duration) -> Failures {
        let periods = now.saturating_sub(self.since).as_millis() as u64
            / FAILURE_FORGIVEN_AFTER.as_millis() as u64;
        let forgiven = self.count.min(u32::try_from(periods).unwrap_or(u32::MAX));
        match self.count - forgiven {
            0 => Failures { count: 0, since: now },
            count => Failures { count, since: self.since + FAILURE_FORGIVEN_AFTER * forgiven },
        }
    }
}

impl<K: Eq + Hash> Table<K> {
    fn find(&self, key: &K) -> Option<&Failures> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    fn count(&self, key: &K, now: Duration) -> u32 {
        self.find(key).map_or(0, |failures| failures.at(now).count)
    }

    fn wait(&self, key: &K, max: u32, now: Duration) -> Option<Duration> {
        let failures = self.find(key)?.at(now);
        let excess = failures.count.checked_sub(max)? + 1;
        Some((failures.since + FAILURE_FORGIVEN_AFTER * excess).saturating_sub(now))
    }

    fn add(&mut self, key: K, now: Duration) {
        let before = self.find(&key).map_or(Failures { count: 0, since: now }, |f| f.at(now));
        if self.young.len() >= FAILURES_REMEMBERED_MAX && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, Failures { count: before.count.saturating_add(1), ..before });
    }

    fn take_back(&mut self, key: &K) {
        if let Some(failures) = self.young.get_mut(key).or_else(|| self.old.get_mut(key)) {
            failures.count = failures.count.saturating_sub(1);
        }
    }

    fn forget(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1000);

    fn network(last: u8) -> Address {
        Address::host([192, 0, 2, last].into())
    }

    fn name(text: &str) -> UserName {
        text.parse().unwrap()
    }

    fn fail(throttle: &mut Throttle, who: UserName, from: Address, now: Duration) -> Duration {
        throttle.attempt(who, now);
        throttle.wrong(who, from, now)
    }

    #[test]
    fn the_first_failure_is_told_at_once_and_the_next_ones_later_and_later() {
        let mut throttle = Throttle::default();
        let delays: Vec<u128> = (0..9)
            .map(|_| fail(&mut throttle, name("bob"), network(1), START).as_millis())
            .collect();
        assert_eq!(delays, [0, 250, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
    }

    #[test]
    fn a_name_has_to_wait_from_wherever_it_is_tried_and_is_forgiven() {
        let mut throttle = Throttle::default();
        for at in 0..NAME_FAILURES_MAX {
            assert_eq!(throttle.wait(name("bob"), network(200), START), None, "after {at}");
            fail(&mut throttle, name("bob"), network(at as u8), START);
        }
        let wait = throttle.wait(name("BOB"), network(200), START).unwrap();
        assert_eq!(wait, FAILURE_FORGIVEN_AFTER);
        assert_eq!(throttle.wait(name("carol"), network(200), START), None);
        assert_eq!(throttle.wait(name("bob"), network(200), START + wait), None);
        fail(&mut throttle, name("bob"), network(1), START + wait);
        assert!(throttle.wait(name("bob"), network(200), START + wait).is_some());
    }

    #[test]
    fn a_network_has_to_wait_whatever_name_it_tries() {
        let mut throttle = Throttle::default();
        for at in 0..NETWORK_FAILURES_MAX {
            assert_eq!(throttle.wait(name("bob"), network(1), START), None);
            fail(&mut throttle, name(&format!("u{at}")), network(1), START);
        }
        assert_eq!(throttle.wait(name("bob"), network(1), START), Some(FAILURE_FORGIVEN_AFTER));
        assert_eq!(throttle.wait(name("bob"), network(2), START), None);
    }

    #[test]
    fn attempts_under_way_count_and_a_right_one_clears_them() {
        let mut throttle = Throttle::default();
        for _ in 0..NAME_FAILURES_MAX {
            throttle.attempt(name("bob"), START);
        }
        assert!(throttle.wait(name("bob"), network(1), START).is_some());
        throttle.unchecked(name("bob"));
        assert_eq!(throttle.wait(name("bob"), network(1), START), None);
        throttle.attempt(name("bob"), START);
        throttle.right(name("bob"));
        assert_eq!(throttle.wait(name("bob"), network(1), START), None);
        assert_eq!(fail(&mut throttle, name("bob"), network(1), START), Duration::ZERO);
    }

    #[test]
    fn the_tables_are_bounded_and_keep_who_failed_lately() {
        let mut table = Table::default();
        for key in 0..5 * FAILURES_REMEMBERED_MAX {
            table.add(key, START);
            assert_eq!(table.count(&key, START), 1);
            assert!(table.young.len() + table.old.len() <= 2 * FAILURES_REMEMBERED_MAX);
        }
        assert_eq!(table.count(&0, START), 0);
    }
}
