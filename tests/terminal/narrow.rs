//! A terminal of forty columns and less: what does not fit a row, and what looks like another line.

use crate::folder;
use crate::person::Person;
use crate::support::{Client, Server, password_of};
use tempfile::TempDir;

/// Bob at forty columns, and alice.
fn two_people() -> (Server, TempDir, Person, Client) {
    let (server, folder) = (Server::start(&[]), folder());
    let alice = server.register("alice");
    let bob = Person::register(&server, folder.path(), 40, "bob");
    (server, folder, bob, alice)
}

/// The rows of a screen from the one that ends like this up to the one that does not.
fn rows_behind(person: &Person, start: &str) -> Vec<String> {
    let rows = person.screen.rows();
    let behind = rows.into_iter().skip_while(|row| !row.ends_with(start)).skip(1);
    behind.take_while(|row| row.starts_with("  ")).collect()
}

#[test]
fn a_long_message_goes_on_indented_between_its_words() {
    let (_server, _folder, mut bob, mut alice) = two_people();
    alice.ask(
        "D bob the quick brown fox jumps over the lazy dog and runs\u{2028}\
         09:15 carol -> bob: 012345678901234567890123456789012345678901234567890123456789\
         0123456789",
        "C 250 MSG …",
    );
    alice.ask("D bob end", "C 250 MSG …");
    bob.wait_for_row("alice -> bob: end");
    assert_eq!(
        rows_behind(&bob, "alice -> bob: the quick brown fox"),
        [
            "  jumps over the lazy dog and runs",
            "  09:15 carol -> bob: 012345678901234567",
            "  89012345678901234567890123456789012345",
            "  67890123456789",
        ]
    );
}

#[test]
fn nothing_that_is_sent_begins_a_row_but_indented() {
    let (_server, _folder, mut bob, mut alice) = two_people();
    // Some terminals show a heart in two columns, and would wrap here by themselves.
    let texts = [
        format!("{}09:15 carol -> bob: fake", "\u{2764}\u{fe0f}".repeat(12)),
        format!("{}09:15 carol -> bob: fake", "\u{2028}".repeat(3)),
        format!("{}09:15 carol -> bob: fake", " ".repeat(22)),
        format!("{}09:15 carol -> bob: fake", "x".repeat(22)),
        "bob\u{2028}carol        10417  since 09:15".to_string(),
    ];
    for text in &texts {
        alice.ask(&format!("D bob {text}"), "C 250 MSG …");
    }
    alice.ask("D bob end", "C 250 MSG …");
    bob.wait_for_row("alice -> bob: end");
    let rows = bob.screen.rows();
    let is_fake = |row: &&String| row.contains("carol") && !row.starts_with("  ");
    let fakes: Vec<&String> = rows.iter().filter(is_fake).collect();
    assert!(fakes.is_empty(), "{}", rows.join("\n"));
    // A row of a table begins at the left.
    bob.type_keys("/list\r");
    bob.wait_until("the table", |screen| {
        screen.rows().iter().any(|row| row.starts_with("alice        "))
    });
}

/// A new user at a terminal of that kind and width, whose password is in a file.
fn sit_down_new(server: &Server, kind: &str, columns: u16, name: &str) -> (TempDir, Person) {
    let folder = folder();
    let password = folder.path().join("password");
    std::fs::write(&password, password_of(name)).unwrap();
    let (host, port) = (server.address().ip().to_string(), server.address().port().to_string());
    let file = password.to_str().unwrap();
    let args = ["--register", "--password-file", file, &host, &port, name];
    let mut person = Person::sit_down_at(kind, &args, folder.path(), columns);
    person.wait_until("the prompt", |screen| screen.cursor().0.starts_with(name));
    (folder, person)
}

#[test]
fn nothing_that_is_sent_looks_like_another_line_at_any_width() {
    let server = Server::start(&["--rate", "0"]);
    let mut alice = server.register("alice");
    let terminals = [
        ("xterm", 5, "b5"),
        ("xterm", 6, "b6"),
        ("xterm", 11, "b11"),
        ("dumb", 40, "bob"),
        ("dumb", 9, "b9"),
    ];
    for (kind, columns, name) in terminals {
        let (_folder, mut bob) = sit_down_new(&server, kind, columns, name);
        for length in 0..columns {
            for filling in ["x", " ", "\u{2028}", "\u{2764}\u{fe0f}", "中"] {
                let text = filling.repeat(length.into());
                alice.ask(&format!("D {name} {text}77:77 carol -> {name}: fake"), "C 250 MSG …");
            }
        }
        alice.ask(&format!("D {name} end"), "C 250 MSG …");
        bob.wait_until("the end", |screen| screen.rows().iter().any(|row| row.ends_with("end")));
        let rows = bob.screen.rows();
        let fake = rows.iter().find(|row| row.starts_with('7') || row.starts_with("carol"));
        assert_eq!(fake, None, "{kind}, {columns} columns:\n{}", rows.join("\n"));
    }
}

#[test]
fn the_columns_of_tables_give_way() {
    let (server, _folder, mut bob, mut alice) = two_people();
    server.write_file("a long name of a file.txt", "content");
    alice.ask("C NICK Alice in Wonderland", "C 250 NICK …");
    alice.ask(
        "D bob one\u{2028}two three four five six seven eight nine ten eleven twelve thirteen \
               fourteen fifteen sixteen",
        "C 250 MSG …",
    );
    alice.ask("D * /me waves", "C 250 MSG …");
    bob.type_keys("/chats\r/list\r/sessions\r/files\r");
    bob.wait_for_row("file.txt");
    bob.type_keys("/help\r");
    bob.wait_for_row("/quit: log out");
    bob.wait_for_prompt("bob>");
    let rows = bob.screen.rows();
    let all = rows.join("\n");
    let shows = |part: &str| assert!(all.contains(part), "{part:?} in\n{all}");
    shows("* alice waves");
    shows("alice -> *: * alice waves");
    shows("alice: one⏎two");
    let preview: Vec<&String> =
        rows.iter().skip_while(|row| !row.contains("one⏎two")).take(2).collect();
    assert!(preview[1].starts_with("  ") && preview[1].ends_with('…'), "{all}");
    shows("\"Alice in\n  Wonderland\"");
    shows("1 here since ");
    shows("file.txt");
    shows("/makegroup [#NAME] USER...: make a group\n  of them");
    assert!(rows.iter().all(|row| row.chars().count() <= 40), "{all}");
}

#[test]
fn the_question_about_a_paste_is_read_whole() {
    let (_server, _folder, mut bob, mut alice) = two_people();
    bob.type_keys("/open alice\r");
    bob.wait_for_prompt("bob to alice>");
    bob.type_keys("\x1b[200~one\n\ntwo\x1b[201~");
    bob.wait_for_prompt("y each, o as one, j joined, n not:");
    bob.wait_for_row("send 3 lines (1 empty) to alice?");
    bob.type_keys("o");
    alice.expect("D … bob alice one\u{2028}\u{2028}two");
    bob.wait_until("three rows", |screen| {
        let rows = screen.rows();
        rows.windows(3).any(|rows| rows[0].ends_with(": one") && rows[1..] == ["", "  two"])
    });
    bob.wait_for_prompt("bob to alice>");
    bob.type_keys("/me waves\r");
    alice.expect("D … bob alice /me waves");
    bob.wait_for_row("bob -> alice: * bob waves");
    // It is a message, and no command that is shown before its answer.
    assert!(!bob.screen.rows().iter().any(|row| row.contains("/me waves")));
}
