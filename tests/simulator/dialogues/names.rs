//! What accounts may be called and people call themselves, and how short new passwords may be.

use super::people::play_among_two_with;
use crate::dialogue::{config, play_with};
use crate::store::Store;

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
