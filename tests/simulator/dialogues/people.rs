//! Alice and bob, who meet in many dialogues.

use chatsrv::chat::account::Account;
use chatsrv::chat::name::Number;
use chatsrv::hub::config::Config;

use crate::dialogue::{config, play_with};
use crate::store::Store;

/// A store in which alice, 10001, and bob, 10002, are registered with the password `x`.
pub fn alice_and_bob() -> Store {
    let mut store = Store::new();
    for (number, name) in [(10_001, "alice"), (10_002, "bob")] {
        let name = name.parse().unwrap();
        store.add(Account { number: Number(number), name, display: None, created: 0 }, "x");
    }
    store
}

/// Both are online, and bob is not told who comes and goes.
const ALICE_AND_BOB: &str = "bob logs in
    bob > C QUIET on
    bob < C 250 QUIET ...
    alice logs in
    ";

/// The operator is here, and is not told who comes and goes; nor is alice.
pub const OPERATOR: &str = "op logs in locally
    op > C QUIET on
    op < C 250 QUIET ...
    alice > C QUIET on
    alice < C 250 QUIET ...
    ";

/// Plays a dialogue among the two, beside [the operator](OPERATOR).
pub fn play_beside_operator(script: &str) {
    play_among_two(&format!("{OPERATOR}{script}"));
}

/// Plays a dialogue among the two.
pub fn play_among_two(script: &str) {
    play_among_two_with(config(), script);
}

/// Plays a dialogue among the two.
pub fn play_among_two_with(config: Config, script: &str) {
    play_with(config, alice_and_bob(), &format!("{ALICE_AND_BOB}{script}"));
}
