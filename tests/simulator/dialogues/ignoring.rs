//! Users who ignore others, and what these see of it: nothing.

use chatsrv::chat::account::Account;
use chatsrv::chat::name::Number;
use chatsrv::hub::config::{Config, GroupBounds};

use super::people::{alice_and_bob, play_among_two, play_among_two_with};
use crate::dialogue::{config, groups, play_with};

#[test]
fn what_an_ignored_user_says_counts_and_does_not_come() {
    play_among_two(
        "bob > C IGNORED
         bob < C 150 IGNORED 0
         bob < C 250 IGNORED ...
         bob > C IGNORE ALICE on
         bob < C 250 IGNORE ...
         bob > C IGNORED
         bob < C 150 IGNORED 1
         bob < C 151 IGNORED alice
         bob < C 250 IGNORED ...
         alice > D bob hello
         alice < C 250 MSG _ bob 1 0
         alice > D * to all
         bob < D _ alice * to all
         alice < C 250 MSG _ * 1 0
         bob > D alice what is it
         alice < D _ bob alice what is it
         bob < C 250 MSG _ alice 1 0
         bob > C EX
         bob < C 221 EX goodbye
         bob closed goodbye
         alice < C 121 OFF bob 10002
         alice > D bob are you there
         alice < C 251 MSG _ bob 0 1
         bob logs in
         alice < C 120 ON bob 10002
         bob > C UNREAD
         bob < C 150 UNREAD 0
         bob < C 250 UNREAD ...
         bob > C IGNORE alice off
         bob < C 250 IGNORE ...
         alice > D bob at last
         bob < D _ alice bob at last
         alice < C 250 MSG _ bob 1 0",
    );
}

#[test]
fn what_was_ignored_stays_so_and_its_sender_reads_it() {
    play_among_two(
        "alice > D bob before
         bob < D _ alice bob before
         alice < C 250 MSG _ bob 1 0
         bob > C IGNORE alice on
         bob < C 250 IGNORE ...
         alice > D bob unheard
         alice < C 250 MSG _ bob 1 0
         server crashes
         bob logs in to read 1
         bob < C 151 UNREAD alice 1 _
         bob < C 230 ...
         alice logs in
         bob < C 120 ON alice 10001
         alice > D bob still unheard
         alice < C 250 MSG _ bob 1 0
         bob > C IGNORE alice off
         bob < C 250 IGNORE ...
         bob > C OPEN alice
         bob < C 150 OPEN 1
         bob < D _ alice bob before
         bob < C 250 OPEN alice 0
         bob > C AFTER alice 0 9
         bob < C 150 AFTER 1
         bob < D _ alice bob before
         bob < C 250 AFTER alice 0
         bob > C SEARCH - unheard
         bob < C 150 SEARCH 0
         bob < C 250 SEARCH ...
         bob > C CHATS
         bob < C 150 CHATS 1
         bob < C 151 CHATS alice 1 0 _ alice - before
         bob < C 250 CHATS 0
         alice > C OPEN bob 9
         alice < C 150 OPEN 3
         alice < D _ alice bob before
         alice < D _ alice bob unheard
         alice < D _ alice bob still unheard
         alice < C 250 OPEN bob 0
         alice > C CHATS
         alice < C 150 CHATS 1
         alice < C 151 CHATS bob 0 0 _ alice - still unheard
         alice < C 250 CHATS 0",
    );
}

#[test]
fn a_file_of_an_ignored_user_is_not_told_and_not_read() {
    play_among_two(
        "bob > C IGNORE alice on
         bob < C 250 IGNORE ...
         alice > C SENDFILE bob 3 cat.png
         alice < C 250 SENDFILE 1 0
         alice sends 1 cat
         alice sends 1
         alice < C 126 SENDFILE 1 3 @1700000000000000
         bob > C GET 0 @1700000000000000
         bob < C 550 GET ...
         bob > C SUM @1700000000000000
         bob < C 550 SUM ...
         bob > C OPEN alice
         bob < C 150 OPEN 0
         bob < C 250 OPEN alice 0
         alice > C GET 0 @1700000000000000
         alice < C 250 GET 2 3 @1700000000000000
         alice gets 2 cat
         alice > C DELETE 1700000000000000
         alice < C 250 DELETE ...",
    );
}

