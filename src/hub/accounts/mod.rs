//! Accounts: the directory of users, their roles, the throttle of wrong passwords, what each
//! network takes of logins, and the networks that users have logged in from.
//!
//! [`Accounts`] is the domain; it also keeps display names and known networks on disk. Sessions and
//! logins are no part of it.

pub mod arrivals;
pub mod ask_first;
pub mod directory;
pub mod doors;
pub mod ignored;
pub mod invites;
pub mod last_seen;
pub mod look_alikes;
pub mod motd;
pub mod names;
pub mod networks;
pub mod roles;
pub mod sanctions;
pub mod throttle;

use std::collections::BTreeSet;

use crate::chat::entry::Entry;
use arrivals::Arrivals;
use ask_first::AskFirst;
use directory::{Directory, OPERATOR, UserIndex};
use doors::Doors;
use ignored::Ignored;
use last_seen::LastSeen;
use motd::Motd;
use names::check_display_name;
use networks::KnownNetworks;
use roles::Roles;
use throttle::{Throttle, Try};

use crate::chat::account::Account;
use crate::chat::address::Address;
use crate::chat::answer::Item;
use crate::chat::event::Event;
use crate::chat::id::{LogTime, MessageId};
use crate::chat::kind::Kind;
use crate::chat::name::{DisplayName, Number, UserName, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::chat::sanction::{Sanction, Sanctioned};
use crate::chat::sha256::Sha256Sum;
use crate::chat::term::TimeLeft;
use crate::hub::context::{Caller, Core, Cx};
use crate::hub::input::{ConnId, Now};
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::pending::{Domain, Pending};
use crate::hub::proposal::{Asker, Proposal};
use crate::hub::sessions::Session;
use crate::hub::snapshot::Snapshot;
use crate::limits::IGNORED_USERS_MAX;

/// The accounts domain: all accounts, and what is known of each.
#[derive(Debug)]
pub struct Accounts {
    pub directory: Directory,
    pub roles: Roles,
    pub ignored: Ignored,
    pub ask_first: AskFirst,
    pub motd: Motd,
    pub throttle: Throttle,
    pub arrivals: Arrivals,
    pub doors: Doors,
    pub networks: KnownNetworks,
    /// The users who have to replace their passwords.
    resets: BTreeSet<UserIndex>,
    pub last_seen: LastSeen,
    /// For how many seconds before it was made an account reads what was said to everyone; none is
    /// all of it.
    pub new_see_history: Option<u32>,
    pending: Pending<AccountJob>,
}

/// The purpose of a job on an account.
#[derive(Debug)]
enum AccountJob {
    /// Keeps when users were last here.
    LastSeen,
    /// Keeps the known networks of a user.
    Networks(UserIndex),
    /// Keeps which message of the day a user has asked for.
    Motd(UserIndex, Sha256Sum),
    /// Keeps what a session wants to hold, and then proposes it. The session is blocked until then.
    Own(Asker, Entry),
}

impl Accounts {
    /// Creates the domain from what the store kept.
    pub fn new(arrivals: Arrivals, doors: Doors, kept: &mut Snapshot) -> Self {
        let mut directory = Directory::new(std::mem::take(&mut kept.accounts));
        directory.note_removed(&kept.gone.removed);
        let roles = Roles::new(kept, &directory);
        let ignored = Ignored::new(kept, &directory);
        let ask_first = AskFirst::new(kept, &directory);
        let motd = Motd::new(kept, &directory);
        let networks = KnownNetworks::new(std::mem::take(&mut kept.networks), &directory);
        let resets = kept.resets.iter().filter_map(|number| directory.find_number(*number));
        let resets = resets.collect();
        let (throttle, pending) = (Throttle::default(), Pending::new(Domain::Accounts));
        Accounts {
            directory,
            roles,
            ignored,
            ask_first,
            motd,
            throttle,
            arrivals,
            doors,
            networks,
            resets,
            last_seen: LastSeen::default(),
            new_see_history: None,
            pending,
        }
    }

    /// The account of a user.
    pub fn account(&self, user: UserIndex) -> &Account {
        self.directory.account(user)
    }

    /// The first message to everyone that a user may read.
    pub fn reads_everyone_since(&self, user: UserIndex) -> MessageId {
        let first = self.new_see_history.map_or(0, |back| {
            u64::from(self.account(user).created.saturating_sub(back)) * 1_000_000
        });
        MessageId(first)
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
    pub fn remove(&mut self, user: UserIndex, name: UserName, now: LogTime) {
        let number = self.number(user);
        self.directory.remove(user, name, now.0 / 1_000_000);
        for whom in [Sanctioned::Ban(number), Sanctioned::Mute(number)] {
            self.roles.sanctions.set(whom, None, &self.directory);
        }
        self.resets.remove(&user);
        self.roles.set_administrator(user, false);
        self.ignored.forget(user);
        self.ask_first.forget(user);
        self.motd.forget(user);
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

    /// Puts a sanction in the place of one before, or lifts it. Returns the one before.
    pub fn set_sanction(
        &mut self,
        whom: Sanctioned,
        sanction: Option<Sanction>,
    ) -> Option<Sanction> {
        self.roles.sanctions.set(whom, sanction, &self.directory)
    }

    /// Lifts a sanction if it lasts until that time. Returns it.
    pub fn end_sanction(&mut self, whom: Sanctioned, until: u64) -> Option<Sanction> {
        let sanctions = &mut self.roles.sanctions;
        sanctions.get(whom, &self.directory).filter(|sanction| sanction.ends_at(until))?;
        sanctions.set(whom, None, &self.directory)
    }

    /// Returns true if a request is not for a user now, whose account is too young.
    pub fn hold_back(&self, user: Option<UserIndex>, request: &Request, core: &Core) -> bool {
        user.is_some_and(|user| self.doors.hold_back(self.account(user), request, core.seconds()))
    }

    /// Returns true if a user has to replace the password before anything else.
    pub fn has_to_reset(&self, user: UserIndex) -> bool {
        self.resets.contains(&user)
    }

    /// Notes that an administrator gave a user a password.
    pub fn password_reset(&mut self, user: Number) {
        self.resets.extend(self.directory.find_number(user));
    }

    /// Notes that a user has replaced the password.
    pub fn password_replaced(&mut self, user: Number) {
        if let Some(user) = self.directory.find_number(user) {
            self.resets.remove(&user);
        }
    }

    /// How long a user is still muted; none if the user may speak.
    pub fn muted(&self, user: UserIndex, core: &Core) -> Option<TimeLeft> {
        core.left_until(self.roles.sanctions.mute(user)?.until)
    }

    /// The event that tells a user of being muted; none if the user may speak.
    pub fn mute_event(&self, user: UserIndex, core: &Core) -> Option<Event> {
        let mute = self.roles.sanctions.mute(user)?;
        Some(Event::Muted(core.left_until(mute.until)?, mute.reason.clone()))
    }

    /// The name of an account by its number; the operator's if there is no such account any more.
    pub fn name_of(&self, number: Number) -> UserName {
        self.name(self.directory.find_number(number).unwrap_or(OPERATOR))
    }

    /// Makes a user an administrator, or takes that role away.
    pub fn set_administrator(&mut self, user: Number, admin: bool) {
        let Some(index) = self.directory.find_number(user) else { return };
        self.roles.set_administrator(index, admin);
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

    /// Notes that a user is here now.
    pub fn is_here(&mut self, user: UserIndex, core: &Core) {
        if user != OPERATOR {
            self.last_seen.note(user, core.seconds(), core.now.monotonic);
        }
    }

    /// Has the store keep when users were last here, if that is due.
    pub fn deadline(&mut self, cx: &mut Cx<'_>) {
        let due = self.last_seen.take_due(cx.core.now.monotonic).iter();
        let times = due.map(|(user, time)| (self.directory.account(*user).number, *time));
        let times: Box<[(Number, u64)]> = times.collect();
        if !times.is_empty() {
            self.pending.begin(Job::KeepLastSeen(times), AccountJob::LastSeen, cx);
        }
    }

    /// Gives a user a display name.
    pub fn nick(&mut self, caller: Caller, display: DisplayName, cx: &mut Cx<'_>) {
        if let Err(refusal) = check_display_name(caller.user, &display, &self.directory, cx.core) {
            return cx.refuse(caller.conn, Kind::Nick, refusal);
        }
        let number = self.number(caller.user);
        let job = Job::SetDisplayName(number, display.clone());
        self.keep(caller.conn, Kind::Nick, (job, Entry::DisplayNameSet(number, display)), cx);
    }

    /// Lets a user be asked before being added to a group, or not.
    pub fn set_ask_first(&mut self, caller: Caller, on: bool, cx: &mut Cx<'_>) {
        let user = self.number(caller.user);
        let job = Job::SetAskFirst(user, on);
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

    /// Lets a user ignore another one, or no longer. Returns their names.
    pub fn set_ignored(
        &mut self,
        (user, whom): (Number, Number),
        on: bool,
    ) -> Option<(UserName, UserName)> {
        let user = self.directory.find_number(user)?;
        let whom = self.directory.find_number(whom)?;
        self.ignored.set(user, whom, on);
        Some((self.name(user), self.name(whom)))
    }

    /// Lists those whom a user ignores, by their numbers.
    pub fn list_ignored(&self, caller: Caller, cx: &mut Cx<'_>) {
        let mut ignored: Vec<&Account> =
            self.ignored.of(caller.user).map(|user| self.account(user)).collect();
        ignored.sort_unstable_by_key(|account| account.number);
        let items = ignored.into_iter().map(|account| Item::Ignored(account.name));
        cx.list(caller.conn, Kind::Ignored, items.collect::<Vec<_>>());
    }

    /// Lists the message of the day. That its user has asked for it is kept, unless it is already;
    /// nothing waits until that is on disk.
    pub fn list_motd(&mut self, Caller { conn, user }: Caller, cx: &mut Cx<'_>) {
        cx.list(conn, Kind::Motd, self.motd.items());
        if let Some(text) = self.motd.ask(user) {
            let job = Job::KeepMotdAsked(self.number(user), text);
            self.pending.begin(job, AccountJob::Motd(user, text), cx);
        }
    }

    /// Tells a session of the message of the day if it is told of such, and if its user has not
    /// asked for it.
    pub fn tell_of_motd(&self, conn: ConnId, cx: &mut Cx<'_>) {
        let session = cx.core.sessions.get(conn).filter(|session| session.tells_more);
        if let Some(user) = session.and_then(Session::user)
            && let Some(event) = self.motd.event_for(user)
        {
            cx.tell(event, [conn]);
        }
    }

    /// Takes the outcome of a job. Returns the entry for what is on disk and is to hold now.
    pub fn done(&mut self, id: JobId, outcome: &Outcome, cx: &mut Cx<'_>) -> Option<Proposal> {
        let is_kept = *outcome == Ok(Value::Done);
        match self.pending.take(id)? {
            AccountJob::LastSeen => {
                self.last_seen.saved(is_kept, cx.core.now.monotonic);
                None
            }
            AccountJob::Networks(user) => {
                if !is_kept {
                    self.networks.not_kept(user);
                }
                None
            }
            AccountJob::Motd(user, text) => {
                if !is_kept {
                    self.motd.not_kept(user, text);
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
            AccountJob::Networks(_) | AccountJob::Motd(..) | AccountJob::LastSeen => None,
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
