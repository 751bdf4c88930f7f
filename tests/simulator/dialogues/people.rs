//! Alice and bob, who meet in many dialogues.

use chatsrv::hub::Account;
use chatsrv::protocol::name::Number;

use crate::store::Store;

/// A store in which alice, 10001, and bob, 10002, are registered with the password `x`.
pub fn alice_and_bob() -> Store {
    let mut store = Store::new();
    for (number, name) in [(10_001, "alice"), (10_002, "bob")] {
        let name = name.parse().unwrap();
        store.add(Account { number: Number(number), name, display: None }, "x");
    }
    store
}

pub const ALICE_ONLINE: &str = "alice connects
    alice > C USER alice
    alice < C 331 ...
    alice > D x
    alice < C 150 UNREAD 0
    alice < C 230 ...
    ";

pub const BOB_ONLINE: &str = "bob connects
    bob > C USER bob
    bob < C 331 ...
    bob > D x
    bob < C 150 UNREAD 0
    bob < C 230 ...
    ";

/// Both are online, and bob is not told who comes and goes.
pub const ALICE_AND_BOB: &str = "bob connects
    bob > C USER bob
    bob < C 331 ...
    bob > D x
    bob < C 150 UNREAD 0
    bob < C 230 ...
    bob > C QUIET on
    bob < C 250 QUIET ...
    alice connects
    alice > C USER alice
    alice < C 331 ...
    alice > D x
    alice < C 150 UNREAD 0
    alice < C 230 ...
    ";
