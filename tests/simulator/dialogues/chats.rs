//! All chats of a user, and what came after a message.

use chatsrv::hub::config::Config;

use super::groups::play_among;
use super::people::play_among_two;
use crate::dialogue::config;

#[test]
fn all_chats_are_listed_with_their_last_messages() {
    let long = "é".repeat(250);
    let cut = "é".repeat(200);
    play_among(
        2,
        config(),
        &format!(
            "alice > C CHATS
             alice < C 150 CHATS 0
             alice < C 250 CHATS 0
             alice > D bob hello there
             bob < D _ alice bob hello there
             alice < C 250 ...
             bob > D * {long}
             alice < D _ bob * ...
             bob < C 250 ...
             alice > C CHATS
             alice < C 150 CHATS 2
             alice < C 151 CHATS * 1 0 1700000000000001 bob - {cut}
             alice < C 151 CHATS bob 0 0 1700000000000000 alice - hello there
             alice < C 250 CHATS 0
             alice makes #team with bob
             alice > C SENDFILE bob 5 a picture
             alice < C 250 SENDFILE 1 0
             alice sends 1 hello
             alice sends 1
             alice < C 126 ...
             bob < C 124 ...
             bob > C SEEN * 1
             bob < C 250 SEEN * 1
             bob > C CHATS
             bob < C 150 CHATS 3
             bob < C 151 CHATS alice 2 0 1700000000000003 alice 5 a picture
             bob < C 151 CHATS * 0 1 1700000000000001 bob - {cut}
             bob < C 151 CHATS #team 0 0 0 - -
             bob < C 250 CHATS 0
             bob > C CHATS 1700000000000003
             bob < C 150 CHATS 2
             bob < C 151 CHATS * ...
             bob < C 151 CHATS #team ...
             bob < C 250 CHATS 0
             bob > C CHATS 1
             bob < C 150 CHATS 1
             bob < C 151 CHATS #team ...
             bob < C 250 CHATS 0
             bob > C CHATS 0
             bob < C 501 CHATS ...
             bob > C CHATS alice
             bob < C 501 CHATS ...
             guest connects
             guest > C CHATS
             guest < C 530 CHATS ..."
        ),
    );
}

#[test]
fn groups_are_chats_from_joining_to_leaving() {
    play_among(
        3,
        config(),
        "alice makes #one with bob
         alice makes #two with bob carol
         alice > D #one before
         bob < D _ alice #one before
         alice < C 250 ...
         carol asks alice to join #one
         alice admits carol to #one with bob
         carol > C CHATS
         carol < C 150 CHATS 2
         carol < C 151 CHATS #one 0 0 0 - -
         carol < C 151 CHATS #two 0 0 0 - -
         carol < C 250 CHATS 0
         bob > D #two later
         alice < D _ bob #two later
         carol < D _ bob #two later
         bob < C 250 ...
         bob > C LEAVE #one
         bob < C 250 ...
         alice < C 128 ...
         carol < C 128 ...
         carol > C CHATS
         carol < C 150 CHATS 2
         carol < C 151 CHATS #two 1 0 _ bob - later
         carol < C 151 CHATS #one 0 0 0 - -
         carol < C 250 CHATS 0
         bob > C CHATS
         bob < C 150 CHATS 1
         bob < C 151 CHATS #two 0 0 _ bob - later
         bob < C 250 CHATS 0",
    );
    play_among(
        2,
        Config { keep_messages: false, ..config() },
        "alice > D bob not kept
         bob < D _ alice bob not kept
         alice < C 250 ...
         alice makes #team with bob
         alice > C CHATS
         alice < C 150 CHATS 1
         alice < C 151 CHATS #team 0 0 0 - -
         alice < C 250 CHATS 0
         alice > C AFTER bob 0 9
         alice < C 150 AFTER 0
         alice < C 250 AFTER bob 0
         alice > C DELETE 1700000000000000
         alice < C 550 DELETE ...",
    );
}

#[test]
fn what_comes_behind_chats_waits() {
    play_among_two(
        "store holds
         bob > C CHATS
         bob > C QUIET on
         store has 1 jobs
         store answers first
         bob < C 150 CHATS 0
         bob < C 250 CHATS 0
         bob < C 250 QUIET ...
         bob > C CHATS
         store answers first busy
         bob < C 450 CHATS ...",
    );
}

#[test]
fn what_came_after_a_message_is_listed() {
    play_among_two(
        "alice > D bob one
         bob < D _ alice bob one
         alice < C 250 ...
         bob > D alice two
         alice < D _ bob alice two
         bob < C 250 ...
         alice > D bob three
         bob < D _ alice bob three
         alice < C 250 ...
         bob > C AFTER alice 1700000000000000 1
         bob < C 150 AFTER 1
         bob < D 1700000000000001 bob alice two
         bob < C 250 AFTER alice 1
         bob > C AFTER alice 0 9
         bob < C 150 AFTER 3
         bob < D _ alice bob one
         bob < D _ bob alice two
         bob < D _ alice bob three
         bob < C 250 AFTER alice 0
         bob > C AFTER alice 0 0
         bob < C 150 AFTER 0
         bob < C 250 AFTER alice 3
         bob > C AFTER alice 1700000000000002 1000
         bob < C 150 AFTER 0
         bob < C 250 AFTER alice 0
         bob > C AFTER alice 18446744073709551615 1
         bob < C 150 AFTER 0
         bob < C 250 AFTER alice 0
         bob > C AFTER alice 0 1001
         bob < C 501 AFTER ...
         bob > C AFTER alice
         bob < C 501 AFTER ...
         bob > C AFTER nobody 0 1
         bob < C 550 AFTER ...
         bob > C AFTER #team 0 1
         bob < C 550 AFTER ...",
    );
    play_among(
        3,
        config(),
        "alice makes #team with carol
         bob > C AFTER #team 0 1
         bob < C 530 AFTER ...",
    );
}
