//! Accounts that end, over real sockets, and what is left of them on the disk.

mod support;

use std::fs;
use std::path::Path;
use std::time::Instant;

use support::{Client, PATIENCE, Server};

fn operator(server: &Server) -> Client {
    let mut operator = Client::operator(server);
    operator.expect("C 150 UNREAD 0");
    operator.expect("C 230 USER operator 1 welcome");
    operator
}

/// Sends a file into a chat, or into the shared folder.
fn upload(client: &mut Client, request: &str, stream: u32, done: &str) {
    client.send(request);
    client.expect(&format!("C 250 … {stream} 0"));
    client.send_bytes(format!("F {stream} 5\nhelloF {stream} 0\n").as_bytes());
    client.expect(done);
}

/// Waits until something is so, which comes by itself while the server serves somebody.
fn wait_until(client: &mut Client, what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        client.ask("C ALIVE", "C 503 ALIVE …");
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

/// What is listed of a chat.
fn texts(client: &mut Client, request: &str) -> usize {
    client.send(request);
    let head = client.line();
    let count = head.rsplit(' ').next().and_then(|count| count.parse().ok());
    let count = count.unwrap_or_else(|| client.fail(&format!("{head} begins no list")));
    (0..count).for_each(|_| drop(client.line()));
    client.line();
    count
}

#[test]
fn what_a_removed_user_said_stays_under_the_number() {
    let mut server = Server::start(&[]);
    let mut bob = server.register("bob");
    let mut alice = server.register("alice");
    let number = alice.number();
    let token = alice.ask("C TOKEN", "C 250 TOKEN …").remove(0);
    alice.ask("D bob hello", "C 250 MSG … bob 1 0");
    bob.expect("D … alice bob hello");
    upload(&mut alice, "C PUT 5 note.txt", 1, "C 126 PUT 1 5 note.txt");
    alice.ask("C UNREGISTER", "C 354 UNREGISTER …");
    alice.ask("D wrong", "C 535 UNREGISTER …");
    alice.ask("C UNREGISTER", "C 354 UNREGISTER …");
    alice.send(&format!("D {}", support::password_of("alice")));
    alice.expect("C 250 UNREGISTER …");
    alice.expect_closing("C 421 - the account was removed");
    let mut stranger = server.connect();
    stranger.ask(&format!("C RESUME alice {token}"), "C 535 RESUME …");
    stranger.ask("C USER alice", "C 553 USER …");
    server.crash_and_restart();
    let mut bob = server.connect();
    bob.send("C USER bob");
    bob.expect("C 331 USER bob …");
    bob.send(&format!("D {}", support::password_of("bob")));
    bob.expect("C 150 UNREAD 1");
    bob.expect(&format!("C 151 UNREAD removed-{number} 1 …"));
    bob.expect("C 230 USER bob …");
    assert_eq!(texts(&mut bob, &format!("C OPEN removed-{number} 9")), 1);
    bob.ask(&format!("D {number} hello"), "C 550 MSG …");
    assert_eq!(bob.list("C LS").len(), 1, "the file stays");
    server.connect().ask("C USER alice", "C 553 USER …");
    assert_eq!(server.stop().code(), Some(0));
    let check = support::finish(support::command(&server.data(), &["--check"]));
    assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
}

#[test]
fn with_erase_all_that_was_said_and_sent_goes_also_over_a_crash() {
    let mut server = Server::start(&[]);
    let mut bob = server.register("bob");
    let mut alice = server.register("alice");
    let number = alice.number();
    for at in 0..600 {
        alice.ask(&format!("D * penguin {at}"), "C 250 MSG …");
        bob.expect("D … alice * penguin …");
    }
    bob.ask("D alice my own penguin", "C 250 MSG … alice 1 0");
    alice.expect("D … bob alice my own penguin");
    upload(&mut alice, "C SENDFILE bob 5 note.txt", 1, "C 126 SENDFILE 1 5 @…");
    bob.expect("C 124 FILE … alice bob 5 note.txt");
    upload(&mut alice, "C PUT 5 note.txt", 2, "C 126 PUT 2 5 note.txt");
    assert!(!is_empty(&server.data().join("sent")));
    let mut op = operator(&server);
    op.ask("C REMOVE alice ERASE", "C 250 REMOVE …");
    alice.expect_closing("C 421 - the account was removed");
    server.crash_and_restart();
    let mut bob = server.login("bob");
    let sent = server.data().join("sent");
    wait_until(&mut bob, "the file that was sent goes", || is_empty(&sent));
    let shared = server.files().join("note.txt");
    wait_until(&mut bob, "the shared file goes", || !shared.exists());
    assert_eq!(texts(&mut bob, "C OPEN * 1000"), 0);
    assert_eq!(texts(&mut bob, &format!("C OPEN removed-{number} 9")), 1);
    assert_eq!(texts(&mut bob, "C SEARCH - penguin"), 1);
    assert_eq!(server.stop().code(), Some(0));
    let check = support::finish(support::command(&server.data(), &["--check"]));
    assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
}
