//! Accounts: who there is, who may do what, and whose passwords are being guessed.

#![allow(dead_code, reason = "the domains move onto it one after the other")]

pub mod directory;
pub mod networks;
pub mod roles;
pub mod throttle;

use directory::{Directory, OPERATOR, UserIndex};
use networks::KnownNetworks;
use roles::Roles;
use throttle::{Throttle, Try};

use crate::chat::account::Account;
use crate::chat::address::Address;
use crate::chat::name::{Number, UserName, UserRef};
use crate::hub::context::Cx;
use crate::hub::input::Now;
use crate::hub::job::{Job, JobId, Outcome, Snapshot, Value};
use crate::hub::pending::{Domain, Pending};

/// All accounts, and what is known of each.
#[derive(Debug)]
pub struct Accounts {
    pub directory: Directory,
    pub roles: Roles,
    pub throttle: Throttle,
    pub networks: KnownNetworks,
    /// Users whose networks are being kept.
    pending: Pending<UserIndex>,
}

impl Accounts {
    /// The accounts that were kept.
    pub fn new(kept: &mut Snapshot) -> Self {
        let directory = Directory::new(std::mem::take(&mut kept.accounts));
        let roles = Roles::new(kept, &directory);
        let networks = KnownNetworks::new(std::mem::take(&mut kept.networks), &directory);
        let (throttle, pending) = (Throttle::default(), Pending::new(Domain::Accounts));
        Accounts { directory, roles, throttle, networks, pending }
    }

    /// What the account of a user is.
    pub fn account(&self, user: UserIndex) -> &Account {
        self.directory.account(user)
    }

    /// The name of a user.
    pub fn name(&self, user: UserIndex) -> UserName {
        self.directory.account(user).name
    }

    /// The contact number of a user.
    pub fn number(&self, user: UserIndex) -> Number {
        self.directory.account(user).number
    }

    /// The user of that name or number.
    pub fn find(&self, user: UserRef) -> Option<UserIndex> {
        self.directory.find(user)
    }

    /// A try of the password of a name, as it is counted for somebody who comes from there.
    pub fn password_try(
        &self,
        name: UserName,
        user: Option<UserIndex>,
        from: Address,
        now: Now,
    ) -> Try {
        self.networks.password_try(name, user, from, today(now))
    }

    /// Notes from where a user has logged in. Nobody waits for it to come to the disk.
    pub fn logged_in_from(&mut self, user: UserIndex, from: Address, cx: &mut Cx<'_>) {
        let Some(prefix) = from.prefix().filter(|_| user != OPERATOR) else { return };
        if self.networks.logged_in(user, prefix, today(cx.core.now)) {
            let number = self.number(user);
            let networks = self.networks.get(user).into();
            self.pending.begin(Job::KeepNetworks { number, networks }, user, cx);
        }
    }

    /// The networks of a user are on disk, or are not.
    pub fn done(&mut self, id: JobId, outcome: &Outcome) {
        let Some(user) = self.pending.take(id) else { return };
        if *outcome != Ok(Value::Done) {
            self.networks.not_kept(user);
        }
    }

    /// How many jobs are under way.
    pub fn jobs(&self) -> usize {
        self.pending.len()
    }
}

const MICROS_PER_DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// Days since the Unix epoch.
fn today(now: Now) -> u32 {
    u32::try_from(now.unix_micros / MICROS_PER_DAY).unwrap_or(u32::MAX)
}
