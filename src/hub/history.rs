//! What was said before: OPEN, HISTORY and SEARCH, and how far one has read.

use super::Hub;
use super::lists::Asked;
use super::tasks::Task;
use crate::chat::answer::Done;
use crate::chat::message::{Chat, Destination, MessageId};
use crate::chat::name::Target;
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Selection};

impl Hub {
    /// Lists messages of one chat.
    pub(super) fn read(
        &mut self,
        conn: ConnId,
        of: Kind,
        target: Target,
        which: impl FnOnce(Chat) -> Selection,
        effects: &mut Effects,
    ) {
        let Some(user) = self.user_of(conn) else { return };
        let reader = self.accounts.directory.account(user).number;
        match self.chat(user, target) {
            Ok((chat, shown)) => {
                let asked = Asked { of, reader, which: which(chat), chat: Some(shown) };
                self.select_messages(conn, asked, effects);
            }
            Err(refusal) => self.refuse(conn, of, refusal, effects),
        }
    }

    /// Lists the messages of all chats of a user that hold all the words.
    pub(super) fn search_all(&mut self, conn: ConnId, words: Box<str>, effects: &mut Effects) {
        let Some(user) = self.user_of(conn) else { return };
        let reader = self.accounts.directory.account(user).number;
        let which = Selection::Holding { chat: None, words };
        let asked = Asked { of: Kind::Search, reader, which, chat: None };
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
        let Some(user) = self.user_of(conn) else { return };
        let (chat, shown) = match self.chat(user, target) {
            Ok(chat) => chat,
            Err(refusal) => return self.refuse(conn, Kind::Seen, refusal, effects),
        };
        let reader = self.accounts.directory.account(user).number;
        // Nobody has seen what was not said yet; a wrong id must not hide later messages.
        let id = id.min(self.core.sequence.newest());
        // Nor a file that nobody was told of yet, though later messages came.
        let untold = self.uploads.published.first(chat);
        let id = untold.map_or(id, |untold| id.min(MessageId(untold.0 - 1)));
        let done = Done::Seen(shown, id);
        self.answer_after(conn, Job::MarkSeen { reader, chat, id }, Task::MarkSeen(done), effects);
    }

    /// The chat that `user` names and may read, and how it is shown.
    fn chat(&self, user: UserIndex, target: Target) -> Result<(Chat, Destination), Refusal> {
        let chat = match target {
            Target::Everyone => Chat::Everyone,
            Target::User(other) => {
                let other = self.accounts.directory.find(other).ok_or(Refusal::NoSuchChat)?;
                let number = |user| self.accounts.directory.account(user).number;
                Chat::direct(number(user), number(other))
            }
            Target::Group(name) => Chat::Group(self.groups.own(user, &name)?),
        };
        self.destination(user, chat).map(|shown| (chat, shown)).ok_or(Refusal::NoSuchChat)
    }
}
