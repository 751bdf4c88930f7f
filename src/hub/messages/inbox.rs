//! The inbox of each user who is logging in: messages that come between the count of unread
//! messages and the welcome.
//!
//! The store does its jobs in order. So messages that came before the count was asked for are in
//! it, and later ones are kept here until the welcome, and then delivered: none is missed, and none
//! comes twice. A file is delivered once its message is on disk. So if it was on its way there at
//! the time of the count, the list of unread messages tells of it, and the inbox does not.

use std::collections::BTreeMap;

use super::audience::{Addressee, Audience};
use crate::chat::close::CloseReason;
use crate::chat::id::MessageId;
use crate::chat::message::Message;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::Cx;
use crate::hub::input::ConnId;
use crate::limits::INBOX_MESSAGES_MAX;

/// The inboxes of the users who are logging in.
#[derive(Debug, Default)]
pub struct Inbox {
    users: BTreeMap<UserIndex, Unwelcomed>,
}

/// The inbox of one user.
#[derive(Debug)]
struct Unwelcomed {
    conn: ConnId,
    /// The newest message when the unread ones were counted.
    since: MessageId,
    /// The messages that came after that.
    messages: Vec<Message>,
}

impl Inbox {
    /// Opens the inbox of a user. Messages after `since` are kept from now on.
    pub fn open(&mut self, user: UserIndex, conn: ConnId, since: MessageId) {
        let before = self.users.insert(user, Unwelcomed { conn, since, messages: Vec::new() });
        debug_assert!(before.is_none(), "{user:?} logs in twice");
    }

    /// Closes the inbox of a user, and returns its messages.
    pub fn take(&mut self, user: UserIndex) -> Vec<Message> {
        self.users.remove(&user).map(|it| it.messages).unwrap_or_default()
    }

    /// Puts a message into the inboxes of its audience, and returns the number of these. The cost
    /// depends on the size of the audience alone, however many users log in. A login ends if its
    /// inbox overflows.
    pub fn put(&mut self, message: &Message, audience: &Audience<'_>, cx: &mut Cx<'_>) -> usize {
        if self.users.is_empty() {
            return 0;
        }
        let mut count = 0;
        let mut keep = |user: &mut Unwelcomed, is_listed: bool| {
            if is_listed && message.id <= user.since {
                return;
            }
            user.messages.push(message.clone());
            count += 1;
            if user.messages.len() == INBOX_MESSAGES_MAX + 1 {
                cx.close(user.conn, CloseReason::TooSlow);
            }
        };
        match audience.to {
            // Messages to everyone are in no list of unread messages.
            Addressee::Everyone => {
                let others = self.users.iter_mut().filter(|(user, _)| **user != audience.from);
                others.for_each(|(_, user)| keep(user, false));
            }
            // The sender of a file may log in again before it is on disk.
            Addressee::User(user) if user == audience.from => {}
            Addressee::User(user) => {
                self.users.get_mut(&user).into_iter().for_each(|user| keep(user, true));
            }
            Addressee::Group(group) => {
                for user in audience.readers(group) {
                    self.users.get_mut(&user).into_iter().for_each(|user| keep(user, true));
                }
            }
        }
        count
    }

    /// Checks that each inbox belongs to a login, and holds no more messages than it may.
    ///
    /// # Panics
    /// If that does not hold.
    pub fn check(&self, logins: &[(UserIndex, ConnId)]) {
        let users = self.users.iter();
        assert!(users.map(|(user, it)| (*user, it.conn)).eq(logins.iter().copied()));
        assert!(self.users.values().all(|user| user.messages.len() <= INBOX_MESSAGES_MAX));
    }
}
