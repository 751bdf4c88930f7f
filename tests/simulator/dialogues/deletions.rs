//! Messages and files that are removed by who sent them, or by who looks after the chat.

use std::time::Duration;

use chatsrv::hub::config::Config;

use super::groups::play_among;
use super::people::{play_among_two, play_among_two_with};
use crate::dialogue::config;

const BOB_GETS_MORE: &str = "bob > C MORE on
    bob < C 250 MORE ...
    ";

#[test]
fn who_is_logging_in_gets_nothing_that_was_removed_and_is_told_so() {
    for chat in ["bob", "*", "#team"] {
        let shown = if chat == "bob" { "alice" } else { chat };
        // The store counts when everything was said, but not what came after the request.
        play_among_two(&format!(
            "alice makes #team with bob
             bob breaks
             alice < C 121 OFF bob 10002
             store holds
             bob connects
             bob > C USER bob BESIDE
             bob < C 331 USER bob ...
             bob > D x
             store answers first
             alice > D {chat} secret
             store answers last
             alice < C 250 MSG 1700000000000001 {chat} 1 0
             alice > D {chat} open
             store answers last
             alice < C 250 MSG 1700000000000002 {chat} 1 0
             alice > C DELETE 1700000000000001
             store answers last
             store answers last
             alice < C 250 DELETE ...
             store works
             alice < C 120 ON bob 10002
             bob < C 150 UNREAD 0
             bob < C 230 ...
             bob < D 1700000000000002 alice {chat} open
             bob < C 131 DELETED 1700000000000001 {shown}"
        ));
    }
}

#[test]
fn what_is_removed_is_gone_for_all() {
    play_among_two(&format!(
        "{BOB_GETS_MORE}
         alice > C KEY word
         alice < C 250 KEY ...
         alice > D bob secret
         bob < D 1700000000000000 alice bob secret
         alice < C 250 MSG 1700000000000000 bob 1 0
         alice > D bob open
         bob < D _ alice bob open
         alice < C 250 ...
         alice > C DELETE 1700000000000000
         bob < C 131 DELETED 1700000000000000 alice
         alice < C 250 DELETE ...
         bob > C UNREAD
         bob < C 150 UNREAD 1
         bob < C 151 UNREAD alice 1 1700000000000001
         bob < C 250 UNREAD ...
         bob > C OPEN alice 9
         bob < C 150 OPEN 1
         bob < D _ alice bob open
         bob < C 250 OPEN alice 0
         bob > C SEARCH - secret
         bob < C 150 SEARCH 0
         bob < C 250 SEARCH ...
         alice > C DELETE 1700000000000000
         alice < C 550 DELETE ...
         alice > C DELETE 1
         alice < C 550 DELETE ...
         alice > C DELETE
         alice < C 501 DELETE ...
         alice > C KEY word
         alice < C 250 KEY ...
         alice > D bob secret
         alice < C 250 MSG 1700000000000000 bob 0 0
         alice > C DELETE 1700000000000001
         bob < C 131 DELETED 1700000000000001 alice
         alice < C 250 DELETE ...
         bob > C CHATS
         bob < C 150 CHATS 0
         bob < C 250 CHATS 0"
    ));
}

#[test]
fn its_sender_may_for_a_while() {
    play_among(
        3,
        config(),
        "alice > D bob hello
         bob < D _ alice bob hello
         alice < C 250 ...
         bob > C DELETE 1700000000000000
         bob < C 530 DELETE ...
         carol > C DELETE 1700000000000000
         carol < C 550 DELETE ...
         guest connects
         guest > C DELETE 1700000000000000
         guest < C 530 DELETE ...
         wait 86399000ms
         alice > D bob again
         bob < D _ alice bob again
         alice < C 250 ...
         wait 1000ms
         alice > C DELETE 1700000000000000
         alice < C 530 DELETE ...
         alice > C OPEN bob 1
         alice < C 150 OPEN 1
         alice < D 1700086399000000 alice bob again
         alice < C 250 OPEN bob 0
         alice > C DELETE 1700086399000000
         alice < C 250 DELETE ...",
    );
    play_among_two_with(
        Config { delete_window: Duration::ZERO, ..config() },
        "alice > D bob hello
         bob < D _ alice bob hello
         alice < C 250 ...
         alice > C DELETE 1700000000000000
         alice < C 530 DELETE ...",
    );
}

