//! Tests of messages, tokens and the search through the store's interface.

use super::*;
use crate::chat::address::Address;
use crate::chat::id::MessageId;
use crate::chat::message::{Chat, StoredMessage, Unread};
use crate::chat::name::Key;

const ALICE: Number = Number(10_001);
const BOB: Number = Number(10_002);

fn chat() -> Chat {
    Chat::direct(ALICE, BOB)
}

fn keep(id: u64, text: &str, key: Option<&str>) -> Job {
    let (from, chat, text) = (ALICE, chat(), text.into());
    let message =
        StoredMessage { id: MessageId(id), from, chat, text, file_size: None, is_unheard: false };
    Job::KeepMessage { message, key: key.map(|key| key.parse().unwrap()) }
}

fn find_key(word: &str) -> Job {
    Job::FindKey { sender: ALICE, key: word.parse().unwrap() }
}

fn select(which: Selection) -> Job {
    let (until, since) = (MessageId(u64::MAX), MessageId(0));
    Job::SelectMessages { reader: BOB, which, until, since }
}

fn count() -> Job {
    Job::CountUnread { reader: BOB, until: MessageId(u64::MAX) }
}

fn fetch(id: u64) -> Job {
    Job::FetchMessages { reader: BOB, ids: vec![MessageId(id)] }
}

fn search(words: &str) -> Job {
    select(Selection::Holding { chat: None, words: words.into() })
}

fn found(ids: impl IntoIterator<Item = u64>) -> Outcome {
    Ok(Value::Found { ids: ids.into_iter().map(MessageId).collect(), is_all: true })
}

fn selected(ids: impl IntoIterator<Item = u64>) -> Outcome {
    Ok(Value::Selected { ids: ids.into_iter().map(MessageId).collect(), left: 0 })
}

/// The time in microseconds since the Unix epoch.
fn now() -> u64 {
    let age = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    age.as_micros() as u64
}

#[test]
fn jobs_see_what_was_submitted_before_them() {
    let mut fixture = Fixture::new();
    let now = now();
    let jobs = [
        find_key("k"),
        keep(now, "first words", Some("k")),
        find_key("k"),
        count(),
        select(Selection::Unread(chat())),
        select(Selection::Last { chat: chat(), before: None, count: 5 }),
        fetch(now),
        search("words"),
    ];
    let read = fixture.run_all(jobs);
    let jobs = [
        Job::MarkSeen { reader: BOB, chat: chat(), id: MessageId(now) },
        count(),
        Job::RemoveOld { before: MessageId(u64::MAX) },
        find_key("k"),
        fetch(now),
    ];
    let removed = fixture.run_all(jobs);
    let message = match keep(now, "first words", None) {
        Job::KeepMessage { message, .. } => message,
        _ => unreachable!(),
    };
    assert_eq!(
        [read, removed].concat(),
        [
            Err(Failure::NotFound),
            Ok(Value::Done),
            Ok(Value::KeyFound { id: MessageId(now), chat: chat() }),
            Ok(Value::Unread(vec![Unread { chat: chat(), count: 1, last: MessageId(now) }])),
            selected([now]),
            selected([now]),
            Ok(Value::Messages(vec![message])),
            found([now]),
            Ok(Value::Marked { mark: MessageId(now), has_moved: true }),
            Ok(Value::Unread(vec![])),
            Ok(Value::Removed { more: false }),
            Ok(Value::KeyFound { id: MessageId(now), chat: chat() }),
            Ok(Value::Messages(vec![])),
        ]
    );
}

