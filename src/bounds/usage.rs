//! How much of its allowance each network has used up.

use std::hash::Hash;
use std::time::Duration;

use super::allowance::Allowance;
use super::recent::Recent;
use crate::chat::address::{Network, Prefix};
use crate::limits::{NETWORKS_REMEMBERED_MAX, SITE_FACTOR};

/// How much of one allowance has been used up: the time at which the next use is on time, on the
/// monotonic clock (the theoretical arrival time of the algorithm).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    next_at: Duration,
}

impl Used {
    /// The time until one more is allowed; none if it is now. Asking uses nothing up.
    pub fn wait(self, allowance: Allowance, now: Duration) -> Option<Duration> {
        let ahead = self.next_at.saturating_sub(now);
        ahead.checked_sub(allowance.burst()).filter(|wait| !wait.is_zero())
    }

    /// Uses one up.
    pub fn take(&mut self, allowance: Allowance, now: Duration) {
        self.next_at = self.next_at.max(now) + allowance.interval();
    }

    /// Gives back one that was taken.
    pub fn give_back(&mut self, allowance: Allowance) {
        self.next_at = self.next_at.saturating_sub(allowance.interval());
    }

    /// Returns true if nothing is used up.
    fn is_nothing(self, now: Duration) -> bool {
        self.next_at <= now
    }
}

/// How much of an allowance each network, and each /48, has used up.
#[derive(Debug)]
pub struct NetworkUsage {
    networks: Recent<Network, Used>,
    sites: Recent<Prefix, Used>,
}

impl Default for NetworkUsage {
    fn default() -> Self {
        NetworkUsage {
            networks: Recent::with_room_for(NETWORKS_REMEMBERED_MAX),
            sites: Recent::with_room_for(NETWORKS_REMEMBERED_MAX),
        }
    }
}

impl NetworkUsage {
    /// The time until a network may use one more; none if it may now. Asking uses nothing up.
    pub fn wait(&self, network: Network, allowance: Allowance, now: Duration) -> Option<Duration> {
        let own = self.networks.get(&network).and_then(|used| used.wait(allowance, now));
        let site = network.site().and_then(|site| self.sites.get(&site));
        own.max(site.and_then(|used| used.wait(allowance.times(SITE_FACTOR), now)))
    }

    /// Uses one up.
    pub fn take(&mut self, network: Network, allowance: Allowance, now: Duration) {
        self.change(network, allowance, now, |used, allowance| used.take(allowance, now));
    }

    /// Gives back one that was taken.
    pub fn give_back(&mut self, network: Network, allowance: Allowance, now: Duration) {
        self.change(network, allowance, now, Used::give_back);
    }

    fn change(
        &mut self,
        network: Network,
        allowance: Allowance,
        now: Duration,
        change: impl Fn(&mut Used, Allowance),
    ) {
        change_one(&mut self.networks, network, now, |used| change(used, allowance));
        if let Some(site) = network.site() {
            let allowance = allowance.times(SITE_FACTOR);
            change_one(&mut self.sites, site, now, |used| change(used, allowance));
        }
    }
}

fn change_one<K: Eq + Hash>(
    map: &mut Recent<K, Used>,
    key: K,
    now: Duration,
    change: impl FnOnce(&mut Used),
) {
    let mut used = map.get(&key).copied().unwrap_or_default();
    change(&mut used);
    match used.is_nothing(now) {
        true => map.remove(&key),
        false => map.insert(key, used),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::address::Address;

    const START: Duration = Duration::from_secs(1000);

    fn network(text: &str) -> Network {
        Address::host(text.parse().unwrap()).network()
    }

    fn take(
        usage: &mut NetworkUsage,
        network: Network,
        allowance: Allowance,
        now: Duration,
    ) -> bool {
        let may = usage.wait(network, allowance, now).is_none();
        if may {
            usage.take(network, allowance, now);
        }
        may
    }

    #[test]
    fn so_many_come_at_once_and_then_one_in_each_interval() {
        let allowance: Allowance = "5/1h".parse().unwrap();
        let mut used = Used::default();
        for _ in 0..5 {
            assert_eq!(used.wait(allowance, START), None);
            used.take(allowance, START);
        }
        let interval = Duration::from_secs(720);
        assert_eq!(used.wait(allowance, START), Some(interval));
        assert_eq!(used.wait(allowance, START + interval), None);
        used.give_back(allowance);
        assert_eq!(used.wait(allowance, START), None);
        used.take(allowance, START + 5 * interval);
        for _ in 1..5 {
            assert_eq!(used.wait(allowance, START + 5 * interval), None);
            used.take(allowance, START + 5 * interval);
        }
        assert_eq!(used.wait(allowance, START + 5 * interval), Some(interval));
    }

    #[test]
    fn networks_count_apart_and_a_site_four_times() {
        let allowance: Allowance = "2/1h".parse().unwrap();
        let mut usage = NetworkUsage::default();
        for last in 1..10 {
            let network = network(&format!("192.0.2.{last}"));
            let taken: Vec<bool> =
                (0..3).map(|_| take(&mut usage, network, allowance, START)).collect();
            assert_eq!(taken, [true, true, false], "{last}");
        }
        let taken = (0..10).map(|third| network(&format!("2001:db8:1:{third}::1")));
        let taken: Vec<usize> = taken
            .map(|network| (0..3).filter(|_| take(&mut usage, network, allowance, START)).count())
            .collect();
        assert_eq!(taken, [2, 2, 2, 2, 0, 0, 0, 0, 0, 0]);
        assert!(take(&mut usage, network("2001:db8:2::1"), allowance, START));
    }

    #[test]
    fn what_is_not_used_up_is_forgotten() {
        let allowance: Allowance = "2/1h".parse().unwrap();
        let mut usage = NetworkUsage::default();
        let network = network("2001:db8::1");
        usage.take(network, allowance, START);
        assert!(!usage.networks.is_empty() && !usage.sites.is_empty());
        usage.give_back(network, allowance, START);
        assert!(usage.networks.is_empty() && usage.sites.is_empty());
    }
}
