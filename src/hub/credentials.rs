//! Tokens, which log in without the password, and the change of a password.

use super::Hub;
use super::answers::Answer;
use super::directory::{OPERATOR, UserIndex};
use super::login::{not_checked, read_password, wrong};
use super::session::{Composing, State};
use super::tasks::{Attempt, Task, failed};
use super::throttle::{Try, TryOf};
use super::turns::InTurn;
use crate::chat::name::{Number, UserName};
use crate::chat::text::{Secret, Text};
use crate::hub::effect::{CloseReason, Effects};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Value};
use crate::limits::WRONG_PASSWORDS_MAX;
use crate::protocol::native::codes::Code;
use crate::protocol::native::verb::Verb;
use crate::protocol::native::write::{Detail, Reply};

/// A number that no account has.
const NOBODY: Number = Number(0);

impl Hub {
    /// Makes a token.
    pub(super) fn token(&mut self, conn: ConnId, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        let number = self.directory.account(user).number;
        self.answer_after(conn, Job::MakeToken { number }, Task::MakeToken, effects);
    }

    /// A token was made, or was not.
    pub(super) fn token_made(outcome: Outcome) -> Answer {
        Answer::Reply(match outcome {
            Ok(Value::Token(token)) => Reply::new(Code::Done, Verb::Token, Detail::Token(token)),
            other => failed(Verb::Token, &other),
        })
    }

    /// Logs in with a token.
    pub(super) fn log_in_again(
        &mut self,
        conn: ConnId,
        name: UserName,
        token: Secret,
        effects: &mut Effects,
    ) {
        let Some(session) = self.sessions.get(conn) else { return };
        let tried = Try { network: session.from.network(), of: TryOf::Token };
        let user = self.directory.find_name(&name).filter(|user| *user != OPERATOR);
        // For a name that nobody has the store is asked all the same, so that the answer to it
        // takes as long as any other.
        let number = user.map_or(NOBODY, |user| self.directory.account(user).number);
        let attempt = Attempt { verb: Verb::Resume, user, tried, takeover: true };
        let job = Job::CheckToken { number, token };
        self.enter(conn, State::ChecksPassword);
        self.try_login(InTurn { conn, attempt, job }, effects);
    }

    /// Takes the D line with the password that is to be changed. Guesses count as they do at a
    /// login, so that a token or an open terminal is no way to try passwords.
    pub(super) fn old_password(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        text: Text<'_>,
        effects: &mut Effects,
    ) {
        let Some(session) = self.sessions.get(conn) else { return };
        let from = session.from;
        let account = self.directory.account(user);
        let (name, number) = (account.name, account.number);
        let password = match read_password(Verb::Passwd, text) {
            Ok(password) => password,
            Err(reply) => return self.reply(conn, reply, effects),
        };
        let tried = self.password_try(name, Some(user), from);
        let attempt = Attempt { verb: Verb::Passwd, user: Some(user), tried, takeover: false };
        let job = Job::CheckPassword { number: Some(number), password };
        self.set_on_hold(conn, true);
        self.try_login(InTurn { conn, attempt, job }, effects);
    }

    /// The password that is to be changed was checked, or could not be.
    pub(super) fn old_password_checked(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        tried: Try,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        self.tried(tried, outcome, effects);
        match outcome {
            Ok(Value::PasswordRight) => {
                self.enter(conn, State::Online(user, Composing::NewPassword));
                let text = "send the new password";
                self.reply(conn, Reply::text(Code::SendText, Verb::Passwd, text), effects);
            }
            Ok(Value::PasswordWrong) => self.old_password_wrong(conn, effects),
            other => self.reply(conn, not_checked(Verb::Passwd, other), effects),
        }
    }

    fn old_password_wrong(&mut self, conn: ConnId, effects: &mut Effects) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        session.wrong_passwords += 1;
        let is_last = session.wrong_passwords >= WRONG_PASSWORDS_MAX;
        self.reply(conn, wrong(Verb::Passwd), effects);
        if is_last {
            self.close_in_turn(conn, CloseReason::WrongPassword, effects);
        }
    }

    /// Takes the D line with the password that takes its place.
    pub(super) fn new_password(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        text: Text<'_>,
        effects: &mut Effects,
    ) {
        let number = self.directory.account(user).number;
        match read_password(Verb::Passwd, text) {
            Ok(password) => {
                // It ends all tokens, so one that is asked for behind it must not be made before.
                let job = Job::SetPassword { number, password };
                self.hold_until(conn, job, Task::ChangePassword, effects);
            }
            Err(reply) => self.reply(conn, reply, effects),
        }
    }

    /// A new password is on disk, or is not.
    pub(super) fn password_changed(outcome: &Outcome) -> Answer {
        Answer::Reply(match outcome {
            Ok(Value::Done) => {
                Reply::text(Code::Done, Verb::Passwd, "that is your password now; old tokens ended")
            }
            other => failed(Verb::Passwd, other),
        })
    }
}
