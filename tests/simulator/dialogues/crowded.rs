//! Groups with as many people at their doors as may be.

use std::fmt::Write;

use chatsrv::chat::account::Account;
use chatsrv::chat::group::{GroupRecord, MemberRecord, ShutOut};
use chatsrv::chat::id::MessageId;
use chatsrv::chat::name::Number;
use chatsrv::hub::config::Config;
use chatsrv::hub::job::Job;

use super::groups::four;
use super::ops::team;
use crate::dialogue::{config, groups, play_with};

const ALICE: Number = Number(10_001);

/// So many more people than the four.
fn others(count: u32) -> Vec<Number> {
    (0..count).map(|at| Number(20_000 + at)).collect()
}

/// Plays a dialogue among the four and all these, after the group was kept.
fn play_in(kept: GroupRecord, others: &[Number], script: &str) {
    let mut store = four();
    for number in others {
        let name = format!("user{number}").parse().unwrap();
        store.add(Account { number: *number, name, display: None, created: 0 }, "x");
    }
    store.run(&Job::SaveGroup(kept.into())).unwrap();
    let config = Config { presence_limit: 0, groups: groups(2000), ..config() };
    play_with(config, store, script);
}

#[test]
fn so_many_wait_for_the_ops() {
    let others = others(256);
    let mut script = String::from("alice logs in\n");
    for number in &others {
        writeln!(script, "alice < C 123 JOIN #team5 user{number}").unwrap();
    }
    script += "bob logs in
        bob > C JOIN #team5
        bob < C 452 JOIN too many wait for that group's ops already
        alice > C REFUSE #team5 user20000
        alice < C 250 REFUSE #team5
        bob asks alice to join #team5
        alice > C ASK #team5 carol
        alice < C 250 ASK #team5
        carol logs in
        carol < C 122 ASK #team5 alice
        carol > C JOIN #team5
        alice < C 128 GROUP #team5 join carol
        carol < C 128 GROUP #team5 join carol
        carol < C 250 JOIN #team5";
    play_in(GroupRecord { asking: others.clone(), ..team(5) }, &others, &script);
}

#[test]
fn so_many_are_asked() {
    let others = others(256);
    play_in(
        GroupRecord { asked: others.clone(), ..team(5) },
        &others,
        "alice logs in
         alice > C ASK #team5 bob
         alice < C 452 ASK too many are asked to join that group already
         alice > C ASK #team5 user20001
         alice < C 250 ASK #team5
         bob logs in
         bob asks alice to join #team5
         alice > C ASK #team5 bob
         alice < C 128 GROUP #team5 join bob
         alice < C 250 ASK #team5
         bob < C 128 GROUP #team5 join bob
         user20000 logs in
         user20000 < C 122 ASK #team5 alice
         user20000 > C DECLINE #team5
         user20000 < C 250 DECLINE #team5
         alice > C ASK #team5 carol
         alice < C 250 ASK #team5",
    );
}

#[test]
fn as_many_as_are_asked_may_be_named_where_a_group_is_made() {
    let others = others(257);
    let mut all = String::new();
    for number in &others[..256] {
        write!(all, " {number}").unwrap();
    }
    let script = format!(
        "alice logs in
         alice > C MKGROUPREQ #crew{all} {}
         alice < C 452 MKGROUPREQ more than a group may have
         alice > C MKGROUPREQ #crew{all}
         alice < C 452 MKGROUPREQ you have asked or added too many in the last hour",
        others[256]
    );
    play_in(team(5), &others, &script);
}

#[test]
fn so_many_are_shut_out() {
    let others = others(1000);
    let shut_out = |user: &Number| ShutOut { user: *user, by: ALICE, since: 1 };
    let members = [10_001, 10_002].map(|number| MemberRecord::new(Number(number), MessageId(5)));
    let kept = GroupRecord {
        members: members.into(),
        shut_out: others.iter().map(shut_out).collect(),
        ..team(5)
    };
    play_in(
        kept,
        &others,
        "alice logs in
         alice > C EXPEL #team5 bob EVER
         alice < C 452 EXPEL that group has shut out too many already
         carol logs in
         carol asks alice to join #team5
         alice > C REFUSE #team5 carol EVER
         alice < C 452 REFUSE ...
         alice > C ASK #team5 user20500
         alice < C 250 ASK #team5
         alice > C EXPEL #team5 bob EVER
         alice < C 128 GROUP #team5 leave bob
         alice < C 250 EXPEL #team5
         alice > C REFUSE #team5 carol
         alice < C 250 REFUSE #team5
         bob logs in
         bob < C 128 GROUP #team5 leave bob",
    );
}

#[test]
fn so_many_are_ops() {
    let others = others(63);
    let all: Vec<Number> = [ALICE].into_iter().chain(others.iter().copied()).collect();
    let members = all.iter().chain(&[Number(10_002)]);
    let kept = GroupRecord {
        members: members.map(|number| MemberRecord::new(*number, MessageId(5))).collect(),
        ops: all.clone(),
        ..team(5)
    };
    play_in(
        kept,
        &others,
        "alice logs in
         alice > C OP #team5 bob on
         alice < C 452 OP that group has too many ops already
         alice > C HANDOVER #team5 bob
         alice < C 452 HANDOVER ...
         alice > C OP #team5 user20000 off
         alice < C 250 OP #team5
         alice > C OP #team5 bob on
         alice < C 250 OP #team5",
    );
}
