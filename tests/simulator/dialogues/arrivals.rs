//! What one network takes of logins, of new accounts, and of names without a password behind them.

use std::time::Duration;

use chatsrv::bounds::allowance::Allowance;
use chatsrv::bounds::limit::{Exempt, Limit};
use chatsrv::chat::account::Account;
use chatsrv::chat::name::Number;
use chatsrv::hub::config::{ArrivalBounds, Config};
use chatsrv::limits::{LOGINS_PER_PERIOD_MAX, NAMES_PER_PERIOD_MAX};

use super::login::with_bob;
use crate::dialogue::{config, play, play_with};
use crate::store::Store;

/// A chat in which one network registers so often in an hour, and all together so often.
fn registrations(own: u32, total: u32) -> Config {
    let limit = |most| {
        let most = Allowance::new(most, Duration::from_secs(3600));
        Limit { most, spares_loopback: true }
    };
    let exempt = Exempt(vec!["203.0.113.0/24".parse().unwrap()]);
    let (registrations, registrations_total) = (limit(own), limit(total));
    let arrivals = ArrivalBounds { registrations, registrations_total, exempt };
    Config { arrivals, ..config() }
}

/// Somebody new makes an account from the host, and leaves.
fn registers(name: &str, host: &str) -> String {
    format!(
        "{name} connects from {host}
         {name} > C USER {name}
         {name} < C 332 ...
         {name} > D secret
         {name} < C 150 UNREAD 0
         {name} < C 230 USER ...
         {name} > C EX
         {name} < C 221 ...\n"
    )
}

/// Somebody new is told to come later.
fn has_to_wait(name: &str, host: &str, seconds: u32) -> String {
    format!(
        "{name} connects from {host}
         {name} > C USER {name}
         {name} < C 450 USER {seconds} ...
         {name} breaks\n"
    )
}

#[test]
fn one_network_makes_so_many_accounts_and_then_one_in_each_interval() {
    let mut script = registers("alice", "198.51.100.1") + &registers("carol", "198.51.100.1");
    // Half an hour, of which nobody is told more than a quarter.
    script += &has_to_wait("dave", "198.51.100.1", 900);
    script += &registers("erin", "198.51.100.2");
    for (at, host) in ["127.0.0.1", "203.0.113.9"].iter().enumerate() {
        for turn in 0..4 {
            script += &registers(&format!("u{at}{turn}"), host);
        }
    }
    // Whoever has an account is not new.
    script += "bob connects from 198.51.100.1
        bob > C USER bob
        bob < C 331 ...
        bob > D secret
        bob < C 150 UNREAD 0
        bob < C 230 USER ...
        bob > C EX
        bob < C 221 ...
        wait 1790000ms\n";
    script += &has_to_wait("dave", "198.51.100.1", 10);
    script += "wait 10000ms\n";
    script += &registers("dave", "198.51.100.1");
    script += &has_to_wait("frank", "198.51.100.1", 900);
    play_with(registrations(2, 1000), with_bob(), &script);
}

#[test]
fn all_networks_together_make_only_so_many_accounts() {
    let mut script = String::new();
    for at in 0..3 {
        script += &registers(&format!("u{at}"), &format!("198.51.100.{at}"));
    }
    script += &has_to_wait("alice", "198.51.100.9", 900);
    script += &registers("carol", "203.0.113.9");
    script += &registers("dave", "127.0.0.1");
    script += "wait 1200000ms\n";
    script += &registers("alice", "198.51.100.9");
    play_with(registrations(2, 3), Store::new(), &script);
}

#[test]
fn an_account_that_was_not_made_does_not_count() {
    let mut script = registers("alice", "198.51.100.1");
    for _ in 0..5 {
        script += "store holds
            carol connects from 198.51.100.1
            carol > C USER carol
            carol < C 332 ...
            carol > D secret
            store answers first busy
            carol < C 450 USER 5 ...
            carol breaks
            store works\n";
    }
    script += &registers("carol", "198.51.100.1");
    script += &has_to_wait("dave", "198.51.100.1", 900);
    play_with(registrations(2, 1000), Store::new(), &script);
}

#[test]
fn whoever_is_asked_for_a_password_may_still_be_too_late() {
    let mut script = registers("alice", "198.51.100.1");
    for name in ["carol", "dave"] {
        script += &format!(
            "{name} connects from 198.51.100.1
             {name} > C USER {name}
             {name} < C 332 ...\n"
        );
    }
    script += "carol > D secret
        carol < C 150 UNREAD 0
        carol < C 230 USER ...
        carol > C EX
        carol < C 221 ...
        dave > D secret
        dave < C 450 USER 900 ...
        dave > D secret
        dave < C 530 ...
        wait 1800000ms
        dave > C USER dave
        dave < C 332 ...
        dave > D secret
        dave < C 150 UNREAD 0
        dave < C 230 USER ...\n";
    play_with(registrations(2, 1000), Store::new(), &script);
}

/// Somebody asks for so many names over one connection, of which the last does not count yet.
fn asks(who: &str, host: &str, count: u32) -> String {
    let mut script = format!("{who} connects from {host}\n");
    for at in 0..count {
        script += &match at % 3 {
            0 => format!("{who} > C USER bob\n{who} < C 331 ...\n"),
            1 => format!("{who} > C USER n{at}\n{who} < C 332 ...\n"),
            _ => format!("{who} > C USER ,\n{who} < C 553 ...\n"),
        };
    }
    script
}

