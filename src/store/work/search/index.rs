//! The search index: an FTS5 table (SQLite) without the texts, which are in the database.
//!
//! The [`Terms`] of each message are indexed; FTS5 only splits them at the spaces. A search is
//! split into terms, too: those of each part between white space form a phrase, which the message
//! has to contain.
//!
//! A new index covers new messages from then on. The older ones are added in steps, from the newest
//! to the oldest. Each step is one transaction, so that the work continues after a crash.
//!
//! Beside its text, each message is indexed by a word for its chat and one for each of its readers,
//! so that a search never reads messages of other chats, however common its words are. A message in
//! a group is indexed by the chat alone, since members come and go: the groups of a reader, and the
//! first message that the reader may read in each, are read from the database for each search.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection, OpenFlags};

use super::deletions;
use super::file::{self, IndexError, IndexProgress, LOCK_TIMEOUT};
use crate::chat::id::{GroupId, MessageId};
use crate::chat::message::Chat;
use crate::chat::name::Number;
use crate::chat::request::LIST_MESSAGES_MAX;
use crate::chat::words::Terms;
use crate::store::rows::groups;
use crate::store::rows::lane::Lane;
use crate::store::rows::values::{from_sql, sql};

/// The largest number of messages that one step indexes, and that it removes.
const MESSAGES_PER_STEP: u32 = 500;
/// The number of bytes of text after which a step ends: a few milliseconds' work.
const BYTES_PER_STEP: usize = 128 * 1024;
/// The number of SQLite's virtual machine instructions after which a search compares the time with
/// its deadline.
const INSTRUCTIONS_PER_LOOK: i32 = 200;

/// The open index, and a connection to the database that it follows.
#[derive(Debug)]
pub(super) struct Index {
    store: Connection,
    index: Connection,
    progress: IndexProgress,
}

/// The messages that one step indexes, ordered by id.
#[derive(Default)]
struct Batch {
    documents: Vec<Document>,
    /// True if there may be more.
    is_full: bool,
}

/// A message as it is indexed.
struct Document {
    id: i64,
    terms: String,
    lane: Lane,
}

/// A part of a search: the messages to search in.
struct Part {
    /// The query for the words of their chat or readers.
    who: String,
    /// The smallest id.
    from: i64,
}

