//! Public groups, what is set in a group and told of it, and how many there may be.

use chatsrv::hub::config::{Config, GroupBounds};

use super::groups::play_among;
use crate::dialogue::{config, groups};

/// A closed group of alice and bob. Alice is told what came to the protocol later, and bob is not.
const TEAM: &str = "alice makes #team with bob
    alice > C MORE on
    alice < C 250 MORE ...
    ";

pub fn play_in_team(people: usize, script: &str) {
    play_among(people, config(), &format!("{TEAM}{script}"));
}

#[test]
fn who_comes_to_a_public_group_is_a_member() {
    play_among(
        3,
        config(),
        "alice > C MKPUBLIC #Open
         alice < C 250 MKPUBLIC #Open 1
         bob > C JOIN #open
         alice < C 128 GROUP #Open join bob
         bob < C 128 GROUP #Open join bob
         bob < C 250 JOIN #Open
         carol > C MEMBERS #open
         carol < C 150 MEMBERS 2
         carol < C 151 MEMBERS alice 10001
         carol < C 151 MEMBERS bob 10002
         carol < C 250 MEMBERS #Open
         carol > D #open hello
         carol < C 530 MSG ...
         carol > C MKPUBLIC #OPEN
         carol < C 553 MKPUBLIC ...
         carol > C MKPUBLIC
         carol < C 501 MKPUBLIC ...
         carol > C MKPUBLIC #20111
         carol < C 553 MKPUBLIC ...
         carol > C MKPUBLIC #more bob
         carol < C 553 MKPUBLIC ...
         alice > C PUBLIC #open off
         alice < C 250 PUBLIC #Open
         carol > C MEMBERS #open
         carol < C 530 MEMBERS ...
         carol asks alice to join #Open
         bob > C PUBLIC #open on
         bob < C 530 PUBLIC ...
         alice > C PUBLIC #open on
         alice < C 250 PUBLIC #Open
         carol > C JOIN #open
         alice < C 128 GROUP #Open join carol
         bob < C 128 GROUP #Open join carol
         carol < C 128 GROUP #Open join carol
         carol < C 250 JOIN #Open
         alice > C ADMIT #open carol
         alice < C 503 ADMIT ...",
    );
}

#[test]
fn a_public_group_is_kept_from_its_beginning_on() {
    play_among(
        2,
        config(),
        "alice > C MKPUBLIC #open
         alice < C 250 MKPUBLIC #open 1
         alice > C TOPIC #open lunch at noon
         alice < C 250 TOPIC #open
         alice > C OPENTOPIC #open on
         alice < C 250 OPENTOPIC #open
         alice > C EX
         alice < C 221 ...
         wait 1200000ms
         server crashes
         bob logs in
         bob > C GROUPS PUBLIC
         bob < C 150 GROUPS 1
         bob < C 151 GROUPS #open alice 1 kept public lunch at noon
         bob < C 250 GROUPS ...
         bob > C JOIN #open
         bob < C 128 GROUP #open join bob
         bob < C 250 JOIN #open
         bob > C TOPIC #open
         bob < C 250 TOPIC #open
         server crashes
         bob logs in
         bob > C INFO #open
         bob < C 150 INFO 8
         bob < C 151 INFO name #open
         bob < C 151 INFO admin alice
         bob < C 151 INFO members 2
         bob < C 151 INFO kept on
         bob < C 151 INFO public on
         bob < C 151 INFO op alice
         bob < C 151 INFO opentopic on
         bob < C 151 INFO made 1700000000
         bob < C 250 INFO #open",
    );
}

