//! Wrong passwords and tokens, remembered for a while, so that they can't be guessed over the wire.
//!
//! A try counts from when it is taken until it proves right, so that a crowd gets no more tries
//! than one after the other. What strangers fail binds strangers alone: a network from which an
//! account has logged in has its own count for that name, and a token, which can't be guessed, is
//! judged by the count of its network.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use crate::chat::address::Address;
use crate::chat::name::UserName;
use crate::limits::{
    FAILURE_DELAY, FAILURE_DELAY_MAX, FAILURE_FORGIVEN_AFTER, FAILURES_REMEMBERED_MAX,
    NAME_FAILURES_MAX, NETWORK_FAILURES_MAX,
};

/// A try of a password or a token, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Try {
    /// Where it comes from.
    pub network: Address,
    /// What it is for.
    pub of: TryOf,
}

/// What a try is for, and so by which counts it is judged beside that of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryOf {
    /// A token: none.
    Token,
    /// The password of somebody who has logged in from there: the count of that name and network.
    Known(UserName),
    /// The password of that name, whether or not somebody has it: the count of all strangers.
    Stranger(UserName),
}

/// Whether a try may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Now,
    /// It may or may not, once some that are being checked for its network have proved right or
    /// wrong: many people may sit behind one address.
    InTurn,
    /// Not before that time is over.
    After(Duration),
}

/// Failures by name and by network.
#[derive(Debug, Default)]
pub struct Throttle {
    strangers: Table<UserName>,
    known: Table<(UserName, Address)>,
    networks: Table<Address>,
}

impl Throttle {
    /// Whether a try may be made now; to ask costs nothing.
    pub fn judge(&self, tried: Try, now: Duration) -> Verdict {
        let name = match tried.of {
            TryOf::Token => Failures::default(),
            TryOf::Known(name) => self.known.get(&(name, tried.network), now),
            TryOf::Stranger(name) => self.strangers.get(&name, now),
        };
        let network = self.networks.get(&tried.network, now);
        let has_failed = network.failed() >= NETWORK_FAILURES_MAX;
        let network_wait = network.wait(NETWORK_FAILURES_MAX, now);
        match (name.wait(NAME_FAILURES_MAX, now), network_wait.filter(|_| has_failed)) {
            (None, None) if network_wait.is_some() => Verdict::InTurn,
            (None, None) => Verdict::Now,
            (name, network) => Verdict::After(name.max(network).unwrap_or_default()),
        }
    }

    /// A try is made, and counts as long as it has not proved right.
    pub fn take(&mut self, tried: Try, now: Duration) {
        self.change(tried, now, Failures::take);
    }

    /// It proved right, or was not checked after all.
    pub fn give_back(&mut self, tried: Try, now: Duration) {
        self.change(tried, now, Failures::give_back);
    }

    /// It proved wrong. Tells how long to keep that to ourselves.
    pub fn wrong(&mut self, tried: Try, now: Duration) -> Duration {
        let failed = self.change(tried, now, Failures::fail);
        match failed {
            0 | 1 => Duration::ZERO,
            more => {
                let doublings = (more - 2).min(16);
                FAILURE_DELAY.saturating_mul(1 << doublings).min(FAILURE_DELAY_MAX)
            }
        }
    }

    /// Changes the counts of a try, and tells the larger number of those that have failed.
    fn change(&mut self, tried: Try, now: Duration, change: fn(&mut Failures)) -> u32 {
        let name = match tried.of {
            TryOf::Token => 0,
            TryOf::Known(name) => self.known.change((name, tried.network), now, change),
            TryOf::Stranger(name) => self.strangers.change(name, now, change),
        };
        name.max(self.networks.change(tried.network, now, change))
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

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Failures {
    /// With those that are being checked.
    count: u32,
    /// How many are being checked.
    checking: u32,
    /// From when on the next one is forgiven, on the monotonic clock.
    since: Duration,
}

impl Failures {
    /// The same failures at a later time.
    fn at(self, now: Duration) -> Failures {
        let periods = now.saturating_sub(self.since).as_millis() as u64
            / FAILURE_FORGIVEN_AFTER.as_millis() as u64;
        let forgiven = self.count.min(u32::try_from(periods).unwrap_or(u32::MAX));
        match self.count - forgiven {
            0 => Failures { count: 0, since: now, ..self },
            count => {
                Failures { count, since: self.since + FAILURE_FORGIVEN_AFTER * forgiven, ..self }
            }
        }
    }

    /// How many have proved wrong.
    fn failed(self) -> u32 {
        self.count.saturating_sub(self.checking)
    }

    fn wait(self, max: u32, now: Duration) -> Option<Duration> {
        let excess = self.count.checked_sub(max)? + 1;
        Some((self.since + FAILURE_FORGIVEN_AFTER * excess).saturating_sub(now))
    }

    fn take(&mut self) {
        self.count += 1;
        self.checking += 1;
    }

    fn give_back(&mut self) {
        self.count = self.count.saturating_sub(1);
        self.checking = self.checking.saturating_sub(1);
    }

    fn fail(&mut self) {
        self.checking = self.checking.saturating_sub(1);
    }
}

impl<K: Eq + Hash> Table<K> {
    fn get(&self, key: &K, now: Duration) -> Failures {
        let found = self.young.get(key).or_else(|| self.old.get(key));
        found.map_or(Failures { since: now, ..Failures::default() }, |failures| failures.at(now))
    }

    /// Changes the failures of a key, and tells how many have proved wrong.
    fn change(&mut self, key: K, now: Duration, change: fn(&mut Failures)) -> u32 {
        let mut failures = self.get(&key, now);
        change(&mut failures);
        if (failures.count, failures.checking) == (0, 0) {
            self.young.remove(&key);
            self.old.remove(&key);
            return 0;
        }
        if self.young.len() >= FAILURES_REMEMBERED_MAX && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, failures);
        failures.failed()
    }
}

#[cfg(test)]
mod tests;
