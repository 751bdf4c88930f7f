//! The inbox of each user who is logging in: what is said between the count of what is unread and
//! the welcome.
//!
//! The store does its jobs in their order. So what was said before the count was asked for is in
//! it, and what is said after that is kept here until the welcome, and then delivered: nothing is
//! missed, and nothing comes twice. A file is told of once its message is on disk, so that of one
//! that was on its way there the list already tells, and nothing else does.

use std::collections::BTreeMap;

use super::audience::{Addressee, Audience};
use crate::chat::close::CloseReason;
use crate::chat::id::MessageId;
use crate::chat::message::Message;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::Cx;
use crate::hub::input::ConnId;
use crate::limits::INBOX_MESSAGES_MAX;

/// The messages to users who have logged in and are not welcomed yet.
#[derive(Debug, Default)]
pub struct Inbox {
    users: BTreeMap<UserIndex, Unwelcomed>,
}

/// A user who is not welcomed yet.
#[derive(Debug)]
struct Unwelcomed {
    conn: ConnId,
    /// The newest message before what is unread was counted.
    since: MessageId,
    /// What was said after that.
    messages: Vec<Message>,
}

impl Inbox {
    /// Keeps what is said to a user from now on.
    pub fn open(&mut self, user: UserIndex, conn: ConnId, since: MessageId) {
        let before = self.users.insert(user, Unwelcomed { conn, since, messages: Vec::new() });
        debug_assert!(before.is_none(), "{user:?} logs in twice");
    }

    /// What was said to a user since the inbox was opened. Nothing more is kept.
    pub fn take(&mut self, user: UserIndex) -> Vec<Message> {
        self.users.remove(&user).map(|it| it.messages).unwrap_or_default()
    }

    /// Keeps a message for those to whom it goes, and tells for how many. However many log in, that
    /// costs a look at those alone to whom it goes. A login for which too much is kept ends.
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
            // What is sent to everyone stands in no list of what is unread.
            Addressee::Everyone => {
                let others = self.users.iter_mut().filter(|(user, _)| **user != audience.from);
                others.for_each(|(_, user)| keep(user, false));
            }
            // Who sends a file may log in again before it is on the disk.
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

    /// Checks that no inbox has more than one may, and that it is that of a login.
    ///
    /// # Panics
    /// Where something does not hold.
    pub fn check(&self, logins: &[(UserIndex, ConnId)]) {
        let users = self.users.iter();
        assert!(users.map(|(user, it)| (*user, it.conn)).eq(logins.iter().copied()));
        assert!(self.users.values().all(|user| user.messages.len() <= INBOX_MESSAGES_MAX));
    }
}
