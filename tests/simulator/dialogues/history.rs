//! What was missed, and what was said before.

use std::time::Duration;

use chatsrv::hub::config::Config;

use super::people::{alice_and_bob, play_among_two};
use crate::dialogue::{config, play_with};

/// Alice says so many things to bob, who is offline.
fn said_to_bob(count: usize) -> String {
    (1..=count)
        .map(|at| format!("alice > D bob text {at}\nalice < C 251 MSG _ bob 0 1\n"))
        .collect()
}

/// Plays a dialogue of alice, who has said so many things to bob, where messages are kept for a
/// minute. He is offline.
fn play_with_history(count: usize, script: &str) {
    let config = Config { history: Some(Duration::from_secs(60)), ..config() };
    let said = said_to_bob(count);
    let script = format!("alice logs in\nwait 0ms\n{said}{script}");
    play_with(config, alice_and_bob(), &script);
}

#[test]
fn what_was_missed_is_counted_at_the_login_and_sent_when_the_chat_is_opened() {
    let script = format!(
        "alice logs in
         {}
         alice > D * to all
         alice < C 250 MSG _ * 0 0
         bob connects
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         bob < C 150 UNREAD 1
         bob < C 151 UNREAD alice 5 1700000000000004
         bob < C 230 USER bob 10002 welcome
         alice < C 120 ON bob 10002
         bob > C OPEN 10001
         bob < C 150 OPEN 5
         bob < D 1700000000000000 alice bob text 1
         bob < D 1700000000000001 alice bob text 2
         bob < D 1700000000000002 alice bob text 3
         bob < D 1700000000000003 alice bob text 4
         bob < D 1700000000000004 alice bob text 5
         bob < C 250 OPEN alice 0
         bob > C SEEN Alice 1700000000000002
         bob < C 250 SEEN alice 1700000000000002
         bob > C SEEN alice 1700000000000001
         bob < C 250 SEEN alice 1700000000000002
         bob > D alice my own is not unread
         alice < D _ bob alice my own is not unread
         bob < C 250 MSG _ alice 1 0
         bob > C UNREAD
         bob < C 150 UNREAD 1
         bob < C 151 UNREAD alice 2 1700000000000004
         bob < C 250 UNREAD ...
         bob > C SEEN alice 18446744073709551615
         bob < C 250 SEEN alice 1700000000000006
         bob > C OPEN alice
         bob < C 150 OPEN 0
         bob < C 250 OPEN alice 0
         bob > C SEEN * 1
         bob < C 250 SEEN * 1
         bob > C SEEN nobody 1
         bob < C 550 SEEN ...",
        said_to_bob(5)
    );
    play_with(config(), alice_and_bob(), &script);
}

#[test]
fn a_list_is_made_piece_by_piece_and_nothing_else_is_done_meanwhile() {
    let script = format!(
        "alice logs in
         {}
         bob connects
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         bob < C 150 UNREAD 1
         bob < C 151 UNREAD alice 4 _
         bob < C 230 ...
         alice < C 120 ...
         store holds
         bob > C OPEN alice
         bob > D alice behind the list
         bob ends
         store has 1 jobs
         store answers first
         bob < C 150 OPEN 4
         alice > D bob not inside the list
         store answers first
         bob < D _ alice bob text 1
         bob < D _ alice bob text 2
         bob < D _ alice bob text 3
         store answers first
         alice < C 250 MSG _ bob 1 0
         store has 1 jobs
         store answers first
         alice < D _ bob alice behind the list
         bob < D _ alice bob text 4
         bob < C 250 OPEN alice 0
         bob < D _ alice bob not inside the list
         store answers first
         bob < C 250 MSG _ alice 1 0
         bob closed peer-closed
         alice < C 121 OFF bob _",
        said_to_bob(4)
    );
    play_with(config(), alice_and_bob(), &script);
}

