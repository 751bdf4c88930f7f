//! Sessions, from the connection to their end.

use std::collections::VecDeque;

use chatsrv::chat::entry::Said;
use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::{Key, Number};
use chatsrv::hub::input::ConnId;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::verb::Verb;

use super::NodeModel;
use super::groups::GroupDue;
use super::lists::{DueList, Reading};
use super::messages::Due;

#[derive(Default)]
pub struct Session {
    pub user: Option<Number>,
    pub entering: Option<Entering>,
    pub quiet: bool,
    pub composing: Option<Verb>,
    pub awaits_password: bool,
    /// The word that marks the next message.
    pub key: Option<Key>,
    /// Answers to messages, and lists, in the order in which they are due.
    pub replies: VecDeque<Due>,
    pub group_replies: VecDeque<GroupDue>,
    pub lists: VecDeque<DueList>,
    pub reading: VecDeque<Reading>,
    /// What was said before the welcome and has to be delivered with it.
    pub held: VecDeque<Said>,
}

/// Somebody who gave the right password and is not welcomed yet.
pub struct Entering {
    pub user: Number,
    pub is_news: bool,
    /// The newest message when what is unread was counted.
    pub since: MessageId,
    /// What is delivered with the welcome.
    pub held: Vec<Said>,
}

impl NodeModel {
    pub(super) fn logged_in(&mut self, conn: ConnId, number: Number) {
        let session = self.session(conn);
        let entering = session.entering.take().expect("somebody enters");
        assert_eq!((entering.user, session.user.replace(number)), (number, None));
        session.held = entering.held.into();
        self.chat.people.welcome(number);
        self.group_news(number);
        self.is_known(conn, number);
        if entering.is_news {
            self.tell(conn, number, true);
        }
    }

    pub(super) fn leave(&mut self, conn: ConnId) {
        let Some(session) = self.sessions.get(&conn) else { return };
        let user = match &session.entering {
            Some(entering) if !entering.is_news => Some(entering.user),
            _ => session.user,
        };
        if let Some(user) = user {
            self.tell(conn, user, false);
        }
        self.remove(conn);
    }

    /// A session is over.
    pub(super) fn remove(&mut self, conn: ConnId) -> Option<Session> {
        let session = self.sessions.remove(&conn)?;
        self.forget_creations(conn);
        self.peers.is_gone(conn, session.user);
        self.failures.is_gone(conn);
        let user = session.user.or(session.entering.as_ref().map(|entering| entering.user));
        if let Some(user) = user {
            self.went_offline(user);
        }
        Some(session)
    }
}

impl Session {
    pub fn stop_composing(&mut self, verb: Option<Verb>) {
        let stands = match verb {
            Some(Verb::Alive) => true,
            Some(Verb::Seen) => self.user.is_some(),
            _ => false,
        };
        if !stands {
            self.composing = None;
            self.awaits_password = false;
        }
    }

    pub fn bad_data(&mut self) {
        if !self.awaits_password && self.composing != Some(Verb::Passwd) {
            self.replies.push_back(Due::Refused(Code::BadParameters));
            self.key = None;
        }
        self.stop_composing(None);
    }
}
