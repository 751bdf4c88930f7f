//! Files that go to the server, break off, and go on.

use std::collections::HashMap;
use std::io::{BufRead, Read};
use std::path::Path;
use std::process::Output;

use crate::peer::{Peer, Script, client, run, serve, serve_all, stderr, stdout};

/// Longer than some chunks, and than what is written ahead.
fn content() -> Vec<u8> {
    (0..300_000u32).map(|n| (n / 7) as u8).collect()
}

/// Takes the chunks of a stream up to its end, or `most` bytes.
pub fn take_chunks(peer: &mut Peer, stream: u32, most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < most {
        let mut header = String::new();
        peer.lines.read_line(&mut header).unwrap();
        let length = header.trim_end().strip_prefix(&format!("F {stream} "));
        let length: usize = length.unwrap_or_else(|| panic!("no chunk: {header}")).parse().unwrap();
        assert!(length <= 65_536);
        if length == 0 {
            break;
        }
        let mut chunk = vec![0; length];
        peer.lines.read_exact(&mut chunk).unwrap();
        bytes.extend(chunk);
    }
    bytes
}

/// Runs a client whose folder holds the file `a b.bin`.
fn send(folder: &Path, input: &str, arguments: &[&str], scripts: Vec<Script>) -> Output {
    std::fs::write(folder.join("a b.bin"), content()).unwrap();
    let (port, server) = serve_all(scripts);
    let mut command = client(folder, port);
    command.args(arguments);
    let output = run(command, input);
    server.join().unwrap();
    output
}

#[test]
fn files_go_to_the_shared_folder_and_to_a_chat() {
    let folder = tempfile::tempdir().unwrap();
    let script = |peer: &mut Peer| {
        peer.welcome();
        let (mut chunks, mut sums, mut puts) = (HashMap::<u32, Vec<u8>>::new(), 0, 0);
        // The three run at once, in any order.
        while sums < 2 || puts < 2 {
            let line = peer.line();
            if let Some(header) = line.strip_prefix("F ") {
                let (stream, length) = header.split_once(' ').unwrap();
                let mut chunk = vec![0; length.parse().unwrap()];
                peer.lines.read_exact(&mut chunk).unwrap();
                if chunk.is_empty() {
                    assert!(chunks[&stream.parse().unwrap()] == content());
                    let (verb, name) =
                        if stream == "1" { ("PUT", "a b.bin") } else { ("SENDFILE", "@11") };
                    peer.send(format!("C 126 {verb} {stream} 300000 {name}\n"));
                }
                chunks.entry(stream.parse().unwrap()).or_default().extend(chunk);
            } else if line == "C PUT 300000 a b.bin" {
                puts += 1;
                let answer = if puts == 1 { "C 250 PUT 1 0\n" } else { "C 553 PUT it stands\n" };
                peer.send(answer);
            } else if line == "C MORE on" {
                peer.send("C 500 - no such command\n");
            } else if line == "C SENDFILE #ops 300000 a b.bin" {
                peer.send("C 250 SENDFILE 2 0\nD 1000000000000010 bob * meanwhile\n");
            } else {
                let name = line.strip_prefix("C SUM ").unwrap_or_else(|| panic!("{line}"));
                peer.send_sum(name, &content());
                sums += 1;
            }
        }
        peer.goodbye();
    };
    let input = "/put a b.bin\n/sendfile #ops a b.bin\n/put a b.bin\n";
    let output = send(folder.path(), input, &[], vec![Box::new(script)]);
    assert_eq!(output.status.code(), Some(1));
    let shown = stdout(&output);
    assert!(shown.contains("a b.bin is on the server: 293 KiB, SHA-256 matches\n"), "{shown}");
    assert!(shown.contains("a b.bin is sent to #ops: 293 KiB, SHA-256 matches; @11\n"));
    assert!(shown.contains("bob -> *: meanwhile\n"), "{shown}");
    assert!(stderr(&output).contains("a b.bin: it stands"), "{}", stderr(&output));
}

