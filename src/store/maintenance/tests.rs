//! A store's check and backup, and the mending of its ids.

use super::*;

use std::os::unix::fs::PermissionsExt;

use crate::chat::account::Account;
use crate::chat::id::MessageId;
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::Number;

/// A data folder with an open store that has an account and a message.
fn store() -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let store = schema::open(&folder.path().join(DATABASE)).unwrap();
    let number = Number(10_001);
    let account = Account { number, name: "alice".parse().unwrap(), display: None, created: 0 };
    let hash = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$\
                h2T4sBmkLVb2DsEyOYTJ5rmMAuVEFtbGPSVdQUgxfPo";
    accounts::insert(&store, &account, hash).unwrap();
    keep(&store, 1);
    (folder, store)
}

fn keep(store: &Connection, id: u64) {
    let number = Number(10_001);
    let chat = Chat::direct(number, Number(10_002));
    let (id, text) = (MessageId(id), "hello".into());
    let message =
        StoredMessage { id, from: number, chat, text, file_size: None, is_unheard: false };
    crate::store::rows::messages::keep(store, &message).unwrap();
}

#[test]
fn a_sound_store_is_sound_while_it_is_open() {
    let (folder, _store) = store();
    let checkup = check(folder.path()).unwrap();
    assert_eq!(checkup.findings, [""; 0]);
    assert_eq!((checkup.accounts, checkup.messages, checkup.schema), (1, 1, checkup.known));
}

