//! What is done with a store beside its server: `chatsrv --check`, `--backup` and
//! `--mend-clock`.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use support::{Finished, Server, command, finish};

fn check(data: &Path) -> Finished {
    finish(command(data, &["--check"]))
}

fn backup(data: &Path, copy: &Path) -> Finished {
    finish(command(data, &["--backup", copy.to_str().expect("a plain path")]))
}

#[test]
fn a_store_is_checked_beside_its_server() {
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    for _ in 0..2 {
        let told = check(&server.data());
        assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{}", told.stdout);
        assert!(told.stdout.contains("1 accounts"), "{}", told.stdout);
        alice.ask("C NICK Al", "C 250 NICK…");
    }
    server.stop();
    assert_eq!(check(&server.data()).code, Some(0));
}

#[test]
fn what_is_wrong_with_a_store_is_65_and_what_is_no_store_74() {
    let folder = tempfile::tempdir().unwrap();
    let told = check(folder.path());
    assert_eq!((told.code, told.stdout.as_str()), (Some(74), ""));
    assert!(told.stderr.contains("chatsrv.db"), "{}", told.stderr);
    fs::write(folder.path().join("chatsrv.db"), "a letter to somebody".repeat(500)).unwrap();
    let told = check(folder.path());
    assert_eq!((told.code, told.stderr.as_str()), (Some(65), ""));
    assert!(!told.stdout.is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is made by looking");
}

#[test]
fn a_copy_of_a_live_store_is_a_store() {
    let server = Server::start(&[]);
    let _alice = server.register("alice");
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let copy = data.join("chatsrv.db");
    let told = backup(&server.data(), &copy);
    assert_eq!((told.code, told.stdout.as_str(), told.stderr.as_str()), (Some(0), "", ""));
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let _bob = server.register("bob");

    let second = Server::spawn(command(&data, &[]), folder, &[]);
    second.login("alice");
    second.connect().ask("C USER bob", "C 332 USER bob …");
}

#[test]
fn a_copy_never_overwrites() {
    let server = Server::start(&[]);
    let copy = server.data().join("copy");
    fs::write(&copy, "dear").unwrap();
    let told = backup(&server.data(), &copy);
    assert_eq!(told.code, Some(73));
    assert!(told.stderr.contains("copy"), "{}", told.stderr);
    assert_eq!(fs::read_to_string(&copy).unwrap(), "dear");
}

#[test]
fn ids_are_mended_while_no_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mend = |data: &Path| finish(command(data, &["--mend-clock"]));
    assert_eq!(mend(folder.path()).code, Some(74), "there is no store");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let mut server = Server::start(&[]);
    server.register("alice").leave();
    let told = mend(&server.data());
    assert_eq!((told.code, told.stdout.as_str()), (Some(75), ""), "{}", told.stderr);
    server.stop();
    let told = mend(&server.data());
    let nothing = "no id is ahead of the clock\n";
    assert_eq!((told.code, told.stdout.as_str(), told.stderr.as_str()), (Some(0), nothing, ""));
    assert_eq!(check(&server.data()).code, Some(0));
}
