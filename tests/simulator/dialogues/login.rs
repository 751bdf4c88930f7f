//! From the greeting to the welcome.

use chatsrv::chat::account::Account;
use chatsrv::chat::name::Number;
use chatsrv::chat::registration::Registration;
use chatsrv::hub::config::Config;
use chatsrv::protocol::native::verb::Verb;

use crate::dialogue::{config, play, play_with};
use crate::store::Store;

/// A store in which bob is registered, with the password `secret` and the number 10417.
pub fn with_bob() -> Store {
    let mut store = Store::new();
    let account =
        Account { number: Number(10_417), name: "Bob".parse().unwrap(), display: None, created: 0 };
    store.add(account, "secret");
    store
}

#[test]
fn a_new_user_chooses_a_password_and_a_known_one_sends_it() {
    play(
        "alice connects
         alice > C USER alice
         alice < C 332 USER alice new here, choose a password
         alice > D correct horse
         alice < C 150 UNREAD 0
         alice < C 230 USER alice _ welcome
         alice > C USER bob
         alice < C 503 USER ...
         alice > C EX
         alice < C 221 EX goodbye
         alice closed goodbye
         again connects
         again > C USER ALICE
         again < C 331 USER ALICE send the password
         again > D correct horse
         again < C 150 UNREAD 0
         again < C 230 USER alice _ welcome",
    );
}

#[test]
fn before_the_login_little_is_taken() {
    play(
        "guest connects
         guest > D hello
         guest < C 530 MSG ...
         guest > C WHO
         guest < C 530 WHO ...
         guest > C NICK
         guest < C 530 NICK ...
         guest > C MORE on
         guest < C 530 MORE ...
         guest > C GET 0 small
         guest < C 530 GET ...
         guest > C NOPE
         guest < C 500 - ...
         guest > C USER 9
         guest < C 553 USER ...
         guest > C USER operator
         guest < C 553 USER ...
         guest > C USER
         guest < C 501 USER ...
         guest > hello
         guest < C 500 - ...
         guest > C EX
         guest < C 221 EX goodbye",
    );
}

#[test]
fn a_command_drops_the_question_for_a_password_and_a_bad_line_does_not() {
    play(
        "alice connects
         alice > C USER alice
         alice < C 332 ...
         alice > hello
         alice < C 500 - ...
         alice > D pass\u{1}word
         alice < C 501 USER ...
         alice > C USER alice
         alice < C 332 ...
         alice > C NOPE
         alice < C 500 - ...
         alice > D password
         alice < C 530 MSG ...
         alice > C USER alice
         alice < C 332 ...
         alice > D
         alice < C 501 USER ...
         alice > D password
         alice < C 530 MSG ...",
    );
}

#[test]
fn a_password_is_no_longer_than_can_be_hashed_at_ease() {
    let (longest, longer) = ("x".repeat(1024), "x".repeat(1025));
    play(&format!(
        "alice connects
         alice > C USER alice
         alice < C 332 ...
         alice > D {longer}
         alice < C 501 USER ...
         alice > C USER alice
         alice < C 332 ...
         alice > D {longest}
         alice < C 150 UNREAD 0
         alice < C 230 ...",
    ));
}

#[test]
fn the_third_wrong_password_ends_the_connection_and_each_is_told_later() {
    play_with(
        config(),
        with_bob(),
        "bob connects
         bob > C USER bob
         bob < C 331 ...
         bob > D wrong
         bob < C 535 USER wrong password
         bob > D secret
         bob < C 530 MSG ...
         bob > C USER bob
         bob < C 331 ...
         bob > D wrong
         bob > C USER bob
         wait 249ms
         wait 1ms
         bob < C 535 USER wrong password
         bob < C 331 ...
         bob > D wrong
         wait 499ms
         wait 1ms
         bob < C 535 USER wrong password
         bob < C 421 - too many wrong passwords
         bob closed wrong-password",
    );
}

#[test]
fn who_guesses_on_many_connections_has_to_wait() {
    let mut script = String::new();
    for at in 0..10 {
        script += &format!(
            "g{at} connects from 198.51.100.{at}
             g{at} > C USER bob
             g{at} < C 331 ...
             g{at} > D wrong\n",
        );
        if at == 0 {
            script += "g0 < C 535 ...\n";
        }
    }
    script += "bob connects
               bob > C USER bob
               bob < C 450 USER 10 ...
               other connects
               other > C USER other
               other < C 332 ...
               bob > C EX
               bob < C 221 EX goodbye";
    play_with(config(), with_bob(), &script);
}

