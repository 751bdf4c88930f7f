//! Users who are muted: they read, and say nothing.

use super::people::play_beside_operator as play;

#[test]
fn who_is_muted_reads_on_and_is_told_when_it_is_over() {
    play(
        "bob > C MORE on
         bob < C 250 MORE ...
         op > C MUTE bob 60s too loud
         bob < C 132 MUTED 60 too loud
         op < C 250 MUTE ...
         wait 20s
         bob > D * hello
         bob < C 530 MSG muted 40 ...
         alice > D * hello bob
         bob < D _ alice * hello bob
         op < D _ alice * hello bob
         alice < C 250 MSG _ * 2 0
         alice > D bob and you
         bob < D _ alice bob and you
         alice < C 250 MSG _ bob 1 0
         bob > C OPEN alice
         bob < C 150 OPEN 1
         bob < D _ alice bob and you
         bob < C 250 OPEN alice 0
         wait 40s
         bob < C 132 MUTED 0
         bob > D alice thanks
         alice < D _ bob alice thanks
         bob < C 250 MSG _ alice 1 0",
    );
}

#[test]
fn what_a_muted_user_says_is_refused_in_all_its_ways() {
    for (line, verb) in [
        ("D * hello", "MSG"),
        ("D nobody hello", "MSG"),
        ("D", "MSG"),
        ("C PM", "PM"),
        ("C DM", "DM"),
        ("C SENDFILE alice 3 notes", "SENDFILE"),
        ("C PUT 3 notes", "PUT"),
        ("C MKGROUP alice", "MKGROUP"),
        ("C MKGROUP", "MKGROUP"),
        ("C MKGROUPREQ alice", "MKGROUPREQ"),
        ("C MKPUBLIC #all", "MKPUBLIC"),
        ("C JOIN #team", "JOIN"),
        ("C ASK #team alice", "ASK"),
        ("C TOPIC #team new", "TOPIC"),
        ("C CALL alice", "CALL"),
        ("C NICK Bobby", "NICK"),
        ("C AWAY out", "AWAY"),
    ] {
        play(&format!(
            "op > C MUTE bob ever
             op < C 250 MUTE ...
             bob > {line}
             bob < C 530 {verb} muted ever ..."
        ));
    }
}

#[test]
fn nothing_follows_a_question_that_was_refused() {
    play(
        "op > C MUTE bob 10s
         op < C 250 MUTE ...
         bob > C DM
         bob < C 530 DM muted 10 ...
         wait 11s
         bob > D * hello
         alice < D _ bob * hello
         op < D _ bob * hello
         bob < C 250 MSG _ * 2 0",
    );
}

#[test]
fn who_comes_muted_is_told_at_each_login_and_in_each_session() {
    play(
        "op > C MUTE bob 1h
         op < C 250 MUTE ...
         server crashes
         wait 30m
         bob connects
         bob > C USER bob BESIDE
         bob < C 331 ...
         bob > D x
         bob < C 150 UNREAD 0
         bob < C 230 ...
         bob < C 132 MUTED 1800
         desk connects
         desk > C USER bob BESIDE
         desk < C 331 ...
         desk > D x
         desk < C 150 UNREAD 0
         desk < C 230 ...
         desk < C 132 MUTED 1800
         op logs in locally
         op > C MUTE bob 60s enough
         bob < C 132 MUTED 60 enough
         desk < C 132 MUTED 60 enough
         op < C 250 MUTE ...
         op > C MUTE bob off
         bob < C 132 MUTED 0
         desk < C 132 MUTED 0
         op < C 250 MUTE ...
         op > C MUTE bob off
         op < C 250 MUTE ...
         bob > D bob hello
         desk < D _ bob bob hello
         bob < C 250 MSG _ bob 0 0",
    );
}

#[test]
fn a_mute_that_could_not_be_kept_is_none_and_its_end_is_told_later() {
    play(
        "bob > C MORE on
         bob < C 250 MORE ...
         store holds
         op > C MUTE bob 10s
         store answers first no-room
         op < C 452 MUTE ...
         op > C MUTE bob 10s
         store answers first
         bob < C 132 MUTED 10
         op < C 250 MUTE ...
         wait 11s
         store answers first failed
         bob > C PM
         bob < C 354 PM ...
         wait 11s
         store answers first
         bob < C 132 MUTED 0",
    );
}

#[test]
fn nobody_mutes_themselves_the_operator_or_another_administrator() {
    play(
        "op > C ADMIN alice on
         op < C 250 ADMIN ...
         op > C ADMIN bob on
         op < C 250 ADMIN ...
         alice > C MUTE bob 1h
         alice < C 530 MUTE ...
         alice > C MUTE alice 1h
         alice < C 503 MUTE ...
         alice > C MUTE operator 1h
         alice < C 530 MUTE ...
         alice > C MUTE nobody 1h
         alice < C 550 MUTE ...
         alice > C MUTE bob
         alice < C 501 MUTE ...
         op > C MUTE bob 1h
         op < C 250 MUTE ...
         bob > C KICK alice
         bob < C 530 KICK ...
         bob > D * hello
         bob < C 530 MSG muted 3600 ...
         op > C ADMIN bob off
         op < C 250 ADMIN ...
         bob > C MUTE alice 1h
         bob < C 530 MUTE ...",
    );
}

#[test]
fn whois_tells_who_is_muted() {
    play(
        "op > C MUTE bob 1h
         op < C 250 MUTE ...
         bob > C WHOIS bob
         bob < C 150 WHOIS 18
         bob < C 151 WHOIS name bob
         bob < C 151 WHOIS number 10002
         bob < C 151 WHOIS display bob
         bob < C 151 WHOIS since _
         bob < C 151 WHOIS away -
         bob < C 151 WHOIS created 10002
         bob < C 151 WHOIS last-seen -
         bob < C 151 WHOIS last-address _
         bob < C 151 WHOIS address 192.0.2.1
         bob < C 151 WHOIS tls _
         bob < C 151 WHOIS sessions 1
         bob < C 151 WHOIS tokens 3
         bob < C 151 WHOIS files 1
         bob < C 151 WHOIS bytes 4096
         bob < C 151 WHOIS groups 0
         bob < C 151 WHOIS banned off
         bob < C 151 WHOIS muted on
         bob < C 151 WHOIS reports 0
         bob < C 250 WHOIS ...",
    );
}
