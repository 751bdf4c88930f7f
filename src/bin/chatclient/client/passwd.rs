//! Changing the password: asked for before anything is sent, and then sent step by step, for a
//! password that came out of turn would be taken as a message.

use chatsrv::display::line::Line;
use chatsrv::display::safe_text::safe;
use chatsrv::protocol::native::codes::Code;
use chatsrv::protocol::native::outgoing::Outgoing;
use chatsrv::protocol::native::read::FinalReply;
use chatsrv::protocol::native::verb::Verb;

use super::Client;
use crate::input::destination::{Dialogue, Entry};
use crate::link::login::Password;
use crate::requests::{Asked, Passwd};

/// The passwords that were typed.
#[derive(Debug, Default)]
pub(super) struct Passwords {
    old: Password,
    new: Password,
}

impl Entry {
    pub(super) fn prompt(self) -> &'static str {
        match self {
            Entry::Old => "old password: ",
            Entry::New => "new password: ",
            Entry::NewAgain => "the new password again: ",
        }
    }
}

impl Client {
    /// A password was typed.
    pub(super) fn take_password(&mut self, entry: Entry, password: Password) {
        if password.is_empty() {
            self.passwords = Passwords::default();
            return self.cancel_dialogue();
        }
        match entry {
            Entry::Old => {
                self.passwords.old = password;
                self.dialogue = Dialogue::Password(Entry::New);
            }
            Entry::New => {
                self.passwords.new = password;
                self.dialogue = Dialogue::Password(Entry::NewAgain);
            }
            Entry::NewAgain if self.passwords.new == password => {
                self.dialogue = Dialogue::None;
                self.ask(Asked::Passwd(Passwd::Begin), Verb::Passwd, "");
            }
            Entry::NewAgain => {
                self.passwords = Passwords::default();
                self.dialogue = Dialogue::None;
                self.show(Line::error(safe!("these two differ: the password was not changed")));
            }
        }
    }

    /// The server has answered a step.
    pub(super) fn password_answered(&mut self, step: Passwd, reply: &FinalReply<'_>) {
        let Passwords { old, new } = &self.passwords;
        let (next, password) = match (step, reply.code) {
            (Passwd::Begin, Some(Code::SendText)) => (Passwd::Old, old),
            (Passwd::Old, Some(Code::SendText)) => (Passwd::New, new),
            (Passwd::New, Some(Code::Done)) => {
                let passwords = std::mem::take(&mut self.passwords);
                self.login.password_changed(passwords.new);
                self.show(Line::answer(safe!("the password is changed")));
                return self.ask(Asked::Token, Verb::Token, "");
            }
            _ => {
                self.passwords = Passwords::default();
                let why = safe!("the password was not changed: {}", reply.text);
                return self.show(Line::error(why));
            }
        };
        match Outgoing::data(password) {
            Ok(line) => self.requests.go_on(Asked::Passwd(next), line),
            Err(error) => {
                self.passwords = Passwords::default();
                self.show(Line::error(safe!("that is no password: {error}")));
            }
        }
    }
}
