//! Who may make an account.

use chatsrv::chat::registration::Registration;
use chatsrv::hub::config::Config;

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
