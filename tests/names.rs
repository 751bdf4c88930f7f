//! What accounts may be called, how people may call themselves, and how short a new password may
//! be: sections 3 and 4 of chatsrv-protocol(7).

mod support;

use support::{Client, Server};

#[test]
fn a_new_password_has_as_many_characters_as_the_operator_wants() {
    let mut server = Server::start(&["--password-min", "8"]);
    let mut alice = server.connect();
    alice.dialogue(
        "> C USER alice
         < C 332 USER alice …
         > D seven77
         < C 501 USER a new password needs more characters: 8 at least
         > C USER alice
         < C 332 USER alice …
         > D caf\u{e9}-caf\u{e9}
         < C 150 UNREAD 0
         < C 230 USER alice …
         > C PASSWD
         < C 354 PASSWD …
         > D cafe\u{301}-cafe\u{301}
         < C 354 PASSWD …
         > D seven77
         < C 501 PASSWD a new password needs more characters: 8 at least
         > C PASSWD
         < C 354 PASSWD …
         > D caf\u{e9}-caf\u{e9}
         < C 354 PASSWD …
         > D eighth\u{a0}8
         < C 250 PASSWD …",
    );
    alice.leave();
    server.restart_with(&["--password-min", "12"]);
    server.connect().dialogue(
        "> C USER alice
         < C 331 USER alice …
         > D eighth 8
         < C 150 UNREAD 0
         < C 230 USER alice …",
    );
}

#[test]
fn reserved_names_are_for_nobody_new_and_who_has_one_keeps_it() {
    let mut server = Server::start(&["--reserved-names", "admin,boss"]);
    let mut help = server.register("help");
    let mut stranger = server.connect();
    for name in [
        "operat0r",
        "global",
        "everyone",
        "all",
        "ALL",
        "here",
        "ChanServ",
        "removed-1",
        "rernoved-x",
        "admin",
        "ADM1N",
        "b0.55",
        "ad_min",
    ] {
        stranger.ask(&format!("C USER {name}"), "C 553 USER that name is kept for somebody else");
    }
    stranger.ask("C USER operator", "C 553 USER …");
    stranger.ask("C USER root", "C 332 USER root …");
    help.ask("C NICK B055", "C 553 NICK that looks like somebody else's name");
    help.leave();
    server.restart_with(&[]);
    let mut help = server.login("help");
    help.ask("C NICK HELP", "C 250 NICK …");
    help.ask("C NICK Adm1n", "C 553 NICK …");
    help.ask("C NICK B055", "C 250 NICK …");
    server.connect().ask("C USER root", "C 553 USER …");
}

#[test]
fn nobody_is_taken_for_an_administrator_or_for_another() {
    let server = Server::start(&[]);
    let (mut alice, mut bob) = (server.register("alice"), server.register("bob"));
    let mut operator = Client::operator(&server);
    operator.expect("C 150 UNREAD 0");
    operator.expect("C 230 USER operator 1 …");
    operator.ask("C ADMIN alice on", "C 250 ADMIN …");
    let mut stranger = server.connect();
    stranger.ask("C USER a1ice", "C 553 USER …");
    stranger.ask("C USER B0B", "C 332 USER …");
    alice.ask("C ADDUSER al-ice", "C 553 ADDUSER …");
    operator.ask("C ADDUSER al-ice", "C 250 ADDUSER …");
    for name in ["a1ice", "ALICE", "\u{ff21}lice", "\u{430}lice", "0perator", "Adrnin"] {
        bob.ask(&format!("C NICK {name}"), "C 553 NICK …");
    }
    bob.ask("C NICK B0b", "C 250 NICK …");
    bob.ask("C NICK alice's brother", "C 250 NICK …");
}
