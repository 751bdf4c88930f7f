//! Several sessions of one user, their devices, and the tokens of these.

use super::people::{alice_and_bob, play_among_two};
use crate::dialogue::{config, play_with};

/// Alice is online alone and once more beside that, and bob is told of nobody.
const ALICE_TWICE: &str = "phone connects
    phone > C USER alice BESIDE
    phone < C 331 USER ...
    phone > D x
    phone < C 150 UNREAD 0
    phone < C 230 USER alice 10001 welcome
    ";

fn play_with_alice_twice(script: &str) {
    play_among_two(&format!("{ALICE_TWICE}{script}"));
}

#[test]
fn what_is_said_in_one_session_is_shown_in_the_others_that_ask_for_more() {
    play_with_alice_twice(
        "phone > D bob from the phone
         bob < D _ alice bob from the phone
         phone < C 250 MSG _ bob 1 0
         alice > D bob from the desk
         bob < D _ alice bob from the desk
         phone < D _ alice bob from the desk
         alice < C 250 MSG _ bob 1 0
         alice > D alice a note
         phone < D _ alice alice a note
         alice < C 250 MSG _ alice 0 0
         alice > C MORE on
         alice < C 250 MORE ...
         phone > D * to all
         bob < D _ alice * to all
         alice < D _ alice * to all
         phone < C 250 MSG _ * 1 0
         bob > D alice to her
         alice < D _ bob alice to her
         phone < D _ bob alice to her
         bob < C 250 MSG _ alice 1 0
         phone > C MORE off
         phone < C 250 MORE ...
         alice > D bob no more
         bob < D _ alice bob no more
         alice < C 250 MSG _ bob 1 0",
    );
}

#[test]
fn a_user_is_online_from_the_first_session_to_the_last() {
    play_among_two(
        "bob > C QUIET off
         bob < C 250 QUIET ...
         alice > C EX
         alice < C 221 ...
         bob < C 121 OFF alice 10001
         phone connects
         phone > C USER alice BESIDE
         phone < C 331 USER ...
         phone > D x
         phone < C 150 UNREAD 0
         phone < C 230 USER ...
         bob < C 120 ON alice 10001
         desk connects
         desk > C USER alice
         desk < C 331 USER ...
         desk > D x
         desk < C 150 UNREAD 0
         desk < C 230 USER ...
         bob > C WHO
         bob < C 150 WHO 2
         bob < C 151 WHO bob ...
         bob < C 151 WHO alice ...
         bob < C 250 WHO ...
         bob > C DM
         bob < C 150 DM 1
         bob < C 151 DM alice 10001
         bob < C 354 DM ...
         phone breaks
         bob > C WHO
         bob < C 150 WHO 2
         bob < C 151 WHO bob ...
         bob < C 151 WHO alice ...
         bob < C 250 WHO ...
         desk > C EX
         desk < C 221 ...
         bob < C 121 OFF alice 10001",
    );
}

#[test]
fn only_one_session_stands_alone_and_a_takeover_ends_no_other() {
    play_with_alice_twice(
        "desk connects
         desk > C USER alice
         desk < C 331 USER ...
         desk > D x
         desk < C 431 USER ...
         more connects
         more > C USER alice TAKEOVER
         more < C 331 USER ...
         more > D x
         alice < C 421 - you logged in elsewhere
         alice closed taken-over
         more < C 150 UNREAD 0
         more < C 230 USER ...
         more > D bob I am here
         bob < D _ alice bob I am here
         phone < D _ alice bob I am here
         more < C 250 MSG _ bob 1 0",
    );
}

#[test]
fn a_device_that_comes_back_ends_its_own_session_and_no_other() {
    play_with_alice_twice(
        "phone > C TOKEN
         phone < C 250 TOKEN token1
         again connects
         again > C RESUME alice token1 BESIDE
         phone < C 421 - you logged in elsewhere
         phone closed taken-over
         again < C 150 UNREAD 0
         again < C 230 RESUME ...
         again > C SESSIONS
         again < C 150 SESSIONS 2
         again < C 151 SESSIONS 1 alone _ _ 192.0.2.1 -
         again < C 151 SESSIONS 2 here _ _ 192.0.2.1 -
         again < C 250 SESSIONS ...
         again > C TOKEN
         again < C 250 TOKEN token2
         again > C EX
         again < C 221 ...
         once connects
         once > C RESUME alice token2 BESIDE
         once < C 150 UNREAD 0
         once < C 230 RESUME ...
         once > C EX
         once < C 221 ...
         twice connects
         twice > C RESUME alice token1 BESIDE
         twice < C 535 RESUME ...",
    );
}

#[test]
fn other_devices_are_logged_out_one_by_one_or_all() {
    play_with_alice_twice(
        "phone > C TOKEN
         phone < C 250 TOKEN token1
         alice > C TOKEN FOR robot
         alice < C 250 TOKEN token2
         alice > C SESSIONS
         alice < C 150 SESSIONS 3
         alice < C 151 SESSIONS 1 here _ _ 192.0.2.1 -
         alice < C 151 SESSIONS 2 beside _ _ 192.0.2.1 -
         alice < C 151 SESSIONS 3 token _ _ 192.0.2.1 robot
         alice < C 250 SESSIONS ...
         alice > C ENDSESSION 1
         alice < C 503 ENDSESSION ...
         alice > C ENDSESSION 9
         alice < C 550 ENDSESSION ...
         alice > C ENDSESSION 2
         phone < C 421 - you were logged out
         phone closed logged-out
         alice < C 250 ENDSESSION ...
         again connects
         again > C RESUME alice token1
         again < C 535 RESUME ...
         again > C RESUME alice token2 BESIDE
         again < C 150 UNREAD 0
         again < C 230 RESUME ...
         alice > C ENDSESSION all
         again < C 421 - you were logged out
         again closed logged-out
         alice < C 250 ENDSESSION ...
         alice > C TOKEN
         alice < C 250 TOKEN token3
         alice > C TOKEN END
         alice < C 250 TOKEN ...
         late connects
         late > C RESUME alice token3
         wait 250ms
         late < C 535 RESUME ...",
    );
}

