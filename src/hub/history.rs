//! What was said before: OPEN, HISTORY and SEARCH, and how far one has read.

use super::Hub;
use super::directory::UserIndex;
use super::effect::Effects;
use super::input::ConnId;
use super::job::{Chat, Job, Selection};
use super::lists::Asked;
use super::tasks::Task;
use crate::protocol::name::Target;
use crate::protocol::reply::{Code, Destination, Detail, MessageId, Reply};
use crate::protocol::verb::Verb;

impl Hub {
    /// Lists messages of one chat.
    pub(super) fn read(
        &mut self,
        conn: ConnId,
        verb: Verb,
        target: Target,
        which: impl FnOnce(Chat) -> Selection,
        effects: &mut Effects,
    ) {
        let Some(user) = self.sessions.get(conn).and_then(|session| session.user()) else { return };
        let reader = self.directory.account(user).number;
        match self.chat(user, target) {
            Some((chat, shown)) => {
                let asked = Asked { verb, reader, which: which(chat), chat: Some(shown) };
                self.select_messages(conn, asked, effects);
            }
            None => self.reply(conn, no_such_chat(verb), effects),
        }
    }

    /// Lists the messages of all chats of a user that hold all the words.
    pub(super) fn search_all(&mut self, conn: ConnId, words: Box<str>, effects: &mut Effects) {
        let Some(user) = self.sessions.get(conn).and_then(|session| session.user()) else { return };
        let reader = self.directory.account(user).number;
        let which = Selection::Holding { chat: None, words };
        let asked = Asked { verb: Verb::Search, reader, which, chat: None };
        self.select_messages(conn, asked, effects);
    }

    /// Marks all up to a message as read.
    pub(super) fn seen(
        &mut self,
        conn: ConnId,
        target: Target,
        id: MessageId,
        effects: &mut Effects,
    ) {
        let Some(user) = self.sessions.get(conn).and_then(|session| session.user()) else { return };
        let Some((chat, shown)) = self.chat(user, target) else {
            return self.reply(conn, no_such_chat(Verb::Seen), effects);
        };
        let reader = self.directory.account(user).number;
        // Nobody has seen what was not said yet; a wrong id must not hide later messages.
        let id = id.min(self.ids.newest());
        let done = Reply::new(Code::Done, Verb::Seen, Detail::Seen(shown, id));
        self.answer_after(conn, Job::MarkSeen { reader, chat, id }, Task::MarkSeen(done), effects);
    }

    /// The chat that `user` names, and how it is shown.
    fn chat(&self, user: UserIndex, target: Target) -> Option<(Chat, Destination)> {
        match target {
            Target::Everyone => Some((Chat::Everyone, Destination::Everyone)),
            Target::User(other) => {
                let other = self.directory.account(self.directory.find(other)?);
                let own = self.directory.account(user).number;
                Some((Chat::direct(own, other.number), Destination::User(other.name)))
            }
            Target::Group(_) => None,
        }
    }
}

fn no_such_chat(verb: Verb) -> Reply {
    Reply::text(Code::NotFound, verb, "no such chat")
}
