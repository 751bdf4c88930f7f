//! Who looks after a group: ops, handing over, and groups that nobody could manage any more.

use chatsrv::chat::group::{GroupRecord, GroupSettings, MemberRecord};
use chatsrv::chat::id::{GroupId, MessageId};
use chatsrv::chat::name::Number;
use chatsrv::chat::sanction::{Sanction, Sanctioned};
use chatsrv::chat::term::Until;
use chatsrv::hub::config::Config;
use chatsrv::hub::job::Job;

use super::groups::{four, play_among};
use crate::dialogue::{config, play_with};

/// Alice makes a group with bob, and the operator is there.
const TEAM: &str = "alice makes #team with bob
    op logs in locally
    ";

/// A kept group of alice's, as it is in a store.
pub fn team(id: u64) -> GroupRecord {
    let (name, alice) = (format!("#team{id}").parse().unwrap(), Number(10_001));
    GroupRecord {
        settings: GroupSettings { kept: true, ..GroupSettings::default() },
        members: vec![MemberRecord::new(alice, MessageId(id))],
        ..GroupRecord::new(GroupId(id), name, alice)
    }
}

fn play_in_team(script: &str) {
    play_among(3, config(), &format!("{TEAM}{script}"));
}

#[test]
fn ops_are_told_who_asks_and_let_them_in() {
    play_in_team(
        "carol asks alice to join #team
         bob > C ADMIT #team carol
         bob < C 530 ADMIT ...
         bob > C OP #team bob on
         bob < C 530 OP ...
         alice > C OP #team carol on
         alice < C 550 OP ...
         alice > C OP #team nobody on
         alice < C 550 OP ...
         alice > C OP #nothing bob on
         alice < C 550 OP ...
         alice > C OP #team alice off
         alice < C 503 OP ...
         alice > C OP #team bob on
         alice < C 250 OP #team
         bob < C 123 JOIN #team carol
         alice > C OP #team bob on
         alice < C 250 OP #team
         bob > C REFUSE #team carol
         bob < C 250 REFUSE #team
         carol asks alice bob to join #team
         bob > C KEEP #team on
         bob < C 250 KEEP #team
         bob > C OP #team alice off
         bob < C 503 OP ...
         bob > C EX
         bob < C 221 ...
         server crashes
         bob logs in
         bob < C 123 JOIN #team carol
         bob > C ADMIT #team carol
         bob < C 128 GROUP #team join carol
         bob < C 250 ADMIT #team
         bob > C OP #team bob off
         bob < C 250 OP #team
         bob > C OP #team bob on
         bob < C 530 OP ...",
    );
}

#[test]
fn an_admin_hands_over_and_stays_an_op() {
    play_in_team(
        "carol asks alice to join #team
         bob > C HANDOVER #team bob
         bob < C 530 HANDOVER ...
         alice > C HANDOVER #team carol
         alice < C 550 HANDOVER ...
         alice > C HANDOVER #team bob
         alice < C 128 GROUP #team admin bob
         bob < C 128 GROUP #team admin bob
         bob < C 123 JOIN #team carol
         alice < C 250 HANDOVER #team
         alice > C HANDOVER #team alice
         alice < C 530 HANDOVER ...
         bob > C HANDOVER #team bob
         bob < C 250 HANDOVER #team
         alice admits carol to #team with bob
         alice > C GROUPS
         alice < C 150 GROUPS 1
         alice < C 151 GROUPS #team bob 3 -
         alice < C 250 GROUPS ...
         op > C HANDOVER #team carol
         alice < C 128 GROUP #team admin carol
         bob < C 128 GROUP #team admin carol
         carol < C 128 GROUP #team admin carol
         op < C 250 HANDOVER #team
         op > C HANDOVER #nothing carol
         op < C 550 HANDOVER ...
         bob > C OP #team alice off
         bob < C 250 OP #team",
    );
}

#[test]
fn who_leaves_hands_over_to_the_oldest_op_before_the_oldest_member() {
    play_in_team(
        "alice > C LEAVE #team
         bob < C 128 GROUP #team leave alice
         bob < C 128 GROUP #team admin bob
         alice < C 250 LEAVE #team
         bob makes #crew with alice carol
         bob > C OP #crew carol on
         bob < C 250 OP #crew
         alice asks bob to join #team
         dave logs in
         dave asks bob carol to join #crew
         bob > C LEAVE #crew
         alice < C 128 GROUP #crew leave bob
         carol < C 128 GROUP #crew leave bob
         alice < C 128 GROUP #crew admin carol
         carol < C 128 GROUP #crew admin carol
         bob < C 250 LEAVE #crew",
    );
}

#[test]
fn who_is_banned_hands_over_and_stays_a_member() {
    play_in_team(
        "alice > C KEEP #team on
         alice < C 250 KEEP #team
         carol asks alice to join #team
         op > C BAN alice
         alice < C 421 - you are banned
         bob < C 128 GROUP #team admin bob
         bob < C 123 JOIN #team carol
         op < C 250 BAN ...
         op > C MEMBERS #team
         op < C 150 MEMBERS 2
         op < C 151 MEMBERS alice 10001
         op < C 151 MEMBERS bob 10002
         op < C 250 MEMBERS #team
         bob > C HANDOVER #team alice
         bob < C 503 HANDOVER ...
         server crashes
         bob logs in
         bob < C 123 JOIN #team carol
         bob > C ADMIT #team carol
         bob < C 128 GROUP #team join carol
         bob < C 250 ADMIT #team
         bob > C GROUPS
         bob < C 150 GROUPS 1
         bob < C 151 GROUPS #team bob 3 kept
         bob < C 250 GROUPS ...",
    );
}