#[test]
fn lists_of_groups_tell_what_is_public_and_about_what() {
    play_in_team(
        3,
        "bob > C MKPUBLIC #open
         bob < C 250 MKPUBLIC #open 1
         bob > C MKPUBLIC #other
         bob < C 250 MKPUBLIC #other 1
         bob > C TOPIC #other lunch at noon
         bob < C 250 TOPIC #other
         bob > C GROUPS
         bob < C 150 GROUPS 3
         bob < C 151 GROUPS #team alice 2 -
         bob < C 151 GROUPS #open bob 1 kept
         bob < C 151 GROUPS #other bob 1 kept
         bob < C 250 GROUPS ...
         alice > C GROUPS
         alice < C 150 GROUPS 1
         alice < C 151 GROUPS #team alice 2 - -
         alice < C 250 GROUPS ...
         alice > C GROUPS all
         alice < C 150 GROUPS 3
         alice < C 151 GROUPS #team alice 2 - -
         alice < C 151 GROUPS #open bob 1 kept public
         alice < C 151 GROUPS #other bob 1 kept public
         alice < C 250 GROUPS ...
         alice > C GROUPS PUBLIC
         alice < C 150 GROUPS 2
         alice < C 151 GROUPS #open bob 1 kept public
         alice < C 151 GROUPS #other bob 1 kept public lunch at noon
         alice < C 250 GROUPS ...
         alice > C MORE off
         alice < C 250 MORE ...
         alice > C GROUPS PUBLIC
         alice < C 150 GROUPS 2
         alice < C 151 GROUPS #open bob 1 kept public
         alice < C 151 GROUPS #other bob 1 kept public lunch at noon
         alice < C 250 GROUPS ...
         alice > C GROUPS some
         alice < C 501 GROUPS ...
         bob > C KEEP #open off
         bob < C 250 KEEP #open
         bob > C PUBLIC #other off
         bob < C 250 PUBLIC #other
         alice > C GROUPS PUBLIC
         alice < C 150 GROUPS 1
         alice < C 151 GROUPS #open bob 1 - public
         alice < C 250 GROUPS ...",
    );
}

#[test]
fn what_is_known_of_a_group_is_told_to_whom_its_members_are() {
    play_in_team(
        3,
        "alice > C TOPIC #team lunch at noon
         alice < C 135 TOPIC #team alice lunch at noon
         alice < C 250 TOPIC #team
         carol > C INFO #TEAM
         carol < C 150 INFO 5
         carol < C 151 INFO name #team
         carol < C 151 INFO admin alice
         carol < C 151 INFO members 2
         carol < C 151 INFO kept off
         carol < C 151 INFO public off
         carol < C 250 INFO #team
         bob > C INFO #team
         bob < C 150 INFO 11
         bob < C 151 INFO name #team
         bob < C 151 INFO admin alice
         bob < C 151 INFO members 2
         bob < C 151 INFO kept off
         bob < C 151 INFO public off
         bob < C 151 INFO op alice
         bob < C 151 INFO opentopic off
         bob < C 151 INFO made 1700000000
         bob < C 151 INFO topic lunch at noon
         bob < C 151 INFO topic-by alice
         bob < C 151 INFO topic-at 1700000000
         bob < C 250 INFO #team
         carol > C INFO #nothing
         carol < C 550 INFO ...
         carol > C INFO
         carol < C 501 INFO ...
         alice > C ASK #team carol
         carol < C 122 ASK #team alice
         alice < C 250 ASK #team
         carol > C INFO #team
         carol < C 150 INFO 11
         carol < C 151 INFO name #team
         carol < C 151 INFO admin alice
         carol < C 151 INFO members 2
         carol < C 151 INFO kept off
         carol < C 151 INFO public off
         carol < C 151 INFO op alice
         carol < C 151 INFO opentopic off
         carol < C 151 INFO made 1700000000
         carol < C 151 INFO topic lunch at noon
         carol < C 151 INFO topic-by alice
         carol < C 151 INFO topic-at 1700000000
         carol < C 250 INFO #team",
    );
}

