//! What is for administrators alone on a server, and what young accounts may not do yet.

use chatsrv::hub::config::{Config, Permitted, Rules};

use super::people::play_among_two_with;
use crate::dialogue::{config, play_with};
use crate::store::Store;

/// Alice is an administrator, and bob is none.
fn play_with_administrator(rules: Rules, script: &str) {
    let all = "op logs in locally
        op > C QUIET on
        op < C 250 QUIET ...
        alice > C QUIET on
        alice < C 250 QUIET ...
        op > C ADMIN alice on
        op < C 250 ADMIN ...
        ";
    play_among_two_with(Config { rules, ..config() }, &format!("{all}{script}"));
}

#[test]
fn where_administrators_alone_write_to_everyone_users_do_not() {
    play_with_administrator(
        Rules { broadcast: Permitted::Administrators, ..Rules::default() },
        "bob > D * hello
         bob < C 530 MSG administrators ...
         bob > C PM
         bob < C 530 PM administrators ...
         bob > D alice hello
         alice < D _ bob alice hello
         bob < C 250 MSG _ alice 1 0
         bob > D *
         bob < C 501 MSG ...
         bob > C MKPUBLIC #team
         bob < C 250 MKPUBLIC #team 1
         alice > D * hello all
         bob < D _ alice * hello all
         op < D _ alice * hello all
         alice < C 250 MSG _ * 2 0
         op > C PM
         op < C 354 PM ...
         op > D and from me
         alice < D _ operator * and from me
         bob < D _ operator * and from me
         op < C 250 MSG _ * 2 0",
    );
}

#[test]
fn where_administrators_alone_make_groups_users_do_not() {
    play_with_administrator(
        Rules { group_makers: Permitted::Administrators, ..Rules::default() },
        "bob > C MKGROUP #team alice
         bob < C 530 MKGROUP administrators ...
         bob > C MKGROUPREQ #team alice
         bob < C 530 MKGROUPREQ administrators ...
         bob > C MKPUBLIC #team
         bob < C 530 MKPUBLIC administrators ...
         alice makes #team with bob
         bob > C ASK #team alice
         bob < C 530 ASK ...
         bob > D * hello
         alice < D _ bob * hello
         op < D _ bob * hello
         bob < C 250 MSG _ * 2 0",
    );
}

#[test]
fn where_administrators_alone_upload_users_do_not() {
    play_with_administrator(
        Rules { uploads: Permitted::Administrators, ..Rules::default() },
        "bob > C PUT 3 notes
         bob < C 530 PUT administrators ...
         bob > C SENDFILE alice 3 notes
         bob < C 250 SENDFILE 1 0
         alice > C PUT 3 notes
         alice < C 250 PUT 1 0",
    );
}

#[test]
fn where_nobody_uploads_administrators_do_not_either() {
    play_with_administrator(
        Rules { uploads: Permitted::Nobody, ..Rules::default() },
        "bob > C PUT 3 notes
         bob < C 503 PUT nobody ...
         alice > C PUT 3 notes
         alice < C 503 PUT nobody ...
         op > C PUT 3 notes
         op < C 503 PUT nobody ...
         bob > C SENDFILE alice 3 notes
         bob < C 250 SENDFILE 1 0",
    );
}

#[test]
fn young_accounts_may_not_do_all_that_others_may() {
    let rules = Rules { probation: 60, ..Rules::default() };
    for (line, verb) in [
        ("D * hello", "MSG"),
        ("C PM", "PM"),
        ("C SENDFILE * 3 notes", "SENDFILE"),
        ("C PUT 3 notes", "PUT"),
        ("C MKGROUP #team bob", "MKGROUP"),
        ("C MKGROUPREQ #team bob", "MKGROUPREQ"),
        ("C MKPUBLIC #team", "MKPUBLIC"),
        ("C CALL bob", "CALL"),
    ] {
        let script = format!(
            "carol logs in
             alice < C 120 ON carol ...
             carol > {line}
             carol < C 530 {verb} young 60 ...
             wait 45s
             carol > {line}
             carol < C 530 {verb} young 15 ...
             carol > D bob hello
             bob < D _ carol bob hello
             carol < C 250 MSG _ bob 1 0
             wait 15s
             carol > C PM
             carol < C 354 PM ..."
        );
        play_among_two_with(Config { rules, ..config() }, &script);
    }
}

#[test]
fn who_is_made_an_administrator_is_not_too_young() {
    let rules = Rules { probation: 60, ..Rules::default() };
    let script = "alice logs in
        op logs in locally
        alice > C MKPUBLIC #team
        alice < C 530 MKPUBLIC young 60 ...
        op > C ADMIN alice on
        op < C 250 ADMIN ...
        alice > C MKPUBLIC #team
        alice < C 250 MKPUBLIC #team 1";
    play_with(Config { rules, ..config() }, Store::new(), script);
}

#[test]
fn how_old_an_account_is_outlasts_a_crash() {
    let rules = Rules { probation: 60, ..Rules::default() };
    let script = "alice logs in
        wait 20s
        server crashes
        alice logs in
        alice > D * hello
        alice < C 530 MSG young 40 ...";
    play_with(Config { rules, ..config() }, Store::new(), script);
}

