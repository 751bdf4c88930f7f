//! Logging in: what to ask the person, what to tell the server, and when to give up.
//!
//! A state machine without any input or output. The client carries out the [`Step`] that it asks
//! for, and brings back what the person answered or the server replied.
//!
//! After a lost connection it is a [`Login::come_back`]: with the token that the server gave, which
//! takes over the session that may still stand, or else with the password.

use std::time::Duration;

use chatsrv::chat::name::{Number, UserName};
use chatsrv::chat::text::TextError;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::closing::COME_BACK_SECONDS_MAX;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::read::{FinalReply, ReplyWords};
use chatsrv::protocol::native::verb::Verb;
use zeroize::Zeroizing;

/// A password, wiped when it is dropped.
pub type Password = Zeroizing<String>;

/// What the person is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The name to log in with.
    Name,
    /// The password of an account.
    Password,
    /// The same after a lost connection, before there is another one.
    PasswordAgain,
    /// A password for a new account.
    NewPassword,
    /// The same once more.
    NewPasswordAgain,
    /// Whether to end the session that stands under this name.
    TakeOver,
    /// When to try again: any answer does.
    TryAgain,
}

impl Question {
    /// Whether the answer must not be seen.
    pub fn is_secret(self) -> bool {
        !matches!(self, Question::Name | Question::TakeOver | Question::TryAgain)
    }
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask the person.
    Ask(Question),
    /// Say why, then ask the person.
    AskAgain(SafeText, Question),
    /// Wait for the reply that comes unasked.
    Await,
    /// Send this and wait for the reply.
    Send(Outgoing),
    /// Say why, then send this and wait for the reply.
    SendAgain(SafeText, Outgoing),
    /// Connect anew; the greeting of the new connection goes on with the login.
    Reconnect,
    /// Connect anew after this long.
    Later(Duration),
    /// Logged in.
    Done(UserName, Number),
    /// The login failed for this reason.
    Failed(SafeText),
}

/// What is known before the login, and who can be asked.
#[derive(Debug, Default)]
pub struct Credentials {
    /// Under which name.
    pub name: Option<UserName>,
    /// With which password.
    pub password: Option<Password>,
    /// Whether there is a person who answers questions.
    pub may_ask: bool,
    /// Whether an account may be made without asking.
    pub may_register: bool,
}

/// A login under way.
#[derive(Debug)]
pub struct Login {
    name: Option<UserName>,
    /// A password that was given beforehand and is not tried yet.
    given: Option<Password>,
    /// The password that was given beforehand, for as long as it is good.
    standing: Option<Password>,
    /// What the server takes in place of the password.
    token: Option<Password>,
    /// Whether the token was sent and is not answered yet.
    resuming: bool,
    /// Whether it was logged in before, and comes back by itself.
    returning: bool,
    /// The password that was sent last, for the case that the login has to begin again.
    sent: Option<Password>,
    /// The first of two entries of a new password.
    chosen: Option<Password>,
    takeover: bool,
    may_ask: bool,
    may_register: bool,
    /// Whether the server lets in whoever comes there, as its operator.
    operator: bool,
    /// Whether the server refused a password, or a token.
    refused: bool,
}

impl Login {
    /// That of the operator, whom the server lets in without a word.
    pub fn operator() -> Self {
        Login { operator: true, ..Login::new(Credentials::default()) }
    }

    /// A login with what is known.
    pub fn new(credentials: Credentials) -> Self {
        Login {
            name: credentials.name,
            standing: credentials.password.clone(),
            given: credentials.password,
            token: None,
            resuming: false,
            returning: false,
            sent: None,
            chosen: None,
            takeover: false,
            may_ask: credentials.may_ask,
            may_register: credentials.may_register,
            operator: false,
            refused: false,
        }
    }

    /// The server has greeted.
    pub fn greeted(&mut self) -> Step {
        self.resuming = false;
        if self.operator {
            return Step::Await;
        }
        match (self.name, self.token.as_ref()) {
            (Some(name), Some(token)) => {
                self.resuming = true;
                send(Outgoing::command(Verb::Resume, format_args!("{name} {}", token.as_str())))
            }
            (Some(name), None) => self.send_name(name),
            (None, _) if self.may_ask => Step::Ask(Question::Name),
            (None, _) => Step::Failed(safe!("no user name was given")),
        }
    }

    /// The connection is gone after the login: what is to be done to log in again. The session
    /// that is left behind is this client's own, so it is taken over without a question.
    pub fn come_back(&mut self) -> Step {
        self.returning = true;
        self.takeover = true;
        self.sent = None;
        self.given = self.standing.clone();
        if self.operator || self.token.is_some() || self.given.is_some() {
            return Step::Reconnect;
        }
        let why = safe!("the server wants the password again");
        match self.may_ask {
            true => Step::AskAgain(why, Question::PasswordAgain),
            false => Step::Failed(why),
        }
    }

    /// The server has given a token.
    pub fn set_token(&mut self, token: &str) {
        self.token = Some(Zeroizing::new(token.to_string()));
    }

    /// The password is another one now, and the token is no good any more.
    pub fn password_changed(&mut self, password: Password) {
        self.standing = self.standing.is_some().then_some(password);
        self.token = None;
    }

    /// Whether the server refused a password, or a token.
    pub fn was_refused(&self) -> bool {
        self.refused
    }

