//! Tests of batches: which requests fail, and which do not.

use tempfile::TempDir;

use super::*;
use crate::chat::account::Account;
use crate::chat::address::Network;
use crate::chat::id::MessageId;
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::Number;
use crate::chat::text::Secret;
use crate::hub::job::Value;
use crate::store::requests::{
    AccountRequest, HistoryQuery, HistoryRequest, MessageRequest, UploadRequest,
};
use crate::store::rows::history::Viewer;

fn open() -> (TempDir, Database) {
    let folder = tempfile::tempdir().unwrap();
    let lock = Lock::acquire(folder.path()).unwrap();
    let path = folder.path().join("store");
    let (database, kept) = Database::open(&path, lock, &[], |_| false).unwrap();
    assert_eq!(kept.accounts, []);
    (folder, database)
}

fn register(number: u32, name: &str) -> StoreRequest {
    let account =
        Account { number: Number(number), name: name.parse().unwrap(), display: None, created: 0 };
    let request = AccountRequest::Register { account, hash: "$argon2id".to_owned(), invite: None };
    StoreRequest::Account { job: Some(JobId(number.into())), request }
}

fn set_display_name(number: u32) -> StoreRequest {
    let display = "x".repeat(64).parse().unwrap();
    let request = AccountRequest::SetDisplayName { number: Number(number), display };
    StoreRequest::Account { job: Some(JobId(number.into())), request }
}

