//! Uploads into the shared folder.

use chatsrv::hub::config::{Config, FileBounds};

use super::people::{play_among_two, play_among_two_with};
use crate::dialogue::config;

/// Alice logs in again over another connection, with the answers to a TAKEOVER.
const ALICE_AGAIN: &str = "again connects
    again > C USER alice TAKEOVER
    again < C 331 ...
    again > D x
    again < C 150 UNREAD 0
    again < C 230 ...
    ";

#[test]
fn a_file_appears_when_it_is_whole_and_on_disk() {
    play_among_two(
        "alice > C PUT 11 new file
         alice < C 250 PUT 1 0
         alice sends 1 hello
         bob > C GET 0 new file
         bob < C 550 GET new file
         alice sends 1  world
         store holds
         alice sends 1
         store answers first
         bob > C GET 0 new file
         store answers last
         bob < C 550 GET new file
         store answers first
         alice < C 126 PUT 1 11 new file
         store works
         bob > C GET 0 new file
         bob < C 250 GET 1 11 new file
         bob gets 1 hello world
         alice > C PUT 0 folder/nothing
         alice < C 250 PUT 2 0
         alice sends 2
         alice < C 126 PUT 2 0 folder/nothing",
    );
}

#[test]
fn what_can_not_be_uploaded_is_refused() {
    play_among_two(
        "guest connects
         guest > C PUT 3 new
         guest < C 530 PUT ...
         guest > C SENDFILE bob 3 new
         guest < C 530 SENDFILE ...
         alice > C PUT 1001 new
         alice < C 552 PUT ...
         alice > C PUT 1000 small
         alice < C 553 PUT ...
         alice > C PUT 3 nowhere/new
         alice < C 550 PUT ...
         alice > C PUT 3 @5
         alice < C 553 PUT ...
         alice > C LS @5
         alice < C 550 LS ...
         alice > C PUT 3 ../new
         alice < C 553 PUT ...
         alice > C PUT many new
         alice < C 501 PUT ...
         alice > C SENDFILE nobody 3 new
         alice < C 550 SENDFILE ...
         alice > C SENDFILE #group 3 new
         alice < C 550 SENDFILE ...
         alice > C SENDFILE nobody 1001 new
         alice < C 552 SENDFILE ...
         alice > C SENDFILE bob 3 folder/new
         alice < C 553 SENDFILE ...",
    );
}

#[test]
fn the_quota_counts_what_was_announced() {
    play_among_two(
        "alice > C PUT 1000 one
         alice < C 250 PUT 1 0
         alice > C SENDFILE bob 1000 two
         alice < C 250 SENDFILE 2 0
         alice > C PUT 1 three
         alice < C 452 PUT ...
         bob > C PUT 1 three
         bob < C 250 PUT 1 0
         alice > C ABORT 1
         alice < C 250 ABORT ...
         alice > C PUT 1 four
         alice < C 250 PUT 3 0
         store holds
         alice > C PUT 1 five
         store answers first busy
         alice < C 450 PUT ...",
    );
}

#[test]
fn one_upload_of_a_name_at_a_time() {
    play_among_two(
        "alice > C PUT 3 new
         alice < C 250 PUT 1 0
         alice > C PUT 3 new
         alice < C 450 PUT ...
         bob > C PUT 4 new
         bob < C 450 PUT ...
         alice > C SENDFILE bob 3 new
         alice < C 250 SENDFILE 2 0
         alice > C SENDFILE bob 3 new
         alice < C 450 SENDFILE ...
         alice > C SENDFILE bob 4 new
         alice < C 250 SENDFILE 3 0
         bob > C SENDFILE alice 3 new
         bob < C 250 SENDFILE 1 0
         alice > C ABORT 1
         alice < C 250 ABORT ...
         bob > C PUT 4 new
         bob < C 250 PUT 2 0
         bob > C ABORT 2
         bob < C 250 ABORT ...
         alice > C PUT 4 new
         alice < C 250 PUT 4 0",
    );
}

#[test]
fn a_session_has_so_many_uploads_at_once() {
    let mut script = String::new();
    for stream in 1..=16 {
        script += &format!("alice > C PUT 1 up{stream}\nalice < C 250 PUT {stream} 0\n");
    }
    script += "alice > C PUT 1 more
               alice < C 450 PUT ...
               alice > C GET 0 small
               alice < C 250 GET 17 11 small
               alice sends 5 x
               store holds
               alice sends 5
               alice > C PUT 1 more
               alice < C 450 PUT ...
               store works
               alice < C 126 PUT 5 1 up5
               alice > C PUT 1 more
               alice < C 250 PUT 18 0
               bob > C PUT 1 more of bob
               bob < C 250 PUT 1 0";
    play_among_two(&script);
}