    /// The person has answered a question.
    pub fn answered(&mut self, question: Question, answer: Password) -> Step {
        match question {
            Question::Name => match answer.trim().parse::<UserName>() {
                Ok(name) => {
                    self.name = Some(name);
                    self.send_name(name)
                }
                Err(_) => Step::AskAgain(
                    safe!("a name has 1 to 32 of A-Z a-z 0-9 _ . - and starts with a letter"),
                    Question::Name,
                ),
            },
            Question::Password => self.send_password(answer, Question::Password),
            Question::PasswordAgain => {
                self.given = Some(answer);
                Step::Reconnect
            }
            Question::NewPassword if answer.is_empty() => {
                Step::AskAgain(safe!("a password is not empty"), Question::NewPassword)
            }
            Question::NewPassword => {
                self.chosen = Some(answer);
                Step::Ask(Question::NewPasswordAgain)
            }
            Question::NewPasswordAgain if self.chosen.take().as_ref() == Some(&answer) => {
                self.send_password(answer, Question::NewPassword)
            }
            Question::NewPasswordAgain => {
                Step::AskAgain(safe!("these two differ"), Question::NewPassword)
            }
            Question::TakeOver if is_yes(&answer) => {
                self.takeover = true;
                self.given = self.sent.take();
                Step::Reconnect
            }
            Question::TryAgain => self.greeted(),
            Question::TakeOver => Step::Failed(safe!("that user is already logged in")),
        }
    }

    /// The server has replied to what was sent last.
    pub fn replied(&mut self, reply: &FinalReply<'_>) -> Step {
        match reply.code {
            Some(Code::SendPassword) => self.password_wanted(),
            Some(Code::ChoosePassword) => self.new_password_wanted(),
            Some(Code::LoggedIn) => {
                self.sent = None;
                match reply.words {
                    ReplyWords::LoggedIn { name, number } => Step::Done(name, number),
                    _ => Step::Failed(safe!("the server's welcome can't be read: {}", reply.text)),
                }
            }
            Some(Code::AlreadyOnline) => match self.may_ask {
                true => Step::AskAgain(
                    safe!("that user is already logged in elsewhere"),
                    Question::TakeOver,
                ),
                false => Step::Failed(safe!("that user is already logged in")),
            },
            Some(Code::WrongPassword) => {
                self.refused = true;
                if self.resuming { self.token_refused() } else { self.wrong_password() }
            }
            Some(Code::Busy) => self.busy(reply),
            Some(Code::NameNotAllowed) if self.may_ask => {
                self.name = None;
                Step::AskAgain(SafeText::new(reply.text), Question::Name)
            }
            _ => Step::Failed(SafeText::new(reply.text)),
        }
    }

    /// Too many log in, or something else keeps the server from it for now.
    fn busy(&self, reply: &FinalReply<'_>) -> Step {
        let seconds = match reply.words {
            ReplyWords::RetryAfter { seconds } => Some(seconds),
            _ => None,
        };
        if self.returning {
            let wait = seconds.unwrap_or(0).min(COME_BACK_SECONDS_MAX);
            return Step::Later(Duration::from_secs(wait.into()));
        }
        let busy = match seconds {
            Some(seconds) => safe!("too many logins at the moment; try again in {seconds} s"),
            None => SafeText::new(reply.text),
        };
        match self.may_ask {
            true => Step::AskAgain(busy, Question::TryAgain),
            false => Step::Failed(busy),
        }
    }

    fn send_name(&mut self, name: UserName) -> Step {
        let takeover = if self.takeover { " TAKEOVER" } else { "" };
        send(Outgoing::command(Verb::User, format_args!("{name}{takeover}")))
    }

    /// A token ends with its age, a new password or a ban; then the password is needed.
    fn token_refused(&mut self) -> Step {
        self.token = None;
        self.resuming = false;
        match (self.come_back(), self.name) {
            (Step::Reconnect, Some(name)) => self.send_name(name),
            (other, _) => other,
        }
    }

    /// The server counts the failures and closes the connection when it has had enough.
    fn wrong_password(&mut self) -> Step {
        let wrong = safe!("wrong password");
        self.standing = None;
        match self.name.filter(|_| self.may_ask).map(|name| self.send_name(name)) {
            Some(Step::Send(line)) => Step::SendAgain(wrong, line),
            _ => Step::Failed(wrong),
        }
    }

    fn password_wanted(&mut self) -> Step {
        match self.given.take() {
            Some(password) => self.send_password(password, Question::Password),
            None if self.may_ask => Step::Ask(Question::Password),
            None => Step::Failed(safe!("no password: set CHAT_PASSWORD or give --password-file")),
        }
    }

    fn new_password_wanted(&mut self) -> Step {
        if !self.may_ask && !self.may_register {
            return Step::Failed(safe!("no such user; --register makes the account"));
        }
        match self.given.take() {
            Some(password) if self.may_register => {
                self.send_password(password, Question::NewPassword)
            }
            // A password that was meant for an account which should exist is not used to make one
            // that was perhaps mistyped.
            _ if self.may_ask => Step::Ask(Question::NewPassword),
            _ => Step::Failed(safe!("no password: set CHAT_PASSWORD or give --password-file")),
        }
    }

    fn send_password(&mut self, password: Password, question: Question) -> Step {
        match Outgoing::data(&password) {
            Ok(line) => {
                self.sent = Some(password);
                Step::Send(line)
            }
            Err(error) if self.may_ask => {
                Step::AskAgain(safe!("that is no password: {error}"), question)
            }
            Err(error) => Step::Failed(safe!("that is no password: {error}")),
        }
    }
}

/// Whether an answer to a yes-or-no question is a yes.
pub fn is_yes(answer: &str) -> bool {
    let answer = answer.trim();
    answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes")
}

fn send(line: Result<Outgoing, TextError>) -> Step {
    line.map_or_else(|error| Step::Failed(SafeText::new(error)), Step::Send)
}

#[cfg(test)]
mod tests;
