//! Between the right password and the welcome: what is unread is counted.

use super::Hub;
use super::messages::unread_items;
use crate::chat::answer::{Answer, Done, List};
use crate::chat::close::CloseReason;
use crate::chat::event::Event;
use crate::chat::message::MessageId;
use crate::chat::refusal::{Failure, Refusal};
use crate::chat::request::Kind;
use crate::hub::accounts::directory::{OPERATOR, UserIndex};
use crate::hub::context::{Caller, Cx};
use crate::hub::counters::LoginResult;
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Value};
use crate::hub::login::{Authenticated, not_checked, start_over};
use crate::hub::presence::Entering;
use crate::hub::sessions::replies::Reply;
use crate::hub::sessions::state::State;

impl Hub {
    /// Lets in who gave the right password or token, unless that user is online and stays so.
    pub(super) fn authenticated(&mut self, who: Authenticated, effects: &mut Effects) {
        let Authenticated { conn, user, of, takeover, counts_as } = who;
        if self.core.sessions.get(conn).is_none() {
            return;
        }
        let is_news = match self.presence.session_of(user) {
            None => true,
            Some(old) if takeover => {
                let entering = self.presence.entering.get(&user);
                let is_news = entering.is_some_and(|entering| entering.is_news);
                Cx::new(&mut self.core, effects).close(old, CloseReason::TakenOver);
                self.settle(effects);
                is_news
            }
            Some(_) => {
                self.core.counters.login(LoginResult::AlreadyOnline);
                let cx = &mut Cx::new(&mut self.core, effects);
                let reason = CloseReason::AlreadyOnline;
                return cx.close_with(conn, reason, of, Refusal::AlreadyOnline);
            }
        };
        if let Some(result) = counts_as {
            self.core.counters.login(result);
        }
        self.let_in(conn, user, of, is_news, effects);
    }

    /// Lets a user in and counts what is unread.
    pub(super) fn let_in(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        of: Kind,
        is_news: bool,
        effects: &mut Effects,
    ) {
        if self.core.sessions.get(conn).is_none() {
            return;
        }
        Cx::new(&mut self.core, effects).enter(conn, State::Enters(user));
        self.presence.entering.insert(user, Entering { conn, of, is_news });
        self.messages.user_enters(user, conn, &mut Cx::new(&mut self.core, effects));
        self.groups.came_online(user);
        let reader = self.accounts.directory.account(user).number;
        let cx = &mut Cx::new(&mut self.core, effects);
        self.welcomes.begin(Job::CountUnread { reader }, (conn, user), cx);
    }

    /// What is unread was counted: the user is online, and gets what was said meanwhile.
    pub(super) fn welcome(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        outcome: Outcome,
        effects: &mut Effects,
    ) {
        if self.core.sessions.get(conn).is_none() {
            return;
        }
        let account = self.accounts.directory.account(user);
        let unread = match outcome {
            Ok(Value::Unread(unread)) => unread_items(user, &unread, self.people()),
            // Whoever has to look why the store fails must be let in all the same.
            outcome if user == OPERATOR => {
                log::warn!("event=unread-not-counted conn={conn} outcome={outcome:?}");
                Some(Vec::new())
            }
            _ => None,
        };
        let Some(entering) = self.presence.entering.remove(&user) else { return };
        let Entering { of, is_news, .. } = entering;
        let held = self.messages.take_inbox(user);
        let Some(items) = unread else {
            self.groups.went_offline(user, &self.core);
            if !is_news {
                let cx = &mut Cx::new(&mut self.core, effects);
                self.presence.tell(user, false, &self.accounts, cx);
            }
            let cx = &mut Cx::new(&mut self.core, effects);
            return start_over(conn, of, not_checked(&Err(Failure::Busy)), cx);
        };
        let welcome = Done::LoggedIn { name: account.name, number: account.number };
        let last = Answer { of, result: Ok(welcome) };
        Cx::new(&mut self.core, effects).enter(conn, State::Online(user));
        let since = self.core.sequence.newest().max(MessageId(self.core.now.unix_micros));
        self.presence.join(user, conn, since);
        effects.push(Effect::LoggedIn { conn });
        let list = List::whole(Kind::Unread, items.into(), None, last);
        Cx::new(&mut self.core, effects).reply(conn, Reply::List(list));
        let (groups, users, mut cx) = self.groups_with(effects);
        groups.tell_news(Caller { conn, user }, users, &mut cx);
        self.admin.tell_of_stop(conn, &mut Cx::new(&mut self.core, effects));
        for message in held {
            let to = effects.recipients([conn]);
            effects.push(Effect::Tell { event: Event::Said(message), to });
        }
        if is_news {
            let cx = &mut Cx::new(&mut self.core, effects);
            self.presence.tell(user, true, &self.accounts, cx);
        }
        if let Some(from) = self.core.sessions.get(conn).map(|session| session.from) {
            self.accounts.logged_in_from(user, from, &mut Cx::new(&mut self.core, effects));
        }
    }
}