#[test]
fn a_second_session_is_refused_unless_it_takes_over() {
    play_with(
        config(),
        with_bob(),
        "bob connects
         bob > C USER bob
         bob < C 331 ...
         bob > D secret
         bob < C 150 UNREAD 0
         bob < C 230 USER Bob 10417 welcome
         eve connects
         eve > C USER eve
         eve < C 332 ...
         eve > D x
         eve < C 150 UNREAD 0
         eve < C 230 ...
         bob < C 120 ON eve _
         second connects
         second > C USER bob
         second < C 331 ...
         second > D secret
         second < C 431 USER ...
         second closed already-online
         third connects
         third > C USER bob takeover
         third < C 331 ...
         third > D secret
         bob < C 421 - you logged in elsewhere
         bob closed taken-over
         third < C 150 UNREAD 0
         third < C 230 USER Bob 10417 welcome
         eve > D bob hello
         third < D _ eve Bob hello
         eve < C 250 MSG _ Bob 1 0",
    );
}

#[test]
fn with_registration_closed_unknown_names_look_like_known_ones() {
    let config = Config { registration: Registration::Closed, ..config() };
    play_with(
        config,
        with_bob(),
        "eve connects
         store holds
         eve > C USER eve
         eve < C 331 USER eve send the password
         eve > D x
         store answers first
         eve < C 535 USER wrong password
         bob connects
         bob > C USER bob
         bob < C 331 USER bob send the password
         bob > D secret
         store answers first
         store answers first
         bob < C 150 UNREAD 0
         bob < C 230 ...",
    );
}

#[test]
fn of_two_who_register_one_name_at_once_the_first_gets_it() {
    play(
        "store holds
         one connects
         two connects
         one > C USER alice
         one < C 332 ...
         two > C USER Alice
         two < C 332 ...
         one > D first
         two > D second
         two < C 553 USER ...
         store answers first
         store answers first
         one < C 150 UNREAD 0
         one < C 230 USER alice _ welcome
         two > C USER alice
         two < C 331 ...",
    );
}

#[test]
fn a_registration_that_fails_frees_the_name() {
    play(
        "store holds
         one connects
         one > C USER alice
         one < C 332 ...
         one > D first
         store answers first no-room
         one < C 452 USER ...
         one > C USER alice
         one < C 332 ...
         one > D first
         store answers first busy
         one < C 450 USER 5 try again later
         one > C USER alice
         one < C 332 ...
         one > D first
         one breaks
         two connects
         two > C USER alice
         two < C 332 ...
         two > D second
         two < C 553 USER ...
         store answers first failed
         two > C USER alice
         two < C 332 ...",
    );
}

#[test]
fn who_vanishes_while_registering_can_log_in_later() {
    play(
        "store holds
         one connects
         one > C USER alice
         one < C 332 ...
         one > D first
         one breaks
         store answers first
         two connects
         two > C USER alice
         two < C 331 ...
         two > D first
         store answers first
         store answers first
         two < C 150 UNREAD 0
         two < C 230 USER alice _ welcome
         two > C WHO
         two < C 150 WHO 1
         two < C 151 WHO alice _ _ - alice
         two < C 250 WHO ...",
    );
}

#[test]
fn nothing_is_read_while_a_password_is_checked() {
    let script = "store holds
         alice connects
         alice > C USER alice
         alice < C 332 ...
         alice > D secret
         alice > C HELP
         alice > C QUIET on
         alice ends
         store answers first
         store has 1 jobs
         store answers first
         alice < C 150 UNREAD 0
         alice < C 230 USER alice _ welcome";
    let mut script = format!("{script}\nalice < C 150 HELP {}\n", Verb::ALL.len());
    for verb in Verb::ALL {
        script += &format!("alice < C 151 HELP {verb} ...\n");
    }
    script += "alice < C 250 HELP ...
         alice < C 250 QUIET ...
         alice closed peer-closed";
    play(&script);
}
