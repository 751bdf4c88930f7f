//! How many each network has at a time.

use std::collections::HashMap;
use std::hash::Hash;

use crate::chat::address::{Network, Prefix};
use crate::limits::SITE_FACTOR;

/// A count by network, and by /48.
#[derive(Debug, Default)]
pub struct Headcount {
    networks: HashMap<Network, u32>,
    sites: HashMap<Prefix, u32>,
}

impl Headcount {
    /// Returns true if a network may not have one more, with a limit of `most`.
    pub fn is_full(&self, network: Network, most: u32) -> bool {
        let count = self.networks.get(&network).copied().unwrap_or(0);
        let site = network.site().and_then(|site| self.sites.get(&site)).copied().unwrap_or(0);
        count >= most || site >= most.saturating_mul(SITE_FACTOR)
    }

    /// Counts one more.
    pub fn add(&mut self, network: Network) {
        *self.networks.entry(network).or_default() += 1;
        if let Some(site) = network.site() {
            *self.sites.entry(site).or_default() += 1;
        }
    }

    /// Counts one less.
    pub fn remove(&mut self, network: Network) {
        remove(&mut self.networks, network);
        if let Some(site) = network.site() {
            remove(&mut self.sites, site);
        }
    }
}

fn remove<K: Eq + Hash>(counts: &mut HashMap<K, u32>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::address::Address;

    fn network(text: &str) -> Network {
        Address::host(text.parse().unwrap()).network()
    }

    #[test]
    fn networks_count_apart_and_a_site_four_times() {
        let mut count = Headcount::default();
        for last in 1..10 {
            let network = network(&format!("192.0.2.{last}"));
            assert!(!count.is_full(network, 1));
            count.add(network);
            assert!(count.is_full(network, 1) && !count.is_full(network, 2));
        }
        for third in 0..4 {
            let network = network(&format!("2001:db8:1:{third}::1"));
            assert!(!count.is_full(network, 1));
            count.add(network);
        }
        let fifth = network("2001:db8:1:4::1");
        assert!(count.is_full(fifth, 1) && !count.is_full(fifth, 2));
        assert!(!count.is_full(network("2001:db8:2::1"), 1));
        count.remove(network("2001:db8:1:2::77"));
        assert!(!count.is_full(fifth, 1));
    }

    #[test]
    fn who_has_none_takes_no_memory() {
        let mut count = Headcount::default();
        let network = network("2001:db8::1");
        count.add(network);
        count.add(network);
        count.remove(network);
        assert!(count.is_full(network, 1));
        count.remove(network);
        assert!(count.networks.is_empty() && count.sites.is_empty());
    }
}