#[test]
fn a_group_whose_members_are_all_banned_is_the_first_ones_who_is_not_any_more() {
    play_in_team(
        "carol asks alice to join #team
         alice > C KEEP #team on
         alice < C 250 KEEP #team
         op bans bob
         op bans alice
         op > C GROUPS ALL
         op < C 150 GROUPS 1
         op < C 151 GROUPS #team alice 2 kept
         op < C 250 GROUPS ...
         op > C UNBAN bob
         op < C 250 UNBAN ...
         op > C GROUPS ALL
         op < C 150 GROUPS 1
         op < C 151 GROUPS #team bob 2 kept
         op < C 250 GROUPS ...
         bob logs in
         bob < C 123 JOIN #team carol
         op bans bob
         op > C UNBAN alice
         op < C 250 UNBAN ...
         alice logs in
         alice < C 123 JOIN #team carol
         alice admits carol to #team",
    );
}

#[test]
fn who_is_asked_into_a_group_of_banned_members_becomes_its_admin() {
    play_among(
        3,
        config(),
        "alice makes #team asking bob
         carol asks alice to join #team
         alice > C KEEP #team on
         alice < C 250 KEEP #team
         op logs in locally
         op bans alice
         bob > C JOIN #team
         bob < C 128 GROUP #team join bob
         bob < C 128 GROUP #team admin bob
         bob < C 123 JOIN #team carol
         bob < C 250 JOIN #team",
    );
}

#[test]
fn a_store_in_which_an_admin_is_banned_begins_with_another_one() {
    let mut store = four();
    let members =
        [10_001, 10_002, 10_003].map(|number| MemberRecord::new(Number(number), MessageId(5)));
    store
        .run(&Job::SaveGroup(GroupRecord { members: members.to_vec(), ..team(5) }.into()))
        .unwrap();
    for number in [10_001, 10_002] {
        let whom = Sanctioned::Ban(Number(number));
        let (by, until) = (Number::OPERATOR, Until::Ever);
        let sanction = Some(Sanction { by, since: 0, until, reason: None });
        store.run(&Job::SetSanction { whom, sanction }).unwrap();
    }
    play_with(
        config(),
        store,
        "carol logs in
         wait 0ms
         carol > C GROUPS
         carol < C 150 GROUPS 1
         carol < C 151 GROUPS #team5 carol 3 kept
         carol < C 250 GROUPS ...
         server crashes
         carol logs in
         carol > C KEEP #team5 off
         carol < C 250 KEEP #team5",
    );
}

#[test]
fn who_is_banned_while_a_group_is_being_made_is_not_its_admin() {
    play_among(
        2,
        config(),
        "op logs in locally
         alice > D alice a note that needs an id
         alice < C 250 MSG ...
         store holds
         op > C BAN alice
         alice > C MKGROUP #team bob
         store answers first
         alice < C 421 - you are banned
         op < C 250 BAN ...
         store answers first
         bob < C 128 GROUP #team join bob
         bob < C 128 GROUP #team admin bob
         store works
         wait 0ms",
    );
}

#[test]
fn administrators_end_groups_and_each_member_is_told() {
    play_in_team(
        "alice > D #team hello
         bob < D _ alice #team hello
         alice < C 250 MSG _ #team 1 0
         alice > C KEEP #team on
         alice < C 250 KEEP #team
         alice > C DISSOLVE #team
         alice < C 530 DISSOLVE ...
         carol asks alice to join #team
         bob > C EX
         bob < C 221 ...
         op > C DISSOLVE #nothing
         op < C 550 DISSOLVE ...
         op > C DISSOLVE #team
         alice < C 128 GROUP #team leave alice
         op < C 250 DISSOLVE #team
         op > C DISSOLVE #team
         op < C 550 DISSOLVE ...
         alice > D #team is anybody there?
         alice < C 550 MSG ...
         carol > C MKGROUP #team bob
         carol < C 250 MKGROUP #team 2
         carol < C 128 GROUP #team join bob
         bob logs in
         bob < C 128 GROUP #team leave bob
         bob < C 128 GROUP #team join bob
         bob > C OPEN #team 9
         bob < C 150 OPEN 0
         bob < C 250 OPEN #team 0
         op > C ADMIN carol on
         op < C 250 ADMIN ...
         carol > C MEMBERS #team
         carol < C 150 MEMBERS 2
         carol < C 151 MEMBERS carol 10003
         carol < C 151 MEMBERS bob 10002
         carol < C 250 MEMBERS #team
         carol > C DISSOLVE #team
         carol < C 128 GROUP #team leave carol
         bob < C 128 GROUP #team leave bob
         carol < C 250 DISSOLVE #team",
    );
}

#[test]
fn a_group_counts_for_who_made_it_also_after_a_restart() {
    let mut store = four();
    for id in 1..=1024 {
        // Alice made it, and has left.
        let (admin, members) =
            (Number(10_002), vec![MemberRecord::new(Number(10_002), MessageId(id))]);
        store
            .run(&Job::SaveGroup(
                GroupRecord { admin, ops: vec![admin], members, ..team(id) }.into(),
            ))
            .unwrap();
    }
    play_with(
        Config { presence_limit: 0, ..config() },
        store,
        "bob logs in
         alice logs in
         alice > C MKGROUP #more bob
         alice < C 452 MKGROUP ...
         bob makes #own with alice",
    );
}