#[test]
fn more_or_fewer_bytes_than_announced_are_dropped() {
    play_among_two(
        "alice > C PUT 3 new
         alice < C 250 PUT 1 0
         alice sends 1 four
         alice < C 127 ABORT 1 ...
         alice sends 1 late bytes are dropped
         alice sends 1
         alice > C PUT 3 new
         alice < C 250 PUT 2 0
         alice sends 2 on
         alice sends 2
         alice < C 127 ABORT 2 ...
         alice > C PUT 3 new
         alice < C 250 PUT 3 0
         alice sends 3 one
         alice sends 3
         alice < C 126 PUT 3 3 new
         alice sends 3 x
         alice sends 4 x
         alice < C 421 - ...
         alice closed bad-file-frame
         bob > C PUT 3 new
         bob < C 553 PUT ...",
    );
}

#[test]
fn an_upload_that_broke_off_goes_on() {
    play_among_two(&format!(
        "alice > C PUT 11 new
         alice < C 250 PUT 1 0
         alice > C SENDFILE bob 5 other
         alice < C 250 SENDFILE 2 0
         alice sends 1 hello
         alice sends 2 one
         alice breaks
         bob > C PUT 11 new
         bob < C 250 PUT 1 0
         bob > C ABORT 1
         bob < C 250 ABORT ...
         {ALICE_AGAIN}
         again > C PUT 12 new
         again < C 250 PUT 1 0
         again > C ABORT 1
         again < C 250 ABORT ...
         again > C PUT 11 new
         again < C 250 PUT 2 5
         again > C SENDFILE * 5 other
         again < C 250 SENDFILE 3 0
         again > C SENDFILE bob 5 other
         again < C 250 SENDFILE 4 3
         again sends 2  world
         again sends 2
         again < C 126 PUT 2 11 new
         bob > C GET 0 new
         bob < C 250 GET 2 11 new
         bob gets 2 hello world"
    ));
}

#[test]
fn what_a_dead_connection_uploads_goes_on_over_the_one_that_took_over() {
    play_among_two(&format!(
        "alice > C PUT 5 new
         alice < C 250 PUT 1 0
         alice sends 1 one
         store holds
         alice > C PUT 5 other
         {takeover}
         store answers last
         alice < C 421 - ...
         alice closed taken-over
         store answers last
         again < C 150 UNREAD 0
         again < C 230 ...
         again > C PUT 5 other
         store answers last
         again < C 250 PUT 1 0
         again > C PUT 5 new
         store answers last
         again < C 250 PUT 2 3
         store answers first
         again > C PUT 5 new
         again < C 450 PUT ...",
        takeover = "again connects
         again > C USER alice TAKEOVER
         again < C 331 ...
         again > D x"
    ));
}

#[test]
fn an_upload_is_kept_over_a_crash() {
    play_among_two(
        "alice > C PUT 5 new
         alice < C 250 PUT 1 0
         alice sends 1 one
         server crashes
         alice logs in
         alice > C PUT 5 new
         alice < C 250 PUT 1 3
         alice sends 1 xy
         alice sends 1
         alice < C 126 PUT 1 5 new",
    );
}

#[test]
fn a_full_or_broken_disk_keeps_what_came() {
    play_among_two(
        "alice > C PUT 5 new
         alice < C 250 PUT 1 0
         alice sends 1 one
         disk fails alice 1 full
         alice < C 127 ABORT 1 no room ...
         alice > C PUT 5 new
         alice < C 250 PUT 2 3
         disk fails alice 2 broken
         alice < C 127 ABORT 2 ...
         alice > C PUT 5 new
         alice < C 250 PUT 3 3
         alice sends 3 xy
         store holds
         alice sends 3
         store answers first failed
         alice < C 127 ABORT 3 ...
         store works
         alice > C PUT 5 new
         alice < C 250 PUT 4 5
         store holds
         alice sends 4
         store answers first
         store answers first no-room
         alice < C 127 ABORT 4 no room ...
         store works
         alice > C PUT 5 new
         alice < C 250 PUT 5 5
         alice sends 5
         alice < C 126 PUT 5 5 new",
    );
}

