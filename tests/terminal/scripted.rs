//! A person at a terminal, with a server that says exactly what each test wants.

use std::io::Read;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use rustix::process::Signal;

use crate::folder;
use crate::peer::{Peer, Script, serve_all};
use crate::person::Person;
use crate::support::PATIENCE;

/// Takes alice's login, and what a client asks for after it at a terminal.
pub fn welcome(peer: &mut Peer) {
    peer.log_in();
    welcomes(peer);
}

/// Takes what a client asks for at a terminal once it is logged in.
pub fn welcomes(peer: &mut Peer) {
    peer.go_on();
    lists(peer);
}

fn lists(peer: &mut Peer) {
    peer.more();
    for verb in ["GROUPS", "WHO", "LS"] {
        peer.expect(&format!("C {verb}"));
        peer.send(format!("C 150 {verb} 0\nC 250 {verb}\n"));
    }
}

/// Waits until the client has closed the connection, whatever it says before.
pub fn until_the_end(peer: &mut Peer) {
    // A client that leaves before it has read everything resets the connection.
    let _ = peer.lines.read_to_end(&mut Vec::new());
}

pub fn wait(signal: &Receiver<()>) {
    signal.recv_timeout(PATIENCE).expect("the other side gets there");
}

pub fn signal() -> (Sender<()>, Receiver<()>) {
    mpsc::channel()
}

/// Takes it that a chat is opened; nothing is unread in it.
pub fn opens(peer: &mut Peer, chat: &str) {
    peer.expect(&format!("C OPEN {chat}"));
    peer.list("OPEN", &[], &format!("{chat} 0"));
}

/// Takes one of alice's messages, which one other gets.
pub fn takes(peer: &mut Peer, chat: &str, text: &str) {
    peer.message(&format!("D {chat} {text}"));
    peer.send(format!("C 250 MSG 1000000000000009 {chat} 1 0\n"));
}

/// Begins as many downloads as there may be at a time.
fn downloads_begin(peer: &mut Peer) {
    for stream in 1..=16 {
        let line = peer.line();
        let name = line.strip_prefix("C GET 0 ").unwrap_or_else(|| panic!("{line}"));
        peer.send(format!("C 250 GET {stream} 1 {name}\n"));
    }
}

/// Greets alice, who comes again with her token.
pub fn resumes(peer: &mut Peer) {
    peer.send("C 220 chatsrv/0.1.0 1 ready\n");
    peer.expect("C RESUME alice t0ken");
}

/// Sits alice down before a server that welcomes her and does that.
pub fn welcomed(
    script: impl FnOnce(&mut Peer) + Send + 'static,
) -> (Person, JoinHandle<()>, tempfile::TempDir) {
    let welcome_first = |peer: &mut Peer| {
        welcome(peer);
        script(peer);
    };
    sit_down("xterm", vec![Box::new(welcome_first)])
}

/// Has alice say goodbye.
pub fn leave(mut alice: Person, server: JoinHandle<()>) {
    alice.type_keys("/ex\r");
    until_both_end(alice, server, Some(0));
}

/// Waits until alice's client has ended with that code, and the server after it.
pub fn until_both_end(mut alice: Person, server: JoinHandle<()>, code: Option<i32>) {
    assert_eq!(alice.wait_for_end(), code);
    server.join().unwrap();
}

/// Sits alice down before a server that does all of this, one script a connection.
pub fn sit_down(kind: &str, scripts: Vec<Script>) -> (Person, JoinHandle<()>, tempfile::TempDir) {
    let folder = folder();
    let (port, server) = serve_all(scripts);
    let args = ["127.0.0.1", &port.to_string(), "alice"];
    let mut alice = Person::sit_down_at(kind, &args, folder.path(), 80);
    alice.wait_for_prompt("password:");
    alice.type_keys("secret\r");
    alice.wait_for_prompt("alice>");
    (alice, server, folder)
}

#[test]
fn however_long_the_server_wants_to_be_left_alone_the_client_goes_on() {
    let (mut alice, server, _folder) = sit_down(
        "xterm",
        vec![
            Box::new(welcome),
            Box::new(|peer: &mut Peer| {
                resumes(peer);
                peer.send("C 450 RESUME 18446744073709551615 try again later\n");
                peer.end();
            }),
            Box::new(|peer: &mut Peer| {
                resumes(peer);
                peer.send("C 450 RESUME 4294967295 try again later\n");
                peer.end();
            }),
        ],
    );
    // An hour is the most that a server may ask for, and a part of a minute comes on top.
    alice.wait_for_row("offline, trying again in 36");
    alice.type_keys("\x04");
    until_both_end(alice, server, Some(0));
}

