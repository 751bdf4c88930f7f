//! Lists of messages, which are read from the store page by page as their reader takes them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chat::answer::{Answer, Done};
use crate::chat::id::MessageId;
use crate::chat::kind::Kind;
use crate::chat::message::{Chat, Destination, Message, StoredMessage};
use crate::chat::name::{Number, Target};
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::hub::context::Caller;
use crate::hub::input::ConnId;
use crate::hub::job::Job;
use crate::hub::people::People;
use crate::hub::selection::Selection;
use crate::limits::{LIST_TIME_MAX, PIECE_MESSAGES_MAX};

/// A request that lists messages.
#[derive(Debug)]
pub struct ListQuery {
    pub of: Kind,
    /// The user who reads.
    pub reader: Number,
    pub which: Selection,
    /// The first message of `*` that the user may read.
    pub since: MessageId,
    /// The chat as the reader addresses it; none for all chats.
    chat: Option<Destination>,
}

impl ListQuery {
    /// Creates the query of a request that lists messages.
    pub fn new(from: Caller, request: Request, people: People<'_>) -> Result<Self, Refusal> {
        let of = request.kind();
        let shown = |target| chat(from, target, people);
        let (which, chat) = match request {
            Request::OpenUnread(target) => {
                let (chat, shown) = shown(target)?;
                (Selection::Unread(chat), Some(shown))
            }
            Request::OpenLast { chat, count } => {
                let (chat, shown) = shown(chat)?;
                (Selection::Last { chat, before: None, count }, Some(shown))
            }
            Request::History { chat, before, count } => {
                let (chat, shown) = shown(chat)?;
                (Selection::Last { chat, before: Some(before), count }, Some(shown))
            }
            Request::After { chat, after, count } => {
                let (chat, shown) = shown(chat)?;
                (Selection::After { chat, after, count }, Some(shown))
            }
            Request::Search { chat: Some(chat), words } => {
                let (chat, shown) = shown(chat)?;
                (Selection::Holding { chat: Some(chat), words }, Some(shown))
            }
            Request::Search { chat: None, words } => {
                (Selection::Holding { chat: None, words }, None)
            }
            _ => return Err(Refusal::NoSuchChat),
        };
        let reader = people.accounts.number(from.user);
        let since = people.accounts.reads_everyone_since(from.user);
        Ok(ListQuery { of, reader, which, since, chat })
    }

    /// The answer at the end of a list for which messages were searched: all of them, or those that
    /// are indexed so far.
    pub fn last_of_search(&self, is_all: bool) -> Answer {
        let done = if is_all { Done::Done } else { Done::FoundSoFar };
        Answer { of: self.of, result: Ok(done) }
    }

    /// The answer at the end of the list.
    pub fn last(&self, left: u64) -> Answer {
        let done = match (self.of, self.chat) {
            (Kind::Open | Kind::After, Some(chat)) => Done::Opened(chat, left),
            (Kind::History, Some(chat)) => Done::Chat(chat),
            _ => Done::Done,
        };
        Answer { of: self.of, result: Ok(done) }
    }
}

/// Resolves a target to a chat that the caller may read, and to the form in which it is shown.
pub fn chat(
    from: Caller,
    target: Target,
    people: People<'_>,
) -> Result<(Chat, Destination), Refusal> {
    let chat = match people.chat_to_read(from.user, target) {
        Err(Refusal::NoSuchUser) => return Err(Refusal::NoSuchChat),
        other => other?,
    };
    let shown = people.destination(from.user, chat).ok_or(Refusal::NoSuchChat)?;
    Ok((chat, shown))
}

/// A kept message, as it was delivered.
pub fn as_delivered(message: StoredMessage, people: People<'_>) -> Option<Message> {
    let StoredMessage { id, from, chat, text, file_size, is_unheard: _ } = message;
    let from = people.accounts.directory.find_number(from)?;
    let to = people.destination(from, chat)?;
    Some(Message { id, from: people.accounts.name(from), to, text, file_size })
}

/// The lists that have begun and are not complete; one of a session at most, which is blocked.
#[derive(Debug, Default)]
pub struct OpenLists(BTreeMap<ConnId, OpenList>);

