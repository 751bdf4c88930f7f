//! The client over TLS: what works as it does without, and whom it does not trust.

use std::io::{BufRead, Read, Write};
use std::path::Path;
use std::process::{Command, Output};

use crate::certificates::{Authority, Certified, expired, not_yet_valid, signs_others};
use crate::peer::{
    Dress, Peer, Script, client, client_of, plain, run, serve_wires, stderr, stdout,
};
use crate::uploads::take_chunks;

/// Runs `script` on a connection with that certificate.
fn with(certified: &Certified, script: impl FnOnce(&mut Peer) + Send + 'static) -> (Dress, Script) {
    (certified.dress(), Box::new(script))
}

/// A server that gets no further than the handshake.
fn shunned(dress: Dress) -> (Dress, Script) {
    let script = |peer: &mut Peer| {
        let mut line = String::new();
        let read = peer.lines.read_line(&mut line);
        assert!(read.is_err() && line.is_empty(), "the client said {line:?}");
    };
    (dress, Box::new(script))
}

fn trusting(authority: &Authority, folder: &Path, port: u16) -> Command {
    let mut command = client(folder, port);
    command.arg("--ca").arg(authority.file());
    command
}

/// Runs a client that trusts `authority`, with `input`, against one script a connection.
#[track_caller]
fn talk(authority: &Authority, input: &str, scripts: Vec<(Dress, Script)>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve_wires(scripts);
    let output = run(trusting(authority, folder.path(), port), input);
    server.join().unwrap();
    output
}

/// Takes a message to everyone, and the goodbye.
fn hello(peer: &mut Peer) {
    peer.welcome();
    peer.message("D * hello");
    peer.send("C 250 MSG 1000000000123456 * 3 0\n");
    peer.goodbye();
    peer.end();
}

#[test]
fn lines_and_the_goodbye_are_as_without() {
    let authority = Authority::new("one");
    let output = talk(&authority, "PM\nhello\n", vec![with(&authority.certify(), hello)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output), "2001-09-09 01:46 alice -> *: hello\n");
}

