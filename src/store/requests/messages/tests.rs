//! Tests of storing, selecting and removing messages.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::chat::message::Unread;
use crate::chat::request::LIST_MESSAGES_MAX;
use crate::hub::job::JobId;
use crate::store::requests::{HistoryQuery, HistoryRequest};
use crate::store::rows::history::Viewer;
use crate::store::rows::{history, schema};

const ALICE: Number = Number(10_001);
const BOB: Number = Number(10_002);
const CAROL: Number = Number(65_536);

/// A database in a folder of its own.
struct Fixture {
    database: Connection,
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Fixture { database: open(folder.path()), folder }
    }

    fn reopen(&mut self) {
        self.database = open(self.folder.path());
    }

    /// Simulates a crash: continues with a copy of the files, taken while the database is open.
    fn crash(&mut self) {
        let copy = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        *self = Fixture { database: open(copy.path()), folder: copy };
    }

    fn run(&self, request: MessageRequest) -> Outcome {
        request.carry_out(&self.database).unwrap()
    }

    fn keep(&self, id: u64, from: Number, chat: Chat, text: &str) {
        self.keep_marked(id, from, chat, text, None);
    }

    /// Keeps a message that its receiver ignores.
    fn keep_unheard(&self, id: u64, from: Number, chat: Chat, text: &str) {
        let (id, text) = (MessageId(id), text.into());
        let message = StoredMessage { id, from, chat, text, file_size: None, is_unheard: true };
        assert_eq!(self.run(MessageRequest::Keep { message, key: None }), Ok(Value::Done));
    }

    fn keep_marked(&self, id: u64, from: Number, chat: Chat, text: &str, key: Option<&str>) {
        let message = StoredMessage {
            id: MessageId(id),
            from,
            chat,
            text: text.into(),
            file_size: None,
            is_unheard: false,
        };
        let key = key.map(|key| key.parse().unwrap());
        assert_eq!(self.run(MessageRequest::Keep { message, key }), Ok(Value::Done));
    }

    fn read(&self, reader: Number, which: HistoryQuery) -> Value {
        let viewer = Viewer::of_all(reader);
        HistoryRequest { job: JobId(1), viewer, which }.read(&self.database).unwrap()
    }

    fn unread(&self, reader: Number, chat: Chat) -> (Vec<u64>, u64) {
        selected(self.read(reader, HistoryQuery::UnreadOf(chat)))
    }

    fn last(&self, chat: Chat, before: Option<u64>, count: u16) -> Vec<u64> {
        self.last_of(ALICE, chat, before, count)
    }

    fn last_of(&self, reader: Number, chat: Chat, before: Option<u64>, count: u16) -> Vec<u64> {
        let before = before.map(MessageId);
        selected(self.read(reader, HistoryQuery::Last { chat, before, count })).0
    }

    fn after(&self, reader: Number, chat: Chat, after: u64, count: u16) -> (Vec<u64>, u64) {
        let after = MessageId(after);
        selected(self.read(reader, HistoryQuery::After { chat, after, count }))
    }

    fn delete(&self, id: u64) -> bool {
        self.run(MessageRequest::Delete { message: MessageId(id) }) == Ok(Value::Done)
    }

    fn count(&self, reader: Number) -> Vec<(Chat, u64, u64)> {
        let Value::Unread(unread) = self.read(reader, HistoryQuery::Unread) else {
            panic!("no counts")
        };
        unread.iter().map(|Unread { chat, count, last }| (*chat, *count, last.0)).collect()
    }

    fn seen(&self, reader: Number, chat: Chat, id: u64) {
        let id = MessageId(id);
        let marked = self.run(MessageRequest::MarkSeen { reader, chat, id });
        // No clock reaches the greatest.
        let id = id.min(MessageId(i64::MAX as u64));
        assert!(matches!(marked, Ok(Value::Marked { mark, .. }) if mark >= id), "{marked:?}");
    }

    fn find(&self, sender: Number, key: &str) -> Option<(u64, Chat)> {
        match self.run(MessageRequest::FindKey { sender, key: key.parse().unwrap() }) {
            Ok(Value::KeyFound { id, chat }) => Some((id.0, chat)),
            Err(Failure::NotFound) => None,
            other => panic!("{other:?}"),
        }
    }

    /// Reads messages piece by piece, as the hub does.
    fn fetch(&self, ids: &[u64]) -> Vec<StoredMessage> {
        let mut left: Vec<MessageId> = ids.iter().copied().map(MessageId).collect();
        let mut messages = Vec::new();
        while !left.is_empty() {
            let piece = history::fetch(&self.database, &left).unwrap();
            let Some(last) = piece.last() else { break };
            left.retain(|id| *id > last.id);
            messages.extend(piece);
        }
        messages
    }

    fn remove_old(&self, before: u64) -> bool {
        match self.run(MessageRequest::RemoveOld { before: MessageId(before) }) {
            Ok(Value::Removed { more }) => more,
            other => panic!("{other:?}"),
        }
    }

    fn id_mark(&self) -> u64 {
        messages::load_id_mark(&self.database).unwrap().0
    }
}

