//! The server is killed and comes back, while people type.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::folder;
use crate::person::Person;
use crate::support::{Server, password_of};

/// A client that takes lines from a pipe, for a new user.
pub fn pipe(server: &Server, folder: &Path, name: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatclient"));
    let address = server.address();
    command.args(["--register", &address.ip().to_string(), &address.port().to_string(), name]);
    command.current_dir(folder).env_clear().env("TZ", "UTC");
    command.env("CHAT_PASSWORD", password_of(name));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The numbers behind `part` on the rows of a screen, from top to bottom.
fn numbers(rows: &[String], part: &str) -> Vec<u32> {
    let number = |row: &String| row.split_once(part).and_then(|(_, n)| n.parse().ok());
    rows.iter().filter_map(number).collect()
}

#[test]
fn a_stream_of_messages_survives_crashes_of_the_server() {
    const COUNT: u32 = 600;
    const STEP: usize = 50;
    const CRASHES: usize = 3;
    let (mut server, folder) = (Server::start(&[]), folder());
    let mut bob = Person::register(&server, folder.path(), 60, "bob");
    bob.type_keys("half a line");
    let mut alice = pipe(&server, folder.path(), "alice");
    let mut lines = alice.stdin.take().unwrap();
    for n in (0..COUNT).step_by(STEP) {
        // Written ahead of what was seen, so that each crash meets messages on their way.
        (n..n + STEP as u32).for_each(|n| writeln!(lines, "/msg bob number {n}").unwrap());
        bob.wait_for_row(&format!("alice -> bob: number {n}"));
        if n % 200 == 100 {
            server.crash();
            server.come_back();
        }
    }
    drop(lines);
    bob.wait_for_row(&format!("alice -> bob: number {}", COUNT - 1));
    bob.wait_for_prompt("bob> half a line");
    let expected: Vec<u32> = (0..COUNT).collect();
    let rows = bob.screen.rows();
    let mut seen = numbers(&rows, "alice -> bob: number ");
    // What was delivered is not on disk yet. Where a crash comes between, the message was never
    // confirmed: it is said again and gets another id.
    assert!(seen.len() <= expected.len() + CRASHES, "{}", rows.join("\n"));
    seen.dedup();
    assert_eq!(seen, expected, "{}", rows.join("\n"));

    let output = alice.wait_with_output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let shown: Vec<String> = shown.lines().map(|row| row.replace(" (offline; kept)", "")).collect();
    assert_eq!(numbers(&shown, "alice -> bob: number "), expected, "{said}");
    // What was shown does not come as unread again.
    bob.type_keys("\x15/ex\r");
    assert_eq!(bob.wait_for_end(), Some(0));
    server.login("bob").leave();
    let mut bob = pipe(&server, folder.path(), "bob");
    bob.stdin.take().unwrap().write_all(b"/history alice 1000\n").unwrap();
    let history = String::from_utf8(bob.wait_with_output().unwrap().stdout).unwrap();
    let history: Vec<String> = history.lines().map(str::to_string).collect();
    assert_eq!(numbers(&history, "alice -> bob: number "), expected);
}

#[test]
fn what_is_said_while_the_server_is_away_is_sent_when_it_is_back() {
    let (mut server, folder) = (Server::start(&[]), folder());
    let mut alice = Person::register(&server, folder.path(), 40, "alice");
    let mut bob = Person::register(&server, folder.path(), 80, "bob");
    bob.type_keys("/broadcast before\r");
    alice.wait_for_row("bob -> *: before");
    // What was delivered is not on disk yet: a message that is not confirmed is said again.
    bob.wait_for_row("bob -> *: before");
    bob.type_keys("what bob types");
    server.crash();
    for person in [&mut alice, &mut bob] {
        person.wait_for_row("offline, trying");
    }
    alice.type_keys("/msg bob direct\rPM\rpublic\r");
    alice.wait_for_row("kept to be sent to *: public");
    alice.type_keys("/list\r");
    alice.wait_for_row("offline: that has to wait");
    server.come_back();
    for person in [&mut alice, &mut bob] {
        person.wait_for_row("online again");
    }
    bob.wait_for_row("alice -> *: public");
    bob.wait_for_prompt("bob> what bob types");
    alice.wait_for_row("alice -> *: public");
    alice.wait_for_prompt("alice>");
    for person in [&alice, &bob] {
        let rows = person.screen.rows();
        for part in ["alice -> bob: direct", "alice -> *: public", "bob -> *: before"] {
            let times = rows.iter().filter(|row| row.contains(part)).count();
            assert_eq!(times, 1, "{part} in\n{}", rows.join("\n"));
        }
    }
}

#[test]
fn a_chat_is_opened_after_a_time_away() {
    let (server, folder) = (Server::start(&[]), folder());
    server.register("bob").leave();
    let mut alice = server.register("alice");
    for n in 0..1010 {
        alice.ask(&format!("D bob number {n}"), "C 251 MSG …");
    }
    let mut bob = Person::sit_down(&server, folder.path(), 40);
    bob.wait_for_prompt("name:");
    bob.type_keys(&format!("bob\r{}\r", password_of("bob")));
    bob.wait_for_row("1010 unread from alice; /open alice");
    alice.ask("D bob live", "C 250 MSG …");
    bob.wait_for_row("alice -> bob: live");
    bob.type_keys("/open al\t\r");
    bob.wait_for_row("11 more from alice");
    bob.wait_for_row("alice -> bob: number 1009");
    bob.wait_for_prompt("bob to alice>");
    let expected: Vec<u32> = (0..1010).collect();
    assert_eq!(numbers(&bob.screen.rows(), "alice -> bob: number "), expected);
    let live = bob.screen.rows().iter().filter(|row| row.contains("bob: live")).count();
    assert_eq!(live, 1);
    bob.type_keys("an answer\r");
    alice.expect("D … bob alice an answer");
    bob.type_keys("/passwd\r");
    for (prompt, password) in [
        ("old password:", password_of("bob")),
        ("new password:", "another one".to_string()),
        ("the new password again:", "another one".to_string()),
    ] {
        bob.wait_for_prompt(prompt);
        bob.type_keys(&format!("{password}\r"));
    }
    bob.wait_for_row("the password is changed");
    let shown = String::from_utf8_lossy(&bob.everything);
    assert!(!shown.contains("another one") && !shown.contains(&password_of("bob")));
    bob.type_keys("/ex\r");
    assert_eq!(bob.wait_for_end(), Some(0));
}
