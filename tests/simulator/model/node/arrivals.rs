//! Logins, new accounts, and names without a password behind them, as a spectator knows them: lists
//! of all, walked through whole.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chatsrv::bounds::allowance::Allowance;
use chatsrv::bounds::limit::Limit;
use chatsrv::chat::address::{Address, Network};
use chatsrv::chat::kind::Kind;
use chatsrv::chat::refusal::Refusal;
use chatsrv::hub::input::ConnId;
use chatsrv::limits::{
    LOGIN_PERIOD, LOGINS_PER_PERIOD_MAX, NAME_PERIOD, NAMES_PER_PERIOD_MAX, RETRY_SECONDS_MAX,
};
use chatsrv::protocol::native::code::Code;
use unicode_normalization::UnicodeNormalization;

use super::NodeModel;
use super::doors::Entrance;
use crate::reply::Reply;

const LOGINS: Limit<Allowance> =
    Limit { most: Allowance::new(LOGINS_PER_PERIOD_MAX, LOGIN_PERIOD), spares_loopback: true };
const NAMES: Limit<Allowance> =
    Limit { most: Allowance::new(NAMES_PER_PERIOD_MAX, NAME_PERIOD), spares_loopback: false };

#[derive(Default)]
pub struct Arrivals {
    /// Who asked for a name, and gave no password behind it.
    asked: HashSet<ConnId>,
    /// Whose password is for a new account.
    choosing: HashSet<ConnId>,
    /// Whose password for a new account is too short.
    too_short: HashSet<ConnId>,
    /// Whose account is being made, and where that counts.
    registering: HashMap<ConnId, Network>,
    /// Who has to be told to come later.
    waits: HashSet<ConnId>,
    names: Vec<Arrival>,
    logins: Vec<Arrival>,
    /// When the next account is on time. Some of them are taken back.
    registrations: HashMap<Network, Duration>,
    all_registrations: Duration,
}

struct Arrival {
    network: Network,
    at: Duration,
}

/// How long it is until one more may come: behind any of them, as many came from then on as that
/// takes time at even intervals, but for those that may come at once.
fn wait<'a>(
    arrivals: impl DoubleEndedIterator<Item = &'a Arrival>,
    often: Allowance,
    now: Duration,
) -> Option<Duration> {
    let due = arrivals.rev().zip(1..).map(|(first, count)| first.at + often.interval() * count);
    wait_until(due.max()?, often, now)
}

/// How long it is until one more may come, where the next is on time then.
fn wait_until(due: Duration, often: Allowance, now: Duration) -> Option<Duration> {
    let wait = due.saturating_sub(now).checked_sub(often.burst())?;
    (!wait.is_zero()).then_some(wait)
}

impl NodeModel {
    fn from(&self, conn: ConnId) -> Address {
        self.failures.address(conn)
    }

    /// How long it is until the peer of a connection may come once more.
    fn wait_of(
        &self,
        conn: ConnId,
        arrivals: &[Arrival],
        limit: Limit<Allowance>,
    ) -> Option<Duration> {
        let from = self.from(conn);
        let often = limit.of(from, &self.config.arrivals.exempt)?;
        let own = arrivals.iter().filter(|arrival| arrival.network == from.network());
        wait(own, often, self.now)
    }

    fn name_wait(&self, conn: ConnId) -> Option<Duration> {
        self.wait_of(conn, &self.arrivals.names, NAMES)
    }

    fn login_wait(&self, conn: ConnId) -> Option<Duration> {
        let wait = self.wait_of(conn, &self.arrivals.logins, LOGINS);
        wait.filter(|_| self.config.bounds_rates)
    }

    fn registration_wait(&self, conn: ConnId) -> Option<Duration> {
        let (from, bounds) = (self.from(conn), &self.config.arrivals);
        let due = self.arrivals.registrations.get(&from.network()).copied().unwrap_or_default();
        let own = bounds.registrations.of(from, &bounds.exempt);
        let total = bounds.registrations_total.of(from, &bounds.exempt);
        let own = own.and_then(|often| wait_until(due, often, self.now));
        let all = self.arrivals.all_registrations;
        own.max(total.and_then(|often| wait_until(all, often, self.now)))
    }

    /// An account begins to be made, or was not made after all.
    fn count_registration(&mut self, network: Network, is_taken: bool) {
        let bounds = &self.config.arrivals;
        let (own, all) = (bounds.registrations.most, bounds.registrations_total.most);
        let now = self.now;
        let change = |due: &mut Duration, often: Allowance| {
            *due = match is_taken {
                true => now.max(*due) + often.interval(),
                false => due.saturating_sub(often.interval()),
            };
        };
        change(self.arrivals.registrations.entry(network).or_default(), own);
        change(&mut self.arrivals.all_registrations, all);
    }

    fn arrival(&self, conn: ConnId) -> Arrival {
        Arrival { network: self.from(conn).network(), at: self.now }
    }

