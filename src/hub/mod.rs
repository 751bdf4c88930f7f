//! The hub: the chat itself, with its rules and its state.
//!
//! [`Hub::handle`] takes one [`Input`] and the time, and adds [`Effects`]. There is no socket,
//! file, clock, source of random numbers or thread in here, so that a test can be the world: see
//! tests/simulator.
//!
//! The state is divided into domains (`domains.rs`): accounts, presence, groups, messages, files,
//! calls, logins, administration. Each is a struct with the jobs that it waits for, and is handed
//! what it needs of the others. Five files go across the domains: `requests.rs` and `outcomes.rs`
//! hand requests and outcomes to the domain that they belong to, `decide.rs` decides entries,
//! `lifecycle.rs` leads a session from the greeting to its end, and `check.rs` holds the
//! invariants.
//!
//! A request that changes the chat makes an [`Entry`](crate::chat::entry::Entry), and nothing but
//! the decision on an entry changes it. Requests, their senders and the answers that wait belong to
//! this server alone; the state that entries have made is [`Hub::digest`].

mod access;
mod accounts;
mod admin;
mod audit;
mod away;
mod budgets;
mod calls;
mod check;
pub mod config;
mod confirmation;
mod context;
pub mod counters;
mod decide;
mod decision;
mod devices;
mod digest;
mod domains;
pub mod effect;
pub mod export_job;
mod exports;
mod failed_logins;
mod files;
mod groups;
mod identify;
pub mod input;
pub mod job;
mod lifecycle;
mod login;
mod messages;
mod moderate;
mod monitors;
mod new_account;
mod online;
mod outcome;
mod outcomes;
mod pending;
mod people;
mod presence;
mod proposal;
mod removals;
mod reports;
mod requests;
mod rules;
pub mod selection;
mod sequence;
mod sessions;
pub mod snapshot;
mod storms;
mod try_again;
mod turns;
mod unannounced;
mod whois;

use std::time::Duration;

use crate::chat::address::Address;
use crate::chat::name::{Number, UserName};
use crate::hub::accounts::directory::OPERATOR;
use crate::hub::config::Config;
use crate::hub::context::{Core, Cx};
use crate::hub::counters::{Counters, Gauges};
use crate::hub::domains::Domains;
use crate::hub::effect::Effects;
use crate::hub::files::Files;
use crate::hub::input::{ConnId, Input, Now};
use crate::hub::sequence::Sequence;
use crate::hub::snapshot::Snapshot;

/// The chat.
#[derive(Debug)]
pub struct Hub {
    core: Core,
    domains: Domains,
}

impl Hub {
    /// Creates a chat from what the store kept, with nobody online. Every random choice of the hub
    /// comes from `seed`.
    pub fn new(config: Config, seed: u64, kept: Snapshot) -> Self {
        let sequence = Sequence::above(kept.id_mark);
        let domains = Domains::new(&config, kept);
        Hub { core: Core::new(config, seed, sequence), domains }
    }

    /// Handles an input, and adds what is to be done to `effects`. Input of a connection that is
    /// gone is dropped. A request must come only while its connection [takes
    /// input](Self::takes_input).
    pub fn handle(&mut self, input: Input, now: Now, effects: &mut Effects) {
        self.core.set_time(now);
        let (domains, cx) = (&mut self.domains, &mut Cx::new(&mut self.core, effects));
        match input {
            Input::Connected { conn, from, encryption } => {
                lifecycle::connected(domains, conn, (from, encryption), cx);
            }
            Input::Asked { conn, request } => requests::asked(domains, conn, request, cx),
            Input::File { conn, stream } => Files::stray_chunk(conn, stream, cx),
            Input::DownloadOver { conn, stream, end } => {
                Files::download_over(conn, stream, end, cx);
            }
            Input::UploadOver { conn, stream, end } => {
                domains.files.upload_over(conn, stream, end, cx);
            }
            Input::PageRead { conn } => domains.messages.history.next_page(conn, cx),
            Input::Disconnected { conn } => lifecycle::lost(domains, conn, cx),
            Input::Done { job_id, outcome } => outcomes::outcome(domains, job_id, outcome, cx),
            Input::Deadline => lifecycle::deadline(domains, cx),
            Input::Shutdown { seconds } => {
                domains.admin.stopping(seconds, cx);
                lifecycle::stopping(domains, cx);
            }
            Input::AuditFails(fails) => cx.core.audit.set_fails(fails),
            Input::MotdRead(text) => domains.accounts.motd.set(&text),
        }
        lifecycle::settle(domains, cx);
    }

    /// Returns true if the connection's next frame may be handled. It may not while a password is
    /// checked, an upload is being opened, a list is under way or waits for its turn, or more
    /// answers wait than a session may have; nor once the connection is closed.
    pub fn takes_input(&self, conn: ConnId) -> bool {
        self.core.sessions.get(conn).is_some_and(|session| session.takes_input())
    }

    /// Returns true if every request of the connection has been answered, and the outcome of each
    /// complete upload was told.
    pub fn has_answered(&self, conn: ConnId) -> bool {
        self.core.sessions.get(conn).is_none_or(|session| session.has_answered())
    }

    /// The name of the user with a number, if there is one.
    pub fn name_of(&self, user: Number) -> Option<UserName> {
        let accounts = &self.domains.accounts;
        accounts.directory.find_number(user).map(|user| accounts.name(user))
    }

    /// The user who speaks over a connection, for limits of how much one user says. The operator
    /// has none.
    pub fn speaker(&self, conn: ConnId) -> Option<UserName> {
        let user = self.core.user_of(conn)?;
        (user != OPERATOR).then(|| self.domains.accounts.name(user))
    }

    /// Returns true if connections from an address are not taken now.
    pub fn has_banned(&self, from: Address, now: Now) -> bool {
        let sanctions = &self.domains.accounts.roles.sanctions;
        let is_exempt = || self.core.config.arrivals.exempt.contains(from);
        sanctions.cover(from, now.unix_micros / 1_000_000) && !is_exempt()
    }

    /// Counters of what has happened since the server started.
    pub fn counters(&self) -> &Counters {
        &self.core.counters
    }

    /// Gauges of what operators look at, as of now.
    pub fn gauges(&self) -> Gauges {
        let Domains { accounts, presence, groups, messages, calls, .. } = &self.domains;
        Gauges {
            users_online: presence.len(),
            users_up: calls.len(),
            sessions_not_logged_in: self.core.sessions.len() - presence.sessions(),
            accounts: accounts.directory.len(),
            accounts_banned: accounts.roles.banned(),
            groups: groups.len(),
            jobs: self.domains.jobs(),
            lists: messages.history.lists(),
        }
    }

    /// The time at which to hand in [`Input::Deadline`], on the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.domains.next_deadline(&self.core)
    }

    /// Checks the invariants between two inputs. It walks through everything, so it is for tests.
    ///
    /// # Panics
    /// If an invariant does not hold.
    pub fn check_invariants(&self) {
        check::invariants(&self.domains, &self.core);
    }

    /// Returns true if everything that entries have made is on disk. For tests.
    pub fn is_kept(&self) -> bool {
        digest::is_kept(&self.domains)
    }

    /// The state that all entries have made, for tests: it is the same after a restart with what
    /// was kept.
    pub fn digest(&self) -> Vec<String> {
        digest::digest(&self.domains)
    }

    /// Returns true if nobody is connected and nothing is under way.
    pub fn is_idle(&self) -> bool {
        check::is_idle(&self.domains, &self.core)
    }
}
