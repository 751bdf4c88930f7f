//! Who may make an account, with an invitation or without, and who is held back in a lockdown.

use chatsrv::chat::registration::Registration;
use chatsrv::hub::config::Config;

use super::people::alice_and_bob;
use crate::dialogue::{config, play, play_with};
use crate::store::Store;

#[test]
fn administrators_say_who_may_make_an_account_until_the_next_start() {
    play(
        "op logs in locally
         op > C REGISTRATION
         op < C 250 REGISTRATION open
         op > C REGISTRATION closed
         op < C 250 REGISTRATION closed
         alice connects
         alice > C USER alice
         alice < C 331 USER alice ...
         alice > D x
         alice < C 535 USER ...
         op > C REGISTRATION invite
         op < C 250 REGISTRATION invite
         alice > C USER alice
         alice < C 331 USER alice ...
         op > C REGISTRATION perhaps
         op < C 501 REGISTRATION ...
         op > C REGISTRATION
         op < C 250 REGISTRATION invite
         server crashes
         alice logs in
         alice > C REGISTRATION
         alice < C 530 REGISTRATION ...
         alice > C REGISTRATION closed
         alice < C 530 REGISTRATION ...
         bob logs in
         alice < C 120 ON bob _",
    );
    let closed = Config { registration: Registration::Closed, ..config() };
    play_with(
        closed,
        Store::new(),
        "op logs in locally
         op > C REGISTRATION
         op < C 250 REGISTRATION closed
         op > C REGISTRATION open
         op < C 250 REGISTRATION open
         alice logs in
         op < C 120 ON alice _",
    );
}

#[test]
fn who_was_asked_for_a_password_before_the_door_was_shut_has_a_wrong_one() {
    play(
        "op logs in locally
         alice connects
         alice > C USER alice
         alice < C 332 USER alice ...
         op > C REGISTRATION closed
         op < C 250 REGISTRATION closed
         alice > D x
         alice < C 535 USER ...
         op > C REGISTRATION open
         op < C 250 REGISTRATION open
         alice logs in
         op < C 120 ON alice _",
    );
}

#[test]
fn in_a_lockdown_nobody_comes_in_and_who_came_today_reaches_few() {
    play_with(
        config(),
        alice_and_bob(),
        "op logs in locally
         alice logs in
         op < C 120 ON alice 10001
         carol logs in
         op < C 120 ON carol _
         alice < C 120 ON carol _
         carol > C LOCKDOWN on
         carol < C 530 LOCKDOWN ...
         op > C LOCKDOWN on
         op < C 250 LOCKDOWN ...
         op > C REGISTRATION
         op < C 250 REGISTRATION open
         dan connects
         dan > C USER dan
         dan < C 331 USER dan ...
         dan > D x
         dan < C 535 USER ...
         carol > D * hello
         carol < C 530 MSG lockdown ...
         carol > C PM
         carol < C 354 ...
         carol > D hello
         carol < C 530 MSG lockdown ...
         carol > C MKGROUP #raid alice
         carol < C 530 MKGROUP lockdown ...
         carol > C MKGROUPREQ #raid alice
         carol < C 530 MKGROUPREQ lockdown ...
         carol > C MKPUBLIC #raid
         carol < C 530 MKPUBLIC lockdown ...
         carol > C PUT 3 notes
         carol < C 530 PUT lockdown ...
         carol > C SENDFILE alice 3 notes
         carol < C 530 SENDFILE lockdown ...
         carol > D alice help
         alice < D _ carol alice help
         carol < C 250 MSG _ alice 1 0
         alice > C MKGROUP #calm carol
         alice < C 250 MKGROUP #calm 2
         alice < C 128 GROUP #calm join carol
         carol < C 128 GROUP #calm join carol
         carol > D #calm thanks
         alice < D _ carol #calm thanks
         carol < C 250 MSG _ #calm 1 0
         alice > D * a raid
         carol < D _ alice * a raid
         op < D _ alice * a raid
         alice < C 250 MSG _ * 2 0
         wait 1440m
         carol > D * hello
         alice < D _ carol * hello
         op < D _ carol * hello
         carol < C 250 MSG _ * 2 0
         op > C LOCKDOWN off
         op < C 250 LOCKDOWN ...
         op > C QUIET on
         op < C 250 QUIET ...
         dan logs in
         alice < C 120 ON dan _
         carol < C 120 ON dan _
         dan > D * here
         op < D _ dan * here
         alice < D _ dan * here
         carol < D _ dan * here
         dan < C 250 MSG _ * 3 0",
    );
}

