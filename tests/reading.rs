//! Reading: all chats, what came after a message, and what is removed again.

mod support;

use std::fs;
use std::time::Instant;

use support::{PATIENCE, Server, password_of};

#[test]
fn all_chats_are_listed_and_read_on_from_a_message() {
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let first = alice.ask("D bob hello", "C 250 MSG … bob 1 0").remove(0);
    bob.expect("D … alice bob hello");
    let second = bob.ask("D * to all", "C 250 MSG … * 1 0").remove(0);
    alice.expect("D … bob * to all");
    alice.ask("C MKGROUP #team bob", "C 250 MKGROUP #team 2");
    alice.expect("C 128 GROUP #team join bob");
    bob.expect("C 128 GROUP #team join bob");
    let chats = [
        format!("* 1 0 {second} bob - to all"),
        format!("bob 0 0 {first} alice - hello"),
        "#team 0 0 0 - -".to_owned(),
    ];
    alice.dialogue(&format!(
        "> C CHATS
         < C 150 CHATS 3
         < C 151 CHATS {}
         < C 151 CHATS {}
         < C 151 CHATS {}
         < C 250 CHATS 0
         > C CHATS {second}
         < C 150 CHATS 2
         < C 151 CHATS {}
         < C 151 CHATS {}
         < C 250 CHATS 0
         > C CHATS 0
         < C 501 CHATS …",
        chats[0], chats[1], chats[2], chats[1], chats[2]
    ));
    alice.expect_nothing();
    let third = bob.ask("D alice and you?", "C 250 MSG … alice 1 0").remove(0);
    alice.expect("D … bob alice and you?");
    alice.dialogue(&format!(
        "> C AFTER bob {first} 9
         < C 150 AFTER 1
         < D {third} bob alice and you?
         < C 250 AFTER bob 0
         > C AFTER bob 0 1
         < C 150 AFTER 1
         < D {first} alice bob hello
         < C 250 AFTER bob 1
         > C SEEN bob {third}
         < C 250 SEEN bob {third}
         > C SEEN bob {first}
         < C 250 SEEN bob {third}
         > C AFTER nobody 0 1
         < C 550 AFTER …
         > C AFTER bob 0 1001
         < C 501 AFTER …"
    ));
    alice.leave();
    server.restart();
    let mut alice = server.login("alice");
    alice.send("C CHATS");
    alice.expect("C 150 CHATS 2");
    alice.expect(&format!("C 151 CHATS bob 0 {third} {third} bob - and you?"));
    alice.expect(&format!("C 151 CHATS * 1 0 {second} bob - to all"));
    alice.expect("C 250 CHATS 0");
}

#[test]
fn what_is_removed_is_gone_for_all() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    bob.ask("C MORE on", "C 250 MORE …");
    let secret = alice.ask("D bob a secret word", "C 250 MSG … bob 1 0").remove(0);
    let open = alice.ask("D bob an open word", "C 250 MSG … bob 1 0").remove(0);
    bob.expect("D … alice bob a secret word");
    bob.expect("D … alice bob an open word");
    // The index knows both.
    bob.dialogue("> C SEARCH - word\n< C 150 SEARCH 2\n< D …\n< D …\n< C 250 SEARCH …");
    bob.ask(&format!("C DELETE {secret}"), "C 530 DELETE …");
    alice.ask(&format!("C DELETE {secret}"), "C 250 DELETE …");
    bob.expect(&format!("C 131 DELETED {secret} alice"));
    alice.ask(&format!("C DELETE {secret}"), "C 550 DELETE …");
    for (verb, words) in [("SEARCH", "- word"), ("OPEN", "alice"), ("AFTER", "alice 0 9")] {
        bob.ask(&format!("C {verb} {words}"), &format!("C 150 {verb} 1"));
        bob.expect(&format!("D {open} alice bob an open word"));
        bob.expect(&format!("C 250 {verb} …"));
    }
    // Who did not ask for more is told of nothing.
    alice.expect_nothing();
}

#[test]
fn a_sent_file_is_removed_from_the_disk() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let sent = server.data().join("sent");
    let files = || fs::read_dir(&sent).map_or(0, Iterator::count);
    alice.ask("C SENDFILE * 5 notes", "C 250 SENDFILE 1 0");
    alice.send_bytes(b"F 1 5\nhelloF 1 0\n");
    let id = alice.expect("C 126 SENDFILE 1 5 …").remove(0);
    assert_eq!(files(), 1);
    alice.ask(&format!("C GET 0 {id}"), "C 250 GET 2 5 …");
    assert_eq!(alice.chunks(2), b"hello");
    alice.ask(&format!("C DELETE {}", &id[1..]), "C 250 DELETE …");
    alice.ask(&format!("C GET 0 {id}"), "C 550 GET …");
    let deadline = Instant::now() + PATIENCE;
    while files() > 0 {
        assert!(Instant::now() < deadline, "it is still there");
        alice.expect_nothing();
    }
}

#[test]
fn nobody_removes_anything_where_the_server_does_not_let_them() {
    let server = Server::start(&["--delete-window", "0"]);
    let mut alice = server.register("alice");
    let id = alice.ask("D * for good", "C 250 MSG … * 0 0").remove(0);
    alice.ask(&format!("C DELETE {id}"), "C 530 DELETE …");
    alice.leave();
    let mut alice = server.connect();
    alice.ask("C USER alice", "C 331 USER alice …");
    alice.send(&format!("D {}", password_of("alice")));
    alice.dialogue("< C 150 UNREAD 0\n< C 230 USER alice …");
    alice.dialogue("> C OPEN * 9\n< C 150 OPEN 1\n< D … alice * for good\n< C 250 OPEN * 0");
}
