//! Tokens, and the change of a password.

use super::people::{alice_and_bob, play_among_two};
use crate::dialogue::{config, play_with};

#[test]
fn a_token_logs_in_and_takes_over() {
    play_among_two(
        "alice > C TOKEN
         alice < C 250 TOKEN token1
         again connects
         again > C RESUME alice token1
         alice < C 421 - ...
         alice closed taken-over
         again < C 150 UNREAD 0
         again < C 230 RESUME alice 10001 welcome
         again > C RESUME alice token1
         again < C 503 RESUME ...
         again > C EX
         again < C 221 ...
         once connects
         once > C RESUME ALICE token1
         once < C 150 UNREAD 0
         once < C 230 RESUME alice 10001 welcome
         server crashes
         more connects
         more > C RESUME alice token1
         more < C 150 UNREAD 0
         more < C 230 RESUME alice 10001 welcome
         store holds
         more > C TOKEN
         store answers first busy
         more < C 450 TOKEN ...",
    );
}

#[test]
fn a_token_that_is_not_good_counts_like_a_wrong_password() {
    play_among_two(
        "alice > C TOKEN
         alice < C 250 TOKEN token1
         eve connects
         eve > C RESUME bob token1
         eve < C 535 RESUME ...
         eve > C RESUME 9a token1
         eve < C 535 RESUME ...
         eve > C RESUME alice
         eve < C 501 RESUME ...
         eve > C RESUME nobody token1
         eve > C HELP
         wait 249ms
         wait 1ms
         eve < C 535 RESUME ...
         eve < C 421 - ...
         eve closed wrong-password",
    );
}

#[test]
fn a_token_is_checked_before_anything_else_is_read() {
    let script = "alice logs in
         alice > C TOKEN
         alice < C 250 TOKEN token1
         alice > C EX
         alice < C 221 ...
         store holds
         again connects
         again > C RESUME alice token1
         again > D * hello
         store has 1 jobs
         store answers first busy
         again < C 450 RESUME 5 ...
         again < C 530 MSG ...
         again > C RESUME alice token1
         again > C UNREAD
         store answers first
         store answers first
         again < C 150 UNREAD 0
         again < C 230 RESUME ...
         store answers first
         again < C 150 UNREAD 0
         again < C 250 UNREAD ...";
    play_with(config(), alice_and_bob(), script);
}

#[test]
fn a_new_password_takes_the_place_of_the_old_one_and_ends_the_tokens() {
    play_among_two(
        "alice > C TOKEN
         alice < C 250 TOKEN token1
         alice > C PASSWD
         alice < C 354 PASSWD send the old password
         alice > D x
         alice < C 354 PASSWD send the new password
         alice > D y
         alice < C 250 PASSWD ...
         alice > D bob and on we go
         bob < D _ alice bob and on we go
         alice < C 250 MSG _ bob 1 0
         alice > C EX
         alice < C 221 ...
         again connects
         again > C RESUME alice token1
         again < C 535 RESUME ...
         again > C USER alice
         again < C 331 ...
         again > D y
         again < C 150 UNREAD 0
         again < C 230 ...",
    );
}

#[test]
fn what_is_asked_for_behind_a_new_password_waits_for_it() {
    let script = "alice > C PASSWD
         alice < C 354 PASSWD ...
         alice > D x
         alice < C 354 PASSWD ...
         store holds
         alice > D y
         alice > C TOKEN
         alice > C PASSWD
         store has 1 jobs
         store answers last
         alice < C 250 PASSWD ...
         store answers last
         alice < C 250 TOKEN token1
         alice < C 354 PASSWD ...
         alice > D y
         alice > D z
         alice > C PASSWD
         alice > D z
         store answers last
         alice < C 354 PASSWD ...
         store answers last
         alice < C 250 PASSWD ...
         alice < C 354 PASSWD ...
         store answers last
         alice < C 354 PASSWD ...
         alice > C EX
         alice < C 221 ...
         store works
         again connects
         again > C RESUME alice token1
         again < C 535 ...
         alice logs in with z
         alice > C TOKEN
         alice < C 250 TOKEN token2
         alice > C PASSWD
         alice < C 354 PASSWD ...
         alice > D z
         alice < C 354 PASSWD ...
         store holds
         alice > D x
         alice > C TOKEN
         store answers last
         alice < C 250 PASSWD ...
         store works
         alice < C 250 TOKEN token3
         again > C RESUME alice token3
         alice < C 421 ...
         again < C 150 UNREAD 0
         again < C 230 ...";
    play_among_two(script);
}

#[test]
fn a_password_is_changed_step_by_step_or_not_at_all() {
    let long = "x".repeat(1025);
    play_among_two(&format!(
        "alice > C PASSWD
         alice < C 354 PASSWD ...
         alice > C QUIET on
         alice < C 250 QUIET ...
         alice > D x y
         alice < C 550 MSG ...
         alice > C PASSWD
         alice < C 354 PASSWD ...
         alice > D x
         alice < C 354 PASSWD ...
         alice > C SEEN bob 1
         alice < C 250 SEEN ...
         alice > C QUIET on
         alice < C 250 QUIET ...
         alice > D y x
         alice < C 550 MSG ...
         alice > C PASSWD
         alice < C 354 PASSWD ...
         alice > D a\u{7}b
         alice < C 501 PASSWD ...
         alice > C PASSWD
         alice < C 354 PASSWD ...
         alice > D
         alice < C 501 PASSWD ...
         alice > C PASSWD
         alice < C 354 PASSWD ...
         alice > D x
         alice < C 354 PASSWD ...
         alice > D {long}
         alice < C 501 PASSWD ...
         store holds
         alice > C PASSWD
         alice < C 354 PASSWD ...
         alice > D x
         alice > C QUIET off
         store answers first busy
         alice < C 450 PASSWD 5 ...
         alice < C 250 QUIET ...
         alice > C PASSWD
         alice < C 354 PASSWD ...
         alice > D x
         store answers first
         alice < C 354 PASSWD ...
         alice > D y
         alice > C QUIET off
         store answers first no-room
         alice < C 452 PASSWD ...
         alice < C 250 QUIET ..."
    ));
}

#[test]
fn the_third_wrong_old_password_ends_the_connection() {
    play_among_two(
        "alice > C PASSWD
         alice < C 354 PASSWD ...
         alice > D wrong
         alice < C 535 PASSWD wrong password
         alice > C PASSWD
         alice < C 354 PASSWD ...
         alice > D wrong
         alice < C 535 PASSWD ...
         alice > C PASSWD
         alice < C 354 PASSWD ...
         store holds
         alice > C SUM small
         alice > C PASSWD
         alice > D wrong
         store answers last
         store answers first
         alice < C 250 SUM ...
         alice < C 354 PASSWD ...
         alice < C 535 PASSWD ...
         alice < C 421 - too many wrong passwords
         alice closed wrong-password",
    );
}
