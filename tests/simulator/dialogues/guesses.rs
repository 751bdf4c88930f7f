//! Guesses at passwords and tokens, and that they shut nobody out but those who guess.

use chatsrv::chat::account::Account;
use chatsrv::chat::name::Number;
use chatsrv::hub::config::Config;

use super::login::with_bob;
use crate::dialogue::{config, play_with};
use crate::store::Store;

/// Bob has been here, from a network that is not that of those who guess, and has a token.
const BOB_HAS_BEEN_HERE: &str = "bob connects from 203.0.113.7
    bob > C USER bob
    bob < C 331 ...
    bob > D secret
    bob < C 150 UNREAD 0
    bob < C 230 ...
    bob > C TOKEN
    bob < C 250 TOKEN token1
    bob > C EX
    bob < C 221 ...
    ";

/// Bob logs in with his password from the host, and leaves.
fn comes(host: &str) -> String {
    format!(
        "bob connects from {host}
         bob > C USER bob
         bob < C 331 ...
         bob > D secret
         bob < C 150 UNREAD 0
         bob < C 230 USER ...
         bob > C EX
         bob < C 221 ...\n"
    )
}

/// Bob logs in with his token from the host, and leaves.
fn comes_with_a_token(host: &str) -> String {
    format!(
        "bob connects from {host}
         bob > C RESUME bob token1
         bob < C 150 UNREAD 0
         bob < C 230 RESUME ...
         bob > C EX
         bob < C 221 ...\n"
    )
}

/// So many strangers, each from a network of its own, say a wrong password.
fn strangers_guess(count: usize, are_first: bool) -> String {
    let guesses = (0..count).map(|at| {
        let (first, later) =
            if at == 0 && are_first { ("g < C 535 ...\n", "") } else { ("", "g < C 535 ...\n") };
        format!(
            "g connects from 198.51.{at}.1
             g > C USER bob
             g < C 331 ...
             g > D wrong
             {first}wait 2000ms
             {later}g breaks\n"
        )
    });
    guesses.collect()
}

/// Strangers are told to wait.
fn strangers_have_to_wait() -> String {
    let waits = (0..4).map(|at| {
        format!(
            "g connects from 198.51.{at}.1
             g > C USER bob
             g < C 450 USER ...
             g breaks\n"
        )
    });
    waits.collect()
}

#[test]
fn an_owner_comes_in_whatever_strangers_guess() {
    let mut script = BOB_HAS_BEEN_HERE.to_owned();
    script += &strangers_guess(12, true);
    for round in 0..12 {
        script += &strangers_have_to_wait();
        // From the same network, where the last part of the address may be another one.
        script += &comes("203.0.113.200");
        // And with a token from wherever it may be.
        script += &comes_with_a_token("198.51.100.99");
        // From where bob has not been he is a stranger to those who know nothing but his name.
        script += "new connects from 192.0.2.1
            new > C USER bob
            new < C 450 USER ...
            new breaks\n";
        script += if round == 6 { "server crashes\n" } else { "" };
        script += if round == 6 { "wait 0ms\n" } else { "wait 8000ms\n" };
        script += &strangers_guess(if round == 6 { 12 } else { 1 }, round == 6);
    }
    play_with(config(), with_bob(), &script);
}

#[test]
fn where_an_owner_mistypes_on_the_owner_waits_there_and_nowhere_else() {
    let mut script = BOB_HAS_BEEN_HERE.to_owned();
    for at in 0..10 {
        script += &format!(
            "g{at} connects from 203.0.113.7
             g{at} > C USER bob
             g{at} < C 331 ...
             g{at} > D wrong\n"
        );
        script += if at == 0 { "g0 < C 535 ...\n" } else { "" };
    }
    for at in 0..10 {
        script += &format!("g{at} breaks\n");
    }
    script += "again connects from 203.0.113.7
        again > C USER bob
        again < C 450 USER 10 ...
        wait 9001ms
        again > C USER bob
        again < C 450 USER 1 ...
        again > C USER bob
        again < C 450 USER 1 ...
        again breaks\n";
    script += &comes_with_a_token("203.0.113.7");
    script += &comes("203.0.113.8");
    script += &comes("192.0.2.1");
    script += "wait 999ms\n";
    script += &comes("203.0.113.7");
    play_with(config(), with_bob(), &script);
}

#[test]
fn guesses_at_tokens_count_for_the_network_alone() {
    let mut script = BOB_HAS_BEEN_HERE.to_owned();
    for at in 0..30 {
        script += &format!("g{at} connects from 198.51.100.1\ng{at} > C RESUME bob wrong\n");
        script += if at == 0 { "g0 < C 535 RESUME ...\n" } else { "" };
    }
    for at in 0..30 {
        script += &format!("g{at} breaks\n");
    }
    script += "late connects from 198.51.100.1
        late > C RESUME bob token1
        late < C 450 RESUME 10 ...
        late > C USER other
        late < C 450 USER 10 ...
        late breaks\n";
    script += &comes_with_a_token("198.51.100.2");
    script += &comes("192.0.2.1");
    play_with(config(), with_bob(), &script);
}