#[test]
fn a_server_that_does_not_answer_stops_no_key() {
    let (mut alice, server, _folder) = welcomed(|peer| {
        peer.send("C 120 ON bob 10417\n");
        until_the_end(peer);
    });
    alice.wait_for_row("bob is online");
    alice.type_keys(&"/list\r".repeat(64));
    alice.type_keys("/files\r");
    alice.wait_for_row("the server does not answer: 64 requests wait");
    alice.wait_for_prompt("alice> /files");
    alice.type_keys("\x03/help /open\r");
    alice.wait_for_row("/open CHAT: show");
    alice.type_keys("/broadcast said\r");
    alice.wait_for_row("the server does not answer; messages to send: 1");
    alice.type_keys("\x03");
    alice.wait_for_prompt("leave? (y/n)");
    alice.type_keys("n\r\x04");
    alice.wait_for_row("not confirmed: said (to *)");
    until_both_end(alice, server, Some(69));
}

/// Opens carol's chat, in which nothing is unread.
fn open_carol(alice: &mut Person) {
    alice.type_keys("/open carol\r");
    alice.wait_for_prompt("alice to carol>");
}

#[test]
fn lines_behind_open_wait_for_that_chat() {
    let (tell, told) = signal();
    let (mut alice, server, _folder) = welcomed(move |peer| {
        for (chat, said) in [("bob", ["one", "two"]), ("dave", ["three", "four"])] {
            peer.expect(&format!("C OPEN {chat}"));
            wait(&told);
            peer.list("OPEN", &[], &format!("{chat} 0"));
            for text in said {
                takes(peer, chat, text);
            }
        }
        opens(peer, "carol");
        peer.expect("C OPEN nobody");
        peer.send("C 550 OPEN no such user\n");
        peer.goodbye();
    });
    alice.paste_lines("/open bob\none\ntwo");
    alice.wait_for_row("lines that wait for the chat to be opened: 2");
    tell.send(()).unwrap();
    alice.wait_for_row("alice -> bob: two");
    alice.type_keys("/open dave\rthree\rfour\r");
    alice.wait_for_row("lines that wait for the chat to be opened: 2");
    tell.send(()).unwrap();
    alice.wait_for_row("alice -> dave: four");
    // What was meant for a chat that is none goes to no other.
    open_carol(&mut alice);
    alice.type_keys("/open nobody\rfive\r");
    alice.wait_for_row("no such user");
    alice.wait_for_row("not taken: five");
    alice.wait_for_row("lines that were not taken: 1");
    leave(alice, server);
}

#[test]
fn an_interrupt_drops_the_lines_that_wait() {
    let (mut alice, server, _folder) = welcomed(|peer| {
        peer.expect("C OPEN bob");
        until_the_end(peer);
    });
    alice.paste_lines("/open bob\none");
    alice.wait_for_row("lines that wait for the chat to be opened: 1");
    alice.type_keys("\x03");
    alice.wait_for_row("not taken: one");
    alice.type_keys("\x03");
    alice.wait_for_prompt("leave? (y/n)");
    alice.type_keys("y\r");
    until_both_end(alice, server, Some(0));
}

#[test]
fn a_pasted_password_is_no_message() {
    let (mut alice, server, _folder) = welcomed(|peer| {
        peer.expect("C PASSWD");
        peer.send("C 354 PASSWD send the old password\n");
        peer.expect("D secret");
        peer.send("C 354 PASSWD send the new password\n");
        peer.expect("D an0ther");
        peer.send("C 250 PASSWD changed\n");
        opens(peer, "carol");
        peer.expect("C TOKEN");
        peer.send("C 250 TOKEN t0ken\n");
        takes(peer, "carol", "hello");
        peer.goodbye();
    });
    alice.paste_lines("/passwd\nsecret\nan0ther\nan0ther\n/open carol\nhello");
    alice.wait_for_row("the password is changed");
    alice.wait_for_row("alice -> carol: hello");
    alice.type_keys("/ex\r");
    assert_eq!(alice.wait_for_end(), Some(0));
    assert!(!String::from_utf8_lossy(&alice.everything).contains("an0ther"));
    server.join().unwrap();
}

