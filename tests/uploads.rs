//! Uploads over a real connection: what is gone on with, and which bytes become a file, as section
//! 8 of chatsrv-protocol(7) says.

mod support;

use sha2::{Digest, Sha256};
use support::{Client, Server};

const OLD: &[u8] = b"the old version, of which a part came";
const NEW: &[u8] = b"the new version, and it is as long!!!";
/// How much of the old version came.
const CAME: usize = 20;

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn send_chunk(client: &mut Client, stream: u32, bytes: &[u8]) {
    client.send_bytes(format!("F {stream} {}\n", bytes.len()).as_bytes());
    client.send_bytes(bytes);
}

/// Announces a file, sends a part of the old version, and breaks off once that is written.
fn break_off(server: &Server, announcement: &str, verb: &str) {
    let mut alice = server.login("alice");
    alice.ask(announcement, &format!("C 250 {verb} 1 0"));
    send_chunk(&mut alice, 1, &OLD[..CAME]);
    alice.leave();
    // It is written when somebody else is told so.
    let mut again = server.login("alice");
    while again.ask(announcement, &format!("C … {verb} …"))[1] != format!("1 {CAME}") {
        again.leave();
        again = server.login("alice");
    }
    again.leave();
}

#[test]
fn a_mixture_of_two_versions_is_published_nowhere() {
    let mut server = Server::start(&[]);
    let mut bob = server.register("bob");
    server.register("alice").leave();
    let size = OLD.len();
    for (announcement, verb) in
        [(format!("C PUT {size} file"), "PUT"), (format!("C SENDFILE bob {size} file"), "SENDFILE")]
    {
        break_off(&server, &announcement, verb);
        let mut alice = server.login("alice");
        alice.ask("C MORE on", "C 250 MORE …");
        let told = format!("C 250 {verb} 1 {CAME} {}", sha256(&OLD[..CAME]));
        alice.ask(&announcement, &told);
        send_chunk(&mut alice, 1, &NEW[CAME..]);
        alice.ask(&format!("C EXPECT 1 {}", sha256(NEW)), "C 250 EXPECT 1");
        alice.send_bytes(b"F 1 0\n");
        alice.expect("C 127 ABORT 1 its SHA-256 …");
        // Nothing of it is left, so it is sent anew.
        alice.ask(&announcement, &format!("C 250 {verb} 2 0"));
        send_chunk(&mut alice, 2, NEW);
        alice.ask(&format!("C EXPECT 2 {}", sha256(NEW)), "C 250 EXPECT 2");
        alice.send_bytes(b"F 2 0\n");
        alice.expect(&format!("C 126 {verb} 2 {size} …"));
        alice.leave();
    }
    let id = bob.expect(&format!("C 124 FILE … alice bob {size} file")).remove(0);
    assert_eq!(bob.download(0, &format!("@{id}")).1, NEW);
    assert_eq!(bob.download(0, "file").1, NEW);
    bob.ask("C SUM file", &format!("C 250 SUM {} {size} file", sha256(NEW)));
    bob.ask(&format!("C SUM @{id}"), &format!("C 250 SUM {} {size} @{id}", sha256(NEW)));
    bob.leave();
    server.stop();
}

#[test]
fn a_part_from_before_a_restart_is_told_and_compared() {
    let mut server = Server::start(&[]);
    server.register("alice").leave();
    let announcement = format!("C PUT {} file", OLD.len());
    break_off(&server, &announcement, "PUT");
    server.crash_and_restart();
    let mut alice = server.login("alice");
    alice.ask("C MORE on", "C 250 MORE …");
    alice.ask(&announcement, &format!("C 250 PUT 1 {CAME} {}", sha256(&OLD[..CAME])));
    send_chunk(&mut alice, 1, &OLD[CAME..]);
    // In one go with the end, as clients do.
    alice.send(&format!("C EXPECT 1 {}\nF 1 0", sha256(OLD)));
    alice.expect("C 250 EXPECT 1");
    alice.expect(&format!("C 126 PUT 1 {} file", OLD.len()));
    assert_eq!(alice.download(0, "file").1, OLD);
}

#[test]
fn what_is_expected_of_nobody_is_taken_as_it_comes() {
    let server = Server::start(&[]);
    server.register("alice").leave();
    let announcement = format!("C PUT {} file", OLD.len());
    break_off(&server, &announcement, "PUT");
    let mut alice = server.login("alice");
    // As clients did that know of no sums: the server can't know.
    alice.ask(&announcement, &format!("C 250 PUT 1 {CAME}"));
    send_chunk(&mut alice, 1, &NEW[CAME..]);
    alice.send_bytes(b"F 1 0\n");
    alice.expect(&format!("C 126 PUT 1 {} file", OLD.len()));
    let mixture = [&OLD[..CAME], &NEW[CAME..]].concat();
    alice.ask("C SUM file", &format!("C 250 SUM {} {} file", sha256(&mixture), OLD.len()));
}