#[test]
fn who_guesses_on_without_a_pause_is_told_for_how_long_to_wait() {
    let mut script = String::new();
    for (at, delay) in [0, 250, 500, 1000].into_iter().chain([2000; 7]).enumerate() {
        script += "g connects from 198.51.100.1
            g > C USER bob
            g < C 331 ...
            g > D wrong\n";
        if at > 0 {
            script += &format!("wait {}ms\nwait 1ms\n", delay - 1);
        }
        script += "g < C 535 ...\ng breaks\n";
    }
    script += "g connects from 198.51.100.1
        g > C USER bob
        g < C 450 USER 5 ...
        g > C USER bob
        g < C 450 USER 5 ...
        wait 4249ms
        g > C USER bob
        g < C 450 USER 1 ...
        wait 1ms
        g > C USER bob
        g < C 331 ...";
    play_with(config(), with_bob(), &script);
}

#[test]
fn three_hundred_guesses_at_once_from_one_address_get_thirty_tries() {
    let mut script = "store holds\n".to_owned();
    for at in 0..300 {
        script += &format!(
            "g{at} connects from 198.51.100.1
             g{at} > C RESUME u{at} guess\n"
        );
    }
    script += "store has 30 jobs\n";
    // The first is told at once, the other thirty later, and who waited for them has to wait on.
    script += "store answers first\ng0 < C 535 ...\n";
    script += &"store answers first\n".repeat(28);
    script += "store has 1 jobs\nstore answers first\n";
    for at in 30..300 {
        script += &format!("g{at} < C 450 RESUME 10 ...\n");
    }
    script += "store has 0 jobs
        wait 250ms
        g1 < C 535 ...
        wait 2000ms\n";
    for at in 2..30 {
        script += &format!("g{at} < C 535 ...\n");
    }
    script += "g30 > C RESUME u30 guess
        g30 < C 450 RESUME 8 ...
        store works\n";
    script += &comes("192.0.2.1");
    play_with(Config { bounds_rates: false, ..config() }, with_bob(), &script);
}

#[test]
fn many_who_come_at_once_from_one_address_all_come_in() {
    let mut store = Store::new();
    let mut script = "store holds\n".to_owned();
    for at in 0..45 {
        let name = format!("u{at}").parse().unwrap();
        store.add(Account { number: Number(10_001 + at), name, display: None, created: 0 }, "x");
        script += &format!(
            "u{at} connects
             u{at} > C USER u{at}
             u{at} < C 331 ...
             u{at} > D {}\n",
            if at % 9 == 8 { "wrong" } else { "x" },
        );
    }
    script += "store has 30 jobs
        u44 breaks
        store answers first busy
        u0 < C 450 USER 5 ...
        store has 30 jobs
        u0 > C USER u0
        u0 < C 331 ...
        u0 > D x
        store works\n";
    for at in (0..44).filter(|at| at % 9 != 8) {
        script += &format!("u{at} < C 150 UNREAD 0\nu{at} < C 230 ...\n");
    }
    script = script.replacen("store works\n", "store works\nu8 < C 535 ...\n", 1);
    script += "wait 1000ms\n";
    for at in [17, 26, 35] {
        script += &format!("u{at} < C 535 ...\n");
    }
    play_with(Config { presence_limit: 0, ..config() }, store, &script);
}

#[test]
fn a_guess_at_the_password_that_is_to_be_changed_counts_though_nobody_waits_for_it() {
    let mut script = BOB_HAS_BEEN_HERE.to_owned();
    for _ in 0..10 {
        script += "bob connects from 203.0.113.7
            bob > C RESUME bob token1
            bob < C 150 UNREAD 0
            bob < C 230 ...
            bob > C PASSWD
            bob < C 354 ...
            store holds
            bob > D wrong
            bob breaks
            store works
            wait 0ms\n";
    }
    script += "bob connects from 203.0.113.7
        bob > C USER bob
        bob < C 450 USER 10 ...
        bob > C RESUME bob token1
        bob < C 150 UNREAD 0
        bob < C 230 ...
        bob > C PASSWD
        bob < C 354 ...
        bob > D secret
        bob < C 450 PASSWD 10 ...
        wait 10000ms
        bob > C PASSWD
        bob < C 354 ...
        bob > D secret
        bob < C 354 ...";
    play_with(config(), with_bob(), &script);
}

#[test]
fn who_changes_a_password_waits_for_the_others_of_the_network() {
    let mut store = with_bob();
    let mut script = BOB_HAS_BEEN_HERE.to_owned();
    script += "bob connects from 192.0.2.1
        bob > C RESUME bob token1
        bob < C 150 UNREAD 0
        bob < C 230 ...
        store holds\n";
    for at in 0..31 {
        let name = format!("u{at}").parse().unwrap();
        store.add(Account { number: Number(10_001 + at), name, display: None, created: 0 }, "x");
        script += &format!(
            "u{at} connects from 192.0.2.1
             u{at} > C USER u{at}
             u{at} < C 331 ...
             u{at} > D x\n"
        );
    }
    // Nobody has failed; and what comes behind it is not taken before it.
    script += "bob > C PASSWD
        bob < C 354 ...
        bob > D secret
        bob > D newer secret
        store has 30 jobs
        store works\n";
    for at in 0..31 {
        script += &format!("u{at} < C 150 UNREAD 0\nu{at} < C 230 ...\n");
    }
    script += "bob < C 354 ...
        bob < C 250 PASSWD ...\n";
    play_with(Config { presence_limit: 0, ..config() }, store, &script);
}
