//! Lists of messages, which are read from the store page by page as their reader takes them.

use std::time::Duration;

use super::Hub;
use crate::chat::answer::{Answer, Done, Item, List, Page};
use crate::chat::close::CloseReason;
use crate::chat::message::{Destination, Message, MessageId, StoredMessage};
use crate::chat::name::{Number, UserRef};
use crate::chat::request::Kind;
use crate::hub::effect::{Effect, Effects};
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Selection, Value};
use crate::hub::outcome::failed;
use crate::hub::sessions::replies::Reply;
use crate::hub::tasks::Task;
use crate::limits::PIECE_MESSAGES_MAX;

/// What a list of messages was asked for.
#[derive(Debug)]
pub(super) struct Asked {
    pub of: Kind,
    /// Who reads.
    pub reader: Number,
    pub which: Selection,
    /// The chat as the reader addresses it; none where it is all of them.
    pub chat: Option<Destination>,
}

/// A list whose messages are known.
#[derive(Debug)]
pub(super) struct OpenList {
    /// The messages that are yet to be read, newest first.
    ids: Vec<MessageId>,
    /// What follows the last of them.
    last: Answer,
    /// When the messages became known, on the steady clock.
    pub since: Duration,
}

impl OpenList {
    /// The oldest message that is yet to be read.
    pub fn oldest(&self) -> Option<MessageId> {
        self.ids.last().copied()
    }

    /// The messages to read next, oldest first.
    fn next_ids(&self) -> Vec<MessageId> {
        self.ids.iter().rev().take(PIECE_MESSAGES_MAX).copied().collect()
    }
}

impl Asked {
    fn last(&self, left: u64) -> Answer {
        let done = match (self.of, self.chat) {
            (Kind::Open, Some(chat)) => Done::Opened(chat, left),
            (Kind::History, Some(chat)) => Done::Chat(chat),
            _ => Done::Done,
        };
        Answer { of: self.of, result: Ok(done) }
    }
}

impl Hub {
    /// Begins a list of messages; the session takes nothing until it is complete.
    pub(super) fn select_messages(&mut self, conn: ConnId, asked: Asked, effects: &mut Effects) {
        let job = Job::SelectMessages { reader: asked.reader, which: asked.which.clone() };
        self.hold_until(conn, job, Task::SelectMessages(asked), effects);
    }

    /// It is known which messages a list holds, or that could not be told.
    pub(super) fn messages_selected(
        &mut self,
        conn: ConnId,
        ticket: JobId,
        asked: Asked,
        outcome: Outcome,
        effects: &mut Effects,
    ) {
        let Ok(Value::Selected { mut ids, left }) = outcome else {
            return self.refuse(conn, asked.of, failed(&outcome), effects);
        };
        self.retention.drop_old(&mut ids);
        let Some(oldest) = ids.first().copied() else {
            let list = List::whole(asked.of, [].into(), None, asked.last(left));
            return self.reply(conn, Reply::List(list), effects);
        };
        if self.retention.removes_since(ticket, oldest) {
            // Some of them may be gone by now.
            return self.select_messages(conn, asked, effects);
        }
        ids.reverse();
        let last = asked.last(left);
        let (of, count) = (asked.of, ids.len());
        self.lists.insert(conn, OpenList { ids, last, since: self.core.now.steady });
        self.set_on_hold(conn, true);
        // The pages follow as they are taken.
        let page = Page { items: [].into(), without: None, last: None };
        self.reply(conn, Reply::List(List { of, count, page }), effects);
    }

    /// The reader has taken all that there was of a list.
    pub(super) fn next_page(&mut self, conn: ConnId, effects: &mut Effects) {
        let Some(list) = self.lists.get(&conn) else { return };
        let job = Job::FetchMessages { ids: list.next_ids() };
        self.hold_until(conn, job, Task::FetchMessages, effects);
    }

    /// The next messages of a list were read, or could not be. A list without an end is none, so
    /// then the connection ends instead.
    pub(super) fn messages_fetched(
        &mut self,
        conn: ConnId,
        outcome: Outcome,
        effects: &mut Effects,
    ) {
        let Some(items) = self.next_items(conn, outcome) else {
            return self.fail_list(conn, effects);
        };
        let Some(list) = self.lists.get_mut(&conn) else { return };
        list.ids.truncate(list.ids.len() - items.len());
        let is_complete = list.ids.is_empty();
        self.set_on_hold(conn, !is_complete);
        let complete = if is_complete { self.lists.remove(&conn) } else { None };
        let last = complete.map(|list| list.last);
        let page = Page { items: items.into(), without: None, last };
        effects.push(Effect::Page { conn, page });
    }

    /// The messages as items, where they are the next ones of the list.
    fn next_items(&self, conn: ConnId, outcome: Outcome) -> Option<Vec<Item>> {
        let list = self.lists.get(&conn)?;
        let Ok(Value::Messages(messages)) = outcome else { return None };
        let ids = list.ids.iter().rev();
        let are_next = !messages.is_empty()
            && messages.len() <= list.ids.len()
            && messages.iter().zip(ids).all(|(message, id)| message.id == *id);
        if !are_next {
            log::error!("event=list-broken conn={conn} messages={}", messages.len());
            return None;
        }
        messages.into_iter().map(|message| self.message(message).map(Item::Message)).collect()
    }

    /// A message as it was delivered.
    fn message(&self, message: StoredMessage) -> Option<Message> {
        let StoredMessage { id, from, chat, text, file_size } = message;
        let from = self.accounts.directory.find(UserRef::Number(from))?;
        let to = self.destination(from, chat)?;
        Some(Message { id, from: self.accounts.directory.account(from).name, to, text, file_size })
    }

    /// Ends a connection in the middle of a list.
    pub(super) fn fail_list(&mut self, conn: ConnId, effects: &mut Effects) {
        let reason = CloseReason::ListFailed;
        self.close(conn, reason, None, effects);
    }
}
