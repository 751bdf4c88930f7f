//! The client as a program, against a server that says exactly what each test wants: what a real
//! one does seldom or never.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sha2::{Digest, Sha256};

/// No test takes nearly as long.
const DEADLINE: Duration = Duration::from_secs(30);

/// The server's side of the one connection.
struct Peer {
    lines: BufReader<TcpStream>,
}

impl Peer {
    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.lines.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    #[track_caller]
    fn expect(&mut self, expected: &str) {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        assert_eq!(line.trim_end_matches('\n'), expected);
    }

    /// Greets, and logs alice in.
    fn log_in(&mut self) {
        self.send("C 220 chatsrv/0.1.0 1 ready\n");
        self.expect("C USER alice");
        self.send("C 331 USER alice send the password\n");
        self.expect("D secret");
        self.send("C 150 UNREAD 0\nC 230 USER alice 48213 welcome\n");
    }

    /// Greets, logs alice in as a client that goes on, and gives her a token.
    fn welcome(&mut self) {
        self.log_in();
        self.expect("C TOKEN");
        self.send("C 250 TOKEN t0ken\n");
    }

    /// Takes a message and the key before it, which is returned.
    #[track_caller]
    fn message(&mut self, expected: &str) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        let key = line.strip_prefix("C KEY ").unwrap_or_else(|| panic!("no key: {line}"));
        self.expect(expected);
        self.send("C 250 KEY it marks your next message\n");
        key.trim_end().to_string()
    }

    /// Takes the goodbye.
    fn goodbye(&mut self) {
        self.expect("C EX");
        self.send("C 221 EX goodbye\n");
    }

    /// Answers the request for the SHA-256 of `content`, named `name`.
    fn sum(&mut self, name: &str, content: &[u8]) {
        self.expect(&format!("C SUM {name}"));
        let hash = Sha256::digest(content);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        self.send(format!("C 250 SUM {hex} {} {name}\n", content.len()));
    }
}

type Script = Box<dyn FnOnce(&mut Peer) + Send>;

/// Runs `script` as the server of one connection; returns the port.
fn serve(script: impl FnOnce(&mut Peer) + Send + 'static) -> (u16, JoinHandle<()>) {
    serve_all(vec![Box::new(script)])
}

/// Runs each script as the server of one connection, one after the other.
fn serve_all(scripts: Vec<Script>) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        for script in scripts {
            let (stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            script(&mut Peer { lines: BufReader::new(stream) });
        }
    });
    (port, server)
}

fn client(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatclient"));
    command.args(["127.0.0.1", &port.to_string(), "alice"]);
    command.current_dir(folder).env_clear().env("CHAT_PASSWORD", "secret").env("TZ", "UTC");
    command.env("CHAT_RETRY", "20s");
    command
}

/// Runs it with `input` on its standard input, and kills it where it does not end.
fn run(mut command: Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // One that has already failed reads nothing.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let pid = rustix::process::Pid::from_child(&child);
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || done.send(child.wait_with_output()));
    outcome.recv_timeout(DEADLINE).map(Result::unwrap).unwrap_or_else(|_| {
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        panic!("the client did not end");
    })
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// Runs a client with `input` against `script`.
#[track_caller]
fn talk(input: &str, script: impl FnOnce(&mut Peer) + Send + 'static) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(script);
    let output = run(client(folder.path(), port), input);
    server.join().unwrap();
    output
}

/// Runs a client with `input` against one script a connection.
#[track_caller]
fn talk_through(input: &str, scripts: Vec<Script>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve_all(scripts);
    let output = run(client(folder.path(), port), input);
    server.join().unwrap();
    output
}

#[test]
fn lines_are_answered_one_by_one_and_the_end_says_goodbye() {
    let output = talk("PM\nhello\n/msg bob hi\nDM\nbob\nagain\n", |peer| {
        peer.welcome();
        peer.message("D * hello");
        peer.send("C 250 MSG 1000000000123456 * 3 0\n");
        peer.message("D bob hi");
        peer.send("D 1000000000123457 carol alice psst\nC 251 MSG 1000000000123458 bob 0 1\n");
        peer.expect("C WHO");
        peer.send("C 150 WHO 1\nC 151 WHO bob 10417 1000000000000000 - Bob\nC 250 WHO\n");
        peer.message("D bob again");
        peer.send("C 250 MSG 1000000000123459 bob 1 0\n");
        peer.goodbye();
    });
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(
        stdout(&output),
        "2001-09-09 01:46 alice -> *: hello\n\
         2001-09-09 01:46 carol -> alice: psst\n\
         2001-09-09 01:46 alice -> bob: hi (offline; kept)\n\
         online: 1\n  bob          10417  since 2001-09-09 01:46, Bob\n\
         2001-09-09 01:46 alice -> bob: again\n"
    );
}