#[test]
fn who_has_said_enough_for_a_day_may_go_on_the_next_day_and_after_a_restart() {
    let rules = Rules { message_quota: 10, ..Rules::default() };
    let script = "bob > D alice 1234567
        alice < D _ bob alice 1234567
        bob < C 250 MSG _ alice 1 0
        bob > D alice 1234
        bob < C 452 MSG you have said enough ...
        bob > D alice 123
        alice < D _ bob alice 123
        bob < C 250 MSG _ alice 1 0
        bob > D * 1
        bob < C 452 MSG you have said enough ...
        bob > C SENDFILE alice 3 notes
        bob < C 250 SENDFILE 1 0
        alice > D bob 1
        bob < D _ alice bob 1
        alice < C 250 MSG _ bob 1 0
        wait 86400s
        bob > D alice 1234567890
        alice < D _ bob alice 1234567890
        bob < C 250 MSG _ alice 1 0
        bob > D alice 1
        bob < C 452 MSG you have said enough ...
        server crashes
        alice logs in to read 1
        alice < C 151 UNREAD bob 3 _
        alice < C 230 ...
        bob logs in to read 1
        bob < C 151 UNREAD alice 1 _
        bob < C 230 ...
        alice < C 120 ON bob ...
        bob > D alice 1
        alice < D _ bob alice 1
        bob < C 250 MSG _ alice 1 0";
    play_among_two_with(Config { rules, ..config() }, script);
}

#[test]
fn what_is_sent_again_with_its_key_counts_once() {
    let rules = Rules { message_quota: 10, ..Rules::default() };
    let again = "bob > C KEY once
        bob < C 250 KEY ...
        bob > D alice 1234567890
        ";
    let script = format!(
        "{again}alice < D _ bob alice 1234567890
         bob < C 250 MSG _ alice 1 0
         {again}bob < C 250 MSG _ alice 0 0
         bob > D alice 1
         bob < C 452 MSG you have said enough ..."
    );
    play_among_two_with(Config { rules, ..config() }, &script);
}

#[test]
fn a_new_account_reads_what_was_said_to_everyone_for_a_while_before() {
    let rules = Rules { new_see_history: Some(60), ..Rules::default() };
    let script = "alice > D * first word
        bob < D _ alice * first word
        alice < C 250 MSG _ * 1 0
        alice > D bob own word
        bob < D _ alice bob own word
        alice < C 250 MSG _ bob 1 0
        wait 50s
        alice > D * second word
        bob < D _ alice * second word
        alice < C 250 MSG _ * 1 0
        wait 50s
        carol logs in
        alice < C 120 ON carol ...
        carol > C OPEN * 10
        carol < C 150 OPEN 1
        carol < D _ alice * second word
        carol < C 250 OPEN * 0
        carol > C AFTER * 0 10
        carol < C 150 AFTER 1
        carol < D _ alice * second word
        carol < C 250 AFTER * 0
        carol > C HISTORY * 9999999999999999 10
        carol < C 150 HISTORY 1
        carol < D _ alice * second word
        carol < C 250 HISTORY *
        carol > C SEARCH * word
        carol < C 150 SEARCH 1
        carol < D _ alice * second word
        carol < C _ SEARCH ...
        carol > C SEARCH - word
        carol < C 150 SEARCH 1
        carol < D _ alice * second word
        carol < C _ SEARCH ...
        carol > C CHATS
        carol < C 150 CHATS 1
        carol < C 151 CHATS * 1 ...
        carol < C 250 CHATS 0
        bob > C SEARCH - word
        bob < C 150 SEARCH 3
        bob < D _ alice * first word
        bob < D _ alice bob own word
        bob < D _ alice * second word
        bob < C _ SEARCH ...
        wait 50s
        dave logs in
        alice < C 120 ON dave ...
        carol < C 120 ON dave ...
        dave > C CHATS
        dave < C 150 CHATS 0
        dave < C 250 CHATS 0
        dave > C OPEN * 10
        dave < C 150 OPEN 0
        dave < C 250 OPEN * 0";
    play_among_two_with(Config { rules, ..config() }, script);
}

#[test]
fn files_that_were_sent_to_everyone_before_that_are_not_there() {
    let rules = Rules { new_see_history: Some(0), ..Rules::default() };
    let script = "alice > C SENDFILE * 3 notes
        alice < C 250 SENDFILE 1 0
        alice sends 1 abc
        alice sends 1
        bob < C 124 FILE ...
        alice < C 126 SENDFILE 1 3 @1700000000000000
        bob > C GET 0 @1700000000000000
        bob < C 250 GET ...
        bob gets 1 abc
        wait 5s
        carol logs in
        alice < C 120 ON carol ...
        carol > C GET 0 @1700000000000000
        carol < C 550 GET ...
        carol > C DELETE 1700000000000000
        carol < C 550 DELETE ...";
    play_among_two_with(Config { rules, ..config() }, script);
}
