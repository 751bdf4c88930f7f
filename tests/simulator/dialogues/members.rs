//! Members of groups: how long they are, and what they read.

use std::fmt::Write;
use std::time::Duration;

use chatsrv::chat::account::Account;
use chatsrv::chat::name::Number;
use chatsrv::hub::config::Config;

use super::groups::play_among;
use crate::dialogue::{config, play_with};
use crate::store::Store;

/// A configuration with which one user may add many others at once.
fn many_added() -> Config {
    Config { bounds_rates: false, ..config() }
}

const TEAM: &str = "alice makes #team with bob carol\n";

#[test]
fn a_group_that_is_not_kept_loses_who_says_goodbye() {
    let script = format!(
        "{TEAM}
         alice > C EX
         alice < C 221 ...
         bob < C 128 GROUP #team leave alice
         bob < C 128 GROUP #team admin bob
         carol < C 128 GROUP #team leave alice
         carol < C 128 GROUP #team admin bob
         alice logs in
         alice > C GROUPS
         alice < C 150 GROUPS 0
         alice < C 250 GROUPS ...
         alice > D #team hello
         alice < C 530 MSG ...
         bob > C EX
         bob < C 221 ...
         carol < C 128 GROUP #team leave bob
         carol < C 128 GROUP #team admin carol
         carol > C EX
         carol < C 221 ...
         alice > D #team hello
         alice < C 550 MSG ...",
    );
    play_among(3, config(), &script);
}

#[test]
fn a_group_that_is_not_kept_loses_who_is_offline_for_ten_minutes() {
    let script = format!(
        "{TEAM}
         bob breaks
         carol ends
         wait 599999ms
         bob logs in
         wait 1ms
         alice < C 128 GROUP #team leave carol
         bob < C 128 GROUP #team leave carol
         wait 600000ms
         bob breaks
         alice > C KEEP #team on
         alice < C 250 KEEP #team
         wait 1200000ms
         alice > C KEEP #team off
         alice < C 250 KEEP #team
         wait 599999ms
         alice > C GROUPS
         alice < C 150 GROUPS 1
         alice < C 151 GROUPS #team alice 2 -
         alice < C 250 GROUPS ...
         wait 1ms
         alice < C 128 GROUP #team leave bob",
    );
    play_among(3, config(), &script);
}

#[test]
fn a_session_that_takes_over_stays_in_the_group() {
    let script = format!(
        "{TEAM}
         again connects
         again > C USER bob TAKEOVER
         again < C 331 ...
         again > D x
         bob < C 421 ...
         bob closed taken-over
         again < C 150 UNREAD 0
         again < C 230 ...
         wait 1200000ms
         alice > C EX
         alice < C 221 ...
         again < C 128 GROUP #team leave alice
         again < C 128 GROUP #team admin bob
         carol < C 128 GROUP #team leave alice
         carol < C 128 GROUP #team admin bob",
    );
    play_among(3, config(), &script);
}

#[test]
fn a_kept_group_outlives_everything() {
    let script = format!(
        "{TEAM}
         bob > C KEEP #team on
         bob < C 530 KEEP ...
         alice > C KEEP #team maybe
         alice < C 501 KEEP ...
         alice > C KEEP #team on
         alice < C 250 KEEP #team
         bob makes #other with alice
         dave logs in
         dave asks alice to join #team
         carol > C EX
         carol < C 221 ...
         alice > D #team carol is away
         bob < D _ alice #team carol is away
         alice < C 250 MSG _ #team 1 1
         server crashes
         alice logs in
         alice < C 123 JOIN #team dave
         carol logs in to read 1
         carol < C 151 UNREAD #team 1 _
         carol < C 230 ...
         carol > C OPEN #team
         carol < C 150 OPEN 1
         carol < D _ alice #team carol is away
         carol < C 250 OPEN #team 0
         alice > C MEMBERS #team
         alice < C 150 MEMBERS 3
         alice < C 151 MEMBERS alice 10001
         alice < C 151 MEMBERS bob 10002
         alice < C 151 MEMBERS carol 10003
         alice < C 250 MEMBERS #team
         alice > C GROUPS ALL
         alice < C 150 GROUPS 1
         alice < C 151 GROUPS #team alice 3 kept
         alice < C 250 GROUPS ...
         alice > C ADMIT #team dave
         alice < C 128 GROUP #team join dave
         alice < C 250 ADMIT #team
         carol < C 128 GROUP #team join dave",
    );
    play_among(3, config(), &script);
}

