//! Users among each other: who is online, under which display name, and who is told.

use super::Hub;
use super::tasks::Task;
use crate::chat::answer::{Answer, Done, List};
use crate::chat::event::Event;
use crate::chat::name::DisplayName;
use crate::chat::request::Kind;
use crate::hub::accounts::directory::{OPERATOR, UserIndex};
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Value};
use crate::hub::sessions::replies::Reply;

impl Hub {
    /// Lists who is online.
    pub(super) fn who(&mut self, conn: ConnId, effects: &mut Effects) {
        let items = self.presence.who(&self.accounts.directory, |user, conn| {
            Some((self.core.sessions.get(conn)?.from, self.peers.port(user)?))
        });
        let last = Answer::done(Kind::Who);
        self.reply(conn, Reply::List(List::whole(Kind::Who, items, None, last)), effects);
    }

    /// Lists to whom a direct message goes at once.
    pub(super) fn reachable(&mut self, conn: ConnId, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        let items = self.presence.direct(&self.accounts.directory);
        let without = self.presence.position(user);
        let last = Answer::done(Kind::Reachable);
        let list = List::whole(Kind::Reachable, items, without, last);
        self.reply(conn, Reply::List(list), effects);
    }

    /// Keeps a display name. The session waits for it, so that what it asks for next shows it.
    pub(super) fn nick(&mut self, conn: ConnId, display: DisplayName, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        let number = self.accounts.directory.account(user).number;
        let job = Job::SetDisplayName { number, display: display.clone() };
        self.hold_until(conn, job, Task::SetDisplayName { user, display }, effects);
    }

    /// A display name is on disk, or is not.
    pub(super) fn display_set(&mut self, user: UserIndex, display: DisplayName, outcome: &Outcome) {
        if *outcome == Ok(Value::Done) {
            self.accounts.directory.set_display(user, display);
            self.presence.who_changed();
        }
    }

    /// Turns notices of who comes and goes off or on.
    pub(super) fn quiet(&mut self, conn: ConnId, quiet: bool, effects: &mut Effects) {
        let Some(session) = self.core.sessions.get_mut(conn) else { return };
        session.is_quiet = quiet;
        self.answer(conn, Kind::Quiet, Done::Switched(quiet), effects);
    }

    /// Tells the others that `user`, who still is online, came or is about to go.
    pub(super) fn tell_presence(&self, user: UserIndex, online: bool, effects: &mut Effects) {
        if user == OPERATOR || self.presence.len() > self.core.config.presence_limit {
            return;
        }
        let own = self.presence.conn(user);
        let others = self.presence.conns().filter(|conn| {
            Some(*conn) != own
                && self.core.sessions.get(*conn).is_some_and(|session| !session.is_quiet)
        });
        let to = effects.recipients(others);
        if to.is_empty() {
            return;
        }
        let account = self.accounts.directory.account(user);
        let event = match online {
            true => Event::On(account.name, account.number),
            false => Event::Off(account.name, account.number),
        };
        effects.push(Effect::Tell { event, to });
    }
}
