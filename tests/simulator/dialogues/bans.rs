//! Bans of users and of networks, for a time.

use chatsrv::bounds::limit::Exempt;
use chatsrv::hub::config::{ArrivalBounds, Config};

use super::people::{OPERATOR, play_among_two, play_among_two_with, play_beside_operator as play};
use crate::dialogue::config;

#[test]
fn a_ban_ends_by_itself_and_with_it_the_tokens_are_gone() {
    play(
        "bob > C TOKEN
         bob < C 250 TOKEN token1
         op > C BAN bob 60s too loud
         bob < C 421 - you are banned
         op < C 250 BAN ...
         wait 59s
         bob connects
         bob > C RESUME bob token1
         bob < C 530 RESUME you are banned
         wait 1001ms
         bob connects
         bob > C RESUME bob token1
         bob < C 535 RESUME ...
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         bob < C 150 UNREAD 0
         bob < C 230 ...
         op > C BANS
         op < C 150 BANS 0
         op < C 250 BANS ...",
    );
}

#[test]
fn a_ban_ends_by_itself_after_a_restart_too() {
    play(
        "op > C BAN bob 60s
         bob < C 421 - you are banned
         op < C 250 BAN ...
         server crashes
         wait 30s
         bob connects
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         bob < C 530 USER you are banned
         wait 31s
         bob logs in",
    );
}

#[test]
fn the_newer_ban_holds() {
    play(
        "op > C BAN bob 10s
         bob < C 421 - you are banned
         op < C 250 BAN ...
         op > C BAN bob
         op < C 250 BAN ...
         wait 20s
         bob connects
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         bob < C 530 USER you are banned
         op > C BAN bob 10s
         op < C 250 BAN ...
         wait 11s
         bob logs in",
    );
}

#[test]
fn an_end_that_could_not_be_kept_is_kept_later() {
    play(
        "op > C BAN bob 10s
         bob < C 421 - you are banned
         op < C 250 BAN ...
         store holds
         wait 11s
         store has 1 jobs
         op > C BANS
         op < C 150 BANS 1
         op < C 151 BANS bob operator _ _
         op < C 250 BANS ...
         store answers first no-room
         store has 0 jobs
         wait 11s
         store has 1 jobs
         store works
         bob logs in",
    );
}

#[test]
fn a_ban_that_comes_while_an_older_one_ends_holds() {
    play(
        "op > C BAN bob 10s
         bob < C 421 - you are banned
         op < C 250 BAN ...
         store holds
         wait 11s
         op > C BAN bob ever again
         store has 2 jobs
         store answers last
         op < C 250 BAN ...
         store answers first
         store works
         op > C BANS
         op < C 150 BANS 1
         op < C 151 BANS bob operator _ ever again
         op < C 250 BANS ...
         server crashes
         bob connects
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         bob < C 530 USER you are banned",
    );
}

#[test]
fn bans_are_listed_with_who_when_until_when_and_why() {
    play(
        "op > C BAN bob 1h that is why
         bob < C 421 - you are banned
         op < C 250 BAN ...
         op > C BANADDR 203.0.113.9
         op < C 250 BANADDR ...
         op > C ADMIN alice on
         op < C 250 ADMIN ...
         alice > C BANADDR 2001:db8::/32 7d spam
         alice < C 250 BANADDR ...
         alice > C BANS
         alice < C 150 BANS 3
         alice < C 151 BANS bob operator _ _ that is why
         alice < C 151 BANS 203.0.113.9/32 operator _ ever
         alice < C 151 BANS 2001:db8::/32 alice _ _ spam
         alice < C 250 BANS ...",
    );
}