fn open(folder: &Path) -> Connection {
    schema::open(&folder.join("store")).unwrap()
}

fn selected(value: Value) -> (Vec<u64>, u64) {
    match value {
        Value::Selected { ids, left } => (ids.into_iter().map(|id| id.0).collect(), left),
        other => panic!("{other:?}"),
    }
}

fn now() -> u64 {
    keys::oldest().0 + keys::AGE_MAX.as_micros() as u64
}

#[test]
fn what_is_kept_is_there_after_a_crash() {
    let mut fixture = Fixture::new();
    let chat = Chat::direct(BOB, ALICE);
    fixture.keep(1, ALICE, chat, "one");
    fixture.keep_marked(now(), BOB, chat, "zwei 中 👍", Some("k"));
    fixture.seen(BOB, chat, 1);
    fixture.run(MessageRequest::RaiseIdMark { mark: MessageId(1 << 60) }).unwrap();
    let ids = fixture.last(chat, None, 10);
    for reopen in [Fixture::reopen, Fixture::crash] {
        reopen(&mut fixture);
        let messages = fixture.fetch(&ids);
        let texts: Vec<(Number, &str)> = messages.iter().map(|m| (m.from, &*m.text)).collect();
        assert_eq!(texts, [(ALICE, "one"), (BOB, "zwei 中 👍")]);
        assert!(messages.iter().all(|message| message.chat == chat));
        assert_eq!(fixture.count(BOB), []);
        assert_eq!(fixture.find(BOB, "k"), Some((ids[1], chat)));
        assert_eq!(keys::load(&fixture.database).unwrap(), [(BOB, "k".parse().unwrap())]);
        assert_eq!(fixture.id_mark(), 1 << 60);
    }
}

#[test]
fn unread_is_what_others_sent_and_was_not_seen() {
    let fixture = Fixture::new();
    let (with_bob, with_carol) = (Chat::direct(ALICE, BOB), Chat::direct(ALICE, CAROL));
    for id in 1..=5 {
        fixture.keep(id, BOB, with_bob, "x");
    }
    fixture.keep(6, ALICE, with_bob, "mine");
    fixture.keep(7, CAROL, with_carol, "x");
    fixture.keep(8, CAROL, Chat::Everyone, "to all");
    fixture.keep(9, ALICE, Chat::direct(ALICE, ALICE), "a note");
    assert_eq!(fixture.count(ALICE), [(with_bob, 5, 5), (with_carol, 1, 7)]);
    assert_eq!(fixture.unread(ALICE, with_bob), (vec![1, 2, 3, 4, 5], 0));
    assert_eq!(fixture.count(BOB), [(with_bob, 1, 6)]);
    assert_eq!(fixture.unread(ALICE, Chat::Everyone), (vec![], 0));
    assert_eq!(fixture.unread(ALICE, Chat::direct(ALICE, ALICE)), (vec![], 0));

    fixture.seen(ALICE, with_bob, 3);
    fixture.seen(ALICE, with_bob, 2);
    assert_eq!(fixture.unread(ALICE, with_bob), (vec![4, 5], 0));
    assert_eq!(fixture.count(BOB), [(with_bob, 1, 6)]);
    fixture.seen(ALICE, with_bob, u64::MAX);
    assert_eq!(fixture.count(ALICE), [(with_carol, 1, 7)]);
}

