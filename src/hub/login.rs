//! Logins, from the greeting to the right password or token; new accounts and passwords.
//!
//! Guesses are throttled: the answer to a wrong password is delayed, and tries wait for others of
//! their network. The change of a password counts as a try, so that neither a token nor an open
//! terminal is a way to guess it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::chat::account::Account;
use crate::chat::answer::Done;
use crate::chat::close::CloseReason;
use crate::chat::device::TokenId;
use crate::chat::kind::Kind;
use crate::chat::name::{Number, UserName};
use crate::chat::refusal::Refusal;
use crate::chat::registration::InviteCode;
use crate::chat::request::Place;
use crate::chat::text::Secret;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::{OPERATOR, UserIndex};
use crate::hub::accounts::doors::Entrance;
use crate::hub::accounts::throttle::{Try, TryOf, Verdict};
use crate::hub::audit::Deed;
use crate::hub::confirmation;
use crate::hub::context::{Caller, Cx};
use crate::hub::counters::LoginResult;
use crate::hub::failed_logins::{FailedLogins, FailedTry};
use crate::hub::identify::{begin_anew, count_login};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::new_account::NewAccount;
use crate::hub::outcome::kept;
use crate::hub::pending::{Domain, Pending};
use crate::hub::sessions::state::{FailedLogin, State};
use crate::hub::sessions::{Session, Sessions};
use crate::hub::try_again::{not_checked, retry_after, start_over};
use crate::hub::turns::{Attempt, InTurn, Turns};
use crate::limits::WRONG_PASSWORDS_MAX;

/// A number that no account has.
const NOBODY: Number = Number(0);

/// The login domain: the logins under way, and the checks of passwords.
#[derive(Debug)]
pub struct Login {
    /// Logins that wait for others of their network.
    turns: Turns,
    /// Delayed refusals of wrong passwords, by their time on the monotonic clock.
    refusals: BTreeSet<(Duration, ConnId)>,
    failures: FailedLogins,
    pending: Pending<LoginJob>,
}

/// The purpose of a job of a login.
#[derive(Debug)]
enum LoginJob {
    Register(NewAccount),
    Check(ConnId, Attempt),
    /// Confirms the password of a user who is logged in, for a request of a kind.
    Confirm(Caller, Kind, Try),
    SetPassword(Caller),
}

/// A session that gave the right password or token, or came over the server's own socket.
#[derive(Clone, Copy, Debug)]
pub struct Authenticated {
    pub conn: ConnId,
    pub user: UserIndex,
    /// The kind of the request that asked for the login, which the welcome answers.
    pub of: Kind,
    /// The place of the session among the user's others.
    pub place: Place,
    /// The token that was given, and the number of its device.
    pub token: Option<(TokenId, u32)>,
    /// The result by which it is counted; none if it was counted already.
    pub counts_as: Option<LoginResult>,
}

/// The outcome of a job of a login, if something is to follow.
#[derive(Debug)]
pub enum LoginDone {
    /// A session is to be let in.
    Authenticated(Authenticated),
    /// An account is on disk and is to be added; then the session that asked for it is let in.
    Registered(ConnId, Account, Place),
    /// A user's password was changed, over a session that may be gone. The user's other sessions
    /// are to end.
    PasswordSet(Caller),
    /// A session has confirmed the password, and its user's account is to end.
    Unregisters(Caller),
}

impl Default for Login {
    fn default() -> Self {
        Login {
            turns: Turns::default(),
            refusals: BTreeSet::new(),
            failures: FailedLogins::default(),
            pending: Pending::new(Domain::Login),
        }
    }
}