#[test]
fn an_older_store_is_sound_before_it_is_brought_forward() {
    for (schema, group, member) in [
        (5, "7, '#team', 1, 1", "7, 1, 0, 5, 0"),
        (7, "7, '#team', 1, 1, 1", "7, 1, 0, 5, 0, 0"),
        (10, "7, '#team', 1, 1, 1", "7, 1, 0, 5, 0, 0, NULL, 0"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut before = Connection::open(folder.path().join(DATABASE)).unwrap();
        schema::migrate(&mut before, &schema::MIGRATIONS[..schema]).unwrap();
        before.execute(&format!("INSERT INTO groups VALUES ({group})"), []).unwrap();
        before.execute(&format!("INSERT INTO members VALUES ({member})"), []).unwrap();
        let checkup = check(folder.path()).unwrap();
        assert_eq!((checkup.findings, checkup.schema), (Vec::new(), schema as u32));
    }
}

#[test]
fn what_no_server_writes_is_found() {
    for (spoil, finding) in [
        ("UPDATE accounts SET name = '9' WHERE number > 1", "malformed name"),
        ("DELETE FROM accounts WHERE number = 1", "row of the operator is missing"),
        ("UPDATE accounts SET admin = 2 WHERE number > 1", "accounts have malformed rights"),
        ("INSERT INTO networks VALUES (10001, '192.0.2.1/24', 0)", "malformed network"),
        ("UPDATE messages SET lane = 1", "malformed lane"),
        ("UPDATE messages SET sender = 10002", "malformed sender"),
        ("UPDATE messages SET text = 'a' || char(27)", "malformed text"),
        ("UPDATE messages SET text = ''", "malformed text"),
        ("UPDATE messages SET id = -1", "malformed id"),
        ("UPDATE chats SET seen = -1", "2 chats have"),
        ("DELETE FROM store", "is missing"),
        ("INSERT INTO tokens VALUES (x'00', 10001, 0, 1, 1, 0)", "1 tokens have"),
        ("INSERT INTO tokens VALUES (zeroblob(32), 10001, 0, 9, 1, 0)", "tokens are of no"),
        (
            "PRAGMA foreign_keys = 0;
         INSERT INTO tokens VALUES (zeroblob(32), 10009, 0, 1, 1, 0)",
            "refers to one of accounts",
        ),
        ("INSERT INTO keys VALUES (4000000000000000, 10001, 'two words', 0)", "key of the"),
        (
            "INSERT INTO groups (id, name, admin, kept, made_by)
                 VALUES (7, 'friends', 10001, 1, 10001)",
            "the group 7 has a malformed name",
        ),
        (
            "INSERT INTO groups (id, name, admin, kept, made_by)
                 VALUES (7, '#friends', 10001, 1, 10001)",
            "malformed admin",
        ),
        (
            "INSERT INTO groups (id, name, admin, kept, made_by)
                 VALUES (7, '#friends', 10001, 1, 10001);
             INSERT INTO members VALUES (7, 10001, 0, 5, 0, NULL, NULL, 0)",
            "malformed admin, who is no op,",
        ),
        ("INSERT INTO untold VALUES (10001, 0, 'x')", "name of a group that ended"),
        ("UPDATE messages SET lane = -8", "1 messages are of a group"),
        ("INSERT INTO sent VALUES (9, 5, 10001, 3)", "1 files were sent by a message"),
        ("INSERT INTO sent VALUES (1, 5, 10001, 3)", "the file of the message 1"),
        (
            "INSERT INTO garbage (id) VALUES (5); INSERT INTO files VALUES (5, 10001, 'f', 3)",
            "1 files are several things",
        ),
        (
            "INSERT INTO garbage (id) VALUES (5); INSERT INTO exports VALUES (5, 10001, 1, NULL)",
            "1 exports that are to be made",
        ),
        ("INSERT INTO uploads VALUES (5, 10001, NULL, 'f', -1, 0)", "1 uploads have"),
        ("INSERT INTO uploads VALUES (5, 10001, NULL, '../f', 1, 0)", "an upload has"),
        ("INSERT INTO files VALUES (5, 10001, '.f', 3)", "a file has a malformed name"),
        ("PRAGMA user_version = 99", "newer version"),
        (
            "PRAGMA writable_schema = 1;
             UPDATE sqlite_schema SET sql = 'CREATE INDEX messages_by_lane ON messages (sender)'
             WHERE name = 'messages_by_lane'",
            "messages_by_lane",
        ),
    ] {
        let (folder, store) = store();
        store.execute_batch(spoil).unwrap();
        let findings = check(folder.path()).unwrap().findings;
        assert!(findings.iter().any(|told| told.contains(finding)), "{spoil}: {findings:?}");
    }
}

#[test]
fn a_damaged_file_is_found_and_a_missing_one_told() {
    let folder = tempfile::tempdir().unwrap();
    let missing = check(folder.path()).unwrap_err();
    assert_eq!(missing.exit(), Exit::InputOutput);
    let path = folder.path().join(DATABASE);
    fs::write(&path, "a letter to somebody".repeat(500)).unwrap();
    assert_eq!(check(folder.path()).unwrap().findings.len(), 1);
    assert!(fs::read_to_string(&path).unwrap().starts_with("a letter"));
}

#[test]
fn a_copy_is_whole_and_the_owners() {
    let (folder, store) = store();
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join(DATABASE);
    // This message is only in the write-ahead log.
    keep(&store, 2);
    backup(folder.path(), &copy).unwrap();
    keep(&store, 3);
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let names: Vec<_> = fs::read_dir(copies.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    let checkup = check(copies.path()).unwrap();
    assert_eq!((checkup.findings.len(), checkup.messages), (0, 2));

    let refused = backup(folder.path(), &copy).unwrap_err();
    assert!(matches!(refused, MaintenanceError::Exists(_)), "{refused}");
    let nowhere = copies.path().join("no/such/folder");
    assert_eq!(backup(folder.path(), &nowhere).unwrap_err().exit(), Exit::CantCreate);
    schema::open(&copy).unwrap();
}

#[test]
fn a_copy_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(DATABASE), "no database".repeat(999)).unwrap();
    let copies = tempfile::tempdir().unwrap();
    backup(folder.path(), &copies.path().join("copy")).unwrap_err();
    assert_eq!(fs::read_dir(copies.path()).unwrap().count(), 0);
}

#[test]
fn what_was_said_with_a_clock_ahead_moves_and_the_search_index_goes() {
    let (folder, store) = store();
    keep(&store, 1 << 60);
    let index = folder.path().join(SEARCH_INDEX);
    fs::write(&index, "an index").unwrap();
    drop(store);
    assert_eq!(mend_clock(folder.path(), Duration::from_secs(600)).unwrap(), 1);
    assert!(!index.exists());
    let store = schema::open(&folder.path().join(DATABASE)).unwrap();
    let newest: i64 =
        store.query_row("SELECT max(id) FROM messages", [], |row| row.get(0)).unwrap();
    assert_eq!(newest, 2, "it follows the last right one");
    drop(store);
    fs::write(&index, "an index").unwrap();
    assert_eq!(mend_clock(folder.path(), Duration::from_secs(600)).unwrap(), 0);
    assert!(index.exists(), "where nothing is mended");
    assert_eq!(check(folder.path()).unwrap().findings, [""; 0]);
}
