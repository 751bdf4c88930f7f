//! Uploads of a file of which there is more than one version, to a server that can compare them.

use std::fs::{self, File};
use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::mpsc;

use crate::peer::{Peer, client, run, serve, stderr, stdout, sum_of};
use crate::uploads::take_chunks;

/// Longer than some chunks.
fn content() -> Vec<u8> {
    (0..300_000u32).map(|n| (n / 7) as u8).collect()
}

/// Runs `--put a.bin` or `--send bob a.bin` against a server that goes on with `script` behind the
/// login and MORE.
fn put(arguments: &[&str], script: impl FnOnce(&mut Peer) + Send + 'static) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.bin"), content()).unwrap();
    let (port, server) = serve(move |peer| {
        peer.log_in();
        peer.more();
        script(peer);
        peer.goodbye();
    });
    let mut command = client(folder.path(), port);
    command.args(arguments);
    let output = run(command, "");
    server.join().unwrap();
    output
}

/// Takes the sum of `content` and the end of a stream.
fn take_end(peer: &mut Peer, stream: u32) {
    peer.expect(&format!("C EXPECT {stream} {}", sum_of(&content())));
    peer.send(format!("C 250 EXPECT {stream}\n"));
    peer.expect(&format!("F {stream} 0"));
}

#[test]
fn a_part_of_another_version_is_dropped_and_the_file_is_sent_anew() {
    let output = put(&["--put", "a.bin"], |peer| {
        peer.expect("C PUT 300000 a.bin");
        peer.send(format!("C 250 PUT 1 70000 {}\n", sum_of(b"another")));
        peer.expect("C ABORT 1");
        peer.expect("C PUT 300000 a.bin");
        peer.send("C 250 ABORT\nC 250 PUT 2 0\n");
        assert!(take_chunks(peer, 2, 300_000) == content());
        take_end(peer, 2);
        // What the server has compared is not compared again.
        peer.send("C 126 PUT 2 300000 a.bin\n");
    });
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}

#[test]
fn a_part_of_this_version_is_gone_on_with_also_where_all_is_there() {
    for offset in [70_000, 300_000] {
        let output = put(&["--send", "bob", "a.bin"], move |peer| {
            peer.expect("C SENDFILE bob 300000 a.bin");
            let sum = sum_of(&content()[..offset]);
            peer.send(format!("C 250 SENDFILE 1 {offset} {sum}\n"));
            assert!(take_chunks(peer, 1, 300_000 - offset) == content()[offset..]);
            take_end(peer, 1);
            peer.send("C 126 SENDFILE 1 300000 @1000000000000011\n");
        });
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    }
}

#[test]
fn it_is_sent_anew_once() {
    let output = put(&["--put", "a.bin"], |peer| {
        for stream in 1..=2 {
            peer.expect("C PUT 300000 a.bin");
            peer.send(format!("C 250 PUT {stream} 70000 {}\n", sum_of(b"another")));
            peer.expect(&format!("C ABORT {stream}"));
            peer.send("C 250 ABORT\n");
        }
    });
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("a.bin: what the server has of it"), "{}", stderr(&output));
}

#[test]
fn what_the_server_finds_different_has_failed() {
    let output = put(&["--put", "a.bin"], |peer| {
        peer.expect("C PUT 300000 a.bin");
        peer.send("C 250 PUT 1 0\n");
        take_chunks(peer, 1, 300_000);
        take_end(peer, 1);
        peer.send("C 127 ABORT 1 it has another SHA-256\n");
    });
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "chatclient: a.bin: it has another SHA-256\n");
}

#[test]
fn where_the_server_does_not_compare_the_client_does() {
    for (there, code) in [(content(), 0), (b"another".to_vec(), 1)] {
        let output = put(&["--put", "a.bin"], move |peer| {
            peer.expect("C PUT 300000 a.bin");
            peer.send("C 250 PUT 1 0\n");
            take_chunks(peer, 1, 300_000);
            assert!(peer.line().starts_with("C EXPECT 1 "));
            peer.expect("F 1 0");
            // The notice may come before the answer.
            peer.send("C 126 PUT 1 300000 a.bin\nC 501 EXPECT what is that?\n");
            peer.sum("a.bin", &there);
        });
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    }
}

/// Uploads a file of 32 MiB that `change` makes another one while it is sent.
fn put_while(change: impl FnOnce(&Path) + Send + 'static) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("a.bin");
    File::create(&path).unwrap().set_len(32 << 20).unwrap();
    let (port, server) = serve(move |peer| {
        peer.log_in();
        peer.more();
        peer.expect("C PUT 33554432 a.bin");
        peer.send("C 250 PUT 1 0\n");
        take_chunks(peer, 1, 1);
        change(&path);
        let mut line = String::new();
        // Chunks that were on their way still come, and then no end.
        while line != "C ABORT 1\n" {
            if let Some(length) = line.strip_prefix("F 1 ") {
                let length: u64 = length.trim_end().parse().unwrap();
                assert!(length > 0, "the end came");
                std::io::copy(&mut peer.lines.by_ref().take(length), &mut std::io::sink()).unwrap();
            }
            line.clear();
            assert!(peer.lines.read_line(&mut line).unwrap() > 0, "no ABORT came");
        }
        peer.send("C 250 ABORT\n");
        peer.goodbye();
    });
    let mut command = client(folder.path(), port);
    command.args(["--put", "a.bin"]);
    let output = run(command, "");
    server.join().unwrap();
    output
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_told_at_once_and_dropped_there() {
    let changes: [fn(&Path); 4] = [
        |path| File::options().write(true).open(path).unwrap().set_len(0).unwrap(),
        |path| File::options().append(true).open(path).unwrap().write_all(b"more").unwrap(),
        |path| File::options().write(true).open(path).unwrap().write_all(b"NEW").unwrap(),
        |path| {
            let new = path.with_extension("new");
            File::create(&new).unwrap().set_len(32 << 20).unwrap();
            fs::rename(new, path).unwrap();
        },
    ];
    for change in changes {
        let output = put_while(change);
        let said = "chatclient: a.bin: the file was changed here while it was sent\n";
        assert_eq!((output.status.code(), stderr(&output)), (Some(1), said));
    }
}

#[test]
fn what_the_server_has_already_is_not_cancelled() {
    for (answer, code) in [("C 550 ABORT\nC 126 PUT 1 300000 a.bin\n", 0), ("C 250 ABORT\n", 1)] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.bin"), content()).unwrap();
        let (sent, is_sent) = mpsc::channel();
        let (port, server) = serve(move |peer| {
            peer.welcome();
            peer.more();
            peer.expect("C PUT 300000 a.bin");
            peer.send("C 250 PUT 1 0\n");
            take_chunks(peer, 1, 300_000);
            take_end(peer, 1);
            sent.send(()).unwrap();
            peer.expect("C ABORT 1");
            peer.send(answer);
            peer.goodbye();
        });
        let mut command = client(folder.path(), port);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(b"/put a.bin\n").unwrap();
        is_sent.recv().unwrap();
        input.write_all(b"/abort a.bin\n").unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert_eq!(stdout(&output).contains("a.bin is on the server"), code == 0);
    }
}