#[test]
fn a_long_backlog_is_selected_in_steps_and_read_in_pieces() {
    let fixture = Fixture::new();
    let chat = Chat::direct(ALICE, BOB);
    let text = "x".repeat(4_000);
    fixture.database.execute_batch("BEGIN").unwrap();
    for id in 1..=2_500 {
        fixture.keep(id, BOB, chat, &text);
    }
    fixture.database.execute_batch("COMMIT").unwrap();
    let (ids, left) = fixture.unread(ALICE, chat);
    assert_eq!((ids[0], ids.len(), left), (1, usize::from(LIST_MESSAGES_MAX), 1_500));
    let wanted: Vec<MessageId> = ids.iter().copied().map(MessageId).collect();
    let piece = history::fetch(&fixture.database, &wanted).unwrap();
    assert_eq!(piece.len(), 9, "as many as reach 32 KiB");
    assert_eq!(fixture.fetch(&ids).len(), ids.len());
    fixture.seen(ALICE, chat, 2_000);
    assert_eq!(fixture.unread(ALICE, chat).1, 0);
    assert_eq!(fixture.last(chat, None, 3), [2_498, 2_499, 2_500]);
    assert_eq!(fixture.last(chat, Some(3), 1_000), [1, 2]);
    assert_eq!(fixture.last(chat, Some(u64::MAX), u16::MAX).len(), 1_000);
    assert!(fixture.last(chat, None, 0).is_empty());
}

#[test]
fn a_word_marks_a_message_of_one_sender_for_a_day() {
    let fixture = Fixture::new();
    let chat = Chat::direct(ALICE, BOB);
    let day = keys::AGE_MAX.as_micros() as u64;
    let (old, new) = (now() - day - 1_000_000, now());
    fixture.keep_marked(old, ALICE, chat, "old", Some("a"));
    fixture.keep_marked(new, ALICE, Chat::Everyone, "new", Some("b"));
    assert_eq!(fixture.find(ALICE, "a"), None);
    assert_eq!(fixture.find(ALICE, "b"), Some((new, Chat::Everyone)));
    assert_eq!(fixture.find(BOB, "b"), None);
    fixture.keep_marked(new + 1, ALICE, chat, "again", Some("a"));
    assert_eq!(fixture.find(ALICE, "a"), Some((new + 1, chat)));
    let keys: Vec<_> = [(ALICE, "a"), (ALICE, "b")]
        .iter()
        .map(|(sender, word)| (*sender, word.parse::<Key>().unwrap()))
        .collect();
    assert_eq!(keys::load(&fixture.database).unwrap(), keys);
}

#[test]
fn words_that_are_forgotten_go_while_new_ones_come() {
    let fixture = Fixture::new();
    let chat = Chat::direct(ALICE, BOB);
    for id in 1..=300 {
        fixture.keep(id, ALICE, chat, "old");
        let insert = "INSERT INTO keys VALUES (?1, 10001, 'old' || ?1, 0)";
        fixture.database.execute(insert, [id as i64]).unwrap();
    }
    let start = now();
    for i in 0..2 * keys::KEYS_PER_SWEEP {
        fixture.keep_marked(start + i, ALICE, chat, "new", Some(&format!("new{i}")));
    }
    let count = |query| fixture.database.query_row(query, [], |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM keys"), 2 * keys::KEYS_PER_SWEEP as u32);
    assert_eq!(count("SELECT count(*) FROM messages"), 428, "the messages stay");
}

#[test]
fn old_messages_go_in_steps_and_accounts_stay() {
    let fixture = Fixture::new();
    let chat = Chat::direct(ALICE, BOB);
    for id in 1..=1_001 {
        fixture.keep_marked(id, BOB, chat, "x", Some(&format!("k{id}")));
    }
    fixture.database.execute("INSERT INTO keys VALUES (1000000, 10002, 'k', 0)", []).unwrap();
    assert!(fixture.remove_old(1_001));
    assert_eq!(fixture.count(ALICE), [(chat, 501, 1_001)]);
    assert!(!fixture.remove_old(1_001));
    assert_eq!(fixture.last(chat, None, 9), [1_001]);
    assert_eq!(fixture.fetch(&[5, 6]), []);
    assert!(!fixture.remove_old(1_001));
    let keys: u32 = fixture
        .database
        .query_row("SELECT count(*) FROM keys WHERE message < 1001", [], |row| row.get(0))
        .unwrap();
    assert_eq!(keys, 0);
    assert!(!fixture.remove_old(u64::MAX));
    assert_eq!(fixture.count(ALICE), []);
}

#[test]
fn a_word_is_remembered_for_its_day_though_its_message_is_removed() {
    let mut fixture = Fixture::new();
    let chat = Chat::direct(ALICE, BOB);
    let hour = 60 * 60 * 1_000_000;
    let (old, recent) = (now() - 25 * hour, now() - 3 * hour);
    fixture.keep_marked(old, ALICE, chat, "old", Some("old"));
    fixture.keep_marked(recent, ALICE, chat, "recent", Some("recent"));
    assert!(!fixture.remove_old(now() - hour));
    assert!(fixture.last(chat, None, 9).is_empty());
    assert_eq!(fixture.find(ALICE, "recent"), Some((recent, chat)));
    let count = "SELECT count(*) FROM keys";
    let left: u32 = fixture.database.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1, "the older one is forgotten");
    fixture.reopen();
    assert_eq!(fixture.find(ALICE, "recent"), Some((recent, chat)));
}