#[test]
fn a_list_of_members_tells_who_they_are_and_where() {
    play_in_team(
        3,
        "alice > C OP #team bob on
         alice < C 136 CHANGE #team op bob alice
         alice < C 250 OP #team
         carol asks alice bob to join #team
         alice > C ADMIT #team carol
         alice < C 128 GROUP #team join carol
         alice < C 250 ADMIT #team
         bob < C 128 GROUP #team join carol
         carol < C 128 GROUP #team join carol
         bob > C NICK Bob the Builder
         bob < C 250 NICK ...
         bob > C AWAY at lunch
         bob < C 250 AWAY ...
         carol breaks
         alice > C MEMBERS #team all
         alice < C 150 MEMBERS 3
         alice < C 151 MEMBERS alice 10001 admin 1700000000 on alice
         alice < C 151 MEMBERS bob 10002 op 1700000000 away Bob the Builder
         alice < C 151 MEMBERS carol 10003 - 1700000000 off carol
         alice < C 250 MEMBERS #team
         bob > C MEMBERS #team ALL
         bob < C 150 MEMBERS 3
         bob < C 151 MEMBERS alice 10001 admin 1700000000 on alice
         bob < C 151 MEMBERS bob 10002 op 1700000000 away Bob the Builder
         bob < C 151 MEMBERS carol 10003 - 1700000000 off carol
         bob < C 250 MEMBERS #team
         bob > C MEMBERS #team some
         bob < C 501 MEMBERS ...
         dave logs in
         dave > C MEMBERS #team ALL
         dave < C 530 MEMBERS ...
         op logs in locally
         op > C MEMBERS #team ALL
         op < C 150 MEMBERS 3
         op < C 151 MEMBERS alice 10001 admin 1700000000 on alice
         op < C 151 MEMBERS bob 10002 op 1700000000 away Bob the Builder
         op < C 151 MEMBERS carol 10003 - 1700000000 off carol
         op < C 250 MEMBERS #team",
    );
}

#[test]
fn ops_set_the_topic_and_members_where_they_may() {
    let long = "n".repeat(391);
    let script = format!(
        "alice > C TOPIC #team lunch
         alice < C 135 TOPIC #team alice lunch
         alice < C 250 TOPIC #team
         alice > C TOPIC #team lunch
         alice < C 250 TOPIC #team
         bob > C TOPIC #team supper
         bob < C 530 TOPIC ...
         carol > C TOPIC #team supper
         carol < C 530 TOPIC ...
         carol > C TOPIC #nothing supper
         carol < C 550 TOPIC ...
         bob > C OPENTOPIC #team on
         bob < C 530 OPENTOPIC ...
         alice > C OPENTOPIC #team on
         alice < C 136 CHANGE #team set - alice OPENTOPIC on
         alice < C 250 OPENTOPIC #team
         bob > C TOPIC #TEAM supper  at  eight
         alice < C 135 TOPIC #team bob supper  at  eight
         bob < C 250 TOPIC #team
         bob > C TOPIC #team
         alice < C 135 TOPIC #team bob
         bob < C 250 TOPIC #team
         bob > C TOPIC #team
         bob < C 250 TOPIC #team
         bob > C TOPIC #team {long}
         bob < C 501 TOPIC ...
         bob > C TOPIC #team \u{202e}lunch
         bob < C 501 TOPIC ...
         bob > C TOPIC #team {}
         alice < C 135 TOPIC #team bob {}
         bob < C 250 TOPIC #team
         carol > C TOPIC #team supper
         carol < C 530 TOPIC ...
         alice > C OPENTOPIC #team off
         alice < C 136 CHANGE #team set - alice OPENTOPIC off
         alice < C 250 OPENTOPIC #team
         bob > C TOPIC #team supper
         bob < C 530 TOPIC ...",
        &long[1..],
        &long[1..],
    );
    play_in_team(3, &script);
}

#[test]
fn members_are_told_what_is_set_and_who_is_an_op() {
    play_in_team(
        2,
        "alice > C KEEP #team on
         alice < C 136 CHANGE #team set - alice KEEP on
         alice < C 250 KEEP #team
         alice > C KEEP #team on
         alice < C 250 KEEP #team
         alice > C PUBLIC #team on
         alice < C 136 CHANGE #team set - alice PUBLIC on
         alice < C 250 PUBLIC #team
         alice > C PUBLIC #team on
         alice < C 250 PUBLIC #team
         alice > C PUBLIC #team maybe
         alice < C 501 PUBLIC ...
         bob > C PUBLIC #nothing on
         bob < C 550 PUBLIC ...
         bob > C MORE on
         bob < C 250 MORE ...
         alice > C OP #team bob on
         alice < C 136 CHANGE #team op bob alice
         bob < C 136 CHANGE #team op bob alice
         alice < C 250 OP #team
         alice > C OP #team bob on
         alice < C 250 OP #team
         bob > C PUBLIC #team off
         alice < C 136 CHANGE #team set - bob PUBLIC off
         bob < C 136 CHANGE #team set - bob PUBLIC off
         bob < C 250 PUBLIC #team
         bob > C OP #team bob off
         alice < C 136 CHANGE #team deop bob bob
         bob < C 136 CHANGE #team deop bob bob
         bob < C 250 OP #team
         alice > C HANDOVER #team bob
         alice < C 128 GROUP #team admin bob
         bob < C 128 GROUP #team admin bob
         alice < C 250 HANDOVER #team
         op logs in locally
         op > C DISSOLVE #team
         alice < C 136 CHANGE #team dissolve - operator
         alice < C 128 GROUP #team leave alice
         bob < C 136 CHANGE #team dissolve - operator
         bob < C 128 GROUP #team leave bob
         op < C 250 DISSOLVE #team",
    );
}

