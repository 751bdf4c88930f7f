//! From the greeting to the welcome, and the end of a session.

use std::time::Duration;

use super::Hub;
use super::tasks::{Attempt, Task, failed};
use crate::chat::account::Account;
use crate::chat::address::Address;
use crate::chat::answer::{Answer, Done};
use crate::chat::close::CloseReason;
use crate::chat::name::UserName;
use crate::chat::refusal::{Failure, Refusal};
use crate::chat::request::Kind;
use crate::chat::text::Secret;
use crate::hub::accounts::throttle::{Try, Verdict};
use crate::hub::counters::Login;
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Value};
use crate::hub::sessions::state::{FailedLogin, State};
use crate::hub::turns::InTurn;
use crate::limits::{RETRY_SECONDS, WRONG_PASSWORDS_MAX};

impl Hub {
    /// Greets a new connection.
    pub(super) fn connected(&mut self, conn: ConnId, from: Address, effects: &mut Effects) {
        self.core.sessions.insert(conn, from);
        self.answer(conn, Kind::Connect, Done::Greeted, effects);
        if from == Address::Local {
            self.let_operator_in(conn, effects);
        }
    }

    /// Tells whether a name has an account, so that a password may follow.
    pub(super) fn identify(&mut self, conn: ConnId, name: UserName, effects: &mut Effects) {
        let Some(session) = self.core.sessions.get(conn) else { return };
        let user = self.accounts.directory.find_name(&name);
        let tried = self.accounts.password_try(name, user, session.from, self.core.now);
        if let Verdict::After(wait) = self.accounts.throttle.judge(tried, self.core.now.steady) {
            self.core.counters.login(Login::Busy);
            return self.refuse(conn, Kind::Identify, retry_after(wait), effects);
        }
        let is_new = self.core.config.registration && user.is_none();
        self.answer(conn, Kind::Identify, Done::PasswordWanted { name, is_new }, effects);
    }

    /// Logs in with a password.
    pub(super) fn log_in(
        &mut self,
        conn: ConnId,
        name: UserName,
        (password, takeover): (Secret, bool),
        effects: &mut Effects,
    ) {
        let Some(session) = self.core.sessions.get(conn) else { return };
        let from = session.from;
        let user = self.accounts.directory.find_name(&name);
        let number = user.map(|user| self.accounts.directory.account(user).number);
        let tried = self.accounts.password_try(name, user, from, self.core.now);
        let attempt = Attempt { of: Kind::LogIn, user, tried, takeover };
        let job = Job::CheckPassword { number, password };
        self.enter(conn, State::ChecksPassword);
        self.try_login(InTurn { conn, attempt, job }, effects);
    }

    /// Makes an account, where new ones are taken, and logs in to it.
    pub(super) fn register(
        &mut self,
        conn: ConnId,
        name: UserName,
        password: Secret,
        effects: &mut Effects,
    ) {
        let reserved = match self.core.config.registration {
            true => self.accounts.directory.reserve(name, &mut self.core.rng),
            false => None,
        };
        let Some(account) = reserved else {
            return self.refuse(conn, Kind::LogIn, Refusal::UserNameTaken, effects);
        };
        let job = Job::Register { account: account.clone(), password };
        self.enter(conn, State::ChecksPassword);
        self.begin(conn, job, Task::Register(account), effects);
    }

    /// Has a password or a token checked, now or in its turn, where one may be tried; otherwise
    /// answers when. Of one that is to be changed the session is on hold.
    pub(super) fn try_login(&mut self, login: InTurn, effects: &mut Effects) {
        let InTurn { conn, attempt, job } = login;
        match self.accounts.throttle.judge(attempt.tried, self.core.now.steady) {
            Verdict::Now => {
                self.accounts.throttle.take(attempt.tried, self.core.now.steady);
                let task = match attempt.of {
                    Kind::Resume => Task::CheckToken(attempt),
                    Kind::ConfirmPassword => Task::ConfirmPassword(attempt.tried),
                    _ => Task::CheckPassword(attempt),
                };
                self.begin(conn, job, task, effects);
            }
            Verdict::InTurn => self.turns.wait(InTurn { conn, attempt, job }),
            Verdict::After(wait) if attempt.of == Kind::ConfirmPassword => {
                self.set_on_hold(conn, false);
                self.refuse(conn, attempt.of, retry_after(wait), effects);
            }
            Verdict::After(wait) => {
                self.core.counters.login(Login::Busy);
                self.start_over(conn, attempt.of, retry_after(wait), effects);
            }
        }
    }

    /// A try was settled. Tells how long to keep it to ourselves where it proved wrong.
    pub(super) fn tried(
        &mut self,
        tried: Try,
        outcome: &Outcome,
        effects: &mut Effects,
    ) -> Duration {
        let now = self.core.now.steady;
        let delay = match outcome {
            Ok(Value::PasswordWrong) => self.accounts.throttle.wrong(tried, now),
            _ => {
                self.accounts.throttle.give_back(tried, now);
                Duration::ZERO
            }
        };
        self.go_on_in_turn(tried.network, effects);
        delay
    }

    /// An account is on disk, or is not.
    pub(super) fn registered(
        &mut self,
        conn: ConnId,
        account: Account,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        if *outcome == Ok(Value::Done) {
            // Whoever asked for it may be gone; the account is there all the same.
            let user = self.accounts.directory.add(account);
            self.core.counters.login(Login::Registered);
            return self.let_in(conn, user, Kind::LogIn, true, effects);
        }
        self.accounts.directory.release(&account);
        self.core.counters.login(Login::Busy);
        self.start_over(conn, Kind::LogIn, not_checked(outcome), effects);
    }

