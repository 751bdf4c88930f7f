//! Accounts: the directory of users, their roles, the throttle of wrong passwords, and the networks
//! that users have logged in from.
//!
//! [`Accounts`] is the domain; it also keeps display names and known networks on disk. Sessions and
//! logins are no part of it.

pub mod ask_first;
pub mod directory;
pub mod ignored;
pub mod networks;
pub mod roles;
pub mod throttle;

use crate::chat::entry::Entry;
use ask_first::AskFirst;
use directory::{Directory, OPERATOR, UserIndex};
use ignored::Ignored;
use networks::KnownNetworks;
use roles::Roles;
use throttle::{Throttle, Try};

use crate::chat::account::Account;
use crate::chat::address::Address;
use crate::chat::answer::Item;
use crate::chat::id::LogTime;
use crate::chat::kind::Kind;
use crate::chat::name::{DisplayName, Number, UserName, UserRef};
use crate::chat::refusal::Refusal;
use crate::hub::context::{Caller, Cx};
use crate::hub::input::{ConnId, Now};
use crate::hub::job::{Job, JobId, Outcome, Snapshot, Value};
use crate::hub::outcome::failed;
use crate::hub::pending::{Domain, Pending};
use crate::hub::proposal::{Asker, Proposal};
use crate::limits::IGNORED_USERS_MAX;

/// The accounts domain: all accounts, and what is known of each.
#[derive(Debug)]
pub struct Accounts {
    pub directory: Directory,
    pub roles: Roles,
    pub ignored: Ignored,
    pub ask_first: AskFirst,
    pub throttle: Throttle,
    pub networks: KnownNetworks,
    pending: Pending<AccountJob>,
}

/// The purpose of a job on an account.
#[derive(Debug)]
enum AccountJob {
    /// Keeps the known networks of a user.
    Networks(UserIndex),
    /// Keeps what a session wants to hold, and then proposes it. The session is blocked until then.
    Own(Asker, Entry),
}

impl Accounts {
    /// Creates the domain from what the store kept.
    pub fn new(kept: &mut Snapshot) -> Self {
        let mut directory = Directory::new(std::mem::take(&mut kept.accounts));
        directory.note_removed(&kept.gone.removed);
        let roles = Roles::new(kept, &directory);
        let ignored = Ignored::new(kept, &directory);
        let ask_first = AskFirst::new(kept, &directory);
        let networks = KnownNetworks::new(std::mem::take(&mut kept.networks), &directory);
        let (throttle, pending) = (Throttle::default(), Pending::new(Domain::Accounts));
        Accounts { directory, roles, ignored, ask_first, throttle, networks, pending }
    }

    /// The account of a user.
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

    /// Finds a user by name or by number, whose account is not removed.
    pub fn find(&self, user: UserRef) -> Option<UserIndex> {
        self.directory.find(user).filter(|user| !self.directory.is_removed(*user))
    }

    /// Finds the user of a name who may log in.
    pub fn find_login(&self, name: &UserName) -> Option<UserIndex> {
        self.find(UserRef::Name(*name))
    }

    /// Removes an account, and all that it holds here.
    pub fn remove(&mut self, user: UserIndex, name: UserName, (by, now): (Number, LogTime)) {
        self.log("account-removed", user, by);
        self.directory.remove(user, name, now.0 / 1_000_000);
        self.roles.set_banned(user, false);
        self.roles.set_administrator(user, false);
        self.ignored.forget(user);
        self.ask_first.forget(user);
    }

    /// A try of a name's password, with the counts by which it is throttled for somebody at that
    /// address.
    pub fn password_try(
        &self,
        name: UserName,
        user: Option<UserIndex>,
        from: Address,
        now: Now,
    ) -> Try {
        self.networks.password_try(name, user, from, today(now))
    }

    /// Bans a user, or lifts the ban. Returns the user's index, or none if there is no such user.
    pub fn set_banned(&mut self, user: Number, by: Number, banned: bool) -> Option<UserIndex> {
        let index = self.directory.find_number(user)?;
        self.roles.set_banned(index, banned);
        self.log(if banned { "banned" } else { "unbanned" }, index, by);
        Some(index)
    }

    /// Makes a user an administrator, or takes that role away.
    pub fn set_administrator(&mut self, user: Number, by: Number, admin: bool) {
        let Some(index) = self.directory.find_number(user) else { return };
        self.roles.set_administrator(index, admin);
        self.log(if admin { "admin-on" } else { "admin-off" }, index, by);
    }

    fn log(&self, event: &str, user: UserIndex, by: Number) {
        let by = self.directory.find_number(by).map(|by| self.name(by));
        let by = by.as_ref().map_or(&"-" as &dyn std::fmt::Display, |by| by);
        log::info!("event={event} user={} by={by}", self.name(user));
    }

