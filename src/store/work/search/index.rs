//! The search index: an FTS5 table (SQLite) without the texts, which are in the database.
//!
//! Beside its text, each message is indexed by a word for its chat and one for each of its readers,
//! so that a search never reads messages of other chats, however common its words are. A message in
//! a group is indexed by the chat alone, since members come and go: the groups of a reader, and the
//! first message that the reader may read in each, are read from the database for each search.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::deletions;
use crate::chat::id::{GroupId, MessageId};
use crate::chat::message::Chat;
use crate::chat::name::Number;
use crate::chat::request::LIST_MESSAGES_MAX;
use crate::store::rows::groups;
use crate::store::rows::lane::Lane;
use crate::store::rows::values::{from_sql, sql};

/// The version of the index's schema. An index of another version is discarded.
const VERSION: u32 = 2;
/// The largest number of messages that one step indexes, and that it removes.
const MESSAGES_PER_STEP: u32 = 500;
/// How long to wait for the lock of another process, such as one of SQLite's tools.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// The schema of the index.
const SCHEMA: &str = "
    CREATE VIRTUAL TABLE words USING fts5 (
        text, who,
        content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0'
    );
    CREATE TABLE progress (
        one      INTEGER PRIMARY KEY CHECK (one = 1),
        identity BLOB NOT NULL, -- of the store
        last     INTEGER NOT NULL -- the id of the last message that was indexed
    ) STRICT;
    -- The groups of which messages are indexed.
    CREATE TABLE groups (id INTEGER PRIMARY KEY) STRICT;
";

/// An error of the index.
#[derive(Debug)]
pub(super) enum IndexError {
    /// The index file is corrupt.
    Damaged(rusqlite::Error),
    /// Another error of SQLite, for the index or for the database.
    Database(rusqlite::Error),
    /// An error of the operating system.
    System(io::Error),
}

impl IndexError {
    /// Converts an error of SQLite for the index file.
    fn of_index(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                IndexError::Damaged(error)
            }
            _ => IndexError::Database(error),
        }
    }
}

impl From<io::Error> for IndexError {
    fn from(error: io::Error) -> Self {
        IndexError::System(error)
    }
}

/// The open index, and a connection to the database that it follows.
#[derive(Debug)]
pub(super) struct Index {
    store: Connection,
    index: Connection,
    /// The newest message that is indexed.
    pub(super) last: MessageId,
}

/// A message as it is indexed.
struct Document {
    id: i64,
    text: String,
    chat: Chat,
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
        let identity: Vec<u8> = store
            .query_row("SELECT identity FROM store", [], |row| row.get(0))
            .map_err(IndexError::Database)?;

