//! What one user tells of oneself within a minute, and what the others are told once it is over.

use chatsrv::hub::config::Config;

use super::people::{play_among_two, play_among_two_with};
use crate::dialogue::config;

/// Bob is told who comes, goes and is away.
const BOB_LISTENS: &str = "bob > C MORE on
    bob < C 250 MORE ...
    bob > C QUIET off
    bob < C 250 QUIET ...
    ";

/// Alice is away and back, so often, and bob is told each time.
fn away_and_back(times: usize) -> String {
    let once = "alice > C AWAY at lunch
        alice < C 250 AWAY ...
        bob < C 137 AWAY alice at lunch
        alice > C AWAY
        alice < C 250 AWAY ...
        bob < C 137 AWAY alice
        ";
    once.repeat(times)
}

/// Alice goes and comes, so often, and bob is told each time.
fn gone_and_back(times: usize) -> String {
    let once = "alice breaks
        bob < C 121 OFF alice 10001
        alice logs in
        bob < C 120 ON alice 10001
        ";
    once.repeat(times)
}

#[test]
fn the_last_of_many_changes_is_told_when_the_minute_is_over() {
    let script = "alice > C AWAY at sea
        alice < C 250 AWAY ...
        bob > C WHOIS alice
        bob < C 150 WHOIS 5
        bob < C 151 WHOIS name alice
        bob < C 151 WHOIS number 10001
        bob < C 151 WHOIS display alice
        bob < C 151 WHOIS since _
        bob < C 151 WHOIS away at sea
        bob < C 250 WHOIS ...
        wait 59999ms
        alice > C AWAY at home
        alice < C 250 AWAY ...
        wait 1ms
        bob < C 137 AWAY alice at home
        alice > C AWAY
        alice < C 250 AWAY ...
        bob < C 137 AWAY alice
        wait 60000ms";
    play_among_two(&format!("{BOB_LISTENS}{}{script}", away_and_back(10)));
}

#[test]
fn what_is_as_it_was_told_last_is_not_told_again() {
    let script = "alice > C AWAY at sea
        alice < C 250 AWAY ...
        alice breaks
        alice logs in
        alice > C AWAY
        alice < C 250 AWAY ...
        wait 60000ms
        alice > C AWAY at sea
        alice < C 250 AWAY ...
        bob < C 137 AWAY alice at sea";
    play_among_two(&format!("{BOB_LISTENS}{}{script}", away_and_back(10)));
}

#[test]
fn who_comes_and_goes_too_often_is_told_of_when_the_minute_is_over() {
    let script = "alice breaks
        alice logs in
        wait 60000ms
        ";
    let gone = "alice breaks
        alice logs in
        alice breaks
        wait 60000ms
        bob < C 121 OFF alice 10001
        alice logs in
        bob < C 120 ON alice 10001
        wait 60000ms";
    let often = gone_and_back(10);
    play_among_two(&format!("{BOB_LISTENS}{often}{script}{often}{gone}"));
}

#[test]
fn all_that_changed_is_told_of_who_is_back() {
    let script = "alice breaks
        bob < C 121 OFF alice 10001
        alice logs in
        alice > C AWAY at lunch
        alice < C 250 AWAY ...
        alice > C NICK Alice
        alice < C 250 NICK ...
        alice > C NICK The Queen
        alice < C 250 NICK ...
        wait 60000ms
        bob < C 120 ON alice 10001
        bob < C 137 AWAY alice at lunch
        bob < C 138 NICK alice The Queen
        wait 60000ms";
    // Nineteen, and one of going.
    let often = gone_and_back(9);
    let once = "alice > C NICK Alice
        alice < C 250 NICK ...
        bob < C 138 NICK alice Alice
        ";
    play_among_two(&format!("{BOB_LISTENS}{often}{once}{script}"));
}

#[test]
fn who_said_it_is_not_told_later_either() {
    let script = "alice > C MORE on
        alice < C 250 MORE ...
        phone connects
        phone > C USER alice BESIDE
        phone < C 331 USER alice ...
        phone > D x
        phone < C 150 UNREAD 0
        phone < C 230 ...
        alice > C AWAY at lunch
        alice < C 250 AWAY ...
        phone > C AWAY at sea
        phone < C 250 AWAY ...
        alice > C NICK Alice
        alice < C 250 NICK ...
        wait 60000ms
        bob < C 137 AWAY alice at sea
        alice < C 137 AWAY alice at sea
        bob < C 138 NICK alice Alice
        phone < C 138 NICK alice Alice";
    play_among_two(&format!("{BOB_LISTENS}{}{script}", away_and_back(10)));
}

#[test]
fn who_monitors_is_told_no_more_than_others() {
    let monitors = "bob > C MONITOR alice on
        bob < C 250 MONITOR ...
        ";
    let script = "alice breaks
        wait 60000ms
        bob < C 121 OFF alice 10001";
    let config = Config { presence_limit: 0, ..config() };
    play_among_two_with(config, &format!("{monitors}{}{script}", gone_and_back(10)));
}

#[test]
fn without_rates_all_is_told_at_once() {
    let config = Config { bounds_rates: false, ..config() };
    play_among_two_with(config, &format!("{BOB_LISTENS}{}wait 60000ms", away_and_back(30)));
}

#[test]
fn a_restart_begins_anew() {
    let script = "alice > C AWAY at sea
        alice < C 250 AWAY ...
        server crashes
        bob logs in
        alice logs in
        bob < C 120 ON alice 10001
        bob > C MORE on
        bob < C 250 MORE ...
        wait 60000ms";
    play_among_two(&format!("{BOB_LISTENS}{}{script}", away_and_back(10)));
}
