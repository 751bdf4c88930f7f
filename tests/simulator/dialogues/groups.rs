//! Groups: who becomes a member, and who is told.

use chatsrv::chat::account::Account;
use chatsrv::chat::name::Number;
use chatsrv::hub::config::Config;

use crate::dialogue::{config, groups, play_with};
use crate::store::Store;

pub const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// A store that knows four people with the password `x` and the numbers 10001 to 10004.
pub fn four() -> Store {
    let mut store = Store::new();
    for (at, name) in (1..).zip(NAMES) {
        let name = name.parse().unwrap();
        store.add(Account { number: Number(10_000 + at), name, display: None, created: 0 }, "x");
    }
    store
}

/// Plays a dialogue among so many of the four, of whom nobody is told who comes and goes.
pub fn play_among(people: usize, config: Config, script: &str) {
    let mut all = String::new();
    for name in &NAMES[..people] {
        all += &format!("{name} logs in\n");
    }
    play_with(Config { presence_limit: 0, ..config }, four(), &(all + script));
}

#[test]
fn all_who_are_named_are_members_at_once() {
    play_among(
        3,
        config(),
        "alice > C MKGROUP #Team bob 10003 BOB alice
         alice < C 250 MKGROUP #Team 3
         alice < C 128 GROUP #Team join bob
         alice < C 128 GROUP #Team join carol
         bob < C 128 GROUP #Team join bob
         carol < C 128 GROUP #Team join carol
         bob > C MEMBERS #team
         bob < C 150 MEMBERS 3
         bob < C 151 MEMBERS alice 10001
         bob < C 151 MEMBERS bob 10002
         bob < C 151 MEMBERS carol 10003
         bob < C 250 MEMBERS #Team
         carol > D #TEAM hello
         alice < D _ carol #Team hello
         bob < D _ carol #Team hello
         carol < C 250 MSG _ #Team 2 0",
    );
}

#[test]
fn a_group_that_cannot_be_made_is_not() {
    play_among(
        2,
        Config { groups: groups(2), ..config() },
        "alice > C MKGROUP #team nobody
         alice < C 550 MKGROUP ...
         alice > C MKGROUP #team bob carol
         alice < C 452 MKGROUP ...
         alice > C MKGROUP #team
         alice < C 501 MKGROUP ...
         alice > C MKGROUP #20111 bob
         alice < C 553 MKGROUP ...
         store holds
         alice > C MKGROUP #team bob
         store answers first
         bob > C MKGROUP #TEAM alice
         bob < C 553 MKGROUP ...
         store answers first no-room
         alice < C 452 MKGROUP ...
         store works
         bob makes #TEAM with alice
         alice > C MKGROUPREQ #Team bob
         alice < C 553 MKGROUPREQ ...",
    );
}

#[test]
fn nobody_sees_a_group_before_it_is_on_disk_and_its_maker_waits() {
    play_among(
        2,
        config(),
        "store holds
         alice > C MKGROUP #team bob
         alice > D #team hello
         store has 1 jobs
         store answers first
         bob > C GROUPS ALL
         bob < C 150 GROUPS 0
         bob < C 250 GROUPS ...
         store answers first
         alice < C 250 MKGROUP #team 2
         alice < C 128 GROUP #team join bob
         bob < C 128 GROUP #team join bob
         bob < D _ alice #team hello
         store works
         alice < C 250 MSG _ #team 1 0",
    );
}

#[test]
fn a_group_is_made_though_its_maker_vanishes() {
    play_among(
        2,
        config(),
        "store holds
         alice > C MKGROUP #team bob
         store answers first
         alice breaks
         store answers first
         bob < C 128 GROUP #team join bob
         store works
         wait 0ms
         alice logs in
         alice < C 128 GROUP #team join alice
         alice > C GROUPS
         alice < C 150 GROUPS 1
         alice < C 151 GROUPS #team alice 2 -
         alice < C 250 GROUPS ...",
    );
}

#[test]
fn a_group_without_a_name_gets_a_number() {
    play_among(
        2,
        config(),
        "alice > C MKGROUP bob
         alice < C 250 MKGROUP #34404 2
         alice < C 128 GROUP #34404 join bob
         bob < C 128 GROUP #34404 join bob
         bob > D #34404 hello
         alice < D _ bob #34404 hello
         bob < C 250 MSG _ #34404 1 0",
    );
}