#[test]
fn outcomes_of_the_database_come_in_the_order_of_their_jobs() {
    let mut fixture = Fixture::new();
    let tickets: Vec<JobId> = (1..=3_000).map(|id| fixture.submit(keep(id, "x", None))).collect();
    let finished = fixture.wait(tickets.len());
    let finished: Vec<JobId> = finished
        .into_iter()
        .map(|completion| match completion {
            Completion::Job { job: ticket, outcome: Ok(Value::Done) } => ticket,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(finished, tickets);
}

#[test]
fn what_was_confirmed_is_there_when_it_is_opened_again() {
    let mut fixture = Fixture::new();
    let now = now();
    assert_eq!(fixture.run(keep(now, "kept", Some("k"))), Ok(Value::Done));
    assert_eq!(fixture.run(Job::RaiseIdMark { mark: MessageId(now + 500) }), Ok(Value::Done));
    let mut fixture = fixture.reopen(HashCost::Low);
    assert_eq!(fixture.kept.id_mark, MessageId(now + 500));
    assert_eq!(fixture.kept.keys, [(ALICE, "k".parse::<Key>().unwrap())]);
    assert_eq!(fixture.run(select(Selection::Unread(chat()))), selected([now]));
    assert_eq!(fixture.run(search("KEPT")), found([now]));
}

#[test]
fn a_search_index_that_is_gone_or_spoiled_is_made_again() {
    let mut fixture = Fixture::new();
    for id in 1..=600 {
        fixture.submit(keep(id, "word", None));
    }
    fixture.wait(600);
    assert_eq!(fixture.run(search("word")), found(1..=600));
    let index = fixture.folder.path().join("data/search.sqlite");
    let spoils: [&dyn Fn(); 2] = [&|| std::fs::remove_file(&index).unwrap(), &|| {
        std::fs::write(&index, "no database at all".repeat(1_000)).unwrap()
    }];
    for spoil in spoils {
        let Fixture { store, folder, .. } = fixture;
        store.close();
        spoil();
        fixture = Fixture::open(folder, HashCost::Low);
        let outcome = loop {
            match fixture.run(search("word")) {
                Err(Failure::Busy) | Ok(Value::Found { is_all: false, .. }) => {}
                outcome => break outcome,
            }
        };
        assert_eq!(outcome, found(1..=600));
    }
}

#[test]
fn a_new_password_ends_the_old_one_and_all_tokens() {
    let mut fixture = Fixture::new();
    for (number, name) in [(ALICE, "alice"), (BOB, "bob")] {
        assert_eq!(fixture.run(register(number.0, name, "old")), Ok(Value::Done));
    }
    let make_token = |number| {
        let (name, address) = (None, Address::Local);
        Job::MakeToken { number, device: 3, name, address }
    };
    let token = |fixture: &mut Fixture, number| match fixture.run(make_token(number)) {
        Ok(Value::Token(token)) => token,
        other => panic!("{other:?}"),
    };
    let is_good = |outcome: &Outcome| matches!(outcome, Ok(Value::TokenGood { device: 3, .. }));
    let (alices, bobs) = (token(&mut fixture, ALICE), token(&mut fixture, BOB));
    let mut fixture = fixture.reopen(HashCost::Low);
    let check_token = |number, token: &Secret| Job::CheckToken { number, token: token.clone() };
    assert!(is_good(&fixture.run(check_token(ALICE, &alices))));
    assert_eq!(fixture.run(check_token(BOB, &alices)), Ok(Value::PasswordWrong));
    assert_eq!(fixture.run(check_token(Number(0), &alices)), Ok(Value::PasswordWrong));

    let password = Secret::new("new");
    assert_eq!(
        fixture.run(Job::SetPassword { number: ALICE, password, from: Network::Local }),
        Ok(Value::Done)
    );
    assert_eq!(fixture.run(check(ALICE.0, "old")), Ok(Value::PasswordWrong));
    assert_eq!(fixture.run(check(ALICE.0, "new")), Ok(Value::PasswordRight));
    assert_eq!(fixture.run(check_token(ALICE, &alices)), Ok(Value::PasswordWrong));
    assert!(is_good(&fixture.run(check_token(BOB, &bobs))));

    let nobody = Job::SetPassword {
        number: Number(10_009),
        password: Secret::new("x"),
        from: Network::Local,
    };
    assert_eq!(fixture.run(nobody), Err(Failure::Failed));
    assert_eq!(fixture.run(make_token(Number(10_009))), Err(Failure::Failed));
}
