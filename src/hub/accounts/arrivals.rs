//! What each network takes of logins, of new accounts, and of names that it asks for without a
//! password behind them.

use std::time::Duration;

use crate::bounds::allowance::Allowance;
use crate::bounds::limit::{Exempt, Limit};
use crate::bounds::usage::{NetworkUsage, Used};
use crate::chat::address::Address;
use crate::hub::config::ArrivalBounds;
use crate::limits::{LOGIN_PERIOD, LOGINS_PER_PERIOD_MAX, NAME_PERIOD, NAMES_PER_PERIOD_MAX};

/// How often users of one network may log in, unless rates are unbounded.
const LOGINS: Limit<Allowance> =
    Limit { most: Allowance::new(LOGINS_PER_PERIOD_MAX, LOGIN_PERIOD), spares_loopback: true };

/// How often a network may ask for a name. As with wrong passwords, this machine counts too, since
/// a proxy may stand there.
const NAMES: Limit<Allowance> =
    Limit { most: Allowance::new(NAMES_PER_PERIOD_MAX, NAME_PERIOD), spares_loopback: false };

/// The logins, the new accounts and the names asked for, by network.
#[derive(Debug)]
pub struct Arrivals {
    logins: ByNetwork,
    /// False if users may log in as often as they like.
    bounds_logins: bool,
    registrations: ByNetwork,
    registrations_total: Limit<Allowance>,
    all_registrations: Used,
    names: ByNetwork,
    exempt: Exempt,
}

/// A limit, and what each network has used up of it.
#[derive(Debug)]
struct ByNetwork {
    limit: Limit<Allowance>,
    usage: NetworkUsage,
}

impl ByNetwork {
    fn new(limit: Limit<Allowance>) -> Self {
        ByNetwork { limit, usage: NetworkUsage::default() }
    }

    fn wait(&self, from: Address, exempt: &Exempt, now: Duration) -> Option<Duration> {
        self.usage.wait(from.network(), self.limit.of(from, exempt)?, now)
    }

    fn take(&mut self, from: Address, exempt: &Exempt, now: Duration) {
        if let Some(often) = self.limit.of(from, exempt) {
            self.usage.take(from.network(), often, now);
        }
    }

    fn give_back(&mut self, from: Address, exempt: &Exempt, now: Duration) {
        if let Some(often) = self.limit.of(from, exempt) {
            self.usage.give_back(from.network(), often, now);
        }
    }
}

impl Arrivals {
    /// Creates the counts, with nothing used up. `bounds_logins` is false if users may log in as
    /// often as they like.
    pub fn new(bounds: &ArrivalBounds, bounds_logins: bool) -> Self {
        let ArrivalBounds { registrations, registrations_total, exempt } = bounds;
        Arrivals {
            logins: ByNetwork::new(LOGINS),
            bounds_logins,
            registrations: ByNetwork::new(*registrations),
            registrations_total: *registrations_total,
            all_registrations: Used::default(),
            names: ByNetwork::new(NAMES),
            exempt: exempt.clone(),
        }
    }

    /// The time until somebody at that address may log in; none if that is now.
    pub fn login_wait(&self, from: Address, now: Duration) -> Option<Duration> {
        self.logins.wait(from, &self.exempt, now).filter(|_| self.bounds_logins)
    }

    /// Counts a login that is tried.
    pub fn log_in(&mut self, from: Address, now: Duration) {
        self.logins.take(from, &self.exempt, now);
    }

    /// The time until somebody at that address may make an account; none if that is now.
    pub fn registration_wait(&self, from: Address, now: Duration) -> Option<Duration> {
        let own = self.registrations.wait(from, &self.exempt, now);
        let total = self.registrations_total.of(from, &self.exempt);
        own.max(total.and_then(|often| self.all_registrations.wait(often, now)))
    }

    /// Counts an account that is being made.
    pub fn register(&mut self, from: Address, now: Duration) {
        self.registrations.take(from, &self.exempt, now);
        if let Some(often) = self.registrations_total.of(from, &self.exempt) {
            self.all_registrations.take(often, now);
        }
    }

    /// Uncounts an account that was not made after all.
    pub fn did_not_register(&mut self, from: Address, now: Duration) {
        self.registrations.give_back(from, &self.exempt, now);
        if let Some(often) = self.registrations_total.of(from, &self.exempt) {
            self.all_registrations.give_back(often);
        }
    }

    /// The time until somebody at that address may ask for a name; none if that is now.
    pub fn name_wait(&self, from: Address, now: Duration) -> Option<Duration> {
        self.names.wait(from, &self.exempt, now)
    }

    /// Counts a name that was asked for, and no password came behind it.
    pub fn only_asked(&mut self, from: Address, now: Duration) {
        self.names.take(from, &self.exempt, now);
    }
}
