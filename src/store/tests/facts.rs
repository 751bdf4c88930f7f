//! Tests of what the store tells of an account.

use super::*;
use crate::chat::account::{AccountFacts, KnownNetwork};
use crate::chat::address::Address;
use crate::chat::name::UserName;
use crate::chat::sha256::Sha256Sum;

const ALICE: Number = Number(10_001);
const DAY: u64 = 24 * 60 * 60;

fn look_up(fixture: &mut Fixture, number: Number) -> AccountFacts {
    match fixture.run(Job::LookUpAccount(number)) {
        Ok(Value::Account(facts)) => *facts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn when_a_user_was_last_here_is_the_latest_that_is_known() {
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
    let later = facts.last_seen.unwrap_or(created) + 2 * DAY;
    for time in [later, later - 60] {
        let times = [(ALICE, time)].into();
        assert_eq!(fixture.run(Job::KeepLastSeen(times)), Ok(Value::Done));
        assert_eq!(look_up(&mut fixture, ALICE).last_seen, Some(later));
    }
    // The operator has a row, and nothing else.
    let facts = look_up(&mut fixture, Number::OPERATOR);
    assert_eq!(facts, AccountFacts::default());
}

#[test]
fn accounts_are_listed_by_name_in_any_case() {
    let mut fixture = Fixture::new();
    for (number, name) in [(10_001, "carol"), (10_002, "Bob"), (10_003, "alice")] {
        assert_eq!(fixture.run(register(number, name, "x")), Ok(Value::Done));
    }
    let mut list = |after: Option<&str>| {
        let after = after.map(|name| name.parse().unwrap());
        match fixture.run(Job::ListAccounts { after }) {
            Ok(Value::Accounts { accounts, left: 0 }) => accounts,
            other => panic!("{other:?}"),
        }
    };
    let all = list(None);
    assert_eq!(all.iter().map(|row| row.number.0).collect::<Vec<_>>(), [10_003, 10_002, 10_001]);
    assert!(all.iter().all(|row| row.created > 0 && row.last_seen.is_none()), "{all:?}");
    assert_eq!(list(Some("ALICE")), all[1..]);
    assert_eq!(list(Some("b")), all[1..]);
    assert_eq!(list(Some("zoe")), []);
}

#[test]
fn the_message_of_the_day_that_was_asked_for_last_is_kept() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.run(register(ALICE.0, "alice", "x")), Ok(Value::Done));
    let [first, last] = [Sha256Sum([1; 32]), Sha256Sum([2; 32])];
    for sum in [first, last] {
        assert_eq!(fixture.run(Job::KeepMotdAsked(ALICE, sum)), Ok(Value::Done));
    }
    let mut fixture = fixture.reopen(HashCost::Low);
    assert_eq!(fixture.kept.wishes.motd, [(ALICE, last)]);
    let (name, time) = (UserName::of_removed(ALICE, 0).unwrap(), 17);
    let removal = Job::RemoveAccount { number: ALICE, name, time, erase: false };
    assert_eq!(fixture.run(removal), Ok(Value::Done));
    // It was asked for before the account was removed.
    assert_eq!(fixture.run(Job::KeepMotdAsked(ALICE, first)), Ok(Value::Done));
    assert_eq!(fixture.reopen(HashCost::Low).kept.wishes.motd, []);
}