impl Login {
    /// Begins a login with a password.
    pub fn log_in(
        &mut self,
        conn: ConnId,
        name: UserName,
        (password, place): (Secret, Place),
        accounts: &mut Accounts,
        cx: &mut Cx<'_>,
    ) {
        let Some(from) = count_login(conn, Kind::LogIn, accounts, cx) else { return };
        let user = accounts.find_login(&name);
        let number = user.map(|user| accounts.number(user));
        let tried = accounts.password_try(name, user, from, cx.core.now);
        let attempt = Attempt { of: Kind::LogIn, user, tried, place };
        let job = Job::CheckPassword { number, password, from: tried.network };
        cx.enter(conn, State::ChecksPassword);
        self.attempt(InTurn { conn, attempt, job }, accounts, cx);
    }

    /// Begins to make an account and to log in to it. If the door was shut since its name was
    /// given, or the invitation used up, the password is as wrong as any for a name that has no
    /// account.
    pub fn register(
        &mut self,
        conn: ConnId,
        name: UserName,
        (password, place, invite): (Secret, Place, Option<InviteCode>),
        accounts: &mut Accounts,
        cx: &mut Cx<'_>,
    ) {
        let invite = match accounts.doors.admit(invite.as_ref(), cx.core.seconds()) {
            Entrance::Open => None,
            Entrance::Invited => invite,
            Entrance::Shut | Entrance::WrongCode => {
                return self.log_in(conn, name, (password, place), accounts, cx);
            }
        };
        if let Err(too_short) = cx.core.config.accounts.check_password(&password) {
            return cx.refuse(conn, Kind::LogIn, too_short);
        }
        let new = NewAccount::reserve(conn, name, (place, invite), accounts, cx);
        let Some(new) = new else { return };
        let (account, from, invite) = (new.account.clone(), cx.core.network_of(conn), new.invite);
        cx.enter(conn, State::ChecksPassword);
        let job = Job::Register { account, password, from, invite };
        self.pending.begin(job, LoginJob::Register(new), cx);
    }

    /// Refuses a name with the code of an invitation that is not good, which counts as a failure of
    /// its network.
    pub fn refuse_code(
        &mut self,
        conn: ConnId,
        name: Option<UserName>,
        accounts: &mut Accounts,
        cx: &mut Cx<'_>,
    ) {
        let (now, network) = (cx.core.now.monotonic, cx.core.network_of(conn));
        let tried = Try { network, of: TryOf::Token };
        if let Verdict::After(wait) = accounts.throttle.judge(tried, now) {
            cx.core.counters.login(LoginResult::Busy);
            return cx.refuse(conn, Kind::Identify, retry_after(wait));
        }
        accounts.throttle.take(tried, now);
        let delay = accounts.throttle.wrong(tried, now);
        cx.core.counters.login(LoginResult::Wrong);
        self.failed(name, conn, cx);
        self.refuse(conn, Kind::Identify, delay, cx);
    }

    /// Begins a login with a token.
    pub fn resume(
        &mut self,
        conn: ConnId,
        name: UserName,
        (token, beside): (Secret, bool),
        accounts: &mut Accounts,
        cx: &mut Cx<'_>,
    ) {
        begin_anew(conn, accounts, cx);
        let Some(from) = count_login(conn, Kind::Resume, accounts, cx) else { return };
        let tried = Try { network: from.network(), of: TryOf::Token };
        let user = accounts.find_login(&name).filter(|user| *user != OPERATOR);
        // The store is asked for a name that no account has too, so that the answer takes as long
        // as any other.
        let number = user.map_or(NOBODY, |user| accounts.number(user));
        let place = if beside { Place::Beside } else { Place::TakesOver };
        let attempt = Attempt { of: Kind::Resume, user, tried, place };
        let job = Job::CheckToken { number, token };
        cx.enter(conn, State::ChecksPassword);
        self.attempt(InTurn { conn, attempt, job }, accounts, cx);
    }