#[test]
fn one_failed_line_fails_the_script_but_not_the_rest() {
    let output = talk("hello\n/msg nobody hi\n/nope\n/broadcast on\n", |peer| {
        peer.welcome();
        peer.message("D nobody hi");
        peer.send("C 550 MSG no such user\n");
        peer.message("D * on");
        peer.send("C 250 MSG 1000000000123456 * 1 0\n");
        peer.goodbye();
    });
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "2001-09-09 01:46 alice -> *: on\n");
    assert!(stderr(&output).contains("not sent to nobody: no such user"), "{}", stderr(&output));
    assert!(stderr(&output).contains("no such command"));
}

#[test]
fn nothing_raw_from_a_peer_is_printed() {
    let output = talk("/files\n", |peer| {
        peer.welcome();
        peer.expect("C LS");
        peer.send("D 1000000000123456 bob * \u{202e}evil\u{200b}\n");
        peer.send("C 150 LS 1\nC 151 LS 1 0 a\u{2066}b\nC 250 LS\n");
        peer.send("C 120 ON \u{feff}x 1\n");
        peer.goodbye();
    });
    assert!(stdout(&output).contains("bob -> *: <U+202E>evil<U+200B>\n"), "{}", stdout(&output));
    assert!(stdout(&output).contains("a<U+2066>b\n"));
    assert!(stdout(&output).contains("<U+FEFF>x is online\n"));
}

#[test]
fn a_line_with_control_characters_is_told_and_not_shown() {
    let output = talk("/list\n", |peer| {
        peer.welcome();
        peer.expect("C WHO");
        peer.send(b"D 1000000000123456 bob * \x1b[2J\n");
        peer.send("C 150 WHO 0\nC 250 WHO\n");
        peer.goodbye();
    });
    assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b));
    assert!(stderr(&output).contains("can't be read"));
}

#[test]
fn a_missing_server_is_said_plainly() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let output = run(client(folder.path(), port), "");
    assert_eq!(output.status.code(), Some(69));
    assert_eq!(stderr(&output), format!("chatclient: no server there: 127.0.0.1:{port}\n"));
}

#[test]
fn what_is_no_chatsrv_is_said_plainly() {
    let output = talk("", |peer| peer.send("SSH-2.0-OpenSSH_9.6\r\n"));
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("is no chatsrv"), "{}", stderr(&output));
    let output = talk("", |peer| peer.send("C 220 chatsrv/9.0.0 9 ready\n"));
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("version 9 of the protocol"), "{}", stderr(&output));
}

#[test]
fn why_the_server_closed_is_said() {
    let output = talk("", |peer| peer.send("C 421 - Connection Limit Exceeded !!\n"));
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("closed the connection: Connection Limit Exceeded !!"));
    let lasts = [
        ("C 421 - the server is shutting down\n", "closed the connection: the server is shutting"),
        ("", "the connection was lost"),
    ];
    for (last, said) in lasts {
        let folder = tempfile::tempdir().unwrap();
        let (port, server) = serve(move |peer| {
            peer.welcome();
            peer.expect("C WHO");
            peer.send(last);
        });
        let mut command = client(folder.path(), port);
        command.args(["--retry", "0s"]);
        let output = run(command, "/list\n");
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(69));
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
}

#[test]
fn who_was_sent_away_does_not_come_back() {
    for why in ["you logged in elsewhere", "kicked by carol: spam", "banned"] {
        let output = talk("/list\n", move |peer| {
            peer.welcome();
            peer.expect("C WHO");
            peer.send(format!("C 421 - {why}\n"));
        });
        assert_eq!(output.status.code(), Some(69), "{why}");
        assert!(stderr(&output).contains(&format!("closed the connection: {why}")));
    }
}

impl Peer {
    /// Greets, and takes the token.
    fn resume(&mut self) {
        self.send("C 220 chatsrv/0.1.0 1 ready\n");
        self.expect("C RESUME alice t0ken");
        self.send("C 150 UNREAD 0\nC 230 RESUME alice 48213\n");
        self.expect("C TOKEN");
        self.send("C 250 TOKEN t0ken\n");
    }
}

#[test]
fn what_was_not_confirmed_is_sent_again_with_its_key() {
    let (tell_key, first_key) = mpsc::channel();
    let output = talk_through(
        "/broadcast one\n/broadcast two\n",
        vec![
            Box::new(move |peer: &mut Peer| {
                peer.welcome();
                peer.message("D * one");
                peer.send("C 250 MSG 1000000000123456 * 1 0\n");
                tell_key.send(peer.message("D * two")).unwrap();
            }),
            Box::new(|peer: &mut Peer| peer.send("C 421 - Connection Limit Exceeded !!\n")),
            Box::new(move |peer: &mut Peer| {
                peer.resume();
                assert_eq!(peer.message("D * two"), first_key.recv().unwrap());
                // It had been taken already.
                peer.send("C 250 MSG 1000000000123457 * 0 0\n");
                peer.goodbye();
            }),
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output).matches("alice -> *: two").count(), 1, "{}", stdout(&output));
    assert!(stderr(&output).contains("online again"), "{}", stderr(&output));
}

