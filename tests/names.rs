//! What accounts may be called, how people may call themselves, and how short a new password may be:
//! sections 3 and 4 of chatsrv-protocol(7).

mod support;

use support::Server;

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
