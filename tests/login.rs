//! Logging in and registering: section 4 of chatsrv-protocol(7).

mod support;

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Instant;

use support::{Client, Server, captures, password_of};

#[test]
fn a_new_user_registers_and_a_known_one_logs_in() {
    let server = Server::start(&[]);
    let mut alice = server.connect();
    alice.dialogue(
        r"> C USER alice
          < C 332 USER alice …
          > D correct horse
          < C 150 UNREAD 0
          < C 230 USER alice … welcome
          > C EX
          < C 221 …",
    );
    alice.expect_end();
    server.connect().dialogue(
        r"> C USER alice
          < C 331 USER alice …
          > D correct horse
          < C 150 UNREAD 0
          < C 230 USER alice … welcome",
    );
}

#[test]
fn a_number_is_permanent_and_has_five_digits() {
    let mut server = Server::start(&[]);
    let numbers: Vec<u32> = ["alice", "bob"].map(|name| server.register(name).number()).to_vec();
    assert!(numbers.iter().all(|number| (10_000..=65_535).contains(number)), "{numbers:?}");
    assert_ne!(numbers[0], numbers[1]);
    server.restart();
    assert_eq!(server.login("alice").number(), numbers[0]);
    assert_eq!(server.login("bob").number(), numbers[1]);
}

#[test]
fn accounts_outlive_a_crash() {
    let mut server = Server::start(&[]);
    let number = server.register("alice").number();
    server.crash_and_restart();
    assert_eq!(server.login("alice").number(), number);
}

#[test]
fn who_was_welcomed_before_a_crash_is_known_after_it() {
    const COUNT: usize = 40;
    let mut server = Server::start(&[]);
    let mut clients: Vec<Client> = (0..COUNT).map(|_| server.connect()).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        client.send_bytes(format!("C USER user{index}\nD {}\n", password_of("user")).as_bytes());
    }
    // The crash comes while some of them still wait.
    let welcomed: Vec<String> = clients[..COUNT / 2]
        .iter_mut()
        .enumerate()
        .map(|(index, client)| {
            client.dialogue("< C 332 USER …\n< C 150 UNREAD 0");
            client.expect(&format!("C 230 USER user{index} … welcome")).remove(0)
        })
        .collect();
    server.crash_and_restart();
    for (index, number) in welcomed.iter().enumerate() {
        let mut client = server.connect();
        client.ask(&format!("C USER user{index}"), "C 331 USER …");
        client.ask(&format!("D {}", password_of("user")), "C 150 UNREAD 0");
        client.expect(&format!("C 230 USER user{index} {number} welcome"));
    }
}

#[test]
fn of_many_takeovers_at_once_one_session_stays() {
    // As many as may try one name at a time.
    const COUNT: usize = 10;
    let server = Server::start(&[]);
    let mut bob = server.register("bob");
    server.register("alice").leave();
    bob.watch_presence();
    bob.expect("C 120 ON alice …");
    bob.expect("C 121 OFF alice …");
    let mut clients: Vec<Client> = (0..COUNT).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send("C USER alice TAKEOVER");
        client.send(&format!("D {}", password_of("alice")));
    }
    // Whoever is replaced while what is unread is counted hears of nothing else.
    let replaced = |line: &str| line.starts_with("C 421 - ");
    let mut lines = Vec::new();
    clients.retain_mut(|client| {
        client.expect("C 331 USER alice …");
        let line = client.line();
        if replaced(&line) {
            lines.push(line);
            return false;
        }
        assert_eq!(line, "C 150 UNREAD 0");
        client.expect("C 230 USER alice …");
        true
    });
    bob.expect("C 120 ON alice …");
    bob.ask("D alice who are you?", "C 250 MSG … alice 1 0");
    lines.extend(clients.iter_mut().map(Client::line));
    let ended = lines.iter().filter(|line| replaced(line)).count();
    let heard = lines.iter().filter(|line| line.ends_with(" bob alice who are you?")).count();
    assert_eq!((ended, heard), (COUNT - 1, 1), "{lines:#?}");
    bob.expect_nothing();
}

