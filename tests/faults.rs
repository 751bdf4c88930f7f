//! What goes wrong around the server: a store that is damaged, and a clock that is.

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::Connection;
use support::{Finished, Server, command, finish, password_of};

/// The files of SQLite's beside a database, which tell what is not in it yet.
const COMPANIONS: [&str; 2] = ["chatsrv.db-wal", "chatsrv.db-shm"];

fn back_up(data: &Path, copy: &Path) {
    let told = finish(command(data, &["--backup", copy.to_str().expect("a plain path")]));
    assert_eq!(told.code, Some(0), "{}", told.stderr);
}

/// Cuts a file short.
fn cut(file: &Path, length: u64) {
    fs::OpenOptions::new().write(true).open(file).unwrap().set_len(length).unwrap();
}

/// Puts a copy of a store in its place.
fn put_back(data: &Path, copy: &Path) {
    for companion in COMPANIONS {
        // A server that stopped well has left none.
        let _ = fs::remove_file(data.join(companion));
    }
    fs::copy(copy, data.join("chatsrv.db")).unwrap();
}

fn start(data: &Path) -> Finished {
    finish(command(data, &[]))
}

#[test]
fn a_store_cut_short_is_told_of_and_left_as_it_is() {
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    server.register("bob").leave();
    alice.ask("D bob do you read me?", "C 251 MSG …");
    alice.leave();
    assert_eq!(server.stop().code(), Some(0));
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("copy.db");
    back_up(&server.data(), &copy);

    let store = server.data().join("chatsrv.db");
    let whole = store.metadata().unwrap().len();
    for length in [0, 100, 4096, whole / 2, whole - 4096] {
        put_back(&server.data(), &copy);
        cut(&store, length);
        let told = start(&server.data());
        assert_eq!(told.code, Some(73), "{length} of {whole} bytes: {}", told.stderr);
        for word in ["chatsrv.db", "--backup"] {
            assert!(told.stderr.contains(word), "{length} of {whole} bytes: {}", told.stderr);
        }
        assert_eq!(store.metadata().unwrap().len(), length, "nothing is made of it");
    }
    put_back(&server.data(), &copy);
    server.start_again(&[]);
    let mut bob = server.connect();
    bob.ask("C USER bob", "C 331 USER …");
    bob.ask(&format!("D {}", password_of("bob")), "C 150 UNREAD 1");
}

#[test]
fn a_clock_behind_the_newest_message_is_told_of_and_ids_go_on() {
    let mut server = Server::start(&[]);
    server.register("alice").leave();
    assert_eq!(server.stop().code(), Some(0));
    let hour = Duration::from_secs(3600);
    let ahead = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + hour;
    let mark = ahead.as_micros() as i64;
    Connection::open(server.data().join("chatsrv.db"))
        .unwrap()
        .execute("UPDATE store SET id_mark = ?1", [mark])
        .unwrap();

    server.start_again(&[]);
    let behind = server.log().wait_for("…event=clock-behind seconds=…: …");
    let seconds: u64 = behind[1].parse().expect("whole seconds");
    assert!((3500..=3600).contains(&seconds), "{behind:?}");
    let sent = server.login("alice").ask("D * what is the time?", "C 250 MSG … …");
    let id: i64 = sent[0].parse().expect("an id");
    assert!(id >= mark, "{id} is older than {mark}");
}
