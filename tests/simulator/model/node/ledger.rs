//! Every message that this server gave an id, and what became of it on its disk.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::RangeInclusive;

use chatsrv::chat::id::{GroupId, MessageId};
use chatsrv::chat::message::{Chat, StoredMessage};
use chatsrv::chat::name::{Key, Number};
use chatsrv::hub::job::JobId;

use crate::store::{REMOVED_IN_A_STEP, Store};

/// What is kept, and what is about to be.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Messages whose jobs the store has yet to do.
    pending: BTreeMap<JobId, (StoredMessage, Option<Key>)>,
    kept: BTreeMap<MessageId, StoredMessage>,
    were_kept: HashSet<MessageId>,
    /// The words that mark what is kept, or was. Whether one was said before is looked up before a
    /// message is proposed. Without a store the id may not be known.
    pub words: HashMap<(Number, Key), (Option<MessageId>, Chat)>,
    seen: HashMap<(Number, Chat), MessageId>,
    /// The mark that is kept.
    pub mark: MessageId,
    /// The newest id that was given out, or that may have been before the server started.
    newest: MessageId,
}

impl Ledger {
    pub fn new(mark: MessageId) -> Self {
        Ledger { mark, newest: mark, ..Ledger::default() }
    }

    /// An id is given out. It must never come again, whatever happens from now on.
    pub fn given_out(&mut self, id: MessageId) {
        assert!(id > self.newest, "{id} does not rise");
        assert!(id < self.mark, "{id} is not below the mark that is kept, {}", self.mark);
        self.newest = id;
    }

    pub fn newest(&self) -> MessageId {
        self.newest
    }

    pub fn pend(&mut self, job_id: JobId, message: &StoredMessage, key: Option<&Key>) {
        self.pending.insert(job_id, (message.clone(), key.cloned()));
    }

    pub fn keep_done(&mut self, job_id: JobId, is_kept: bool) {
        let (message, key) = self.pending.remove(&job_id).expect("it was asked for");
        if is_kept {
            self.keep(message, key);
        }
    }

    fn keep(&mut self, message: StoredMessage, key: Option<Key>) {
        if let Some(key) = key {
            self.words.insert((message.from, key), (Some(message.id), message.chat));
        }
        self.were_kept.insert(message.id);
        self.kept.insert(message.id, message);
    }

    /// The first file of a chat of which nobody was told yet.
    pub fn untold(&self, chat: Chat) -> Option<MessageId> {
        let pending = self.pending.values().map(|(message, _)| message);
        let files = pending.filter(|message| message.chat == chat && message.file_size.is_some());
        files.map(|message| message.id).min()
    }

    /// Whether a message came to the disk, though it may have been removed since.
    pub fn was_kept(&self, id: MessageId) -> bool {
        self.were_kept.contains(&id)
    }

    pub fn get(&self, id: MessageId) -> &StoredMessage {
        &self.kept[&id]
    }

    pub fn find(&self, id: MessageId) -> Option<&StoredMessage> {
        self.kept.get(&id)
    }

    pub fn seen(&mut self, reader: Number, chat: Chat, id: MessageId) {
        assert!(id <= self.newest.max(self.mark), "nobody sees what was not said");
        let seen = self.seen.entry((reader, chat)).or_default();
        *seen = id.max(*seen);
    }

    pub fn removed(&mut self, before: MessageId) {
        let old: Vec<MessageId> = self.kept.range(..before).map(|(id, _)| *id).collect();
        for id in old.iter().take(REMOVED_IN_A_STEP) {
            self.kept.remove(id);
        }
    }

    /// A message was removed. Its word is still known.
    pub fn deleted(&mut self, id: MessageId) {
        assert!(self.kept.remove(&id).is_some(), "{id} was not there");
    }

    /// Up to where somebody has read a chat.
    pub fn seen_up_to(&self, reader: Number, chat: Chat) -> MessageId {
        self.seen.get(&(reader, chat)).copied().unwrap_or_default()
    }

    /// A group has ended, and what was said in it is gone.
    pub fn end(&mut self, group: GroupId) {
        self.kept.retain(|_, message| message.chat != Chat::Group(group));
    }

    /// The server died. What it had told to be kept must be there, and the rest is gone.
    pub fn crash(&mut self, store: &Store) {
        self.pending.clear();
        for message in self.kept.values() {
            assert_eq!(store.messages.get(message.id), Some(message), "it was kept");
        }
        assert_eq!(self.mark, store.messages.id_mark);
        self.newest = self.mark;
    }

    /// The chats in which something is kept.
    pub fn chats(&self) -> HashSet<Chat> {
        self.kept.values().map(|message| message.chat).collect()
    }

    /// The messages of a chat that `reader` may read, from one on up to another, oldest first.
    pub fn history(
        &self,
        reader: Number,
        chat: Chat,
        ids: RangeInclusive<MessageId>,
    ) -> impl Iterator<Item = &StoredMessage> {
        let (since, until) = ids.into_inner();
        let messages = self.kept.range(since..).map(|(_, message)| message);
        let messages = messages.take_while(move |it| it.id <= until);
        messages.filter(move |it| it.chat == chat && !it.is_hidden_from(reader))
    }

    /// What others sent in a chat from one message on up to another and `reader` has not seen,
    /// oldest first.
    pub fn unread(
        &self,
        reader: Number,
        chat: Chat,
        ids: RangeInclusive<MessageId>,
    ) -> impl Iterator<Item = &StoredMessage> {
        let seen = self.seen.get(&(reader, chat)).copied().unwrap_or_default();
        let messages = self.history(reader, chat, ids);
        messages.filter(move |message| message.from != reader && message.id > seen)
    }
}