#[test]
fn only_some_names_are_allowed() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let long = "x".repeat(33);
    let bad = [
        "4lice", "_alice", ".alice", "-a", "*", "#a", "12345", "al!ce", "al/ice", "zoë", "аlice",
        "operator", "OPERATOR", "Operator", &long,
    ];
    for name in bad {
        client.ask(&format!("C USER {name}"), "C 553 USER …");
    }
    let longest = "x".repeat(32);
    for name in ["a", "Z", "a0_.-", &longest] {
        client.ask(&format!("C USER {name}"), &format!("C 332 USER {name} …"));
    }
    for line in ["C USER", "C USER ", "C USER alice PLEASE", "C USER alice TAKEOVER now"] {
        client.ask(line, "C 501 USER …");
    }
}

#[test]
fn names_that_differ_in_case_alone_are_one() {
    let server = Server::start(&[]);
    let number = server.register("Alice").number();
    let mut again = server.connect();
    again.ask("C USER aLICE", "C 331 USER …");
    again.send(&format!("D {}", password_of("Alice")));
    again.expect("C 150 UNREAD 0");
    again.expect(&format!("C 230 USER … {number} welcome"));
}

#[test]
fn a_password_counts_as_it_was_typed() {
    let server = Server::start(&[]);
    server.connect().dialogue(
        r"> C USER alice
          < C 332 USER alice …
          > D  two  spaces and a ü
          < C 150 UNREAD 0
          < C 230 USER alice …
          > C EX
          < C 221 …",
    );
    server.connect().dialogue(
        r"> C USER alice
          < C 331 USER alice …
          > D two spaces and a ü
          < C 535 USER …
          > C USER alice
          < C 331 USER alice …
          > D  two  spaces and a ü
          < C 150 UNREAD 0
          < C 230 USER alice …",
    );
}

#[test]
fn an_empty_password_makes_no_account() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.ask("C USER alice", "C 332 USER …");
    client.ask("D ", "C 501 USER …");
    client.ask("C USER alice", "C 332 USER …");
}

#[test]
fn the_third_wrong_password_ends_the_connection() {
    let server = Server::start(&[]);
    server.register("alice");
    let mut mallory = server.connect();
    for _ in 0..2 {
        mallory.ask("C USER alice", "C 331 USER alice …");
        mallory.ask("D wrong", "C 535 USER …");
        // The password is asked for anew: what follows is no second guess.
        mallory.ask("D wrong too", "C 530 …");
    }
    mallory.ask("C USER alice", "C 331 USER alice …");
    mallory.ask("D wrong", "C 535 USER …");
    mallory.expect_closing("C 421 - …");
    server.log().wait_for("reason=wrong-password");
}

#[test]
fn guessing_on_is_slowed_down() {
    let server = Server::start(&[]);
    server.register("alice");
    server.register("bob");
    // Many connections at once get no more tries than one.
    let mut guesses = Vec::new();
    let refused = (0..50).find_map(|_| {
        let mut mallory = server.connect();
        mallory.send("C USER alice");
        let line = mallory.line();
        if let Some(seconds) = captures("C 450 USER … …", &line) {
            return Some((mallory, seconds[0].clone()));
        }
        assert!(line.starts_with("C 331 USER alice "), "{line}");
        mallory.send("D wrong");
        guesses.push(mallory);
        None
    });
    let (mut mallory, seconds) = refused.expect("fifty wrong passwords, and none is slowed down");
    assert!(seconds.parse::<u32>().is_ok_and(|seconds| seconds > 0), "{seconds}");
    // It starts again with USER, on the same connection, and another name is free to log in.
    mallory.login("bob");
}

#[test]
fn who_is_logged_in_already_is_told_so_after_the_right_password() {
    let server = Server::start(&[]);
    let mut first = server.register("alice");
    let mut second = server.connect();
    second.ask("C USER alice", "C 331 USER alice …");
    second.ask("D wrong", "C 535 USER …");
    second.ask("C USER alice", "C 331 USER alice …");
    second.send(&format!("D {}", password_of("alice")));
    second.expect_closing("C 431 USER …");
    first.expect_nothing();
    assert_eq!(first.list("C WHO").len(), 1);
}

#[test]
fn a_takeover_ends_the_old_session_and_tells_nobody() {
    let server = Server::start(&[]);
    let old = server.register("alice");
    let mut bob = server.register("bob");
    bob.watch_presence();
    let mut new = server.connect();
    new.ask("C USER alice TAKEOVER", "C 331 USER alice …");
    new.give_password("alice");
    assert_eq!(new.number(), old.number());
    old.expect_closing("C 421 - …");
    bob.expect_nothing();
    bob.ask("D alice hello", "C 250 MSG … alice 1 0");
    new.expect("D … bob alice hello");
    server.log().wait_for("reason=taken-over");
}