/// A list whose messages are selected.
#[derive(Debug)]
struct OpenList {
    /// The user who reads.
    reader: Number,
    /// The messages that are still to be read, newest first.
    ids: Vec<MessageId>,
    /// Messages of these that were removed since.
    removed: Vec<StoredMessage>,
    /// The answer at the end of the list.
    last: Answer,
    /// The time at which the messages were selected, on the monotonic clock.
    since: Duration,
}

impl OpenLists {
    /// Begins a list of messages, oldest first, of a session and its user.
    pub fn open(
        &mut self,
        (conn, reader): (ConnId, Number),
        mut ids: Vec<MessageId>,
        last: Answer,
        since: Duration,
    ) {
        ids.reverse();
        self.0.insert(conn, OpenList { reader, ids, removed: Vec::new(), last, since });
    }

    /// Removes a list. Returns false if there is none.
    pub fn close(&mut self, conn: ConnId) -> bool {
        self.0.remove(&conn).is_some()
    }

    /// The job that reads the next messages; none if there is no list.
    pub fn next_piece(&self, conn: ConnId) -> Option<Job> {
        let list = self.0.get(&conn)?;
        let ids = list.ids.iter().rev().take(PIECE_MESSAGES_MAX).copied().collect();
        Some(Job::FetchMessages { reader: list.reader, ids })
    }

    /// Remembers a message that is being removed, for the lists that have yet to read it.
    pub fn remember(&mut self, message: &StoredMessage) {
        for list in self.0.values_mut() {
            let is_ahead = list.ids.binary_search_by(|id| message.id.cmp(id)).is_ok();
            if is_ahead && list.removed.iter().all(|known| known.id != message.id) {
                list.removed.push(message.clone());
            }
        }
    }

    /// The next messages of a list: those that were read, and the remembered ones that were to be
    /// read with them.
    pub fn with_remembered(
        &self,
        conn: ConnId,
        messages: Vec<StoredMessage>,
    ) -> Vec<StoredMessage> {
        let Some(list) = self.0.get(&conn).filter(|list| !list.removed.is_empty()) else {
            return messages;
        };
        let mut read = messages.into_iter().peekable();
        let ids = list.ids.iter().rev().take(PIECE_MESSAGES_MAX);
        let next = ids.map_while(|id| {
            let remembered = || list.removed.iter().find(|message| message.id == *id).cloned();
            read.next_if(|message| message.id == *id).or_else(remembered)
        });
        next.collect()
    }

    /// Returns true if messages are the next ones of a list.
    pub fn are_next(&self, conn: ConnId, messages: &[StoredMessage]) -> bool {
        let Some(list) = self.0.get(&conn) else { return false };
        let ids = list.ids.iter().rev();
        !messages.is_empty()
            && messages.len() <= list.ids.len()
            && messages.iter().zip(ids).all(|(message, id)| message.id == *id)
    }

    /// Removes the next `count` messages of a list, which were read. If none is left, removes the
    /// list and returns the answer at its end.
    pub fn read(&mut self, conn: ConnId, count: usize) -> Option<Answer> {
        let list = self.0.get_mut(&conn)?;
        list.ids.truncate(list.ids.len().saturating_sub(count));
        if !list.ids.is_empty() {
            return None;
        }
        self.0.remove(&conn).map(|list| list.last)
    }

    /// The lists that still have to read messages older than one: the sessions whose lists take too
    /// long, and the number of the others.
    pub fn in_the_way(&self, before: MessageId, now: Duration) -> (Vec<ConnId>, usize) {
        let is_old = |list: &OpenList| list.ids.last().is_some_and(|oldest| *oldest < before);
        let lists = self.0.iter().filter(|(_, list)| is_old(list));
        let is_slow = |list: &OpenList| now.saturating_sub(list.since) >= LIST_TIME_MAX;
        let (slow, others): (Vec<_>, Vec<_>) = lists.partition(|(_, list)| is_slow(list));
        (slow.into_iter().map(|(conn, _)| *conn).collect(), others.len())
    }

    /// The number of lists.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The sessions that have a list.
    pub fn sessions(&self) -> impl Iterator<Item = &ConnId> {
        self.0.keys()
    }
}
