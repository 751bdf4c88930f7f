//! ACCOUNTS: what administrators are told of all accounts.

use super::people::play_beside_operator as play;

#[test]
fn accounts_are_listed_by_name_with_what_holds_for_them() {
    play(
        "op > C ADDUSER Carol
         op < C 250 ADDUSER Carol _ word1
         op > C ACCOUNTS
         op < C 150 ACCOUNTS 3
         op < C 151 ACCOUNTS alice 10001 10001 _ online
         op < C 151 ACCOUNTS bob 10002 10002 _ online
         op < C 151 ACCOUNTS Carol _ _ - -
         op < C 250 ACCOUNTS 0
         op > C ADMIN alice on
         op < C 250 ADMIN ...
         op > C MUTE bob 1h
         op < C 250 MUTE ...
         op > C BAN bob
         bob < C 421 - you are banned
         op < C 250 BAN ...
         alice > C ACCOUNTS Alan
         alice < C 150 ACCOUNTS 3
         alice < C 151 ACCOUNTS alice 10001 10001 _ admin,online
         alice < C 151 ACCOUNTS bob 10002 10002 _ banned,muted
         alice < C 151 ACCOUNTS Carol _ _ - -
         alice < C 250 ACCOUNTS 0
         alice > C ACCOUNTS BOB
         alice < C 150 ACCOUNTS 1
         alice < C 151 ACCOUNTS Carol _ _ - -
         alice < C 250 ACCOUNTS 0",
    );
}

#[test]
fn the_end_of_a_session_is_kept_to_the_minute() {
    play(
        "wait 1000s
         bob breaks
         op > C ACCOUNTS alice
         op < C 150 ACCOUNTS 1
         op < C 151 ACCOUNTS bob 10002 10002 1700001000 -
         op < C 250 ACCOUNTS 0
         wait 31s
         server crashes
         op logs in locally
         op > C ACCOUNTS alice
         op < C 150 ACCOUNTS 1
         op < C 151 ACCOUNTS bob 10002 10002 1700001000 -
         op < C 250 ACCOUNTS 0",
    );
}

#[test]
fn a_list_of_accounts_that_can_not_be_read_is_refused() {
    play(
        "store holds
         op > C ACCOUNTS
         store answers first busy
         op < C 450 ACCOUNTS ...
         alice > C ACCOUNTS
         alice < C 530 ACCOUNTS ...",
    );
}
