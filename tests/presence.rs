//! Who is there, and what one can ask: WHO, NICK, HELP, and the notices 120 and 121.

mod support;

use support::{Client, Server, captures};

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
fn who_is_away_or_renamed_is_told_to_those_who_asked_for_more() {
    let server = Server::start(&[]);
    let (mut alice, mut bob, mut carol) =
        (server.register("alice"), server.register("bob"), server.register("carol"));
    bob.ask("C MORE on", "C 250 MORE…");
    alice.ask("C AWAY at lunch", "C 250 AWAY…");
    bob.expect("C 137 AWAY alice at lunch");
    let mut phone = server.connect();
    phone.ask("C USER alice BESIDE", "C 331 USER alice …");
    phone.give_password("alice");
    bob.expect("C 137 AWAY alice");
    phone.ask("C AWAY at sea", "C 250 AWAY…");
    bob.expect("C 137 AWAY alice at sea");
    alice.ask("C NICK Alice Doe", "C 250 NICK…");
    bob.expect("C 138 NICK alice Alice Doe");
    phone.expect("C 138 NICK alice Alice Doe");
    alice.ask(&format!("C AWAY {}", "x".repeat(201)), "C 501 AWAY…");
    bob.ask("C QUIET on", "C 250 QUIET…");
    alice.ask("C AWAY", "C 250 AWAY…");
    alice.expect_nothing();
    bob.expect_nothing();
    carol.expect_nothing();
}

#[test]
fn one_user_causes_so_many_notices_a_minute() {
    let server = Server::start(&["--rate", "100"]);
    let mut alice = server.register("alice");
    alice.ask("C MORE on", "C 250 MORE…");
    let (mut bob, mut carol) = (server.register("bob"), server.register("carol"));
    // His coming was the first.
    for at in 1..20 {
        bob.ask(&format!("C AWAY at lunch, {at}"), "C 250 AWAY…");
        alice.expect(&format!("C 137 AWAY bob at lunch, {at}"));
    }
    bob.ask("C AWAY at sea", "C 250 AWAY…");
    bob.ask("C NICK Bob the Builder", "C 250 NICK…");
    carol.ask("C AWAY at home", "C 250 AWAY…");
    alice.expect("C 137 AWAY carol at home");
    let items = alice.list("C WHOIS bob");
    assert!(items.contains(&"away at sea".to_owned()), "{items:?}");
    assert!(items.contains(&"display Bob the Builder".to_owned()), "{items:?}");
    bob.leave();
    alice.expect_nothing();
    assert_eq!(alice.list("C WHO").len(), 2);
}

#[test]
fn a_session_monitors_users_whatever_others_are_told() {
    let server = Server::start(&["--presence-limit", "1"]);
    let mut alice = server.register("alice");
    alice.watch_presence();
    let bob = server.register("bob");
    alice.ask("C MONITOR bob on", "C 250 MONITOR…");
    alice.ask("C MONITOR nobody on", "C 550 MONITOR…");
    alice.ask("C MONITOR bob", "C 501 MONITOR…");
    alice.ask("C QUIET on", "C 250 QUIET…");
    bob.leave();
    alice.expect("C 121 OFF bob …");
    let mut bob = server.login("bob");
    alice.expect("C 120 ON bob …");
    // Only who asked for more knows of those who are away.
    bob.ask("C AWAY at lunch", "C 250 AWAY…");
    alice.ask("C MORE on", "C 250 MORE…");
    bob.ask("C AWAY at sea", "C 250 AWAY…");
    alice.expect("C 137 AWAY bob at sea");
    alice.ask("C MONITOR bob off", "C 250 MONITOR…");
    bob.leave();
    alice.expect_nothing();
}

#[test]
fn whois_tells_others_a_part_and_oneself_and_administrators_all() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = (server.register("alice"), server.register("bob"));
    alice.ask("C NICK Alice Doe", "C 250 NICK…");
    alice.ask("C TOKEN", "C 250 TOKEN …");
    alice.ask("C MKGROUP #tea alice", "C 250 MKGROUP #tea 1");
    alice.ask("C PUT 0 empty", "C 250 PUT 1 0");
    alice.send_bytes(b"F 1 0\n");
    alice.expect("C 126 PUT 1 0 empty");
    alice.ask("C AWAY at lunch", "C 250 AWAY…");
    let number = alice.number();
    let short = [
        "name alice".to_owned(),
        format!("number {number}"),
        "display Alice Doe".to_owned(),
        "since …".to_owned(),
        "away at lunch".to_owned(),
    ];
    let whole = [
        "created …",
        "last-seen -",
        "last-address 127.0.0.1",
        "address 127.0.0.1",
        "tls -",
        "sessions 1",
        "tokens 1",
        "files 1",
        "bytes 4096",
        "groups 1",
        "banned off",
        "muted off",
        "reports 0",
    ];
    let is = |items: Vec<String>, expected: Vec<&str>| {
        assert_eq!(items.len(), expected.len(), "{items:?}");
        for (item, pattern) in items.iter().zip(expected) {
            assert!(captures(pattern, item).is_some(), "{item} is no {pattern}");
        }
    };
    let all = || short.iter().map(String::as_str).chain(whole).collect();
    is(bob.list("C WHOIS alice"), short.iter().map(String::as_str).collect());
    is(alice.list("C WHOIS alice"), all());
    let mut operator = Client::operator(&server);
    operator.expect("C 150 UNREAD 0");
    operator.expect("C 230 USER operator 1 …");
    is(operator.list(&format!("C WHOIS {number}")), all());
    alice.leave();
    let seen = operator.list("C WHOIS alice").swap_remove(6);
    assert!(captures("last-seen …", &seen).is_some_and(|seen| seen[0].parse::<u64>().is_ok()));
    bob.ask("C WHOIS nobody", "C 550 WHOIS…");
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