#[test]
fn a_list_comes_in_its_turn() {
    play_among_two(
        "store holds
         bob > C SUM small
         bob > C OPEN alice
         store answers last
         bob > C QUIET on
         store answers first
         bob < C 250 SUM ...
         bob < C 150 OPEN 0
         bob < C 250 OPEN alice 0
         bob < C 250 QUIET ...
         store works
         alice > D bob hello
         bob < D _ alice bob hello
         alice < C 250 ...
         store holds
         bob > C SUM small
         bob > C OPEN alice
         store answers last
         bob > C QUIET on
         store answers first
         bob < C 250 SUM ...
         bob < C 150 OPEN 1
         store answers first
         bob < D _ alice bob hello
         bob < C 250 OPEN alice 0
         bob < C 250 QUIET ...",
    );
}

#[test]
fn a_list_that_cannot_be_read_to_its_end_ends_the_connection() {
    for outcome in ["failed", "busy"] {
        play_among_two(&format!(
            "alice > D bob hello
             bob < D _ alice bob hello
             alice < C 250 MSG _ bob 1 0
             store holds
             bob > C OPEN alice
             store answers first {outcome}
             bob < C 450 OPEN ...
             bob > C OPEN alice
             store answers first
             bob < C 150 OPEN 1
             store answers first {outcome}
             bob < C 421 - ...
             bob closed list-failed
             alice < C 121 OFF bob _"
        ));
    }
}

#[test]
fn the_last_messages_and_those_before() {
    play_among_two(
        "alice > D * one
         bob < D _ alice * one
         alice < C 250 ...
         bob > D * two
         alice < D _ bob * two
         bob < C 250 ...
         bob > D * three
         alice < D _ bob * three
         bob < C 250 ...
         alice > C OPEN * 2
         alice < C 150 OPEN 2
         alice < D _ bob * two
         alice < D _ bob * three
         alice < C 250 OPEN * 0
         alice > C HISTORY * 1700000000000002 1
         alice < C 150 HISTORY 1
         alice < D 1700000000000001 bob * two
         alice < C 250 HISTORY *
         alice > C HISTORY * 1700000000000002 9
         alice < C 150 HISTORY 2
         alice < D _ alice * one
         alice < D _ bob * two
         alice < C 250 HISTORY *
         alice > C HISTORY bob 18446744073709551615 9
         alice < C 150 HISTORY 0
         alice < C 250 HISTORY bob
         alice > C OPEN *
         alice < C 501 OPEN ...
         alice > C OPEN * 1001
         alice < C 501 OPEN ...
         alice > C OPEN nobody
         alice < C 550 OPEN ...
         alice > C OPEN #group
         alice < C 550 OPEN ...
         alice > C HISTORY nobody 1 1
         alice < C 550 HISTORY ...
         guest connects
         guest > C OPEN * 1
         guest < C 530 OPEN ...",
    );
}

#[test]
fn words_are_searched_in_what_one_may_read() {
    play_among_two(
        "alice > D bob red apple
         bob < D _ alice bob red apple
         alice < C 250 ...
         bob > D * red pear
         alice < D _ bob * red pear
         bob < C 250 ...
         alice > D alice red secret
         alice < C 250 ...
         bob > C SEARCH - red
         bob < C 150 SEARCH 2
         bob < D _ alice bob red apple
         bob < D _ bob * red pear
         bob < C 250 SEARCH ...
         bob > C SEARCH alice red
         bob < C 150 SEARCH 1
         bob < D _ alice bob red apple
         bob < C 250 SEARCH ...
         bob > C SEARCH alice red pear
         bob < C 150 SEARCH 0
         bob < C 250 SEARCH ...
         bob > C SEARCH nobody red
         bob < C 550 SEARCH ...
         bob > C SEARCH -
         bob < C 501 SEARCH ...",
    );
}

#[test]
fn a_search_says_where_nothing_can_be_found_and_what_is_not_indexed_yet() {
    play_among_two(
        "alice > D bob 上海 one
         bob < D _ alice bob 上海 one
         alice < C 250 ...
         bob > C SEARCH - 上海
         bob < C 150 SEARCH 1
         bob < D _ alice bob 上海 one
         bob < C 250 SEARCH these hold all the words
         bob > D alice two
         alice < D _ bob alice two
         bob < C 250 ...
         bob > D alice three
         alice < D _ bob alice three
         bob < C 250 ...
         bob > C SEARCH alice 上海
         bob < C 150 SEARCH 1
         bob < D _ alice bob 上海 one
         bob < C 250 SEARCH older messages are still being indexed
         bob > C SEARCH - four
         bob < C 150 SEARCH 0
         bob < C 250 SEARCH older messages are still being indexed
         bob > C SEARCH - ?! :-)
         bob < C 501 SEARCH that can't be found: give words or an emoji
         bob > C SEARCH - a.b.c.d.e.f.g.h.i.j.k a.b.c.d.e.f.g.h.i.j.k a.b.c.d.e.f.g.h.i.j.k
         bob < C 501 SEARCH at most 32 words",
    );
}

