//! Who is there, and what one can ask: WHO, NICK, HELP, and the notices 120 and 121.

mod support;

use support::{Server, captures};

#[test]
fn who_lists_everyone_online_with_number_and_display_name() {
    let mut server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let _stranger = server.connect();
    bob.ask("C NICK Bob the Builder 中", "C 250 NICK…");
    let mut items = alice.list("C WHO");
    items.sort();
    let expected = [
        format!("alice {} … - alice", alice.number()),
        format!("bob {} … - Bob the Builder 中", bob.number()),
    ];
    assert_eq!(items.len(), expected.len(), "{items:?}");
    for (item, pattern) in items.iter().zip(&expected) {
        let since = captures(pattern, item).unwrap_or_else(|| panic!("{item}")).remove(0);
        assert!(since.parse::<u64>().is_ok(), "{item}");
    }
    // The display name is kept with the account.
    server.restart();
    let mut bob = server.login("bob");
    let number = bob.number();
    let item = bob.list("C WHO").remove(0);
    assert!(captures(&format!("bob {number} … - Bob the Builder 中"), &item).is_some(), "{item}");
}

#[test]
fn a_display_name_that_deceives_is_refused() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let (longest, long) = ("中".repeat(64), "中".repeat(65));
    let bad = ["", " ", "a\u{202e}b", "a\u{2066}b", "a\u{200b}b", "a\u{feff}b", "a\tb", &long];
    for name in bad {
        alice.ask(&format!("C NICK {name}"), "C 501 NICK …");
    }
    alice.ask(&format!("C NICK {longest}"), "C 250 NICK…");
    assert!(alice.list("C WHO")[0].ends_with(&longest));
}

#[test]
fn help_lists_the_verbs() {
    let server = Server::start(&[]);
    let items = server.register("alice").list("C HELP");
    for verb in
        ["USER", "PM", "DM", "WHO", "NICK", "QUIET", "LS", "GET", "SUM", "ABORT", "HELP", "EX"]
    {
        let found = items.iter().filter(|item| item.split(' ').next() == Some(verb)).count();
        assert_eq!(found, 1, "{verb} in {items:#?}");
    }
}

#[test]
fn commands_that_stand_alone_take_no_words() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    for verb in ["PM", "DM", "WHO", "HELP", "EX"] {
        alice.ask(&format!("C {verb} now"), &format!("C 501 {verb} …"));
    }
    alice.expect_nothing();
}

#[test]
fn who_comes_and_goes_is_told_to_the_others() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    alice.watch_presence();
    let bob = server.register("bob");
    let number = bob.number();
    alice.expect(&format!("C 120 ON bob {number}"));
    bob.leave();
    alice.expect(&format!("C 121 OFF bob {number}"));
    server.log().wait_for("reason=goodbye");

    server.login("bob").end_input();
    alice.expect(&format!("C 120 ON bob {number}"));
    alice.expect(&format!("C 121 OFF bob {number}"));

    server.login("bob").reset();
    alice.expect(&format!("C 120 ON bob {number}"));
    alice.expect(&format!("C 121 OFF bob {number}"));
    alice.expect_nothing();
}

#[test]
fn quiet_turns_the_notices_off_and_on() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut watcher = server.register("dave");
    alice.watch_presence();
    watcher.watch_presence();
    alice.expect("C 120 ON dave …");
    alice.ask("C QUIET maybe", "C 501 QUIET …");
    alice.ask("C QUIET", "C 501 QUIET …");
    alice.ask("C QUIET on", "C 250 QUIET…");
    drop(server.register("bob"));
    watcher.expect("C 120 ON bob …");
    watcher.expect("C 121 OFF bob …");
    alice.expect_nothing();
    alice.ask("C QUIET off", "C 250 QUIET…");
    let mut bob = server.login("bob");
    alice.expect("C 120 ON bob …");
    // Messages are no notices of presence.
    alice.ask("C QUIET on", "C 250 QUIET…");
    bob.ask("D * hello", "C 250 MSG … * 2 0");
    alice.expect("D … bob * hello");
}

#[test]
fn above_the_presence_limit_nobody_is_told() {
    let server = Server::start(&["--presence-limit", "2"]);
    let mut alice = server.register("alice");
    alice.watch_presence();
    let mut bob = server.register("bob");
    alice.expect("C 120 ON bob …");
    bob.watch_presence();
    let carol = server.register("carol");
    let _dave = server.register("dave");
    alice.expect_nothing();
    bob.expect_nothing();
    carol.leave();
    alice.expect_nothing();
}
