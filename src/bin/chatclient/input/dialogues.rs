//! Dialogues with the user, which ask for a message, a decision, or the passwords to change. All
//! passwords are asked for before anything is sent, and each is sent only when the server asks for
//! it, since it would take one out of turn for a message.

use chatsrv::display::line::Line;
use chatsrv::display::refusal::refusal;
use chatsrv::display::safe_text::safe;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::read::FinalReply;
use chatsrv::protocol::native::verb::Verb;

use super::destination::{Dialogue, PasswordEntry};
use crate::core::Core;
use crate::link::login::Password;
use crate::requests::{Asked, Passwd};

/// The current dialogue, and the passwords that were typed in it.
#[derive(Debug, Default)]
pub struct Dialogues {
    /// The current step.
    pub step: Dialogue,
    old: Password,
    new: Password,
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