fn names(database: &Database) -> Vec<String> {
    let mut select = database
        .connection
        .prepare("SELECT name FROM accounts WHERE number > 1 ORDER BY number")
        .unwrap();
    select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn refused(answers: &[RequestFate]) -> Vec<Option<&Failure>> {
    answers
        .iter()
        .map(|answer| match answer {
            RequestFate::Refused(failure) => Some(failure),
            _ => None,
        })
        .collect()
}

#[test]
fn a_request_that_fails_costs_the_others_nothing() {
    let (_folder, mut database) = open();
    let answers = database.answer(&[
        register(10_001, "alice"),
        set_display_name(10_001),
        set_display_name(10_009),
        register(10_002, "ALICE"),
        register(10_001, "bob"),
        register(10_003, "carol"),
    ]);
    let failed = Some(&Failure::Failed);
    assert_eq!(refused(&answers), [None, None, failed, failed, failed, None]);
    assert_eq!(names(&database), ["alice", "carol"]);
}

#[test]
fn somebody_elses_lock_is_waited_for_once_and_reads_go_on() {
    let (folder, mut database) = open();
    assert_eq!(refused(&database.answer(&[register(10_001, "alice")])), [None]);
    let request = AccountRequest::LookUpPassword {
        number: Some(Number(10_001)),
        password: Secret::new("x"),
        from: Network::Local,
    };
    let look_up = StoreRequest::Account { job: Some(JobId(1)), request };
    let writes = 2..20;
    let mut batch: Vec<StoreRequest> =
        writes.clone().map(|i| register(10_000 + i, &format!("somebody{i}"))).collect();
    batch.push(look_up);

    let other = Connection::open(folder.path().join("store")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    let mut answers = database.answer(&batch);
    assert!(start.elapsed() < writes.len() as u32 * schema::LOCK_TIMEOUT, "not once for each");
    assert!(matches!(
        answers.pop(),
        Some(RequestFate::Committed(Step::Compare(Some(hash)))) if hash == "$argon2id"
    ));
    assert_eq!(refused(&answers), vec![Some(&Failure::Busy); writes.len()]);
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(refused(&database.answer(&batch)), vec![None; batch.len()]);
}

#[test]
fn a_full_disk_refuses_writes_until_there_is_room() {
    let (_folder, mut database) = open();
    let pages: u32 =
        database.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let limit = |database: &Database, pages: u32| {
        database
            .connection
            .pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, u32>(0))
            .unwrap()
    };
    assert_eq!(limit(&database, pages), pages);
    let batch: Vec<StoreRequest> =
        (0..200).map(|i| register(10_000 + i, &format!("somebody{i}"))).collect();
    let answers = database.answer(&batch);
    let kept = refused(&answers).iter().filter(|outcome| outcome.is_none()).count();
    assert_eq!(kept, names(&database).len(), "what was confirmed is there");
    assert!((1..200).contains(&kept), "some fitted into the last page: {kept}");
    assert!(refused(&answers).into_iter().flatten().all(|o| *o == Failure::NoRoom));

    limit(&database, 1_000);
    assert_eq!(refused(&database.answer(&batch[kept..])), vec![None; 200 - kept]);
    assert_eq!(names(&database).len(), 200);
}

fn keep(id: u64) -> StoreRequest {
    let message = StoredMessage {
        id: MessageId(id),
        from: Number(10_001),
        chat: Chat::Everyone,
        text: "x".repeat(200).into(),
        file_size: None,
        is_unheard: false,
    };
    let request = MessageRequest::Keep { message, key: Some("k".parse().unwrap()) };
    StoreRequest::Message { job: JobId(id), request }
}

fn find_key() -> StoreRequest {
    let (sender, key) = (Number(10_001), "k".parse().unwrap());
    let request = MessageRequest::FindKey { sender, key };
    StoreRequest::Message { job: JobId(0), request }
}

#[test]
fn a_message_without_room_leaves_neither_text_nor_key_and_reads_go_on() {
    let (_folder, mut database) = open();
    let pages: u32 =
        database.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    let limit = |database: &Database, pages: u32| {
        database.connection.pragma_update(None, "max_page_count", pages).unwrap();
    };
    limit(&database, pages);
    let now = 4_000_000_000_000_000;
    let kept = (now..).take_while(|id| refused(&database.answer(&[keep(*id)])) == [None]);
    let kept = kept.count() as u64;
    assert!(kept > 0, "some fitted into the first page");
    let answers = database.answer(&[find_key(), keep(now + 100), find_key()]);
    assert_eq!(refused(&answers), [None, Some(&Failure::NoRoom), None]);
    let newest = Ok(Value::KeyFound { id: MessageId(now + kept - 1), chat: Chat::Everyone });
    for answer in [&answers[0], &answers[2]] {
        let found = matches!(answer, RequestFate::Committed(Step::Done(found)) if *found == newest);
        assert!(found, "{answer:?}");
    }
    limit(&database, pages + 100);
    assert_eq!(refused(&database.answer(&[keep(now + 100)])), [None]);
    let count = "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM keys)";
    let counts: (u64, u64) = database
        .connection
        .query_row(count, [], |row| {
            Ok((row.get::<_, u32>(0)?.into(), row.get::<_, u32>(1)?.into()))
        })
        .unwrap();
    assert_eq!(counts, (kept + 1, 1));
}

#[test]
fn a_bad_request_costs_a_full_batch_nothing() {
    let (_folder, mut database) = open();
    let ids = (1..=500).chain([250]).chain(501..=1_000);
    let batch: Vec<StoreRequest> = ids.map(keep).collect();
    let mut answers = Vec::new();
    while answers.len() < batch.len() {
        answers.extend(database.answer(&batch[answers.len()..]));
    }
    let failed: Vec<usize> =
        (0..batch.len()).filter(|at| refused(&answers)[*at].is_some()).collect();
    assert_eq!(failed, [500]);
}

/// The counter of changes by other connections, as one connection sees it.
fn data_version(other: &Connection) -> i64 {
    other.pragma_query_value(None, "data_version", |row| row.get(0)).unwrap()
}

#[test]
fn a_look_finds_that_writing_works_again() {
    let (folder, mut database) = open();
    let other = Connection::open(folder.path().join("store")).unwrap();
    let mark = |other: &Connection| -> i64 {
        other.query_row("SELECT id_mark FROM store", [], |row| row.get(0)).unwrap()
    };
    other.execute("UPDATE store SET id_mark = 7", []).unwrap();
    let before = data_version(&other);
    database.look();
    assert_eq!(data_version(&other), before, "nothing is written while all is well");

    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(refused(&database.answer(&[register(10_001, "alice")])), [Some(&Failure::Busy)]);
    database.look();
    assert!(database.context.health.is_failing(), "it is locked still");
    other.execute_batch("ROLLBACK").unwrap();
    database.look();
    assert!(!database.context.health.is_failing());
    assert_ne!(data_version(&other), before, "it was written to");
    assert_eq!(mark(&other), 7);
}

#[test]
fn a_store_that_is_displaced_is_not_well_until_it_is_back() {
    let (folder, mut database) = open();
    let (store, away) = (folder.path().join("store"), folder.path().join("away"));
    std::fs::rename(&store, &away).unwrap();
    let placed = || {
        let upload = UploadId(5);
        StoreRequest::Upload(UploadRequest::Placed { job: JobId(1), upload })
    };
    // The client must not be told that the file is stored, since the database will never have it.
    let answers = database.answer(&[placed(), find_key()]);
    let is_lost =
        matches!(answers[..], [RequestFate::Displaced, RequestFate::Committed(Step::Done(_))]);
    assert!(is_lost, "{answers:?}");
    assert_eq!(placed().refuse(Failure::NoRoom), Ok(Value::Done), "the next start learns of it");
    database.look();
    assert!(database.context.health.is_failing());
    std::fs::rename(&away, &store).unwrap();
    database.look();
    assert!(!database.context.health.is_failing());
}

#[test]
fn memory_is_taken_while_much_is_asked() {
    let (_folder, mut database) = open();
    for (waiting, kib) in [(1, 1_024), (63, 1_024), (64, 16_384), (5, 16_384), (4, 1_024)] {
        database.size_cache(waiting);
        let size: i64 =
            database.connection.pragma_query_value(None, "cache_size", |row| row.get(0)).unwrap();
        assert_eq!(size, -kib, "{waiting}");
    }
}

#[test]
fn who_reads_messages_costs_the_database_thread_nothing() {
    let (_folder, mut database) = open();
    let chat = Chat::Everyone;
    let queries = [
        HistoryQuery::Unread,
        HistoryQuery::Chats { before: None },
        HistoryQuery::UnreadOf(chat),
        HistoryQuery::After { chat, after: MessageId(0), count: 9 },
        HistoryQuery::Last { chat, before: None, count: 9 },
        HistoryQuery::Messages(vec![MessageId(1)]),
    ];
    let requests = queries.map(|which| {
        let viewer = Viewer { until: MessageId(9), ..Viewer::of_all(Number(10_001)) };
        StoreRequest::History(HistoryRequest { job: JobId(1), viewer, which })
    });
    // No query would find its table.
    database.connection.execute_batch("DROP TABLE messages; DROP TABLE chats").unwrap();
    for answer in database.answer(&requests) {
        assert!(matches!(answer, RequestFate::Committed(Step::Read)), "{answer:?}");
    }
}