#[test]
fn a_removed_message_is_gone_and_its_word_is_not() {
    let mut fixture = Fixture::new();
    let chat = Chat::direct(ALICE, BOB);
    let id = now();
    fixture.keep(1, ALICE, chat, "first");
    fixture.keep_marked(id, ALICE, chat, "second", Some("k"));
    assert!(fixture.delete(id));
    assert!(!fixture.delete(id), "it is gone");
    assert_eq!(fixture.last(chat, None, 9), [1]);
    assert_eq!(fixture.count(BOB), [(chat, 1, 1)]);
    assert_eq!(fixture.find(ALICE, "k"), Some((id, chat)));
    fixture.reopen();
    assert_eq!(fixture.find(ALICE, "k"), Some((id, chat)));
    assert!(fixture.id_mark() > id);
}

#[test]
fn the_mark_of_ids_rises_and_is_above_all_messages() {
    let fixture = Fixture::new();
    assert_eq!(fixture.id_mark(), 0);
    for (mark, expected) in [(10, 10), (5, 10), (11, 11)] {
        fixture.run(MessageRequest::RaiseIdMark { mark: MessageId(mark) }).unwrap();
        assert_eq!(fixture.id_mark(), expected);
    }
    fixture.keep(50, ALICE, Chat::Everyone, "x");
    assert_eq!(fixture.id_mark(), 51);
}

/// The model of the database, in memory.
#[derive(Debug, Default)]
struct Model {
    messages: BTreeMap<u64, (Number, Chat, Arc<str>)>,
    unheard: BTreeSet<u64>,
    seen: HashMap<(Number, Chat), u64>,
}

impl Model {
    fn of_chat(&self, reader: Number, chat: Chat) -> impl DoubleEndedIterator<Item = u64> {
        let is_heard = move |id, from| from == reader || !self.unheard.contains(id);
        let all = self.messages.iter();
        let all = all.filter(move |(id, (from, of, _))| *of == chat && is_heard(id, *from));
        all.map(|(id, _)| *id)
    }

    fn unread(&self, reader: Number, chat: Chat) -> Vec<u64> {
        let seen = self.seen.get(&(reader, chat)).copied().unwrap_or(0);
        let others = |id: &u64| *id > seen && self.messages[id].0 != reader;
        self.of_chat(reader, chat).filter(|_| chat != Chat::Everyone).filter(others).collect()
    }

    fn after(&self, reader: Number, chat: Chat, after: u64, count: u16) -> (Vec<u64>, u64) {
        let mut ids: Vec<u64> = self.of_chat(reader, chat).filter(|id| *id > after).collect();
        let left = ids.len().saturating_sub(count.into());
        ids.truncate(count.into());
        (ids, left as u64)
    }

    fn last(&self, reader: Number, chat: Chat, before: u64, count: u16) -> Vec<u64> {
        let ids = self.of_chat(reader, chat).rev().filter(|id| *id < before);
        let mut ids: Vec<u64> = ids.take(count.into()).collect();
        ids.reverse();
        ids
    }
}

