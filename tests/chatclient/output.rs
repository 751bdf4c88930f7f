//! Where `-o` puts a download: files, folders, and what is neither.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::peer::{Peer, client, run, serve, stderr, stdout};

/// Downloads `docs/f1`, which holds seven bytes, to `place`.
fn get(folder: &Path, place: &str, is_asked: bool) -> Output {
    let (port, server) = serve(move |peer: &mut Peer| {
        peer.log_in();
        if is_asked {
            peer.expect("C GET 0 docs/f1");
            peer.send("C 250 GET 1 7 docs/f1\nF 1 7\ncontentF 1 0\n");
            peer.sum("docs/f1", b"content");
        }
        peer.goodbye();
    });
    let output = run(getter(folder, port, place), "");
    server.join().unwrap();
    output
}

fn getter(folder: &Path, port: u16, place: &str) -> Command {
    let mut command = client(folder, port);
    command.args(["--get", "docs/f1", "-o", place]);
    command
}

#[test]
fn a_folder_gets_the_file_under_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    for place in ["in", "in/", "in/."] {
        let output = get(folder.path(), place, true);
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""), "{place}");
        let path = folder.path().join("in/f1");
        assert_eq!(fs::read(&path).unwrap(), b"content");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn what_is_in_the_way_is_told_by_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("in")).unwrap();
    for name in ["in/f1", "mine", "in/f1.part"] {
        fs::write(folder.path().join(name), "mine").unwrap();
    }
    std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
    for (place, name) in [("in", "in/f1"), ("mine", "mine"), ("in/f1", "in/f1"), ("link", "link")] {
        let output = get(folder.path(), place, false);
        let why = format!("chatclient: {name}: a file of that name is here already\n");
        assert_eq!((output.status.code(), stderr(&output)), (Some(1), why.as_str()));
    }
    let output = get(folder.path(), "nowhere/f", false);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("nowhere/f: No such file"), "{}", stderr(&output));
    assert_eq!(fs::read(folder.path().join("mine")).unwrap(), b"mine");
    assert_eq!(fs::read(folder.path().join("in/f1.part")).unwrap(), b"mine");
}

#[test]
fn a_folder_that_is_not_there_is_no_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(getter(folder.path(), 9, "new/"), "");
    assert_eq!(output.status.code(), Some(64));
    assert_eq!(stderr(&output), "chatclient: no such folder: new/\n");
}

#[test]
fn devices_and_pipes_take_it_as_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let output = get(folder.path(), "/dev/null", true);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    for place in ["-", "/dev/stdout", "/dev/fd/1"] {
        let output = get(folder.path(), place, true);
        assert_eq!((output.status.code(), stdout(&output)), (Some(0), "content"), "{place}");
    }
    let pipe = folder.path().join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let reader = thread::spawn(move || fs::read(pipe).unwrap());
    let output = get(folder.path(), "pipe", true);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    assert_eq!(reader.join().unwrap(), b"content");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_device_that_takes_nothing_is_told_by_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer: &mut Peer| {
        peer.log_in();
        peer.expect("C GET 0 docs/f1");
        peer.send("C 250 GET 1 7 docs/f1\nF 1 7\ncontent");
        peer.expect("C ABORT 1");
        peer.send("C 250 ABORT\n");
        peer.goodbye();
    });
    let output = run(getter(folder.path(), port, "/dev/full"), "");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.starts_with("chatclient: docs/f1: /dev/full: No space left"), "{said}");
}
