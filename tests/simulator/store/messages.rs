//! Messages, as the store in memory keeps them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use chatsrv::chat::group::GroupRow;
use chatsrv::chat::id::{GroupId, MessageId};
use chatsrv::chat::message::{Chat, ChatSummary, StoredMessage, Unread};
use chatsrv::chat::name::{Key, Number};
use chatsrv::chat::refusal::Failure;
use chatsrv::chat::request::{LIST_CHATS_MAX, LIST_MESSAGES_MAX};
use chatsrv::hub::job::{Outcome, Value};
use chatsrv::hub::selection::Selection;

use super::groups::{Groups, has_admin};

/// Messages in a piece of a list. Few, so that there are many pieces.
const IN_A_PIECE: usize = 3;
/// Messages that one step of a removal removes.
pub const REMOVED_IN_A_STEP: usize = 3;

#[derive(Clone, Debug, Default)]
pub struct Messages {
    history: BTreeMap<MessageId, StoredMessage>,
    pub keys: HashMap<(Number, Key), (MessageId, Chat)>,
    seen: HashMap<(Number, Chat), MessageId>,
    pub id_mark: MessageId,
    pub groups: Groups,
}

impl Messages {
    pub fn keep(&mut self, message: &StoredMessage, key: Option<&Key>) {
        let StoredMessage { id, from, chat, .. } = *message;
        assert!(id < self.id_mark, "{id} is not below {}", self.id_mark);
        assert!(self.history.last_key_value().is_none_or(|(last, _)| *last < id), "ids rise");
        self.history.insert(id, message.clone());
        if let Some(key) = key {
            self.keys.insert((from, key.clone()), (id, chat));
        }
    }

    pub fn get(&self, id: MessageId) -> Option<&StoredMessage> {
        self.history.get(&id)
    }

    pub fn find_key(&self, sender: Number, key: &Key) -> Outcome {
        match self.keys.get(&(sender, key.clone())) {
            Some((id, chat)) => Ok(Value::KeyFound { id: *id, chat: *chat }),
            None => Err(Failure::NotFound),
        }
    }

    pub fn raise_id_mark(&mut self, mark: MessageId) {
        assert!(mark > self.id_mark, "a mark only rises");
        self.id_mark = mark;
    }

    pub fn count_unread(&self, reader: Number, until: MessageId) -> Outcome {
        let mut unread: Vec<Unread> = Vec::new();
        for (_, message) in self.history.range(..=until) {
            let chat = message.chat;
            if chat == Chat::Everyone || !self.is_unread(reader, message) {
                continue;
            }
            match unread.iter_mut().find(|unread| unread.chat == chat) {
                Some(unread) => {
                    unread.count += 1;
                    unread.last = message.id;
                }
                None => unread.push(Unread { chat, count: 1, last: message.id }),
            }
        }
        Ok(Value::Unread(unread))
    }

    pub fn list_chats(
        &self,
        reader: Number,
        before: Option<MessageId>,
        (since, until): (MessageId, MessageId),
    ) -> Outcome {
        let history = || self.seen_in((since, until));
        let own = self.groups.all().map(|group| Chat::Group(group.id));
        let said = history().map(|message| message.chat);
        let mut chats: Vec<Chat> = Vec::new();
        for chat in own.chain(said).filter(|chat| self.groups.reads_since(reader, *chat).is_some())
        {
            if !chats.contains(&chat) {
                chats.push(chat);
            }
        }
        let summaries = chats.into_iter().filter_map(|chat| {
            let of_chat = || history().filter(|message| message.chat == chat);
            let last = of_chat().rfind(|message| self.reads(reader, message));
            let is_listed = last.is_some() || matches!(chat, Chat::Group(_));
            let unread = of_chat().filter(|message| self.is_unread(reader, message)).count() as u64;
            let seen = self.seen.get(&(reader, chat)).copied().unwrap_or_default();
            is_listed.then(|| ChatSummary { chat, unread, seen, last: last.cloned() })
        });
        let mut chats: Vec<ChatSummary> = summaries.collect();
        let last = |chat: &ChatSummary| chat.last.as_ref().map(|last| last.id);
        chats.retain(|chat| before.is_none_or(|before| last(chat) < Some(before)));
        chats.sort_by_key(|chat| Reverse(last(chat)));
        let left = chats.len().saturating_sub(LIST_CHATS_MAX) as u64;
        chats.truncate(LIST_CHATS_MAX);
        Ok(Value::Chats { chats, left })
    }

    pub fn delete(&mut self, id: MessageId) -> Outcome {
        self.history.remove(&id).map(|_| Value::Done).ok_or(Failure::NotFound)
    }

    /// The next messages of somebody behind one.
    pub fn of_sender(&self, sender: Number, behind: MessageId) -> Value {
        let later = self.history.range(MessageId(behind.0 + 1)..).map(|(_, message)| message);
        let looked_at: Vec<&StoredMessage> = later.take(IN_A_PIECE).collect();
        let up_to = looked_at.last().map(|message| message.id);
        let own = looked_at.into_iter().filter(|message| message.from == sender);
        Value::ToErase { messages: own.cloned().collect(), up_to }
    }