#[test]
fn a_member_reads_from_joining_on_and_nobody_else_reads() {
    play_among(
        3,
        config(),
        "alice makes #team with bob
         alice > D #team before
         bob < D _ alice #team before
         alice < C 250 MSG 1700000000000001 #team 1 0
         carol asks alice to join #team
         carol > C HISTORY #team 9999999999999999 9
         carol < C 530 HISTORY ...
         carol > C SEARCH #team before
         carol < C 530 SEARCH ...
         carol > C SEEN #team 1
         carol < C 530 SEEN ...
         alice admits carol to #team with bob
         alice > D #team after
         bob < D _ alice #team after
         carol < D _ alice #team after
         alice < C 250 MSG 1700000000000002 #team 2 0
         carol > C OPEN #team 9
         carol < C 150 OPEN 1
         carol < D 1700000000000002 alice #team after
         carol < C 250 OPEN #team 0
         carol > C SEARCH - before
         carol < C 150 SEARCH 0
         carol < C 250 SEARCH ...
         bob > C SEARCH - before
         bob < C 150 SEARCH 1
         bob < D 1700000000000001 alice #team before
         bob < C 250 SEARCH ...
         carol > C UNREAD
         carol < C 150 UNREAD 1
         carol < C 151 UNREAD #team 1 1700000000000002
         carol < C 250 UNREAD ...
         carol > C SEEN #team 1700000000000002
         carol < C 250 SEEN #team 1700000000000002
         carol > C LEAVE #team
         alice < C 128 GROUP #team leave carol
         bob < C 128 GROUP #team leave carol
         carol < C 250 LEAVE #team
         carol > C OPEN #team 9
         carol < C 530 OPEN ...
         carol > C SEARCH - after
         carol < C 150 SEARCH 0
         carol < C 250 SEARCH ...",
    );
}

#[test]
fn a_change_that_could_not_be_kept_is_kept_a_little_later() {
    play_among(
        2,
        config(),
        "alice makes #team asking bob
         store holds
         bob > C JOIN #team
         alice < C 128 GROUP #team join bob
         bob < C 128 GROUP #team join bob
         store answers first no-room
         bob < C 452 JOIN ...
         store has 0 jobs
         wait 5000ms
         store has 1 jobs
         store answers first failed
         wait 5000ms
         store works
         wait 0ms
         store has 0 jobs
         alice > C KEEP #team on
         alice < C 250 KEEP #team
         bob > C LEAVE #team
         alice < C 128 GROUP #team leave bob
         bob < C 250 LEAVE #team",
    );
}

#[test]
fn an_end_that_could_not_be_kept_does_not_bring_the_group_back() {
    let script = "alice > C MKGROUPREQ #team bob
         alice < C 250 MKGROUPREQ #team 1
         bob < C 122 ASK #team alice
         alice > C KEEP #team on
         alice < C 250 KEEP #team
         store holds
         alice > C LEAVE #team
         store answers first failed
         alice < C 450 LEAVE ...
         alice > C MKGROUP #team bob
         store answers first
         alice < C 250 MKGROUP #team 2
         alice < C 128 GROUP #team join bob
         bob < C 128 GROUP #team join bob
         alice > C KEEP #team on
         store answers first
         alice < C 250 KEEP #team
         server crashes
         store works
         alice logs in
         wait 0ms
         bob logs in
         bob > C MEMBERS #team
         bob < C 150 MEMBERS 2
         bob < C 151 MEMBERS alice 10001
         bob < C 151 MEMBERS bob 10002
         bob < C 250 MEMBERS #team";
    play_among(2, config(), script);
}

#[test]
fn without_a_store_a_message_reaches_those_who_are_online() {
    let script = format!(
        "{TEAM}
         bob breaks
         alice > D #team hello
         carol < D _ alice #team hello
         alice < C 250 MSG _ #team 1 0"
    );
    play_among(3, Config { keep_messages: false, ..config() }, &script);
}

#[test]
fn a_marked_message_to_a_group_that_has_ended_is_not_sent_to_another() {
    play_among(
        2,
        config(),
        "alice makes #team with bob
         bob > C LEAVE #team
         alice < C 128 GROUP #team leave bob
         bob < C 250 LEAVE #team
         alice > C KEY k1
         alice < C 250 KEY ...
         alice > D #team alone
         alice < C 250 MSG _ #team 0 0
         alice > C LEAVE #team
         alice < C 250 LEAVE #team
         alice makes #team with bob
         alice > C KEY k1
         alice < C 250 KEY ...
         alice > D #team alone
         alice < C 550 MSG ...",
    );
}