#[test]
fn a_takeover_needs_the_password() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    let mut mallory = server.connect();
    mallory.ask("C USER alice TAKEOVER", "C 331 USER alice …");
    mallory.ask("D wrong", "C 535 USER …");
    alice.expect_nothing();
}

#[test]
fn a_takeover_without_a_session_is_a_login() {
    let server = Server::start(&[]);
    let mut bob = server.register("bob");
    let number = server.register("alice").number();
    bob.watch_presence();
    bob.expect(&format!("C 120 ON alice {number}"));
    bob.expect(&format!("C 121 OFF alice {number}"));
    let mut alice = server.connect();
    alice.ask("C USER alice TAKEOVER", "C 331 USER alice …");
    alice.give_password("alice");
    bob.expect(&format!("C 120 ON alice {number}"));
}

#[test]
fn a_server_with_closed_registration_does_not_tell_who_is_known() {
    let mut server = Server::start(&[]);
    server.register("alice");
    server.restart_with(&["--registration", "closed"]);
    let mut stranger = server.connect();
    stranger.ask("C USER nobody", "C 331 USER nobody …");
    stranger.ask("D a password", "C 535 USER …");
    stranger.ask("C USER alice", "C 331 USER alice …");
    stranger.ask("D a password", "C 535 USER …");
    stranger.login("alice");
}

#[test]
fn who_does_not_log_in_in_time_is_closed() {
    let server = Server::start(&["--login-timeout", "4s"]);
    let mut alice = server.register("alice");
    let silent = server.connect();
    let mut halfway = server.connect();
    halfway.ask("C USER bob", "C 332 USER bob …");
    silent.expect_closing("C 421 - …");
    halfway.expect_closing("C 421 - …");
    // The timeout of alice's connection went by before theirs.
    alice.expect_nothing();
    server.log().wait_for_count("reason=login-timeout", 2);
}

#[test]
fn before_the_login_little_is_allowed() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let verbs = ["WHO", "PM", "DM", "LS", "NICK Al", "QUIET on", "SUM a", "ABORT 1", "GET 0 a"];
    for verb in verbs {
        let word = verb.split(' ').next().unwrap();
        client.ask(&format!("C {verb}"), &format!("C 530 {word} …"));
    }
    client.ask("D * hello", "C 530 …");
    client.ask("D", "C 530 …");
    client.ask("C NOPE", "C 500 - …");
    assert!(!client.list("C HELP").is_empty());
    client.leave();
}

#[test]
fn user_comes_once() {
    let server = Server::start(&[]);
    let mut alice = server.register("alice");
    alice.ask("C USER alice", "C 503 USER …");
    alice.ask("C USER bob", "C 503 USER …");
    alice.ask("C USER bob TAKEOVER", "C 503 USER …");
    alice.expect_nothing();
}

#[test]
fn another_command_drops_the_password_that_is_awaited() {
    let server = Server::start(&[]);
    server.register("alice");
    let mut client = server.connect();
    client.ask("C USER alice", "C 331 USER alice …");
    client.ask("C USER bob", "C 332 USER bob …");
    client.ask("C WHO", "C 530 WHO …");
    client.ask("D a password", "C 530 …");
    client.ask("C USER bob", "C 332 USER bob …");
    // A line that is no frame leaves it standing.
    client.ask("what?", "C 500 - …");
    client.give_password("bob");
}

#[test]
fn nobody_hears_anything_before_the_login() {
    let server = Server::start(&[]);
    let mut stranger = server.connect();
    let mut halfway = server.connect();
    halfway.ask("C USER bob", "C 332 USER bob …");
    stranger.watch_presence();
    halfway.watch_presence();
    let mut alice = server.register("alice");
    alice.ask("D * anybody there?", "C 250 MSG … * 0 0");
    stranger.expect_nothing();
    halfway.expect_nothing();
}

