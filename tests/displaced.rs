//! A store, or a folder, that is deleted, moved or replaced under the running server: nothing is
//! confirmed that is not found again under its name.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use support::{Server, password_of};

/// What is done to the data folder.
type Harm = fn(&Path);

fn health(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn refuses_all_that_is_to_be_kept(harm: Harm, is_told: &str) {
    let server = Server::start(&["--metrics", "127.0.0.1:0"]);
    let metrics = server.log().wait_for("…event=metrics address=…").remove(1);
    let mut alice = server.register("alice");
    alice.ask("C MKGROUP #tea alice", "C 250 MKGROUP #tea 1");
    alice.ask("D * before", "C 250 MSG …");
    assert!(health(&metrics).starts_with("HTTP/1.1 200 "));
    harm(&server.data());
    alice.ask("D * lost", "C 450 MSG …");
    server.log().wait_for(is_told);
    assert!(health(&metrics).starts_with("HTTP/1.1 503 "));
    alice.ask("D alice lost too", "C 450 MSG …");
    alice.ask("C MKGROUP #coffee alice", "C 450 MKGROUP …");
    alice.ask("C KEEP #tea on", "C 450 KEEP …");
    alice.ask("C NICK Alice", "C 450 NICK …");
    alice.ask("C TOKEN", "C 450 TOKEN …");
    alice.ask("C PUT 5 file", "C 450 PUT …");
    alice.ask("C SENDFILE * 5 file", "C 450 SENDFILE …");
    let mut bob = server.connect();
    bob.ask("C USER bob", "C 332 USER …");
    bob.ask(&format!("D {}", password_of("bob")), "C 450 USER …");
    // What was said before can still be read.
    assert_eq!(alice.list("C WHO").len(), 1);
    alice.send("C OPEN * 9");
    alice.expect("C 150 OPEN 1");
    alice.expect("D … alice * before");
    alice.expect("C 250 OPEN * 0");
}

fn store(data: &Path) -> PathBuf {
    data.join("chatsrv.db")
}

#[test]
fn a_store_that_is_deleted() {
    let delete: Harm = |data| {
        for end in ["", "-wal", "-shm"] {
            fs::remove_file(data.join(format!("chatsrv.db{end}"))).unwrap();
        }
    };
    refuses_all_that_is_to_be_kept(delete, "…chatsrv.db is not the file that was opened any more…");
}

#[test]
fn a_store_that_is_replaced() {
    let replace: Harm = |data| {
        let copy = data.join("copy");
        fs::copy(store(data), &copy).unwrap();
        fs::rename(&copy, store(data)).unwrap();
    };
    refuses_all_that_is_to_be_kept(replace, "…chatsrv.db is not the file that was opened …");
}

#[test]
fn a_log_of_the_store_that_is_deleted() {
    let delete: Harm = |data| fs::remove_file(data.join("chatsrv.db-wal")).unwrap();
    refuses_all_that_is_to_be_kept(delete, "…chatsrv.db-wal is not the file that was opened …");
}

#[test]
fn a_data_folder_that_is_removed() {
    let remove: Harm = |data| fs::remove_dir_all(data).unwrap();
    refuses_all_that_is_to_be_kept(remove, "…chatsrv.db is not the file that was opened …");
}

#[test]
fn a_store_that_comes_back_is_written_to_again() {
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    let away = server.data().join("away");
    fs::rename(store(&server.data()), &away).unwrap();
    alice.ask("D * lost", "C 450 MSG …");
    fs::rename(&away, store(&server.data())).unwrap();
    alice.ask("D * kept", "C 250 MSG …");
    alice.leave();
    server.crash_and_restart();
    let mut alice = server.login("alice");
    alice.send("C OPEN * 9");
    alice.expect("C 150 OPEN 1");
    alice.expect("D … alice * kept");
    alice.expect("C 250 OPEN * 0");
}

#[test]
fn a_lock_that_is_removed_is_taken_again() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    fs::remove_file(server.data().join("lock")).unwrap();
    alice.ask("D * still here", "C 250 MSG …");
    server.log().wait_for("…event=locked-again …");
    let second = support::finish(support::command(&server.data(), &[]));
    assert_eq!(second.code, Some(75), "{}", second.stderr);
}

#[test]
fn a_lock_that_somebody_else_has_is_told_of_once() {
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    let path = server.data().join("lock");
    fs::remove_file(&path).unwrap();
    let other = fs::File::create(&path).unwrap();
    other.lock().unwrap();
    for _ in 0..5 {
        alice.ask("D * lost", "C 450 MSG …");
    }
    let told = server.log().wait_for_count("another server uses the data folder", 1);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("the lock of the data folder was removed"), "{told:?}");
    drop(alice);
    server.stop();
    let lines = server.log().lines();
    let told = lines.iter().filter(|line| line.contains("another server uses"));
    assert_eq!(told.count(), 1, "{lines:?}");
}

#[test]
fn folders_of_files_that_are_replaced_take_no_upload() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    alice.ask("C PUT 3 whole", "C 250 PUT 1 0");
    for folder in [server.files(), server.data().join("sent")] {
        fs::rename(&folder, folder.with_extension("away")).unwrap();
        fs::create_dir(&folder).unwrap();
    }
    alice.send_bytes(b"F 1 3\nabcF 1 0\n");
    alice.expect("C 127 ABORT 1 …");
    alice.ask("C PUT 5 file", "C 450 PUT …");
    alice.ask("C SENDFILE * 5 file", "C 450 SENDFILE …");
    assert_eq!(fs::read_dir(server.files()).unwrap().count(), 0);
    alice.ask("D * text needs no such folder", "C 250 MSG …");
    for folder in [server.files(), server.data().join("sent")] {
        fs::remove_dir(&folder).unwrap();
        fs::rename(folder.with_extension("away"), &folder).unwrap();
    }
    alice.ask("C PUT 3 whole", "C 250 PUT 2 3");
    alice.send_bytes(b"F 2 0\n");
    alice.expect("C 126 PUT 2 3 whole");
}
