//! Dialogues with the user, which ask for a message, a decision, or passwords. All
//! passwords are asked for before anything is sent, and each is sent only when the server asks for
//! it, since it would take one out of turn for a message.

use chatsrv::display::line::Line;
use chatsrv::display::refusal::refusal;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::read::FinalReply;
use chatsrv::protocol::native::verb::Verb;

use super::action::Action;
use super::destination::{Dialogue, PasswordEntry};
use crate::core::Core;
use crate::link::login::{Password, is_yes};
use crate::requests::{Asked, Passwd, Unregister};

/// The current dialogue, and the passwords that were typed in it.
#[derive(Debug, Default)]
pub struct Dialogues {
    /// The current step.
    pub step: Dialogue,
    old: Password,
    new: Password,
    /// The command that is carried out once it is confirmed.
    pending: Option<Action>,
    /// True if all that the user has said and sent is to go with the account.
    erases: bool,
}

impl Dialogues {
    /// Cancels the dialogue.
    pub fn cancel(&mut self, core: &mut Core) {
        *self = Dialogues::default();
        let text = safe!("cancelled, nothing was sent");
        let is_seen = core.ui.is_interactive();
        core.show(if is_seen { Line::notice(text) } else { Line::error(text) });
    }

    /// Returns true if a message or a password is still to be typed.
    pub fn is_unfinished(&self) -> bool {
        matches!(self.step, Dialogue::User | Dialogue::Text(_) | Dialogue::Password(_))
    }

    /// Asks whether to carry out a command that can't be undone.
    pub fn confirm(&mut self, action: Action, question: SafeText, core: &mut Core) {
        core.show(Line::notice(question));
        self.pending = Some(action);
        self.step = Dialogue::Confirm;
    }

    /// Handles the answer to that. Returns the command if it is yes.
    pub fn confirmed(&mut self, answer: &str, core: &mut Core) -> Option<Action> {
        if !is_yes(answer) {
            self.cancel(core);
            return None;
        }
        self.step = Dialogue::None;
        self.pending.take()
    }

    /// Begins to remove the account, which takes its password.
    pub fn begin_to_unregister(&mut self, erases: bool) {
        self.erases = erases;
        self.step = Dialogue::Password(PasswordEntry::Own);
    }

    /// Handles the reply to a step of removing the account. Returns true if it is gone.
    pub fn unregister_answered(
        &mut self,
        step: Unregister,
        reply: &FinalReply<'_>,
        core: &mut Core,
    ) -> bool {
        let password = std::mem::take(&mut self.old);
        let why = match (step, reply.code) {
            (Unregister::Begin, Some(Code::SendText)) => match Outgoing::data(&password) {
                Ok(line) => {
                    core.requests.go_on(Asked::Unregister(Unregister::Password), line);
                    return false;
                }
                Err(error) => safe!("{error}"),
            },
            (Unregister::Password, Some(Code::Done)) => {
                core.show(Line::answer(safe!("your account is gone")));
                return true;
            }
            _ => refusal(reply),
        };
        core.show(Line::error(safe!("your account stays: {why}")));
        false
    }

    /// Handles a password that was typed.
    pub fn take_password(&mut self, entry: PasswordEntry, password: Password, core: &mut Core) {
        if password.is_empty() {
            return self.cancel(core);
        }
        match entry {
            PasswordEntry::Old => {
                self.old = password;
                self.step = Dialogue::Password(PasswordEntry::New);
            }
            PasswordEntry::New => {
                self.new = password;
                self.step = Dialogue::Password(PasswordEntry::NewAgain);
            }
            PasswordEntry::Own => {
                self.old = password;
                self.step = Dialogue::None;
                let words = if self.erases { "ERASE" } else { "" };
                core.ask(Asked::Unregister(Unregister::Begin), Verb::Unregister, words);
            }
            PasswordEntry::NewAgain if self.new == password => {
                self.step = Dialogue::None;
                core.ask(Asked::Passwd(Passwd::Begin), Verb::Passwd, "");
            }
            PasswordEntry::NewAgain => {
                *self = Dialogues::default();
                let why = safe!("these two differ: the password was not changed");
                core.show(Line::error(why));
            }
        }
    }

    /// Handles the reply to a step of changing the password. Returns the new password when it is
    /// valid.
    pub fn password_answered(
        &mut self,
        step: Passwd,
        reply: &FinalReply<'_>,
        core: &mut Core,
    ) -> Option<Password> {
        let (next, password) = match (step, reply.code) {
            (Passwd::Begin, Some(Code::SendText)) => (Passwd::Old, &self.old),
            (Passwd::Old, Some(Code::SendText)) => (Passwd::New, &self.new),
            (Passwd::New, Some(Code::Done)) => {
                let new = std::mem::take(&mut self.new);
                self.forget_passwords();
                core.show(Line::answer(safe!("the password is changed")));
                core.ask(Asked::Token, Verb::Token, "");
                return Some(new);
            }
            _ => {
                self.forget_passwords();
                let why = safe!("the password was not changed: {}", refusal(reply));
                core.show(Line::error(why));
                return None;
            }
        };
        match Outgoing::data(password) {
            Ok(line) => core.requests.go_on(Asked::Passwd(next), line),
            Err(error) => {
                self.forget_passwords();
                core.show(Line::error(safe!("that is no password: {error}")));
            }
        }
        None
    }

    /// Wipes the passwords. The step is left, since another dialogue may have begun.
    fn forget_passwords(&mut self) {
        self.old = Password::default();
        self.new = Password::default();
    }
}
