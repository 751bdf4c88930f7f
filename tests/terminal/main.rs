//! chatclient(1) at a terminal, with the real server: what a person sees.

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod coming_back;
mod crash;
mod direct;
mod groups;
mod lines;
mod narrow;
mod operator;
#[path = "../chatclient/peer.rs"]
#[allow(dead_code, reason = "these tests use a part of it")]
mod peer;
mod person;
mod relay;
mod screen;
mod scripted;
mod sessions;
mod tls;
mod transfers;

use chatsrv::chat::joined::is_all_seen;
use person::Person;
use screen::Screen;
use support::{Random, Server, password_of};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_message_that_arrives_leaves_what_is_typed_where_it_is() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut bob = Person::register(&server, folder.path(), 40, "bob");
    let mut alice = server.register("alice");
    bob.wait_for_row("alice is online");
    bob.type_keys("PM\r");
    bob.wait_for_prompt("to everyone>");
    bob.type_keys("half 中e\u{301}👍x\x02\x02");
    bob.wait_until("the cursor", |screen| screen.cursor().1 == 13 + 8);
    let before = bob.screen.cursor();
    assert_eq!(before.0, "to everyone> half 中e\u{301}👍x");

    alice.ask(&format!("D bob {}", "long ".repeat(20)), "C 250 MSG … bob 1 0");
    alice.ask("D * the last one", "C 250 MSG … * 1 0");
    bob.wait_for_row("alice -> *: the last one");
    bob.wait_until("the prompt", |screen| screen.cursor() == before);
    assert!(bob.screen.rows().iter().any(|row| row.contains("alice -> bob: long long")));

    bob.type_keys("typed\r");
    alice.expect("D … bob * half 中e\u{301}typed👍x");
    bob.wait_for_row("bob -> *: half 中e\u{301}typed👍x");
    bob.wait_for_prompt("bob>");
}

#[test]
fn a_long_line_scrolls_on_a_narrow_terminal() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut bob = Person::register(&server, folder.path(), 40, "bob");
    let mut alice = server.register("alice");
    let text = "0123456789中文".repeat(9);
    bob.type_keys(&format!("/msg alice {text}"));
    bob.wait_until("its end", |screen| screen.cursor().0.ends_with("89中文"));
    let (row, column) = bob.screen.cursor();
    assert!(row.starts_with("bob> ") && column < 40, "{row}");
    bob.type_keys("\x01");
    bob.wait_until("its start", |screen| screen.cursor().0.starts_with("bob> /msg alice 0123"));
    assert_eq!(bob.screen.cursor().1, 5);
    bob.type_keys("\r");
    alice.expect(&format!("D … bob alice {text}"));
}

#[test]
fn a_direct_message_goes_step_by_step_with_completion() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = server.register("alice");
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    bob.type_keys("DM\r");
    bob.wait_for_prompt("to whom?");
    bob.wait_for_row("online: 2");
    bob.type_keys("al\t");
    bob.wait_for_prompt("to whom? alice");
    bob.type_keys("\r");
    bob.wait_for_prompt("to alice>");
    bob.type_keys("psst\r");
    alice.expect("D … bob alice psst");
    bob.wait_for_row("bob -> alice: psst");
    bob.type_keys("PM\r");
    bob.wait_for_prompt("to everyone>");
    bob.type_keys("not said\x03");
    bob.wait_for_prompt("to everyone>");
    bob.type_keys("\x03");
    bob.wait_for_prompt("bob>");
    bob.type_keys("no command\r");
    bob.wait_for_row("nothing was sent");
    bob.type_keys("EX\r");
    assert_eq!(bob.wait_for_end(), Some(0));
    alice.expect_nothing();
}

#[test]
fn a_password_is_never_seen() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    // Neither the history, where nothing of the login stands, nor what was removed brings it back.
    bob.type_keys("\x1b[A\x19/list\r");
    bob.wait_for_row("online: 1");
    bob.type_keys("\x04");
    assert_eq!(bob.wait_for_end(), Some(0));
    let mut bob_again = Person::sit_down(&server, folder.path(), 80);
    bob_again.wait_for_prompt("name:");
    // Typed ahead: the password's prompt is not there yet.
    bob_again.type_keys(&format!("bob\r{}\r", password_of("bob")));
    bob_again.wait_for_prompt("bob>");
    for person in [&bob, &bob_again] {
        let shown = String::from_utf8_lossy(&person.everything);
        assert!(!shown.contains(&password_of("bob")), "{shown}");
    }
}