#[test]
fn a_banned_network_is_closed_and_stays_out_until_the_time_is_over() {
    play(
        "carol connects from 198.51.100.1
         dan connects from 198.51.100.2
         dan > C USER dan
         dan < C 332 ...
         dan > D y
         dan < C 150 UNREAD 0
         dan < C 230 ...
         erin connects from 198.51.101.1
         op > C BANADDR 198.51.100.0/24 1m
         carol < C 421 - your address is banned
         carol closed address-banned
         dan < C 421 - your address is banned
         op < C 250 BANADDR ...
         frank is refused from 198.51.100.3
         frank < C 421 - your address is banned
         frank closed address-banned
         server crashes
         frank is refused from 198.51.100.3
         frank < C 421 - your address is banned
         wait 61s
         dan connects from 198.51.100.2
         dan > C USER dan
         dan < C 331 ...
         dan > D y
         dan < C 150 UNREAD 0
         dan < C 230 ...",
    );
}

#[test]
fn a_network_is_let_in_again() {
    play(
        "op > C BANADDR 198.51.100.0/24
         op < C 250 BANADDR ...
         op > C BANADDR 198.51.100.7
         op < C 250 BANADDR ...
         op > C UNBANADDR 198.51.100.0/24
         op < C 250 UNBANADDR ...
         carol connects from 198.51.100.1
         dan is refused from 198.51.100.7
         dan < C 421 - your address is banned
         op > C UNBANADDR 198.51.100.7/32
         op < C 250 UNBANADDR ...
         dan connects from 198.51.100.7
         op > C UNBANADDR 198.51.100.7/32
         op < C 250 UNBANADDR ...",
    );
}

#[test]
fn a_network_that_is_too_wide_exempt_or_ones_own_is_not_banned() {
    let exempt = Exempt(vec!["198.51.100.0/24".parse().unwrap()]);
    let arrivals = ArrivalBounds { exempt, ..ArrivalBounds::unbounded() };
    let config = Config { arrivals, ..config() };
    let script = "op > C BANADDR 198.0.0.0/7
         op < C 501 BANADDR ...
         op > C BANADDR 2001:db8::/23
         op < C 501 BANADDR ...
         op > C BANADDR 198.51.100.7
         op < C 503 BANADDR ...
         dan connects from 198.51.100.9
         op > C BANADDR 198.51.0.0/16
         op < C 250 BANADDR ...
         erin connects from 198.51.100.9
         erin > C EX
         erin < C 221 ...
         dan > C EX
         dan < C 221 ...
         op > C UNBANADDR 198.51.0.0/16
         op < C 250 UNBANADDR ...
         op > C ADMIN alice on
         op < C 250 ADMIN ...
         alice > C BANADDR 192.0.2.0/24
         alice < C 503 BANADDR ...
         op > C ADMIN bob on
         op < C 250 ADMIN ...
         carol connects from 203.0.113.1
         carol > C USER bob BESIDE
         carol < C 331 ...
         carol > D x
         carol < C 150 UNREAD 0
         carol < C 230 ...
         alice > C BANADDR 203.0.113.0/24
         alice < C 530 BANADDR ...
         op > C BANADDR 203.0.113.0/24
         carol < C 421 - your address is banned
         op < C 250 BANADDR ...";
    play_among_two_with(config, &format!("{OPERATOR}{script}"));
}

#[test]
fn nobody_but_the_operator_does_anything_to_an_administrator() {
    play(
        "op > C ADMIN alice on
         op < C 250 ADMIN ...
         op > C ADMIN bob on
         op < C 250 ADMIN ...
         alice > C KICK bob
         alice < C 530 KICK ...
         alice > C BAN bob
         alice < C 530 BAN ...
         alice > C UNBAN bob
         alice < C 530 UNBAN ...
         alice > C UNBAN alice
         alice < C 503 UNBAN ...
         op > C BAN bob
         bob < C 421 - you are banned
         op < C 250 BAN ...",
    );
}

#[test]
fn no_user_learns_of_bans_or_makes_any() {
    for line in ["BANS", "BANADDR 192.0.2.0/24 1h", "UNBANADDR 192.0.2.0/24", "BAN bob 1h"] {
        let verb = line.split(' ').next().unwrap();
        play_among_two(&format!(
            "alice > C {line}
             alice < C 530 {verb} ...
             carol connects
             carol > C {line}
             carol < C 530 {verb} ..."
        ));
    }
}
