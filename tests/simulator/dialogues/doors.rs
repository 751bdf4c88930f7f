//! The doors of a group: who asks whom, who is turned away, and who is put out.

use super::groups::play_among;
use super::open_groups::play_in_team;
use crate::dialogue::config;

#[test]
fn ops_ask_users_and_members_where_the_group_is_public() {
    play_in_team(
        3,
        "alice > C ASK #TEAM carol
         carol < C 122 ASK #team alice
         alice < C 250 ASK #team
         alice > C ASK #team carol
         alice < C 250 ASK #team
         carol > C ASK #team dave
         carol < C 530 ASK ...
         bob > C ASK #team dave
         bob < C 530 ASK ...
         alice > C ASK #team nobody
         alice < C 550 ASK ...
         alice > C ASK #nothing dave
         alice < C 550 ASK ...
         alice > C ASK #team bob
         alice < C 503 ASK ...
         alice > C ASK #team alice
         alice < C 503 ASK ...
         alice > C ASK #team
         alice < C 501 ASK ...
         carol > C JOIN #team
         alice < C 128 GROUP #team join carol
         bob < C 128 GROUP #team join carol
         carol < C 128 GROUP #team join carol
         carol < C 250 JOIN #team
         alice > C PUBLIC #team on
         alice < C 136 CHANGE #team set - alice PUBLIC on
         alice < C 250 PUBLIC #team
         bob > C ASK #team 10004
         bob < C 250 ASK #team
         dave logs in
         dave < C 122 ASK #team alice
         dave > C JOIN #team
         alice < C 128 GROUP #team join dave
         bob < C 128 GROUP #team join dave
         carol < C 128 GROUP #team join dave
         dave < C 128 GROUP #team join dave
         dave < C 250 JOIN #team",
    );
}

#[test]
fn who_asked_to_join_and_is_asked_is_a_member() {
    play_in_team(
        3,
        "carol asks alice to join #team
         alice > C ASK #team carol
         alice < C 128 GROUP #team join carol
         alice < C 250 ASK #team
         bob < C 128 GROUP #team join carol
         carol < C 128 GROUP #team join carol",
    );
}

#[test]
fn who_declines_is_left_alone_for_a_day() {
    play_in_team(
        3,
        "alice > C KEEP #team on
         alice < C 136 CHANGE #team set - alice KEEP on
         alice < C 250 KEEP #team
         carol > C DECLINE #team
         carol < C 503 DECLINE ...
         carol > C DECLINE #nothing
         carol < C 550 DECLINE ...
         carol > C DECLINE
         carol < C 501 DECLINE ...
         alice > C ASK #team carol
         carol < C 122 ASK #team alice
         alice < C 250 ASK #team
         carol > C DECLINE #team
         carol < C 250 DECLINE #team
         carol > C DECLINE #team
         carol < C 503 DECLINE ...
         carol > C MEMBERS #team
         carol < C 530 MEMBERS ...
         alice > C ASK #team carol
         alice < C 450 ASK 86400 try again later
         wait 86398999ms
         alice > C ASK #team carol
         alice < C 450 ASK 2 try again later
         server crashes
         alice logs in
         carol logs in
         wait 1000ms
         alice > C ASK #team carol
         alice < C 450 ASK 1 try again later
         wait 1ms
         alice > C ASK #team carol
         carol < C 122 ASK #team alice
         alice < C 250 ASK #team
         carol > C DECLINE #team
         carol < C 250 DECLINE #team
         carol asks alice to join #team
         alice > C ASK #team carol
         alice < C 450 ASK 86400 try again later
         alice > C ADMIT #team carol
         alice < C 128 GROUP #team join carol
         carol < C 128 GROUP #team join carol
         alice < C 250 ADMIT #team
         carol > C LEAVE #team
         alice < C 128 GROUP #team leave carol
         carol < C 250 LEAVE #team
         alice > C ASK #team carol
         carol < C 122 ASK #team alice
         alice < C 250 ASK #team",
    );
}