#[test]
fn a_download_runs_beside_the_chat() {
    let (server, folder) = (Server::start(&[]), folder());
    let content: Vec<u8> = (0..5_000_000u32).map(|n| (n / 7) as u8).collect();
    server.write_file("docs/big file.bin", &content);
    let mut alice = server.register("alice");
    let mut bob = Person::register(&server, folder.path(), 60, "bob");
    bob.type_keys("/files docs\r");
    bob.wait_for_row("4.8 MiB");
    bob.type_keys("/get do\tb\t\r");
    bob.type_keys("/msg alice meanwhile\r");
    alice.expect("D … bob alice meanwhile");
    bob.wait_for_row("big file.bin is here: 4.8 MiB, SHA-256 matches");
    assert!(std::fs::read(folder.path().join("big file.bin")).unwrap() == content);
}

#[test]
fn a_resize_keeps_the_line() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    bob.type_keys("/broadcast 0123456789012345678901234567890");
    bob.wait_until("the line", |screen| screen.cursor().0.ends_with("7890"));
    // This screen does not wrap anew what stands on it, so it begins as the client sees it.
    bob.screen = Screen::new(30);
    bob.screen.write(b"\n\n\n");
    bob.resize(30);
    bob.wait_for_prompt("bob> 89012345678901234567890");
    assert_eq!(bob.screen.cursor().1, 28);
}

#[test]
fn a_pasted_block_is_sent_only_knowingly() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = server.register("alice");
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    bob.type_keys("PM\r");
    bob.wait_for_prompt("to everyone>");
    bob.type_keys("\x1b[200~one\rtwo\r\x1b[201~");
    bob.wait_for_prompt("send 2 lines to everyone? y each, o as one, j joined, n not:");
    alice.expect_nothing();
    bob.type_keys("y");
    alice.expect("D … bob * one");
    alice.expect("D … bob * two");
}

#[test]
fn a_session_elsewhere_is_taken_over_only_when_told() {
    let (server, folder) = (Server::start(&[]), folder());
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    let mut again = Person::sit_down(&server, folder.path(), 80);
    again.wait_for_prompt("name:");
    again.type_keys(&format!("bob\r{}\r", password_of("bob")));
    again.wait_for_prompt("b: beside it, t: take over, l: leave?");
    again.type_keys("y\r");
    again.wait_for_row("type b, t or l");
    again.type_keys("t\r");
    again.wait_for_prompt("bob>");
    bob.wait_for_row("the server closed the connection:");
    assert_eq!(bob.wait_for_end(), Some(69));
}

/// What people send each other, and what they should not.
const PIECES: [&str; 18] = [
    "plain ",
    "中文",
    "e\u{301}",
    "👍🏽",
    "👨\u{200d}👩",
    "\u{202e}gnp.exe",
    "\u{200b}",
    "\u{feff}",
    "\u{2066}x\u{2069}",
    "\u{e0041}",
    "\u{fe0f}",
    "می\u{200c}خواهم",
    "1\u{fe0f}\u{20e3}",
    "\t",
    "שלום ",
    "नमस्ते ",
    "\u{a0}",
    "<U+202E>",
];

#[test]
fn whatever_arrives_the_line_stands_and_nothing_raw_is_written() {
    let mut random = Random::new();
    let (server, folder) = (Server::start(&[]), folder());
    let mut alice = server.register("alice");
    let mut bob = Person::register(&server, folder.path(), 40, "bob");
    let keys =
        ["a", "é", "中", "👍🏽", "e\u{301}", " ", "\x7f", "\x02", "\x06", "\x17", "\x19", "\x01"];
    for round in 0..60 {
        let pieces: String = (0..random.below(30)).map(|_| PIECES[random.below(18)]).collect();
        alice.ask(&format!("D * {round}| {pieces}"), "C 250 MSG …");
        let typed: String = (0..random.below(10)).map(|_| keys[random.below(keys.len())]).collect();
        bob.type_keys(&typed);
    }
    alice.ask("D * the last one", "C 250 MSG …");
    bob.type_keys("\x15\x0b/broadcast end");
    bob.wait_for_row("alice -> *: the last one");
    bob.wait_for_prompt("bob> /broadcast end");
    let rows = bob.screen.rows();
    let shown = (0..60).map(|round| format!("alice -> *: {round}|"));
    let missing: Vec<String> = shown.filter(|part| !rows.concat().contains(part)).collect();
    assert!(missing.is_empty(), "{missing:?} not in\n{}", rows.join("\n"));
    let written = String::from_utf8(bob.everything.clone()).unwrap();
    let pieces = written.split(['\r', '\n', '\x1b']);
    let raw: Vec<&str> = pieces.filter(|piece| !is_all_seen(&piece.replace('\x07', ""))).collect();
    assert!(raw.is_empty(), "{raw:?}");
    // Every row but the last is a part of a message: nothing of the typed line was left behind.
    let prompts = rows.iter().filter(|row| row.starts_with("bob> ")).count();
    assert_eq!(prompts, 1, "{}", rows.join("\n"));
}
