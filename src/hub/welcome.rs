//! Between the right password and the welcome: what is unread is counted.
//!
//! The store does its jobs in their order. So what was said before the count was asked for is in
//! it, and what is said after that is kept here until the welcome, and then delivered: nothing is
//! missed, and nothing comes twice. A file is told of once its message is on disk, so that of one
//! that was on its way there the list already tells, and nothing else does.

use super::Hub;
use super::login::not_checked;
use super::tasks::{Task, failed};
use crate::chat::answer::{Answer, Done, Item, List};
use crate::chat::close::CloseReason;
use crate::chat::event::Event;
use crate::chat::message::{Chat, MessageId, Unread};
use crate::chat::name::{Number, UserRef};
use crate::chat::refusal::{Failure, Refusal};
use crate::chat::request::Kind;
use crate::hub::accounts::directory::{OPERATOR, UserIndex};
use crate::hub::context::{Caller, Cx};
use crate::hub::counters::Login;
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Value};
use crate::hub::presence::Entering;
use crate::hub::sessions::replies::Reply;
use crate::hub::sessions::state::State;

impl Hub {
    /// Lets in who gave the right password or token, unless that user is online and stays so.
    pub(super) fn admit(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        of: Kind,
        takeover: bool,
        effects: &mut Effects,
    ) {
        if self.core.sessions.get(conn).is_none() {
            return;
        }
        match self.presence.session_of(user) {
            None => {
                self.core.counters.login(Login::by(user, of));
                self.let_in(conn, user, of, true, effects);
            }
            Some(old) if takeover => {
                let is_news =
                    self.presence.entering.get(&user).is_some_and(|entering| entering.is_news);
                let reason = CloseReason::TakenOver;
                self.close(old, reason, None, effects);
                self.core.counters.login(Login::by(user, of));
                self.let_in(conn, user, of, is_news, effects);
            }
            Some(_) => {
                self.core.counters.login(Login::AlreadyOnline);
                let last = Answer { of, result: Err(Refusal::AlreadyOnline) };
                self.close(conn, CloseReason::AlreadyOnline, Some(last), effects);
            }
        }
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
        self.enter(conn, State::Enters(user));
        let since = self.core.sequence.newest();
        self.presence
            .entering
            .insert(user, Entering { conn, of, is_news, since, held: Vec::new() });
        self.groups.came_online(user);
        let reader = self.accounts.directory.account(user).number;
        self.begin(conn, Job::CountUnread { reader }, Task::Welcome(user), effects);
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
            Ok(Value::Unread(unread)) => self.unread_items(account.number, &unread),
            // Whoever has to look why the store fails must be let in all the same.
            outcome if user == OPERATOR => {
                log::warn!("event=unread-not-counted conn={conn} outcome={outcome:?}");
                Some(Vec::new())
            }
            _ => None,
        };
        let Some(entering) = self.presence.entering.remove(&user) else { return };
        let Entering { of, is_news, held, .. } = entering;
        let Some(items) = unread else {
            self.groups.went_offline(user, &self.core);
            if !is_news {
                self.tell_presence(user, false, effects);
            }
            return self.start_over(conn, of, not_checked(&Err(Failure::Busy)), effects);
        };
        let welcome = Done::LoggedIn { name: account.name, number: account.number };
        let last = Answer { of, result: Ok(welcome) };
        self.enter(conn, State::Online(user));
        let since = self.core.sequence.newest().max(MessageId(self.core.now.unix_micros));
        self.presence.join(user, conn, since);
        effects.push(Effect::LoggedIn { conn });
        let list = List::whole(Kind::Unread, items.into(), None, last);
        self.reply(conn, Reply::List(list), effects);
        let (groups, users, mut cx) = self.groups_with(effects);
        groups.tell_news(Caller { conn, user }, users, &mut cx);
        self.tell_of_stop(conn, effects);
        for message in held {
            let to = effects.recipients([conn]);
            effects.push(Effect::Tell { event: Event::Said(message), to });
        }
        if is_news {
            self.tell_presence(user, true, effects);
        }
        if let Some(from) = self.core.sessions.get(conn).map(|session| session.from) {
            self.accounts.logged_in_from(user, from, &mut Cx::new(&mut self.core, effects));
        }
    }

    /// Lists the chats in which something is unread. The session waits for it: that may be much to
    /// count.
    pub(super) fn unread(&mut self, conn: ConnId, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        let reader = self.accounts.directory.account(user).number;
        self.hold_until(conn, Job::CountUnread { reader }, Task::CountUnread(reader), effects);
    }

    /// What is unread was counted, or could not be.
    pub(super) fn unread_counted(&self, reader: Number, outcome: Outcome) -> Reply {
        let items = match &outcome {
            Ok(Value::Unread(unread)) => self.unread_items(reader, unread),
            _ => None,
        };
        match items {
            Some(items) => {
                let last = Answer::done(Kind::Unread);
                Reply::List(List::whole(Kind::Unread, items.into(), None, last))
            }
            None => Reply::Answer(Answer { of: Kind::Unread, result: Err(failed(&outcome)) }),
        }
    }

    fn unread_items(&self, reader: Number, unread: &[Unread]) -> Option<Vec<Item>> {
        let reader = self.accounts.directory.find(UserRef::Number(reader))?;
        // A group may have been left since, or have ended.
        let is_left = |chat| match chat {
            Chat::Group(id) => self.groups.reads_since(reader, id).is_none(),
            Chat::Everyone | Chat::Direct(..) => false,
        };
        let items = unread.iter().filter(|unread| !is_left(unread.chat)).map(|unread| {
            let Unread { chat, count, last } = *unread;
            Some(Item::Unread { chat: self.destination(reader, chat)?, count, last })
        });
        items.collect()
    }
}