#[test]
fn ops_may_in_their_group_and_administrators_anywhere() {
    play_among(
        3,
        config(),
        &format!(
            "{BOB_GETS_MORE}
             carol makes #team with alice bob
             alice > D #team hello
             bob < D _ alice #team hello
             carol < D _ alice #team hello
             alice < C 250 MSG 1700000000000001 ...
             bob > C DELETE 1700000000000001
             bob < C 530 DELETE ...
             carol > C DELETE 1700000000000001
             bob < C 131 DELETED 1700000000000001 #team
             carol < C 250 DELETE ...
             alice > D bob hello
             bob < D _ alice bob hello
             alice < C 250 MSG 1700000000000002 ...
             alice > D * hello
             bob < D _ alice * hello
             carol < D _ alice * hello
             alice < C 250 MSG 1700000000000003 ...
             op logs in locally
             op > C DELETE 1700000000000002
             bob < C 131 DELETED 1700000000000002 alice
             op < C 250 DELETE ...
             op > C DELETE 1700000000000003
             bob < C 131 DELETED 1700000000000003 *
             op < C 250 DELETE ..."
        ),
    );
}

#[test]
fn a_file_goes_with_its_bytes() {
    play_among_two(&format!(
        "{BOB_GETS_MORE}
         alice > C SENDFILE bob 5 a picture
         alice < C 250 SENDFILE 1 0
         alice sends 1 hello
         alice sends 1
         alice < C 126 SENDFILE 1 5 @1700000000000000
         bob < C 124 ...
         store holds
         bob > C GET 0 @1700000000000000
         store answers first
         alice > C DELETE 1700000000000000
         store answers last
         store answers last
         bob < C 131 DELETED 1700000000000000 alice
         alice < C 250 DELETE ...
         store answers first
         bob < C 550 GET @1700000000000000
         store works
         bob > C SUM @1700000000000000
         bob < C 550 SUM @1700000000000000"
    ));
}

#[test]
fn what_can_not_be_removed_stays() {
    play_among_two(&format!(
        "{BOB_GETS_MORE}
         alice > D bob hello
         bob < D _ alice bob hello
         alice < C 250 ...
         store holds
         alice > C DELETE 1700000000000000
         store answers first busy
         alice < C 450 DELETE ...
         alice > C DELETE 1700000000000000
         store answers first
         alice > C QUIET on
         store answers first no-room
         alice < C 452 DELETE ...
         alice < C 250 QUIET ...
         alice > C DELETE 1700000000000000
         alice breaks
         store answers first
         store works
         bob > C OPEN alice
         bob < C 150 OPEN 1
         bob < D _ alice bob hello
         bob < C 250 OPEN alice 0"
    ));
}

/// Bob asks for four messages of alice's.
const FOUR: &str = "alice > D bob one
    bob < D _ alice bob one
    alice < C 250 ...
    alice > D bob two
    bob < D _ alice bob two
    alice < C 250 ...
    alice > D bob three
    bob < D _ alice bob three
    alice < C 250 ...
    alice > D bob four
    bob < D _ alice bob four
    alice < C 250 ...
    store holds
    bob > C OPEN alice
    alice > C DELETE 1700000000000001
    ";

/// All four are listed, and three are left.
const ALL_ARE_LISTED: &str = "store answers first
    bob < D _ alice bob one
    bob < D _ alice bob two
    store works
    bob < D _ alice bob three
    bob < D _ alice bob four
    bob < C 250 OPEN alice 0
    bob > C UNREAD
    bob < C 150 UNREAD 1
    bob < C 151 UNREAD alice 3 _
    bob < C 250 UNREAD ...";

#[test]
fn a_list_that_has_begun_still_tells_of_it() {
    play_among_two(&format!(
        "{FOUR}
         store answers first
         bob < C 150 OPEN 4
         store answers first
         store answers last
         alice < C 250 DELETE ...
         {ALL_ARE_LISTED}"
    ));
}

#[test]
fn a_list_for_which_it_was_chosen_still_tells_of_it() {
    play_among_two(&format!(
        "{FOUR}
         store answers last
         store answers first
         bob < C 150 OPEN 4
         store answers first
         alice < C 250 DELETE ...
         {ALL_ARE_LISTED}"
    ));
}
