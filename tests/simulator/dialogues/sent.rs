//! Files that are sent in chats.

use chatsrv::hub::config::{Config, Rules};

use super::groups::play_among;
use super::people::{alice_and_bob, play_among_two, play_among_two_with};
use crate::dialogue::{config, play_with};

const EVE: &str = "eve logs in
    alice < C 120 ON eve _
    ";

#[test]
fn a_file_is_announced_to_who_is_addressed_when_it_is_on_disk() {
    play_among_two(
        "alice > C SENDFILE bob 5 a picture
         alice < C 250 SENDFILE 1 0
         alice sends 1 hello
         store holds
         alice sends 1
         store answers first
         store answers first
         store answers first
         alice < C 126 SENDFILE 1 5 @1700000000000000
         bob < C 124 FILE 1700000000000000 alice bob 5 a picture
         store works
         bob > C GET 2 @1700000000000000
         bob < C 250 GET 1 5 @1700000000000000
         bob gets 1 llo
         bob > C SUM @1700000000000000
         bob < C 250 SUM _ 5 @1700000000000000
         alice > C GET 6 @1700000000000000
         alice < C 501 GET ...
         alice > C GET 0 @1700000000000000
         alice < C 250 GET 2 5 @1700000000000000
         alice gets 2 hello
         bob > C GET 0 @1700000000000001
         bob < C 550 GET @1700000000000001
         alice > D bob just text
         bob < D 1700000000000001 alice bob just text
         alice < C 250 MSG _ bob 1 0
         bob > C GET 0 @1700000000000001
         bob < C 550 GET @1700000000000001",
    );
}

#[test]
fn strangers_read_a_file_like_a_missing_one() {
    play_among_two(&format!(
        "{EVE}
         alice > C SENDFILE bob 1 new
         alice < C 250 SENDFILE 1 0
         alice sends 1 x
         alice sends 1
         alice < C 126 SENDFILE 1 1 @1700000000000000
         bob < C 124 FILE _ alice bob 1 new
         eve > C GET 0 @1700000000000000
         eve < C 550 GET @1700000000000000
         eve > C SUM @1700000000000000
         eve < C 550 SUM @1700000000000000
         eve > C SUM @1
         eve < C 550 SUM @1
         guest connects
         guest > C GET 0 @1700000000000000
         guest < C 530 GET ..."
    ));
    let rules = Rules { public_files: true, ..Rules::default() };
    let config = Config { rules, ..config() };
    let guest = "guest connects
        guest > C GET 0 @1700000000000000
        guest < C 530 GET ...
        guest > C GET 0 small
        guest < C 250 GET 1 11 small";
    play_with(config, alice_and_bob(), guest);
}

#[test]
fn a_file_for_everyone_is_for_everyone_but_its_sender() {
    play_among_two(&format!(
        "{EVE}
         bob > C SENDFILE * 1 new
         bob < C 250 SENDFILE 1 0
         bob sends 1 x
         bob sends 1
         bob < C 126 SENDFILE 1 1 _
         alice < C 124 FILE _ bob * 1 new
         eve < C 124 FILE _ bob * 1 new
         eve > C OPEN * 5
         eve < C 150 OPEN 1
         eve < C 124 FILE _ bob * 1 new
         eve < C 250 OPEN * 0
         alice > C SENDFILE alice 1 for myself
         alice < C 250 SENDFILE 1 0
         alice sends 1 x
         alice sends 1
         alice < C 126 SENDFILE 1 1 _"
    ));
}

#[test]
fn who_is_away_finds_the_file_in_the_chat() {
    play_among_two(
        "alice breaks
         bob > C SENDFILE alice 3 new
         bob < C 250 SENDFILE 1 0
         bob sends 1 abc
         bob sends 1
         bob < C 126 SENDFILE 1 3 _
         bob > D alice look at that
         bob < C 251 MSG _ alice 0 1
         alice logs in to read 1
         alice < C 151 UNREAD bob 2 _
         alice < C 230 ...
         alice > C OPEN bob
         alice < C 150 OPEN 2
         alice < C 124 FILE 1700000000000000 bob alice 3 new
         alice < D _ bob alice look at that
         alice < C 250 OPEN bob 0
         alice > C GET 0 @1700000000000000
         alice < C 250 GET 1 3 @1700000000000000
         alice gets 1 abc
         alice > C SEEN bob 1700000000000000
         alice < C 250 SEEN bob 1700000000000000
         alice > C UNREAD
         alice < C 150 UNREAD 1
         alice < C 151 UNREAD bob 1 _
         alice < C 250 UNREAD ...",
    );
}