#[test]
fn seen_leaves_what_is_being_composed_standing() {
    play_among_two(
        "alice > C PM
         alice < C 354 ...
         alice > C SEEN bob 1
         alice < C 250 SEEN bob 0
         alice > C SEEN bob
         alice < C 501 SEEN ...
         alice > D hello everyone
         bob < D _ alice * hello everyone
         alice < C 250 MSG _ * 1 0
         alice > C PM
         alice < C 354 ...
         alice > C UNREAD
         alice < C 150 UNREAD 0
         alice < C 250 UNREAD ...
         alice > D hello everyone
         alice < C 550 MSG ...",
    );
}

#[test]
fn old_messages_are_removed_in_small_steps() {
    play_with_history(
        5,
        "store holds
         wait 3600000ms
         store has 2 jobs
         store answers last
         store answers first
         wait 199ms
         store has 0 jobs
         wait 1ms
         store has 1 jobs
         store works
         wait 200ms
         alice > D bob not old
         alice < C 251 ...
         alice > C OPEN bob 9
         alice < C 150 OPEN 1
         alice < D _ alice bob not old
         alice < C 250 OPEN bob 0",
    );
}

#[test]
fn what_a_list_has_yet_to_read_is_not_removed_before_its_time() {
    play_with_history(
        4,
        "wait 3599000ms
         store holds
         alice > C OPEN bob 9
         store answers first
         alice < C 150 OPEN 4
         store has 1 jobs
         wait 1000ms
         store has 1 jobs
         wait 200ms
         store has 1 jobs
         store answers first
         alice < D _ alice bob text 1
         alice < D _ alice bob text 2
         alice < D _ alice bob text 3
         wait 200ms
         store has 1 jobs
         store answers first
         alice < D _ alice bob text 4
         alice < C 250 OPEN bob 0
         wait 200ms
         store has 1 jobs
         store answers first
         alice > C OPEN bob 9
         store answers first
         alice < C 150 OPEN 1
         wait 600000ms
         alice < C 421 - ...
         alice closed list-failed",
    );
}

#[test]
fn lists_that_overlap_hold_a_removal_up_no_longer_than_the_first() {
    play_with_history(
        4,
        "wait 3590000ms
         bob logs in to read 1
         bob < C 151 UNREAD alice 4 _
         bob < C 230 ...
         alice < C 120 ON bob _
         wait 9000ms
         store holds
         alice > C OPEN bob 9
         store answers first
         alice < C 150 OPEN 4
         store has 1 jobs
         wait 1000ms
         store has 1 jobs
         bob > C OPEN alice
         store answers last
         bob < C 150 OPEN 0
         bob < C 250 OPEN alice 0
         store has 1 jobs
         store answers first
         alice < D _ alice bob text 1
         alice < D _ alice bob text 2
         alice < D _ alice bob text 3
         bob > C HISTORY alice 9999999999999999 9
         store answers last
         bob < C 150 HISTORY 0
         bob < C 250 HISTORY ...
         store answers first
         alice < D _ alice bob text 4
         alice < C 250 OPEN bob 0
         wait 200ms
         store has 1 jobs
         store works
         wait 200ms
         bob > C UNREAD
         bob < C 150 UNREAD 0
         bob < C 250 UNREAD ...",
    );
}

#[test]
fn a_list_that_was_chosen_before_a_removal_is_chosen_again() {
    play_with_history(
        4,
        "wait 3599000ms
         store holds
         alice > C OPEN bob 9
         wait 1000ms
         store has 2 jobs
         store answers first
         store has 2 jobs
         store answers first
         store answers first
         alice < C 150 OPEN 1
         store answers first
         alice < D _ alice bob text 4
         alice < C 250 OPEN bob 0",
    );
}
