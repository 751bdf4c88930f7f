//! Tests of what the store tells of an account.

use super::*;
use crate::chat::account::{AccountFacts, KnownNetwork};
use crate::chat::address::Address;

const ALICE: Number = Number(10_001);
const DAY: u64 = 24 * 60 * 60;

fn look_up(fixture: &mut Fixture, number: Number) -> AccountFacts {
    match fixture.run(Job::LookUpAccount { number }) {
        Ok(Value::Account(facts)) => *facts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_last_login_is_that_of_a_token_or_else_its_day() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.run(register(ALICE.0, "alice", "x")), Ok(Value::Done));
    let facts = look_up(&mut fixture, ALICE);
    let created = facts.created;
    assert_eq!(facts, AccountFacts { created, ..AccountFacts::default() });

    let address: Address = "192.0.2.7".parse().unwrap();
    let day = u32::try_from(created / DAY).unwrap();
    let networks = [KnownNetwork { prefix: address.prefix().unwrap(), day }].into();
    assert_eq!(fixture.run(Job::KeepNetworks { number: ALICE, networks }), Ok(Value::Done));
    let facts = look_up(&mut fixture, ALICE);
    assert_eq!((facts.last_seen, facts.last_address), (Some(u64::from(day) * DAY), None));

    let token = Job::MakeToken { number: ALICE, device: 1, name: None, address };
    assert!(matches!(fixture.run(token), Ok(Value::Token(_))));
    let facts = look_up(&mut fixture, ALICE);
    assert!(facts.last_seen >= Some(created), "{facts:?}");
    assert_eq!((facts.last_address, facts.tokens), (Some(address), 1));
    // The operator has a row, and nothing else.
    let facts = look_up(&mut fixture, Number::OPERATOR);
    assert_eq!(facts, AccountFacts::default());
}