#[test]
fn who_is_refused_three_times_in_a_day_leaves_the_ops_alone_for_a_day() {
    play_in_team(
        3,
        "alice > C KEEP #team on
         alice < C 136 CHANGE #team set - alice KEEP on
         alice < C 250 KEEP #team
         carol asks alice to join #team
         alice > C REFUSE #team carol
         alice < C 250 REFUSE #team
         wait 3600000ms
         carol asks alice to join #team
         alice > C REFUSE #team carol
         alice < C 250 REFUSE #team
         wait 82799999ms
         carol asks alice to join #team
         alice > C REFUSE #team carol
         alice < C 250 REFUSE #team
         carol > C JOIN #team
         carol < C 450 JOIN 86400 try again later
         server crashes
         alice logs in
         carol logs in
         carol > C JOIN #team
         carol < C 450 JOIN 86400 try again later
         wait 86399999ms
         carol > C JOIN #team
         carol < C 450 JOIN 1 try again later
         wait 1ms
         carol asks alice to join #team
         alice > C REFUSE #team carol
         alice < C 250 REFUSE #team
         carol asks alice to join #team
         alice > C REFUSE #team carol
         alice < C 250 REFUSE #team
         carol asks alice to join #team
         alice > C REFUSE #team carol
         alice < C 250 REFUSE #team
         carol > C JOIN #team
         carol < C 450 JOIN 86400 try again later
         alice > C ASK #team carol
         carol < C 122 ASK #team alice
         alice < C 250 ASK #team
         carol > C JOIN #team
         alice < C 128 GROUP #team join carol
         carol < C 128 GROUP #team join carol
         carol < C 250 JOIN #team
         carol > C LEAVE #team
         alice < C 128 GROUP #team leave carol
         carol < C 250 LEAVE #team
         carol asks alice to join #team
         alice > C REFUSE #team carol
         alice < C 250 REFUSE #team
         alice > C PUBLIC #team on
         alice < C 250 PUBLIC #team
         carol > C JOIN #team
         alice < C 128 GROUP #team join carol
         carol < C 128 GROUP #team join carol
         carol < C 250 JOIN #team",
    );
}

#[test]
fn three_refusals_that_take_longer_than_a_day_keep_nobody_away() {
    play_in_team(
        3,
        "carol asks alice to join #team
         alice > C REFUSE #team carol
         alice < C 250 REFUSE #team
         wait 43200000ms
         carol asks alice to join #team
         alice > C REFUSE #team carol
         alice < C 250 REFUSE #team
         wait 43200000ms
         carol asks alice to join #team
         alice > C REFUSE #team carol
         alice < C 250 REFUSE #team
         carol asks alice to join #team",
    );
}

#[test]
fn who_is_refused_for_ever_may_not_come_in() {
    play_in_team(
        3,
        "carol asks alice to join #team
         bob > C REFUSE #team carol ever
         bob < C 530 REFUSE ...
         alice > C REFUSE #team carol never
         alice < C 501 REFUSE ...
         alice > C REFUSE #team carol ever
         alice < C 250 REFUSE #team
         carol > C JOIN #team
         carol < C 530 JOIN you may not come into that group
         alice > C PUBLIC #team on
         alice < C 136 CHANGE #team set - alice PUBLIC on
         alice < C 250 PUBLIC #team
         carol > C JOIN #team
         carol < C 530 JOIN ...
         bob > C ASK #team carol
         bob < C 530 ASK that user is shut out, which only an op can change
         bob > C SHUTOUT #team
         bob < C 530 SHUTOUT ...
         carol > C SHUTOUT #nothing
         carol < C 550 SHUTOUT ...
         alice > C SHUTOUT
         alice < C 501 SHUTOUT ...
         alice > C SHUTOUT #team
         alice < C 150 SHUTOUT 1
         alice < C 151 SHUTOUT carol alice 1700000000
         alice < C 250 SHUTOUT #team
         alice > C ASK #team carol
         carol < C 122 ASK #team alice
         alice < C 250 ASK #team
         alice > C SHUTOUT #team
         alice < C 150 SHUTOUT 0
         alice < C 250 SHUTOUT #team
         carol > C DECLINE #team
         carol < C 250 DECLINE #team
         carol > C JOIN #team
         alice < C 128 GROUP #team join carol
         bob < C 128 GROUP #team join carol
         carol < C 128 GROUP #team join carol
         carol < C 250 JOIN #team",
    );
}

#[test]
fn ops_put_members_out_and_all_are_told() {
    play_in_team(
        3,
        "carol asks alice to join #team
         alice > C ADMIT #team carol
         alice < C 128 GROUP #team join carol
         alice < C 250 ADMIT #team
         bob < C 128 GROUP #team join carol
         carol < C 128 GROUP #team join carol
         carol > C MORE on
         carol < C 250 MORE ...
         bob > C EXPEL #team carol
         bob < C 530 EXPEL ...
         carol > C EXPEL #nothing bob
         carol < C 550 EXPEL ...
         alice > C EXPEL #team alice
         alice < C 503 EXPEL ...
         alice > C EXPEL #team dave
         alice < C 550 EXPEL ...
         alice > C EXPEL #team nobody
         alice < C 550 EXPEL ...
         alice > C EXPEL #team
         alice < C 501 EXPEL ...
         alice > C OP #team bob on
         alice < C 136 CHANGE #team op bob alice
         carol < C 136 CHANGE #team op bob alice
         alice < C 250 OP #team
         bob > C EXPEL #team alice
         bob < C 530 EXPEL ...
         bob > C EXPEL #team carol be good
         alice < C 136 CHANGE #team expel carol bob be good
         alice < C 128 GROUP #team leave carol
         bob < C 128 GROUP #team leave carol
         carol < C 136 CHANGE #team expel carol bob be good
         carol < C 128 GROUP #team leave carol
         bob < C 250 EXPEL #team
         carol > D #team but why?
         carol < C 530 MSG ...
         carol asks alice bob to join #team
         alice > C ADMIT #team carol
         alice < C 128 GROUP #team join carol
         alice < C 250 ADMIT #team
         bob < C 128 GROUP #team join carol
         carol < C 128 GROUP #team join carol
         alice > C EXPEL #team bob
         alice < C 136 CHANGE #team expel bob alice
         alice < C 128 GROUP #team leave bob
         alice < C 250 EXPEL #team
         bob < C 128 GROUP #team leave bob
         carol < C 136 CHANGE #team expel bob alice
         carol < C 128 GROUP #team leave bob
         alice > C EXPEL #team carol ever after
         alice < C 136 CHANGE #team expel carol alice after
         alice < C 128 GROUP #team leave carol
         alice < C 250 EXPEL #team
         carol < C 136 CHANGE #team expel carol alice after
         carol < C 128 GROUP #team leave carol
         carol > C JOIN #team
         carol < C 530 JOIN ...
         bob asks alice to join #team
         alice > C ADMIT #team carol
         alice < C 503 ADMIT ...",
    );
}