impl Index {
    /// Opens the index of a database, or creates a new one if there is none for it.
    pub(super) fn open(store: &Path, path: &Path) -> Result<Self, IndexError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let store = Connection::open_with_flags(store, flags).map_err(IndexError::Database)?;
        store.busy_timeout(LOCK_TIMEOUT).map_err(IndexError::Database)?;
        let (index, progress) = file::open(&store, path)?;
        Ok(Index { store, index, progress })
    }

    /// Returns true if all older messages are indexed; new ones may not be yet.
    pub(super) fn is_whole(&self) -> bool {
        self.progress.first == 0
    }

    /// Which messages are indexed.
    #[cfg(test)]
    pub(super) fn progress(&self) -> IndexProgress {
        self.progress
    }

    /// Indexes some new messages, and removes some that are no longer in the database. Returns true
    /// if there is more to do. Removals are looked for behind new messages, so that nothing is
    /// indexed after its end.
    pub(super) fn follow(&mut self) -> Result<bool, IndexError> {
        let batch = self.new_messages().map_err(IndexError::Database)?;
        let (oldest, _) = self.bounds().map_err(IndexError::Database)?;
        let ended = self.ended_group()?;
        let last = batch.documents.last().map_or(self.progress.last, |document| document.id);
        let progress = IndexProgress { last, ..self.progress };
        let removed =
            self.update(&batch.documents, oldest, progress).map_err(IndexError::of_index)?;
        if let Some(group) = ended {
            self.remove_group_step(group).map_err(IndexError::of_index)?;
        }
        let more_deleted = self.forget_deleted()?;
        let is_full = |count: usize| count == MESSAGES_PER_STEP as usize;
        Ok(batch.is_full || is_full(removed) || ended.is_some() || more_deleted)
    }

    /// Forgets some messages that were removed one by one. Returns true if there may be more.
    fn forget_deleted(&mut self) -> Result<bool, IndexError> {
        let known = deletions::known(&self.index).map_err(IndexError::of_index)?;
        let deleted = deletions::since(&self.store, known).map_err(IndexError::Database)?;
        let Some(deleted) = deleted else { return Ok(false) };
        deletions::forget(&mut self.index, &deleted).map_err(IndexError::of_index)?;
        Ok(deleted.may_be_more())
    }

    /// Indexes some messages that are older than all that are indexed. Returns true if there are
    /// more.
    pub(super) fn go_back(&mut self) -> Result<bool, IndexError> {
        if self.is_whole() {
            return Ok(false);
        }
        let batch = self.older_messages().map_err(IndexError::Database)?;
        let first = batch.documents.first().map_or(0, |document| document.id);
        let first = if batch.is_full { first } else { 0 };
        let progress = IndexProgress { first, ..self.progress };
        self.update(&batch.documents, 0, progress).map_err(IndexError::of_index)?;
        if self.is_whole() {
            log::info!("the search index is whole");
        }
        Ok(!self.is_whole())
    }

    /// Finds the last messages that contain all words, oldest first, and of those to everyone only
    /// from one on.
    ///
    /// # Errors
    /// [`IndexError::TimedOut`] after the deadline.
    pub(super) fn find(
        &mut self,
        (reader, since): (Number, MessageId),
        chat: Option<Chat>,
        words: &str,
        deadline: Instant,
    ) -> Result<Vec<MessageId>, IndexError> {
        let is_late = move || Instant::now() >= deadline;
        let look = Some(is_late);
        self.index.progress_handler(INSTRUCTIONS_PER_LOOK, look).map_err(IndexError::of_index)?;
        let found = self.find_kept((reader, since), chat, words);
        self.index.progress_handler(0, None::<fn() -> bool>).map_err(IndexError::of_index)?;
        // An interruption may be reported as another error, such as corruption.
        found.map_err(|error| if is_late() { IndexError::TimedOut } else { error })
    }

    /// Finds messages that are still in the database. Others, which were deleted one by one, are
    /// removed from the index.
    fn find_kept(
        &mut self,
        (reader, since): (Number, MessageId),
        chat: Option<Chat>,
        words: &str,
    ) -> Result<Vec<MessageId>, IndexError> {
        loop {
            let found = self.find_all((reader, since), chat, words)?;
            let gone = self.gone(&found).map_err(IndexError::Database)?;
            if gone.is_empty() {
                return Ok(found);
            }
            let transaction = self.index.transaction().map_err(IndexError::of_index)?;
            delete(&transaction, &gone).map_err(IndexError::of_index)?;
            transaction.commit().map_err(IndexError::of_index)?;
        }
    }

    /// The ids that are no longer in the database.
    fn gone(&self, ids: &[MessageId]) -> rusqlite::Result<Vec<i64>> {
        let mut select = self.store.prepare_cached("SELECT 1 FROM messages WHERE id = ?1")?;
        let mut gone = Vec::new();
        for id in ids.iter().map(|id| sql(*id)) {
            if !select.exists([id])? {
                gone.push(id);
            }
        }
        Ok(gone)
    }

    fn find_all(
        &mut self,
        (reader, since): (Number, MessageId),
        chat: Option<Chat>,
        words: &str,
    ) -> Result<Vec<MessageId>, IndexError> {
        let (oldest, newest) = self.bounds().map_err(IndexError::Database)?;
        let parts = self.parts((reader, since), chat).map_err(IndexError::Database)?;
        let mut found: Vec<MessageId> = Vec::new();
        for part in parts {
            let Some(query) = query(&part.who, words) else { return Ok(Vec::new()) };
            // Once there are enough, only newer ones matter.
            let is_full = found.len() == usize::from(LIST_MESSAGES_MAX);
            let enough = found.last().filter(|_| is_full).map_or(0, |id| sql(*id));
            let from = part.from.max(oldest).max(enough);
            found.extend(self.find_part(&query, from, newest).map_err(IndexError::of_index)?);
            found.sort_unstable_by(|a, b| b.cmp(a));
            found.dedup();
            found.truncate(LIST_MESSAGES_MAX.into());
        }
        found.reverse();
        Ok(found)
    }

    fn find_part(&self, query: &str, from: i64, to: i64) -> rusqlite::Result<Vec<MessageId>> {
        self.index
            .prepare_cached(
                "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3
                 ORDER BY rowid DESC LIMIT ?4",
            )?
            .query_map((query, from, to, LIST_MESSAGES_MAX), |row| from_sql(0, row.get(0)?))?
            .collect()
    }

    /// The parts of a search in one chat, or in all that a reader may read: one for each smallest
    /// id.
    fn parts(
        &self,
        (reader, since): (Number, MessageId),
        chat: Option<Chat>,
    ) -> rusqlite::Result<Vec<Part>> {
        let of_group = |(group, from)| Part { who: chat_word(Chat::Group(group)), from };
        match chat {
            Some(Chat::Group(group)) => {
                let since = groups::since(&self.store, group, reader)?;
                Ok(since.map(|since| of_group((group, since))).into_iter().collect())
            }
            Some(chat) => {
                let from = if chat == Chat::Everyone { sql(since) } else { 0 };
                Ok(vec![Part { who: read_by(reader, chat), from }])
            }
            None => {
                let all = Part { who: format!("everyone OR u{reader}"), from: 0 };
                let (own, everyone) = (format!("u{reader}"), "everyone".to_owned());
                let mut parts = match sql(since) {
                    0 => vec![all],
                    from => vec![Part { who: own, from: 0 }, Part { who: everyone, from }],
                };
                parts.extend(groups::of_reader(&self.store, reader)?.into_iter().map(of_group));
                Ok(parts)
            }
        }
    }

    /// A group that has ended, and whose messages are still indexed.
    fn ended_group(&self) -> Result<Option<GroupId>, IndexError> {
        let indexed = || -> rusqlite::Result<Vec<i64>> {
            self.index
                .prepare_cached("SELECT id FROM groups")?
                .query_map([], |row| row.get(0))?
                .collect()
        };
        for id in indexed().map_err(IndexError::of_index)? {
            let group = GroupId(id.cast_unsigned());
            if groups::is_gone(&self.store, Chat::Group(group)).map_err(IndexError::Database)? {
                return Ok(Some(group));
            }
        }
        Ok(None)
    }

    /// Removes some messages of a group from the index.
    fn remove_group_step(&mut self, group: GroupId) -> rusqlite::Result<()> {
        let transaction = self.index.transaction()?;
        let query = format!("who : {}", chat_word(Chat::Group(group)));
        let ids: Vec<i64> = transaction
            .prepare_cached("SELECT rowid FROM words WHERE words MATCH ?1 LIMIT ?2")?
            .query_map((query, MESSAGES_PER_STEP), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        delete(&transaction, &ids)?;
        if ids.len() < MESSAGES_PER_STEP as usize {
            transaction.execute("DELETE FROM groups WHERE id = ?1", [group.0.cast_signed()])?;
        }
        transaction.commit()
    }

    fn new_messages(&self) -> rusqlite::Result<Batch> {
        let query = "SELECT id, lane, text FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.read(query, self.progress.last)
    }

    fn older_messages(&self) -> rusqlite::Result<Batch> {
        let query = "SELECT id, lane, text FROM messages WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
        let mut batch = self.read(query, self.progress.first)?;
        batch.documents.reverse();
        Ok(batch)
    }

    /// Reads the messages that a query selects by an id.
    fn read(&self, query: &str, id: i64) -> rusqlite::Result<Batch> {
        let mut select = self.store.prepare_cached(query)?;
        let mut rows = select.query((id, MESSAGES_PER_STEP))?;
        let (mut batch, mut bytes) = (Batch::default(), 0);
        while let (Some(row), false) = (rows.next()?, batch.is_full) {
            let lane: Lane = row.get(1)?;
            let text = row.get_ref(2)?.as_str()?;
            bytes += text.len();
            let terms = Terms::of(text).text;
            batch.documents.push(Document { id: row.get(0)?, terms, lane });
            let is_last = batch.documents.len() == MESSAGES_PER_STEP as usize;
            batch.is_full = is_last || bytes >= BYTES_PER_STEP;
        }
        Ok(batch)
    }

    /// The ids of the oldest and the newest message in the database.
    fn bounds(&self) -> rusqlite::Result<(i64, i64)> {
        let bounds = self
            .store
            .prepare_cached(
                "SELECT (SELECT min(id) FROM messages), (SELECT max(id) FROM messages)",
            )?
            .query_row([], |row| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get(1)?)))?;
        Ok(bounds.unwrap_or((i64::MAX, 0)))
    }

    fn update(
        &mut self,
        documents: &[Document],
        oldest: i64,
        progress: IndexProgress,
    ) -> rusqlite::Result<usize> {
        let old: Vec<i64> = self
            .index
            .prepare_cached("SELECT rowid FROM words WHERE rowid < ?1 ORDER BY rowid LIMIT ?2")?
            .query_map((oldest, MESSAGES_PER_STEP), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        if progress == self.progress && old.is_empty() {
            return Ok(0);
        }
        let transaction = self.index.transaction()?;
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO words (rowid, text, who) VALUES (?1, ?2, ?3)")?;
            for document in documents {
                let who = readers(document.lane);
                insert.execute((document.id, &document.terms, who))?;
            }
            let mut note =
                transaction.prepare_cached("INSERT OR IGNORE INTO groups (id) VALUES (?1)")?;
            for group in groups_of(documents) {
                note.execute([group.0.cast_signed()])?;
            }
            delete(&transaction, &old)?;
            transaction
                .prepare_cached("UPDATE progress SET first = ?1, last = ?2")?
                .execute([progress.first, progress.last])?;
        }
        transaction.commit()?;
        self.progress = progress;
        Ok(old.len())
    }
}