#[test]
fn whom_the_machine_trusts_and_the_older_version_do_as_well() {
    let (authority, folder) = (Authority::new("one"), tempfile::tempdir().unwrap());
    let certified = authority.certify_as(&["localhost"], |_| {});
    let dress = certified.dress_as(&[&rustls::version::TLS12], b"");
    let (port, server) = serve_wires(vec![(dress, Box::new(hello))]);
    let mut command = client_of(folder.path(), "localhost", port);
    command.arg("--tls").env("SSL_CERT_FILE", authority.file());
    let output = run(command, "PM\nhello\n");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_greeting_that_comes_with_the_handshake_is_seen() {
    let authority = Authority::new("one");
    let certified = authority.certify();
    let dress = certified.dress_as(&[&rustls::version::TLS13], b"C 220 chatsrv/0.1.0 1 ready\n");
    let script = |peer: &mut Peer| {
        peer.expect("C USER alice");
        peer.send("C 331 USER alice send the password\n");
        peer.expect("D secret");
        peer.send("C 150 UNREAD 0\nC 230 USER alice 48213 welcome\n");
        peer.go_on();
        peer.goodbye();
    };
    let output = talk(&authority, "", vec![(dress, Box::new(script))]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn one_job_downloads_and_another_uploads() {
    let (authority, folder) = (Authority::new("one"), tempfile::tempdir().unwrap());
    let content: Vec<u8> = (0..3_000_000u32).map(|n| (n / 7) as u8).collect();
    let sent = content.clone();
    let (port, server) = serve_wires(vec![with(&authority.certify(), move |peer| {
        peer.log_in();
        peer.expect("C GET 0 a");
        peer.send("C 250 GET 1 3000000 a\n");
        for chunk in sent.chunks(65_536) {
            peer.send(format!("F 1 {}\n", chunk.len()));
            peer.send(chunk);
        }
        peer.send("F 1 0\n");
        peer.sum("a", &sent);
        peer.goodbye();
    })]);
    let mut command = trusting(&authority, folder.path(), port);
    command.args(["--get", "a"]);
    let output = run(command, "");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(std::fs::read(folder.path().join("a")).unwrap() == content);

    let (port, server) = serve_wires(vec![with(&authority.certify(), move |peer| {
        peer.log_in();
        peer.no_more();
        peer.expect("C PUT 3000000 a");
        peer.send("C 250 PUT 1 0\n");
        assert!(take_chunks(peer, 1, usize::MAX) == content);
        peer.send("C 126 PUT 1 3000000 a\n");
        peer.sum("a", &content);
        peer.goodbye();
    })]);
    let mut command = trusting(&authority, folder.path(), port);
    command.args(["--put", "a"]);
    let output = run(command, "");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn a_lost_connection_is_made_again() {
    let authority = Authority::new("one");
    let certified = authority.certify();
    let output = talk(
        &authority,
        "/broadcast one\n",
        vec![
            with(&certified, |peer| {
                peer.welcome();
                peer.message("D * one");
                // The socket stays open.
                peer.lines.get_mut().send_last(b"C 120 ON carol 10001\n");
                peer.end();
            }),
            with(&certified, |peer| {
                peer.resume(&[]);
                peer.nothing_missed();
                // It is closed without a word.
                peer.message("D * one");
            }),
            with(&certified, |peer| {
                peer.resume(&[]);
                peer.nothing_missed();
                peer.message("D * one");
                peer.send("C 250 MSG 1000000000123457 * 1 0\n");
                peer.goodbye();
            }),
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output).matches("alice -> *: one").count(), 1, "{}", stdout(&output));
    assert_eq!(stderr(&output).matches("online again").count(), 2, "{}", stderr(&output));
}

#[test]
fn a_server_that_turns_into_another_is_not_come_back_to() {
    let authority = Authority::new("one");
    let certified = authority.certify();
    for dress in [Authority::new("two").certify().dress(), plain()] {
        let first = with(&certified, |peer| {
            peer.welcome();
            peer.message("D * one");
        });
        let second: Script = Box::new(|peer: &mut Peer| {
            let _ = peer.lines.get_mut().write_all(b"C 220 chatsrv/0.1.0 1 ready\n");
            let mut said = Vec::new();
            let _ = peer.lines.read_to_end(&mut said);
            let said = String::from_utf8_lossy(&said);
            assert!(!said.contains("t0ken") && !said.contains("alice"), "{said}");
        });
        let output = talk(&authority, "/broadcast one\n", vec![first, (dress, second)]);
        assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
        assert!(stderr(&output).contains("no TLS with 127.0.0.1:"), "{}", stderr(&output));
        assert!(stderr(&output).contains("not confirmed: one (to *)"), "{}", stderr(&output));
    }
}

#[test]
fn who_is_not_to_be_trusted_hears_nothing() {
    let authority = Authority::new("one");
    let stranger = Authority::new("two").certify();
    let impostor = Authority::new("one").certify();
    let other = authority.certify_as(&["chat.example.org", "192.0.2.1"], |_| {});
    let bad = [
        (stranger, "is not signed by anyone in the file that --ca names"),
        (impostor, "is not signed by anyone in the file that --ca names"),
        (other, "is for chat.example.org, 192.0.2.1, not for 127.0.0.1"),
        (authority.certify_as(&[], |_| {}), "names no host, so not 127.0.0.1 either"),
        (authority.certify_as(&["127.0.0.1"], expired), "expired on 2001-09-09"),
        (authority.certify_as(&["127.0.0.1"], not_yet_valid), "valid from 3001-09-09 on"),
        (authority.certify_as(&["127.0.0.1"], signs_others), "one that signs others (CA:TRUE)"),
    ];
    for (certified, said) in bad {
        let output = talk(&authority, "/list\n", vec![shunned(certified.dress())]);
        assert_eq!(output.status.code(), Some(69), "{said}");
        assert!(stderr(&output).starts_with("chatclient: no TLS with 127.0.0.1:"), "{said}");
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
}

#[test]
fn a_certificate_that_is_named_itself_is_trusted_though_it_may_sign_others() {
    let authority = Authority::of_host("one", &["127.0.0.1"], |_| {});
    let output = talk(&authority, "PM\nhello\n", vec![with(&authority.as_server(), hello)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // Its names and dates count all the same, and it is only trusted where it is named.
    let elsewhere = Authority::of_host("one", &["chat.example.org"], |_| {});
    let late = Authority::of_host("one", &["127.0.0.1"], expired);
    let early = Authority::of_host("one", &["127.0.0.1"], not_yet_valid);
    for (named, server, said) in [
        (&elsewhere, &elsewhere, "is for chat.example.org, not for 127.0.0.1"),
        (&late, &late, "expired on 2001-09-09"),
        (&early, &early, "valid from 3001-09-09 on"),
        (&elsewhere, &authority, "one that signs others (CA:TRUE)"),
    ] {
        let output = talk(named, "/list\n", vec![shunned(server.as_server().dress())]);
        assert_eq!(output.status.code(), Some(69), "{said}");
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
}

#[test]
fn a_certificate_that_is_named_is_no_use_without_its_key() {
    let authority = Authority::of_host("one", &["127.0.0.1"], |_| {});
    let thief = authority.as_server().with_key_of(Authority::new("two").as_server());
    let output = talk(&authority, "/list\n", vec![shunned(thief.dress())]);
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    assert!(stderr(&output).contains("no TLS with 127.0.0.1:"), "{}", stderr(&output));
}

#[test]
fn a_stranger_to_the_machine_is_told_how_to_be_trusted() {
    let (trusted, folder) = (Authority::new("one"), tempfile::tempdir().unwrap());
    let (port, server) = serve_wires(vec![shunned(Authority::new("two").certify().dress())]);
    let mut command = client(folder.path(), port);
    command.arg("--tls").env("SSL_CERT_FILE", trusted.file());
    let output = run(command, "");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("--ca FILE names who signed it"), "{}", stderr(&output));
}

#[test]
fn a_port_without_tls_is_told() {
    let authority = Authority::new("one");
    let script: Script = Box::new(|peer| peer.send("C 220 chatsrv/0.1.0 1 ready\n"));
    let output = talk(&authority, "/list\n", vec![(plain(), script)]);
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("does not speak TLS"), "{}", stderr(&output));
    let output = talk(&authority, "/list\n", vec![(plain(), Box::new(|_| {}))]);
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("no TLS with 127.0.0.1:"), "{}", stderr(&output));
}

#[test]
fn what_can_not_be_trusted_is_told_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let refuse = |host: &str, words: &[&str], roots: &str, said: &str| {
        let mut command = client_of(folder.path(), host, 1);
        command.args(words).env("SSL_CERT_FILE", roots);
        let output = run(command, "");
        assert_eq!(output.status.code(), Some(64), "{said}");
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    };
    std::fs::write(folder.path().join("empty"), "no certificate\n").unwrap();
    std::fs::write(folder.path().join("broken"), BROKEN).unwrap();
    refuse("localhost", &["--ca", "missing"], "empty", "missing: ");
    refuse("localhost", &["--ca", "empty"], "empty", "empty: there is no certificate in it");
    refuse("localhost", &["--ca", "broken"], "empty", "broken: ");
    refuse("localhost", &["--tls"], "empty", "this machine has no certificates that it trusts");
    refuse("local host", &["--tls"], "empty", "local host is no name or address");
    refuse("./admin.sock", &["--tls"], "empty", "the server's own socket takes no TLS");
}

const BROKEN: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
