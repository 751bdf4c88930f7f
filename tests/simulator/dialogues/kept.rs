//! Messages that are kept: when they are confirmed, and what becomes of them in a crash.

use chatsrv::hub::config::Config;

use super::people::{alice_and_bob, play_among_two, play_among_two_with};
use crate::dialogue::{config, play_with};

#[test]
fn a_message_is_delivered_at_once_and_confirmed_when_it_is_on_disk() {
    play_among_two(
        "alice > D bob the first waits for a mark above its id
         bob < D 1700000000000000 alice bob the first waits for a mark above its id
         alice < C 250 MSG 1700000000000000 bob 1 0
         store holds
         alice > D bob one
         bob < D _ alice bob one
         alice > D * two
         bob < D _ alice * two
         alice > C QUIET on
         store has 2 jobs
         store answers first
         alice < C 250 MSG _ bob 1 0
         store answers first
         alice < C 250 MSG _ * 1 0
         alice < C 250 QUIET ...",
    );
}

#[test]
fn what_is_not_kept_is_refused() {
    play_among_two(
        "alice > D bob hello
         bob < D _ alice bob hello
         alice < C 250 MSG _ bob 1 0
         store holds
         alice > D bob one
         bob < D _ alice bob one
         alice > D bob two
         bob < D _ alice bob two
         alice > D bob three
         bob < D _ alice bob three
         store answers first no-room
         alice < C 452 MSG ...
         store answers first failed
         alice < C 450 MSG ...
         store answers first busy
         alice < C 450 MSG ...
         store works
         bob > C OPEN alice
         bob < C 150 OPEN 1
         bob < D _ alice bob hello
         bob < C 250 OPEN alice 0",
    );
}

#[test]
fn after_a_long_silence_a_message_waits_for_a_mark_above_its_id() {
    play_among_two(
        "alice > D bob hello
         bob < D _ alice bob hello
         alice < C 250 MSG _ bob 1 0
         wait 60000ms
         store holds
         alice > D bob later
         alice > D bob and more
         bob > D alice meanwhile
         store has 1 jobs
         store answers first
         bob < D 1700000060000000 alice bob later
         alice < D 1700000060000001 bob alice meanwhile
         bob < D 1700000060000002 alice bob and more
         store works
         alice < C 250 MSG _ bob 1 0
         alice < C 250 MSG _ bob 1 0
         bob < C 250 MSG _ alice 1 0
         wait 60000ms
         store holds
         alice > D bob in vain
         store answers first no-room
         alice < C 452 MSG ...
         alice > D bob again
         store answers first
         bob < D _ alice bob again
         store answers first
         alice < C 250 MSG _ bob 1 0
         alice > C QUIET on
         alice < C 250 QUIET ...",
    );
}

#[test]
fn ids_rise_over_a_crash_and_a_clock_that_was_set_back() {
    play_among_two(
        "alice > D * one
         bob < D 1700000000000000 alice * one
         alice < C 250 MSG 1700000000000000 * 1 0
         store holds
         alice > D * lost
         bob < D 1700000000000001 alice * lost
         server crashes
         store works
         carol logs in as alice
         carol > D * two
         carol < C 250 MSG 1700000010000001 * 0 0
         carol > C OPEN * 9
         carol < C 150 OPEN 2
         carol < D 1700000000000000 alice * one
         carol < D 1700000010000001 alice * two
         carol < C 250 OPEN * 0",
    );
}

#[test]
fn a_message_to_oneself_is_kept_and_never_unread() {
    play_among_two(
        "alice > D alice a note
         alice < C 250 MSG _ alice 0 0
         alice > C UNREAD
         alice < C 150 UNREAD 0
         alice < C 250 UNREAD ...
         alice > C OPEN alice 1
         alice < C 150 OPEN 1
         alice < D _ alice alice a note
         alice < C 250 OPEN alice 0",
    );
}

#[test]
fn a_marked_message_that_is_sent_again_is_confirmed_again() {
    play_among_two(
        "alice > C KEY k1
         alice < C 250 KEY ...
         alice > D bob hello
         bob < D _ alice bob hello
         alice < C 250 MSG 1700000000000000 bob 1 0
         alice > C KEY k1
         alice < C 250 KEY ...
         alice > D * hello
         alice < C 250 MSG 1700000000000000 bob 0 0
         alice > D bob another
         bob < D _ alice bob another
         alice < C 250 MSG _ bob 1 0
         bob > C KEY k1
         bob < C 250 KEY ...
         bob > D alice the word is another's too
         alice < D _ bob alice the word is another's too
         bob < C 250 MSG _ alice 1 0
         server crashes
         again connects
         again > C USER alice
         again < C 331 ...
         again > D x
         again < C 150 UNREAD 1
         again < C 151 UNREAD bob 1 _
         again < C 230 ...
         again > C KEY k1
         again < C 250 KEY ...
         again > C PM
         again < C 354 ...
         again > D hello
         again < C 250 MSG 1700000000000000 bob 0 0",
    );
}

#[test]
fn while_a_word_is_looked_for_the_sender_waits() {
    play_among_two(
        "alice > C KEY k1
         alice < C 250 KEY ...
         alice > D bob hello
         bob < D _ alice bob hello
         alice < C 250 MSG _ bob 1 0
         store holds
         alice > C KEY k2
         alice < C 250 KEY ...
         alice > D bob one
         bob < D _ alice bob one
         alice > C KEY k2
         alice > D bob one
         alice > D bob two
         store has 2 jobs
         store answers first no-room
         alice < C 452 MSG ...
         alice < C 250 KEY ...
         store answers first
         bob < D _ alice bob one
         bob < D _ alice bob two
         store answers first
         alice < C 250 MSG _ bob 1 0
         store answers first
         alice < C 250 MSG _ bob 1 0
         alice > C KEY k2
         alice < C 250 KEY ...
         alice > D bob one
         store answers first failed
         alice < C 450 MSG ...",
    );
}