#[test]
fn what_is_typed_while_the_client_logs_in_again_counts() {
    let (tell, told) = signal();
    let (mut alice, server, _folder) = sit_down(
        "xterm",
        vec![
            Box::new(|peer: &mut Peer| {
                welcome(peer);
                peer.message("D * one");
            }),
            Box::new(move |peer: &mut Peer| {
                resumes(peer);
                tell.send(()).unwrap();
                until_the_end(peer);
            }),
        ],
    );
    alice.type_keys("/broadcast one\r");
    wait(&told);
    alice.paste_lines("/broadcast two\n/broadcast three");
    alice.wait_for_row("kept to be sent to *: three");
    alice.type_keys("\x04");
    alice.wait_for_prompt("leave? (y/n)");
    alice.type_keys("y\r");
    until_both_end(alice, server, Some(69));
}

#[test]
fn the_end_of_the_input_asks_nothing_that_nobody_can_answer() {
    let (tell, told) = signal();
    let (mut alice, server, folder) = sit_down(
        "dumb",
        vec![Box::new(move |peer: &mut Peer| {
            welcome(peer);
            peer.expect("C GET 0 a.bin");
            peer.send("C 250 GET 1 5 a.bin\nF 1 2\nab");
            wait(&told);
            peer.send("F 1 3\ncdeF 1 0\n");
            peer.sum("a.bin", b"abcde");
            peer.goodbye();
        })],
    );
    alice.type_keys("/get a.bin\r\x04");
    alice.wait_for_row("no more can be typed; transfers under way: 1");
    tell.send(()).unwrap();
    until_both_end(alice, server, Some(0));
    assert_eq!(std::fs::read(folder.path().join("a.bin")).unwrap(), b"abcde");
}

/// Somebody who is asked for the password of one job. There is no server yet.
fn at_the_password() -> Person {
    let folder = folder();
    let args = ["--say", "bob", "hi", "127.0.0.1", "1", "alice"];
    let mut alice = Person::sit_down_with(&args, folder.path(), 80);
    alice.wait_for_prompt("password for alice:");
    assert!(!alice.echoes());
    alice
}

#[test]
fn whoever_leaves_the_password_of_a_job_leaves_the_terminal_in_order() {
    let mut alice = at_the_password();
    alice.type_keys("secr\x03");
    assert_eq!(alice.wait_for_end(), Some(77));
    assert!(alice.echoes());
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT, Signal::USR1] {
        let mut alice = at_the_password();
        alice.signal(signal);
        assert_eq!(alice.wait_for_end(), Some(77), "{signal:?}");
        assert!(alice.echoes(), "{signal:?}");
    }
}

/// How often the terminal was told that.
fn told(person: &Person, what: &str) -> usize {
    String::from_utf8_lossy(&person.everything).matches(what).count()
}

const PASTE_ON: &str = "\x1b[?2004h";
const PASTE_OFF: &str = "\x1b[?2004l";

#[test]
fn a_signal_that_ends_the_client_gives_the_terminal_back_first() {
    let asked = |folder: &Path, kind: &str| {
        let (port, _server) = serve_all(vec![Box::new(|peer: &mut Peer| {
            peer.send("C 220 chatsrv/0.1.0 1 ready\n");
            peer.expect("C USER alice");
            peer.send("C 331 USER alice send the password\n");
            until_the_end(peer);
        })]);
        let args = ["127.0.0.1", &port.to_string(), "alice"];
        let mut alice = Person::sit_down_at(kind, &args, folder, 80);
        alice.wait_for_prompt("password:");
        alice
    };
    let folder = folder();
    let signals = [Signal::QUIT, Signal::ABORT, Signal::USR1, Signal::ALARM, Signal::TERM];
    for signal in signals {
        for kind in ["xterm", "dumb"] {
            let mut alice = asked(folder.path(), kind);
            assert!(!alice.echoes());
            alice.signal(signal);
            let code = alice.wait_for_end();
            assert_eq!(code, (signal == Signal::TERM).then_some(77), "{signal:?}");
            assert!(alice.echoes(), "{signal:?} at {kind}");
            alice.read_the_rest();
            assert_eq!(told(&alice, PASTE_ON), told(&alice, PASTE_OFF), "{signal:?} at {kind}");
        }
    }
}

#[test]
fn a_signal_that_stops_the_client_gives_the_terminal_back_until_it_goes_on() {
    let (mut alice, server, _folder) = welcomed(Peer::goodbye);
    alice.type_keys("half a line");
    alice.wait_for_prompt("alice> half a line");
    // Where nobody could continue it, the system does not stop it; it gives the terminal back and
    // takes it again all the same.
    alice.signal(Signal::TSTP);
    alice.wait_until_written(PASTE_OFF, 1);
    alice.go_on_until_written(PASTE_ON, 2);
    alice.wait_for_prompt("alice> half a line");
    assert!(!alice.echoes());
    alice.type_keys("\x15");
    leave(alice, server);
}

