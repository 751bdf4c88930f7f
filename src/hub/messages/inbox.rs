//! The inbox of each session that is logging in: what its user is told between the count of unread
//! messages and the welcome.
//!
//! The store does its jobs in order. So messages that came before the count was asked for are in
//! it, and later ones are kept here until the welcome, and then delivered: none is missed, and none
//! comes twice. A file is delivered once its message is on disk. So if it was on its way there at
//! the time of the count, the list of unread messages tells of it, and the inbox does not.

use std::collections::BTreeMap;

use super::audience::{Addressee, Audience};
use crate::chat::close::CloseReason;
use crate::chat::event::Event;
use crate::chat::id::MessageId;
use crate::chat::message::Message;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::{Caller, Cx};
use crate::hub::input::ConnId;
use crate::hub::presence::Presence;
use crate::limits::INBOX_EVENTS_MAX;

/// The inboxes of the sessions that are logging in.
#[derive(Debug, Default)]
pub struct Inbox {
    sessions: BTreeMap<(UserIndex, ConnId), Unwelcomed>,
}

/// The inbox of one session.
#[derive(Debug)]
struct Unwelcomed {
    /// The newest message when the unread ones were counted.
    since: MessageId,
    /// What the user was told after that.
    events: Vec<Event>,
}

impl Inbox {
    /// Opens the inbox of a session. Messages after `since` are kept from now on.
    pub fn open(&mut self, Caller { conn, user }: Caller, since: MessageId) {
        let new = Unwelcomed { since, events: Vec::new() };
        let before = self.sessions.insert((user, conn), new);
        debug_assert!(before.is_none(), "{conn} logs in twice");
    }

    /// Closes the inbox of a session, and returns what it holds.
    pub fn take(&mut self, Caller { conn, user }: Caller) -> Vec<Event> {
        self.sessions.remove(&(user, conn)).map(|it| it.events).unwrap_or_default()
    }

    /// Puts a message into the inboxes of its audience, and the event of it into those of its
    /// sender. Returns the number of users among the audience who are not online. The cost depends
    /// on the size of the audience alone, however many users log in. A login ends if its inbox
    /// overflows.
    pub fn put(
        &mut self,
        (message, own): (&Message, &Event),
        audience: &Audience<'_>,
        presence: &Presence,
        cx: &mut Cx<'_>,
    ) -> usize {
        if self.sessions.is_empty() {
            return 0;
        }
        // Messages to everyone are in no list of unread messages.
        let is_listed = !matches!(audience.to, Addressee::Everyone);
        let mut count = 0;
        let mut put = |inbox: &mut Self, user: UserIndex| {
            let before = is_listed.then_some(message.id);
            if inbox.tell(user, before, &Event::Said(message.clone()), cx) {
                count += usize::from(!presence.is_online(user));
            }
        };
        match audience.to {
            Addressee::Everyone => {
                let users = self.users().into_iter().filter(|user| *user != audience.from);
                users.for_each(|user| put(self, user));
            }
            Addressee::User(user) if user == audience.from => {}
            Addressee::User(user) if audience.is_unheard => {
                let is_entering = self.of_mut(user).next().is_some();
                count += usize::from(is_entering && !presence.is_online(user));
            }
            Addressee::User(user) => put(self, user),
            Addressee::Group(group) => {
                audience.readers(group).for_each(|user| put(self, user));
            }
        }
        // The sender of a file may log in again before it is on disk.
        self.tell(audience.from, None, own, cx);
        count
    }

    /// Puts an event into the inboxes of a user's sessions, except of those that count it as unread
    /// already, if it is a message that they count. Returns true if there were any.
    pub fn tell(
        &mut self,
        user: UserIndex,
        counted: Option<MessageId>,
        event: &Event,
        cx: &mut Cx<'_>,
    ) -> bool {
        let mut is_told = false;
        for (conn, inbox) in self.of_mut(user) {
            if counted.is_some_and(|id| id <= inbox.since) {
                continue;
            }
            is_told = true;
            inbox.events.push(event.clone());
            if inbox.events.len() == INBOX_EVENTS_MAX + 1 {
                cx.close(conn, CloseReason::TooSlow);
            }
        }
        is_told
    }

    /// The inboxes of a user's sessions.
    fn of_mut(&mut self, user: UserIndex) -> impl Iterator<Item = (ConnId, &mut Unwelcomed)> {
        let from = self.sessions.range_mut((user, ConnId::FIRST)..);
        let own = from.take_while(move |((of, _), _)| *of == user);
        own.map(|((_, conn), inbox)| (*conn, inbox))
    }

    /// Removes a message that is gone from the inboxes of a user's sessions, and puts the event of
    /// it there.
    pub fn delete(&mut self, user: UserIndex, id: MessageId, event: &Event, cx: &mut Cx<'_>) {
        let is_it = |event: &Event| match event {
            Event::Said(message) | Event::SaidElsewhere(message) => message.id == id,
            _ => false,
        };
        self.of_mut(user).for_each(|(_, inbox)| inbox.events.retain(|event| !is_it(event)));
        self.tell(user, None, event, cx);
    }

    /// The users who have an inbox.
    pub fn users(&self) -> Vec<UserIndex> {
        let mut users: Vec<UserIndex> = self.sessions.keys().map(|(user, _)| *user).collect();
        users.dedup();
        users
    }

    /// Checks that each inbox belongs to a login, and holds no more than it may.
    ///
    /// # Panics
    /// If that does not hold.
    pub fn check(&self, logins: impl Iterator<Item = Caller>) {
        assert!(self.sessions.keys().copied().eq(logins.map(|login| (login.user, login.conn))));
        assert!(self.sessions.values().all(|inbox| inbox.events.len() <= INBOX_EVENTS_MAX));
    }
}
