//! UP, DOWN, ALIVE and CALL.

use std::time::Duration;

use chatsrv::hub::config::Config;

use super::people::{alice_and_bob, play_among_two};
use crate::dialogue::{config, play_with};

#[test]
fn who_is_up_stands_in_who_with_an_address() {
    play_among_two(
        "alice > C UP
         alice < C 250 UP 10001
         bob > C UP 5000
         bob < C 250 UP 5000
         bob > C WHO
         bob < C 150 WHO 2
         bob < C 151 WHO bob 10002 _ 192.0.2.1:5000 bob
         bob < C 151 WHO alice 10001 _ 192.0.2.1:10001 alice
         bob < C 250 WHO ...
         alice > C DOWN
         alice < C 250 DOWN ...
         alice > C DOWN
         alice < C 250 DOWN ...
         bob > C WHO
         bob < C 150 WHO 2
         bob < C 151 WHO bob 10002 _ 192.0.2.1:5000 bob
         bob < C 151 WHO alice 10001 _ - alice
         bob < C 250 WHO ...
         alice > C UP 80
         alice < C 501 UP ...",
    );
}

#[test]
fn who_asks_for_more_is_told_how_often_to_be_heard_of() {
    play_among_two(
        "alice > C MORE on
         alice < C 250 MORE ...
         alice > C UP 5000
         alice < C 250 UP 5000 30
         alice > C ALIVE
         alice < C 250 ALIVE 5000
         alice > C MORE off
         alice < C 250 MORE ...
         alice > C UP
         alice < C 250 UP 10001",
    );
    play_with(
        Config { alive_period: Duration::from_millis(500), ..config() },
        alice_and_bob(),
        "alice connects
         alice > C USER alice
         alice < C 331 ...
         alice > D x
         alice < C 150 UNREAD 0
         alice < C 230 ...
         alice > C MORE on
         alice < C 250 MORE ...
         alice > C UP
         alice < C 250 UP 10001 1",
    );
}

#[test]
fn an_ipv6_address_stands_in_brackets() {
    play_with(
        config(),
        alice_and_bob(),
        "alice connects from 2001:db8::7
         alice > C USER alice
         alice < C 331 ...
         alice > D x
         alice < C 150 UNREAD 0
         alice < C 230 ...
         alice > C UP
         alice < C 250 UP 10001
         alice > C WHO
         alice < C 150 WHO 1
         alice < C 151 WHO alice 10001 _ [2001:db8::7]:10001 alice
         alice < C 250 WHO ...",
    );
}

#[test]
fn two_missed_periods_end_the_up_and_not_the_session() {
    play_among_two(
        "alice > C UP
         alice < C 250 UP 10001
         wait 59999ms
         alice > C ALIVE
         alice < C 250 ALIVE 10001
         wait 40000ms
         alice > D bob any line counts
         bob < D _ alice bob any line counts
         alice < C 250 MSG ...
         wait 40000ms
         alice > C ALIVE
         alice < C 250 ALIVE 10001
         wait 60000ms
         bob > C WHO
         bob < C 150 WHO 2
         bob < C 151 WHO bob 10002 _ - bob
         bob < C 151 WHO alice 10001 _ - alice
         bob < C 250 WHO ...
         alice > C ALIVE
         alice < C 503 ALIVE ...
         alice > C UP 4000
         alice < C 250 UP 4000
         alice > C ALIVE
         alice < C 250 ALIVE 4000",
    );
}

#[test]
fn a_new_session_is_not_up() {
    play_among_two(
        "alice > C UP
         alice < C 250 UP 10001
         again connects
         again > C USER alice TAKEOVER
         again < C 331 ...
         again > D x
         alice < C 421 ...
         again < C 150 UNREAD 0
         again < C 230 ...
         again > C ALIVE
         again < C 503 ALIVE ...",
    );
}

#[test]
fn alive_leaves_standing_what_is_composed() {
    play_among_two(
        "carol connects
         carol > C ALIVE
         carol < C 503 ALIVE ...
         carol > C USER carol
         carol < C 332 ...
         carol > C ALIVE
         carol < C 503 ALIVE ...
         carol > D y
         carol < C 150 UNREAD 0
         carol < C 230 ...
         alice < C 120 ON carol _
         alice > C PM
         alice < C 354 ...
         alice > C ALIVE
         alice < C 503 ALIVE ...
         alice > C ALIVE now
         alice < C 501 ALIVE ...
         alice > D hello
         bob < D _ alice * hello
         carol < D _ alice * hello
         alice < C 250 MSG _ * 2 0",
    );
}

#[test]
fn a_call_gives_both_the_same_ticket() {
    play_among_two(
        "alice > C CALL bob
         alice < C 503 CALL ...
         bob > C UP 5000
         bob < C 250 UP 5000
         alice > C CALL 10002
         bob < C 125 CALL alice 192.0.2.1 - ticket1
         alice < C 250 CALL bob 192.0.2.1 5000 ticket1
         alice > C UP
         alice < C 250 UP 10001
         alice > C CALL bob
         bob < C 125 CALL alice 192.0.2.1 10001 ticket2
         alice < C 250 CALL bob 192.0.2.1 5000 ticket2
         alice > C CALL alice
         alice < C 503 CALL ...
         alice > C CALL nobody
         alice < C 550 CALL ...
         alice > C CALL operator
         alice < C 503 CALL ...",
    );
}

#[test]
fn who_goes_while_the_ticket_is_made_is_not_called() {
    play_among_two(
        "bob > C UP
         bob < C 250 UP 10002
         store holds
         alice > C CALL bob
         bob > C DOWN
         bob < C 250 DOWN ...
         store answers first
         alice < C 503 CALL ...
         bob > C UP
         bob < C 250 UP 10002
         alice > C CALL bob
         store answers first failed
         alice < C 450 CALL ...
         alice > C CALL bob
         alice breaks
         bob > C QUIET off
         bob < C 250 QUIET ...
         store answers first",
    );
}

#[test]
fn calls_are_bounded() {
    let call = "alice > C CALL bob
         bob < C 125 CALL ...
         alice < C 250 CALL ...
         ";
    let calls = call.repeat(10);
    play_among_two(&format!(
        "bob > C UP
         bob < C 250 UP 10002
         {calls}
         alice > C CALL bob
         alice < C 450 CALL ...
         wait 59000ms
         bob > C ALIVE
         bob < C 250 ALIVE ...
         alice > C CALL bob
         alice < C 450 CALL ...
         wait 1000ms
         {call}"
    ));
}
