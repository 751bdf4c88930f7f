//! Who is away, who has another name, and who is told of whom in any case.

use chatsrv::hub::config::Config;
use chatsrv::limits::PRESENCE_CHANGES_MAX;

use super::people::{play_among_two, play_among_two_with};
use crate::dialogue::config;

/// Alice logs in once more, beside her other session.
const PHONE: &str = "phone connects
    phone > C USER alice BESIDE
    phone < C 331 USER alice ...
    phone > D x
    phone < C 150 UNREAD 0
    phone < C 230 ...
    ";

/// Bob is told who comes, goes and is away.
const BOB_LISTENS: &str = "bob > C MORE on
    bob < C 250 MORE ...
    bob > C QUIET off
    bob < C 250 QUIET ...
    ";

#[test]
fn the_others_are_told_who_is_away_and_why() {
    let script = "alice > C AWAY at lunch
        alice < C 250 AWAY ...
        bob < C 137 AWAY alice at lunch
        alice > C AWAY at lunch
        alice < C 250 AWAY ...
        alice > C AWAY at sea
        alice < C 250 AWAY ...
        bob < C 137 AWAY alice at sea
        alice > C AWAY
        alice < C 250 AWAY ...
        bob < C 137 AWAY alice
        alice > C AWAY
        alice < C 250 AWAY ...
        alice > C AWAY a\u{202e}b
        alice < C 501 AWAY ...
        bob > C MORE off
        bob < C 250 MORE ...
        alice > C AWAY at lunch
        alice < C 250 AWAY ...
        alice breaks
        bob < C 121 OFF alice 10001
        alice logs in
        bob < C 120 ON alice 10001";
    play_among_two(&format!("{BOB_LISTENS}{script}"));
}

#[test]
fn a_user_is_away_when_every_session_is() {
    let script = "alice > C AWAY at lunch
        alice < C 250 AWAY ...
        phone > C AWAY at sea
        phone < C 250 AWAY ...
        bob < C 137 AWAY alice at sea
        phone > C AWAY
        phone < C 250 AWAY ...
        bob < C 137 AWAY alice
        phone breaks
        bob < C 137 AWAY alice at lunch";
    play_among_two(&format!("{BOB_LISTENS}{PHONE}{script}"));
}

#[test]
fn who_comes_beside_a_session_that_is_away_is_back() {
    let script = "alice > C AWAY at lunch
        alice < C 250 AWAY ...
        bob < C 137 AWAY alice at lunch
        phone connects
        phone > C USER alice BESIDE
        phone < C 331 USER alice ...
        phone > D x
        phone < C 150 UNREAD 0
        phone < C 230 ...
        bob < C 137 AWAY alice
        alice > C MORE on
        alice < C 250 MORE ...
        phone > C AWAY at sea
        phone < C 250 AWAY ...
        alice < C 137 AWAY alice at sea
        bob < C 137 AWAY alice at sea";
    play_among_two(&format!("{BOB_LISTENS}{script}"));
}

#[test]
fn a_session_that_is_taken_over_is_away_no_longer() {
    let script = "alice > C AWAY at lunch
        alice < C 250 AWAY ...
        bob < C 137 AWAY alice at lunch
        phone connects
        phone > C USER alice TAKEOVER
        phone < C 331 USER alice ...
        phone > D x
        alice < C 421 - you logged in elsewhere
        phone < C 150 UNREAD 0
        phone < C 230 ...
        bob < C 137 AWAY alice";
    play_among_two(&format!("{BOB_LISTENS}{script}"));
}

#[test]
fn another_name_is_told_to_all_sessions_but_the_one_that_chose_it() {
    let script = "phone > C NICK The Queen
        phone < C 250 NICK ...
        bob < C 138 NICK alice The Queen
        alice > C MORE on
        alice < C 250 MORE ...
        phone > C NICK Alice
        phone < C 250 NICK ...
        alice < C 138 NICK alice Alice
        bob < C 138 NICK alice Alice
        bob > C QUIET on
        bob < C 250 QUIET ...
        bob > C MONITOR alice on
        bob < C 250 MONITOR ...
        alice > C NICK alice
        alice < C 250 NICK ...
        phone < C 138 NICK alice alice";
    play_among_two(&format!("{BOB_LISTENS}{PHONE}{script}"));
}

#[test]
fn who_monitors_a_user_is_told_in_any_case_and_once() {
    let script = "bob > C MONITOR nobody on
        bob < C 550 MONITOR ...
        bob > C MONITOR alice maybe
        bob < C 501 MONITOR ...
        bob > C MONITOR 10001 on
        bob < C 250 MONITOR ...
        alice > C AWAY at lunch
        alice < C 250 AWAY ...
        alice breaks
        bob < C 121 OFF alice 10001
        alice logs in
        bob < C 120 ON alice 10001
        bob > C QUIET off
        bob < C 250 QUIET ...
        bob > C MORE on
        bob < C 250 MORE ...
        alice > C AWAY at lunch
        alice < C 250 AWAY ...
        bob < C 137 AWAY alice at lunch
        bob > C QUIET on
        bob < C 250 QUIET ...
        bob > C MONITOR alice off
        bob < C 250 MONITOR ...
        alice breaks";
    play_among_two(script);
}

#[test]
fn above_the_limit_only_those_are_told_who_monitor() {
    let script = "alice > C AWAY at lunch
        alice < C 250 AWAY ...
        bob > C MONITOR alice on
        bob < C 250 MONITOR ...
        alice > C AWAY
        alice < C 250 AWAY ...
        bob < C 137 AWAY alice
        alice breaks
        bob < C 121 OFF alice 10001";
    let config = Config { presence_limit: 1, ..config() };
    play_among_two_with(config, &format!("{BOB_LISTENS}{script}"));
}

