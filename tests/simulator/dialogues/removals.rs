//! Accounts that end, and what is left of them.

use chatsrv::chat::account::Account;
use chatsrv::chat::name::Number;

use super::people::{alice_and_bob, play_among_two};
use crate::dialogue::{config, play_with};
use crate::store::Store;

/// Alice, bob and carol, 10003.
fn three() -> Store {
    let mut store = alice_and_bob();
    let carol = Account {
        number: Number(10_003),
        name: "carol".parse().unwrap(),
        display: None,
        created: 0,
    };
    store.add(carol, "x");
    store
}

#[test]
fn a_removed_user_is_gone_and_what_was_said_can_still_be_read() {
    play_among_two(
        "op logs in locally
         alice > D bob hello
         bob < D _ alice bob hello
         alice < C 250 MSG _ bob 1 0
         op > C REMOVE nobody
         op < C 550 REMOVE ...
         op > C REMOVE operator
         op < C 530 REMOVE ...
         alice > C REMOVE bob
         alice < C 530 REMOVE ...
         op > C REMOVE alice
         alice < C 421 - the account was removed
         alice closed account-removed
         op < C 121 OFF alice 10001
         op < C 250 REMOVE ...
         op > C REMOVE alice
         op < C 550 REMOVE ...
         op > C REMOVE 10001
         op < C 550 REMOVE ...
         bob > D alice are you there
         bob < C 550 MSG ...
         bob > D 10001 are you there
         bob < C 550 MSG ...
         bob > D removed-10001 are you there
         bob < C 550 MSG ...
         bob > C WHOIS removed-10001
         bob < C 550 WHOIS ...
         bob > C UNREAD
         bob < C 150 UNREAD 1
         bob < C 151 UNREAD removed-10001 1 _
         bob < C 250 UNREAD ...
         bob > C OPEN removed-10001 9
         bob < C 150 OPEN 1
         bob < D _ removed-10001 bob hello
         bob < C 250 OPEN removed-10001 0
         bob > C SEEN removed-10001 1700000000000000
         bob < C 250 SEEN removed-10001 1700000000000000
         new connects
         new > C USER alice
         new < C 553 USER ...
         new > C USER removed-10001
         new < C 553 USER ...
         server crashes
         new connects
         new > C USER alice
         new < C 553 USER ...
         wait 7776001000ms
         new connects
         new > C USER alice
         new < C 332 USER ...
         new > D y
         new < C 150 UNREAD 0
         new < C 230 USER alice _ welcome
         bob logs in
         new < C 120 ON bob 10002
         bob > C OPEN removed-10001 9
         bob < C 150 OPEN 1
         bob < D _ removed-10001 bob hello
         bob < C 250 OPEN removed-10001 0",
    );
}

#[test]
fn users_remove_themselves_with_their_password() {
    play_among_two(
        "alice > C UNREGISTER
         alice < C 354 UNREGISTER ...
         alice > D wrong
         alice < C 535 UNREGISTER ...
         alice > C UNREGISTER
         alice < C 354 UNREGISTER ...
         alice > D x
         alice < C 250 UNREGISTER ...
         alice < C 421 - the account was removed
         alice closed account-removed
         bob > D 10001 hello
         bob < C 550 MSG ...",
    );
}

#[test]
fn whoever_tries_passwords_to_remove_somebody_is_put_out() {
    play_among_two(
        "alice > C UNREGISTER ERASE
         alice < C 354 UNREGISTER ...
         alice > D wrong
         alice < C 535 UNREGISTER ...
         alice > C UNREGISTER ERASE
         alice < C 354 UNREGISTER ...
         alice > D wrong
         alice < C 535 UNREGISTER ...
         alice > C UNREGISTER ERASE
         alice < C 354 UNREGISTER ...
         alice > D wrong
         alice < C 535 UNREGISTER ...
         alice < C 421 - too many wrong passwords
         alice closed wrong-password",
    );
}

#[test]
fn groups_of_a_removed_user_go_to_an_op_or_a_member_and_empty_ones_end() {
    play_with(
        config(),
        three(),
        "op logs in locally
         alice logs in
         op < C 120 ON alice 10001
         bob logs in
         op < C 120 ON bob 10002
         alice < C 120 ON bob 10002
         carol logs in
         op < C 120 ON carol 10003
         alice < C 120 ON carol 10003
         bob < C 120 ON carol 10003
         alice makes #team with bob carol
         alice > C OP #team carol on
         alice < C 250 OP #team
         alice > C MKPUBLIC #own
         alice < C 250 MKPUBLIC #own 1
         bob makes #other asking alice
         op > C REMOVE alice
         alice < C 421 - the account was removed
         op < C 121 OFF alice 10001
         bob < C 121 OFF alice 10001
         carol < C 121 OFF alice 10001
         bob < C 128 GROUP #team leave alice
         carol < C 128 GROUP #team leave alice
         bob < C 128 GROUP #team admin carol
         carol < C 128 GROUP #team admin carol
         op < C 250 REMOVE ...
         bob > C GROUPS ALL
         bob < C 150 GROUPS 2
         bob < C 151 GROUPS #team carol 2 - ...
         bob < C 151 GROUPS #other bob 1 - ...
         bob < C 250 GROUPS ...",
    );
}

#[test]
fn with_erase_all_goes_in_steps_also_after_a_crash() {
    play_among_two(
        "op logs in locally
         alice > D * one
         bob < D _ alice * one
         op < D _ alice * one
         alice < C 250 MSG _ * 2 0
         bob > D * two
         alice < D _ bob * two
         op < D _ bob * two
         bob < C 250 MSG _ * 2 0
         alice > D bob three
         bob < D _ alice bob three
         alice < C 250 MSG _ bob 1 0
         alice > D bob four
         bob < D _ alice bob four
         alice < C 250 MSG _ bob 1 0
         bob > D alice five
         alice < D _ bob alice five
         bob < C 250 MSG _ alice 1 0
         op > C REMOVE alice ERASE
         alice < C 421 - the account was removed
         op < C 121 OFF alice 10001
         op < C 250 REMOVE ...
         server crashes
         bob logs in to read 1
         bob < C 151 UNREAD removed-10001 2 _
         bob < C 230 ...
         wait 10000ms
         wait 10000ms
         wait 10000ms
         wait 10000ms
         bob > C OPEN removed-10001 9
         bob < C 150 OPEN 1
         bob < D _ bob removed-10001 five
         bob < C 250 OPEN removed-10001 0
         bob > C OPEN * 9
         bob < C 150 OPEN 1
         bob < D _ bob * two
         bob < C 250 OPEN * 0
         bob > C SEARCH - three
         bob < C 150 SEARCH 0
         bob < C 250 SEARCH ...",
    );
}
