//! What accounts may be called and people call themselves, and how short new passwords may be.

use super::people::play_among_two_with;
use crate::dialogue::{config, play_with};
use crate::store::Store;

use chatsrv::chat::look_alike::ReservedNames;
use chatsrv::hub::config::{AccountRules, Config};

/// New passwords have six characters at least.
fn of_six() -> Config {
    let config = config();
    Config { accounts: AccountRules { password_min: 6, ..config.accounts }, ..config }
}

#[test]
fn a_new_account_needs_a_password_that_is_long_enough() {
    play_with(
        of_six(),
        Store::new(),
        "alice connects
         alice > C USER alice
         alice < C 332 ...
         alice > D short
         alice < C 501 USER ...
         alice > D longer
         alice < C 530 MSG ...
         alice > C USER alice
         alice < C 332 ...
         alice > D e\u{301}tudes
         alice < C 150 UNREAD 0
         alice < C 230 ...
         again connects
         again > C USER again
         again < C 332 ...
         again > D e\u{301}tude
         again < C 501 USER ...",
    );
}

#[test]
fn a_changed_password_is_long_enough_and_an_old_one_stays() {
    play_among_two_with(
        of_six(),
        "alice > C PASSWD
         alice < C 354 ...
         alice > D x
         alice < C 354 ...
         alice > D short
         alice < C 501 PASSWD ...
         alice > C PASSWD
         alice < C 354 ...
         alice > D x
         alice < C 354 ...
         alice > D longer
         alice < C 250 PASSWD ...
         bob > C PASSWD
         bob < C 354 ...
         bob > D wrong
         bob < C 535 PASSWD ...",
    );
}

#[test]
fn nobody_gets_a_name_that_means_somebody_else() {
    let config = config();
    let reserved = ReservedNames::and(&["admin".parse().unwrap()]);
    let config = Config { accounts: AccountRules { reserved, ..config.accounts }, ..config };
    play_among_two_with(
        config,
        "op logs in locally
         op > C ADMIN alice on
         op < C 250 ADMIN ...
         eve connects
         eve > C USER a1ice
         eve < C 553 USER ...
         eve > C USER Al.ice
         eve < C 553 USER ...
         eve > C USER alice
         eve < C 331 ...
         eve > C USER Everyone
         eve < C 553 USER ...
         eve > C USER operat0r
         eve < C 553 USER ...
         eve > C USER OPERAT.0R
         eve < C 553 USER ...
         eve > C USER adm1n
         eve < C 553 USER ...
         eve > C USER NickServ
         eve < C 553 USER ...
         eve > C USER Removed-1
         eve < C 553 USER ...
         eve > C USER b0b
         eve < C 332 ...
         eve > D x
         eve < C 150 UNREAD 0
         alice < C 120 ON b0b _
         op < C 120 ON b0b _
         eve < C 230 ...
         op > C ADMIN alice off
         op < C 250 ADMIN ...
         late connects
         late > C USER a1ice
         late < C 332 ...",
    );
}

#[test]
fn a_name_that_became_an_administrators_is_refused_behind_its_password() {
    play_among_two_with(
        config(),
        "op logs in locally
         eve connects
         eve > C USER a1ice
         eve < C 332 ...
         op > C ADMIN alice on
         op < C 250 ADMIN ...
         eve > D x
         eve < C 553 USER ...",
    );
}

#[test]
fn administrators_add_no_reserved_names_and_the_operator_may_add_what_looks_like_theirs() {
    play_among_two_with(
        config(),
        "op logs in locally
         op > C ADMIN alice on
         op < C 250 ADMIN ...
         alice > C ADDUSER helpserv
         alice < C 553 ADDUSER ...
         alice > C ADDUSER removed-7
         alice < C 553 ADDUSER ...
         alice > C ADDUSER a1ice
         alice < C 553 ADDUSER ...
         alice > C ADDUSER b0b
         alice < C 250 ADDUSER ...
         op > C ADDUSER everyone
         op < C 553 ADDUSER ...
         op > C ADDUSER alice
         op < C 553 ADDUSER ...
         op > C ADDUSER a1ice
         op < C 250 ADDUSER ...",
    );
}

#[test]
fn nobody_is_shown_under_the_name_of_another() {
    play_among_two_with(
        config(),
        "alice > C NICK B0B
         alice < C 553 NICK ...
         alice > C NICK  \u{ff22}\u{ff4f}\u{ff42}
         alice < C 553 NICK ...
         alice > C NICK b.o_b
         alice < C 553 NICK ...
         alice > C NICK b\u{43e}b
         alice < C 553 NICK ...
         alice > C NICK Operator
         alice < C 553 NICK ...
         alice > C NICK OP3RATOR
         alice < C 250 NICK ...
         alice > C NICK ALICE
         alice < C 250 NICK ...
         alice > C NICK A1ice
         alice < C 250 NICK ...
         alice > C NICK Bob the Builder
         alice < C 250 NICK ...
         alice > C NICK removed-10002
         alice < C 553 NICK ...",
    );
}
