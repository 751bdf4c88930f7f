//! The client between other programs: readers that leave, and connections that end as was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::peer::{Peer, client, run, serve, stderr, stdout, talk};

/// What ends a process whose reader has gone.
const SIGPIPE: i32 = 13;

/// Feeds a client with `input`, and reads nothing of what it shows but the first bytes.
fn read_a_little(mut child: Child, input: &str) -> (Option<i32>, String) {
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let mut first = [0; 5];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap().signal(), said)
}

fn start(port: u16, folder: &Path, arguments: &[&str]) -> Child {
    let mut command = client(folder, port);
    command.args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn a_reader_who_leaves_ends_it_as_sigpipe_would() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.welcome();
        peer.send("D 1000000000123456 bob * first\n");
        // Until the client is gone.
        (1_000_000_000_123_457u64..)
            .map(|id| format!("D {id} bob * more and more\n"))
            .find(|line| peer.lines.get_mut().write_all(line.as_bytes()).is_err());
    });
    let mut child = start(port, folder.path(), &[]);
    let input = child.stdin.take();
    let mut first = [0; 5];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().signal(), said.as_str()), (Some(SIGPIPE), ""));
    drop(input);
    server.join().unwrap();
}

/// Takes what a client says until it is gone.
fn rest(peer: &mut Peer) -> Vec<String> {
    // One that is gone with unread bytes resets the connection.
    std::iter::from_fn(|| {
        let mut line = String::new();
        let length = peer.lines.read_line(&mut line).unwrap_or(0);
        (length > 0).then_some(line)
    })
    .collect()
}

#[test]
fn what_nobody_read_is_not_marked_as_read() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.welcome();
        peer.expect("C OPEN bob");
        // More than a pipe holds.
        let text = "x".repeat(300);
        let ids = 1_000_000_000_000_000u64..1_000_000_000_000_900;
        let unread: Vec<String> = ids.map(|id| format!("{id} bob alice {text}")).collect();
        peer.list("OPEN", &unread.iter().map(String::as_str).collect::<Vec<_>>(), "bob 2");
        assert_eq!(rest(peer), [""; 0]);
    });
    let ended = read_a_little(start(port, folder.path(), &[]), "/open bob\n");
    assert_eq!(ended, (Some(SIGPIPE), String::new()));
    server.join().unwrap();
}

#[test]
fn what_can_not_be_written_fails_also_at_the_very_end() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.welcome();
        peer.expect("C TOKEN END");
        peer.expect("C EX");
        // It comes with the goodbye, and is not in time to be marked.
        peer.send("C 250 TOKEN your tokens are over\n");
        peer.send("D 1000000000123456 bob alice last\nC 221 EX goodbye\n");
        assert_eq!(rest(peer), [""; 0]);
    });
    let mut command = client(folder.path(), port);
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    command.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let output = command.output().unwrap();
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("No space left"), "{}", stderr(&output));
}

#[test]
fn a_server_that_stops_as_it_was_told_is_no_loss() {
    for last in ["C 421 - the server is shutting down, come back in 9 s\n", ""] {
        let output = talk("/shutdown\n", move |peer| {
            peer.welcome();
            peer.expect("C SHUTDOWN");
            peer.send("C 250 SHUTDOWN done\n");
            peer.expect("C TOKEN END");
            peer.expect("C EX");
            peer.send(last);
        });
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""), "{last}");
        assert_eq!(stdout(&output), "the server stops\n");
    }
}

#[test]
fn the_end_behind_an_answered_shutdown_is_taken_while_more_could_be_typed() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.welcome();
        peer.expect("C SHUTDOWN 5");
        peer.send("C 250 SHUTDOWN done\nC 129 SHUTDOWN 5\n");
    });
    let mut child = start(port, folder.path(), &[]);
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"/shutdown 5\n").unwrap();
    let output = child.wait_with_output().unwrap();
    drop(input);
    server.join().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}

