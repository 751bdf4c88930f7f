//! Tests of groups through the store's interface.

use super::*;
use crate::chat::group::{GroupRecord, GroupRow, GroupSettings, MemberRecord};
use crate::chat::id::{GroupId, MessageId};
use crate::chat::message::{Chat, StoredMessage};

const ALICE: Number = Number(10_001);
const BOB: Number = Number(10_002);

fn group(id: u64, kept: bool) -> GroupRecord {
    let members = [ALICE, BOB].map(|number| MemberRecord::new(number, MessageId(1))).to_vec();
    let group = GroupRecord::new(GroupId(id), "#friends".parse().unwrap(), ALICE);
    GroupRecord { settings: GroupSettings { kept, ..GroupSettings::default() }, members, ..group }
}

/// A store with two accounts, and two groups of the same name.
fn fixture() -> Fixture {
    let mut fixture = Fixture::new();
    for (number, name) in [(ALICE, "alice"), (BOB, "bob")] {
        assert_eq!(fixture.run(register(number.0, name, "x")), Ok(Value::Done));
    }
    for group in [group(5, true), group(6, false)] {
        assert_eq!(fixture.run(Job::SaveGroup(group.into())), Ok(Value::Done));
    }
    fixture
}

fn say(id: u64, group: u64) -> Job {
    let (from, chat, text) = (ALICE, Chat::Group(GroupId(group)), "words".into());
    let message =
        StoredMessage { id: MessageId(id), from, chat, text, file_size: None, is_unheard: false };
    Job::KeepMessage { message, key: None }
}

fn select(which: Selection) -> Job {
    let (until, since) = (MessageId(u64::MAX), MessageId(0));
    Job::SelectMessages { reader: BOB, which, until, since }
}

fn search(chat: Option<u64>) -> Job {
    let chat = chat.map(|group| Chat::Group(GroupId(group)));
    select(Selection::Holding { chat, words: "words".into() })
}

fn found(ids: &[u64]) -> Outcome {
    Ok(Value::Found { ids: ids.iter().copied().map(MessageId).collect(), is_all: true })
}

fn selected(ids: &[u64]) -> Outcome {
    Ok(Value::Selected { ids: ids.iter().copied().map(MessageId).collect(), left: 0 })
}

#[test]
fn a_group_that_is_not_kept_ends_with_the_server() {
    let mut fixture = fixture();
    for (id, group) in [(10, 5), (11, 6), (12, 6)] {
        assert_eq!(fixture.run(say(id, group)), Ok(Value::Done));
    }
    assert_eq!(fixture.run(search(None)), found(&[10, 11, 12]));
    assert_eq!(fixture.run(search(Some(6))), found(&[11, 12]));
    let mut fixture = fixture.reopen(HashCost::Low);
    assert_eq!(fixture.kept.groups, [group(5, true)]);
    assert_eq!(fixture.run(search(None)), found(&[10]));
    assert_eq!(fixture.run(search(Some(6))), found(&[]));
    assert_eq!(fixture.run(say(13, 6)), Err(Failure::NotFound));
    fixture.eventually("what was said there goes", |fixture| {
        let left = "SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM ended)";
        fixture.database().query_row(left, [], |row| row.get::<_, u32>(0)).unwrap() == 1
    });
}

#[test]
fn a_group_ends_between_two_jobs() {
    let mut fixture = fixture();
    let chat = Chat::Group(GroupId(5));
    let (done, gone) = (Ok(Value::Done), Err(Failure::NotFound));
    let outcomes = fixture.run_all([say(10, 5), select(Selection::Unread(chat))]);
    assert_eq!(outcomes, [done.clone(), selected(&[10])]);
    let jobs = [
        Job::EndGroup(GroupId(5)),
        select(Selection::Unread(chat)),
        say(11, 5),
        Job::EndGroup(GroupId(5)),
    ];
    assert_eq!(fixture.run_all(jobs), [done.clone(), selected(&[]), gone, done]);
}

#[test]
fn what_changes_of_groups_is_kept_in_turn() {
    let mut fixture = fixture();
    let (id, since) = (GroupId(5), MessageId(12));
    let ends = Some(1_795_521_601_123_456);
    let bob = MemberRecord { number: BOB, since, ends, is_news: true };
    let name = group(6, false).name;
    let rows = vec![
        GroupRow::Member { group: id, member: bob, is_op: true },
        GroupRow::Group { id, admin: BOB, settings: group(5, true).settings },
        GroupRow::Ended(GroupId(6)),
        GroupRow::Untold { number: ALICE, name },
    ];
    let jobs = [
        say(10, 5),
        say(11, 6),
        Job::ChangeGroups(rows),
        select(Selection::Unread(Chat::Group(id))),
        search(None),
        say(13, 6),
        Job::ChangeGroups(vec![GroupRow::NoMember { group: id, number: BOB }]),
        Job::ChangeGroups(Vec::new()),
    ];
    let outcomes: Vec<Outcome> = jobs.into_iter().map(|job| fixture.run(job)).collect();
    let done = Ok(Value::Done);
    let (unread, searched) = (selected(&[]), found(&[]));
    let (gone, failed) = (Err(Failure::NotFound), Err(Failure::Failed));
    let expected = [done.clone(), done.clone(), done.clone(), unread, searched, gone, failed, done];
    assert_eq!(outcomes, expected);
    fixture.eventually("what was said there goes", |fixture| {
        let left = "SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM ended)";
        fixture.database().query_row(left, [], |row| row.get::<_, u32>(0)).unwrap() == 1
    });
    let fixture = fixture.reopen(HashCost::Low);
    let members = vec![MemberRecord::new(ALICE, MessageId(1)), bob];
    let changed = GroupRecord { admin: BOB, ops: vec![ALICE, BOB], members, ..group(5, true) };
    assert_eq!(fixture.kept.groups, [changed]);
    assert_eq!(fixture.kept.untold, [(ALICE, vec![name])]);
}

#[test]
fn a_malformed_group_keeps_the_server_from_starting() {
    let fixture = fixture();
    fixture.database().execute("UPDATE groups SET name = 'x'", []).unwrap();
    let Fixture { store, folder, .. } = fixture;
    store.close();
    let refused = Store::open(config(folder.path(), HashCost::Low), || ()).unwrap_err();
    assert!(refused.to_string().contains("the group 5 has a malformed name"), "{refused}");
}