/// Deletes messages from the index.
fn delete(index: &Connection, ids: &[i64]) -> rusqlite::Result<()> {
    let mut delete = index.prepare_cached("DELETE FROM words WHERE rowid = ?1")?;
    ids.iter().try_for_each(|id| delete.execute([id]).map(drop))
}

/// The groups of documents.
fn groups_of(documents: &[Document]) -> HashSet<GroupId> {
    let group = |document: &Document| match document.lane {
        Lane::Group(group) => Some(group),
        Lane::Everyone | Lane::Direct { .. } | Lane::Unheard { .. } => None,
    };
    documents.iter().filter_map(group).collect()
}

/// The words by which a chat's messages are indexed: for its readers, and for the chat.
fn readers(lane: Lane) -> String {
    if let Lane::Unheard { from, to } = lane {
        return format!("u{from} {}", unheard_word(from, to));
    }
    let chat = lane.chat();
    match chat {
        Chat::Everyone => "everyone".to_owned(),
        Chat::Group(_) => chat_word(chat),
        Chat::Direct(one, other) if one == other => format!("u{one} {}", chat_word(chat)),
        Chat::Direct(one, other) => format!("u{one} u{other} {}", chat_word(chat)),
    }
}

/// The word of what one user said and the other ignored.
fn unheard_word(from: Number, to: Number) -> String {
    format!("n{from}x{to}")
}