#[test]
fn a_group_of_a_hundred_gets_every_message() {
    let mut store = Store::new();
    let names: Vec<String> = (0..100).map(|at| format!("user{at}")).collect();
    for (at, name) in (0..).zip(&names) {
        let name = name.parse().unwrap();
        store.add(Account { number: Number(20_000 + at), name, display: None, created: 0 }, "x");
    }
    let (here, away) = names.split_at(50);
    let mut script: String = here.iter().map(|name| format!("{name} logs in\n")).collect();
    writeln!(script, "user0 > C MKGROUP #all {}", names.join(" ")).unwrap();
    script += "user0 < C 250 MKGROUP #all 100\n";
    for name in &names[1..] {
        writeln!(script, "user0 < C 128 GROUP #all join {name}").unwrap();
    }
    for name in &here[1..] {
        writeln!(script, "{name} < C 128 GROUP #all join {name}").unwrap();
    }
    for text in ["one", "two"] {
        writeln!(script, "user0 > D #all {text}").unwrap();
        for name in &here[1..] {
            writeln!(script, "{name} < D _ user0 #all {text}").unwrap();
        }
        script += "user0 < C 250 MSG _ #all 49 50\n";
    }
    for name in away {
        writeln!(script, "{name} logs in to read 1\n{name} < C 151 UNREAD #all 2 _").unwrap();
        writeln!(script, "{name} < C 230 ...\n{name} < C 128 GROUP #all join {name}").unwrap();
        writeln!(script, "{name} > C OPEN #all\n{name} < C 150 OPEN 2").unwrap();
        writeln!(script, "{name} < D _ user0 #all one\n{name} < D _ user0 #all two").unwrap();
        writeln!(script, "{name} < C 250 OPEN #all 0").unwrap();
    }
    play_with(Config { presence_limit: 0, ..config() }, store, &script);
}

#[test]
fn one_user_makes_so_many_groups_and_no_more() {
    let mut script = String::new();
    for at in 0..chatsrv::limits::GROUPS_MADE_MAX {
        writeln!(script, "alice > C MKGROUPREQ #g{at} bob").unwrap();
        writeln!(script, "alice < C 250 MKGROUPREQ #g{at} 1").unwrap();
    }
    script += "alice > C MKGROUPREQ #more bob
               alice < C 452 MKGROUPREQ ...
               alice > C LEAVE #g7
               alice < C 250 LEAVE #g7
               alice > C MKGROUPREQ #more bob
               alice < C 250 MKGROUPREQ #more 1\n";
    // Whoever is asked by more groups than that is told of the oldest ones.
    let mut bob = "bob logs in\n".to_owned();
    for at in (0..).filter(|at| *at != 7).take(chatsrv::limits::GROUP_NOTICES_MAX) {
        writeln!(bob, "bob < C 122 ASK #g{at} alice").unwrap();
    }
    play_among(1, many_added(), &(script + &bob));
}

#[test]
fn memberships_end_in_steps_where_many_do() {
    let mut script = "carol logs in\n".to_owned();
    for at in 0..300 {
        writeln!(script, "alice makes #g{at} with bob").unwrap();
    }
    writeln!(script, "alice breaks\nbob breaks").unwrap();
    let wait = chatsrv::limits::GROUP_OFFLINE_TIME_MAX - Duration::from_millis(1);
    writeln!(script, "wait {}ms\nwait 1ms\nwait 0ms\nwait 0ms", wait.as_millis()).unwrap();
    script += "carol > C GROUPS ALL
               carol < C 150 GROUPS 0
               carol < C 250 GROUPS ...";
    play_among(2, many_added(), &script);
}

#[test]
fn whoever_was_added_to_many_groups_is_told_of_some_after_each_login() {
    let most = chatsrv::limits::GROUP_NOTICES_MAX;
    let mut script = String::new();
    for at in 0..most + 2 {
        writeln!(script, "alice > C MKGROUP #g{at} bob").unwrap();
        writeln!(script, "alice < C 250 MKGROUP #g{at} 2").unwrap();
        writeln!(script, "alice < C 128 GROUP #g{at} join bob").unwrap();
    }
    let told = |at| format!("bob < C 128 GROUP #g{at} join bob\n");
    script += "bob logs in\n";
    script.extend((0..most).map(told));
    script += "bob breaks\nbob logs in\n";
    script.extend((most..most + 2).map(told));
    script += "bob breaks\nbob logs in\n";
    play_among(1, many_added(), &script);
}

#[test]
fn who_says_goodbye_leaves_many_groups_in_steps() {
    let most = chatsrv::limits::GROUPS_PER_TICK_MAX;
    let mut script = String::new();
    for at in 0..most + 2 {
        writeln!(script, "alice makes #g{at} with bob").unwrap();
    }
    script += "store holds\nbob > C EX\nbob < C 221 ...\n";
    let told = |at| format!("alice < C 128 GROUP #g{at} leave bob\n");
    script.extend((0..most).map(told));
    // The other two memberships end soon, which is kept too.
    writeln!(script, "store has {} jobs\nwait 0ms", most + 1).unwrap();
    script.extend((most..most + 2).map(told));
    writeln!(script, "store has {} jobs", most + 3).unwrap();
    play_among(2, many_added(), &script);
}