#[test]
fn a_new_password_ends_the_other_sessions() {
    play_with_alice_twice(
        "phone > C PASSWD
         phone < C 354 PASSWD ...
         phone > D x
         phone < C 354 PASSWD ...
         phone > D y
         phone < C 250 PASSWD ...
         alice < C 421 - you were logged out
         alice closed logged-out
         phone > D bob still here
         bob < D _ alice bob still here
         phone < C 250 MSG _ bob 1 0",
    );
}

#[test]
fn kicks_and_bans_end_all_sessions() {
    play_with_alice_twice(
        "operator connects from local
         operator < C 150 UNREAD 0
         operator < C 230 USER operator 1 welcome
         operator > C KICK alice
         alice < C 421 - you were kicked
         alice closed kicked
         phone < C 421 - you were kicked
         phone closed kicked
         operator < C 121 OFF alice 10001
         operator < C 250 KICK ...",
    );
}

#[test]
fn direct_chats_go_to_the_session_that_was_up_last() {
    play_with_alice_twice(
        "alice > C UP 5000
         alice < C 250 UP 5000
         phone > C UP 6000
         phone < C 250 UP 6000 30
         alice > C ALIVE
         alice < C 503 ALIVE ...
         alice > C MORE on
         alice < C 250 MORE ...
         alice > C ALIVE
         alice < C 553 ALIVE ...
         bob > C CALL alice
         phone < C 125 CALL bob 192.0.2.1 - ticket1
         bob < C 250 CALL alice 192.0.2.1 6000 ticket1
         alice > C DOWN
         alice < C 250 DOWN ...
         alice > C ALIVE
         alice < C 503 ALIVE ...
         phone > C ALIVE
         phone < C 250 ALIVE 6000
         phone > C EX
         phone < C 221 ...
         bob > C CALL alice
         bob < C 503 CALL ...",
    );
}

#[test]
fn what_was_read_in_one_session_counts_as_read_in_the_others() {
    play_with_alice_twice(
        "bob > D alice hello
         alice < D _ bob alice hello
         phone < D _ bob alice hello
         bob < C 250 MSG _ alice 1 0
         alice > C SEEN bob 9999999999999999
         phone < C 130 SEEN bob _
         alice < C 250 SEEN bob _
         phone > C UNREAD
         phone < C 150 UNREAD 0
         phone < C 250 UNREAD ...
         phone > C SEEN bob 1
         phone < C 250 SEEN bob _
         phone > C SEEN bob 9999999999999999
         phone < C 250 SEEN bob _
         alice > C UNREAD
         alice < C 150 UNREAD 0
         alice < C 250 UNREAD ...",
    );
}

#[test]
fn a_group_that_is_not_kept_loses_a_member_with_the_last_goodbye() {
    play_with_alice_twice(
        "alice > C MKGROUP #tea bob
         alice < C 250 MKGROUP #tea 2
         alice < C 128 GROUP #tea join bob
         phone < C 128 GROUP #tea join bob
         bob < C 128 GROUP #tea join bob
         alice > D #tea one
         bob < D _ alice #tea one
         phone < D _ alice #tea one
         alice < C 250 MSG _ #tea 1 0
         bob > D #tea two
         alice < D _ bob #tea two
         phone < D _ bob #tea two
         bob < C 250 MSG _ #tea 1 0
         alice > C EX
         alice < C 221 ...
         phone > C MEMBERS #tea
         phone < C 150 MEMBERS 2
         phone < C 151 MEMBERS alice 10001
         phone < C 151 MEMBERS bob 10002
         phone < C 250 MEMBERS ...
         phone > C EX
         phone < C 221 ...
         bob < C 128 GROUP #tea leave alice
         bob < C 128 GROUP #tea admin bob",
    );
}

#[test]
fn what_is_said_while_a_session_enters_waits_for_its_welcome() {
    play_with(
        config(),
        alice_and_bob(),
        "alice logs in
         bob logs in
         alice < C 120 ON bob 10002
         bob > D alice hello
         alice < D _ bob alice hello
         bob < C 250 MSG _ alice 1 0
         store holds
         phone connects
         phone > C USER alice BESIDE
         phone < C 331 USER ...
         phone > D x
         store answers first
         alice > D bob from the desk
         bob < D _ alice bob from the desk
         bob > D alice to her
         alice < D _ bob alice to her
         store answers first
         phone < C 150 UNREAD 1
         phone < C 151 UNREAD bob 1 _
         phone < C 230 USER ...
         phone < D _ alice bob from the desk
         phone < D _ bob alice to her
         store answers first
         alice < C 250 MSG _ bob 1 0
         store answers first
         bob < C 250 MSG _ alice 1 0",
    );
}

#[test]
fn so_many_stand_beside_each_other_and_no_more() {
    let mut script = String::new();
    for at in 1..=17 {
        script += &format!(
            "n{at} connects
             n{at} > C USER alice BESIDE
             n{at} < C 331 USER ...
             n{at} > D x\n"
        );
        script += &match at {
            17 => format!("n{at} < C 431 USER ...\n"),
            _ => format!("n{at} < C 150 UNREAD 0\nn{at} < C 230 USER ...\n"),
        };
    }
    play_among_two(&script);
}