    /// A password or a token was checked, or could not be.
    pub(super) fn credential_checked(
        &mut self,
        conn: ConnId,
        attempt: &Attempt,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        // No password is that of a name that nobody has.
        let outcome = match (outcome, attempt.user) {
            (Ok(Value::PasswordRight), None) => &Ok(Value::PasswordWrong),
            (other, _) => other,
        };
        let delay = self.tried(attempt.tried, outcome, effects);
        match (outcome, attempt.user) {
            (Ok(Value::PasswordRight), Some(user)) if self.accounts.roles.is_banned(user) => {
                self.core.counters.login(Login::Banned);
                self.refuse_banned(conn, attempt.of, effects);
            }
            (Ok(Value::PasswordRight), Some(user)) => {
                self.admit(conn, user, attempt.of, attempt.takeover, effects);
            }
            (Ok(Value::PasswordWrong), _) => {
                self.core.counters.login(Login::Wrong);
                self.refuse_login(conn, attempt.of, delay, effects);
            }
            _ => {
                self.core.counters.login(Login::Busy);
                self.start_over(conn, attempt.of, not_checked(outcome), effects);
            }
        }
    }

    /// Tells of a wrong password or token, after a delay where there were more of late.
    pub(super) fn refuse_login(
        &mut self,
        conn: ConnId,
        of: Kind,
        delay: Duration,
        effects: &mut Effects,
    ) {
        if self.core.sessions.get(conn).is_none() {
            return;
        }
        let until = self.core.now.steady + delay;
        self.enter(conn, State::Refused(Box::new(FailedLogin { of, until })));
        if delay.is_zero() {
            self.tell_refused(conn, effects);
        } else {
            self.refusals.insert((until, conn));
        }
    }

    /// Tells those whose delay is over.
    pub(super) fn tell_refusals(&mut self, effects: &mut Effects) {
        while let Some((at, conn)) = self.refusals.first().copied() {
            if at > self.core.now.steady {
                return;
            }
            self.refusals.pop_first();
            self.tell_refused(conn, effects);
        }
    }

    fn tell_refused(&mut self, conn: ConnId, effects: &mut Effects) {
        let Some(session) = self.core.sessions.get_mut(conn) else { return };
        let State::Refused(refusal) = session.state() else { return };
        let of = refusal.of;
        session.wrong_passwords += 1;
        let is_last = session.wrong_passwords >= WRONG_PASSWORDS_MAX;
        let refusal = match of {
            Kind::Resume => Refusal::WrongToken,
            _ => Refusal::WrongPassword,
        };
        self.start_over(conn, of, refusal, effects);
        if is_last {
            let reason = CloseReason::WrongPassword;
            self.close(conn, reason, None, effects);
        }
    }

    /// Ends a login that came to nothing; another one may follow.
    pub(super) fn start_over(
        &mut self,
        conn: ConnId,
        of: Kind,
        refusal: Refusal,
        effects: &mut Effects,
    ) {
        self.enter(conn, State::Greeted);
        self.refuse(conn, of, refusal, effects);
    }

    pub(super) fn enter(&mut self, conn: ConnId, state: State) {
        if let Some(session) = self.core.sessions.get_mut(conn) {
            session.enter(state);
        }
    }

    /// Closes a connection. Its last line is that answer, or says the reason.
    pub(super) fn close(
        &mut self,
        conn: ConnId,
        reason: CloseReason,
        last: Option<Answer>,
        effects: &mut Effects,
    ) {
        effects.push(Effect::Close { conn, reason, last, words: None });
        self.end_session(conn, reason, effects);
    }

    /// Ends the session of a connection that is being closed.
    pub(super) fn end_session(&mut self, conn: ConnId, reason: CloseReason, effects: &mut Effects) {
        let user = self.user_of(conn);
        if let (CloseReason::Goodbye, Some(user)) = (reason, user) {
            let (groups, users, mut cx) = self.groups_with(effects);
            groups.said_goodbye(user, users, &mut cx);
        }
        self.forget(conn, reason != CloseReason::TakenOver, effects);
    }

    /// Forgets a connection, and tells the others that its user went offline.
    pub(super) fn forget(&mut self, conn: ConnId, announce: bool, effects: &mut Effects) {
        let Some(session) = self.core.sessions.remove(conn) else { return };
        for ticket in session.replies.opened_files() {
            effects.push(Effect::DropFile { ticket });
        }
        if session.replies.uploads() > 0 {
            self.give_up_uploads(conn, &session.replies);
        }
        self.lists.remove(&conn);
        self.await_id.retain(|(from, _)| *from != conn);
        self.turns.forget(conn, session.from.network());
        match session.state() {
            State::Refused(refusal) => {
                self.refusals.remove(&(refusal.until, conn));
            }
            &State::Enters(user) => {
                let entering = self.presence.entering.remove(&user);
                self.groups.went_offline(user, &self.core);
                if announce && entering.is_some_and(|entering| !entering.is_news) {
                    self.tell_presence(user, false, effects);
                }
            }
            _ => {}
        }
        if let Some(user) = session.user() {
            if announce {
                self.tell_presence(user, false, effects);
            }
            self.presence.leave(user);
            self.peers.fall(user);
            self.groups.went_offline(user, &self.core);
        }
    }
}

/// The answer to a login that came to nothing, though perhaps it should not.
pub(super) fn not_checked(outcome: &Outcome) -> Refusal {
    match outcome {
        Err(Failure::NoRoom) => failed(outcome),
        _ => Refusal::TryAgainIn(RETRY_SECONDS),
    }
}

/// The answer to a try after too many failures.
fn retry_after(wait: Duration) -> Refusal {
    let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
    Refusal::TryAgainIn(seconds.max(1))
}