#[derive(Clone, Debug)]
enum Step {
    Keep { from: usize, to: Option<usize>, gap: u64, text: String },
    Seen { reader: usize, other: usize, id: u64 },
    RemoveOld { before: u64 },
    Delete { id: u64 },
    Check { reader: usize, other: Option<usize>, before: u64, n: u16 },
    Reopen { crash: bool },
}

const PEOPLE: [Number; 3] = [ALICE, BOB, CAROL];

fn step() -> impl Strategy<Value = Step> {
    let person = 0..PEOPLE.len();
    let other = prop::option::weighted(0.8, 0..PEOPLE.len());
    prop_oneof![
        8 => (person.clone(), other.clone(), 1..4_u64, "[a-zé中 ]{1,20}")
            .prop_map(|(from, to, gap, text)| Step::Keep { from, to, gap, text }),
        2 => (person.clone(), person.clone(), 0..120_u64)
            .prop_map(|(reader, other, id)| Step::Seen { reader, other, id }),
        1 => (0..80_u64).prop_map(|before| Step::RemoveOld { before }),
        6 => (person, other, 0..150_u64, 0..12_u16)
            .prop_map(|(reader, other, before, n)| Step::Check { reader, other, before, n }),
        2 => (0..120_u64).prop_map(|id| Step::Delete { id }),
        1 => any::<bool>().prop_map(|crash| Step::Reopen { crash }),
    ]
}

fn chat_of(one: usize, other: Option<usize>) -> Chat {
    other.map_or(Chat::Everyone, |other| Chat::direct(PEOPLE[one], PEOPLE[other]))
}

/// Takes one step in both, and compares the results.
fn take(fixture: &mut Fixture, model: &mut Model, next: &mut u64, step: Step) {
    match step {
        Step::Keep { from, to, gap, text } => {
            *next += gap;
            let chat = chat_of(from, to);
            if to.is_some_and(|to| to != from) && text.len() % 3 == 0 {
                fixture.keep_unheard(*next, PEOPLE[from], chat, &text);
                model.unheard.insert(*next);
            } else {
                fixture.keep(*next, PEOPLE[from], chat, &text);
            }
            model.messages.insert(*next, (PEOPLE[from], chat, text.into()));
        }
        Step::Seen { reader, other, id } => {
            let chat = chat_of(reader, Some(other));
            fixture.seen(PEOPLE[reader], chat, id);
            let seen = model.seen.entry((PEOPLE[reader], chat)).or_default();
            *seen = id.max(*seen);
        }
        Step::RemoveOld { before } => {
            assert!(!fixture.remove_old(before));
            model.messages = model.messages.split_off(&before);
        }
        Step::Delete { id } => {
            assert_eq!(fixture.delete(id), model.messages.remove(&id).is_some());
        }
        Step::Reopen { crash: true } => fixture.crash(),
        Step::Reopen { crash: false } => fixture.reopen(),
        Step::Check { reader, other, before, n } => {
            let (person, chat) = (PEOPLE[reader], chat_of(reader, other));
            assert_eq!(fixture.unread(person, chat), (model.unread(person, chat), 0));
            let ids = model.last(person, chat, before, n);
            assert_eq!(fixture.last_of(person, chat, Some(before), n), ids);
            let (after, left) = model.after(person, chat, before, n);
            assert_eq!(fixture.after(person, chat, before, n), (after, left));
            let mut counts: Vec<(Chat, u64, u64)> = (0..PEOPLE.len())
                .map(|other| chat_of(reader, Some(other)))
                .filter_map(|chat| {
                    let unread = model.unread(person, chat);
                    Some((chat, unread.len() as u64, *unread.last()?))
                })
                .collect();
            counts.sort_unstable_by_key(|(_, _, last)| *last);
            assert_eq!(fixture.count(person), counts);
            for message in fixture.fetch(&ids) {
                let (from, chat, text) = &model.messages[&message.id.0];
                assert_eq!((message.from, message.chat, &message.text), (*from, *chat, text));
                assert_eq!(message.is_unheard, model.unheard.contains(&message.id.0));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn it_does_what_a_model_in_memory_does(steps in prop::collection::vec(step(), 1..80)) {
        let (mut fixture, mut model, mut next) = (Fixture::new(), Model::default(), 0);
        for step in steps {
            take(&mut fixture, &mut model, &mut next, step);
        }
    }
}