#[test]
fn names_without_a_password_behind_them_count() {
    let mut script = asks("g", "198.51.100.1", NAMES_PER_PERIOD_MAX);
    script += "g > C USER bob
        g < C 450 USER 1 ...
        g > C USER ,
        g < C 450 USER 1 ...
        g > C USER x
        g < C 450 USER 1 ...
        h connects from 198.51.100.1
        h > C USER bob
        h < C 450 USER 1 ...
        h > C USER ,
        h < C 450 USER 1 ...
        i connects from 198.51.100.2
        i > C USER bob
        i < C 331 ...
        i breaks
        wait 1000ms
        h > C USER bob
        h < C 331 ...
        g > C USER bob
        g < C 331 ...
        g breaks
        h > D secret
        h < C 150 UNREAD 0
        h < C 230 USER ...
        j connects from 198.51.100.1
        j > C USER bob
        j < C 450 USER 1 ...\n";
    play_with(config(), with_bob(), &script);
}

#[test]
fn names_count_when_the_connection_ends_and_with_a_password_not_at_all() {
    let mut script = String::new();
    for turn in 0..3 {
        script += &asks("g", "198.51.100.1", NAMES_PER_PERIOD_MAX / 3);
        script += match turn {
            0 => "g breaks\n",
            1 => "g > C EX\ng < C 221 ...\n",
            _ => "g > C RESUME bob nonsense\ng < C 535 ...\n",
        };
    }
    script += "h connects from 198.51.100.1
        h > C USER bob
        h < C 450 USER 1 ...
        wait 60000ms\n";
    // People log in and out all the time.
    for _ in 0..2 * NAMES_PER_PERIOD_MAX {
        script += "bob connects from 198.51.100.1
            bob > C USER bob
            bob < C 331 ...
            bob > D secret
            bob < C 150 UNREAD 0
            bob < C 230 USER ...
            bob > C EX
            bob < C 221 ...\n";
    }
    play_with(config(), with_bob(), &script);
}

#[test]
fn names_are_asked_for_from_this_machine_no_more_often() {
    let mut script = asks("g", "127.0.0.1", NAMES_PER_PERIOD_MAX);
    script += "g > C USER bob
        g < C 450 USER 1 ...\n";
    play_with(config(), with_bob(), &script);
    let script = asks("g", "203.0.113.9", 2 * NAMES_PER_PERIOD_MAX);
    play_with(registrations(1000, 1000), with_bob(), &script);
}

/// More users than may log in at once from one network, who all come at once.
fn all_come(host: &str) -> (Store, String) {
    let mut store = Store::new();
    let mut script = "store holds\n".to_owned();
    for at in 0..LOGINS_PER_PERIOD_MAX + 2 {
        let name = format!("u{at}").parse().unwrap();
        store.add(Account { number: Number(10_001 + at), name, display: None, created: 0 }, "x");
        script += &format!("u{at} connects from {host}\nu{at} > C RESUME u{at} x\n");
        if at == LOGINS_PER_PERIOD_MAX - 1 {
            script += "store has 30 jobs\n";
        }
    }
    (store, script)
}

#[test]
fn one_network_logs_in_so_often_at_once_and_then_twenty_times_a_second() {
    let (store, mut script) = all_come("198.51.100.1");
    let script_of_one = |line: &str| format!("u{LOGINS_PER_PERIOD_MAX} {line}\n");
    // Those who are one too many are told at once.
    let late = format!("u{LOGINS_PER_PERIOD_MAX} > C RESUME u{LOGINS_PER_PERIOD_MAX} x\n");
    let place = script.find(&late).unwrap() + late.len();
    script.insert_str(place, &script_of_one("< C 450 RESUME 1 ..."));
    script += &format!("u{} < C 450 RESUME 1 ...\n", LOGINS_PER_PERIOD_MAX + 1);
    // Another network is not held up, and neither is this one in a moment.
    script += "v connects from 198.51.100.2
        v > C RESUME u0 x
        store has 31 jobs
        wait 50ms\n";
    script += &script_of_one("> C RESUME u0 x");
    script += &format!("u{0} > C USER u{0}\nu{0} < C 331 ...\n", LOGINS_PER_PERIOD_MAX + 1);
    script += &format!("u{0} > D x\nu{0} < C 450 USER 1 ...\n", LOGINS_PER_PERIOD_MAX + 1);
    play_with(config(), store, &script);
}

#[test]
fn logins_are_as_many_as_like_to_come_over_loopback_and_without_bounds_of_rates() {
    let (store, script) = all_come("127.0.0.1");
    play_with(config(), store, &script);
    let (store, script) = all_come("198.51.100.1");
    play_with(Config { bounds_rates: false, ..config() }, store, &script);
}

#[test]
fn a_name_that_is_refused_after_the_login_does_not_count() {
    let mut script = "alice logs in\n".to_owned();
    for _ in 0..2 * NAMES_PER_PERIOD_MAX {
        script += "alice > C USER ,\nalice < C 503 ...\n";
    }
    play(&script);
}
