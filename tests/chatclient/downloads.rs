//! Files that come, break off, and are not what they should be.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Output, Stdio};

use crate::peer::{Peer, Script, client, run, serve, serve_all, stderr, stdout, talk};

#[test]
fn a_download_arrives_beside_the_chat() {
    let folder = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
    let sent = content.clone();
    let (port, server) = serve(move |peer| {
        peer.welcome();
        peer.expect("C GET 0 docs/a b.bin");
        peer.send("C 250 GET 1 200000 docs/a b.bin\n");
        for (id, chunk) in (1_000_000_000_123_456u64..).zip(sent.chunks(65_536)) {
            peer.send(format!("F 1 {}\n", chunk.len()));
            peer.send(chunk);
            peer.send(format!("D {id} bob * between the chunks\n"));
        }
        peer.send("F 1 0\n");
        peer.sum("docs/a b.bin", &sent);
        peer.goodbye();
    });
    let output = run(client(folder.path(), port), "/get docs/a b.bin\n");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output).matches("between the chunks").count(), 4);
    assert!(stdout(&output).contains("a b.bin is here: 195 KiB, SHA-256 matches"));
    assert!(std::fs::read(folder.path().join("a b.bin")).unwrap() == content);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_download_goes_on_from_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.log_in();
        peer.expect("C GET 0 a");
        peer.send("C 250 GET 1 10 a\nF 1 4\nabcd");
    });
    let mut command = client(folder.path(), port);
    command.args(["--get", "a", "--retry", "0s"]);
    let output = run(command, "");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert_eq!(std::fs::read(folder.path().join("a.part")).unwrap(), b"abcd");

    let (port, server) = serve(|peer| {
        peer.log_in();
        peer.expect("C GET 4 a");
        peer.send("C 250 GET 1 10 a\nF 1 6\nefghijF 1 0\n");
        peer.sum("a", b"abcdefghij");
        peer.goodbye();
    });
    let mut command = client(folder.path(), port);
    command.args(["--get", "a", "-o", "b"]);
    std::fs::rename(folder.path().join("a.part"), folder.path().join("b.part")).unwrap();
    let output = run(command, "");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!((stdout(&output), stderr(&output)), ("", ""));
    assert_eq!(std::fs::read(folder.path().join("b")).unwrap(), b"abcdefghij");
}

#[test]
fn a_wrong_checksum_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.log_in();
        peer.expect("C GET 0 a");
        peer.send("C 250 GET 1 3 a\nF 1 3\nabcF 1 0\n");
        peer.sum("a", b"abd");
        peer.goodbye();
    });
    let mut command = client(folder.path(), port);
    command.args(["--get", "a"]);
    let output = run(command, "");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the SHA-256 is not the server's"), "{}", stderr(&output));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn more_bytes_than_announced_end_a_download() {
    let output = talk("/get a\n", |peer| {
        peer.welcome();
        peer.expect("C GET 0 a");
        peer.send("C 250 GET 7 3 a\nF 7 4\nabcd");
        peer.expect("C ABORT 7");
        peer.send("C 250 ABORT\n");
        peer.goodbye();
    });
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("a: it is too long"), "{}", stderr(&output));
}

#[test]
fn a_file_can_go_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.log_in();
        peer.expect("C GET 0 a");
        peer.send(b"C 250 GET 1 4 a\nF 1 4\n\x00\x1b\n\xffF 1 0\n");
        peer.sum("a", b"\x00\x1b\n\xff");
        peer.goodbye();
    });
    let mut command = client(folder.path(), port);
    command.args(["--get", "a", "-o", "-"]);
    let output = run(command, "");
    server.join().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"\x00\x1b\n\xff"[..]));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_download_goes_on_by_itself_when_the_connection_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve_all(vec![
        Box::new(|peer: &mut Peer| {
            peer.log_in();
            peer.expect("C GET 0 a");
            peer.send("C 250 GET 1 10 a\nF 1 4\nabcd");
        }),
        Box::new(|peer: &mut Peer| {
            peer.send("C 220 chatsrv/0.1.0 1 ready\n");
            peer.expect("C USER alice BESIDE");
            peer.send("C 331 USER alice send the password\n");
            peer.expect("D secret");
            peer.send("C 150 UNREAD 0\nC 230 USER alice 48213 welcome\n");
            peer.expect("C GET 4 a");
            peer.send("C 250 GET 1 10 a\nF 1 6\nefghijF 1 0\n");
            peer.sum("a", b"abcdefghij");
            peer.goodbye();
        }),
    ]);
    let mut command = client(folder.path(), port);
    command.args(["--get", "a", "-o", "-"]);
    let output = run(command, "");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "abcdefghij");
}

