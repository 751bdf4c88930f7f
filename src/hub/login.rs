//! From the greeting to the welcome, and the end of a session.

use std::time::Duration;

use super::Hub;
use super::directory::UserIndex;
use super::effect::{CloseReason, Effect, Effects};
use super::input::ConnId;
use super::job::{Account, Job, Outcome, Secret};
use super::session::{Claim, Composing, State};
use super::tasks::{Attempt, Task, failed};
use crate::limits::{PASSWORD_BYTES_MAX, RETRY_SECONDS, WRONG_PASSWORDS_MAX};
use crate::protocol::address::Address;
use crate::protocol::name::UserName;
use crate::protocol::reply::{Code, Detail, Reply, Subject};
use crate::protocol::text::Text;
use crate::protocol::verb::Verb;

impl Hub {
    /// Greets a new connection.
    pub(super) fn connected(&mut self, conn: ConnId, from: Address, effects: &mut Effects) {
        self.sessions.insert(conn, from);
        self.reply(conn, Reply::greeting(), effects);
    }

    /// Takes USER.
    pub(super) fn claim(
        &mut self,
        conn: ConnId,
        name: UserName,
        takeover: bool,
        effects: &mut Effects,
    ) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        let wait = self.throttle.wait(name, session.from.network(), self.now.steady);
        if let Some(wait) = wait {
            return self.reply(conn, retry_after(wait), effects);
        }
        let new = self.config.registration && self.directory.find_name(&name).is_none();
        session.enter(State::AwaitsPassword(Box::new(Claim { name, new, takeover })));
        let (code, text) = match new {
            true => (Code::ChoosePassword, "new here, choose a password"),
            false => (Code::SendPassword, "send the password"),
        };
        self.reply(conn, Reply::new(code, Verb::User, Detail::User(name, text)), effects);
    }

    /// Takes the D line with the password.
    pub(super) fn password(&mut self, conn: ConnId, text: Text<'_>, effects: &mut Effects) {
        let Some(session) = self.sessions.get(conn) else { return };
        let State::AwaitsPassword(claim) = session.state() else { return };
        let (claim, network) = (**claim, session.from.network());
        match self.password_job(claim, network, text) {
            Ok((job, task)) => {
                self.enter(conn, State::ChecksPassword);
                self.begin(conn, job, task, effects);
            }
            Err(reply) => self.start_over(conn, reply, effects),
        }
    }

    fn password_job(
        &mut self,
        claim: Claim,
        network: Address,
        text: Text<'_>,
    ) -> Result<(Job, Task), Reply> {
        let Claim { name, new, takeover } = claim;
        if !(1..=PASSWORD_BYTES_MAX).contains(&text.len()) {
            let text = "a password has 1 to 1024 bytes";
            return Err(Reply::text(Code::BadParameters, Verb::User, text));
        }
        let password = Secret::new(text.as_str());
        if new {
            let taken = || Reply::text(Code::NameNotAllowed, Verb::User, "that name is taken now");
            let account = self.directory.reserve(name, &mut self.lot).ok_or_else(taken)?;
            let job = Job::Register { account: account.clone(), password };
            return Ok((job, Task::Register(account)));
        }
        if let Some(wait) = self.throttle.wait(name, network, self.now.steady) {
            return Err(retry_after(wait));
        }
        self.throttle.attempt(name, self.now.steady);
        let user = self.directory.find_name(&name);
        let number = user.map(|user| self.directory.account(user).number);
        let attempt = Attempt { name, user, network, takeover };
        Ok((Job::CheckPassword { number, password }, Task::CheckPassword(attempt)))
    }

    /// An account is on disk, or is not.
    pub(super) fn registered(
        &mut self,
        conn: ConnId,
        account: Account,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        if *outcome == Outcome::Done {
            // Whoever asked for it may be gone; the account is there all the same.
            let user = self.directory.add(account);
            return self.log_in(conn, user, true, effects);
        }
        self.directory.release(&account);
        self.start_over(conn, not_checked(outcome), effects);
    }

    /// A password was checked, or could not be.
    pub(super) fn password_checked(
        &mut self,
        conn: ConnId,
        attempt: &Attempt,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        match (outcome, attempt.user) {
            (Outcome::PasswordRight, Some(user)) => {
                self.throttle.right(attempt.name);
                self.admit(conn, user, attempt.takeover, effects);
            }
            (Outcome::PasswordRight | Outcome::PasswordWrong, _) => {
                let now = self.now.steady;
                let delay = self.throttle.wrong(attempt.name, attempt.network, now);
                self.refuse_password(conn, delay, effects);
            }
            _ => {
                self.throttle.unchecked(attempt.name);
                self.start_over(conn, not_checked(outcome), effects);
            }
        }
    }

    /// Lets in who gave the right password, unless that user is online and stays so.
    fn admit(&mut self, conn: ConnId, user: UserIndex, takeover: bool, effects: &mut Effects) {
        if self.sessions.get(conn).is_none() {
            return;
        }
        match self.online.conn(user) {
            None => self.log_in(conn, user, true, effects),
            Some(old) if takeover => {
                let last = Reply::closing(CloseReason::TakenOver.text());
                self.close(old, CloseReason::TakenOver, Some(last), effects);
                self.log_in(conn, user, false, effects);
            }
            Some(_) => {
                let text = "you are logged in already, USER name TAKEOVER ends that session";
                let last = Reply::text(Code::AlreadyOnline, Verb::User, text);
                self.close(conn, CloseReason::AlreadyOnline, Some(last), effects);
            }
        }
    }

    fn log_in(&mut self, conn: ConnId, user: UserIndex, announce: bool, effects: &mut Effects) {
        if self.sessions.get(conn).is_none() {
            return;
        }
        self.enter(conn, State::Online(user, Composing::Nothing));
        let since = self.next_id();
        self.online.join(user, conn, since);
        effects.push(Effect::LoggedIn { conn });
        let account = self.directory.account(user);
        let welcome = Detail::LoggedIn(account.name, account.number);
        self.reply(conn, Reply::new(Code::ListHead, Subject::Unread, Detail::Count(0)), effects);
        self.reply(conn, Reply::new(Code::LoggedIn, Verb::User, welcome), effects);
        if announce {
            self.tell_presence(user, true, effects);
        }
    }

    /// Tells of a wrong password, after a delay where there were more of late.
    fn refuse_password(&mut self, conn: ConnId, delay: Duration, effects: &mut Effects) {
        if self.sessions.get(conn).is_none() {
            return;
        }
        self.enter(conn, State::Refused);
        if delay.is_zero() {
            self.tell_refused(conn, effects);
        } else {
            self.refusals.insert((self.now.steady + delay, conn));
        }
    }

    /// Tells those whose delay is over.
    pub(super) fn deadline(&mut self, effects: &mut Effects) {
        while let Some((at, conn)) = self.refusals.first().copied() {
            if at > self.now.steady {
                return;
            }
            self.refusals.pop_first();
            self.tell_refused(conn, effects);
        }
    }

    fn tell_refused(&mut self, conn: ConnId, effects: &mut Effects) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        session.wrong_passwords += 1;
        let is_last = session.wrong_passwords >= WRONG_PASSWORDS_MAX;
        let reply = Reply::text(Code::WrongPassword, Verb::User, "wrong password");
        self.start_over(conn, reply, effects);
        if is_last {
            let last = Reply::closing(CloseReason::WrongPassword.text());
            self.close(conn, CloseReason::WrongPassword, Some(last), effects);
        }
    }

    /// Ends a login that came to nothing; USER is awaited again.
    fn start_over(&mut self, conn: ConnId, reply: Reply, effects: &mut Effects) {
        self.enter(conn, State::Greeted);
        self.reply(conn, reply, effects);
    }

    fn enter(&mut self, conn: ConnId, state: State) {
        if let Some(session) = self.sessions.get_mut(conn) {
            session.enter(state);
        }
    }

    /// Closes a connection, with a last line.
    pub(super) fn close(
        &mut self,
        conn: ConnId,
        reason: CloseReason,
        last: Option<Reply>,
        effects: &mut Effects,
    ) {
        effects.push(Effect::Close { conn, reason, last });
        self.forget(conn, reason != CloseReason::TakenOver, effects);
    }

    /// Forgets a connection, and tells the others that its user went offline.
    pub(super) fn forget(&mut self, conn: ConnId, announce: bool, effects: &mut Effects) {
        let Some(session) = self.sessions.remove(conn) else { return };
        for ticket in session.answers.opened_files() {
            effects.push(Effect::DropFile { ticket });
        }
        if *session.state() == State::Refused {
            self.refusals.retain(|(_, refused)| *refused != conn);
        }
        if let Some(user) = session.user() {
            if announce {
                self.tell_presence(user, false, effects);
            }
            self.online.leave(user);
        }
    }
}

/// The answer to a password that was not checked.
fn not_checked(outcome: &Outcome) -> Reply {
    match outcome {
        Outcome::NoRoom => failed(Verb::User, outcome),
        _ => Reply::new(Code::Busy, Verb::User, Detail::RetryAfter(RETRY_SECONDS)),
    }
}

fn retry_after(wait: Duration) -> Reply {
    let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
    Reply::new(Code::Busy, Verb::User, Detail::RetryAfter(seconds.max(1)))
}
