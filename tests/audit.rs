//! The audit log: who did what, and from where.

mod support;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use regex::Regex;
use rustix::process::Signal;
use support::{Client, Server};

/// The operator, welcomed, with nothing unread.
fn operator(server: &Server) -> Client {
    let mut operator = Client::operator(server);
    operator.expect("C 150 UNREAD 0");
    operator.expect("C 230 USER operator 1 welcome");
    operator
}

/// Tries to log in with a password that is wrong.
fn guess(server: &Server, name: &str) {
    let mut stranger = server.connect();
    stranger.ask(&format!("C USER {name}"), "C 331 USER …");
    stranger.ask("D not the password", "C 535 USER …");
}

#[test]
fn what_people_do_leaves_lines_that_hold_no_secret() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let bob = server.register("bob");
    let token = alice.ask("C TOKEN", "C 250 TOKEN …").remove(0);
    alice.ask("C NICK Alice \"A\"", "C 250 NICK …");
    alice.ask("C MKGROUP #tea bob", "C 250 MKGROUP #tea 2");
    alice.expect("C 128 GROUP #tea join bob");
    alice.ask("D * the secret text", "C 250 MSG …");
    drop(bob);
    guess(&server, "bob");
    let log = server.log();
    for line in [
        "event=registered time=… user=alice peer=127.0.0.1 conn=…",
        "event=token-made time=… user=alice peer=127.0.0.1 conn=… device=…",
        "event=nick time=… user=alice peer=127.0.0.1 conn=… display=\"Alice \\\"A\\\"\"",
        "event=group-made time=… user=alice peer=127.0.0.1 conn=… group=#tea members=2",
        "event=logout time=… user=bob peer=127.0.0.1 conn=… how=disconnected",
        "event=closed conn=… user=bob peer=127.0.0.1:… reason=…",
        "event=login-failed time=… user=bob peer=127.0.0.1 conn=… count=1",
    ] {
        log.wait_for(line);
    }
    for secret in [&token, "not the password", "the secret text", "the password of"] {
        assert!(!log.lines().iter().any(|line| line.contains(secret)), "{secret}");
    }
}

#[test]
fn administrators_list_the_last_lines() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut operator = operator(&server);
    let lines = operator.list("C AUDIT 2");
    assert!(lines[0].starts_with("event=registered "), "{lines:?}");
    assert!(lines[1].starts_with("event=login "), "{lines:?}");
    assert!(lines[1].contains(" user=operator peer=local "), "{lines:?}");
    assert_eq!(operator.list("C AUDIT 0").len(), 0);
    alice.ask("C AUDIT", "C 530 AUDIT …");
    let off = Server::start(&["--audit", "off"]);
    self::operator(&off).ask("C AUDIT", "C 503 AUDIT …");
    drop(off.register("alice"));
    off.log().wait_for("event=closed …");
    assert!(!off.log().lines().iter().any(|line| line.contains("event=registered")));
}

#[test]
fn a_file_is_for_nobody_else_and_drops_no_line_while_it_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let (path, full) = (folder.path().join("audit.log"), Path::new("/dev/full"));
    symlink(full, &path).unwrap();
    let server = Server::start(&["--audit", path.to_str().unwrap()]);
    // The first line finds out that there is no room.
    let mut alice = server.register("alice");
    server.log().wait_for("event=audit-failed path=…");
    let mut refused = server.connect();
    refused.ask("C USER bob", "C 332 USER bob …");
    refused.ask("D the password of bob", "C 452 USER …");
    alice.ask("C TOKEN", "C 452 TOKEN …");
    alice.ask("D * talking goes on", "C 250 MSG …");
    std::fs::remove_file(&path).unwrap();
    server.signal(Signal::HUP);
    server.log().wait_for("event=audit-written path=…");
    drop(server.register("bob"));
    let mut operator = operator(&server);
    operator.ask("C SHUTDOWN", "C 250 SHUTDOWN …");
    drop(alice);
    let mut server = server;
    assert_eq!(server.wait().code(), Some(0));
    let mode = path.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let lines = std::fs::read_to_string(&path).unwrap();
    for event in ["registered time=… user=alice", "registered time=… user=bob", "shutdown"] {
        let pattern = format!("event={event} …");
        let has = lines.lines().any(|line| support::captures(&pattern, line).is_some());
        assert!(has, "{event}: {lines}");
    }
    assert_eq!(server.log().find("event=registered …"), None, "they go to the file alone");
}

#[test]
fn a_file_that_can_not_be_opened_exits_73() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no/such/folder/audit.log");
    let path = path.to_str().unwrap();
    let command = support::command(&folder.path().join("data"), &["--audit", path]);
    let finished = support::finish(command);
    assert_eq!(finished.code, Some(73), "{}", finished.stderr);
    assert!(finished.stderr.contains(path), "{}", finished.stderr);
}

#[test]
fn the_filter_of_the_manual_finds_who_guesses() {
    let manual = include_str!("../man/chatsrv.8").replace("\\e", "\\");
    let filter = manual.lines().find_map(|line| line.strip_prefix("failregex = ")).unwrap();
    // As fail2ban does.
    let host = r"\[?(?P<host>[0-9a-fA-F:.]+)\]?";
    let filter = Regex::new(&filter.replace("<HOST>", host)).unwrap();
    let server = Server::start(&[]);
    drop(server.register("alice"));
    for name in ["alice"; 3] {
        guess(&server, name);
    }
    server.log().wait_for("event=login-failed …");
    let lines = server.log().lines();
    let found: Vec<&str> = lines
        .iter()
        .filter_map(|line| Some(filter.captures(line)?.name("host")?.as_str()))
        .collect();
    assert!(!found.is_empty() && found.iter().all(|host| *host == "127.0.0.1"), "{lines:?}");
    let told = lines.iter().filter(|line| line.contains("event=login-failed")).count();
    assert_eq!(found.len(), told, "{lines:?}");
    let v6 =
        "event=login-failed time=2026-12-01T10:00:00Z user=- peer=[2001:db8::1] conn=7.1 count=9";
    assert_eq!(&filter.captures(v6).unwrap()["host"], "2001:db8::1");
}
