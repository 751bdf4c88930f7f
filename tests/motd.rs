//! The message of the day, over the real sockets and with a real store.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use support::{Client, Server};
use tempfile::TempDir;

/// A file with a message of the day, in a folder of its own.
fn file(text: impl AsRef<[u8]>) -> (PathBuf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("motd");
    fs::write(&path, text).unwrap();
    (path, folder)
}

/// Starts a server with that message of the day.
fn start(path: &Path) -> Server {
    Server::start(&["--motd", path.to_str().unwrap()])
}

/// Writes another text into the file, and has the server read it, the `count`th of them.
fn reread(server: &Server, path: &Path, text: impl AsRef<[u8]>, count: usize) {
    fs::write(path, text).unwrap();
    server.signal(Signal::HUP);
    server.log().wait_for_count("event=motd file=", count);
}

/// Another session of a user, which is told all that there is.
fn beside(server: &Server, name: &str) -> Client {
    let mut client = server.connect();
    client.login_beside(name);
    client
}

#[test]
fn an_account_is_told_of_a_text_until_it_asks_for_it() {
    let (path, _folder) = file("be kind\r\n\r\nand brief\r\n");
    let mut server = start(&path);
    server.log().wait_for("event=motd file=…motd lines=3");
    let mut alice = server.register("alice");
    alice.expect_nothing();
    alice.ask("C MORE on", "C 250 MORE …");
    alice.expect("C 134 MOTD 3");
    alice.ask("C MORE on", "C 250 MORE …");
    alice.expect_nothing();
    let mut phone = beside(&server, "alice");
    phone.expect("C 134 MOTD 3");
    assert_eq!(phone.list("C MOTD"), ["be kind", "", "and brief"]);
    beside(&server, "alice").expect_nothing();
    drop((alice, phone));
    server.restart();
    beside(&server, "alice").expect_nothing();
    drop(server.register("bob"));
    let mut bob = beside(&server, "bob");
    bob.expect("C 134 MOTD 3");
    bob.leave();
    server.crash_and_restart();
    beside(&server, "bob").expect("C 134 MOTD 3");
    server.connect().ask("C MOTD", "C 530 MOTD …");
}

#[test]
fn who_asks_for_more_in_one_breath_with_the_login_is_told() {
    let (path, _folder) = file("be kind\n");
    let server = start(&path);
    drop(server.register("alice"));
    let mut alice = server.connect();
    alice.send_bytes(b"C USER alice\nD the password of alice\nC UNREAD\nC MORE on\nC WHO\n");
    alice.expect("C 331 USER …");
    alice.expect("C 150 UNREAD 0");
    alice.expect("C 230 USER …");
    alice.expect("C 150 UNREAD 0");
    alice.expect("C 250 UNREAD …");
    alice.expect("C 250 MORE …");
    alice.expect("C 134 MOTD 1");
    assert_eq!(alice.rest_of_list("WHO").len(), 1);
}

#[test]
fn another_text_is_read_at_a_hangup_and_told_at_the_next_login() {
    let (path, _folder) = file("be kind\n");
    let server = start(&path);
    let mut alice = server.register("alice");
    alice.ask("C MORE on", "C 250 MORE …");
    alice.expect("C 134 MOTD 1");
    assert_eq!(alice.list("C MOTD"), ["be kind"]);
    let mut bob = server.register("bob");
    reread(&server, &path, "be kind\n", 2);
    beside(&server, "alice").expect_nothing();
    reread(&server, &path, "closed today\nback tomorrow", 3);
    alice.expect_nothing();
    beside(&server, "alice").expect("C 134 MOTD 2");
    bob.expect_nothing();
    assert_eq!(bob.list("C MOTD"), ["closed today", "back tomorrow"]);
    reread(&server, &path, "\n", 4);
    assert_eq!(alice.list("C MOTD"), [""; 0]);
    alice.expect_nothing();
}

#[test]
fn a_file_that_is_wrong_at_a_hangup_changes_nothing_and_is_told() {
    let (path, folder) = file("be kind\n");
    let server = start(&path);
    let mut alice = server.register("alice");
    alice.ask("C MORE on", "C 250 MORE …");
    alice.expect("C 134 MOTD 1");
    let breaks: [(&str, &dyn Fn()); 4] = [
        ("it has more than 20 lines", &|| fs::write(&path, "x\n".repeat(21)).unwrap()),
        ("it is not UTF-8", &|| fs::write(&path, b"caf\xe9").unwrap()),
        ("line 2 holds a control character", &|| fs::write(&path, "x\n\x1b[1my").unwrap()),
        ("cannot be read", &|| fs::remove_file(&path).unwrap()),
    ];
    for (count, (why, break_it)) in breaks.iter().enumerate() {
        break_it();
        server.signal(Signal::HUP);
        server.log().wait_for_count("event=reload-failed", count + 1);
        server.log().wait_for(&format!(
            "warn  event=reload-failed file=…motd: …{why}…; the message of the day stays"
        ));
        assert_eq!(alice.list("C MOTD"), ["be kind"], "after: {why}");
    }
    alice.expect_nothing();
    reread(&server, &path, "be brief\n", 2);
    beside(&server, "alice").expect("C 134 MOTD 1");
    drop(folder);
}

#[test]
fn a_file_that_is_wrong_at_the_start_exits_78() {
    let long = "x".repeat(201);
    for (text, why) in [
        (Some(long.as_bytes()), "line 1 has more than 200 characters"),
        (Some(b"\xff\xfe"), "it is not UTF-8"),
        (None, "cannot be read"),
    ] {
        let (path, folder) = file(text.unwrap_or_default());
        if text.is_none() {
            fs::remove_file(&path).unwrap();
        }
        let path = path.to_str().unwrap();
        let command = support::command(&folder.path().join("data"), &["--motd", path]);
        let finished = support::finish(command);
        assert_eq!(finished.code, Some(78), "{}", finished.stderr);
        assert!(finished.stderr.contains(path), "{}", finished.stderr);
        assert!(finished.stderr.contains(why), "{}", finished.stderr);
    }
}

#[test]
fn without_a_file_there_is_no_text() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    alice.ask("C MORE on", "C 250 MORE …");
    alice.expect_nothing();
    alice.send("C MOTD");
    alice.expect("C 150 MOTD 0");
    alice.expect("C 250 MOTD that is all");
}