#[test]
fn of_two_who_choose_one_name_one_gets_it() {
    let server = Server::start(&[]);
    let mut clients = [server.connect(), server.connect()];
    for client in &mut clients {
        client.ask("C USER alice", "C 332 USER alice …");
    }
    for (index, client) in clients.iter_mut().enumerate() {
        client.send(&format!("D password {index}"));
    }
    let answers = clients.each_mut().map(|client| client.line());
    let winner = answers.iter().position(|line| line == "C 150 UNREAD 0").expect("one gets it");
    assert!(answers[1 - winner].starts_with("C 553 USER "), "{answers:?}");
    clients[winner].expect("C 230 USER alice … welcome");
    // Only the winner's password counts.
    let loser = &mut clients[1 - winner];
    loser.ask("C USER alice", "C 331 USER alice …");
    loser.ask(&format!("D password {}", 1 - winner), "C 535 USER …");
    loser.ask("C USER alice", "C 331 USER alice …");
    loser.ask(&format!("D password {winner}"), "C 431 USER …");
}

#[test]
fn many_register_at_once() {
    const COUNT: usize = 100;
    let server = Server::start(&[]);
    let mut clients: Vec<Client> = (0..COUNT).map(|_| server.connect()).collect();
    let mut numbers = HashSet::new();
    let mut waiting: Vec<usize> = (0..COUNT).collect();
    while !waiting.is_empty() {
        for index in &waiting {
            clients[*index].send(&format!("C USER user{index}"));
            clients[*index].send(&format!("D {}", password_of("user")));
        }
        // Who meets a full queue of passwords is told to come again.
        waiting.retain(|index| {
            let client = &mut clients[*index];
            client.expect(&format!("C 332 USER user{index} …"));
            if client.line().starts_with("C 450 USER ") {
                return true;
            }
            numbers.extend(client.expect(&format!("C 230 USER user{index} … welcome")));
            false
        });
    }
    assert_eq!(numbers.len(), COUNT, "two accounts have one number");
    let online = clients[0].list("C WHO");
    let listed: HashSet<String> = online
        .iter()
        .map(|item| item.split(' ').nth(1).expect("a name and a number").to_owned())
        .collect();
    assert_eq!(listed, numbers);
}

#[test]
fn a_password_stands_nowhere_in_clear() {
    const PASSWORD: &str = "Tr0ub4dor-and-3-more-words";
    const WRONG: &str = "a-wrong-guess-that-nobody-keeps";
    let mut server = Server::start(&["--log", "trace"]);
    let mut alice = server.connect();
    alice.ask("C USER alice", "C 332 USER …");
    alice.ask(&format!("D {PASSWORD}"), "C 150 UNREAD 0");
    let mut mallory = server.connect();
    mallory.ask("C USER alice", "C 331 USER …");
    mallory.ask(&format!("D {WRONG}"), "C 535 USER …");
    for secret in [PASSWORD, WRONG] {
        assert_eq!(files_that_hold(&server.data(), secret), Vec::<String>::new());
    }
    assert!(server.stop().success());
    let log = server.log().wait_for_end().join("\n");
    for secret in [PASSWORD, WRONG] {
        assert_eq!(files_that_hold(&server.data(), secret), Vec::<String>::new());
        assert!(!log.contains(secret), "the log tells a password");
    }
    // The name is there, so the search does find what is there.
    assert_ne!(files_that_hold(&server.data(), "alice"), Vec::<String>::new());
}

fn files_that_hold(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files_that_hold(&entry.path(), text));
        } else if kind.is_file() {
            // What SQLite keeps for a moment may be gone by now.
            let content = fs::read(entry.path()).unwrap_or_default();
            if content.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(entry.path().display().to_string());
            }
        }
    }
    found
}

#[test]
fn nobody_waits_for_the_password_of_another() {
    // Thirty hashes at the normal cost take far longer than the few round trips beside them.
    // No confirmation waits for the disk, which might be slower.
    let server = Server::start(&["--password-cost", "normal", "--offline", "discard"]);
    let mut alice = server.register("alice");
    let mut bob = server.register("bob");
    let mut others: Vec<Client> = (0..30).map(|_| server.connect()).collect();
    for (index, other) in others.iter_mut().enumerate() {
        other.ask(&format!("C USER user{index}"), "C 332 USER …");
    }
    for other in &mut others {
        other.send("D a password");
    }
    let (talked, hashed) = thread::scope(|scope| {
        let last = scope.spawn(|| {
            for other in &mut others {
                other.line();
            }
            Instant::now()
        });
        for index in 0..5 {
            alice.ask(&format!("D bob {index}"), "C 250 MSG … bob 1 0");
            bob.expect(&format!("D … alice bob {index}"));
        }
        (Instant::now(), last.join().unwrap())
    });
    assert!(talked < hashed, "the talk had to wait for the passwords");
}