    /// Begins to check the password of a user who is logged in, for a request of a kind. The
    /// session is blocked until then.
    pub fn confirm_password(
        &mut self,
        Caller { conn, user }: Caller,
        (of, password): (Kind, Secret),
        accounts: &mut Accounts,
        cx: &mut Cx<'_>,
    ) {
        let Some(session) = cx.core.sessions.get(conn) else { return };
        let (name, number) = (accounts.name(user), accounts.number(user));
        let tried = accounts.password_try(name, Some(user), session.from, cx.core.now);
        let attempt = Attempt { of, user: Some(user), tried, place: Place::Alone };
        let job = Job::CheckPassword { number: Some(number), password, from: tried.network };
        cx.block(conn);
        self.attempt(InTurn { conn, attempt, job }, accounts, cx);
    }

    /// Begins to change the password, if the one before was confirmed. The session is blocked until
    /// it is done: all tokens end with it, so a token that the next request asks for must not be
    /// made before.
    pub fn set_password(
        &mut self,
        Caller { conn, user }: Caller,
        is_confirmed: bool,
        password: Secret,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        if !is_confirmed {
            return cx.refuse(conn, Kind::SetPassword, Refusal::WrongPassword);
        }
        if let Err(too_short) = cx.core.config.accounts.check_password(&password) {
            return cx.refuse(conn, Kind::SetPassword, too_short);
        }
        let (number, from) = (accounts.number(user), cx.core.network_of(conn));
        let job = Job::SetPassword { number, password, from };
        cx.block(conn);
        self.pending.begin(job, LoginJob::SetPassword(Caller { conn, user }), cx);
    }

    /// Has a password or a token checked, at once or in turn, if it may be tried. Otherwise answers
    /// when it may.
    fn attempt(&mut self, login: InTurn, accounts: &mut Accounts, cx: &mut Cx<'_>) {
        let InTurn { conn, attempt, job } = login;
        let now = cx.core.now.monotonic;
        match accounts.throttle.judge(attempt.tried, now) {
            Verdict::Now => {
                accounts.throttle.take(attempt.tried, now);
                let what = match attempt.user {
                    Some(user) if confirmation::is_one(attempt.of) => {
                        LoginJob::Confirm(Caller { conn, user }, attempt.of, attempt.tried)
                    }
                    _ => LoginJob::Check(conn, attempt),
                };
                self.pending.begin(job, what, cx);
            }
            Verdict::InTurn => self.turns.wait(InTurn { conn, attempt, job }),
            Verdict::After(wait) if confirmation::is_one(attempt.of) => {
                cx.unblock(conn);
                cx.refuse(conn, attempt.of, retry_after(wait));
            }
            Verdict::After(wait) => {
                cx.core.counters.login(LoginResult::Busy);
                start_over(conn, attempt.of, retry_after(wait), cx);
            }
        }
    }

    /// Takes the outcome of a job.
    pub fn done(
        &mut self,
        id: JobId,
        outcome: Outcome,
        accounts: &mut Accounts,
        cx: &mut Cx<'_>,
    ) -> Option<LoginDone> {
        match self.pending.take(id)? {
            LoginJob::Register(registration) => {
                let is_kept = registration.settle(&outcome, accounts, cx);
                // The session that asked for it may be gone; the account is added all the same.
                let NewAccount { conn, from, account, place, .. } = registration;
                if is_kept {
                    cx.audit(&Deed::of("registered", account.name).over(conn).from(from));
                }
                is_kept.then_some(LoginDone::Registered(conn, account, place))
            }
            LoginJob::Check(conn, attempt) => {
                let who = self.checked(conn, attempt, &outcome, accounts, cx)?;
                Some(LoginDone::Authenticated(who))
            }
            LoginJob::Confirm(caller, of, tried) => {
                let is_there = cx.unblock(caller.conn);
                self.settled(tried, &outcome, accounts, cx);
                let goes_on = is_there && confirmation::confirmed(caller.conn, of, &outcome, cx);
                goes_on.then_some(LoginDone::Unregisters(caller))
            }
            LoginJob::SetPassword(caller) => {
                if cx.unblock(caller.conn) {
                    cx.conclude(caller.conn, Kind::SetPassword, kept(Done::Done, &outcome));
                }
                outcome.is_ok().then_some(LoginDone::PasswordSet(caller))
            }
        }
    }

