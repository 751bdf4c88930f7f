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