#[test]
fn who_is_in_many_groups_joins_no_other() {
    let bounds = GroupBounds { per_user_max: 2, ..groups(100) };
    play_among(
        2,
        Config { groups: bounds, ..config() },
        "alice > C MKPUBLIC #one
         alice < C 250 MKPUBLIC #one 1
         bob makes #two with alice
         alice > C MKPUBLIC #three
         alice < C 452 MKPUBLIC ...
         alice makes #three with bob
         bob > C JOIN #one
         bob < C 452 JOIN ...
         alice > C ASK #one bob
         bob < C 122 ASK #one alice
         alice < C 250 ASK #one
         bob > C JOIN #one
         bob < C 452 JOIN ...
         bob > C LEAVE #three
         alice < C 128 GROUP #three leave bob
         bob < C 250 LEAVE #three
         bob > C JOIN #one
         alice < C 128 GROUP #one join bob
         bob < C 128 GROUP #one join bob
         bob < C 250 JOIN #one",
    );
}

#[test]
fn a_server_takes_so_many_groups() {
    let bounds = GroupBounds { all_max: 2, ..groups(100) };
    play_among(
        2,
        Config { groups: bounds, ..config() },
        "alice > C MKPUBLIC #one
         alice < C 250 MKPUBLIC #one 1
         store holds
         bob > C MKPUBLIC #two
         alice > C MKPUBLIC #three
         alice < C 452 MKPUBLIC ...
         alice > C MKGROUP #three bob
         alice < C 452 MKGROUP ...
         store answers first
         bob < C 250 MKPUBLIC #two 1
         store works
         bob > C LEAVE #two
         bob < C 250 LEAVE #two
         alice makes #three with bob",
    );
}

/// Alice asks 198 users to join groups.
fn asks_many() -> String {
    "alice > C MKGROUPREQ bob carol dave
     alice < C 250 MKGROUPREQ _ 1
     "
    .repeat(66)
}

#[test]
fn one_user_adds_so_many_in_an_hour() {
    let script = format!(
        "{}
         alice > C MKGROUPREQ #team bob
         alice < C 250 MKGROUPREQ #team 1
         alice > C ASK #team bob
         alice < C 250 ASK #team
         alice > C ASK #team carol
         alice < C 250 ASK #team
         alice > C ASK #team dave
         alice < C 452 ASK you have asked or added too many in the last hour
         alice > C MKGROUP #crew bob
         alice < C 452 MKGROUP ...
         alice > C MKPUBLIC #open
         alice < C 250 MKPUBLIC #open 1
         dave logs in
         dave > C MKGROUPREQ #crew alice
         dave < C 250 MKGROUPREQ #crew 1
         alice < C 122 ASK #crew dave
         dave breaks
         wait 3600000ms
         alice > C ASK #team dave
         alice < C 250 ASK #team",
        asks_many()
    );
    // Dave is told of all the groups that ask him.
    let told = "dave < C 122 ASK _ alice\n".repeat(66);
    let script = script.replace("dave logs in\n", &format!("dave logs in\n{told}"));
    play_among(1, config(), &script);
}

#[test]
fn where_additions_are_not_counted_there_may_be_any() {
    let script = format!(
        "{}
         alice > C MKGROUPREQ #team bob carol dave
         alice < C 250 MKGROUPREQ #team 1",
        asks_many()
    );
    play_among(1, Config { bounds_rates: false, ..config() }, &script);
}