/// Runs `--get a` against one script a connection, in a folder that may hold a part of it.
fn fetch(part: Option<&str>, scripts: Vec<Script>) -> (Output, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    if let Some(part) = part {
        std::fs::write(folder.path().join("a.part"), part).unwrap();
    }
    let (port, server) = serve_all(scripts);
    let mut command = client(folder.path(), port);
    command.args(["--get", "a"]);
    let output = run(command, "");
    server.join().unwrap();
    (output, folder)
}

/// What stands in the folder, by name.
fn files(folder: &tempfile::TempDir) -> Vec<(String, String)> {
    let name = |entry: std::fs::DirEntry| entry.file_name().into_string().unwrap();
    let read = |name: &String| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| name(entry.unwrap()));
    let mut files: Vec<_> = names.map(|name| (name.clone(), read(&name))).collect();
    files.sort();
    files
}

fn file(name: &str, content: &str) -> (String, String) {
    (name.to_string(), content.to_string())
}

#[test]
fn a_part_of_another_file_is_put_aside_and_all_of_it_is_fetched_anew() {
    let differs: Script = Box::new(|peer: &mut Peer| {
        peer.log_in();
        peer.expect("C GET 3 a");
        peer.send("C 250 GET 1 7 a\nF 1 4\ntentF 1 0\n");
        peer.sum("a", b"content");
        peer.expect("C GET 0 a");
        peer.send("C 250 GET 2 7 a\nF 2 7\ncontentF 2 0\n");
        peer.sum("a", b"content");
        peer.goodbye();
    });
    let is_longer: Script = Box::new(|peer: &mut Peer| {
        peer.log_in();
        peer.expect("C GET 3 a");
        peer.send("C 501 GET that is past its end\n");
        peer.expect("C GET 0 a");
        peer.send("C 250 GET 1 2 a\nF 1 2\nabF 1 0\n");
        peer.sum("a", b"ab");
        peer.goodbye();
    });
    for (script, content) in [(differs, "content"), (is_longer, "ab")] {
        let (output, folder) = fetch(Some("OLD"), vec![script]);
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
        assert_eq!(files(&folder), [file("a", content), file("a.part.old", "OLD")]);
    }
}