#[test]
fn nobody_has_seen_a_file_that_was_not_told() {
    play_among_two(
        "alice > C SENDFILE bob 1 new
         alice < C 250 SENDFILE 1 0
         alice > D bob one
         bob < D 1700000000000000 alice bob one
         alice < C 250 MSG _ bob 1 0
         alice sends 1 x
         store holds
         alice sends 1
         store answers first
         alice > D * later
         bob < D 1700000000000002 alice * later
         bob > C SEEN alice 1700000000000002
         bob > C SEEN * 1700000000000002
         store answers last
         store answers last
         bob < C 250 SEEN alice 1700000000000000
         bob < C 250 SEEN * 1700000000000002
         store works
         alice < C 126 SENDFILE 1 1 @1700000000000001
         alice < C 250 MSG _ * 1 0
         bob < C 124 FILE 1700000000000001 alice bob 1 new
         bob > C SEEN alice 1700000000000002
         bob < C 250 SEEN alice 1700000000000002",
    );
}

/// Two messages and two files of one chat, the first of which is being kept.
const BEHIND_A_FILE: &str = "alice > D bob one
    bob < D 1700000000000000 alice bob one
    alice < C 250 MSG _ bob 1 0
    alice > C SENDFILE bob 1 first
    alice < C 250 SENDFILE 1 0
    alice > C SENDFILE bob 1 second
    alice < C 250 SENDFILE 2 0
    alice sends 1 x
    alice sends 2 x
    store holds
    alice sends 1
    alice sends 2
    store answers first
    store answers first
    alice > D bob later
    alice > C QUIET on
    bob > D alice from the other side
    store has 1 jobs
    ";

#[test]
fn what_comes_behind_a_file_of_the_chat_waits_for_it() {
    play_among_two(&format!(
        "{BEHIND_A_FILE}
         store answers first
         alice < C 126 SENDFILE 1 1 @1700000000000001
         bob < C 124 FILE 1700000000000001 alice bob 1 first
         bob < D 1700000000000002 alice bob later
         alice < D 1700000000000003 bob alice from the other side
         store has 3 jobs
         bob > D alice behind the other file
         store answers first
         alice < C 250 MSG 1700000000000002 bob 1 0
         alice < C 250 QUIET ...
         store works
         bob < C 250 MSG 1700000000000003 alice 1 0
         alice < C 126 SENDFILE 2 1 @1700000000000004
         bob < C 124 FILE 1700000000000004 alice bob 1 second
         alice < D 1700000000000005 bob alice behind the other file
         bob < C 250 MSG 1700000000000005 alice 1 0"
    ));
}

#[test]
fn a_file_that_can_not_be_kept_holds_nothing_up() {
    play_among_two(&format!(
        "{BEHIND_A_FILE}
         bob breaks
         alice < C 121 OFF bob _
         store answers first failed
         alice < C 127 ABORT 1 ...
         store has 2 jobs
         store works
         alice < C 251 MSG 1700000000000002 bob 0 1
         alice < C 250 QUIET ...
         alice < C 126 SENDFILE 2 1 @1700000000000003"
    ));
}

#[test]
fn a_file_whose_message_can_not_be_kept_goes_on_later() {
    play_among_two(
        "alice > C SENDFILE bob 1 new
         alice < C 250 SENDFILE 1 0
         alice sends 1 x
         store holds
         alice sends 1
         store answers first
         store answers first failed
         alice < C 127 ABORT 1 ...
         store works
         alice > C SENDFILE bob 1 new
         alice < C 250 SENDFILE 2 1
         store holds
         alice sends 2
         store answers first
         store answers first
         store answers first no-room
         alice < C 127 ABORT 2 no room ...
         store works
         alice > C SENDFILE bob 1 new
         alice < C 250 SENDFILE 3 1
         alice sends 3
         alice < C 126 SENDFILE 3 1 _
         bob < C 124 FILE _ alice bob 1 new",
    );
}

