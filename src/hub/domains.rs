//! The domains of the hub, side by side.

use std::time::Duration;

use crate::chat::id::MessageId;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::arrivals::Arrivals;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::accounts::doors::Doors;
use crate::hub::accounts::invites::Invites;
use crate::hub::admin::Admin;
use crate::hub::calls::Calls;
use crate::hub::config::Config;
use crate::hub::context::{Core, Cx};
use crate::hub::devices::Devices;
use crate::hub::exports::Exports;
use crate::hub::files::Files;
use crate::hub::groups::Groups;
use crate::hub::groups::users::Users;
use crate::hub::input::ConnId;
use crate::hub::login::Login;
use crate::hub::messages::Messages;
use crate::hub::pending::{Domain, Pending};
use crate::hub::people::People;
use crate::hub::presence::Presence;
use crate::hub::removals::Removals;
use crate::hub::reports::Reports;
use crate::hub::snapshot::Snapshot;
use crate::hub::whois::Whois;

/// All domains. Each has its own state, and is handed what it needs of the others.
#[derive(Debug)]
pub struct Domains {
    pub accounts: Accounts,
    pub presence: Presence,
    pub groups: Groups,
    pub messages: Messages,
    pub files: Files,
    pub calls: Calls,
    pub admin: Admin,
    pub login: Login,
    pub devices: Devices,
    pub whois: Whois,
    pub reports: Reports,
    pub removals: Removals,
    pub exports: Exports,
    pub own: OwnJobs,
}

/// The jobs of the hub that belong to no domain.
#[derive(Debug)]
pub struct OwnJobs {
    /// Users who are being let in, while their unread messages are counted.
    pub welcomes: Pending<(ConnId, UserIndex)>,
    /// Ceilings of the ids that are being kept; one at a time.
    pub ceilings: Pending<MessageId>,
}

impl Domains {
    /// Creates the domains from what the store kept, with nobody online.
    pub fn new(config: &Config, mut kept: Snapshot) -> Self {
        let messages = Messages::new(config, &kept.keys, kept.id_mark);
        let arrivals = Arrivals::new(&config.arrivals, config.bounds_rates);
        let invites = Invites::new(std::mem::take(&mut kept.invites));
        let doors = Doors::new(config.registration, invites);
        let mut accounts = Accounts::new(arrivals, doors, &mut kept);
        accounts.new_see_history = config.rules.new_see_history;
        let reports = Reports::new(&mut kept, &accounts);
        let removals = Removals::new(&kept);
        let exports = Exports::new(std::mem::take(&mut kept.wishes.exports), &accounts);
        Domains {
            presence: Presence::default(),
            devices: Devices::new(&kept, &accounts),
            groups: Groups::new((kept.groups, kept.untold), &accounts),
            accounts,
            messages,
            files: Files::new(config.files.places),
            calls: Calls::new(config.alive_period),
            admin: Admin::default(),
            login: Login::default(),
            whois: Whois::default(),
            reports,
            removals,
            exports,
            own: OwnJobs {
                welcomes: Pending::new(Domain::Hub),
                ceilings: Pending::new(Domain::Sequence),
            },
        }
    }

    /// The accounts, presence and groups, to be read.
    pub fn people(&self) -> People<'_> {
        let Domains { accounts, presence, groups, .. } = self;
        People { accounts, presence, groups }
    }

    /// The groups domain, and the users it needs to know.
    pub fn groups(&mut self) -> (&mut Groups, Users<'_>) {
        let Domains { accounts, presence, groups, .. } = self;
        (groups, Users { accounts, presence })
    }

    /// The messages domain, and the people it needs to know.
    pub fn messages(&mut self) -> (&mut Messages, People<'_>) {
        let Domains { accounts, presence, groups, messages, .. } = self;
        (messages, People { accounts, presence, groups })
    }

    /// The files domain, and the people it needs to know.
    pub fn files(&mut self) -> (&mut Files, People<'_>) {
        let Domains { accounts, presence, groups, files, .. } = self;
        (files, People { accounts, presence, groups })
    }

    /// The number of jobs under way.
    pub fn jobs(&self) -> usize {
        [
            self.accounts.jobs(),
            self.groups.jobs(),
            self.messages.jobs(),
            self.files.jobs(),
            self.calls.jobs(),
            self.admin.jobs(),
            self.login.jobs(),
            self.devices.jobs(),
            self.whois.jobs(),
            self.reports.jobs(),
            self.removals.jobs(),
            self.exports.jobs(),
            self.own.welcomes.len(),
            self.own.ceilings.len(),
        ]
        .into_iter()
        .sum()
    }

    /// The time at which something is due by itself, on the monotonic clock.
    pub fn next_deadline(&self, core: &Core) -> Option<Duration> {
        let all = [
            self.presence.next_deadline(),
            self.login.next_deadline(),
            self.messages.history.next_deadline(),
            self.groups.next_deadline(core),
            self.files.next_deadline(),
            self.calls.next_look(),
            self.removals.next_deadline(),
            self.exports.next_deadline(),
            self.admin.next_deadline(&self.accounts, core),
            self.accounts.last_seen.next_deadline(),
        ];
        all.into_iter().flatten().min()
    }

    /// Does what is due by itself, except for what changes the chat.
    pub fn deadline(&mut self, cx: &mut Cx<'_>) {
        if self.calls.look(cx.core.now.monotonic) {
            self.presence.who_changed();
        }
        self.presence.deadline(&self.accounts, cx);
        self.login.deadline(cx);
        self.messages.history.deadline(cx);
        self.files.deadline(cx);
        self.removals.deadline(cx);
        for (job, message) in self.exports.deadline(&self.accounts, cx) {
            self.messages.history.is_being_deleted(job, &message);
        }
        self.admin.deadline(&mut self.accounts, cx);
        self.accounts.deadline(cx);
    }
}