#[test]
fn it_is_fetched_anew_once() {
    let script = |peer: &mut Peer| {
        peer.log_in();
        peer.expect("C GET 3 a");
        peer.send("C 250 GET 1 7 a\nF 1 4\ntentF 1 0\n");
        peer.sum("a", b"content");
        peer.expect("C GET 0 a");
        peer.send("C 250 GET 2 7 a\nF 2 7\nCONTENTF 2 0\n");
        peer.sum("a", b"content");
        peer.goodbye();
    };
    let (output, folder) = fetch(Some("OLD"), vec![Box::new(script)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("a: the SHA-256 is not the server's"), "{}", stderr(&output));
    assert_eq!(files(&folder), [file("a.part.old", "OLD")]);
}

/// Logs alice in once more, without a token.
fn log_in_again(peer: &mut Peer) {
    peer.send("C 220 chatsrv/0.1.0 1 ready\n");
    peer.expect("C USER alice BESIDE");
    peer.send("C 331 USER alice send the password\n");
    peer.expect("D secret");
    peer.send("C 150 UNREAD 0\nC 230 USER alice 48213 welcome\n");
}

#[test]
fn a_file_that_became_another_while_the_connection_was_gone_is_fetched_anew() {
    for size in [7, 8] {
        let scripts: Vec<Script> = vec![
            Box::new(|peer: &mut Peer| {
                peer.log_in();
                peer.expect("C GET 0 a");
                peer.send("C 250 GET 1 7 a\nF 1 3\nOLD");
            }),
            Box::new(move |peer: &mut Peer| {
                let content = &b"content!"[..size];
                log_in_again(peer);
                peer.expect("C GET 3 a");
                peer.send(format!("C 250 GET 1 {size} a\n"));
                if size == 7 {
                    peer.send("F 1 4\ntentF 1 0\n");
                    peer.sum("a", content);
                } else {
                    peer.expect("C ABORT 1");
                    peer.send("C 250 ABORT\n");
                }
                peer.expect("C GET 0 a");
                peer.send(format!("C 250 GET 2 {size} a\nF 2 {size}\n"));
                peer.send(content);
                peer.send("F 2 0\n");
                peer.sum("a", content);
                peer.goodbye();
            }),
        ];
        let (output, folder) = fetch(None, scripts);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(files(&folder), [file("a", &"content!"[..size])]);
    }
}

#[test]
fn a_file_that_became_another_before_it_was_compared_is_fetched_anew() {
    let scripts: Vec<Script> = vec![
        Box::new(|peer: &mut Peer| {
            peer.log_in();
            peer.expect("C GET 0 a");
            peer.send("C 250 GET 1 3 a\nF 1 3\nOLDF 1 0\n");
            peer.expect("C SUM a");
        }),
        Box::new(|peer: &mut Peer| {
            log_in_again(peer);
            peer.sum("a", b"new");
            peer.expect("C GET 0 a");
            peer.send("C 250 GET 1 3 a\nF 1 3\nnewF 1 0\n");
            peer.sum("a", b"new");
            peer.goodbye();
        }),
    ];
    let (output, folder) = fetch(None, scripts);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(files(&folder), [file("a", "new")]);
}

#[test]
fn pieces_that_can_not_be_compared_are_no_file() {
    let script = |peer: &mut Peer| {
        peer.log_in();
        peer.expect("C GET 3 a");
        peer.send("C 250 GET 1 7 a\nF 1 4\ntentF 1 0\n");
        peer.expect("C SUM a");
        peer.send("C 550 SUM a\n");
        peer.goodbye();
    };
    let (output, folder) = fetch(Some("con"), vec![Box::new(script)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("and can't be compared"), "{}", stderr(&output));
    assert_eq!(files(&folder), [file("a.part", "content")]);
}

#[test]
fn the_seventeenth_download_waits_in_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.welcome();
        let mut asked = Vec::new();
        let finish = |peer: &mut Peer, asked: &[String], n: usize| {
            peer.send(format!("F {} 0\n", n + 1));
            peer.sum(&asked[n], b"");
        };
        // The first ones come in the order in which their parts were opened.
        for n in 0..20 {
            let line = peer.line();
            let name = line.strip_prefix("C GET 0 ").unwrap_or_else(|| panic!("{line}"));
            assert!(n < 16 || name == format!("f{}", n + 1), "{name}");
            peer.send(format!("C 250 GET {} 0 {name}\n", n + 1));
            asked.push(name.to_string());
            if (15..19).contains(&n) {
                finish(peer, &asked, n - 15);
            }
        }
        (4..20).for_each(|n| finish(peer, &asked, n));
        peer.goodbye();
    });
    let lines: String = (1..=20).map(|n| format!("/get f{n}\n")).collect();
    let mut command = client(folder.path(), port);
    command.args(["--downloads", "."]);
    let output = run(command, &lines);
    server.join().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 20);
}

#[test]
fn a_reader_of_a_file_who_leaves_ends_it_as_sigpipe_would() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.log_in();
        peer.expect("C GET 0 a");
        peer.send("C 250 GET 1 9000000000 a\n");
        let chunk = [b"F 1 65536\n".to_vec(), vec![0; 65_536]].concat();
        while peer.lines.get_mut().write_all(&chunk).is_ok() {}
    });
    let mut command = client(folder.path(), port);
    command.args(["--get", "a", "-o", "-"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdout.take().unwrap().read_exact(&mut [0; 9]).unwrap();
    let output = child.wait_with_output().unwrap();
    server.join().unwrap();
    assert_eq!((output.status.signal(), stderr(&output)), (Some(13), ""));
}