#[test]
fn an_upload_goes_on_by_itself_from_where_the_server_says() {
    let folder = tempfile::tempdir().unwrap();
    let output = send(
        folder.path(),
        "/put a b.bin\n",
        &[],
        vec![
            Box::new(|peer: &mut Peer| {
                peer.welcome();
                peer.no_more();
                peer.expect("C PUT 300000 a b.bin");
                peer.send("C 250 PUT 1 0\n");
                assert!(take_chunks(peer, 1, 100_000) == content()[..131_072]);
            }),
            Box::new(|peer: &mut Peer| {
                peer.resume(&[]);
                peer.nothing_missed();
                peer.no_more();
                peer.expect("C PUT 300000 a b.bin");
                peer.send("C 250 PUT 1 70000\n");
                assert!(take_chunks(peer, 1, usize::MAX) == content()[70_000..]);
                // Everything came, and the connection breaks before that is said.
            }),
            Box::new(|peer: &mut Peer| {
                peer.resume(&[]);
                peer.nothing_missed();
                peer.no_more();
                peer.expect("C PUT 300000 a b.bin");
                peer.send("C 553 PUT that name is taken\n");
                peer.sum("a b.bin", &content());
                peer.goodbye();
            }),
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("a b.bin is on the server: 293 KiB, SHA-256 matches"));
}

#[test]
fn a_file_for_a_chat_is_never_sent_twice() {
    let folder = tempfile::tempdir().unwrap();
    let output = send(
        folder.path(),
        "/sendfile bob a b.bin\n",
        &[],
        vec![
            Box::new(|peer: &mut Peer| {
                peer.welcome();
                peer.no_more();
                peer.expect("C SENDFILE bob 300000 a b.bin");
                peer.send("C 250 SENDFILE 1 0\n");
                take_chunks(peer, 1, usize::MAX);
            }),
            Box::new(|peer: &mut Peer| {
                peer.resume(&[]);
                peer.nothing_missed();
                peer.goodbye();
            }),
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("/history bob tells if it came"), "{}", stderr(&output));
}

#[test]
fn one_job_sends_a_file_and_tells_a_wrong_checksum() {
    let folder = tempfile::tempdir().unwrap();
    for (there, code) in [(content(), 0), (b"something else".to_vec(), 1)] {
        let script = move |peer: &mut Peer| {
            peer.log_in();
            peer.no_more();
            peer.expect("C SENDFILE bob 300000 a b.bin");
            peer.send("C 250 SENDFILE 3 0\n");
            assert!(take_chunks(peer, 3, usize::MAX) == content());
            peer.send("C 126 SENDFILE 3 300000 @1000000000000011\n");
            peer.sum("@1000000000000011", &there);
            peer.goodbye();
        };
        let arguments = ["--send", "bob", "a b.bin"];
        let output = send(folder.path(), "", &arguments, vec![Box::new(script)]);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
        assert_eq!(stderr(&output).contains("the SHA-256 of what came there"), code == 1);
    }
}

#[test]
fn what_can_not_be_sent_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".hidden"), "x").unwrap();
    let input = "/put .hidden\n/put missing\n/put /dev/null\n/put /\n";
    let output = send(
        folder.path(),
        input,
        &[],
        vec![Box::new(|peer: &mut Peer| {
            peer.welcome();
            peer.goodbye();
        })],
    );
    assert_eq!(output.status.code(), Some(1));
    let reasons = [
        ".hidden: no name that the server takes",
        "missing: No such file",
        "null: that is no regular file",
        "/: no name that the server takes",
    ];
    for reason in reasons {
        assert!(stderr(&output).contains(reason), "{}", stderr(&output));
    }
}

#[test]
fn the_server_may_refuse_and_end_an_upload() {
    let folder = tempfile::tempdir().unwrap();
    let output = send(
        folder.path(),
        "/put a b.bin\n",
        &[],
        vec![Box::new(|peer: &mut Peer| {
            peer.welcome();
            peer.no_more();
            peer.expect("C PUT 300000 a b.bin");
            peer.send("C 250 PUT 1 0\n");
            assert_eq!(take_chunks(peer, 1, 1).len(), 65_536);
            peer.send("C 127 ABORT 1 no room on the disk\n");
            let mut line = String::new();
            // Chunks that were on their way still come.
            while line != "C EX\n" {
                if let Some(length) = line.strip_prefix("F 1 ") {
                    let mut chunk = vec![0; length.trim_end().parse().unwrap()];
                    peer.lines.read_exact(&mut chunk).unwrap();
                }
                line.clear();
                peer.lines.read_line(&mut line).unwrap();
            }
            peer.send("C 221 EX goodbye\n");
        })],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("a b.bin: no room on the disk"), "{}", stderr(&output));
}

#[test]
fn files_of_one_name_go_to_one_place_one_after_the_other_in_a_script() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [("one", "1"), ("two", "2")] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join("report"), content).unwrap();
    }
    let (port, server) = serve(|peer| {
        peer.welcome();
        peer.more();
        for (stream, content) in [(1, "1"), (2, "2")] {
            peer.expect("C SENDFILE #ops 1 report");
            peer.send(format!("C 250 SENDFILE {stream} 0\n"));
            assert_eq!(take_chunks(peer, stream, 1), content.as_bytes());
            assert!(peer.line().starts_with("C EXPECT "));
            peer.expect(&format!("F {stream} 0"));
            peer.send(format!("C 250 EXPECT {stream}\nC 126 SENDFILE {stream} 1 @{stream}\n"));
        }
        peer.goodbye();
    });
    let input = "/sendfile #ops one/report\n/sendfile #ops two/report\n";
    let output = run(client(folder.path(), port), input);
    server.join().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}
