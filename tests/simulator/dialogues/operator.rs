//! The operator, and administrators.

use super::people::play_among_two;

const OPERATOR: &str = "operator connects from local
    operator < C 150 UNREAD 0
    operator < C 230 USER operator 1 welcome
    ";

fn play(script: &str) {
    play_among_two(&format!("{OPERATOR}{script}"));
}

#[test]
fn the_operator_talks_and_stands_in_no_list() {
    play(
        "alice > C WHO
         alice < C 150 WHO 2
         alice < C 151 WHO bob ...
         alice < C 151 WHO alice ...
         alice < C 250 WHO ...
         alice > C DM
         alice < C 150 DM 1
         alice < C 151 DM bob 10002
         alice < C 354 DM ...
         alice > D operator help me
         operator < D _ alice operator help me
         alice < C 250 MSG _ operator 1 0
         operator > C DM
         operator < C 150 DM 2
         operator < C 151 DM bob 10002
         operator < C 151 DM alice 10001
         operator < C 354 DM ...
         operator > D alice with what
         alice < D _ operator alice with what
         operator < C 250 MSG _ alice 1 0
         operator > D * hello all
         bob < D _ operator * hello all
         alice < D _ operator * hello all
         operator < C 250 MSG _ * 2 0
         bob > D * hello operator
         alice < D _ bob * hello operator
         operator < D _ bob * hello operator
         bob < C 250 MSG _ * 2 0
         operator > C OPEN alice
         operator < C 150 OPEN 1
         operator < D _ alice operator help me
         operator < C 250 OPEN alice 0
         bob > C QUIET off
         bob < C 250 QUIET ...
         operator > C EX
         operator < C 221 ...
         bob > C EX
         bob < C 221 ...
         alice < C 121 OFF bob 10002",
    );
}

#[test]
fn what_is_sent_to_an_absent_operator_is_kept() {
    play_among_two(
        "alice > D operator are you there
         alice < C 251 MSG _ operator 0 1
         operator connects from local
         operator < C 150 UNREAD 1
         operator < C 151 UNREAD alice 1 _
         operator < C 230 USER operator 1 welcome
         server crashes
         operator connects from local
         operator < C 150 UNREAD 1
         operator < C 151 UNREAD alice 1 _
         operator < C 230 USER operator 1 welcome",
    );
}

#[test]
fn a_newer_operator_takes_over() {
    play(
        "second connects from local
         operator < C 421 - you logged in elsewhere
         operator closed taken-over
         second < C 150 UNREAD 0
         second < C 230 USER operator 1 welcome
         alice > D operator hello
         second < D _ alice operator hello
         alice < C 250 MSG _ operator 1 0",
    );
}

#[test]
fn a_store_that_fails_does_not_keep_the_operator_out() {
    play_among_two(
        "store holds
         operator connects from local
         operator > C DUMP
         store answers first failed
         operator < C 150 UNREAD 0
         operator < C 230 USER operator 1 welcome
         operator < C 150 DUMP 1
         operator < C 151 DUMP figure 7
         operator < C 250 DUMP ...",
    );
}

#[test]
fn nobody_becomes_the_operator_over_the_network() {
    play_among_two(
        "carol connects
         carol > C USER operator
         carol < C 553 USER ...
         carol > C USER OPERATOR
         carol < C 553 USER ...
         carol > C RESUME operator token
         carol < C 535 RESUME ...",
    );
}

#[test]
fn what_needs_an_account_is_not_for_the_operator() {
    play(
        "operator > C TOKEN
         operator < C 503 TOKEN ...
         operator > C PASSWD
         operator < C 503 PASSWD ...
         operator > C NICK Op
         operator < C 503 NICK ...
         operator > C UP 5000
         operator < C 503 UP ...
         operator > C USER alice
         operator < C 503 USER ...
         operator > C ALIVE
         operator < C 503 ALIVE ...
         alice > C UP
         alice < C 250 UP 10001
         operator > C CALL alice
         alice < C 125 CALL operator local - ticket1
         operator < C 250 CALL alice 192.0.2.1 10001 ticket1",
    );
}

#[test]
fn no_user_may_do_what_administrators_do() {
    let verbs = [
        ("KICK", "bob"),
        ("BAN", "bob"),
        ("UNBAN", "bob"),
        ("ADMIN", "alice on"),
        ("DUMP", ""),
        ("SHUTDOWN", "5"),
    ];
    for (verb, words) in verbs {
        let line = format!("C {verb} {words}");
        let line = line.trim_end();
        play_among_two(&format!(
            "alice > {line}
             alice < C 530 {verb} ...
             carol connects
             carol > {line}
             carol < C 530 {verb} ..."
        ));
    }
}

#[test]
fn a_kick_ends_the_session_with_the_reason() {
    play(
        "operator > C KICK bob too loud
         bob < C 421 - you were kicked: too loud
         bob closed kicked
         alice < C 121 OFF bob 10002
         operator < C 121 OFF bob 10002
         operator < C 250 KICK ...
         operator > C KICK bob
         operator < C 550 KICK ...
         operator > C KICK nobody
         operator < C 550 KICK ...
         operator > C KICK operator
         operator < C 530 KICK ...
         operator > C KICK 10001
         alice < C 421 - you were kicked
         operator < C 121 OFF alice 10001
         operator < C 250 KICK ...
         bob logs in
         operator < C 120 ON bob 10002",
    );
}