#[test]
fn everyone_is_told_a_part_of_what_is_known_of_a_user() {
    play_among_two(
        "alice > C AWAY at lunch
         alice < C 250 AWAY ...
         bob > C WHOIS alice
         bob < C 150 WHOIS 5
         bob < C 151 WHOIS name alice
         bob < C 151 WHOIS number 10001
         bob < C 151 WHOIS display alice
         bob < C 151 WHOIS since _
         bob < C 151 WHOIS away at lunch
         bob < C 250 WHOIS ...
         alice breaks
         bob > C WHOIS 10001
         bob < C 150 WHOIS 5
         bob < C 151 WHOIS name alice
         bob < C 151 WHOIS number 10001
         bob < C 151 WHOIS display alice
         bob < C 151 WHOIS since -
         bob < C 151 WHOIS away -
         bob < C 250 WHOIS ...
         bob > C WHOIS nobody
         bob < C 550 WHOIS ...
         bob > C WHOIS
         bob < C 501 WHOIS ...",
    );
}

#[test]
fn users_and_administrators_are_told_all() {
    let whole = |who: &str| {
        format!(
            "{who} > C WHOIS alice
             {who} < C 150 WHOIS 18
             {who} < C 151 WHOIS name alice
             {who} < C 151 WHOIS number 10001
             {who} < C 151 WHOIS display alice
             {who} < C 151 WHOIS since _
             {who} < C 151 WHOIS away -
             {who} < C 151 WHOIS created 10001
             {who} < C 151 WHOIS last-seen -
             {who} < C 151 WHOIS last-address 192.0.2.7
             {who} < C 151 WHOIS address 192.0.2.1
             {who} < C 151 WHOIS tls TLSv1.2 TLSv1.3
             {who} < C 151 WHOIS sessions 2
             {who} < C 151 WHOIS tokens 3
             {who} < C 151 WHOIS files 1
             {who} < C 151 WHOIS bytes 4096
             {who} < C 151 WHOIS groups 0
             {who} < C 151 WHOIS banned off
             {who} < C 151 WHOIS muted off
             {who} < C 151 WHOIS reports 0
             {who} < C 250 WHOIS ...\n"
        )
    };
    let script = format!(
        "{PHONE}{}op logs in locally
         {}store holds
         alice > C WHOIS alice
         alice > C WHO
         store answers first busy
         alice < C 450 WHOIS ...
         alice < C 150 WHO 2
         alice < C 151 ...
         alice < C 151 ...
         alice < C 250 WHO ...",
        whole("phone"),
        whole("op")
    );
    play_among_two(&script);
}

#[test]
fn of_who_is_offline_the_last_login_is_told() {
    play_among_two(
        "op logs in locally
         alice breaks
         op < C 121 OFF alice 10001
         op > C WHOIS alice
         op < C 150 WHOIS 18
         op < C 151 WHOIS name alice
         op < C 151 WHOIS number 10001
         op < C 151 WHOIS display alice
         op < C 151 WHOIS since -
         op < C 151 WHOIS away -
         op < C 151 WHOIS created 10001
         op < C 151 WHOIS last-seen 1699999980
         op < C 151 WHOIS last-address 192.0.2.7
         op < C 151 WHOIS address -
         op < C 151 WHOIS tls -
         op < C 151 WHOIS sessions 0
         op < C 151 WHOIS tokens 3
         op < C 151 WHOIS files 1
         op < C 151 WHOIS bytes 4096
         op < C 151 WHOIS groups 0
         op < C 151 WHOIS banned off
         op < C 151 WHOIS muted off
         op < C 151 WHOIS reports 0
         op < C 250 WHOIS ...",
    );
}

/// Alice is away for so many reasons in one second, of which nobody is told.
fn alice_changes(times: u32) -> String {
    let changes = (0..times).map(|at| format!("alice > C AWAY {at}\nalice < C 250 AWAY ...\n"));
    "wait 1000ms\n".to_owned() + &changes.collect::<String>()
}

#[test]
fn where_too_much_changes_at_once_nobody_is_told_for_a_while() {
    let away = |words: &str| format!("alice > C AWAY {words}\nalice < C 250 AWAY ...\n");
    let told = |words: &str| format!("bob < C 137 AWAY alice {words}\n");
    let mut script = alice_changes(PRESENCE_CHANGES_MAX - 1) + BOB_LISTENS;
    script += &(away("at lunch") + &told("at lunch"));
    // One more in the same second is too much, for whoever changes it.
    script += &away("at sea");
    script += "carol connects
        carol > C USER carol
        carol < C 332 ...
        carol > D x
        carol < C 150 UNREAD 0
        carol < C 230 ...
        wait 9999ms\n";
    script += &away("at home");
    // Who monitors somebody is told all the same.
    script += "bob > C MONITOR alice on
        bob < C 250 MONITOR ...\n";
    script += &(away("in bed") + &told("in bed"));
    script += "wait 1ms\n";
    script += &(away("at work") + &told("at work"));
    play_among_two(&script);
}

#[test]
fn without_bounds_of_rates_any_number_of_changes_is_told() {
    let mut script = alice_changes(PRESENCE_CHANGES_MAX + 10) + BOB_LISTENS;
    script += "alice > C AWAY at sea
        alice < C 250 AWAY ...
        bob < C 137 AWAY alice at sea\n";
    play_among_two_with(Config { bounds_rates: false, ..config() }, &script);
}
