//! The state machine of the login: what to ask the user, what to send to the server, and when to
//! give up.
//!
//! It does no input or output. The client carries out the [`Step`] that it returns, and passes on
//! the user's answers and the server's replies.
//!
//! After a lost connection, [`Login::come_back`] logs in again: with the token that the server has
//! given, or else with the password. If the connection is not encrypted, the password is forgotten
//! once there is a token: a server that refuses a token may be another one, which is told a
//! password only by a user who is asked and knows whom it goes to. A session that stood alone takes
//! over the old one, if it still exists; one that stood beside others stands beside them again.

use std::time::Duration;

use chatsrv::chat::name::{Number, UserName};
use chatsrv::chat::registration::InviteCode;
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

/// A question to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The name to log in with.
    Name,
    /// The password of an account.
    Password,
    /// The password of an account, after a lost connection and before the next one.
    PasswordAgain,
    /// A password for a new account.
    NewPassword,
    /// The password for a new account again.
    NewPasswordAgain,
    /// Whether to log in beside the sessions that exist under this name, or to take over.
    InUse,
    /// When to try again; any answer does.
    TryAgain,
}

impl Question {
    /// Returns true if the answer must not be shown.
    pub fn is_secret(self) -> bool {
        !matches!(self, Question::Name | Question::InUse | Question::TryAgain)
    }
}

/// The next step of the login.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask the user.
    Ask(Question),
    /// Show a reason, then ask the user.
    AskAgain(SafeText, Question),
    /// Wait for a reply without sending anything.
    Await,
    /// Send a line and wait for the reply.
    Send(Outgoing),
    /// Show a reason, then send a line and wait for the reply.
    SendAgain(SafeText, Outgoing),
    /// Connect again; the login continues with the greeting on the new connection.
    Reconnect,
    /// Connect again after this time.
    Later(Duration),
    /// Logged in.
    Done(UserName, Number),
    /// The login failed for this reason.
    Failed(SafeText),
}

/// What is known before the login, and what is permitted.
#[derive(Debug, Default)]
pub struct Credentials {
    /// The user name.
    pub name: Option<UserName>,
    /// The password.
    pub password: Option<Password>,
    /// True if there is a user at a terminal to answer questions.
    pub may_ask: bool,
    /// What is done if there is no account of that name.
    pub if_new: IfNew,
    /// True to log in beside other sessions of this user.
    pub beside: bool,
    /// Whom the password goes to.
    pub recipient: Recipient,
}

/// What is done if there is no account of the user's name.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum IfNew {
    /// A user is asked whether to create one, a script fails.
    #[default]
    Ask,
    /// It is created.
    Register,
    /// It is created with the code of an invitation.
    Invited(InviteCode),
}

/// The server that a password goes to.
#[derive(Clone, Debug, Default)]
pub struct Recipient {
    /// Its host and port.
    pub name: String,
    /// True if the connection is encrypted, which proves that it is this server.
    pub is_proven: bool,
}

/// How the session stands to other sessions of its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It is the one that stands alone; the login fails if there is another such one.
    Alone,
    /// It is the one that stands alone, and ends another such one.
    TakingOver,
    /// It stands beside all others.
    Beside,
}

/// The state of the login.
#[derive(Debug)]
pub struct Login {
    name: Option<UserName>,
    /// The password that was known before the login, until it is sent.
    given: Option<Password>,
    /// The password that was known before the login, for later logins, as long as it is valid and
    /// may be sent without a question.
    standing: Option<Password>,
    /// The token that the server accepts in place of the password.
    token: Option<Password>,
    /// True if the token was sent and has no reply yet.
    resuming: bool,
    /// True if the client was logged in before, and logs in again by itself.
    returning: bool,
    /// The password that was sent last, in case that the login has to begin again.
    sent: Option<Password>,
    /// The new password, as it was typed first.
    chosen: Option<Password>,
    session: Standing,
    may_ask: bool,
    if_new: IfNew,
    /// True for the operator, who needs neither name nor password.
    operator: bool,
    /// True if the server refused a password or a token.
    refused: bool,
    recipient: Recipient,
}

impl Login {
    /// Creates the login of the operator, which sends nothing.
    pub fn operator() -> Self {
        Login { operator: true, ..Login::new(Credentials::default()) }
    }