#[test]
fn in_a_lockdown_only_those_who_monitor_a_user_are_told() {
    play_with(
        config(),
        alice_and_bob(),
        "op logs in locally
         alice logs in
         op < C 120 ON alice 10001
         alice > C MORE on
         alice < C 250 MORE ...
         alice > C MONITOR bob on
         alice < C 250 MONITOR ...
         op > C LOCKDOWN on
         op < C 250 LOCKDOWN ...
         bob logs in
         alice < C 120 ON bob 10002
         bob > C AWAY out
         alice < C 137 AWAY bob out
         bob < C 250 AWAY ...
         bob > C NICK The Bob
         bob < C 250 NICK ...
         op > C LOCKDOWN perhaps
         op < C 501 LOCKDOWN ...
         server crashes
         alice logs in
         bob logs in
         alice < C 120 ON bob 10002
         carol logs in
         alice < C 120 ON carol _
         bob < C 120 ON carol _",
    );
}

#[test]
fn with_an_invitation_so_many_accounts_are_made_and_no_more() {
    let invite = Config { registration: Registration::Invite, ..config() };
    play_with(
        invite,
        Store::new(),
        "op logs in locally
         op > C QUIET on
         op < C 250 QUIET ...
         op > C INVITE
         op < C 250 INVITE 0001000000000001 1 _
         op > C INVITE 2 ever
         op < C 250 INVITE 0002000000000002 2 ever
         op > C INVITES
         op < C 150 INVITES 2
         op < C 151 INVITES 0001 1 _ operator
         op < C 151 INVITES 0002 2 ever operator
         op < C 250 INVITES ...
         eve connects
         eve > C USER eve
         eve < C 331 USER eve ...
         eve > D x
         eve < C 535 USER ...
         alice connects
         alice > C USER alice INVITE 0001000000000001
         alice < C 332 USER alice ...
         bob connects from 192.0.2.2
         bob > C USER bob INVITE 0001000000000001
         bob < C 332 USER bob ...
         store holds
         alice > D x
         bob > D x
         store answers first
         store answers first
         bob < C 535 USER ...
         store answers first
         alice < C 150 UNREAD 0
         alice < C 230 ...
         store works
         bob > C USER bob INVITE 0001000000000001
         wait 30s
         bob < C 535 USER ...
         bob > C USER alice INVITE 0001000000000001
         bob < C 331 USER alice ...
         op > C INVITES
         op < C 150 INVITES 1
         op < C 151 INVITES 0002 2 ever operator
         op < C 250 INVITES ...
         server crashes
         carol connects
         carol > C USER carol INVITE 0002000000000002
         carol < C 332 USER carol ...
         carol > D x
         carol < C 150 UNREAD 0
         carol < C 230 ...
         carol > C INVITE
         carol < C 530 INVITE ...
         carol > C UNINVITE 0002
         carol < C 530 UNINVITE ...
         op logs in locally
         op > C UNINVITE 0002
         op < C 250 UNINVITE ...
         op > C UNINVITE 0002
         op < C 550 UNINVITE ...
         op > C INVITES
         op < C 150 INVITES 0
         op < C 250 INVITES ...
         dan connects from 192.0.2.3
         dan > C USER dan INVITE 0002000000000002
         dan < C 535 USER ...",
    );
}

#[test]
fn an_invitation_is_good_for_a_time_and_in_no_lockdown() {
    play(
        "op logs in locally
         op > C INVITE 9 10m
         op < C 250 INVITE 0001000000000001 9 _
         alice connects
         alice > C USER alice INVITE 0001000000000002
         alice < C 535 USER ...
         alice > C USER alice INVITE 0001000000000001
         alice < C 332 USER alice ...
         op > C LOCKDOWN on
         op < C 250 LOCKDOWN ...
         alice > D x
         wait 30s
         alice < C 535 USER ...
         alice > C USER alice INVITE 0001000000000001
         alice < C 331 USER alice ...
         op > C LOCKDOWN off
         op < C 250 LOCKDOWN ...
         op > C REGISTRATION closed
         op < C 250 REGISTRATION closed
         alice > C USER alice INVITE 0001000000000001
         alice < C 331 USER alice ...
         op > C REGISTRATION open
         op < C 250 REGISTRATION open
         wait 10m
         alice > C USER alice INVITE 0001000000000001
         alice < C 535 USER ...
         alice < C 421 ...
         alice closed wrong-password",
    );
}
