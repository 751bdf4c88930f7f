use super::*;
use crate::chat::account::Account;
use crate::hub::Hub;
use crate::hub::effect::Effects;
use crate::hub::job::Snapshot;

const ALICE: Number = Number(10_001);
const BOB: Number = Number(10_002);
const BOBS: ConnId = ConnId { slot: 7, generation: 1 };
const DAY: u64 = 24 * 60 * 60 * 1_000_000;
const START: MessageId = MessageId(1_700_000_000_000_000);

/// A chat of alice and bob, whose clock shows that time.
fn chat_at(unix_micros: u64, keep_messages: bool) -> Hub {
    let config = Config {
        registration: false,
        public_files: false,
        presence_limit: 10,
        keep_messages,
        history: None,
        alive_period: std::time::Duration::from_secs(60),
        group_max: 10,
        file_size_max: 0,
        quota: 0,
    };
    let account = |number, name: &str| {
        let name = name.parse().expect("a valid name");
        Account { number, name, display: None }
    };
    let accounts = vec![account(ALICE, "alice"), account(BOB, "bob")];
    let mut hub = Hub::new(config, 1, Snapshot { accounts, ..Snapshot::default() });
    hub.core.now.unix_micros = unix_micros;
    hub
}

fn key(word: &str) -> Key {
    word.parse().expect("a valid key")
}

/// What alice says to bob so long after the start, with a key.
fn said(after: u64, word: &str) -> Said {
    let (id, chat) = (MessageId(START.0 + after), Chat::direct(ALICE, BOB));
    let message = StoredMessage { id, from: ALICE, chat, text: "hi".into(), file_size: None };
    Said { message, key: Some(key(word)) }
}

fn apply(hub: &mut Hub, said: Said) -> Effects {
    let mut effects = Effects::default();
    let (messages, people, mut cx) = hub.messages_with(&mut effects);
    messages.apply(said, None, people, &mut cx);
    effects
}

#[test]
fn the_same_messages_come_to_the_same_state_whenever_they_are_applied() {
    let at_once = chat_at(START.0, false);
    let later = chat_at(START.0 + 30 * DAY, false);
    let known = [at_once, later].map(|mut hub| {
        let bob = hub.accounts.find(crate::chat::name::UserRef::Number(BOB)).expect("bob is known");
        let mut effects = Effects::default();
        let (messages, _, mut cx) = hub.messages_with(&mut effects);
        messages.user_enters(bob, BOBS, &mut cx);
        for (after, word) in [(1, "a"), (DAY, "b"), (2 * DAY + 1, "c")] {
            apply(&mut hub, said(after, word));
        }
        let now = MessageId(START.0 + 2 * DAY + 2);
        let known = ["a", "b", "c"].map(|word| hub.messages.dedup.look_up(ALICE, &key(word), now));
        (known, hub.messages.take_inbox(bob))
    });
    assert_eq!(known[0], known[1]);
    let (of_keys, inbox) = &known[0];
    assert_eq!(of_keys[0], Known::No);
    assert_eq!(of_keys[2], Known::Yes(MessageId(START.0 + 2 * DAY + 1), Chat::direct(ALICE, BOB)));
    assert_eq!(inbox.len(), 3);
}

#[test]
fn a_message_of_nobody_here_is_kept_and_confirmed_to_nobody() {
    let mut hub = chat_at(START.0, true);
    let effects = apply(&mut hub, said(1, "a"));
    let [Effect::Job { ticket, job: Job::KeepMessage { message, .. } }] = &effects.list[..] else {
        panic!("{:?}", effects.list)
    };
    assert_eq!(message.id, MessageId(START.0 + 1));
    let mut told = Effects::default();
    let (messages, people, mut cx) = hub.messages_with(&mut told);
    messages.done(*ticket, Ok(Value::Done), people, &mut cx);
    assert!(told.list.is_empty(), "{:?}", told.list);
    assert_eq!(hub.messages.jobs(), 0);
}