#[test]
fn who_is_put_out_while_offline_is_told_behind_the_next_login() {
    play_in_team(
        2,
        "alice > C KEEP #team on
         alice < C 136 CHANGE #team set - alice KEEP on
         alice < C 250 KEEP #team
         bob breaks
         alice > C EXPEL #team bob EVER
         alice < C 136 CHANGE #team expel bob alice
         alice < C 128 GROUP #team leave bob
         alice < C 250 EXPEL #team
         server crashes
         bob logs in
         bob < C 128 GROUP #team leave bob
         bob > C JOIN #team
         bob < C 530 JOIN ...
         bob breaks
         bob logs in
         alice logs in
         alice > C TOPIC #team lunch
         alice < C 250 TOPIC #team
         alice > C SHUTOUT #team
         alice < C 150 SHUTOUT 1
         alice < C 151 SHUTOUT bob alice 1700000000
         alice < C 250 SHUTOUT #team",
    );
}

#[test]
fn who_is_put_out_while_a_session_enters_is_told_in_all() {
    play_in_team(
        2,
        "store holds
         phone connects
         phone > C USER bob BESIDE
         phone < C 331 ...
         phone > D x
         store answers first
         alice > C EXPEL #team bob
         alice < C 136 CHANGE #team expel bob alice
         alice < C 128 GROUP #team leave bob
         bob < C 128 GROUP #team leave bob
         store answers first
         phone < C 150 UNREAD 0
         phone < C 230 ...
         phone < C 128 GROUP #team leave bob
         store answers first
         alice < C 250 EXPEL #team
         store works
         phone > C GROUPS
         phone < C 150 GROUPS 0
         phone < C 250 GROUPS ...",
    );
}

#[test]
fn who_leaves_may_say_why() {
    play_in_team(
        3,
        "phone connects
         phone > C USER bob BESIDE
         phone < C 331 ...
         phone > D x
         phone < C 150 UNREAD 0
         phone < C 230 ...
         bob > C LEAVE #team so long
         alice < C 136 CHANGE #team leave bob bob so long
         alice < C 128 GROUP #team leave bob
         phone < C 136 CHANGE #team leave bob bob so long
         phone < C 128 GROUP #team leave bob
         bob < C 250 LEAVE #team
         bob asks alice to join #team
         alice > C ADMIT #team bob
         alice < C 128 GROUP #team join bob
         alice < C 250 ADMIT #team
         bob < C 128 GROUP #team join bob
         phone < C 128 GROUP #team join bob
         phone > C LEAVE #team
         alice < C 128 GROUP #team leave bob
         bob < C 128 GROUP #team leave bob
         phone < C 250 LEAVE #team
         alice > C LEAVE #team \u{202e}because
         alice < C 501 LEAVE ...
         alice > C LEAVE #team the last one
         alice < C 250 LEAVE #team
         bob > C LEAVE #team
         bob < C 550 LEAVE ...",
    );
}

#[test]
fn the_last_one_who_leaves_is_told_in_other_sessions() {
    play_among(
        2,
        config(),
        "alice makes #team with bob
         phone connects
         phone > C USER alice BESIDE
         phone < C 331 ...
         phone > D x
         phone < C 150 UNREAD 0
         phone < C 230 ...
         bob > C LEAVE #team
         alice < C 128 GROUP #team leave bob
         phone < C 128 GROUP #team leave bob
         bob < C 250 LEAVE #team
         alice > C LEAVE #team nobody else
         phone < C 136 CHANGE #team leave alice alice nobody else
         phone < C 128 GROUP #team leave alice
         alice < C 250 LEAVE #team",
    );
}
