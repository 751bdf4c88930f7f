//! Final replies come in the order of the requests, whatever takes how long.

use super::login::with_bob;
use crate::dialogue::{config, play_with};

const BOB: &str = "bob logs in with secret
    store holds
    ";

fn play_as_bob(script: &str) {
    play_with(config(), with_bob(), &format!("{BOB}{script}"));
}

#[test]
fn what_is_ready_waits_for_what_is_not() {
    play_as_bob(
        "bob > C SUM small
         bob > C QUIET on
         bob > C NICK Robert
         bob > D bob hello
         store has 2 jobs
         store answers last
         store answers last
         store answers last
         store answers first
         bob < C 250 SUM ...
         bob < C 250 QUIET ...
         bob < C 250 NICK ...
         bob < C 250 MSG _ Bob 0 0",
    );
}

#[test]
fn streams_are_numbered_in_the_order_of_their_replies() {
    play_as_bob(
        "bob > C GET 0 small
         bob > C GET 0 empty
         store answers last
         store answers first
         bob < C 250 GET 1 11 small
         bob < C 250 GET 2 0 empty",
    );
}

#[test]
fn a_snapshot_is_of_the_time_of_its_request() {
    play_as_bob(
        "bob > C SUM small
         bob > C WHO
         eve connects
         eve > C USER eve
         eve < C 332 ...
         eve > D x
         store answers last
         store answers last
         eve < C 150 UNREAD 0
         eve < C 230 ...
         bob < C 120 ON eve _
         store answers first
         bob < C 250 SUM ...
         bob < C 150 WHO 1
         bob < C 151 WHO Bob 10417 _ - Bob
         bob < C 250 WHO ...",
    );
}

#[test]
fn who_shows_the_name_that_was_chosen_just_before() {
    play_as_bob(
        "bob > C NICK Robert
         bob > C WHO
         store has 1 jobs
         store answers first
         bob < C 250 NICK ...
         bob < C 150 WHO 1
         bob < C 151 WHO Bob 10417 _ - Robert
         bob < C 250 WHO ...
         bob > C NICK Rob
         bob breaks
         store works
         again logs in as bob with secret
         again > C WHO
         again < C 150 WHO 1
         again < C 151 WHO Bob 10417 _ - Rob
         again < C 250 WHO ...",
    );
}

#[test]
fn abort_finds_the_download_that_was_asked_for_just_before() {
    play_as_bob(
        "bob > C GET 0 small
         bob > C ABORT 1
         bob > C ABORT 2
         store answers first
         bob < C 250 GET 1 11 small
         bob < C 250 ABORT ...
         bob < C 550 ABORT ...
         bob > C SUM small
         bob > C QUIET on
         bob > C ABORT 7
         bob > C GET 0 small
         store answers last
         store answers first
         bob < C 250 SUM ...
         bob < C 250 QUIET ...
         bob < C 550 ABORT ...
         bob < C 250 GET 2 11 small
         store holds
         bob > C SUM small
         bob > C ABORT 2
         store answers first
         bob < C 250 SUM ...
         bob < C 250 ABORT ...",
    );
}

#[test]
fn one_list_waits_at_a_time() {
    play_as_bob(
        "bob > C LS
         bob > C LS
         store has 1 jobs
         store answers first
         bob < C 150 LS 3
         bob < C 151 ...
         bob < C 151 ...
         bob < C 151 ...
         bob < C 250 LS ...
         store answers first
         bob < C 150 LS 3
         bob < C 151 ...
         bob < C 151 ...
         bob < C 151 ...
         bob < C 250 LS ...
         bob > C UNREAD
         bob > C UNREAD
         store has 1 jobs
         store answers first
         bob < C 150 UNREAD 0
         bob < C 250 UNREAD ...
         store answers first
         bob < C 150 UNREAD 0
         bob < C 250 UNREAD ...
         bob > C SUM small
         bob > C LS
         bob > C GROUPS
         bob > C UNREAD
         store has 2 jobs
         store answers last
         store has 1 jobs
         store answers first
         bob < C 250 SUM ...
         bob < C 150 LS 3
         bob < C 151 ...
         bob < C 151 ...
         bob < C 151 ...
         bob < C 250 LS ...
         bob < C 150 GROUPS 0
         bob < C 250 GROUPS ...
         store answers first
         bob < C 150 UNREAD 0
         bob < C 250 UNREAD ...",
    );
}

#[test]
fn ex_and_the_end_of_the_input_wait_for_the_answers() {
    play_as_bob(
        "bob > C SUM small
         bob > C EX
         bob > C HELP
         store answers first
         bob < C 250 SUM ...
         bob < C 221 EX goodbye
         bob closed goodbye
         store works
         again logs in as bob with secret
         store holds
         again > C SUM small
         again ends
         store answers first
         again < C 250 SUM ...
         again closed peer-closed",
    );
}

#[test]
fn with_too_many_answers_waiting_nothing_is_read() {
    let mut script = "bob > C SUM small\n".repeat(66);
    script += "bob > C QUIET on
               store has 64 jobs
               store answers last
               store has 63 jobs
               store answers first
               bob < C 250 SUM ...
               store has 63 jobs\n";
    script += &"store answers first\nbob < C 250 SUM ...\n".repeat(62);
    script += "bob < C 250 SUM ...
               store answers first
               bob < C 250 SUM ...
               store answers first
               bob < C 250 SUM ...
               bob < C 250 QUIET ...";
    play_as_bob(&script);
}
