use super::*;
use crate::chat::account::Account;
use crate::chat::name::UserRef;
use crate::chat::registration::Registration;
use crate::hub::config::{AccountRules, ArrivalBounds, Config, FileBounds, GroupBounds, Rules};
use crate::hub::context::{Caller, Core};
use crate::hub::domains::Domains;
use crate::hub::effect::Effects;
use crate::hub::sequence::Sequence;
use crate::hub::snapshot::Snapshot;

const ALICE: Number = Number(10_001);
const BOB: Number = Number(10_002);
const BOBS: ConnId = ConnId { slot: 7, generation: 1 };
const DAY: u64 = 24 * 60 * 60 * 1_000_000;
const START: MessageId = MessageId(1_700_000_000_000_000);

/// A chat of alice and bob.
struct World {
    core: Core,
    domains: Domains,
}

/// A chat whose clock shows a given time.
fn chat_at(unix_micros: u64, keep_messages: bool) -> World {
    let config = Config {
        registration: Registration::Closed,
        rules: Rules::default(),
        arrivals: ArrivalBounds::unbounded(),
        accounts: AccountRules::lenient(),
        presence_limit: 10,
        audits: false,
        bounds_rates: true,
        keep_messages,
        history: None,
        delete_window: std::time::Duration::ZERO,
        alive_period: std::time::Duration::from_secs(60),
        groups: GroupBounds { members_max: 10, per_user_max: 256, all_max: 100, ask_first: false },
        files: FileBounds { size_max: 0, places: 10_000, quota: 0 },
    };
    let account = |number, name: &str| {
        let name = name.parse().expect("a valid name");
        Account { number, name, display: None, created: 0 }
    };
    let accounts = vec![account(ALICE, "alice"), account(BOB, "bob")];
    let domains = Domains::new(&config, Snapshot { accounts, ..Snapshot::default() });
    let mut core = Core::new(config, 1, Sequence::above(MessageId(0)));
    core.now.unix_micros = unix_micros;
    World { core, domains }
}

fn key(word: &str) -> Key {
    word.parse().expect("a valid key")
}

/// A message from alice to bob, so long after the start, with a key.
fn said(after: u64, word: &str) -> (MessageId, Said) {
    let (id, chat) = (MessageId(START.0 + after), Chat::direct(ALICE, BOB));
    let (text, key) = ("hi".into(), Some(key(word)));
    (id, Said { from: ALICE, chat, text, file_size: None, key, is_unheard: false })
}

fn apply(world: &mut World, (id, said): (MessageId, Said)) -> Effects {
    let mut effects = Effects::default();
    let (messages, people) = world.domains.messages();
    messages.apply(said, id, None, people, &mut Cx::new(&mut world.core, &mut effects));
    effects
}

#[test]
fn the_same_messages_come_to_the_same_state_whenever_they_are_applied() {
    let at_once = chat_at(START.0, false);
    let later = chat_at(START.0 + 30 * DAY, false);
    let known = [at_once, later].map(|mut world| {
        let bob = world.domains.accounts.find(UserRef::Number(BOB)).expect("bob is known");
        let mut effects = Effects::default();
        let cx = &mut Cx::new(&mut world.core, &mut effects);
        world.domains.messages.session_enters(Caller { conn: BOBS, user: bob }, cx);
        for (after, word) in [(1, "a"), (DAY, "b"), (2 * DAY + 1, "c")] {
            apply(&mut world, said(after, word));
        }
        let now = MessageId(START.0 + 2 * DAY + 2);
        let messages = &mut world.domains.messages;
        let known = ["a", "b", "c"].map(|word| messages.dedup.look_up(ALICE, &key(word), now));
        (known, messages.take_inbox(Caller { conn: BOBS, user: bob }))
    });
    assert_eq!(known[0], known[1]);
    let (of_keys, inbox) = &known[0];
    assert_eq!(of_keys[0], Known::No);
    assert_eq!(of_keys[2], Known::Yes(MessageId(START.0 + 2 * DAY + 1), Chat::direct(ALICE, BOB)));
    assert_eq!(inbox.len(), 3);
}

#[test]
fn a_message_of_nobody_here_is_kept_and_confirmed_to_nobody() {
    let mut world = chat_at(START.0, true);
    let effects = apply(&mut world, said(1, "a"));
    let [Effect::Job { job_id, job: Job::KeepMessage { message, .. } }] = &effects.list[..] else {
        panic!("{:?}", effects.list)
    };
    assert_eq!(message.id, MessageId(START.0 + 1));
    let mut told = Effects::default();
    let cx = &mut Cx::new(&mut world.core, &mut told);
    let (messages, people) = world.domains.messages();
    messages.done(*job_id, Ok(Value::Done), people, cx);
    assert!(told.list.is_empty(), "{:?}", told.list);
    assert_eq!(world.domains.messages.jobs(), 0);
}