    pub fn select(
        &self,
        reader: Number,
        which: &Selection,
        (since, until): (MessageId, MessageId),
    ) -> Outcome {
        let max = usize::from(LIST_MESSAGES_MAX);
        // A search looks at what there is.
        let until =
            if matches!(which, Selection::Holding { .. }) { MessageId(u64::MAX) } else { until };
        let ids = |chosen: &dyn Fn(&StoredMessage) -> bool| -> Vec<MessageId> {
            let history = self.seen_in((since, until));
            history.filter(|message| chosen(message)).map(|message| message.id).collect()
        };
        let last = |mut ids: Vec<MessageId>, count: usize| {
            ids.drain(..ids.len().saturating_sub(count));
            ids
        };
        let mut left = 0;
        let ids = match which {
            Selection::Unread(chat) => {
                let mut ids =
                    ids(&|message| message.chat == *chat && self.is_unread(reader, message));
                left = ids.len().saturating_sub(max) as u64;
                ids.truncate(max);
                ids
            }
            Selection::Last { chat, before, count } => {
                let is_before = |id| before.is_none_or(|before| id < before);
                let ids = ids(&|message| {
                    message.chat == *chat && self.reads(reader, message) && is_before(message.id)
                });
                last(ids, usize::from(*count))
            }
            Selection::After { chat, after, count } => {
                let mut ids = ids(&|message| {
                    message.chat == *chat && self.reads(reader, message) && message.id > *after
                });
                left = ids.len().saturating_sub((*count).into()) as u64;
                ids.truncate((*count).into());
                ids
            }
            Selection::Holding { chat, words } => {
                let holds = |message: &StoredMessage| {
                    words.split_whitespace().all(|word| message.text.split(' ').any(|w| w == word))
                };
                let is_in = |message: &StoredMessage| chat.is_none_or(|chat| chat == message.chat);
                let ids =
                    ids(&|message| self.reads(reader, message) && is_in(message) && holds(message));
                // Now and then the index is being made.
                let is_all = self.history.len() % 4 != 3;
                return Ok(Value::Found { ids: last(ids, max), is_all });
            }
        };
        Ok(Value::Selected { ids, left })
    }

    pub fn fetch(&self, ids: &[MessageId]) -> Outcome {
        let messages = ids.iter().take(IN_A_PIECE).map_while(|id| self.history.get(id).cloned());
        Ok(Value::Messages(messages.collect()))
    }

    pub fn mark_seen(&mut self, reader: Number, chat: Chat, id: MessageId) -> Outcome {
        let seen = self.seen.entry((reader, chat)).or_default();
        let has_moved = id > *seen;
        *seen = id.max(*seen);
        Ok(Value::Marked { mark: *seen, has_moved })
    }

    pub fn remove_old(&mut self, before: MessageId) -> Outcome {
        let old: Vec<MessageId> = self.history.range(..before).map(|(id, _)| *id).collect();
        for id in old.iter().take(REMOVED_IN_A_STEP) {
            self.history.remove(id);
        }
        Ok(Value::Removed { more: old.len() > REMOVED_IN_A_STEP })
    }

    /// Keeps what changed of groups, all of it or nothing.
    pub fn change_groups(&mut self, rows: &[GroupRow]) -> Outcome {
        let mut changed = self.groups.clone();
        rows.iter().for_each(|row| changed.change(row));
        if !changed.all().all(has_admin) {
            return Err(Failure::Failed);
        }
        self.groups = changed;
        for row in rows {
            if let GroupRow::Ended(id) = row {
                self.end_group(*id);
            }
        }
        Ok(Value::Done)
    }

    /// Forgets a group and what was said in it.
    pub fn end_group(&mut self, id: GroupId) {
        self.groups.end(id);
        self.history.retain(|_, message| message.chat != Chat::Group(id));
    }

    /// What there is up to a message, and in `*` from one on.
    fn seen_in(
        &self,
        (since, until): (MessageId, MessageId),
    ) -> impl DoubleEndedIterator<Item = &StoredMessage> {
        let history = self.history.range(..=until).map(|(_, message)| message);
        history.filter(move |message| message.chat != Chat::Everyone || message.id >= since)
    }

    /// Whether somebody may read a message.
    fn reads(&self, reader: Number, message: &StoredMessage) -> bool {
        let since = self.groups.reads_since(reader, message.chat);
        !message.is_hidden_from(reader) && since.is_some_and(|since| message.id >= since)
    }

    fn is_unread(&self, reader: Number, message: &StoredMessage) -> bool {
        let seen = self.seen.get(&(reader, message.chat)).copied().unwrap_or_default();
        message.from != reader && message.id > seen && self.reads(reader, message)
    }
}
