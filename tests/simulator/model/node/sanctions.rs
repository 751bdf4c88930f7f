//! Bans of users and of networks, which end by themselves.

use std::collections::BTreeSet;

use chatsrv::chat::address::Address;
use chatsrv::chat::answer::Item;
use chatsrv::chat::entry::Entry;
use chatsrv::chat::moderation::{BanLine, Banned};
use chatsrv::chat::name::Number;
use chatsrv::chat::sanction::{Sanction, Sanctioned};
use chatsrv::chat::term::Until;
use chatsrv::hub::job::Job;

use super::NodeModel;

/// The end of sanctions.
#[derive(Default)]
pub struct Endings {
    /// Those whose end is being kept, or could not be and is to be tried again.
    under_way: BTreeSet<Sanctioned>,
    /// How many ended by themselves.
    pub count: u64,
}

impl Endings {
    /// The server died.
    pub fn forget(&mut self) {
        self.under_way.clear();
    }
}

impl NodeModel {
    /// The time by which entries are decided, in whole seconds.
    pub(super) fn seconds(&self) -> u64 {
        self.log_time().0 / 1_000_000
    }

    /// Whether no connection from an address is taken.
    pub(super) fn is_covered(&self, from: Address, now: u64) -> bool {
        self.chat.people.sanctions().any(|(whom, sanction)| match whom {
            Sanctioned::Network(network) => network.contains(from) && !sanction.until.is_over(now),
            Sanctioned::Ban(_) => false,
        })
    }

    /// The hub has the end of a sanction kept.
    pub(super) fn sanction_ends(&mut self, whom: Sanctioned, until: u64) {
        assert!(Until::Time(until).is_over(self.seconds()), "{whom:?} ends too early");
        let sanction = self.chat.people.sanction(whom);
        assert!(sanction.is_some_and(|sanction| sanction.ends_at(until)), "{whom:?}, {until}");
        self.endings.under_way.insert(whom);
    }

    /// Whatever is over ends when something is due.
    pub(super) fn check_endings(&self) {
        let now = self.seconds();
        for (whom, sanction) in self.chat.people.sanctions() {
            let ends = !sanction.until.is_over(now) || self.endings.under_way.contains(&whom);
            assert!(ends, "{whom:?} ought to end: {sanction:?}");
        }
    }

    /// The store has kept what became of a sanction.
    pub(super) fn sanction_kept(&mut self, by: Number, job: &Job) {
        let (whom, entry) = match job {
            Job::SetSanction { whom, sanction } => {
                let sanction = sanction.clone();
                (*whom, Entry::SanctionSet { whom: *whom, by, sanction })
            }
            Job::EndSanction { whom, until } => {
                self.endings.count += 1;
                (*whom, Entry::SanctionOver { whom: *whom, until: *until })
            }
            _ => return,
        };
        self.endings.under_way.remove(&whom);
        self.propose_surely(entry);
        if let Sanctioned::Ban(user) = whom {
            self.ban_changed(user);
        }
    }

    /// What BANS ought to list.
    pub(super) fn bans(&self) -> Vec<Item> {
        let line = |(whom, sanction): (Sanctioned, &Sanction)| {
            let whom = match whom {
                Sanctioned::Ban(user) => Banned::User(self.name(user)),
                Sanctioned::Network(network) => Banned::Network(network),
            };
            let Sanction { by, since, until, reason } = sanction.clone();
            Item::Ban(Box::new(BanLine { whom, by: self.name(by), since, until, reason }))
        };
        self.chat.people.sanctions().map(line).collect()
    }
}
