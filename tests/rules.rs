//! What the operator lets users do, over the real sockets and with a real store.

mod support;

use std::thread;
use std::time::{Instant, UNIX_EPOCH};

use support::{Client, PATIENCE, Server};

#[test]
fn what_is_for_administrators_alone_is_refused_to_users() {
    let server =
        Server::start(&["--broadcast", "admins", "--group-makers=admins", "--uploads=admins"]);
    let mut bob = server.register("bob");
    bob.ask("D * hello", "C 530 MSG administrators …");
    bob.ask("C PM", "C 530 PM administrators …");
    bob.ask("C MKPUBLIC #team", "C 530 MKPUBLIC administrators …");
    bob.ask("C PUT 3 notes", "C 530 PUT administrators …");
    let mut operator = Client::operator(&server);
    operator.expect("C 150 UNREAD 0");
    operator.expect("C 230 USER operator 1 welcome");
    operator.ask("C ADMIN bob on", "C 250 ADMIN …");
    bob.ask("D * hello", "C 250 MSG …");
    bob.ask("C MKPUBLIC #team", "C 250 MKPUBLIC …");
    bob.ask("C PUT 3 notes", "C 250 PUT …");
}

#[test]
fn uploads_that_are_off_are_off_for_all() {
    let server = Server::start(&["--uploads", "off"]);
    let mut alice = server.register("alice");
    alice.ask("C PUT 3 notes", "C 503 PUT …");
    alice.ask("C SENDFILE alice 3 notes", "C 250 SENDFILE …");
}

#[test]
fn a_young_account_may_do_all_once_it_is_older_also_after_a_restart() {
    let mut server = Server::start(&["--probation", "1h"]);
    let mut alice = server.register("alice");
    let left: u32 = alice.ask("D * hello", "C 530 MSG young … …")[0].parse().unwrap();
    assert!((3500..=3600).contains(&left), "{left} seconds");
    alice.ask("C CALL alice", "C 530 CALL young …");
    server.restart_with(&["--probation", "2s"]);
    let (mut alice, begin) = (server.login("alice"), Instant::now());
    loop {
        alice.send("D * hello");
        let line = alice.line();
        if line.starts_with("C 250 MSG") {
            break;
        }
        assert!(line.starts_with("C 530 MSG young "), "{line}");
        assert!(begin.elapsed() < PATIENCE, "it stays young");
    }
}

#[test]
fn a_user_says_no_more_than_so_much_a_day() {
    let mut server = Server::start(&["--message-quota", "1KiB"]);
    let mut alice = server.register("alice");
    let text = "a".repeat(500);
    for _ in 0..2 {
        alice.ask(&format!("D * {text}"), "C 250 MSG …");
    }
    alice.ask(&format!("D * {text}"), "C 452 MSG …");
    server.register("bob").ask(&format!("D * {text}"), "C 250 MSG …");
    server.restart();
    server.login("alice").ask(&format!("D * {text}"), "C 250 MSG …");
}

#[test]
fn a_new_account_reads_nothing_that_was_said_to_everyone_before() {
    let server = Server::start(&["--new-see-history", "0"]);
    let mut alice = server.register("alice");
    let id = alice.ask("D * an old word", "C 250 MSG … * …").remove(0);
    let second = id.parse::<u64>().unwrap() / 1_000_000;
    // An account knows the second in which it was made.
    while UNIX_EPOCH.elapsed().unwrap().as_secs() <= second {
        thread::yield_now();
    }
    let mut bob = server.register("bob");
    assert_eq!(messages(&mut bob, "C OPEN * 10").len(), 0);
    assert_eq!(bob.list("C CHATS").len(), 0);
    bob.ask("D * a new word", "C 250 MSG …");
    alice.expect("D … bob * a new word");
    for request in ["C OPEN * 10", "C AFTER * 0 10", "C SEARCH - word", "C SEARCH * word"] {
        let (of_bob, of_alice) = (messages(&mut bob, request), messages(&mut alice, request));
        assert!(of_bob.len() == 1 && of_bob[0].ends_with(" * a new word"), "{request}: {of_bob:?}");
        assert_eq!(of_alice.len(), 2, "{request}: {of_alice:?}");
    }
    assert_eq!(bob.list("C CHATS").len(), 1);
}

/// The messages that a request lists.
fn messages(client: &mut Client, request: &str) -> Vec<String> {
    let verb = request.split(' ').nth(1).unwrap();
    let count = client.ask(request, &format!("C 150 {verb} …")).remove(0);
    let lines = (0..count.parse().unwrap()).map(|_| client.line()).collect();
    client.expect(&format!("C 250 {verb}…"));
    lines
}