#[test]
fn its_sender_may_be_gone_or_coming_back() {
    play_among_two(
        "alice > C SENDFILE * 1 new
         alice < C 250 SENDFILE 1 0
         alice sends 1 x
         store holds
         alice sends 1
         again connects
         again > C USER alice TAKEOVER
         again < C 331 ...
         again > D x
         store answers last
         alice < C 421 - ...
         alice closed taken-over
         store answers first
         store answers last
         store answers last
         bob < C 124 FILE _ alice * 1 new
         store answers first
         again < C 150 UNREAD 0
         again < C 230 ...",
    );
}

#[test]
fn a_server_that_keeps_nothing_takes_no_files_for_chats() {
    let config = Config { keep_messages: false, ..config() };
    let script = "alice > C SENDFILE bob 1 new
        alice < C 503 SENDFILE ...
        alice > C PUT 1 new
        alice < C 250 PUT 1 0
        alice sends 1 x
        alice sends 1
        alice < C 126 PUT 1 1 new";
    play_among_two_with(config, script);
}

#[test]
fn a_file_for_a_group_is_for_its_members_from_joining_on() {
    play_among(
        3,
        config(),
        "alice makes #team with bob
         carol > C SENDFILE #team 1 new
         carol < C 530 SENDFILE ...
         alice > C SENDFILE #team 1 new
         alice < C 250 SENDFILE 1 0
         alice sends 1 x
         alice sends 1
         alice < C 126 SENDFILE 1 1 @1700000000000001
         bob < C 124 FILE 1700000000000001 alice #team 1 new
         carol asks alice to join #team
         alice admits carol to #team with bob
         carol > C GET 0 @1700000000000001
         carol < C 550 GET @1700000000000001
         bob > C GET 0 @1700000000000001
         bob < C 250 GET 1 1 @1700000000000001
         bob gets 1 x
         bob > C LEAVE #team
         bob < C 250 LEAVE ...
         alice < C 128 GROUP #team leave bob
         carol < C 128 GROUP #team leave bob
         bob > C SUM @1700000000000001
         bob < C 550 SUM @1700000000000001",
    );
}

#[test]
fn who_leaves_a_group_sends_it_nothing_any_more() {
    play_among(
        2,
        config(),
        "alice makes #team with bob
         bob > C SENDFILE #team 1 new
         bob < C 250 SENDFILE 1 0
         bob sends 1 x
         bob > C LEAVE #team
         bob < C 250 LEAVE ...
         alice < C 128 GROUP #team leave bob
         bob sends 1
         bob < C 127 ABORT 1 ...
         alice > C OPEN #team
         alice < C 150 OPEN 0
         alice < C 250 OPEN #team 0",
    );
}

#[test]
fn a_file_that_was_counted_as_unread_is_not_told_of_again_with_the_welcome() {
    let script = "alice logs in
         alice > C SENDFILE bob 5 a picture
         alice < C 250 SENDFILE 1 0
         alice > C SENDFILE * 5 another
         alice < C 250 SENDFILE 2 0
         alice sends 1 hello
         alice sends 2 hello
         bob connects
         bob > C USER bob
         bob < C 331 ...
         store holds
         alice sends 1
         alice sends 2
         store answers first
         store answers first
         store answers first
         bob > D x
         store answers last
         store has 3 jobs
         store answers first
         alice < C 126 SENDFILE 1 5 _
         store answers first
         alice < C 126 SENDFILE 2 5 _
         store answers first
         bob < C 150 UNREAD 1
         bob < C 151 UNREAD alice 1 _
         bob < C 230 ...
         bob < C 124 FILE _ alice * 5 another
         alice < C 120 ON bob _";
    play_with(config(), alice_and_bob(), script);
}