#[test]
fn a_call_of_an_ignored_user_rings_nowhere() {
    play_among_two(
        "bob > C UP
         bob < C 250 UP 10002
         bob > C IGNORE alice on
         bob < C 250 IGNORE ...
         alice > C CALL bob
         alice < C 250 CALL bob 192.0.2.1 10002 ...
         bob > C IGNORE alice off
         bob < C 250 IGNORE ...
         alice > C CALL bob
         bob < C 125 CALL alice 192.0.2.1 - ...
         alice < C 250 CALL bob 192.0.2.1 10002 ...",
    );
}

#[test]
fn an_invitation_of_an_ignored_user_stands_and_is_not_told() {
    let mut store = alice_and_bob();
    let carol = Account {
        number: Number(10_003),
        name: "carol".parse().unwrap(),
        display: None,
        created: 0,
    };
    store.add(carol, "x");
    play_with(
        config(),
        store,
        "alice logs in
         bob logs in
         alice < C 120 ON bob 10002
         carol logs in
         alice < C 120 ON carol 10003
         bob < C 120 ON carol 10003
         bob > C IGNORE alice on
         bob < C 250 IGNORE ...
         alice makes #team with carol
         alice > C KEEP #team on
         alice < C 250 KEEP #team
         alice > C ASK #team bob
         alice < C 250 ASK #team
         alice > C ASK #team bob
         alice < C 250 ASK #team
         server crashes
         bob logs in
         alice logs in
         bob < C 120 ON alice 10001
         carol logs in
         alice < C 120 ON carol 10003
         bob < C 120 ON carol 10003
         alice > C OP #team carol on
         alice < C 250 OP #team
         carol > C ASK #team bob
         bob < C 122 ASK #team carol
         carol < C 250 ASK #team
         bob > C JOIN #team
         alice < C 128 GROUP #team join bob
         carol < C 128 GROUP #team join bob
         bob < C 128 GROUP #team join bob
         bob < C 250 JOIN #team
         alice > D #team hello
         carol < D _ alice #team hello
         bob < D _ alice #team hello
         alice < C 250 MSG _ #team 2 0",
    );
}

#[test]
fn whoever_is_added_by_an_ignored_user_seems_to_want_to_be_asked() {
    play_among_two(
        "bob > C IGNORE alice on
         bob < C 250 IGNORE ...
         alice > C MKGROUP #team bob
         alice < C 250 MKGROUP #team 1
         bob > C GROUPS
         bob < C 150 GROUPS 0
         bob < C 250 GROUPS ...
         bob > C IGNORE alice off
         bob < C 250 IGNORE ...
         alice > C MKGROUP #others bob
         alice < C 250 MKGROUP #others 2
         alice < C 128 GROUP #others join bob
         bob < C 128 GROUP #others join bob
         bob > C ASKFIRST on
         bob < C 250 ASKFIRST ...
         alice > C MKGROUP #third bob
         alice < C 250 MKGROUP #third 1
         bob < C 122 ASK #third alice
         bob > C JOIN #third
         alice < C 128 GROUP #third join bob
         bob < C 128 GROUP #third join bob
         bob < C 250 JOIN #third",
    );
}

#[test]
fn users_are_asked_first_where_the_server_says_so_unless_they_say_otherwise() {
    let asks_first = Config { groups: GroupBounds { ask_first: true, ..groups(100) }, ..config() };
    play_among_two_with(
        asks_first,
        "alice > C MKGROUP #team bob
         alice < C 250 MKGROUP #team 1
         bob < C 122 ASK #team alice
         bob > C ASKFIRST off
         bob < C 250 ASKFIRST ...
         server crashes
         bob logs in
         alice logs in
         bob < C 120 ON alice 10001
         alice makes #others with bob",
    );
}

#[test]
fn nobody_is_ignored_who_is_not_there_or_oneself() {
    play_among_two(
        "bob > C IGNORE nobody on
         bob < C 550 IGNORE ...
         bob > C IGNORE bob on
         bob < C 503 IGNORE ...
         bob > C IGNORE alice perhaps
         bob < C 501 IGNORE ...
         store holds
         bob > C IGNORE alice on
         store answers first no-room
         bob < C 452 IGNORE ...
         store works
         alice > D bob hello
         bob < D _ alice bob hello
         alice < C 250 MSG _ bob 1 0",
    );
}
