//! What happened in the worlds, counted.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// How often each code came with each verb.
pub type Tally = HashMap<String, u64>;

/// Counts of one world, or of many.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub worlds: u64,
    /// The clients that connected.
    pub clients: u64,
    /// What reached the hub.
    pub events: u64,
    /// Messages that were confirmed to their senders.
    pub messages: u64,
    /// Messages that somebody received, apart from those in lists.
    pub deliveries: u64,
    /// How often a hub was compared with one that starts with what is on disk.
    pub restarts_compared: u64,
    pub said: Tally,
    /// What went wrong, by its name.
    pub faults: BTreeMap<&'static str, u64>,
}

impl Counts {
    pub fn fault(&mut self, name: &'static str) {
        *self.faults.entry(name).or_default() += 1;
    }

    pub fn add(&mut self, other: Counts) {
        let Counts { worlds, clients, events, messages, deliveries, .. } = other;
        let Counts { restarts_compared, said, faults, .. } = other;
        self.worlds += worlds;
        self.clients += clients;
        self.events += events;
        self.messages += messages;
        self.deliveries += deliveries;
        self.restarts_compared += restarts_compared;
        for (what, count) in said {
            *self.said.entry(what).or_default() += count;
        }
        for (what, count) in faults {
            *self.faults.entry(what).or_default() += count;
        }
    }

    /// All but the faults one by one.
    pub fn summary(&self) -> String {
        let Counts { worlds, clients, events, messages, deliveries, .. } = self;
        let restarts = self.restarts_compared;
        let faults: u64 = self.faults.values().sum();
        format!(
            "{worlds} worlds, {clients} clients, {events} events, {messages} messages confirmed, \
             {deliveries} delivered, {faults} faults, {restarts} restarts compared"
        )
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.summary())?;
        self.faults.iter().try_for_each(|(name, count)| write!(f, "\n  {count:>9} {name}"))
    }
}
