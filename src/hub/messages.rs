//! What people say to each other: D lines, and PM and DM step by step.

use super::Hub;
use super::answers::Answer;
use super::command::log_in_first;
use super::directory::UserIndex;
use super::effect::{Effect, Effects};
use super::input::ConnId;
use super::session::{Composing, Session, State};
use crate::protocol::name::Target;
use crate::protocol::reply::{Code, Destination, Detail, List, Message, MessageId, Reply, Subject};
use crate::protocol::text::Text;
use crate::protocol::verb::Verb;

impl Session {
    /// To what the answer to the next D line belongs.
    pub(super) fn subject_of_data(&self) -> Subject {
        match self.state() {
            State::AwaitsPassword(_) => Subject::Verb(Verb::User),
            _ => Subject::Message,
        }
    }
}

impl Hub {
    /// Begins a message step by step.
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
            _ => Answer::Reply(Reply::text(Code::SendText, Verb::Pm, "send the message")),
        };
        self.answer(conn, answer, effects);
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
        let reply = target
            .and_then(|target| self.say(user, target, text, effects))
            .unwrap_or_else(|(code, text)| Reply::text(code, Subject::Message, text));
        self.reply(conn, reply, effects);
    }

    /// Delivers a message and confirms it.
    fn say(
        &mut self,
        from: UserIndex,
        target: Target,
        text: Text<'_>,
        effects: &mut Effects,
    ) -> Result<Reply, Refused> {
        if text.is_empty() {
            return Err((Code::BadParameters, "the message is empty"));
        }
        let (to, recipients) = match target {
            Target::Everyone => (Destination::Everyone, self.online.everyone_but(from, effects)),
            Target::User(user) => {
                let user = self.directory.find(user).ok_or(NO_USER)?;
                let conn = self.online.conn(user).ok_or((Code::Offline, "that user is offline"))?;
                let to = Destination::User(self.directory.account(user).name);
                (to, effects.recipients(Some(conn).filter(|_| user != from)))
            }
            Target::Group(_) => return Err((Code::NotFound, "no such group")),
        };
        let delivered = recipients.len() as u32;
        let id = self.next_id();
        if delivered > 0 {
            let from = self.directory.account(from).name;
            let message = Message { id, from, to, text: text.as_str().into() };
            effects.push(Effect::Message { message, to: recipients });
        }
        let detail = Detail::Confirmed { id, to, delivered, stored: 0 };
        Ok(Reply::new(Code::Done, Subject::Message, detail))
    }

    /// The time, made strictly increasing, also where the clock was set back.
    pub(super) fn next_id(&mut self) -> MessageId {
        self.last_id = self.now.unix_micros.max(self.last_id + 1);
        MessageId(self.last_id)
    }
}

/// Why a message is not taken.
type Refused = (Code, &'static str);

const NO_USER: Refused = (Code::NotFound, "no such user");

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
