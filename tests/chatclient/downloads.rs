//! Files that come, break off, and are not what they should be.

use crate::peer::{Peer, client, run, serve, serve_all, stderr, stdout, talk};

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
            peer.expect("C USER alice TAKEOVER");
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
