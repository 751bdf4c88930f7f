//! Tests that the search finds, by words and emoji, what a reader may read, and nothing else.

mod deletions;

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use super::file::IndexProgress;
use super::*;
use crate::chat::group::{GroupRecord, MemberRecord};
use crate::chat::id::{GroupId, MessageId};
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::Number;
use crate::hub::job::JobId;
use crate::store::requests::MessageRequest;
use crate::store::rows::{groups, schema};

const ALICE: Number = Number(10_001);
const BOB: Number = Number(10_002);
const CAROL: Number = Number(10_003);

/// A database, and the index of it.
struct Fixture {
    store: Connection,
    index: Index,
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = schema::open(&folder.path().join("store")).unwrap();
        let index = open(folder.path());
        Fixture { store, index, folder }
    }

    fn keep(&self, id: u64, from: Number, chat: Chat, text: &str) {
        let message = StoredMessage {
            id: MessageId(id),
            from,
            chat,
            text: text.into(),
            file_size: None,
            is_unheard: false,
        };
        MessageRequest::Keep { message, key: None }.carry_out(&self.store).unwrap().unwrap();
    }

    /// Indexes all messages, and returns the number of steps.
    fn follow(&mut self) -> usize {
        let mut steps = 1;
        while self.index.follow().unwrap() || self.index.go_back().unwrap() {
            steps += 1;
        }
        steps
    }

    fn find(&mut self, reader: Number, chat: Option<Chat>, words: &str) -> Vec<u64> {
        self.find_since((reader, 0), chat, words)
    }

    fn find_since(
        &mut self,
        (reader, since): (Number, u64),
        chat: Option<Chat>,
        words: &str,
    ) -> Vec<u64> {
        let deadline = Instant::now() + Duration::from_secs(60);
        let ids = self.index.find((reader, MessageId(since)), chat, words, deadline).unwrap();
        ids.into_iter().map(|id| id.0).collect()
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("search.sqlite")
    }
}

fn open(folder: &Path) -> Index {
    Index::open(&folder.join("store"), &folder.join("search.sqlite")).unwrap()
}

#[test]
fn all_words_are_whole_and_no_query_language() {
    let mut fixture = Fixture::new();
    let chat = Chat::direct(ALICE, BOB);
    let texts = [
        "The quick brown fox",
        "the lazy dog, and the fox!",
        "Zoë was here",
        "ZOË WAS THERE",
        "zoe was not",
        "don't OR near",
        "u10003 everyone d10001x10002",
    ];
    for (id, text) in (1..).zip(texts) {
        fixture.keep(id, ALICE, chat, text);
    }
    fixture.follow();
    for (words, ids) in [
        ("fox", &[1, 2][..]),
        ("FOX  the", &[1, 2]),
        ("fox dog", &[2]),
        ("fo", &[]),
        ("fo*", &[]),
        ("zoë", &[3, 4]),
        ("zoe", &[5]),
        ("quick OR dog", &[]),
        ("near", &[6]),
        ("don't", &[6]),
        ("\"fox\"", &[1, 2]),
        ("fox\" OR \"dog", &[]),
        ("text:fox", &[]),
        ("who : u10001", &[]),
        ("u10001", &[]),
        ("u10003", &[7]),
        ("-fox", &[1, 2]),
        ("NOT fox", &[]),
        ("(", &[]),
        ("fox !!!", &[1, 2]),
        ("\"", &[]),
        ("  ", &[]),
    ] {
        assert_eq!(fixture.find(BOB, Some(chat), words), ids, "{words:?}");
    }
}