#[test]
fn whoever_is_told_to_go_on_before_it_has_stopped_goes_on() {
    const ROUNDS: usize = 20;
    let (tell, told) = signal();
    let (mut alice, server, _folder) = welcomed(move |peer| {
        for round in 0..ROUNDS {
            wait(&told);
            peer.send(format!("C 120 ON user{round} 10417\n"));
        }
        peer.goodbye();
    });
    for round in 0..ROUNDS {
        alice.signal(Signal::TSTP);
        alice.signal(Signal::CONT);
        tell.send(()).unwrap();
        alice.wait_for_row(&format!("user{round} is online"));
    }
    alice.wait_for_prompt("alice>");
    leave(alice, server);
}

#[test]
fn a_signal_ends_a_job_once_its_password_is_there() {
    let (tell, told) = signal();
    let (port, server) = serve_all(vec![Box::new(move |peer: &mut Peer| {
        tell.send(()).unwrap();
        until_the_end(peer);
    })]);
    let folder = folder();
    let args = ["--say", "bob", "hi", "127.0.0.1", &port.to_string(), "alice"];
    let mut alice = Person::sit_down_with(&args, folder.path(), 80);
    alice.wait_for_prompt("password for alice:");
    alice.type_keys("secret\r");
    wait(&told);
    alice.signal(Signal::TERM);
    assert_eq!(alice.wait_for_end(), None);
    assert!(alice.echoes());
    server.join().unwrap();
}

#[test]
fn no_file_is_written_to_a_terminal() {
    let folder = folder();
    let args = ["--get", "a.bin", "-o", "-", "127.0.0.1", "1", "alice"];
    let mut alice = Person::sit_down_with(&args, folder.path(), 80);
    alice.wait_for_row("standard output is a terminal");
    assert_eq!(alice.wait_for_end(), Some(64));
}

#[test]
fn of_a_paste_the_seventeenth_download_waits_and_a_person_is_told() {
    let (tell, told) = signal();
    let (mut alice, server, folder) = welcomed(move |peer| {
        downloads_begin(peer);
        wait(&told);
        peer.send("F 1 1\nxF 1 0\n");
        let sum = peer.line();
        let name = sum.strip_prefix("C SUM ").unwrap_or_else(|| panic!("{sum}"));
        peer.send_sum(name, b"x");
        peer.expect("C GET 0 f17");
        peer.send("C 550 GET f17\n");
        until_the_end(peer);
    });
    let lines: Vec<String> = (1..=17).map(|n| format!("/get f{n}")).collect();
    alice.paste_lines(&lines.join("\n"));
    alice.wait_for_row("lines that wait: 1");
    alice.type_keys("/get f18\r");
    alice.wait_for_row("16 downloads are under way, no more at a time");
    tell.send(()).unwrap();
    alice.wait_for_row("f17: no such file");
    alice.type_keys("\x03\x04");
    until_both_end(alice, server, Some(0));
    drop(folder);
}

#[test]
fn what_waits_for_a_transfer_holds_up_no_conversation() {
    let (tell, told) = signal();
    let (tell_begun, begun) = signal();
    let (mut alice, server, folder) = welcomed(move |peer| {
        downloads_begin(peer);
        tell_begun.send(()).unwrap();
        peer.expect("C OPEN bob");
        wait(&told);
        peer.list("OPEN", &[], "bob 0");
        for text in ["hello", "again"] {
            takes(peer, "bob", text);
        }
        peer.expect("C OPEN nobody");
        peer.send("C 550 OPEN no such user\n");
        until_the_end(peer);
    });
    let lines: Vec<String> = (1..=18).map(|n| format!("/get f{n}")).collect();
    alice.paste_lines(&lines.join("\n"));
    alice.wait_for_row("lines that wait: 2");
    // Each is asked for once it is known what is here of it, which what is typed may overtake.
    wait(&begun);
    // What is typed while the chat is being opened waits for that alone.
    alice.type_keys("/open bob\rhello\r");
    alice.wait_for_row("lines that wait for the chat to be opened: 3");
    tell.send(()).unwrap();
    alice.wait_for_row("alice -> bob: hello");
    alice.wait_for_row("lines that wait: 2");
    alice.wait_for_prompt("alice to bob>");
    alice.type_keys("again\r");
    alice.wait_for_row("alice -> bob: again");
    alice.type_keys("/open nobody\r");
    alice.wait_for_row("no such user");
    alice.wait_for_row("lines that wait: 2");
    alice.type_keys("/close\r");
    alice.wait_for_prompt("alice>");
    alice.signal(Signal::TERM);
    alice.wait_for_end();
    server.join().unwrap();
    drop(folder);
}
