//! Files and groups, with the real server: what people send each other, and what survives a crash.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Instant;

use crate::folder;
use crate::person::Person;
use crate::support::{PATIENCE, Random, Server};

#[test]
fn a_picture_goes_to_a_group_and_to_the_one_who_was_away() {
    let (server, folder) = (Server::start(&[]), folder());
    let picture = Random::new().bytes(300_000);
    fs::write(folder.path().join("photo.jpg"), &picture).unwrap();
    let mut alice = Person::register(&server, folder.path(), 100, "alice");
    let bobs = folder.path().join("bob");
    fs::create_dir(&bobs).unwrap();
    let mut bob = Person::register(&server, &bobs, 100, "bob");
    let mut carol = server.register("carol");
    alice.type_keys("/makegroup #ops bob\r");
    bob.wait_for_row("you are a member of #ops now");
    alice.type_keys("/keep #ops on\r");
    alice.wait_for_row("#ops and its members are kept");
    carol.ask("C JOIN #ops", "C 252 JOIN #ops…");
    alice.wait_for_row("carol wants to join #ops; /admit #ops carol");
    alice.type_keys("/admit #ops carol\r");
    bob.wait_for_row("carol joined #ops");
    bob.type_keys("EX\r");
    assert_eq!(bob.wait_for_end(), Some(0));

    alice.type_keys("/sendgroup #ops look\r/sendfile #ops photo.jpg\r");
    alice.wait_for_row("photo.jpg is sent to #ops: 293 KiB, SHA-256 matches");

    let mut bob = Person::log_in(&server, &bobs, 100, "bob");
    bob.wait_for_row("2 unread from #ops; /open #ops");
    bob.type_keys("/open #ops\r");
    bob.wait_for_row("alice -> #ops: look");
    bob.wait_for_row("alice sent photo.jpg (293 KiB) to #ops; /get @");
    assert!(fs::read_dir(&bobs).unwrap().next().is_none());
    let rows = bob.screen.rows();
    let told = rows.iter().find_map(|row| row.split_once("; /get @")).unwrap();
    bob.type_keys(&format!("/get @{}\r", told.1.trim()));
    bob.wait_for_row("photo.jpg is here: 293 KiB, SHA-256 matches");
    assert!(fs::read(bobs.join("photo.jpg")).unwrap() == picture);
}

/// Whether some bytes of an upload are in a folder.
fn has_begun_to_come(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().flatten().any(|entry| {
        entry.path().extension().is_some_and(|end| end == "part")
            && entry.metadata().is_ok_and(|file| file.len() > 0)
    })
}

#[test]
fn an_upload_survives_a_crash_of_the_server_and_comes_back_equal() {
    const SIZE: usize = 64 << 20;
    let (mut server, folder) = (Server::start(&[]), folder());
    let content = Random::new().bytes(SIZE);
    fs::write(folder.path().join("big.bin"), &content).unwrap();
    let mut alice = Person::register(&server, folder.path(), 80, "alice");
    alice.type_keys("/put big.bin\r");
    let deadline = Instant::now() + PATIENCE;
    while !has_begun_to_come(&server.files()) {
        assert!(Instant::now() < deadline, "nothing comes");
        thread::yield_now();
    }
    server.crash();
    alice.wait_for_row("offline, trying");
    assert!(!server.files().join("big.bin").exists());
    server.come_back();
    alice.wait_for_row("big.bin is on the server: 64 MiB, SHA-256 matches");
    assert!(fs::read(server.files().join("big.bin")).unwrap() == content);

    fs::remove_file(folder.path().join("big.bin")).unwrap();
    alice.type_keys("/get big.bin\r");
    alice.wait_for_row("big.bin is here: 64 MiB, SHA-256 matches");
    assert!(fs::read(folder.path().join("big.bin")).unwrap() == content);
}
