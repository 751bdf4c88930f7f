//! A client whose connection is lost while its user goes on elsewhere.

use crate::folder;
use crate::person::Person;
use crate::relay::Relay;
use crate::support::{Client, Random, Server, password_of};

/// Bob at a terminal behind a relay, beside whatever other sessions he has.
fn bob_behind(relay: &Relay, folder: &std::path::Path) -> Person {
    let args = ["--beside", "127.0.0.1", &relay.port(), "bob"];
    let mut bob = Person::sit_down_with(&args, folder, 80);
    bob.wait_for_prompt("password:");
    bob.type_keys(&format!("{}\r", password_of("bob")));
    bob.wait_for_prompt("bob>");
    bob
}

/// Another session of bob.
fn bob_elsewhere(server: &Server) -> Client {
    let mut elsewhere = server.connect();
    elsewhere.login_beside("bob");
    elsewhere
}

/// Says something, whatever is told meanwhile; returns its id.
fn say(client: &mut Client, line: &str) -> String {
    client.send(line);
    loop {
        let line = client.line();
        if let Some(words) = line.strip_prefix("C 250 MSG ") {
            return words.split(' ').next().unwrap().to_string();
        }
    }
}

fn cut(relay: &Relay, bob: &mut Person) {
    relay.cut();
    bob.wait_for_row("offline, trying");
}

#[test]
fn what_was_said_and_read_elsewhere_meanwhile_is_shown_once_and_nothing_is_left_out() {
    let (server, folder) = (Server::start(&[]), folder());
    server.register("bob").leave();
    let mut alice = server.register("alice");
    alice.ask("D bob before", "C 251 MSG …");
    let relay = Relay::before(&server);
    let mut bob = bob_behind(&relay, folder.path());
    bob.wait_for_row("1 unread from alice; /open alice");
    let mut elsewhere = bob_elsewhere(&server);
    say(&mut alice, "D bob number 1");
    bob.wait_for_row("alice -> bob: number 1");
    say(&mut elsewhere, "D alice number 2");
    bob.wait_for_row("bob -> alice: number 2");
    bob.type_keys("/msg alice number 3\r");
    bob.wait_for_row("bob -> alice: number 3");
    cut(&relay, &mut bob);
    say(&mut alice, "D bob number 4");
    let said = say(&mut elsewhere, "D alice number 5");
    say(&mut alice, "D * number 6");
    say(&mut elsewhere, "D * number 7");
    say(&mut elsewhere, "D bob number 8");
    // Bob reads everything of alice elsewhere, and what waited before he came too.
    elsewhere.send(&format!("C SEEN alice {said}"));
    bob.type_keys("/msg alice number 9\r");
    bob.wait_for_row("kept to be sent to alice: number 9");
    relay.mend();
    bob.wait_for_row("— up to now —");
    bob.wait_for_row("bob -> alice: number 9");
    say(&mut alice, "D bob number 10");
    bob.wait_for_row("alice -> bob: number 10");
    let numbers = |bob: &Person| -> Vec<u32> {
        let rows = bob.screen.rows();
        let said = rows.iter().filter(|row| row.contains(" -> ") && !row.contains("kept to be"));
        said.filter_map(|row| row.split_once(": number ")?.1.parse().ok()).collect()
    };
    // What was kept to be sent goes before the rest is fetched, and is shown behind it.
    assert_eq!(numbers(&bob), (1..=10).collect::<Vec<_>>(), "{}", bob.screen.rows().join("\n"));
    bob.type_keys("/open alice\r");
    bob.wait_for_row("nothing is unread from alice");
    // Once more: nothing of it comes again.
    cut(&relay, &mut bob);
    relay.mend();
    bob.wait_until("the second time", |screen| {
        screen.rows().iter().filter(|row| *row == "online again").count() == 2
    });
    say(&mut alice, "D bob number 11");
    bob.wait_for_row("alice -> bob: number 11");
    assert_eq!(numbers(&bob), (1..=11).collect::<Vec<_>>(), "{}", bob.screen.rows().join("\n"));
}

