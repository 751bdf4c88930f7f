//! Tokens, which log in without the password, and the change of a password.

use super::Hub;
use super::login::not_checked;
use super::tasks::{Attempt, Task};
use crate::chat::answer::{Answer, Done};
use crate::chat::close::CloseReason;
use crate::chat::name::{Number, UserName};
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::chat::text::Secret;
use crate::hub::accounts::directory::OPERATOR;
use crate::hub::accounts::throttle::{Try, TryOf};
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::sessions::state::State;
use crate::hub::turns::InTurn;
use crate::limits::WRONG_PASSWORDS_MAX;

/// A number that no account has.
const NOBODY: Number = Number(0);

impl Hub {
    /// Makes a token.
    pub(super) fn token(&mut self, conn: ConnId, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        let number = self.accounts.directory.account(user).number;
        self.answer_after(conn, Job::MakeToken { number }, Task::MakeToken, effects);
    }

    /// A token was made, or was not.
    pub(super) fn token_made(outcome: Outcome) -> Answer {
        let result = match outcome {
            Ok(Value::Token(token)) => Ok(Done::Token(token)),
            other => Err(failed(&other)),
        };
        Answer { of: Kind::Token, result }
    }

    /// Logs in with a token.
    pub(super) fn log_in_again(
        &mut self,
        conn: ConnId,
        name: UserName,
        token: Secret,
        effects: &mut Effects,
    ) {
        let Some(session) = self.core.sessions.get(conn) else { return };
        let tried = Try { network: session.from.network(), of: TryOf::Token };
        let user = self.accounts.directory.find_name(&name).filter(|user| *user != OPERATOR);
        // For a name that nobody has the store is asked all the same, so that the answer to it
        // takes as long as any other.
        let number = user.map_or(NOBODY, |user| self.accounts.directory.account(user).number);
        let attempt = Attempt { of: Kind::Resume, user, tried, takeover: true };
        let job = Job::CheckToken { number, token };
        self.enter(conn, State::ChecksPassword);
        self.try_login(InTurn { conn, attempt, job }, effects);
    }

    /// Checks the password that is to be changed. Guesses count as they do at a login, so that a
    /// token or an open terminal is no way to try passwords.
    pub(super) fn confirm_password(
        &mut self,
        conn: ConnId,
        password: Secret,
        effects: &mut Effects,
    ) {
        let Some(session) = self.core.sessions.get(conn) else { return };
        let (Some(user), from) = (session.user(), session.from) else { return };
        let account = self.accounts.directory.account(user);
        let (name, number) = (account.name, account.number);
        let tried = self.accounts.password_try(name, Some(user), from, self.core.now);
        let of = Kind::ConfirmPassword;
        let attempt = Attempt { of, user: Some(user), tried, takeover: false };
        let job = Job::CheckPassword { number: Some(number), password };
        self.set_on_hold(conn, true);
        self.try_login(InTurn { conn, attempt, job }, effects);
    }

    /// The password that is to be changed was checked, or could not be.
    pub(super) fn password_confirmed(
        &mut self,
        conn: ConnId,
        tried: Try,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        self.tried(tried, outcome, effects);
        let of = Kind::ConfirmPassword;
        match outcome {
            Ok(Value::PasswordRight) => {
                if let Some(session) = self.core.sessions.get_mut(conn) {
                    session.has_confirmed_password = true;
                }
                self.answer(conn, of, Done::Done, effects);
            }
            Ok(Value::PasswordWrong) => self.confirmed_wrong_password(conn, effects),
            other => self.refuse(conn, of, not_checked(other), effects),
        }
    }

    fn confirmed_wrong_password(&mut self, conn: ConnId, effects: &mut Effects) {
        let Some(session) = self.core.sessions.get_mut(conn) else { return };
        session.wrong_passwords += 1;
        let is_last = session.wrong_passwords >= WRONG_PASSWORDS_MAX;
        self.refuse(conn, Kind::ConfirmPassword, Refusal::WrongPassword, effects);
        if is_last {
            self.close_in_turn(conn, CloseReason::WrongPassword, effects);
        }
    }

    /// Changes the password, where the one before was confirmed.
    pub(super) fn set_password(
        &mut self,
        conn: ConnId,
        is_confirmed: bool,
        password: Secret,
        effects: &mut Effects,
    ) {
        let Some(user) = self.user_of(conn) else { return };
        if !is_confirmed {
            return self.refuse(conn, Kind::SetPassword, Refusal::WrongPassword, effects);
        }
        let number = self.accounts.directory.account(user).number;
        // It ends all tokens, so one that is asked for behind it must not be made before.
        let job = Job::SetPassword { number, password };
        self.hold_until(conn, job, Task::ChangePassword, effects);
    }
}