    /// Ends a check of a password or token. Returns the session to let in, if it proved right.
    fn checked(
        &mut self,
        conn: ConnId,
        attempt: Attempt,
        outcome: &Outcome,
        accounts: &mut Accounts,
        cx: &mut Cx<'_>,
    ) -> Option<Authenticated> {
        // A name that no account has must never be let in.
        let outcome = match (outcome, attempt.user) {
            (Ok(Value::PasswordRight | Value::TokenGood { .. }), user)
                if user.is_none_or(|user| accounts.directory.is_removed(user)) =>
            {
                &Ok(Value::PasswordWrong)
            }
            (other, _) => other,
        };
        let delay = self.settled(attempt.tried, outcome, accounts, cx);
        let Attempt { of, place, .. } = attempt;
        match (outcome, attempt.user) {
            (Ok(Value::PasswordRight | Value::TokenGood { .. }), Some(user))
                if accounts.roles.is_banned(user) =>
            {
                // Only the right password or token leads here, so strangers don't learn of the ban.
                cx.core.counters.login(LoginResult::Banned);
                cx.close_with(conn, CloseReason::Banned, of, Refusal::Banned);
                None
            }
            (Ok(Value::PasswordRight), Some(user)) => {
                let counts_as = Some(LoginResult::Password);
                Some(Authenticated { conn, user, of, place, token: None, counts_as })
            }
            (Ok(Value::TokenGood { token, device }), Some(user)) => {
                let (token, counts_as) = (Some((*token, *device)), Some(LoginResult::Token));
                Some(Authenticated { conn, user, of, place, token, counts_as })
            }
            (Ok(Value::PasswordWrong), user) => {
                cx.core.counters.login(LoginResult::Wrong);
                let name = attempt.tried.name().or(user.map(|user| accounts.name(user)));
                self.failed(name, conn, cx);
                self.refuse(conn, of, delay, cx);
                None
            }
            _ => {
                cx.core.counters.login(LoginResult::Busy);
                start_over(conn, of, not_checked(outcome), cx);
                None
            }
        }
    }

    /// Tells the audit log of a password or a token that is wrong.
    fn failed(&mut self, name: Option<UserName>, conn: ConnId, cx: &mut Cx<'_>) {
        if let Some(from) = cx.core.sessions.get(conn).map(|session| session.from) {
            self.failures.note(FailedTry { name, conn, from }, cx);
        }
    }

    /// Settles a try in the throttle, and lets others of its network go on. Returns how long to
    /// delay the answer, if the try proved wrong.
    fn settled(
        &mut self,
        tried: Try,
        outcome: &Outcome,
        accounts: &mut Accounts,
        cx: &mut Cx<'_>,
    ) -> Duration {
        let now = cx.core.now.monotonic;
        let delay = match outcome {
            Ok(Value::PasswordWrong) => accounts.throttle.wrong(tried, now),
            _ => {
                accounts.throttle.give_back(tried, now);
                Duration::ZERO
            }
        };
        while let Some(first) = self.turns.first(tried.network) {
            if accounts.throttle.judge(first.attempt.tried, now) == Verdict::InTurn {
                break;
            }
            let Some(login) = self.turns.take(tried.network) else { break };
            self.attempt(login, accounts, cx);
        }
        delay
    }

    /// Refuses a wrong password or token, after a delay.
    pub fn refuse(&mut self, conn: ConnId, of: Kind, delay: Duration, cx: &mut Cx<'_>) {
        if cx.session(conn).is_none() {
            return;
        }
        let until = cx.core.now.monotonic + delay;
        cx.enter(conn, State::Refused(Box::new(FailedLogin { of, until })));
        match delay.is_zero() {
            true => tell_refused(conn, cx),
            false => {
                self.refusals.insert((until, conn));
            }
        }
    }

