//! Administration: kicks, bans, administrators and the announced stop of the server.

use std::time::Duration;

use crate::chat::answer::Done;
use crate::chat::cidr::Cidr;
use crate::chat::close::CloseReason;
use crate::chat::device::DevicesToEnd;
use crate::chat::entry::Entry;
use crate::chat::event::Event;
use crate::chat::id::LogTime;
use crate::chat::kind::Kind;
use crate::chat::name::{Number, UserName, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::registration::InviteCode;
use crate::chat::sanction::{Sanction, Sanctioned, is_too_wide};
use crate::chat::sha256::Sha256Sum;
use crate::chat::term::Term;
use crate::chat::text::Reason;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::{OPERATOR, UserIndex};
use crate::hub::accounts::names::check_new_name;
use crate::hub::audit::Deed;
use crate::hub::context::{Caller, Core, Cx};
use crate::hub::decision::{Decided, Decision, DueAnswer, Sentence, UserSanction};
use crate::hub::effect::Effect;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::pending::{Domain, Pending};
use crate::hub::presence::Presence;
use crate::limits::BANNED_NETWORKS_MAX;

/// How many sanctions end at once; further ones follow when these are kept.
const ENDING_AT_ONCE_MAX: usize = 64;
/// For how long a password is good that an administrator gave: a day.
const RESET_SECONDS: u64 = 24 * 60 * 60;
/// After how many seconds the end of a sanction is kept again, if it could not be.
const END_AGAIN_SECONDS: u64 = 10;

/// The administration domain: the announced stop, and the decisions that are being kept.
#[derive(Debug)]
pub struct Admin {
    /// The time at which the server stops, on the monotonic clock, once that was announced.
    stops_at: Option<Duration>,
    pending: Pending<AdminJob>,
    /// The number of sanctions whose end is being kept.
    ending: usize,
}

/// The purpose of a job of administration.
#[derive(Debug)]
enum AdminJob {
    /// Keeps a decision of an administrator, who waits for the answer.
    Decide(Caller, Decision),
    /// Keeps that a sanction is over since that time, in seconds since the Unix epoch.
    End(Sanctioned, u64),
}

impl Default for Admin {
    fn default() -> Self {
        Admin { stops_at: None, pending: Pending::new(Domain::Admin), ending: 0 }
    }
}

impl Admin {
    /// Ends a user's sessions. The answer is due once they have ended.
    pub fn kick(
        &self,
        caller: Caller,
        user: UserRef,
        reason: Option<Reason>,
        (accounts, presence): (&Accounts, &Presence),
        cx: &mut Cx<'_>,
    ) -> Result<Done, Refusal> {
        let user = other_user(caller, user, accounts)?;
        if !presence.is_present(user) {
            return Err(Refusal::NotOnline);
        }
        let by = accounts.name(caller.user);
        let deed = Deed::of("kick", accounts.name(user)).by(by).over(caller.conn);
        cx.audit(&deed.because(reason.as_ref()));
        for session in presence.open_sessions_of(user) {
            cx.close_saying(session, CloseReason::Kicked, reason.clone());
        }
        Ok(Done::Done)
    }

    /// Puts a sanction against a user in the place of one before, or lifts it. The answer waits
    /// until that is on disk.
    pub fn sanction_user(
        &mut self,
        caller: Caller,
        (user, kind): (UserRef, UserSanction),
        sentence: Option<Sentence>,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        match other_user(caller, user, accounts) {
            Ok(user) => {
                let whom = kind.of(accounts.number(user));
                self.sanction(caller, whom, sentence, accounts, cx);
            }
            Err(refusal) => {
                let of = kind.request(sentence.is_some());
                cx.refuse(caller.conn, of, refusal);
            }
        }
    }

    /// Bans a network. The answer waits until that is on disk.
    pub fn ban_network(
        &mut self,
        caller: Caller,
        network: Cidr,
        sentence: Sentence,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        match self.may_ban(caller, network, accounts, cx.core) {
            Ok(()) => {
                let whom = Sanctioned::Network(network);
                self.sanction(caller, whom, Some(sentence), accounts, cx);
            }
            Err(refusal) => cx.refuse(caller.conn, Kind::BanNetwork, refusal),
        }
    }

    /// Lifts the ban of a network. The answer waits until that is on disk.
    pub fn unban_network(
        &mut self,
        caller: Caller,
        network: Cidr,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        self.sanction(caller, Sanctioned::Network(network), None, accounts, cx);
    }

    /// Checks that somebody may ban a network: nobody bans the network that they come from, and
    /// only the operator the network from which an administrator is here.
    fn may_ban(
        &self,
        caller: Caller,
        network: Cidr,
        accounts: &Accounts,
        core: &Core,
    ) -> Result<(), Refusal> {
        if is_too_wide(network) {
            return Err(Refusal::NetworkTooWide);
        }
        if core.config.arrivals.exempt.0.iter().any(|exempt| exempt.holds(network)) {
            return Err(Refusal::NetworkExempt);
        }
        let roles = &accounts.roles;
        let known = roles.sanctions.get(Sanctioned::Network(network), &accounts.directory);
        let kept = roles.sanctions.networks().len() + self.pending.len();
        if known.is_none() && kept >= BANNED_NETWORKS_MAX {
            return Err(Refusal::TooManyBans);
        }
        let there = core.sessions.iter().filter(|(_, session)| network.contains(session.from));
        let (mut is_own, mut is_of_others) = (false, false);
        for (conn, session) in there {
            is_own |= conn == caller.conn;
            is_of_others |= session.user().is_some_and(|user| roles.is_administrator(user));
        }
        match is_own {
            true => Err(Refusal::NotWithYourself),
            false if is_of_others && caller.user != OPERATOR => Err(Refusal::NotWithAdministrator),
            false => Ok(()),
        }
    }

    fn sanction(
        &mut self,
        caller: Caller,
        whom: Sanctioned,
        sentence: Option<Sentence>,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let sanction = sentence.map(|Sentence { term, reason }| Sanction {
            by: accounts.number(caller.user),
            since: cx.core.seconds(),
            until: term.from(cx.core.next_second()),
            reason,
        });
        let job = Job::SetSanction { whom, sanction: sanction.clone() };
        self.decide(caller, job, Decision::Sanction(whom, sanction), cx);
    }

    /// Makes a user an administrator, or takes that role away. The answer waits until that is on
    /// disk.
    pub fn set_administrator(
        &mut self,
        caller: Caller,
        user: UserRef,
        admin: bool,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        match other_user(caller, user, accounts) {
            Ok(user) => {
                let job = Job::SetAdministrator { number: accounts.number(user), admin };
                self.decide(caller, job, Decision::Administrator(user, admin), cx);
            }
            Err(refusal) => cx.refuse(caller.conn, Kind::Admin, refusal),
        }
    }

    /// Ends a user's sessions and tokens. The answer waits until that is on disk; sessions that
    /// come in the meantime end too.
    pub fn log_out(
        &mut self,
        caller: Caller,
        user: UserRef,
        (accounts, presence): (&Accounts, &Presence),
        cx: &mut Cx<'_>,
    ) {
        match other_user(caller, user, accounts) {
            Ok(user) => {
                for session in presence.open_sessions_of(user) {
                    cx.close(session, CloseReason::LoggedOut);
                }
                // No device has the number 0.
                let which = DevicesToEnd::AllBut(0);
                let job = Job::EndDevices { number: accounts.number(user), which };
                self.decide(caller, job, Decision::LogOut(user), cx);
            }
            Err(refusal) => cx.refuse(caller.conn, Kind::LogOut, refusal),
        }
    }

    /// Gives a user a password that has to be replaced. The answer, which tells it, waits until it
    /// is on disk.
    pub fn reset_password(
        &mut self,
        caller: Caller,
        user: UserRef,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        match other_user(caller, user, accounts) {
            Ok(user) => {
                let (number, until) = (accounts.number(user), cx.core.seconds() + RESET_SECONDS);
                let job = Job::ResetPassword { number, until };
                self.decide(caller, job, Decision::ResetPassword(user), cx);
            }
            Err(refusal) => cx.refuse(caller.conn, Kind::ResetPassword, refusal),
        }
    }

    /// Makes an account with a password that has to be replaced. The answer, which tells it, waits
    /// until that is on disk.
    pub fn add_user(
        &mut self,
        caller: Caller,
        name: UserName,
        accounts: &mut Accounts,
        cx: &mut Cx<'_>,
    ) {
        let names = (&accounts.directory, &accounts.roles);
        if let Err(refusal) = check_new_name(&name, Some(caller.user), names, cx.core) {
            return cx.refuse(caller.conn, Kind::AddUser, refusal);
        }
        let now = cx.core.seconds();
        let Some(account) = accounts.directory.reserve(name, now, &mut cx.core.rng) else {
            return cx.refuse(caller.conn, Kind::AddUser, Refusal::UserNameTaken);
        };
        let until = now + RESET_SECONDS;
        let job = Job::AddAccount { account: account.clone(), until };
        self.decide(caller, job, Decision::AddAccount(account), cx);
    }

    /// Makes an invitation. The answer, which tells its code, waits until it is on disk.
    pub fn invite(
        &mut self,
        caller: Caller,
        (uses, term): (u32, Term),
        accounts: &mut Accounts,
        cx: &mut Cx<'_>,
    ) {
        let (now, by) = (cx.core.seconds(), accounts.number(caller.user));
        if !accounts.doors.invites.begin(now) {
            return cx.refuse(caller.conn, Kind::Invite, Refusal::TooManyInvites);
        }
        let until = term.from(now);
        let job = Job::MakeInvite { uses, until, by, now };
        self.decide(caller, job, Decision::Invite(uses, until), cx);
    }

    /// Takes the invitation with a code back, or those whose codes begin so. The answer waits until
    /// that is on disk.
    pub fn uninvite(
        &mut self,
        caller: Caller,
        code: &InviteCode,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let found: Box<[Sha256Sum]> = accounts.doors.invites.find(code).into();
        if found.is_empty() {
            return cx.refuse(caller.conn, Kind::Uninvite, Refusal::NoSuchInvite);
        }
        self.decide(caller, Job::EndInvites(found.clone()), Decision::Uninvite(found), cx);
    }

    /// The accounts that are being made.
    pub fn reservations(&self) -> usize {
        let adds = |job: &&AdminJob| matches!(job, AdminJob::Decide(_, Decision::AddAccount(_)));
        self.pending.values().filter(adds).count()
    }

    /// Has the store keep a decision. The session is blocked until it holds, so that a list that is
    /// asked for right behind it tells of it.
    fn decide(&mut self, caller: Caller, job: Job, decision: Decision, cx: &mut Cx<'_>) {
        self.pending.begin(job, AdminJob::Decide(caller, decision), cx);
        cx.block(caller.conn);
    }

    /// Takes the outcome of a job. Returns the change if it is on disk and is to hold from now on.
    pub fn done(
        &mut self,
        id: JobId,
        outcome: &Outcome,
        accounts: &mut Accounts,
        cx: &mut Cx<'_>,
    ) -> Option<Decided> {
        match self.pending.take(id)? {
            AdminJob::Decide(caller, decision) => {
                let Caller { conn, user: by } = caller;
                let of = decision.kind();
                cx.unblock(conn);
                let Some(done) = outcome.as_ref().ok().and_then(|value| decision.done(value))
                else {
                    match &decision {
                        Decision::AddAccount(account) => accounts.directory.release(account),
                        Decision::Invite(..) => accounts.doors.invites.made(None),
                        _ => {}
                    }
                    cx.refuse(conn, of, failed(outcome));
                    return None;
                };
                let logs_out = match decision {
                    Decision::LogOut(user) | Decision::ResetPassword(user) => Some(user),
                    _ => None,
                };
                note_invites(&decision, &done, accounts.number(by), accounts);
                decision.tell(caller, accounts, cx);
                let due = Some(DueAnswer { conn, of, done });
                let entries = decision.entries(accounts.number(by), accounts);
                Some(Decided { entries, logs_out, due })
            }
            AdminJob::End(whom, until) => {
                self.ending -= 1;
                if *outcome != Ok(Value::Done) {
                    let time = cx.core.seconds() + END_AGAIN_SECONDS;
                    accounts.roles.sanctions.look_again(whom, time);
                    return None;
                }
                let entries = vec![Entry::SanctionOver { whom, until }];
                Some(Decided { entries, logs_out: None, due: None })
            }
        }
    }

    /// The time at which a sanction is over, on the monotonic clock.
    pub fn next_deadline(&self, accounts: &Accounts, core: &Core) -> Option<Duration> {
        let time = accounts.roles.sanctions.next_look();
        let time = time.filter(|_| self.ending < ENDING_AT_ONCE_MAX)?;
        Some(core.when(LogTime(time.saturating_mul(1_000_000))))
    }

    /// Has the store keep the end of the sanctions that are over.
    pub fn deadline(&mut self, accounts: &mut Accounts, cx: &mut Cx<'_>) {
        let now = cx.core.seconds();
        while self.ending < ENDING_AT_ONCE_MAX {
            let Accounts { roles, directory, .. } = &mut *accounts;
            let Some((whom, until)) = roles.sanctions.next_over(now, directory) else { return };
            self.ending += 1;
            let job = Job::EndSanction { whom, until };
            self.pending.begin(job, AdminJob::End(whom, until), cx);
        }
    }

    /// Announces that the server stops in so many seconds. A stop at once is announced by the
    /// server itself.
    pub fn shut_down(
        &mut self,
        caller: Caller,
        seconds: u32,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let deed = Deed::of("shutdown", None).by(accounts.name(caller.user)).over(caller.conn);
        cx.audit(&deed.with(format_args!("seconds={seconds}")));
        cx.answer(caller.conn, Kind::Shutdown, Done::Done);
        let at = cx.core.now.monotonic + Duration::from_secs(seconds.into());
        self.stops_at = (seconds > 0).then_some(at);
        if seconds > 0 {
            tell_all(seconds, cx);
        }
        cx.effects.push(Effect::Stop { seconds });
    }

    /// Tells everybody that the server stops now, within so many seconds, unless that was
    /// announced.
    pub fn stopping(&self, seconds: u32, cx: &mut Cx<'_>) {
        let is_known = self.stops_at.is_some_and(|at| at <= cx.core.now.monotonic);
        if !is_known {
            tell_all(seconds, cx);
        }
    }

    /// Tells a session that has just begun of a stop that was announced, if there is one.
    pub fn tell_of_stop(&self, conn: ConnId, cx: &mut Cx<'_>) {
        let Some(at) = self.stops_at else { return };
        let left = at.saturating_sub(cx.core.now.monotonic);
        let seconds = u32::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        cx.tell(Event::Shutdown { seconds }, [conn]);
    }

    /// The sessions that are blocked until a decision holds, including those that have ended.
    pub fn blocked(&self) -> impl Iterator<Item = ConnId> {
        self.pending.values().filter_map(|job| match job {
            AdminJob::Decide(caller, _) => Some(caller.conn),
            AdminJob::End(..) => None,
        })
    }

    /// The number of decisions that are being kept.
    pub fn jobs(&self) -> usize {
        self.pending.len()
    }
}

/// Notes an invitation that is on disk, or those that are there no more.
fn note_invites(decision: &Decision, done: &Done, by: Number, accounts: &mut Accounts) {
    let invites = &mut accounts.doors.invites;
    match (decision, done) {
        (Decision::Uninvite(codes), _) => invites.remove(codes),
        (_, Done::Invited { code, uses, until }) => {
            invites.made(Some(code.invite(*uses, *until, by)));
        }
        _ => {}
    }
}

fn tell_all(seconds: u32, cx: &mut Cx<'_>) {
    let all = cx.core.sessions.iter().map(|(conn, _)| conn);
    cx.effects.tell(Event::Shutdown { seconds }, all);
}

/// Finds a user to whom the one who asks may do something: not the operator, not oneself, and only
/// the operator does it to an administrator.
pub fn other_user(
    caller: Caller,
    user: UserRef,
    accounts: &Accounts,
) -> Result<UserIndex, Refusal> {
    match accounts.find(user).ok_or(Refusal::NoSuchUser)? {
        OPERATOR => Err(Refusal::NotWithOperator),
        user if user == caller.user => Err(Refusal::NotWithYourself),
        user if caller.user != OPERATOR && accounts.roles.is_administrator(user) => {
            Err(Refusal::NotWithAdministrator)
        }
        user => Ok(user),
    }
}