/// The query for what a user may read in the chat of everyone, or in a direct one.
fn read_by(reader: Number, chat: Chat) -> String {
    match chat {
        Chat::Direct(one, other) if one != other => {
            let other = if reader == one { other } else { one };
            format!("{} OR {}", chat_word(chat), unheard_word(reader, other))
        }
        chat => chat_word(chat),
    }
}

fn chat_word(chat: Chat) -> String {
    match chat {
        Chat::Everyone => "everyone".to_owned(),
        Chat::Group(group) => format!("g{}", group.0),
        Chat::Direct(one, other) => format!("d{one}x{other}"),
    }
}

/// The FTS5 query. The terms of every word are quoted, so that none is taken for an operator.
/// `None` if there are no terms.
fn query(who: &str, words: &str) -> Option<String> {
    let rows: BTreeSet<String> =
        words.split_whitespace().map(|word| Terms::of(word).text).collect();
    let mut query = "text : (".to_owned();
    let mut is_empty = true;
    for row in rows.iter().filter(|row| !row.is_empty()) {
        is_empty = false;
        query.push('"');
        query.push_str(row);
        query.push_str("\" ");
    }
    // Writing to a `String` does not fail.
    let _ = write!(query, ") AND who : ({who})");
    (!is_empty).then_some(query)
}
