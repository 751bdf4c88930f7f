//! The real client in a pipe or with one job, and the real server.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::{Random, Server, password_of};

const SIZE: usize = 300_000;

/// The client in a folder.
fn client(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatclient"));
    command.args(arguments).current_dir(folder).env_clear().env("TZ", "UTC");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The client as somebody who has an account.
fn client_of(name: &str, server: &Server, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = client(folder, arguments);
    command.args([&server.address().ip().to_string(), &server.address().port().to_string(), name]);
    command.env("CHAT_PASSWORD", password_of(name));
    command
}

fn feed(mut command: Command, input: &str) -> Output {
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn what_a_reader_did_not_take_stays_unread() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    server.register("bob").leave();
    let mut dave = server.register("dave");
    let text = "x".repeat(300);
    for _ in 0..900 {
        dave.ask(&format!("D bob {text}"), "C 251 MSG …");
    }
    let mut child = client_of("bob", &server, folder.path(), &[]).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"/open dave\n").unwrap();
    child.stdout.take().unwrap().read_exact(&mut [0; 1]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.signal(), stderr(&output).as_str()), (Some(13), ""));
    let mut bob = server.login("bob");
    let unread = bob.list("C UNREAD");
    assert_eq!(unread.len(), 1);
    assert!(unread[0].starts_with("dave 900 "), "{unread:?}");
}

#[test]
fn a_script_of_the_operator_stops_the_server_and_has_done_all() {
    let (mut server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let socket = server.data().join("admin.sock");
    let output = feed(client(folder.path(), &[socket.to_str().unwrap()]), "/shutdown\n");
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn more_files_than_go_at_once_are_fetched_and_sent_by_a_script() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    server.register("bob").leave();
    let mut lines = String::new();
    for n in 0..40 {
        server.write_file(&format!("there{n}"), format!("content {n}"));
        fs::write(folder.path().join(format!("here{n}")), format!("content {n}")).unwrap();
        lines += &format!("/get there{n}\n/put here{n}\n");
    }
    let output = feed(client_of("bob", &server, folder.path(), &["--downloads", "."]), &lines);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    for n in 0..40 {
        let content = format!("content {n}").into_bytes();
        assert_eq!(fs::read(folder.path().join(format!("there{n}"))).unwrap(), content);
        assert_eq!(fs::read(server.files().join(format!("here{n}"))).unwrap(), content);
    }
}

/// Sends the first half of `content` as alice, and breaks off.
fn break_off(server: &Server, announcement: &str, content: &[u8]) {
    let mut alice = server.login("alice");
    alice.send(announcement);
    alice.expect("C 250 … 1 0");
    for chunk in content[..SIZE / 2].chunks(50_000) {
        alice.send_bytes(format!("F 1 {}\n", chunk.len()).as_bytes());
        alice.send_bytes(chunk);
    }
    // Its answer comes when all of that was read.
    alice.ask("C ALIVE", "C … ALIVE …");
}

#[test]
fn a_new_version_does_not_go_on_from_the_old_one() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    let mut bob = server.register("bob");
    server.register("alice").leave();
    let [old, new] = [(); 2].map(|()| Random::new().bytes(SIZE));
    fs::write(folder.path().join("report"), &new).unwrap();

    break_off(&server, &format!("C PUT {SIZE} report"), &old);
    let put = client_of("alice", &server, folder.path(), &["--put", "report"]);
    let output = feed(put, "");
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    assert!(fs::read(server.files().join("report")).unwrap() == new);

    break_off(&server, &format!("C SENDFILE bob {SIZE} report"), &old);
    let send = client_of("alice", &server, folder.path(), &["--send", "bob", "report"]);
    let output = feed(send, "");
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let id = bob.expect("C 124 FILE … alice bob 300000 report").remove(0);
    let (size, came) = bob.download(0, &format!("@{id}"));
    assert!((size, came) == (SIZE as u64, new));
}

#[test]
fn the_old_version_goes_on_from_where_it_was() {
    let (server, folder) = (Server::start(&[]), tempfile::tempdir().unwrap());
    server.register("alice").leave();
    let content = Random::new().bytes(SIZE);
    fs::write(folder.path().join("report"), &content).unwrap();
    break_off(&server, &format!("C PUT {SIZE} report"), &content);
    let output = feed(client_of("alice", &server, folder.path(), &["--put", "report"]), "");
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    assert!(fs::read(server.files().join("report")).unwrap() == content);
}
