//! Scenes in which worlds that were drawn by lot once found something wrong, with the hub or with
//! the model. What a seed draws changes with the worlds; these stay.

use chatsrv::hub::config::Config;

use super::groups::play_among;
use super::people::alice_and_bob;
use crate::dialogue::{config, play_with};

/// Seed 7629: the model took the name for the reason.
#[test]
fn who_waits_for_an_id_is_refused_for_the_disk_though_another_takes_the_name_meanwhile() {
    play_among(
        2,
        config(),
        "alice > D * hello
         bob < D _ alice * hello
         alice < C 250 MSG _ * 1 0
         wait 11000ms
         store holds
         alice > C MKGROUP #team bob
         store has 1 jobs
         clock goes back 10000ms
         bob > C MKGROUP #team alice
         store has 2 jobs
         store answers first no-room
         alice < C 452 MKGROUP ...
         store works
         bob < C 250 MKGROUP #team 2
         bob < C 128 GROUP #team join alice
         alice < C 128 GROUP #team join alice",
    );
}

/// Seed 820: the model waited for the notice.
#[test]
fn a_file_that_is_on_disk_when_the_server_crashes_is_unread_afterwards() {
    play_among(
        2,
        config(),
        "alice > C SENDFILE bob 5 a picture
         alice < C 250 SENDFILE 1 0
         alice sends 1 hello
         store holds
         alice sends 1
         store answers first
         store answers first
         store has 1 jobs
         server crashes after 1 jobs
         store works
         bob logs in to read 1
         bob < C 151 UNREAD alice 1 1700000000000000
         bob < C 230 ...
         bob > C OPEN alice
         bob < C 150 OPEN 1
         bob < C 124 FILE 1700000000000000 alice bob 5 a picture
         bob < C 250 OPEN alice 0",
    );
}

/// Seed 3080: the model expected the order of the connections.
#[test]
fn what_waits_for_one_id_mark_keeps_its_order_for_who_is_logging_in() {
    play_among(
        2,
        Config { keep_messages: false, ..config() },
        "store holds
         carol connects
         carol > C USER carol
         carol < C 331 ...
         carol > D x
         store answers first
         bob > D * first
         alice > D * second
         store has 2 jobs
         store answers last
         alice < D _ bob * first
         alice < C 250 MSG _ * 2 0
         bob < C 250 MSG _ * 2 0
         bob < D _ alice * second
         store answers first
         carol < C 150 UNREAD 0
         carol < C 230 ...
         carol < D _ bob * first
         carol < D _ alice * second",
    );
}

/// Seed 9908: the store kept a request of a member of whose end it knew nothing, and so a request
/// of somebody who had left.
#[test]
fn who_leaves_a_group_asks_to_join_it_no_more_whatever_the_store_has_lost() {
    play_among(
        2,
        config(),
        "alice makes #team with bob
         alice > C KEEP #team on
         alice < C 250 KEEP ...
         store holds
         bob > C LEAVE #team
         alice < C 128 GROUP #team leave bob
         store answers first no-room
         bob < C 452 LEAVE ...
         bob > C JOIN #team
         alice < C 123 JOIN #team bob
         store answers first
         bob < C 252 JOIN #team
         server crashes
         store works
         bob logs in
         bob > C LEAVE #team
         bob < C 250 LEAVE ...
         server crashes
         alice logs in",
    );
}

/// Seed 713: the hub told it twice.
#[test]
fn whoever_was_announced_is_not_announced_again_by_a_session_that_entered_before() {
    let script = "store holds
        desk connects
        desk > C USER alice
        desk < C 331 ...
        desk > D x
        store answers first
        phone connects
        phone > C USER alice BESIDE
        phone < C 331 ...
        phone > D x
        store answers last
        store answers first
        desk < C 150 UNREAD 0
        desk < C 230 ...
        bob < C 120 ON alice 10001
        more connects
        more > C USER alice TAKEOVER
        more < C 331 ...
        more > D x
        store answers last
        desk < C 421 - you logged in elsewhere
        store answers first
        phone < C 150 UNREAD 0
        phone < C 230 ...
        store answers first
        more < C 150 UNREAD 0
        more < C 230 ...";
    play_with(config(), alice_and_bob(), &format!("bob logs in\n{script}"));
}
