//! Passwords that administrators give: LOGOUT, SETPASSWD and ADDUSER.

use super::people::{OPERATOR, play_among_two_with, play_beside_operator as play};
use crate::dialogue::config;
use chatsrv::chat::registration::Registration;
use chatsrv::hub::config::Config;

/// Bob logs in with a word, in place of his password.
const WITH_THE_WORD: &str = "bob connects
    bob > C USER bob
    bob < C 331 ...
    bob > D word2
    bob < C 150 UNREAD 0
    bob < C 230 ...
    ";

#[test]
fn a_logout_ends_sessions_and_tokens_and_the_password_stays() {
    play(
        "bob > C TOKEN
         bob < C 250 TOKEN token1
         phone connects
         phone > C USER bob BESIDE
         phone < C 331 ...
         phone > D x
         phone < C 150 UNREAD 0
         phone < C 230 ...
         phone > C TOKEN FOR robot
         phone < C 250 TOKEN token2
         op > C LOGOUT bob
         bob < C 421 - you were logged out
         bob closed logged-out
         phone < C 421 - you were logged out
         op < C 250 LOGOUT ...
         bob connects
         bob > C RESUME bob token1
         bob < C 535 RESUME ...
         bob > C RESUME bob token2
         wait 1s
         bob < C 535 RESUME ...
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         bob < C 150 UNREAD 0
         bob < C 230 ...
         op > C LOGOUT nobody
         op < C 550 LOGOUT ...",
    );
}

#[test]
fn who_comes_while_a_logout_is_kept_is_logged_out_too() {
    play(
        "bob > C TOKEN
         bob < C 250 TOKEN token1
         store holds
         bob breaks
         bob connects
         bob > C RESUME bob token1
         op > C LOGOUT bob
         store answers first
         store answers last
         bob < C 150 UNREAD 0
         bob < C 230 ...
         store answers first
         bob < C 421 - you were logged out
         op < C 250 LOGOUT ...",
    );
}

#[test]
fn a_logout_that_could_not_be_kept_says_so() {
    play(
        "store holds
         op > C LOGOUT bob
         bob < C 421 - you were logged out
         store answers first no-room
         op < C 452 LOGOUT ...",
    );
}

#[test]
fn who_logs_in_with_a_word_sets_a_password_before_anything_else() {
    let refused = |line: &str, verb: &str| {
        format!("bob > {line}\n bob < C 530 {verb} reset set a password of your own first, ...\n")
    };
    let all: String = [
        ("D * hello", "MSG"),
        ("C PM", "PM"),
        ("C WHO", "WHO"),
        ("C TOKEN", "TOKEN"),
        ("C NICK Bobby", "NICK"),
        ("C LS", "LS"),
        ("C OPEN alice", "OPEN"),
        ("C MKGROUP alice", "MKGROUP"),
        ("C DELETE 7", "DELETE"),
        ("C EXPECT 1 00", "EXPECT"),
        ("C SESSIONS", "SESSIONS"),
        ("C USER bob", "USER"),
        ("C DUMP", "DUMP"),
        ("C MORE on", "MORE"),
    ]
    .map(|(line, verb)| refused(line, verb))
    .concat();
    play(&format!(
        "bob > C TOKEN
         bob < C 250 TOKEN token1
         op > C SETPASSWD bob
         bob < C 421 - you were logged out
         op < C 250 SETPASSWD word2
         bob connects
         bob > C RESUME bob token1
         bob < C 535 RESUME ...
         bob > C USER bob
         bob < C 331 ...
         bob > D x
         wait 1s
         bob < C 535 USER ...
         bob breaks
         {WITH_THE_WORD}{all}
         bob > C ALIVE
         bob < C 503 ALIVE ...
         bob > C NOPE
         bob < C 500 - ...
         bob > C PASSWD
         bob < C 354 PASSWD ...
         bob > D x
         bob < C 535 PASSWD ...
         server crashes
         {WITH_THE_WORD}bob > C WHO
         bob < C 530 WHO reset ...
         bob > C PASSWD
         bob < C 354 PASSWD ...
         bob > D word2
         bob < C 354 PASSWD ...
         bob > D new
         bob < C 250 PASSWD ...
         bob > D bob hello
         bob < C 250 MSG _ bob 0 0
         server crashes
         bob logs in with new
         bob > D bob hello
         bob < C 250 MSG _ bob 0 0"
    ));
}