#[test]
fn scripts_without_spaces_and_emoji_are_found() {
    let mut fixture = Fixture::new();
    let texts = [
        "我在上海大学读书",
        "上 海",
        "ラーメンを食べた 👍🏽",
        "สวัสดีครับ",
        "I \u{2764}\u{fe0f} 한국어를 it",
        "key 1\u{fe0f}\u{20e3} #\u{fe0f}\u{20e3}",
    ];
    for (id, text) in (1..).zip(texts) {
        fixture.keep(id, ALICE, Chat::Everyone, text);
    }
    fixture.follow();
    for (words, ids) in [
        ("上海", &[1][..]),
        ("海大学", &[1]),
        ("上学", &[]),
        ("上", &[2]),
        ("海 上", &[2]),
        ("大学 上海", &[1]),
        ("ｰメ", &[3]),
        ("食べた👍", &[3]),
        ("👍🏿", &[3]),
        ("สดี", &[4]),
        ("❤ it", &[5]),
        ("한국어", &[]),
        ("한국어를", &[5]),
        ("1\u{20e3}", &[6]),
        ("#\u{20e3}", &[6]),
        ("1", &[]),
        ("#", &[]),
    ] {
        assert_eq!(fixture.find(BOB, None, words), ids, "{words:?}");
    }
}

#[test]
fn only_what_the_reader_may_read_is_found() {
    let mut fixture = Fixture::new();
    let (with_bob, with_carol) = (Chat::direct(ALICE, BOB), Chat::direct(ALICE, CAROL));
    fixture.keep(1, ALICE, with_bob, "secret");
    fixture.keep(2, CAROL, with_carol, "secret");
    fixture.keep(3, CAROL, Chat::Everyone, "secret");
    fixture.keep(4, BOB, Chat::direct(BOB, BOB), "secret everyone u10001");
    fixture.follow();
    assert_eq!(fixture.find(ALICE, None, "secret"), [1, 2, 3]);
    assert_eq!(fixture.find(BOB, None, "secret"), [1, 3, 4]);
    assert_eq!(fixture.find(CAROL, None, "secret"), [2, 3]);
    assert_eq!(fixture.find(ALICE, Some(with_bob), "secret"), [1]);
    assert_eq!(fixture.find(ALICE, Some(Chat::Everyone), "secret"), [3]);
    assert_eq!(fixture.find(BOB, Some(Chat::direct(BOB, BOB)), "secret"), [4]);
    for (since, all) in [(3, vec![1, 3, 4]), (4, vec![1, 4])] {
        assert_eq!(fixture.find_since((BOB, since), None, "secret"), all);
        let of_everyone: &[u64] = if since <= 3 { &[3] } else { &[] };
        let everyone = Some(Chat::Everyone);
        assert_eq!(fixture.find_since((BOB, since), everyone, "secret"), of_everyone);
        assert_eq!(fixture.find_since((BOB, since), Some(with_bob), "secret"), [1]);
    }
}

#[test]
fn the_last_thousand_are_found_oldest_first() {
    let mut fixture = Fixture::new();
    fixture.store.execute_batch("BEGIN").unwrap();
    for id in 1..=1_234 {
        fixture.keep(id, ALICE, Chat::Everyone, "again");
    }
    fixture.store.execute_batch("COMMIT").unwrap();
    assert_eq!(fixture.follow(), 3);
    assert_eq!(fixture.find(BOB, None, "again"), (235..=1_234).collect::<Vec<_>>());
}

#[test]
fn a_line_full_of_words_is_a_query_too() {
    let mut fixture = Fixture::new();
    let words: Vec<String> = (0..1_200).map(|i| format!("{i}")).collect();
    let text = words.join(" ");
    fixture.keep(1, ALICE, Chat::Everyone, &text);
    fixture.keep(2, ALICE, Chat::Everyone, &words[1..].join(" "));
    fixture.follow();
    assert_eq!(fixture.find(BOB, None, &text), [1]);
}