#[test]
fn a_ban_ends_the_session_and_the_tokens_and_survives() {
    play(
        "operator > C QUIET on
         operator < C 250 QUIET ...
         bob > C TOKEN
         bob < C 250 TOKEN token1
         operator > C BAN bob
         bob < C 421 - you are banned
         bob closed banned
         alice < C 121 OFF bob 10002
         operator < C 250 BAN ...
         bob connects
         bob > C USER bob
         bob < C 331 ...
         bob > D wrong
         bob < C 535 ...
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         bob < C 530 USER you are banned
         bob closed banned
         bob connects
         bob > C RESUME bob token1
         bob < C 530 RESUME you are banned
         bob closed banned
         server crashes
         bob connects
         bob > C USER bob TAKEOVER
         bob < C 331 ...
         bob > D x
         bob < C 530 USER you are banned
         operator logs in locally
         operator > C UNBAN bob
         operator < C 250 UNBAN ...
         bob connects
         bob > C RESUME bob token1
         bob < C 535 RESUME ...
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         bob < C 150 UNREAD 0
         bob < C 230 ...
         operator < C 120 ON bob 10002
         operator > C BAN nobody
         operator < C 550 BAN ...
         operator > C BAN operator
         operator < C 530 BAN ...",
    );
}

#[test]
fn who_is_banned_while_the_password_is_checked_is_not_let_in() {
    play(
        "operator > C QUIET on
         operator < C 250 QUIET ...
         bob > C EX
         bob < C 221 ...
         alice < C 121 OFF bob 10002
         bob connects
         bob > C USER bob
         bob < C 331 ...
         store holds
         bob > D x
         operator > C BAN bob
         store answers last
         operator < C 250 BAN ...
         store answers first
         bob < C 530 USER you are banned
         bob connects
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         operator > C UNBAN bob
         store answers last
         operator < C 250 UNBAN ...
         store answers first
         operator > C BAN bob
         store answers last
         bob < C 421 - you are banned
         operator < C 250 BAN ...
         store answers first",
    );
}

#[test]
fn who_is_banned_and_gone_before_the_password_was_checked_is_told_nothing() {
    play(
        "operator > C BAN bob
         bob < C 421 - you are banned
         alice < C 121 OFF bob 10002
         operator < C 121 OFF bob 10002
         operator < C 250 BAN ...
         bob connects
         bob > C USER bob
         bob < C 331 ...
         store holds
         bob > D x
         bob breaks
         store answers first",
    );
}

#[test]
fn a_ban_that_could_not_be_kept_is_none() {
    play(
        "store holds
         operator > C BAN bob
         store answers first no-room
         operator < C 452 BAN ...
         operator > C ADMIN bob on
         store answers first failed
         operator < C 450 ADMIN ...
         bob > C DUMP
         bob < C 530 DUMP ...",
    );
}

#[test]
fn an_administrator_may_what_the_operator_may_but_make_others() {
    play(
        "operator > C ADMIN alice on
         operator < C 250 ADMIN ...
         alice > C DUMP
         alice < C 150 DUMP 1
         alice < C 151 DUMP figure 7
         alice < C 250 DUMP ...
         alice > C ADMIN bob on
         alice < C 530 ADMIN ...
         alice > C KICK operator
         alice < C 530 KICK ...
         alice > C BAN alice
         alice < C 503 BAN ...
         alice > C KICK bob
         bob < C 421 - you were kicked
         operator < C 121 OFF bob 10002
         alice < C 121 OFF bob 10002
         alice < C 250 KICK ...
         server crashes
         alice logs in
         alice > C SHUTDOWN 5
         alice < C 250 SHUTDOWN ...
         alice < C 129 SHUTDOWN 5
         server stops in 5
         operator logs in locally
         operator < C 129 SHUTDOWN 5
         operator > C ADMIN alice off
         operator < C 250 ADMIN ...
         alice > C SHUTDOWN
         alice < C 530 SHUTDOWN ...",
    );
}

#[test]
fn everyone_is_told_of_a_stop_and_who_comes_later_too() {
    play(
        "carol connects
         operator > C SHUTDOWN 90
         operator < C 250 SHUTDOWN ...
         bob < C 129 SHUTDOWN 90
         alice < C 129 SHUTDOWN 90
         operator < C 129 SHUTDOWN 90
         carol < C 129 SHUTDOWN 90
         server stops in 90
         wait 30500ms
         carol > C USER carol
         carol < C 332 ...
         carol > D y
         carol < C 150 UNREAD 0
         carol < C 230 ...
         carol < C 129 SHUTDOWN 60
         alice < C 120 ON carol _
         operator < C 120 ON carol _
         operator > C SHUTDOWN 0
         operator < C 250 SHUTDOWN ...
         server stops in 0",
    );
}