#[test]
fn however_often_the_connection_is_cut_every_line_is_shown_once() {
    // Each wait before the next attempt may be twice as long.
    const CUTS: usize = 3;
    let mut random = Random::new();
    let (server, folder) = (Server::start(&[]), folder());
    server.register("bob").leave();
    let mut alice = server.register("alice");
    let relay = Relay::before(&server);
    let mut bob = bob_behind(&relay, folder.path());
    let mut elsewhere = bob_elsewhere(&server);
    // Without its token the client would ask for the password again. It asks for the token first.
    bob.type_keys("/list\r");
    bob.wait_for_row("online: 2");
    let mut count = 0;
    for cuts in 0..=CUTS {
        let cut_at = random.below(12);
        for at in 0..12 {
            if at == cut_at && cuts < CUTS {
                relay.cut();
            }
            count += 1;
            match random.below(5) {
                0 => drop(say(&mut alice, &format!("D bob number {count}"))),
                1 => drop(say(&mut alice, &format!("D * number {count}"))),
                2 => drop(say(&mut elsewhere, &format!("D alice number {count}"))),
                3 => drop(say(&mut elsewhere, &format!("D * number {count}"))),
                _ => bob.type_keys(&format!("/msg alice number {count}\r")),
            }
        }
        relay.mend();
        // What was typed is confirmed, and what was said before it is shown.
        bob.type_keys(&format!("/msg alice behind cut {cuts}\r"));
        bob.wait_for_row(&format!("bob -> alice: behind cut {cuts}"));
    }
    say(&mut alice, "D bob the last one");
    bob.wait_for_row("alice -> bob: the last one");
    let rows = bob.screen.rows();
    let is_said = |row: &&String| row.contains(" -> ") && !row.starts_with("bob> ");
    let said = rows.iter().filter(is_said).filter(|row| !row.contains("kept to be"));
    let mut numbers: Vec<usize> =
        said.filter_map(|row| row.split_once(": number ")?.1.parse().ok()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>(), "{}", rows.join("\n"));
}

#[test]
fn who_was_up_takes_calls_again_unless_another_session_does_now() {
    let (server, folder) = (Server::start(&[]), folder());
    server.register("bob").leave();
    let relay = Relay::before(&server);
    let mut bob = bob_behind(&relay, folder.path());
    let mut elsewhere = bob_elsewhere(&server);
    let mut is_up = || elsewhere.list("C WHO").iter().any(|line| line.contains("127.0.0.1:"));
    bob.type_keys("/up\r");
    bob.wait_for_row("direct chats are taken on port");
    assert!(is_up());
    cut(&relay, &mut bob);
    relay.mend();
    bob.wait_for_row("online again");
    // It says so in its turn, before it answers to what is typed.
    bob.type_keys("/list\r");
    bob.wait_for_row("online: 1");
    assert!(is_up());
    cut(&relay, &mut bob);
    elsewhere.ask("C UP 5000", "C 250 UP 5000 …");
    relay.mend();
    bob.wait_for_row("another session of yours takes the direct chats now");
    elsewhere.ask("C ALIVE", "C 250 ALIVE 5000");
    // Where it is told in the session itself, it does not take them back either.
    bob.type_keys("/up\r");
    bob.wait_until("to be up again", |screen| {
        screen.rows().iter().filter(|row| row.starts_with("direct chats are taken")).count() == 2
    });
    elsewhere.ask("C ALIVE", "C 553 ALIVE …");
}

#[test]
fn short_runs_leave_no_token_behind() {
    let (server, folder) = (Server::start(&[]), folder());
    server.register("bob").leave();
    let relay = Relay::before(&server);
    let mut bob = bob_behind(&relay, folder.path());
    for _ in 0..3 {
        let mut again = bob_behind(&relay, folder.path());
        again.type_keys("EX\r");
        assert_eq!(again.wait_for_end(), Some(0));
    }
    bob.type_keys("/sessions\r/list\r");
    bob.wait_for_row("online: 1");
    let rows = bob.screen.rows();
    let devices = rows.iter().filter(|row| row.contains("since") && row.contains("used")).count();
    assert_eq!(devices, 1, "{}", rows.join("\n"));
    // The one that is there comes back all the same.
    cut(&relay, &mut bob);
    relay.mend();
    bob.wait_for_row("online again");
}