#[test]
fn what_the_store_removed_is_gone_and_leaves_the_index() {
    let mut fixture = Fixture::new();
    for id in 1..=600 {
        fixture.keep(id, ALICE, Chat::Everyone, "word");
    }
    fixture.follow();
    MessageRequest::RemoveOld { before: MessageId(1_000) }
        .carry_out(&fixture.store)
        .unwrap()
        .unwrap();
    assert_eq!(fixture.find(BOB, None, "word").len(), 100, "before the index has followed");
    MessageRequest::RemoveOld { before: MessageId(1_000) }
        .carry_out(&fixture.store)
        .unwrap()
        .unwrap();
    fixture.keep(2_000, ALICE, Chat::Everyone, "word");
    fixture.follow();
    assert_eq!(fixture.find(BOB, None, "word"), [2_000]);
    let index = Connection::open(fixture.path()).unwrap();
    let left: Vec<i64> = index
        .prepare("SELECT rowid FROM words")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(left, [2_000]);
}

#[test]
fn an_index_goes_on_where_it_was() {
    let mut fixture = Fixture::new();
    fixture.keep(1, ALICE, Chat::Everyone, "one word");
    fixture.follow();
    fixture.index = open(fixture.folder.path());
    assert_eq!(fixture.index.progress(), IndexProgress { first: 0, last: 1 });
    fixture.keep(2, ALICE, Chat::Everyone, "two words");
    fixture.follow();
    assert_eq!(fixture.find(BOB, None, "one"), [1]);
    assert_eq!(fixture.find(BOB, None, "two"), [2]);
}

#[test]
fn an_index_that_does_not_fit_is_made_anew() {
    let mut fixture = Fixture::new();
    fixture.keep(1, ALICE, Chat::Everyone, "word");
    for spoil in [
        "PRAGMA user_version = 0",
        "PRAGMA user_version = 99",
        "UPDATE progress SET identity = x'00'",
        "DELETE FROM progress",
    ] {
        fixture.follow();
        Connection::open(fixture.path()).unwrap().execute_batch(spoil).unwrap();
        fixture.index = open(fixture.folder.path());
        assert_eq!(fixture.index.progress(), IndexProgress { first: 2, last: 1 }, "{spoil}");
        fixture.follow();
        assert_eq!(fixture.find(BOB, None, "word"), [1], "{spoil}");
    }
}

