//! Direct chats between two people, and who else comes to their port.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::folder;
use crate::person::Person;
use crate::support::{PATIENCE, Random, Server};

/// The port on which somebody has said that direct chats are taken.
fn port(person: &Person) -> u16 {
    let said = "direct chats are taken on port ";
    let rows = person.screen.rows();
    let port = rows.iter().rev().find_map(|row| row.strip_prefix(said)?.parse().ok());
    port.expect("a port was told")
}

/// Alice calls bob, and bob takes the call.
pub fn talk(alice: &mut Person, bob: &mut Person) {
    bob.type_keys("/up\r");
    bob.wait_for_row("direct chats are taken on port ");
    alice.type_keys("/call bob\r");
    alice.wait_for_row("it rings at bob");
    bob.wait_for_row("alice calls; /accept or /decline");
    assert_eq!(bob.screen.bells, 1);
    bob.type_keys("/accept\r");
    bob.wait_for_prompt("bob <-> alice (direct)>");
    alice.wait_for_prompt("alice <-> bob (direct)>");
}

/// One says something, and the other reads it.
fn say(from: &mut Person, to: &mut Person, names: &str, text: &str) {
    from.type_keys(&format!("{text}\r"));
    for person in [from, to] {
        person.wait_for_row(&format!("{names} (direct): {text}"));
    }
}

#[test]
fn a_direct_chat_goes_on_while_the_server_is_away() {
    let (mut server, folder) = (Server::start(&[]), folder());
    let mut alice = Person::register(&server, folder.path(), 80, "alice");
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    talk(&mut alice, &mut bob);
    say(&mut alice, &mut bob, "alice -> bob", "hello");
    say(&mut bob, &mut alice, "bob -> alice", "中e\u{301} <U+202E>");
    assert_eq!(server.stop().code(), Some(0));
    for person in [&mut alice, &mut bob] {
        person.wait_for_row("offline, trying");
    }
    say(&mut alice, &mut bob, "alice -> bob", "still here?");
    say(&mut bob, &mut alice, "bob -> alice", "of course");
    server.come_back();
    for person in [&mut alice, &mut bob] {
        person.wait_for_row("online again");
    }
    say(&mut alice, &mut bob, "alice -> bob", "and back");
    alice.type_keys("/list\r");
    alice.wait_for_row("online: 2");
    // Nothing of it went through the server.
    alice.type_keys("/history bob\r");
    alice.wait_for_row("there are no older messages");
    alice.type_keys("/hangup\r");
    alice.wait_for_prompt("alice>");
    bob.wait_for_row("the direct chat with alice is over: the other side hung up");
    bob.wait_for_prompt("bob>");
    // Bob takes calls again without a word, also after the server was away.
    alice.type_keys("/call bob\r");
    bob.wait_until("the third bell", |screen| screen.bells == 3);
    bob.type_keys("/decline\r");
    alice.wait_for_row("bob did not take the call: declined, or in another chat");
}

#[test]
fn the_end_of_a_client_ends_its_chat() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = Person::register(&server, folder.path(), 80, "alice");
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    talk(&mut alice, &mut bob);
    alice.type_keys("bye\r/ex\r");
    assert_eq!(alice.wait_for_end(), Some(0));
    bob.wait_for_row("alice -> bob (direct): bye");
    bob.wait_for_row("the direct chat with alice is over: the other side hung up");
}

#[test]
fn where_nobody_answers_the_server_is_offered() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = Person::register(&server, folder.path(), 100, "alice");
    let mut bob = server.register("bob");
    alice.type_keys("/call bob\r");
    alice.wait_for_row("no call to bob: that user takes no direct chats now; /open bob goes on");
    // One who is up, and is not there.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    bob.ask(&format!("C UP {port}"), "C 250 UP …");
    drop(listener);
    alice.type_keys("/call bob\r");
    alice.wait_for_row("no direct connection to bob:");
    alice.wait_for_row("/open bob goes on through the server");
    alice.wait_for_prompt("alice>");
    alice.type_keys("/hangup\r");
    alice.wait_for_row("there is no direct chat");
    alice.type_keys("/accept\r");
    alice.wait_for_row("nobody calls");
}

#[test]
fn strangers_get_nothing() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut random = Random::new();
    let mut alice = Person::register(&server, folder.path(), 80, "alice");
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    talk(&mut alice, &mut bob);
    let shown = bob.screen.rows().len();
    let mut strangers = Vec::new();
    for round in 0..30 {
        let mut stranger = TcpStream::connect(("127.0.0.1", port(&bob))).unwrap();
        stranger.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut bytes: Vec<u8> = (0..random.below(300)).map(|_| random.below(256) as u8).collect();
        if round % 3 == 0 {
            bytes.splice(0..0, [0, 48]);
        }
        // It may be dropped in the middle.
        let _ = stranger.write_all(&bytes);
        strangers.push(stranger);
    }
    say(&mut bob, &mut alice, "bob -> alice", "somebody is there");
    for mut stranger in strangers {
        match stranger.read(&mut [0; 100]) {
            Ok(length) => assert_eq!(length, 0, "a stranger was answered"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
    say(&mut alice, &mut bob, "alice -> bob", "undisturbed");
    // The row of the prompt may just be drawn anew.
    let rows = bob.screen.rows().into_iter().skip(shown);
    let told: Vec<String> = rows.filter(|row| !row.is_empty()).collect();
    assert!(told.iter().all(|row| row.contains("(direct)")), "{told:?}");
}
