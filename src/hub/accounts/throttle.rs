//! The throttle of wrong passwords and tokens: failures are remembered for a while, so that neither
//! can be guessed over the wire.
//!
//! A try counts from when it is taken until it proves right, so that a crowd gets no more tries
//! than one after the other. The failures of strangers bind strangers alone: a network from which
//! an account has logged in has its own count for that name, and a token, which can't be guessed,
//! is judged by the count of its network.

use std::hash::Hash;
use std::time::Duration;

use crate::bounds::recent::Recent;
use crate::chat::address::Network;
use crate::chat::name::UserName;
use crate::limits::{
    FAILURE_DELAY, FAILURE_DELAY_MAX, FAILURE_FORGIVEN_AFTER, FAILURES_REMEMBERED_MAX,
    NAME_FAILURES_MAX, NETWORK_FAILURES_MAX,
};

/// A try of a password or a token, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Try {
    /// The network that it comes from.
    pub network: Network,
    /// The secret that is tried.
    pub of: TryOf,
}

/// The secret that is tried, and so the count by which a try is judged beside that of its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryOf {
    /// A token: no other count.
    Token,
    /// The password of a user who has logged in from the network: the count of that name and
    /// network.
    Known(UserName),
    /// The password of a name, whether or not somebody has it: the count of all strangers.
    Stranger(UserName),
}

impl Try {
    /// The name whose password is tried; none if a token is.
    pub fn name(&self) -> Option<UserName> {
        match self.of {
            TryOf::Token => None,
            TryOf::Known(name) | TryOf::Stranger(name) => Some(name),
        }
    }
}

/// The verdict on a try: when it may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be made now.
    Now,
    /// It must wait until some tries that are being checked for its network have proved right or
    /// wrong, and is then judged again: many people may sit behind one address.
    InTurn,
    /// It may not be made before that time is over.
    After(Duration),
}

/// The failures by name and by network.
#[derive(Debug, Default)]
pub struct Throttle {
    strangers: Table<UserName>,
    known: Table<(UserName, Network)>,
    networks: Table<Network>,
}

impl Throttle {
    /// Judges whether a try may be made now. Asking counts nothing.
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

    /// Counts a try that is made. It counts as long as it has not proved right.
    pub fn take(&mut self, tried: Try, now: Duration) {
        self.change(tried, now, Failures::take);
    }

    /// Uncounts a try that proved right, or was not checked after all.
    pub fn give_back(&mut self, tried: Try, now: Duration) {
        self.change(tried, now, Failures::give_back);
    }

    /// Counts a try that proved wrong. Returns how long to hold back the answer.
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

    /// Changes the counts of a try. Returns the larger number of failures of its counts.
    fn change(&mut self, tried: Try, now: Duration, change: fn(&mut Failures)) -> u32 {
        let name = match tried.of {
            TryOf::Token => 0,
            TryOf::Known(name) => self.known.change((name, tried.network), now, change),
            TryOf::Stranger(name) => self.strangers.change(name, now, change),
        };
        name.max(self.networks.change(tried.network, now, change))
    }
}

/// The failures by key. Those of keys that did not fail lately are forgotten where there are many.
#[derive(Debug)]
struct Table<K>(Recent<K, Failures>);

impl<K: Eq + Hash> Default for Table<K> {
    fn default() -> Self {
        Table(Recent::with_room_for(FAILURES_REMEMBERED_MAX))
    }
}

/// The tries of a key that failed or are being checked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Failures {
    /// Tries that failed or are being checked.
    count: u32,
    /// Tries that are being checked.
    checking: u32,
    /// The time from which the next failure ages until it is forgiven, on the monotonic clock.
    since: Duration,
}

impl Failures {
    /// The same failures at a later time, without those that are forgiven by then.
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

    /// The number of tries that proved wrong.
    fn failed(self) -> u32 {
        self.count.saturating_sub(self.checking)
    }

    /// The time until fewer than `max` tries count; none if fewer count now.
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
        self.0
            .get(key)
            .map_or(Failures { since: now, ..Failures::default() }, |failures| failures.at(now))
    }

    /// Changes the failures of a key. Returns the number of tries that proved wrong.
    fn change(&mut self, key: K, now: Duration, change: fn(&mut Failures)) -> u32 {
        let mut failures = self.get(&key, now);
        change(&mut failures);
        if (failures.count, failures.checking) == (0, 0) {
            self.0.remove(&key);
            return 0;
        }
        self.0.insert(key, failures);
        failures.failed()
    }
}

#[cfg(test)]
mod tests;