#[test]
fn who_is_whole_first_has_the_name() {
    play_among_two(
        "alice > C PUT 3 new
         alice < C 250 PUT 1 0
         alice sends 1 one
         store holds
         alice sends 1
         store answers first
         bob > C PUT 3 new
         bob < C 450 PUT ...
         store answers first exists
         alice < C 127 ABORT 1 somebody else ...
         store has 1 jobs
         store works
         bob > C PUT 3 new
         bob < C 250 PUT 1 0
         alice > C PUT 3 other
         alice < C 250 PUT 2 0
         alice sends 2 one
         store holds
         alice sends 2
         store answers first
         store answers first not-found
         alice < C 127 ABORT 2 its folder is gone, ...",
    );
}

#[test]
fn an_aborted_upload_is_dropped_and_a_whole_one_can_not_be_aborted() {
    play_among_two(
        "alice > C PUT 5 new
         alice < C 250 PUT 1 0
         alice sends 1 one
         alice > C ABORT 1
         alice < C 250 ABORT ...
         alice sends 1 xy
         alice sends 1
         alice > C ABORT 1
         alice < C 550 ABORT ...
         bob > C ABORT 1
         bob < C 550 ABORT ...
         alice > C PUT 5 new
         alice < C 250 PUT 2 0
         alice sends 2 hello
         store holds
         alice sends 2
         alice > C ABORT 2
         alice < C 550 ABORT ...
         store works
         alice < C 126 PUT 2 5 new",
    );
}

#[test]
fn the_end_of_the_input_waits_for_a_whole_upload_and_for_no_other() {
    play_among_two(
        "alice > C PUT 5 new
         alice < C 250 PUT 1 0
         alice sends 1 hello
         store holds
         alice sends 1
         alice ends
         store answers first
         store answers first
         alice < C 126 PUT 1 5 new
         alice closed peer-closed
         store works
         bob > C PUT 5 other
         bob < C 250 PUT 1 0
         bob sends 1 one
         bob ends
         bob closed peer-closed",
    );
}

#[test]
fn a_whole_upload_becomes_a_file_without_its_sender() {
    play_among_two(
        "alice > C PUT 5 new
         alice < C 250 PUT 1 0
         alice sends 1 hello
         store holds
         alice sends 1
         alice breaks
         bob > C PUT 5 new
         bob < C 450 PUT ...
         store works
         bob > C GET 0 new
         bob < C 250 GET 1 5 new
         bob gets 1 hello",
    );
}

#[test]
fn streams_are_shared_with_downloads_and_numbered_in_the_order_of_the_replies() {
    play_among_two(
        "store holds
         alice > C GET 0 small
         alice > C GET 0 empty
         alice > C PUT 5 new
         store answers last
         store answers last
         store answers last
         alice < C 250 GET 1 11 small
         alice < C 250 GET 2 0 empty
         alice < C 250 PUT 3 0",
    );
}

#[test]
fn chunks_may_come_right_behind_the_announcement() {
    play_among_two(
        "store holds
         alice > C SUM small
         alice > C PUT 5 new
         alice sends 1 hello
         alice sends 1
         alice ends
         store has 2 jobs
         store answers last
         store has 1 jobs
         store works
         alice < C 250 SUM ...
         alice < C 250 PUT 1 0
         alice < C 126 PUT 1 5 new
         alice closed peer-closed",
    );
}

#[test]
fn uploads_that_broke_off_are_removed_after_a_day() {
    const HOUR: &str = "wait 3600000ms\n";
    let script = |hours: usize, offset: u32| {
        format!(
            "alice > C PUT 5 new
             alice < C 250 PUT 1 0
             alice > C PUT 5 other
             alice < C 250 PUT 2 0
             alice > C PUT 5 third
             alice < C 250 PUT 3 0
             alice sends 1 one
             alice breaks
             {wait}
             wait 1000ms
             {ALICE_AGAIN}
             again > C PUT 5 new
             again < C 250 PUT 1 {offset}",
            wait = HOUR.repeat(hours)
        )
    };
    play_among_two(&script(23, 3));
    play_among_two(&script(25, 0));
}

#[test]
fn the_largest_file_is_the_operators_choice() {
    let config = config();
    let files = FileBounds { size_max: 0, ..config.files };
    let config = Config { files, ..config };
    let script = "alice > C PUT 1 new
        alice < C 552 PUT ...
        alice > C PUT 0 new
        alice < C 250 PUT 1 0";
    play_among_two_with(config, script);
}