#[test]
fn a_word_is_good_for_a_day() {
    play(&format!(
        "op > C SETPASSWD bob
         bob < C 421 - you were logged out
         op < C 250 SETPASSWD word1
         bob connects
         bob > C USER bob
         bob < C 331 ...
         bob > D word1
         bob < C 150 UNREAD 0
         bob < C 230 ...
         wait 1440m
         bob > C PASSWD
         bob < C 354 PASSWD ...
         bob > D word1
         bob < C 535 PASSWD ...
         bob > C EX
         bob < C 221 ...
         bob connects
         bob > C USER bob
         bob < C 331 ...
         bob > D word1
         wait 1s
         bob < C 535 USER ...
         op > C SETPASSWD bob
         op < C 250 SETPASSWD word2
         {WITH_THE_WORD}"
    ));
}

#[test]
fn an_account_is_added_whatever_registration_says() {
    let config = Config { registration: Registration::Closed, ..config() };
    let script = "op > C ADDUSER carol
         op < C 250 ADDUSER carol _ word1
         carol connects
         carol > C USER carol
         carol < C 331 ...
         carol > D word1
         carol < C 150 UNREAD 0
         carol < C 230 ...
         carol > D * hello
         carol < C 530 MSG reset ...
         carol > C PASSWD
         carol < C 354 PASSWD ...
         carol > D word1
         carol < C 354 PASSWD ...
         carol > D mine
         carol < C 250 PASSWD ...
         carol > D alice hello
         alice < D _ carol alice hello
         carol < C 250 MSG _ alice 1 0
         op > C ADDUSER CAROL
         op < C 553 ADDUSER ...
         op > C ADDUSER operator
         op < C 553 ADDUSER ...
         op > C ADDUSER 9a
         op < C 553 ADDUSER ...
         server crashes
         carol logs in with mine";
    play_among_two_with(config, &format!("{OPERATOR}{script}"));
}

#[test]
fn an_account_that_could_not_be_kept_leaves_its_name_free() {
    play(
        "store holds
         op > C ADDUSER carol
         op > C ADDUSER carol
         store answers first no-room
         op < C 452 ADDUSER ...
         store answers first
         op < C 250 ADDUSER carol _ word1
         op > C ADDUSER carol
         op < C 553 ADDUSER ...
         op > C SETPASSWD bob
         store answers first failed
         op < C 450 SETPASSWD ...
         bob > D alice hello
         store works
         alice < D _ bob alice hello
         bob < C 250 MSG _ alice 1 0",
    );
}

#[test]
fn nobody_resets_an_administrator_but_the_operator() {
    play(
        "op > C ADMIN alice on
         op < C 250 ADMIN ...
         op > C ADMIN bob on
         op < C 250 ADMIN ...
         alice > C SETPASSWD bob
         alice < C 530 SETPASSWD ...
         alice > C SETPASSWD alice
         alice < C 503 SETPASSWD ...
         alice > C SETPASSWD operator
         alice < C 530 SETPASSWD ...
         alice > C LOGOUT bob
         alice < C 530 LOGOUT ...
         bob > C LOGOUT bob
         bob < C 503 LOGOUT ...
         op > C ADMIN bob off
         op < C 250 ADMIN ...
         bob > C LOGOUT alice
         bob < C 530 LOGOUT ...
         bob > C ADDUSER dan
         bob < C 530 ADDUSER ...
         alice > C SETPASSWD bob
         bob < C 421 - you were logged out
         alice < C 250 SETPASSWD word1",
    );
}