    /// Notes the network from which a user has logged in. Nothing waits until it is on disk.
    pub fn logged_in_from(&mut self, user: UserIndex, from: Address, cx: &mut Cx<'_>) {
        let Some(prefix) = from.prefix().filter(|_| user != OPERATOR) else { return };
        if self.networks.logged_in(user, prefix, today(cx.core.now)) {
            let number = self.number(user);
            let networks = self.networks.get(user).collect();
            self.pending.begin(
                Job::KeepNetworks { number, networks },
                AccountJob::Networks(user),
                cx,
            );
        }
    }

    /// Gives a user a display name.
    pub fn nick(&mut self, caller: Caller, display: DisplayName, cx: &mut Cx<'_>) {
        let number = self.number(caller.user);
        let job = Job::SetDisplayName { number, display: display.clone() };
        self.keep(caller.conn, Kind::Nick, (job, Entry::DisplayNameSet(number, display)), cx);
    }

    /// Lets a user be asked before being added to a group, or not.
    pub fn set_ask_first(&mut self, caller: Caller, on: bool, cx: &mut Cx<'_>) {
        let user = self.number(caller.user);
        let job = Job::SetAskFirst { number: user, on };
        self.keep(caller.conn, Kind::AskFirst, (job, Entry::AskFirstSet { user, on }), cx);
    }

    /// Lets a user ignore another one, or no longer.
    pub fn ignore(&mut self, caller: Caller, (user, on): (UserRef, bool), cx: &mut Cx<'_>) {
        let whom = match self.may_ignore(caller.user, user, on) {
            Ok(whom) => self.number(whom),
            Err(refusal) => return cx.refuse(caller.conn, Kind::Ignore, refusal),
        };
        let user = self.number(caller.user);
        let job = Job::SetIgnored { number: user, whom, on };
        self.keep(caller.conn, Kind::Ignore, (job, Entry::IgnoreSet { user, whom, on }), cx);
    }

    fn may_ignore(&self, by: UserIndex, user: UserRef, on: bool) -> Result<UserIndex, Refusal> {
        let user = self.find(user).ok_or(Refusal::NoSuchUser)?;
        if user == by {
            return Err(Refusal::NotWithYourself);
        }
        let number = self.number(by);
        let begins = |job: &&AccountJob| {
            matches!(job, AccountJob::Own(_, Entry::IgnoreSet { user, on: true, .. })
                if *user == number)
        };
        let ignored = self.ignored.of(by).len() + self.pending.values().filter(begins).count();
        let has_room = !on || self.ignored.has(by, user) || ignored < IGNORED_USERS_MAX;
        has_room.then_some(user).ok_or(Refusal::TooManyIgnored)
    }

    /// Has the store keep what a session wants to hold. The session is blocked until it is on disk,
    /// so that the next request sees it; then the entry is proposed.
    fn keep(&mut self, conn: ConnId, of: Kind, (job, entry): (Job, Entry), cx: &mut Cx<'_>) {
        cx.block(conn);
        self.pending.begin(job, AccountJob::Own(Asker { conn, of }, entry), cx);
    }

    /// Lets a user ignore another one, or no longer.
    pub fn set_ignored(&mut self, (user, whom): (Number, Number), on: bool) {
        let find = |number| self.directory.find_number(number);
        if let (Some(user), Some(whom)) = (find(user), find(whom)) {
            self.ignored.set(user, whom, on);
        }
    }

    /// Lists those whom a user ignores, by their numbers.
    pub fn list_ignored(&self, caller: Caller, cx: &mut Cx<'_>) {
        let mut ignored: Vec<&Account> =
            self.ignored.of(caller.user).map(|user| self.account(user)).collect();
        ignored.sort_unstable_by_key(|account| account.number);
        let items = ignored.into_iter().map(|account| Item::Ignored(account.name));
        cx.list(caller.conn, Kind::Ignored, items.collect::<Vec<_>>());
    }

    /// Takes the outcome of a job. Returns the entry for what is on disk and is to hold now.
    pub fn done(&mut self, id: JobId, outcome: &Outcome, cx: &mut Cx<'_>) -> Option<Proposal> {
        let is_kept = *outcome == Ok(Value::Done);
        match self.pending.take(id)? {
            AccountJob::Networks(user) => {
                if !is_kept {
                    self.networks.not_kept(user);
                }
                None
            }
            AccountJob::Own(asker, entry) => {
                cx.unblock(asker.conn);
                if !is_kept {
                    cx.refuse(asker.conn, asker.of, failed(outcome));
                    return None;
                }
                Some(Proposal { entry, id: None, asker: Some(asker) })
            }
        }
    }

    /// The sessions that are blocked until what they asked for is on disk.
    pub fn blocked(&self) -> impl Iterator<Item = ConnId> {
        self.pending.values().filter_map(|job| match job {
            AccountJob::Own(asker, _) => Some(asker.conn),
            AccountJob::Networks(_) => None,
        })
    }

    /// The number of jobs under way.
    pub fn jobs(&self) -> usize {
        self.pending.len()
    }
}

const MICROS_PER_DAY: u64 = 24 * 60 * 60 * 1_000_000;

/// Days since the Unix epoch.
fn today(now: Now) -> u32 {
    u32::try_from(now.unix_micros / MICROS_PER_DAY).unwrap_or(u32::MAX)
}