    /// A login begins anew, or its connection is gone: the name that was asked for before counts.
    pub(super) fn begins_anew(&mut self, conn: ConnId) {
        self.arrivals.choosing.remove(&conn);
        if self.arrivals.asked.remove(&conn) {
            let arrival = self.arrival(conn);
            self.arrivals.names.push(arrival);
        }
    }

    /// Somebody gives a password. One that is too short for a new account counts for nothing but
    /// the name before it; behind a door that is shut meanwhile it is as wrong as any.
    pub(super) fn gives_password(&mut self, conn: ConnId, password: &str) {
        let least = self.config.accounts.password_min as usize;
        let is_new = self.arrivals.choosing.contains(&conn)
            && matches!(self.entrance(conn), Entrance::Open | Entrance::Invited);
        if is_new && password.nfc().count() < least {
            self.arrivals.choosing.remove(&conn);
            self.arrivals.too_short.insert(conn);
        } else {
            self.arrives(conn);
        }
    }

    /// Somebody gives a password or a token for a login. It counts, if there were not too many.
    pub(super) fn arrives(&mut self, conn: ConnId) {
        // Whoever chooses a password behind a door that is shut meanwhile has given a wrong one;
        // and who was invited does not count.
        let is_choosing = self.arrivals.choosing.remove(&conn);
        let is_new = is_choosing && self.entrance(conn) == Entrance::Open;
        let has_to_wait =
            self.login_wait(conn).is_some() || (is_new && self.registration_wait(conn).is_some());
        if has_to_wait {
            self.arrivals.waits.insert(conn);
            return;
        }
        self.arrivals.asked.remove(&conn);
        let (arrival, from) = (self.arrival(conn), self.from(conn));
        let network = arrival.network;
        self.arrivals.logins.push(arrival);
        let bounds = &self.config.arrivals;
        if is_new && bounds.registrations.of(from, &bounds.exempt).is_some() {
            self.count_registration(network, true);
            self.arrivals.registering.insert(conn, network);
        }
    }

    /// A password or a token is checked, or an account made.
    pub(super) fn may_arrive(&self, conn: ConnId) {
        assert!(!self.arrivals.waits.contains(&conn), "{conn} has to come later");
        assert!(!self.arrivals.too_short.contains(&conn), "{conn} chooses a short one");
    }

    /// The answer to a name tells who has an account.
    fn name_is_answered(&mut self, conn: ConnId, reply: &Reply<'_>) {
        let may_ask = self.name_wait(conn).is_none();
        match reply.code {
            Code::SendPassword
            | Code::ChoosePassword
            | Code::NameNotAllowed
            | Code::WrongPassword => {
                let is_late = reply.code == Code::WrongPassword;
                assert!(may_ask || is_late, "{conn} asks for too many names: {reply}");
                self.arrivals.asked.insert(conn);
            }
            // It was refused for the new accounts that there were, and so is new itself.
            Code::Busy if may_ask && !self.has_failed(conn, false) => {
                self.arrivals.asked.insert(conn);
            }
            _ => {}
        }
        if reply.code == Code::ChoosePassword {
            let is_in_time = self.registration_wait(conn).is_none();
            let is_invited = self.entrance(conn) == Entrance::Invited;
            assert!(is_in_time || is_invited, "{conn} may not register: {reply}");
            self.arrivals.choosing.insert(conn);
        }
    }

    /// An account was made, or was not. While it is, its session asks for nothing else.
    pub(super) fn registration_is_over(&mut self, conn: Option<ConnId>, is_made: bool) {
        let network = conn.and_then(|conn| self.arrivals.registering.remove(&conn));
        if let Some(network) = network.filter(|_| !is_made) {
            self.count_registration(network, false);
        }
    }

    /// Somebody gets an answer to a login.
    pub(super) fn login_is_answered(&mut self, conn: ConnId, reply: &Reply<'_>) {
        self.arrivals.waits.remove(&conn);
        let is_short = matches!(reply.refusal, Some(Refusal::PasswordTooShort(_)));
        if reply.of == Kind::LogIn {
            assert_eq!(self.arrivals.too_short.remove(&conn), is_short, "{conn}: {reply}");
        }
        match reply.of {
            Kind::Identify => self.name_is_answered(conn, reply),
            // Somebody else has taken the name meanwhile.
            Kind::LogIn if reply.code == Code::NameNotAllowed => {
                self.registration_is_over(Some(conn), false);
            }
            _ => {}
        }
    }

    /// The longest that somebody may be told to wait for what came from there, in seconds; none
    /// where nothing did.
    pub(super) fn arrivals_wait(&self, conn: ConnId, of: Kind) -> Option<u32> {
        let wait = match of {
            Kind::Identify => self.name_wait(conn).max(self.registration_wait(conn)),
            Kind::LogIn => self.login_wait(conn).max(self.registration_wait(conn)),
            Kind::Resume => self.login_wait(conn),
            _ => None,
        };
        let seconds = wait?.as_millis().div_ceil(1000) as u32;
        Some(seconds.clamp(1, RETRY_SECONDS_MAX))
    }
}
