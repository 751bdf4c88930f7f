//! What people say to each other: D lines, and PM and DM step by step.

use super::Hub;
use super::answers::Answer;
use super::command::log_in_first;
use super::delivery::{Addressee, Draft};
use super::directory::UserIndex;
use super::session::{Composing, Session, State};
use crate::chat::name::{Key, Target};
use crate::chat::text::Text;
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::protocol::native::codes::Code;
use crate::protocol::native::list::List;
use crate::protocol::native::verb::Verb;
use crate::protocol::native::write::{Reply, Subject};

impl Session {
    /// To what the answer to the next D line belongs.
    pub(super) fn subject_of_data(&self) -> Subject {
        match self.state() {
            State::AwaitsPassword(_) => Subject::Verb(Verb::User),
            State::Online(_, Composing::OldPassword | Composing::NewPassword) => {
                Subject::Verb(Verb::Passwd)
            }
            _ => Subject::Message,
        }
    }
}

impl Hub {
    /// Begins what is said step by step.
    pub(super) fn compose(&mut self, conn: ConnId, what: Composing, effects: &mut Effects) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        let State::Online(user, _) = *session.state() else { return };
        session.enter(State::Online(user, what));
        let answer = match what {
            Composing::ForUser => {
                let last = Reply::text(Code::SendText, Verb::Dm, "send the user and the message");
                let items = self.online.direct(&self.directory);
                let without = self.online.position(user);
                Answer::List(List::whole(Verb::Dm, items, without, last))
            }
            Composing::OldPassword | Composing::NewPassword => {
                Answer::Reply(Reply::text(Code::SendText, Verb::Passwd, "send the old password"))
            }
            Composing::ForEveryone | Composing::Nothing => {
                Answer::Reply(Reply::text(Code::SendText, Verb::Pm, "send the message"))
            }
        };
        self.answer(conn, answer, effects);
    }

    /// Marks the next message.
    pub(super) fn mark_next(&mut self, conn: ConnId, key: Key, effects: &mut Effects) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        session.key = Some(key);
        self.reply(conn, Reply::text(Code::Done, Verb::Key, "it marks your next message"), effects);
    }

    /// Takes a D line.
    pub(super) fn data(&mut self, conn: ConnId, text: Text<'_>, effects: &mut Effects) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        debug_assert!(session.takes_input(), "{conn} sent data out of turn");
        let (user, composing) = match session.state() {
            State::Online(user, composing) => (*user, *composing),
            State::AwaitsPassword(_) => return self.password(conn, text, effects),
            _ => return self.reply(conn, log_in_first(Subject::Message), effects),
        };
        session.stop_composing();
        let (target, text) = match composing {
            Composing::OldPassword => return self.old_password(conn, user, text, effects),
            Composing::NewPassword => return self.new_password(conn, user, text, effects),
            Composing::ForEveryone => (Ok(Target::Everyone), text),
            Composing::ForUser => {
                let (word, text) = text.split_word();
                (parse_target(word).and_then(only_user), text)
            }
            Composing::Nothing => {
                let (word, text) = text.split_word();
                (parse_target(word), text)
            }
        };
        // Whatever the answer is, it uses the word up.
        let key = session.key.take();
        match target.and_then(|target| self.draft(user, target, text, key)) {
            Ok(draft) => self.take(conn, draft, effects),
            Err((code, text)) => {
                self.reply(conn, Reply::text(code, Subject::Message, text), effects);
            }
        }
    }

    fn draft(
        &self,
        from: UserIndex,
        target: Target,
        text: Text<'_>,
        key: Option<Key>,
    ) -> Result<Draft, Refused> {
        if text.is_empty() {
            return Err((Code::BadParameters, "the message is empty"));
        }
        let to = self.addressee(from, target)?;
        Ok(Draft { from, to, text: text.as_str().into(), key, file_size: None })
    }

    /// To whom goes what a user sends to a target.
    pub(super) fn addressee(&self, from: UserIndex, target: Target) -> Result<Addressee, Refused> {
        match target {
            Target::Everyone => Ok(Addressee::Everyone),
            Target::User(user) => self.directory.find(user).map(Addressee::User).ok_or(NO_USER),
            Target::Group(name) => self.own_group(from, &name).map(Addressee::Group),
        }
    }
}

/// Why something is not taken.
pub(super) type Refused = (Code, &'static str);

pub(super) const NO_USER: Refused = (Code::NotFound, "no such user");

fn parse_target(word: &str) -> Result<Target, Refused> {
    match word.parse() {
        Ok(target) => Ok(target),
        Err(_) if word.is_empty() => Err((Code::BadParameters, "say to whom, and what")),
        Err(_) => Err(NO_USER),
    }
}

fn only_user(target: Target) -> Result<Target, Refused> {
    match target {
        Target::User(_) => Ok(target),
        Target::Everyone | Target::Group(_) => Err(NO_USER),
    }
}
