//! Messages, step by step and in one, and who is online.

use chatsrv::hub::config::Config;

use crate::dialogue::{config, play, play_with};
use crate::store::Store;

/// Alice and bob are online, and bob is quiet about who comes and goes.
const ALICE_AND_BOB: &str = "bob logs in
    bob > C QUIET on
    bob < C 250 QUIET ...
    alice logs in
    ";

fn play_among_two(script: &str) {
    play(&format!("{ALICE_AND_BOB}{script}"));
}

#[test]
fn a_message_in_one_step() {
    play_among_two(
        "alice > D * hello
         bob < D _ alice * hello
         alice < C 250 MSG _ * 1 0
         alice > D BOB  two spaces
         bob < D _ alice bob  two spaces
         alice < C 250 MSG _ bob 1 0
         alice > D alice to myself
         alice < C 250 MSG _ alice 0 0
         alice > D bob
         alice < C 501 MSG ...
         alice > D
         alice < C 501 MSG ...
         alice > D *
         alice < C 501 MSG ...
         alice > D nobody hello
         alice < C 550 MSG ...
         alice > D 9a hello
         alice < C 550 MSG ...
         alice > D #group hello
         alice < C 550 MSG ...
         alice > D 99999999999 hello
         alice < C 550 MSG ...
         bob > C EX
         bob < C 221 ...
         alice < C 121 OFF bob _
         alice > D bob are you there?
         alice < C 251 MSG _ bob 0 1
         alice > D * is anybody there?
         alice < C 250 MSG _ * 0 0",
    );
}

#[test]
fn a_message_to_everyone_step_by_step() {
    play_among_two(
        "alice > C PM
         alice < C 354 PM send the message
         bob > D alice meanwhile
         alice < D _ bob alice meanwhile
         bob < C 250 MSG _ alice 1 0
         alice > hello
         alice < C 500 - ...
         alice > D bob is not the target here
         bob < D _ alice * bob is not the target here
         alice < C 250 MSG _ * 1 0
         alice > D and this is no step any more
         alice < C 550 MSG ...",
    );
}

#[test]
fn a_message_to_one_user_step_by_step() {
    play_among_two(
        "alice > C DM
         alice < C 150 DM 1
         alice < C 151 DM bob _
         alice < C 354 DM send the user and the message
         alice > D bob hello
         bob < D _ alice bob hello
         alice < C 250 MSG _ bob 1 0
         alice > C DM
         alice < C 150 DM 1
         alice < C 151 DM bob _
         alice < C 354 ...
         alice > D * hello
         alice < C 550 MSG ...
         bob > C EX
         bob < C 221 ...
         alice < C 121 ...
         alice > C DM
         alice < C 150 DM 0
         alice < C 354 DM ...
         alice > D bob hello
         alice < C 251 MSG _ bob 0 1",
    );
}

#[test]
fn composing_ends_with_its_final_reply_and_with_any_command() {
    play_among_two(
        "alice > C PM
         alice < C 354 ...
         alice > D
         alice < C 501 MSG ...
         alice > D * in one step
         bob < D _ alice * in one step
         alice < C 250 ...
         alice > C PM
         alice < C 354 ...
         alice > C NOPE
         alice < C 500 - ...
         alice > D * in one step
         bob < D _ alice * in one step
         alice < C 250 ...
         alice > C PM
         alice < C 354 ...
         alice > C QUIET maybe
         alice < C 501 QUIET ...
         alice > C MORE
         alice < C 501 MORE ...
         alice > D * in one step
         bob < D _ alice * in one step
         alice < C 250 ...
         alice > C DM
         alice < C 150 DM 1
         alice < C 151 ...
         alice < C 354 ...
         alice > C PM
         alice < C 354 PM ...
         alice > D a\u{7}b
         alice < C 501 MSG ...
         alice > D * in one step
         bob < D _ alice * in one step
         alice < C 250 ...",
    );
}

#[test]
fn who_lists_everyone_under_the_name_that_people_see() {
    play_among_two(
        "alice > C NICK Alice Doe
         alice < C 250 NICK ...
         bob > C WHO
         bob < C 150 WHO 2
         bob < C 151 WHO bob _ _ - bob
         bob < C 151 WHO alice _ _ - Alice Doe
         bob < C 250 WHO ...
         alice > C NICK
         alice < C 501 NICK ...",
    );
}

#[test]
fn above_the_limit_nobody_is_told_who_comes_and_goes() {
    let login = |name: &str| {
        format!(
            "{name} connects
             {name} > C USER {name}
             {name} < C 332 ...
             {name} > D x
             {name} < C 150 UNREAD 0
             {name} < C 230 ...\n"
        )
    };
    let script = [
        &login("a"),
        &login("b"),
        "a < C 120 ON b _\n",
        &login("c"),
        "c breaks\n",
        "b breaks\n",
        "a < C 121 OFF b _\n",
        "a > C QUIET on\n",
        "a < C 250 QUIET ...\n",
        &login("d"),
        "a > C QUIET off\n",
        "a < C 250 QUIET ...\n",
        "d > C EX\n",
        "d < C 221 ...\n",
        "a < C 121 OFF d _\n",
    ];
    let config = Config { presence_limit: 2, ..config() };
    play_with(config, Store::new(), &script.concat());
}