        let is_new = !path.exists();
        let index = open_file(path)?;
        if let Some(last) = progress(&index, &identity).map_err(IndexError::of_index)? {
            deletions::prepare(&index).map_err(IndexError::of_index)?;
            return Ok(Index { store, index, last });
        }
        if !is_new {
            log::info!("the search index is of another version or store and is made anew");
        } else if !is_empty(&store).map_err(IndexError::Database)? {
            log::info!("there is no search index: it is made from the messages");
        }
        drop(index);
        remove(path)?;
        let index = open_file(path)?;
        begin(&index, &identity).map_err(IndexError::of_index)?;
        deletions::prepare(&index).map_err(IndexError::of_index)?;
        Ok(Index { store, index, last: MessageId(0) })
    }

    /// Indexes some new messages, and removes some that are no longer in the database. Returns true
    /// if there is more to do. Removals are looked for behind new messages, so that nothing is
    /// indexed after its end.
    pub(super) fn step(&mut self) -> Result<bool, IndexError> {
        let documents = self.new_documents().map_err(IndexError::Database)?;
        let (oldest, _) = self.bounds().map_err(IndexError::Database)?;
        let ended = self.ended_group()?;
        let last = documents.last().map_or(sql(self.last), |document| document.id);
        let removed = self.update(&documents, oldest, last).map_err(IndexError::of_index)?;
        self.last = from_sql(0, last).map_err(IndexError::Database)?;
        if let Some(group) = ended {
            self.remove_group_step(group).map_err(IndexError::of_index)?;
        }
        let more_deleted = self.forget_deleted()?;
        let is_full = |count: usize| count == MESSAGES_PER_STEP as usize;
        Ok(is_full(documents.len()) || is_full(removed) || ended.is_some() || more_deleted)
    }

    /// Forgets some messages that were removed one by one. Returns true if there may be more.
    fn forget_deleted(&mut self) -> Result<bool, IndexError> {
        let known = deletions::known(&self.index).map_err(IndexError::of_index)?;
        let deleted = deletions::since(&self.store, known).map_err(IndexError::Database)?;
        let Some(deleted) = deleted else { return Ok(false) };
        deletions::forget(&mut self.index, &deleted).map_err(IndexError::of_index)?;
        Ok(deleted.may_be_more())
    }

    /// Finds the last messages that contain all words, oldest first.
    pub(super) fn find(
        &mut self,
        reader: Number,
        chat: Option<Chat>,
        words: &str,
    ) -> Result<Vec<MessageId>, IndexError> {
        let (oldest, newest) = self.bounds().map_err(IndexError::Database)?;
        let parts = self.parts(reader, chat).map_err(IndexError::Database)?;
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
    fn parts(&self, reader: Number, chat: Option<Chat>) -> rusqlite::Result<Vec<Part>> {
        let of_group = |(group, from)| Part { who: chat_word(Chat::Group(group)), from };
        match chat {
            Some(Chat::Group(group)) => {
                let since = groups::since(&self.store, group, reader)?;
                Ok(since.map(|since| of_group((group, since))).into_iter().collect())
            }
            Some(chat) => Ok(vec![Part { who: chat_word(chat), from: 0 }]),
            None => {
                let mut parts = vec![Part { who: format!("everyone OR u{reader}"), from: 0 }];
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
        let mut delete = transaction.prepare_cached("DELETE FROM words WHERE rowid = ?1")?;
        for id in &ids {
            delete.execute([id])?;
        }
        drop(delete);
        if ids.len() < MESSAGES_PER_STEP as usize {
            transaction.execute("DELETE FROM groups WHERE id = ?1", [group.0.cast_signed()])?;
        }
        transaction.commit()
    }

    fn new_documents(&self) -> rusqlite::Result<Vec<Document>> {
        self.store
            .prepare_cached(
                "SELECT id, lane, text FROM messages WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?
            .query_map((sql(self.last), MESSAGES_PER_STEP), |row| {
                let lane: Lane = row.get(1)?;
                Ok(Document { id: row.get(0)?, text: row.get(2)?, chat: lane.chat() })
            })?
            .collect()
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
        last: i64,
    ) -> rusqlite::Result<usize> {
        let old: Vec<i64> = self
            .index
            .prepare_cached("SELECT rowid FROM words WHERE rowid < ?1 ORDER BY rowid LIMIT ?2")?
            .query_map((oldest, MESSAGES_PER_STEP), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        if documents.is_empty() && old.is_empty() {
            return Ok(0);
        }
        let transaction = self.index.transaction()?;
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO words (rowid, text, who) VALUES (?1, ?2, ?3)")?;
            for document in documents {
                let who = readers(document.chat);
                insert.execute((document.id, &document.text, who))?;
            }
            let mut note =
                transaction.prepare_cached("INSERT OR IGNORE INTO groups (id) VALUES (?1)")?;
            for group in groups_of(documents) {
                note.execute([group.0.cast_signed()])?;
            }
            let mut delete = transaction.prepare_cached("DELETE FROM words WHERE rowid = ?1")?;
            for id in &old {
                delete.execute([id])?;
            }
            transaction.prepare_cached("UPDATE progress SET last = ?1")?.execute([last])?;
        }
        transaction.commit()?;
        Ok(old.len())
    }
}

/// Removes the files of the index.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    for end in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(end);
        match fs::remove_file(PathBuf::from(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn open_file(path: &Path) -> Result<Connection, IndexError> {
    // SQLite creates its other files with the mode of this one. Nobody else may read messages.
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let set_up = || {
        let index = Connection::open_with_flags(path, flags)?;
        index.busy_timeout(LOCK_TIMEOUT)?;
        index.pragma_update(None, "journal_mode", "WAL")?;
        // What is lost in a crash is indexed again.
        index.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(index)
    };
    set_up().map_err(IndexError::of_index)
}

/// The newest message in the index of the database with that identity; `None` if it is not its
/// index.
fn progress(index: &Connection, identity: &[u8]) -> rusqlite::Result<Option<MessageId>> {
    let version: u32 = index.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != VERSION {
        return Ok(None);
    }
    let last = index
        .query_row("SELECT last FROM progress WHERE identity = ?1", [identity], |row| row.get(0))
        .optional()?;
    last.map(|last| from_sql(0, last)).transpose()
}

fn begin(index: &Connection, identity: &[u8]) -> rusqlite::Result<()> {
    let transaction = index.unchecked_transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute("INSERT INTO progress VALUES (1, ?1, 0)", [identity])?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

fn is_empty(store: &Connection) -> rusqlite::Result<bool> {
    store.query_row("SELECT NOT EXISTS (SELECT 1 FROM messages)", [], |row| row.get(0))
}

/// The groups of documents.
fn groups_of(documents: &[Document]) -> HashSet<GroupId> {
    let group = |document: &Document| match document.chat {
        Chat::Group(group) => Some(group),
        Chat::Everyone | Chat::Direct(..) => None,
    };
    documents.iter().filter_map(group).collect()
}

/// The words by which a chat's messages are indexed: for its readers, and for the chat.
fn readers(chat: Chat) -> String {
    match chat {
        Chat::Everyone => "everyone".to_owned(),
        Chat::Group(_) => chat_word(chat),
        Chat::Direct(one, other) if one == other => format!("u{one} {}", chat_word(chat)),
        Chat::Direct(one, other) => format!("u{one} u{other} {}", chat_word(chat)),
    }
}

fn chat_word(chat: Chat) -> String {
    match chat {
        Chat::Everyone => "everyone".to_owned(),
        Chat::Group(group) => format!("g{}", group.0),
        Chat::Direct(one, other) => format!("d{one}x{other}"),
    }
}

/// The FTS5 query. Every word is quoted, so that none is taken for an operator. `None` if there are
/// no words.
fn query(who: &str, words: &str) -> Option<String> {
    let words: BTreeSet<&str> = words.split_whitespace().collect();
    let mut query = "text : (".to_owned();
    for word in &words {
        query.push('"');
        query.push_str(&word.replace('"', "\"\""));
        query.push_str("\" ");
    }
    // Writing to a `String` does not fail.
    let _ = write!(query, ") AND who : ({who})");
    (!words.is_empty()).then_some(query)
}
