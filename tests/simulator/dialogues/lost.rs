//! Groups of which the store did not keep one change and kept a later one, and a clock that lost
//! time.

use chatsrv::chat::group::{GroupRecord, MemberRecord, ShutOut};
use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::Number;
use chatsrv::hub::config::Config;
use chatsrv::hub::job::Job;

use super::groups::{four, play_among};
use super::ops::team;
use crate::dialogue::{config, play_with};

/// Plays a dialogue with a group that a store kept.
fn play_with_kept(kept: GroupRecord, script: &str) {
    let mut store = four();
    store.run(&Job::SaveGroup(kept.into())).unwrap();
    play_with(Config { presence_limit: 0, ..config() }, store, script);
}

#[test]
fn whoever_asks_is_not_shut_out_any_more() {
    let (alice, bob) = (Number(10_001), Number(10_002));
    let kept = GroupRecord {
        asking: vec![bob],
        shut_out: vec![ShutOut { user: bob, by: alice, since: 1 }],
        ..team(5)
    };
    play_with_kept(
        kept,
        "alice logs in
         alice < C 123 JOIN #team5 bob
         wait 0ms
         alice > C SHUTOUT #team5
         alice < C 150 SHUTOUT 0
         alice < C 250 SHUTOUT #team5
         alice > C ADMIT #team5 bob
         alice < C 128 GROUP #team5 join bob
         alice < C 250 ADMIT #team5
         alice > C EXPEL #team5 bob
         alice < C 128 GROUP #team5 leave bob
         alice < C 250 EXPEL #team5
         server crashes
         alice logs in
         alice > C SHUTOUT #team5
         alice < C 150 SHUTOUT 0
         alice < C 250 SHUTOUT #team5",
    );
}

#[test]
fn what_was_left_over_of_a_member_does_not_come_back() {
    let (alice, bob) = (Number(10_001), Number(10_002));
    let kept = GroupRecord {
        members: [alice, bob].map(|number| MemberRecord::new(number, MessageId(5))).into(),
        asked: vec![bob],
        ..team(5)
    };
    play_with_kept(
        kept,
        "bob logs in
         wait 0ms
         bob > C LEAVE #team5
         bob < C 250 LEAVE #team5
         server crashes
         bob logs in
         bob > C JOIN #team5
         bob < C 252 JOIN #team5",
    );
}

#[test]
fn who_is_refused_before_and_after_the_clock_went_back_leaves_the_ops_alone() {
    play_among(
        2,
        config(),
        "alice > C MKGROUPREQ #team dave
         alice < C 250 MKGROUPREQ #team 1
         alice > C KEEP #team on
         alice < C 250 KEEP #team
         bob asks alice to join #team
         alice > C REFUSE #team bob
         alice < C 250 REFUSE #team
         clock goes back 3600000ms
         server crashes
         alice logs in
         bob logs in
         bob asks alice to join #team
         alice > C REFUSE #team bob
         alice < C 250 REFUSE #team
         bob asks alice to join #team
         alice > C REFUSE #team bob
         alice < C 250 REFUSE #team
         bob > C JOIN #team
         bob < C 450 JOIN 86400 try again later",
    );
}

#[test]
fn what_could_not_be_written_holds_and_is_written_later() {
    play_among(
        3,
        config(),
        "alice makes #team with bob
         alice > C KEEP #team on
         alice < C 250 KEEP #team
         carol asks alice to join #team
         store holds
         alice > C TOPIC #team lunch
         store answers first no-room
         alice < C 452 TOPIC it is so now, but not on the disk yet; that is tried again
         alice > C PUBLIC #team on
         store answers first failed
         alice < C 450 PUBLIC ...
         alice > C REFUSE #team carol EVER
         store answers first busy
         alice < C 450 REFUSE ...
         alice > C EXPEL #team bob
         bob < C 128 GROUP #team leave bob
         alice < C 128 GROUP #team leave bob
         store answers first no-room
         alice < C 452 EXPEL ...
         carol > C GROUPS PUBLIC
         carol < C 150 GROUPS 1
         carol < C 151 GROUPS #team alice 1 kept public lunch
         carol < C 250 GROUPS ...
         wait 5000ms
         store has 1 jobs
         store works
         server crashes
         carol logs in
         carol > C GROUPS PUBLIC
         carol < C 150 GROUPS 1
         carol < C 151 GROUPS #team alice 1 kept public lunch
         carol < C 250 GROUPS ...
         carol > C JOIN #team
         carol < C 530 JOIN ...",
    );
}

#[test]
fn what_is_not_written_when_the_server_crashes_never_was() {
    play_among(
        2,
        config(),
        "alice > C MKPUBLIC #open
         alice < C 250 MKPUBLIC #open 1
         store holds
         alice > C TOPIC #open lunch
         store answers first busy
         alice < C 450 TOPIC ...
         alice > C PUBLIC #open off
         store has 1 jobs
         server crashes after 1 jobs
         store works
         bob logs in
         bob > C JOIN #open
         bob < C 252 JOIN #open
         alice logs in
         alice < C 123 JOIN #open bob
         alice > C INFO #open
         alice < C 150 INFO 8
         alice < C 151 INFO name #open
         alice < C 151 INFO admin alice
         alice < C 151 INFO members 1
         alice < C 151 INFO kept on
         alice < C 151 INFO public off
         alice < C 151 INFO op alice
         alice < C 151 INFO opentopic off
         alice < C 151 INFO made 1700000000
         alice < C 250 INFO #open",
    );
}