#[test]
fn any_final_reply_uses_the_word_up() {
    play_among_two(
        "alice > C KEY k1
         alice < C 250 KEY ...
         alice > C KEY k2
         alice < C 250 KEY ...
         alice > C PASSWD
         alice < C 354 PASSWD ...
         alice > D wrong
         alice < C 535 PASSWD ...
         alice > D nobody hello
         alice < C 550 MSG ...
         alice > D bob not marked
         bob < D _ alice bob not marked
         alice < C 250 MSG _ bob 1 0
         alice > C KEY k1
         alice < C 250 KEY ...
         alice > D a\u{7}b
         alice < C 501 MSG ...
         alice > D bob not marked either
         bob < D _ alice bob not marked either
         alice < C 250 MSG _ bob 1 0
         alice > C KEY k1
         alice < C 250 KEY ...
         alice > D bob marked
         bob < D _ alice bob marked
         alice < C 250 MSG _ bob 1 0
         alice > C KEY two words
         alice < C 501 KEY ...",
    );
}

#[test]
fn where_nothing_is_kept_confirmations_come_at_once_and_offline_users_get_nothing() {
    let config = Config { keep_messages: false, ..config() };
    let script = "alice > D bob the first waits for a mark above its id
         bob < D _ alice bob the first waits for a mark above its id
         alice < C 250 MSG _ bob 1 0
         store holds
         alice > C KEY k1
         alice < C 250 KEY ...
         alice > D bob hello
         bob < D _ alice bob hello
         alice < C 250 MSG 1700000000000001 bob 1 0
         alice > C KEY k1
         alice < C 250 KEY ...
         bob > C EX
         bob < C 221 ...
         alice < C 121 OFF bob _
         alice > D bob hello
         alice < C 250 MSG 1700000000000001 bob 0 0
         alice > D bob are you there?
         alice < C 551 MSG ...
         alice > D * is anybody there?
         alice < C 250 MSG _ * 0 0
         store has 0 jobs";
    play_among_two_with(config, script);
}

#[test]
fn what_is_said_during_a_login_comes_after_the_welcome() {
    let script = "alice > D bob before
         alice < C 251 MSG _ bob 0 1
         store holds
         bob connects
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         alice > D bob still before
         store answers first
         alice > D bob during
         alice > D * and to all
         alice > C WHO
         carol connects
         carol > C USER bob
         carol < C 331 ...
         carol > D x
         store has 5 jobs
         store answers last
         carol < C 431 USER ...
         store answers first
         alice < C 251 MSG _ bob 0 1
         store answers first
         bob < C 150 UNREAD 1
         bob < C 151 UNREAD alice 2 1700000000000001
         bob < C 230 USER bob 10002 welcome
         bob < D 1700000000000002 alice bob during
         bob < D 1700000000000003 alice * and to all
         alice < C 120 ON bob 10002
         store answers first
         alice < C 250 MSG _ bob 1 0
         store answers first
         alice < C 250 MSG _ * 1 0
         alice < C 150 WHO 1
         alice < C 151 WHO alice ...
         alice < C 250 WHO ...";
    play_with(config(), alice_and_bob(), &format!("alice logs in\n{script}"));
}

#[test]
fn a_login_whose_messages_cannot_be_counted_begins_again() {
    let script = "alice logs in
         store holds
         bob connects
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         store answers first
         store answers first failed
         bob < C 450 USER ...
         store works
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         bob < C 150 UNREAD 0
         bob < C 230 ...
         alice < C 120 ON bob 10002
         store holds
         other connects
         other > C USER bob TAKEOVER
         other < C 331 ...
         other > D x
         store answers first
         bob < C 421 - ...
         alice > C WHO
         alice < C 150 WHO 1
         alice < C 151 WHO alice ...
         alice < C 250 WHO ...
         store answers first failed
         other < C 450 USER ...
         alice < C 121 OFF bob 10002";
    play_with(config(), alice_and_bob(), script);
}

#[test]
fn who_vanishes_between_the_takeover_and_the_welcome_went_offline() {
    let script = "alice logs in
         bob logs in
         alice < C 120 ON bob 10002
         store holds
         one connects
         one > C USER bob TAKEOVER
         one < C 331 ...
         one > D x
         store answers first
         bob < C 421 - ...
         two connects
         two > C USER bob TAKEOVER
         two < C 331 ...
         two > D x
         store answers last
         one < C 421 - ...
         one closed taken-over
         two breaks
         alice < C 121 OFF bob 10002
         store works
         wait 0ms";
    play_with(config(), alice_and_bob(), script);
}

#[test]
fn too_much_that_waits_for_a_welcome_ends_the_login() {
    let mut script = "alice logs in
         alice > C QUIET on
         alice < C 250 QUIET ...
         bob connects
         bob > C USER bob
         bob < C 331 ...
         store holds
         bob > D x
         store answers first\n"
        .to_owned();
    // The first one waits for a mark above its id.
    script += "alice > D bob hello\nstore answers last\n";
    script += "store answers last\nalice < C 250 MSG _ bob 1 0\n";
    for _ in 0..1023 {
        script += "alice > D bob hello\nstore answers last\nalice < C 250 MSG _ bob 1 0\n";
    }
    script += "alice > D bob one too many
               bob < C 421 - ...
               bob closed too-slow
               store answers last
               alice < C 250 MSG _ bob 1 0";
    play_with(config(), alice_and_bob(), &script);
}