#[test]
fn a_token_that_is_no_good_is_replaced_by_the_password() {
    let output = talk_through(
        "/broadcast one\n",
        vec![
            Box::new(|peer: &mut Peer| {
                peer.welcome();
                peer.message("D * one");
            }),
            Box::new(|peer: &mut Peer| {
                peer.send("C 220 chatsrv/0.1.0 1 ready\n");
                peer.expect("C RESUME alice t0ken");
                peer.send("C 535 RESUME that token is not good\n");
                peer.expect("C USER alice TAKEOVER");
                peer.send("C 331 USER alice send the password\n");
                peer.expect("D secret");
                peer.send("C 150 UNREAD 0\nC 230 USER alice 48213 welcome\n");
                peer.expect("C TOKEN");
                peer.send("C 250 TOKEN an0ther\n");
                peer.message("D * one");
                peer.send("C 250 MSG 1000000000123457 * 1 0\n");
                peer.goodbye();
            }),
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("alice -> *: one"));
}

#[test]
fn what_stays_unconfirmed_fails_and_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.log_in();
        peer.message("D bob hi");
    });
    let mut command = client(folder.path(), port);
    command.args(["--retry", "100ms", "--say", "bob", "hi"]);
    let output = run(command, "");
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("not confirmed: hi (to bob)"), "{}", stderr(&output));
}

#[test]
fn a_failed_login_has_its_own_exit_code() {
    let refusals = [
        ("C 331 USER alice\n", "D secret", "C 535 USER wrong password\n", "wrong password"),
        ("C 331 USER alice\n", "D secret", "C 431 USER already\n", "already logged in"),
        ("C 332 USER alice\n", "", "", "--register"),
        ("C 450 USER 9 try again later\n", "", "", "try again in 9 s"),
    ];
    for (answer, sent, refusal, said) in refusals {
        let output = talk("/list\n", move |peer| {
            peer.send("C 220 chatsrv/0.1.0 1 ready\n");
            peer.expect("C USER alice");
            peer.send(answer);
            peer.expect(sent);
            // The client may have gone already.
            let _ = peer.lines.get_mut().write_all(refusal.as_bytes());
        });
        assert_eq!(output.status.code(), Some(77), "{said}");
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
        assert!(!stderr(&output).contains("secret"));
    }
}

#[test]
fn a_download_arrives_beside_the_chat() {
    let folder = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
    let sent = content.clone();
    let (port, server) = serve(move |peer| {
        peer.welcome();
        peer.expect("C GET 0 docs/a b.bin");
        peer.send("C 250 GET 1 200000 docs/a b.bin\n");
        for chunk in sent.chunks(65_536) {
            peer.send(format!("F 1 {}\n", chunk.len()));
            peer.send(chunk);
            peer.send("D 1000000000123456 bob * between the chunks\n");
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
    command.args(["--get", "a"]);
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
fn one_message_is_said_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    for (reply, code) in [("C 250 MSG 1000000000123456 bob 1 0\n", 0), ("C 550 MSG no\n", 1)] {
        let (port, server) = serve(move |peer| {
            peer.log_in();
            peer.send("C 120 ON carol 10001\nD 1000000000123456 carol * chatter\n");
            peer.message("D bob -x");
            peer.send(reply);
            peer.goodbye();
        });
        let mut command = client(folder.path(), port);
        command.args(["--say", "bob", "-x"]);
        let output = run(command, "");
        server.join().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
        assert_eq!(stderr(&output).is_empty(), code == 0);
    }
}

#[test]
fn a_reader_who_leaves_ends_it_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let (port, server) = serve(|peer| {
        peer.welcome();
        peer.send("D 1000000000123456 bob * first\n");
        let line = "D 1000000000123456 bob * more and more\n".repeat(100);
        // Until the client is gone.
        while peer.lines.get_mut().write_all(line.as_bytes()).is_ok() {}
    });
    let mut command = client(folder.path(), port);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = [0; 5];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
    server.join().unwrap();
}

#[test]
fn a_wrong_command_line_is_told() {
    for words in [&["localhost"][..], &["localhost", "0"], &["localhost", "9000", "4lice"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatclient"));
        command.args(words).env_clear();
        assert_eq!(run(command, "").status.code(), Some(64), "{words:?}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatclient"));
        command.args(["--completions", shell]).env_clear();
        let output = run(command, "");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stdout(&output).contains("password-file"));
    }
}