#[test]
fn what_a_stopped_server_did_not_answer_has_failed() {
    let output = talk("/shutdown\n/list\n", |peer| {
        peer.welcome();
        peer.expect("C SHUTDOWN");
        peer.send("C 250 SHUTDOWN done\n");
        peer.expect("C WHO");
        peer.send("C 421 - the server is shutting down\n");
    });
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no answer came to /list"), "{}", stderr(&output));
}

#[test]
fn a_shutdown_that_was_not_answered_is_a_loss() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.welcome();
        peer.expect("C SHUTDOWN");
    });
    let mut command = client(folder.path(), port);
    command.args(["--retry", "0s"]);
    let output = run(command, "/shutdown\n");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
}

/// A client at work, whose output is kept open: one that can't write ends.
struct AtWork {
    child: Child,
    input: ChildStdin,
    _output: BufReader<ChildStdout>,
    /// What it has shown.
    shown: String,
}

/// Starts a client, lets it take direct chats, and waits until it has told that bob came.
fn up_until_bob_comes(port: u16, folder: &Path) -> AtWork {
    let mut child = start(port, folder, &[]);
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"/up\n").unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut shown = String::new();
    while !shown.contains("bob is online") {
        assert!(output.read_line(&mut shown).unwrap() > 0, "{shown}");
    }
    AtWork { child, input, _output: output, shown }
}

#[test]
fn who_is_up_says_so_as_often_as_the_server_wants_and_not_against_another_session() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.welcome();
        peer.more();
        assert!(peer.line().starts_with("C UP "));
        peer.send("C 250 UP 48213 1\n");
        // At the pace of a server that does not say how long it waits it would be too late.
        for _ in 0..3 {
            peer.expect("C ALIVE");
            peer.send("C 250 ALIVE 48213\n");
        }
        peer.expect("C ALIVE");
        peer.send("C 553 ALIVE another session is up\nC 120 ON bob 10417\n");
        peer.expect("C WHO");
        peer.send("C 150 WHO 0\nC 250 WHO\n");
        peer.goodbye();
    });
    let AtWork { child, mut input, _output, shown } = up_until_bob_comes(port, folder.path());
    input.write_all(b"/list\n").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    server.join().unwrap();
    assert!(shown.starts_with("direct chats are taken on port 48213\n"), "{shown}");
    let said = stderr(&output);
    assert!(said.contains("another session of yours takes the direct chats now"), "{said}");
    assert_eq!(output.status.code(), Some(0), "{said}");
}

#[test]
fn who_fell_silent_is_up_again_but_not_where_another_session_is_now() {
    for (address, is_up_again) in [("-", true), ("127.0.0.1:5000", false)] {
        let folder = tempfile::tempdir().unwrap();
        let (port, server) = serve(move |peer| {
            peer.welcome();
            peer.more();
            assert!(peer.line().starts_with("C UP "));
            peer.send("C 250 UP 48213 1\n");
            peer.expect("C ALIVE");
            peer.send("C 503 ALIVE you are not up\n");
            peer.expect("C WHO");
            let [bob, alice] = ["bob 10417 1 127.0.0.1:6000 bob", "Alice 48213 1 "];
            peer.send(format!("C 150 WHO 2\nC 151 WHO {bob}\nC 151 WHO {alice}{address} alice\n"));
            peer.send("C 250 WHO\n");
            if is_up_again {
                assert!(peer.line().starts_with("C UP "));
                peer.send("C 250 UP 48213 3600\n");
            }
            peer.send("C 120 ON bob 10417\n");
            peer.goodbye();
        });
        let AtWork { child, input, _output, .. } = up_until_bob_comes(port, folder.path());
        drop(input);
        let output = child.wait_with_output().unwrap();
        server.join().unwrap();
        let said = stderr(&output);
        assert_eq!(said.contains("another session of yours"), !is_up_again, "{said}");
    }
}