    /// The time of the next delayed refusal, or of failures that are to be told, on the monotonic
    /// clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        let refusal = self.refusals.first().map(|(at, _)| *at);
        refusal.into_iter().chain(self.failures.next_deadline()).min()
    }

    /// Gives the delayed refusals that are due, and tells the failures that are.
    pub fn deadline(&mut self, cx: &mut Cx<'_>) {
        self.failures.deadline(cx);
        while let Some((at, conn)) = self.refusals.first().copied() {
            if at > cx.core.now.monotonic {
                return;
            }
            self.refusals.pop_first();
            tell_refused(conn, cx);
        }
    }

    /// Drops the waiting login and the delayed refusal of a session that has ended.
    pub fn session_ended(&mut self, conn: ConnId, session: &Session) {
        self.turns.forget(conn, session.from.network());
        if let State::Refused(refusal) = session.state() {
            self.refusals.remove(&(refusal.until, conn));
        }
    }

    /// Returns true if a job is under way.
    pub fn is_under_way(&self, job: JobId) -> bool {
        self.pending.get(job).is_some()
    }

    /// The number of jobs under way.
    pub fn jobs(&self) -> usize {
        self.pending.len()
    }

    /// Returns true if nothing is under way and nothing waits.
    pub fn is_idle(&self) -> bool {
        self.turns.is_empty() && self.refusals.is_empty() && self.pending.is_empty()
    }

    /// The sessions that are blocked because of a password.
    pub fn blocked(&self) -> impl Iterator<Item = ConnId> {
        let jobs = self.pending.values().filter_map(|job| match job {
            LoginJob::Confirm(caller, ..) | LoginJob::SetPassword(caller) => Some(caller.conn),
            _ => None,
        });
        let changes = self.turns.iter().filter(|one| confirmation::is_one(one.attempt.of));
        jobs.chain(changes.map(|change| change.conn))
    }

    /// Checks the invariants between two inputs, for tests.
    pub fn check(&self, (accounts, adding): (&Accounts, usize), sessions: &Sessions) {
        let is_there = |conn: &ConnId| sessions.get(*conn).is_some();
        let logins = self.pending.values().filter_map(|job| match job {
            LoginJob::Register(NewAccount { conn, .. }) | LoginJob::Check(conn, _) => Some(*conn),
            _ => None,
        });
        let in_turn = self.turns.iter().filter(|one| !confirmation::is_one(one.attempt.of));
        assert!(self.turns.iter().all(|login| is_there(&login.conn)));
        let checking = logins.chain(in_turn.map(|login| login.conn)).filter(is_there);
        let checking: Vec<ConnId> = checking.collect();
        assert_eq!(checking.iter().collect::<BTreeSet<_>>().len(), checking.len());
        let in_state = |is: fn(&State) -> bool| {
            sessions.iter().filter(move |(_, session)| is(session.state())).count()
        };
        assert_eq!(in_state(|state| *state == State::ChecksPassword), checking.len());
        assert_eq!(in_state(|state| matches!(state, State::Refused(_))), self.refusals.len());
        let registering = self.pending.values().filter(|job| matches!(job, LoginJob::Register(..)));
        assert_eq!(registering.count() + adding, accounts.directory.reservations());
    }
}

fn tell_refused(conn: ConnId, cx: &mut Cx<'_>) {
    let Some(session) = cx.session(conn) else { return };
    let State::Refused(failed) = session.state() else { return };
    let of = failed.of;
    session.wrong_passwords += 1;
    let is_last = session.wrong_passwords >= WRONG_PASSWORDS_MAX;
    let refusal = match of {
        Kind::Resume => Refusal::WrongToken,
        Kind::Identify => Refusal::WrongCode,
        _ => Refusal::WrongPassword,
    };
    start_over(conn, of, refusal, cx);
    if is_last {
        cx.close(conn, CloseReason::WrongPassword);
    }
}