    /// Creates the login of a user.
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
            session: if credentials.beside { Standing::Beside } else { Standing::Alone },
            may_ask: credentials.may_ask,
            if_new: credentials.if_new,
            operator: false,
            refused: false,
            recipient: credentials.recipient,
        }
    }

    /// Handles the greeting of the server.
    pub fn greeted(&mut self) -> Step {
        self.resuming = false;
        if self.operator {
            return Step::Await;
        }
        match (self.name, self.token.as_ref()) {
            (Some(name), Some(token)) => {
                self.resuming = true;
                let (token, beside) = (token.as_str(), self.beside_word());
                send(Outgoing::command(Verb::Resume, format_args!("{name} {token}{beside}")))
            }
            (Some(name), None) => self.send_name(name),
            (None, _) if self.may_ask => Step::Ask(Question::Name),
            (None, _) => Step::Failed(safe!("no user name was given")),
        }
    }

    /// Begins to log in again after the connection was lost. The session that may still exist is
    /// this client's own, so one that stands alone is taken over without a question.
    pub fn come_back(&mut self) -> Step {
        self.returning = true;
        if self.session == Standing::Alone {
            self.session = Standing::TakingOver;
        }
        self.sent = None;
        self.given = self.standing.clone();
        if self.operator || self.token.is_some() || self.given.is_some() {
            return Step::Reconnect;
        }
        let Recipient { name, is_proven } = &self.recipient;
        let (unproven, hint) = match is_proven {
            true => ("", ""),
            false => (", and is not encrypted", "; with --tls it is sent again"),
        };
        let why = safe!("{name} wants the password again{unproven}");
        match self.may_ask {
            true => Step::AskAgain(why, Question::PasswordAgain),
            false => Step::Failed(safe!("{why}{hint}")),
        }
    }

    /// Sets the token for the next login.
    pub fn set_token(&mut self, token: &str) {
        self.token = Some(Zeroizing::new(token.to_string()));
        if !self.recipient.is_proven {
            self.standing = None;
        }
    }

    /// Returns true if the last login was with a token.
    pub fn has_resumed(&self) -> bool {
        self.resuming
    }

    /// Returns true if the last line that was to be sent is a password.
    pub fn sends_password(&self) -> bool {
        self.sent.is_some()
    }

    /// Returns true if the server has given a token, which it keeps until it ends.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Notes that the password was changed, which makes the token invalid.
    pub fn password_changed(&mut self, password: Password) {
        self.standing = self.standing.is_some().then_some(password);
        self.token = None;
    }

    /// Returns true if the server refused a password or a token.
    pub fn was_refused(&self) -> bool {
        self.refused
    }

    /// Handles the user's answer to a question.
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
            Question::InUse => self.in_use_answered(&answer),
            Question::TryAgain => self.greeted(),
        }
    }

    fn in_use_answered(&mut self, answer: &str) -> Step {
        self.session = match answer.trim().to_ascii_lowercase().as_str() {
            "b" | "beside" => Standing::Beside,
            "t" | "take over" => Standing::TakingOver,
            "l" | "leave" => return Step::Failed(safe!("that user is already logged in")),
            _ => return Step::AskAgain(safe!("type b, t or l"), Question::InUse),
        };
        self.given = self.sent.take();
        Step::Reconnect
    }

    /// Handles the server's reply to the last line.
    pub fn replied(&mut self, reply: &FinalReply<'_>) -> Step {
        match reply.code {
            // A server that asks for a password instead does not take the token either.
            Some(Code::SendPassword | Code::ChoosePassword) if self.resuming => {
                self.token_refused()
            }
            Some(Code::SendPassword) => self.password_wanted(),
            Some(Code::ChoosePassword) => self.new_password_wanted(),
            Some(Code::LoggedIn) => {
                self.sent = None;
                self.forget_invitation();
                match reply.words {
                    ReplyWords::LoggedIn { name, number } => Step::Done(name, number),
                    _ => Step::Failed(safe!("the server's welcome can't be read: {}", reply.text)),
                }
            }
            Some(Code::AlreadyOnline) => self.already_online(reply),
            Some(Code::BadParameters) if self.is_beside_unknown() => self.stand_alone(),
            Some(Code::BadParameters) if self.sent.is_some() => {
                self.not_that_password(SafeText::new(reply.text))
            }
            Some(Code::WrongPassword) if self.sent.is_none() && self.is_invited() => {
                Step::Failed(safe!("that invitation is not good, or not any more"))
            }
            Some(Code::WrongPassword) => {
                self.refused = true;
                match self.resuming {
                    true => self.token_refused(),
                    false => self.not_that_password(safe!("wrong password")),
                }
            }
            Some(Code::Busy) => self.busy(reply),
            Some(Code::NameNotAllowed) if self.may_ask => {
                self.name = None;
                Step::AskAgain(SafeText::new(reply.text), Question::Name)
            }
            _ => Step::Failed(SafeText::new(reply.text)),
        }
    }

    /// Handles a name that is in use, or one that has as many sessions as it may.
    fn already_online(&self, reply: &FinalReply<'_>) -> Step {
        match self.session {
            Standing::Beside => Step::Failed(SafeText::new(reply.text)),
            _ if self.may_ask => {
                Step::AskAgain(safe!("that user is already logged in elsewhere"), Question::InUse)
            }
            _ => Step::Failed(safe!(
                "that user is already logged in; --beside logs in beside that session"
            )),
        }
    }

    /// Returns true if a refusal of bad parameters means that the server does not know sessions
    /// that stand beside others. An earlier version has none.
    fn is_beside_unknown(&self) -> bool {
        self.session == Standing::Beside && self.sent.is_none()
    }

    /// Logs in as the session that stands alone, on a server that has no other.
    fn stand_alone(&mut self) -> Step {
        self.session = if self.returning { Standing::TakingOver } else { Standing::Alone };
        let step = match (self.resuming, self.name) {
            (true, _) | (_, None) => self.greeted(),
            (false, Some(name)) => self.send_name(name),
        };
        match step {
            Step::Send(line) if self.may_ask && !self.returning => {
                Step::SendAgain(safe!("this server takes one session of a user at a time"), line)
            }
            step => step,
        }
    }

    /// Handles a server that is too busy for a login now.
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
        self.sent = None;
        let word = match self.session {
            Standing::TakingOver => " TAKEOVER",
            Standing::Alone | Standing::Beside => self.beside_word(),
        };
        match &self.if_new {
            IfNew::Invited(code) => {
                let code = code.expose();
                send(Outgoing::command(Verb::User, format_args!("{name}{word} INVITE {code}")))
            }
            _ => send(Outgoing::command(Verb::User, format_args!("{name}{word}"))),
        }
    }

    fn is_invited(&self) -> bool {
        matches!(self.if_new, IfNew::Invited(_))
    }

    /// Forgets the code of the invitation once it was used.
    fn forget_invitation(&mut self) {
        if self.is_invited() {
            self.if_new = IfNew::Register;
        }
    }

    /// The last word of a login that stands beside other sessions.
    fn beside_word(&self) -> &'static str {
        if self.session == Standing::Beside { " BESIDE" } else { "" }
    }

    /// Handles a refused token, which expires by its age, by a new password or by a ban: the
    /// password is needed then.
    fn token_refused(&mut self) -> Step {
        self.token = None;
        self.resuming = false;
        match (self.come_back(), self.name) {
            (Step::Reconnect, Some(name)) => self.send_name(name),
            (other, _) => other,
        }
    }

    /// Handles a password that is wrong, or too short for a new account.
    fn not_that_password(&mut self, wrong: SafeText) -> Step {
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
        if !self.may_ask && self.if_new == IfNew::Ask {
            return Step::Failed(safe!("no such user; --register makes the account"));
        }
        match self.given.take() {
            Some(password) if self.if_new != IfNew::Ask => {
                self.send_password(password, Question::NewPassword)
            }
            // A password that was given for an existing account is not used to create one whose
            // name was perhaps mistyped.
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

/// Returns true if the answer to a yes-or-no question is yes.
pub fn is_yes(answer: &str) -> bool {
    let answer = answer.trim();
    answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes")
}

fn send(line: Result<Outgoing, TextError>) -> Step {
    line.map_or_else(|error| Step::Failed(SafeText::new(error)), Step::Send)
}

#[cfg(test)]
mod tests;
