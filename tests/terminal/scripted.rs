//! A person at a terminal, with a server that says exactly what each test wants.

use std::thread::JoinHandle;

use crate::folder;
use crate::peer::{Peer, Script, serve_all};
use crate::person::Person;

/// Takes alice's login, and what a client asks for after it at a terminal.
fn welcome(peer: &mut Peer) {
    peer.welcome();
    lists(peer);
}

fn lists(peer: &mut Peer) {
    for verb in ["GROUPS", "WHO", "LS"] {
        peer.expect(&format!("C {verb}"));
        peer.send(format!("C 150 {verb} 0\nC 250 {verb}\n"));
    }
}

/// Sits alice down before a server that does all of this, one script a connection.
fn sit_down(kind: &str, scripts: Vec<Script>) -> (Person, JoinHandle<()>, tempfile::TempDir) {
    let folder = folder();
    let (port, server) = serve_all(scripts);
    let args = ["127.0.0.1", &port.to_string(), "alice"];
    let mut alice = Person::sit_down_at(kind, &args, folder.path(), 80);
    alice.wait_for_prompt("password:");
    alice.type_keys("secret\r");
    alice.wait_for_prompt("alice>");
    (alice, server, folder)
}

#[test]
fn however_long_the_server_wants_to_be_left_alone_the_client_goes_on() {
    let (mut alice, server, _folder) = sit_down(
        "xterm",
        vec![
            Box::new(welcome),
            Box::new(|peer: &mut Peer| {
                peer.send("C 220 chatsrv/0.1.0 1 ready\n");
                peer.expect("C RESUME alice t0ken");
                peer.send("C 450 RESUME 18446744073709551615 try again later\n");
                peer.end();
            }),
            Box::new(|peer: &mut Peer| {
                peer.send("C 220 chatsrv/0.1.0 1 ready\n");
                peer.expect("C RESUME alice t0ken");
                peer.send("C 450 RESUME 4294967295 try again later\n");
                peer.end();
            }),
        ],
    );
    // An hour is the most that a server may ask for, and a part of a minute comes on top.
    alice.wait_for_row("offline, trying again in 36");
    alice.type_keys("\x04");
    assert_eq!(alice.wait_for_end(), Some(0));
    server.join().unwrap();
}