#[test]
fn who_is_asked_joins_and_others_ask() {
    play_among(
        3,
        config(),
        "alice > C MKGROUPREQ #team bob dave
         alice < C 250 MKGROUPREQ #team 1
         bob < C 122 ASK #team alice
         bob > C MEMBERS #team
         bob < C 150 MEMBERS 1
         bob < C 151 MEMBERS alice 10001
         bob < C 250 MEMBERS #team
         bob > D #team not yet
         bob < C 530 MSG ...
         bob > C OPEN #team
         bob < C 530 OPEN ...
         bob > C JOIN #team
         alice < C 128 GROUP #team join bob
         bob < C 128 GROUP #team join bob
         bob < C 250 JOIN #team
         bob > C JOIN #team
         bob < C 250 JOIN #team
         carol > C MEMBERS #team
         carol < C 530 MEMBERS ...
         carol asks alice to join #team
         carol > C JOIN #team
         carol < C 252 JOIN #team
         carol > D #team let me in
         carol < C 530 MSG ...
         bob > C ADMIT #team carol
         bob < C 530 ADMIT ...
         alice > C ADMIT #team dave
         alice < C 503 ADMIT ...
         alice > C ADMIT #team nobody
         alice < C 550 ADMIT ...
         alice admits carol to #team with bob
         alice > C ADMIT #team carol
         alice < C 503 ADMIT ...
         carol > C JOIN #nothing
         carol < C 550 JOIN ...
         carol > C JOIN nothing
         carol < C 550 JOIN ...",
    );
}

#[test]
fn who_is_refused_may_ask_again() {
    play_among(
        2,
        config(),
        "alice > C MKGROUPREQ #team carol
         alice < C 250 MKGROUPREQ #team 1
         bob asks alice to join #team
         alice > C REFUSE #team bob
         alice < C 250 REFUSE #team
         alice > C REFUSE #team bob
         alice < C 503 REFUSE ...
         bob asks alice to join #team",
    );
}

#[test]
fn a_full_group_takes_nobody() {
    play_among(
        3,
        Config { groups: groups(2), ..config() },
        "alice > C MKGROUPREQ #team bob carol dave
         alice < C 250 MKGROUPREQ #team 1
         bob < C 122 ASK #team alice
         carol < C 122 ASK #team alice
         carol > C JOIN #team
         alice < C 128 GROUP #team join carol
         carol < C 128 GROUP #team join carol
         carol < C 250 JOIN #team
         bob > C JOIN #team
         bob < C 452 JOIN ...
         carol > C LEAVE #team
         alice < C 128 GROUP #team leave carol
         carol < C 250 LEAVE #team
         carol asks alice to join #team
         bob > C JOIN #team
         alice < C 128 GROUP #team join bob
         bob < C 128 GROUP #team join bob
         bob < C 250 JOIN #team
         alice > C ADMIT #team carol
         alice < C 452 ADMIT ...
         alice > C ASK #team carol
         alice < C 452 ASK that group is full
         alice > C PUBLIC #team on
         alice < C 250 PUBLIC #team
         carol > C JOIN #team
         carol < C 452 JOIN ...",
    );
}

#[test]
fn who_was_offline_is_told_after_the_login() {
    play_among(
        3,
        config(),
        "alice > C MKGROUPREQ #one dave
         alice < C 250 MKGROUPREQ #one 1
         bob > C MKGROUP #two dave
         bob < C 250 MKGROUP #two 2
         bob < C 128 GROUP #two join dave
         dave logs in
         dave < C 128 GROUP #two join dave
         dave < C 122 ASK #one alice
         alice breaks
         carol > C JOIN #one
         carol < C 252 JOIN #one
         alice logs in
         alice < C 123 JOIN #one carol",
    );
}

#[test]
fn an_admin_who_leaves_hands_over_to_the_oldest_member() {
    play_among(
        3,
        config(),
        "alice makes #team with bob
         carol asks alice to join #team
         alice > C LEAVE #team
         bob < C 128 GROUP #team leave alice
         bob < C 128 GROUP #team admin bob
         bob < C 123 JOIN #team carol
         alice < C 250 LEAVE #team
         alice > C LEAVE #team
         alice < C 530 LEAVE ...
         bob > C LEAVE #team
         bob < C 250 LEAVE #team
         bob > C LEAVE #team
         bob < C 550 LEAVE ...
         bob > C GROUPS ALL
         bob < C 150 GROUPS 0
         bob < C 250 GROUPS ...
         carol makes #team with bob",
    );
}

#[test]
fn what_goes_to_a_group_that_the_store_no_longer_has_is_told_as_that() {
    play_among(
        2,
        config(),
        "alice makes #team with bob
         store holds
         alice > C SENDFILE #team 5 a picture
         store answers first not-found
         alice < C 550 SENDFILE there is no such group now
         alice > D #team hello
         bob < D _ alice #team hello
         store answers first not-found
         alice < C 550 MSG no such group any more",
    );
}
