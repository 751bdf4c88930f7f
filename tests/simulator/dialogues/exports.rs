//! Exports: all that is a user's own, as a file.

use chatsrv::hub::config::Config;

use super::people::{play_among_two, play_among_two_with};
use crate::dialogue::config;

#[test]
fn an_export_is_sent_to_its_owner_alone_and_once_a_day() {
    play_among_two(
        "alice > C EXPORT
         alice < C 250 EXPORT ...
         alice < C 124 FILE 1700000000000000 alice alice 90 export-alice-2023-11-14.jsonl
         alice > C EXPORT
         alice < C 450 EXPORT 86400 once a day
         bob > C GET 0 @1700000000000000
         bob < C 550 GET @1700000000000000
         bob > C EXPORT
         bob < C 250 EXPORT ...
         bob < C 124 FILE _ bob bob 90 export-bob-2023-11-14.jsonl
         alice > C OPEN alice 9
         alice < C 150 OPEN 1
         alice < C 124 FILE 1700000000000000 alice alice 90 export-alice-2023-11-14.jsonl
         alice < C 250 OPEN alice 0
         wait 86399s
         alice > C EXPORT
         alice < C 450 EXPORT 1 once a day
         wait 1s
         alice > C EXPORT
         alice < C 250 EXPORT ...
         alice < C 124 FILE _ alice alice 90 export-alice-2023-11-15.jsonl
         wait 518399s
         alice > C OPEN alice 9
         alice < C 150 OPEN 2
         alice < C 124 FILE _ alice alice 90 export-alice-2023-11-14.jsonl
         alice < C 124 FILE _ alice alice 90 export-alice-2023-11-15.jsonl
         alice < C 250 OPEN alice 0
         wait 3601s
         alice > C OPEN alice 9
         alice < C 150 OPEN 1
         alice < C 124 FILE _ alice alice 90 export-alice-2023-11-15.jsonl
         alice < C 250 OPEN alice 0
         alice > C GET 0 @1700000000000000
         alice < C 550 GET @1700000000000000",
    );
}

#[test]
fn a_day_holds_over_a_restart_and_what_was_confirmed_is_made_again() {
    play_among_two(
        "store holds
         alice > C EXPORT
         store has 1 jobs
         alice > C QUIET off
         store answers first
         alice < C 250 EXPORT ...
         alice < C 250 QUIET ...
         store answers first
         store answers first
         server crashes
         store works
         wait 1ms
         alice logs in
         alice > C OPEN alice 9
         alice < C 150 OPEN 1
         alice < C 124 FILE _ alice alice 90 export-alice-2023-11-14.jsonl
         alice < C 250 OPEN alice 0
         alice > C EXPORT
         alice < C 450 EXPORT _ once a day
         server crashes
         alice logs in
         alice > C EXPORT
         alice < C 450 EXPORT _ once a day",
    );
}

#[test]
fn an_export_that_was_sent_when_the_server_stopped_is_not_sent_again() {
    play_among_two(
        "store holds
         alice > C EXPORT
         store answers first
         alice < C 250 EXPORT ...
         store answers first
         store answers first
         store answers first
         store answers first
         store answers first
         store answers first
         store answers first
         store answers first
         store answers first
         store has 1 jobs
         server crashes after 1 jobs
         store works
         wait 1ms
         alice logs in
         alice > C OPEN alice 9
         alice < C 150 OPEN 1
         alice < C 124 FILE _ alice alice 90 export-alice-2023-11-14.jsonl
         alice < C 250 OPEN alice 0",
    );
}

#[test]
fn an_export_for_which_there_is_no_room_may_be_asked_for_again() {
    play_among_two(
        "store holds
         alice > C EXPORT
         store answers first no-room
         alice < C 452 EXPORT ...
         alice > C EXPORT
         store answers first
         alice < C 250 EXPORT ...
         store answers first
         alice > C EXPORT
         alice < C 450 EXPORT 86400 once a day
         store answers first no-room
         wait 1ms
         store answers first
         store has 0 jobs
         store works
         alice > C EXPORT
         alice < C 250 EXPORT ...
         alice < C 124 FILE _ alice alice 90 export-alice-2023-11-14.jsonl",
    );
}

#[test]
fn what_fails_is_tried_again_and_given_up_in_the_end() {
    play_among_two(
        "store holds
         alice > C EXPORT
         store answers first
         alice < C 250 EXPORT ...
         store answers first busy
         store has 0 jobs
         wait 1s
         store answers first
         store answers first failed
         wait 60s
         store answers first failed
         wait 60s
         store answers first failed
         wait 60s
         store answers first failed
         wait 60s
         store answers first failed
         wait 1ms
         store answers first failed
         store has 0 jobs
         wait 60s
         store answers first
         store works
         alice > C EXPORT
         alice < C 250 EXPORT ...
         alice < C 124 FILE _ alice alice 90 export-alice-2023-11-14.jsonl",
    );
}

#[test]
fn the_export_of_a_user_who_is_removed_goes() {
    play_among_two(
        "op logs in locally
         alice > C EXPORT
         alice < C 250 EXPORT ...
         alice < C 124 FILE _ alice alice 90 export-alice-2023-11-14.jsonl
         store holds
         bob > C EXPORT
         store answers first
         bob < C 250 EXPORT ...
         store answers first
         op > C REMOVE bob
         op > C REMOVE alice
         store answers last
         bob < C 421 - the account was removed
         bob closed account-removed
         alice < C 121 OFF bob 10002
         op < C 121 OFF bob 10002
         op < C 250 REMOVE ...
         store works
         alice < C 421 - the account was removed
         op < C 121 OFF alice 10001
         op < C 250 REMOVE ...
         wait 1ms
         op > C DUMP
         op < C 150 DUMP 1
         op < C 151 DUMP figure 7
         op < C 250 DUMP all",
    );
}

#[test]
fn the_operator_has_nothing_and_where_nothing_is_kept_there_is_nothing() {
    play_among_two(
        "op logs in locally
         op > C EXPORT
         op < C 503 EXPORT ...",
    );
    let config = Config { keep_messages: false, ..config() };
    play_among_two_with(
        config,
        "alice > C EXPORT
         alice < C 503 EXPORT ...",
    );
}

#[test]
fn an_export_waits_for_a_file_of_the_same_chat() {
    play_among_two(
        "alice > C SENDFILE alice 1 x
         alice < C 250 SENDFILE 1 0
         store holds
         alice sends 1 x
         alice sends 1
         alice > C EXPORT
         store answers last
         alice < C 250 EXPORT ...
         store answers last
         store answers last
         store answers last
         store answers last
         store answers last
         store answers last
         store answers last
         store answers last
         store answers last
         store has 2 jobs
         store answers first
         store answers first
         store has 1 jobs
         store works
         alice < C 126 SENDFILE 1 1 @1700000000000000
         alice < C 124 FILE 1700000000000001 alice alice 90 export-alice-2023-11-14.jsonl",
    );
}