/// An index of version 0.1.
const OLD: &str = "
    CREATE VIRTUAL TABLE words USING fts5 (
        text, who,
        content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0'
    );
    CREATE TABLE progress (
        one INTEGER PRIMARY KEY CHECK (one = 1), identity BLOB NOT NULL, last INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE groups (id INTEGER PRIMARY KEY) STRICT;
    PRAGMA user_version = 2;";

#[test]
fn an_old_index_is_made_anew_from_the_newest_message_on_and_goes_on_after_a_crash() {
    let mut fixture = Fixture::new();
    fixture.store.execute_batch("BEGIN").unwrap();
    for id in 1..=1_700 {
        fixture.keep(id, ALICE, Chat::Everyone, &format!("上海{id} again"));
    }
    fixture.store.execute_batch("COMMIT").unwrap();
    file::remove(&fixture.path()).unwrap();
    let identity: Vec<u8> =
        fixture.store.query_row("SELECT identity FROM store", [], |row| row.get(0)).unwrap();
    let old = Connection::open(fixture.path()).unwrap();
    old.execute_batch(OLD).unwrap();
    old.execute("INSERT INTO progress VALUES (1, ?1, 1700)", [identity]).unwrap();
    drop(old);

    fixture.index = open(fixture.folder.path());
    assert!(!fixture.index.is_whole());
    assert!(fixture.find(BOB, None, "上海").is_empty());
    assert!(fixture.index.go_back().unwrap());
    assert_eq!(fixture.find(BOB, None, "上海"), (1_201..=1_700).collect::<Vec<_>>());
    // What comes meanwhile is found at once.
    fixture.keep(1_701, ALICE, Chat::Everyone, "上海 new");
    while fixture.index.follow().unwrap() {}
    assert_eq!(fixture.find(BOB, None, "new"), [1_701]);
    assert!(fixture.find(BOB, None, "1200").is_empty());

    fixture.index = open(fixture.folder.path());
    assert_eq!(fixture.index.progress(), IndexProgress { first: 1_201, last: 1_701 });
    // What the store removes meanwhile is not indexed.
    fixture.store.execute("DELETE FROM messages WHERE id < 900", []).unwrap();
    assert!(!fixture.index.go_back().unwrap(), "301 are left");
    assert!(fixture.index.is_whole());
    assert_eq!(fixture.find(BOB, None, "上海"), (900..=1_701).collect::<Vec<_>>());
    fixture.index = open(fixture.folder.path());
    assert_eq!(fixture.index.progress(), IndexProgress { first: 0, last: 1_701 });
    let index = Connection::open(fixture.path()).unwrap();
    let count: u32 = index.query_row("SELECT count(*) FROM words", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 802, "each message once");
}

#[test]
fn a_search_says_whether_it_looked_at_all_messages() {
    let fixture = Fixture::new();
    fixture.store.execute_batch("BEGIN").unwrap();
    let text = "word ".repeat(20_000);
    for id in 1..=60 {
        fixture.keep(id, ALICE, Chat::Everyone, &text);
    }
    fixture.store.execute_batch("COMMIT").unwrap();
    let (store, path) = (fixture.folder.path().join("store"), fixture.path());
    drop(fixture.index);
    file::remove(&path).unwrap();
    let search = Search::new(store, path);
    let request = SearchRequest {
        job: JobId(1),
        reader: BOB,
        since: MessageId(0),
        chat: None,
        words: "word".into(),
    };
    let mut slot = None;
    let mut lengths = Vec::new();
    loop {
        let found = search.guard(&mut slot, |index| search.search(index, &request));
        let Ok(Ok(Value::Found { ids, is_all })) = found else { panic!("{found:?}") };
        assert_eq!(ids.last(), Some(&MessageId(60)));
        lengths.push(ids.len());
        if is_all {
            break;
        }
    }
    assert!(lengths.len() > 1, "it is a lot of text: {lengths:?}");
    assert_eq!(lengths.last(), Some(&60));
}

#[test]
fn a_search_ends_when_its_time_is_over() {
    let mut fixture = Fixture::new();
    fixture.store.execute_batch("BEGIN").unwrap();
    for id in 1..=3_000 {
        fixture.keep(id, ALICE, Chat::Everyone, "one and two");
    }
    fixture.store.execute_batch("COMMIT").unwrap();
    fixture.follow();
    let late = fixture.index.find((BOB, MessageId(0)), None, "one two", Instant::now());
    assert!(matches!(late, Err(IndexError::TimedOut)), "{late:?}");
    assert_eq!(fixture.find(BOB, None, "one two").len(), 1_000);
}

#[test]
fn what_was_removed_by_itself_is_not_found() {
    let mut fixture = Fixture::new();
    for id in 1..=3 {
        fixture.keep(id, ALICE, Chat::Everyone, "word");
    }
    fixture.follow();
    fixture.store.execute("DELETE FROM messages WHERE id = 2", []).unwrap();
    assert_eq!(fixture.find(BOB, None, "word"), [1, 3]);
    let index = Connection::open(fixture.path()).unwrap();
    let count: u32 = index.query_row("SELECT count(*) FROM words", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 2);
}

#[test]
fn a_damaged_index_is_made_anew_by_the_thread() {
    let fixture = Fixture::new();
    fixture.keep(1, ALICE, Chat::Everyone, "word");
    let (store, path) = (fixture.folder.path().join("store"), fixture.path());
    drop(fixture.index);
    let search = Search::new(store, path.clone());
    let request = || SearchRequest {
        job: JobId(1),
        reader: BOB,
        since: MessageId(0),
        chat: None,
        words: "word".into(),
    };
    let found = Ok(Ok(Value::Found { ids: vec![MessageId(1)], is_all: true }));
    let attempt = |slot: &mut _| search.guard(slot, |index| search.search(index, &request()));

    let mut slot = None;
    assert_eq!(attempt(&mut slot), found);
    drop(slot.take());
    std::fs::write(&path, "no database at all".repeat(1_000)).unwrap();
    assert_eq!(attempt(&mut slot), Err(Err(Failure::Busy)));
    assert_eq!(attempt(&mut slot), found);

    // Corruption that shows only when the index is read.
    let spoiled = Connection::open(&path).unwrap();
    spoiled.execute("UPDATE words_data SET block = x'ffffffffffff' WHERE id > 10", []).unwrap();
    drop((spoiled, slot.take()));
    assert_eq!(attempt(&mut slot), Err(Err(Failure::Busy)));
    assert_eq!(attempt(&mut slot), found);
}

/// Stores a group, with the first message that each member may read.
fn save_group(fixture: &Fixture, id: u64, members: &[(Number, u64)]) {
    let records =
        members.iter().map(|(number, since)| MemberRecord::new(*number, MessageId(*since)));
    let name = format!("#group{id}").parse().unwrap();
    let mut record = GroupRecord::new(GroupId(id), name, members[0].0);
    record.members = records.collect();
    record.settings.kept = true;
    for (number, _) in members {
        let name = format!("user{number}");
        let insert = "INSERT OR IGNORE INTO accounts (number, name, password, created)
                      VALUES (?1, ?2, '', 0)";
        fixture.store.execute(insert, (number.0, name)).unwrap();
    }
    groups::save(&fixture.store, &record).unwrap();
}

#[test]
fn a_member_finds_what_was_said_in_the_group_since_joining() {
    let mut fixture = Fixture::new();
    let (one, two) = (Chat::Group(GroupId(1)), Chat::Group(GroupId(2)));
    save_group(&fixture, 1, &[(ALICE, 1), (BOB, 12)]);
    save_group(&fixture, 2, &[(BOB, 1)]);
    fixture.keep(10, ALICE, one, "word");
    fixture.keep(11, BOB, two, "word");
    fixture.keep(12, ALICE, one, "word g1 g2");
    fixture.keep(13, CAROL, Chat::Everyone, "word");
    fixture.keep(14, CAROL, Chat::direct(CAROL, BOB), "word");
    fixture.follow();
    assert_eq!(fixture.find(ALICE, None, "word"), [10, 12, 13]);
    assert_eq!(fixture.find(BOB, None, "word"), [11, 12, 13, 14]);
    assert_eq!(fixture.find(CAROL, None, "word"), [13, 14]);
    assert_eq!(fixture.find(ALICE, Some(one), "word"), [10, 12]);
    assert_eq!(fixture.find(BOB, Some(one), "word"), [12]);
    assert!(fixture.find(CAROL, Some(one), "word").is_empty());
    assert!(fixture.find(ALICE, Some(two), "word").is_empty());
    assert_eq!(fixture.find(BOB, None, "g1"), [12]);

    save_group(&fixture, 1, &[(ALICE, 1), (CAROL, 12)]);
    assert_eq!(fixture.find(BOB, None, "word"), [11, 13, 14]);
    assert_eq!(fixture.find(CAROL, None, "word"), [12, 13, 14]);
}

#[test]
fn the_last_thousand_are_found_across_groups() {
    let mut fixture = Fixture::new();
    for group in 1..=3 {
        save_group(&fixture, group, &[(ALICE, 1)]);
    }
    fixture.store.execute_batch("BEGIN").unwrap();
    for id in 1..=2_000 {
        let chats = [Chat::Everyone, Chat::Group(GroupId(1)), Chat::Group(GroupId(id / 800 + 1))];
        fixture.keep(id, BOB, chats[id as usize % 3], "word");
    }
    fixture.store.execute_batch("COMMIT").unwrap();
    fixture.follow();
    let last: Vec<u64> = (1_001..=2_000).collect();
    assert_eq!(fixture.find(ALICE, None, "word"), last);
}
