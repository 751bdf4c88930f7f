//! Users among each other: who is online, under which display name, and who is told.

use super::Hub;
use super::answers::Answer;
use super::directory::{OPERATOR, UserIndex};
use super::tasks::{Task, failed};
use crate::chat::event::Event;
use crate::chat::name::DisplayName;
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Value};
use crate::protocol::native::codes::Code;
use crate::protocol::native::list::List;
use crate::protocol::native::verb::Verb;
use crate::protocol::native::write::Reply;

impl Hub {
    /// Lists who is online.
    pub(super) fn who(&mut self, conn: ConnId, effects: &mut Effects) {
        let items = self.online.who(&self.directory, |user, conn| {
            Some((self.sessions.get(conn)?.from, self.peers.port(user)?))
        });
        let last = Reply::text(Code::Done, Verb::Who, "who is online");
        self.answer(conn, Answer::List(List::whole(Verb::Who, items, None, last)), effects);
    }

    /// Keeps a display name. The session waits for it, so that what it asks for next shows it.
    pub(super) fn nick(&mut self, conn: ConnId, display: DisplayName, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        let number = self.directory.account(user).number;
        let job = Job::SetDisplayName { number, display: display.clone() };
        self.hold_until(conn, job, Task::SetDisplayName { user, display }, effects);
    }

    /// A display name is on disk, or is not.
    pub(super) fn display_set(
        &mut self,
        user: UserIndex,
        display: DisplayName,
        outcome: &Outcome,
    ) -> Answer {
        if *outcome != Ok(Value::Done) {
            return Answer::Reply(failed(Verb::Nick, outcome));
        }
        self.directory.set_display(user, display);
        self.online.who_changed();
        Answer::Reply(Reply::text(Code::Done, Verb::Nick, "people see that beside your name now"))
    }

    /// Turns notices of who comes and goes off or on.
    pub(super) fn quiet(&mut self, conn: ConnId, quiet: bool, effects: &mut Effects) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        session.wants.set_quiet(quiet);
        let text = if quiet { "no notices of who comes and goes" } else { "you are told again" };
        self.reply(conn, Reply::text(Code::Done, Verb::Quiet, text), effects);
    }

    /// Sends a connection what came to the protocol later, or no longer.
    pub(super) fn more(&mut self, conn: ConnId, more: bool, effects: &mut Effects) {
        let Some(session) = self.sessions.get_mut(conn) else { return };
        session.wants.set_more(more);
        let text = if more {
            "you are told what older clients don't know"
        } else {
            "you are told what every client knows"
        };
        self.reply(conn, Reply::text(Code::Done, Verb::More, text), effects);
    }

    /// Tells the others that `user`, who still is online, came or is about to go.
    pub(super) fn tell_presence(&self, user: UserIndex, online: bool, effects: &mut Effects) {
        if user == OPERATOR || self.online.len() > self.config.presence_limit {
            return;
        }
        let own = self.online.conn(user);
        let others = self.online.conns().filter(|conn| {
            Some(*conn) != own
                && self.sessions.get(*conn).is_some_and(|session| !session.wants.quiet())
        });
        let to = effects.recipients(others);
        if to.is_empty() {
            return;
        }
        let account = self.directory.account(user);
        let notice = match online {
            true => Event::On(account.name, account.number),
            false => Event::Off(account.name, account.number),
        };
        effects.push(Effect::Event { notice, to });
    }
}
