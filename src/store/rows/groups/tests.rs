//! Tests that groups are stored unchanged, and that nothing is left of ended ones.

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::chat::account::Account;
use crate::chat::group::{ShutOut, TurnedDown};
use crate::chat::message::{StoredMessage, Unread};
use crate::chat::name::Key;
use crate::chat::refusal::Failure;
use crate::hub::job::{JobId, Outcome, Value};
use crate::store::requests::{HistoryQuery, HistoryRequest, MessageRequest};
use crate::store::rows::history::Viewer;
use crate::store::rows::{accounts, removal, schema};

mod changes;

const ALICE: Number = Number(10_001);
const BOB: Number = Number(10_002);
const CAROL: Number = Number(10_003);
const GROUP: GroupId = GroupId(1_795_521_601_123_456);

/// A database in a folder of its own, with some accounts.
struct Fixture {
    database: Connection,
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        for number in 10_001..10_013 {
            let name = format!("user{number}").parse().unwrap();
            let account = Account { number: Number(number), name, display: None, created: 0 };
            accounts::insert(&database, &account, "$argon2id").unwrap();
        }
        Fixture { database, folder }
    }

    fn reopen(&mut self) {
        self.database = schema::open(&self.folder.path().join("store")).unwrap();
        end_unkept(&mut self.database).unwrap();
    }

    fn save(&self, group: &GroupRecord) {
        save(&self.database, group).unwrap();
    }

    fn say(&self, id: u64, from: Number, group: GroupId) -> Outcome {
        self.say_marked(id, from, group, None)
    }

    fn say_marked(&self, id: u64, from: Number, group: GroupId, key: Option<Key>) -> Outcome {
        let chat = Chat::Group(group);
        let message = StoredMessage {
            id: MessageId(id),
            from,
            chat,
            text: "words".into(),
            file_size: None,
            is_unheard: false,
        };
        MessageRequest::Keep { message, key }.carry_out(&self.database).unwrap()
    }

    fn read(&self, reader: Number, which: HistoryQuery) -> Value {
        let viewer = Viewer::of_all(reader);
        HistoryRequest { job: JobId(1), viewer, which }.read(&self.database).unwrap()
    }

    fn ids(&self, reader: Number, which: HistoryQuery) -> Vec<u64> {
        match self.read(reader, which) {
            Value::Selected { ids, .. } => ids.into_iter().map(|id| id.0).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn unread(&self, reader: Number, group: GroupId) -> Vec<u64> {
        self.ids(reader, HistoryQuery::UnreadOf(Chat::Group(group)))
    }

    fn last(&self, reader: Number, group: GroupId, count: u16) -> Vec<u64> {
        let chat = Chat::Group(group);
        self.ids(reader, HistoryQuery::Last { chat, before: None, count })
    }

    fn counts(&self, reader: Number) -> Vec<(Chat, u64, u64)> {
        match self.read(reader, HistoryQuery::Unread) {
            Value::Unread(unread) => {
                unread.iter().map(|Unread { chat, count, last }| (*chat, *count, last.0)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn seen(&self, reader: Number, group: GroupId, id: u64) {
        let (chat, id) = (Chat::Group(group), MessageId(id));
        MessageRequest::MarkSeen { reader, chat, id }.carry_out(&self.database).unwrap().unwrap();
    }

    fn count(&self, table: &str) -> u32 {
        let query = format!("SELECT count(*) FROM {table}");
        self.database.query_row(&query, [], |row| row.get(0)).unwrap()
    }

    /// Removes what is left of ended groups, and returns the number of steps.
    fn remove_all(&self) -> usize {
        (0..).take_while(|_| removal::remove_ended(&self.database).unwrap()).count()
    }
}

/// The settings of a group that is kept and nothing else.
const KEPT: GroupSettings = GroupSettings { kept: true, public: false, open_topic: false };

fn group(id: GroupId, members: &[(Number, u64)]) -> GroupRecord {
    let group = GroupRecord::new(id, "#friends".parse().unwrap(), members[0].0);
    let members =
        members.iter().map(|(number, since)| MemberRecord::new(*number, MessageId(*since)));
    GroupRecord { settings: KEPT, members: members.collect(), ..group }
}

#[test]
fn a_kept_group_is_there_after_a_restart_and_another_is_not() {
    let mut fixture = Fixture::new();
    let kept = GroupRecord {
        asked: vec![Number(10_005), Number(10_004)],
        asking: vec![Number(10_006)],
        ops: vec![ALICE, BOB],
        made_by: CAROL,
        settings: GroupSettings { kept: true, public: true, open_topic: true },
        topic: Some(TopicSet { topic: "what we eat".parse().unwrap(), by: CAROL, at: 17 }),
        shut_out: vec![ShutOut { user: Number(10_005), by: BOB, since: 18 }],
        turned_down: vec![
            (CAROL, TurnedDown { declined: 19, refused: [0; 3] }),
            (Number(10_006), TurnedDown { declined: 0, refused: [0, 20, 21] }),
        ],
        ..group(GROUP, &[(BOB, 5), (ALICE, 7)])
    };
    let settings = GroupSettings::default();
    let other = GroupRecord { settings, ..group(GroupId(9), &[(ALICE, 1)]) };
    fixture.save(&kept);
    fixture.save(&other);
    assert_eq!(load(&fixture.database).unwrap(), [other, kept.clone()]);
    assert_eq!(fixture.say(20, ALICE, GroupId(9)), Ok(Value::Done));
    fixture.reopen();
    assert_eq!(load(&fixture.database).unwrap(), [kept]);
    assert_eq!(fixture.say(21, ALICE, GroupId(9)), Err(Failure::NotFound));
    assert_eq!(fixture.remove_all(), 1);
    assert_eq!(fixture.count("messages"), 0);
    assert_eq!(fixture.count("members"), 2);
}

#[test]
fn a_member_reads_from_joining_on_and_what_others_say_is_unread() {
    let mut fixture = Fixture::new();
    fixture.save(&group(GROUP, &[(ALICE, 1), (BOB, 1)]));
    for (id, from) in [(10, ALICE), (11, BOB), (12, ALICE)] {
        assert_eq!(fixture.say(id, from, GROUP), Ok(Value::Done));
    }
    fixture.save(&group(GROUP, &[(ALICE, 1), (BOB, 1), (CAROL, 12)]));
    fixture.say(13, BOB, GROUP).unwrap();
    fixture.reopen();
    let chat = Chat::Group(GROUP);
    assert_eq!(fixture.unread(ALICE, GROUP), [11, 13]);
    assert_eq!(fixture.unread(BOB, GROUP), [10, 12]);
    assert_eq!(fixture.unread(CAROL, GROUP), [12, 13]);
    assert_eq!(fixture.counts(ALICE), [(chat, 2, 13)]);
    assert_eq!(fixture.counts(BOB), [(chat, 2, 12)]);
    assert_eq!(fixture.last(ALICE, GROUP, 3), [11, 12, 13]);
    assert_eq!(fixture.last(CAROL, GROUP, 9), [12, 13]);
    let stranger = Number(10_004);
    assert!(fixture.unread(stranger, GROUP).is_empty());
    assert!(fixture.last(stranger, GROUP, 9).is_empty());
    assert_eq!(fixture.counts(stranger), []);

    fixture.seen(ALICE, GROUP, 11);
    fixture.seen(ALICE, GROUP, 5);
    fixture.save(&group(GROUP, &[(BOB, 1), (ALICE, 1), (CAROL, 12)]));
    assert_eq!(fixture.unread(ALICE, GROUP), [13], "what was seen survives a change of the group");
    fixture.save(&group(GROUP, &[(BOB, 1), (CAROL, 12)]));
    assert_eq!((fixture.last(ALICE, GROUP, 9), fixture.counts(ALICE)), (vec![], vec![]));
    fixture.save(&group(GROUP, &[(BOB, 1), (CAROL, 12), (ALICE, 13)]));
    assert_eq!(fixture.last(ALICE, GROUP, 9), [13]);
}

#[test]
fn people_of_one_place_come_in_the_order_of_their_numbers() {
    let fixture = Fixture::new();
    fixture
        .database
        .execute_batch(
            "INSERT INTO groups (id, name, admin, kept, made_by)
                 VALUES (7, '#team', 10001, 1, 10001);
             INSERT INTO members VALUES (7, 10003, 0, 70, 0, 0, NULL, 0),
                 (7, 10001, 0, 70, 0, 0, NULL, 0), (7, 10002, 0, 70, 0, 0, NULL, 0);
             INSERT INTO candidates VALUES (7, 1, 10005, 0, 0), (7, 1, 10004, 0, 0);",
        )
        .unwrap();
    let groups = load(&fixture.database).unwrap();
    let members: Vec<Number> = groups[0].members.iter().map(|member| member.number).collect();
    assert_eq!(members, [ALICE, BOB, CAROL]);
    assert_eq!(groups[0].ops, [ALICE, BOB, CAROL]);
    assert_eq!(groups[0].asking, [Number(10_004), Number(10_005)]);
}

#[test]
fn a_long_backlog_is_told_in_steps() {
    let fixture = Fixture::new();
    fixture.save(&group(GROUP, &[(ALICE, 1), (BOB, 1)]));
    fixture.database.execute_batch("BEGIN").unwrap();
    for id in 1..=2_500 {
        fixture.say(id, if id % 2 == 0 { ALICE } else { BOB }, GROUP).unwrap();
    }
    fixture.database.execute_batch("COMMIT").unwrap();
    let chat = Chat::Group(GROUP);
    let selected = fixture.read(ALICE, HistoryQuery::UnreadOf(chat));
    let Value::Selected { ids, left } = selected else { panic!("{selected:?}") };
    assert_eq!((ids.len(), ids[999].0, left), (1_000, 1_999, 250));
    assert_eq!(fixture.counts(ALICE), [(chat, 1_250, 2_499)]);
}

#[test]
fn a_group_ends_at_once_and_its_messages_go_in_steps() {
    let mut fixture = Fixture::new();
    let other = GroupId(3);
    fixture.save(&group(GROUP, &[(ALICE, 1), (BOB, 1)]));
    fixture.save(&group(other, &[(ALICE, 1), (BOB, 1)]));
    fixture.database.execute_batch("BEGIN").unwrap();
    let now = 4_000_000_000_000_000;
    for id in 0..600 {
        let key = Some(format!("k{id}").parse().unwrap());
        fixture.say_marked(now + id, BOB, if id < 550 { GROUP } else { other }, key).unwrap();
    }
    fixture.database.execute_batch("COMMIT").unwrap();
    end(&fixture.database, GROUP).unwrap();
    end(&fixture.database, GROUP).unwrap();
    end(&fixture.database, GroupId(77)).unwrap();
    assert!(fixture.unread(ALICE, GROUP).is_empty());
    assert_eq!(fixture.counts(ALICE), [(Chat::Group(other), 50, now + 599)]);
    assert_eq!(fixture.say(now + 700, BOB, GROUP), Err(Failure::NotFound));
    assert!(removal::remove_ended(&fixture.database).unwrap());
    assert_eq!(fixture.count("messages"), 350);
    fixture.reopen();
    assert_eq!(fixture.remove_all(), 2);
    assert_eq!((fixture.count("messages"), fixture.count("keys")), (50, 50));
    assert_eq!(fixture.count("ended"), 0);
}

#[test]
fn people_without_an_account_are_in_no_group() {
    let fixture = Fixture::new();
    let nobody = Number(19_999);
    let wrong = GroupRecord { asked: vec![nobody], ..group(GROUP, &[(ALICE, 1)]) };
    for wrong in [group(GROUP, &[(ALICE, 1), (nobody, 1)]), wrong] {
        let transaction = fixture.database.unchecked_transaction().unwrap();
        save(&transaction, &wrong).unwrap_err();
        drop(transaction);
        assert_eq!(fixture.count("groups"), 0);
    }
}

#[test]
fn a_malformed_group_is_refused_by_id() {
    for (spoil, what) in [
        ("UPDATE groups SET name = 'friends'", "name"),
        ("UPDATE groups SET admin = 10003", "admin"),
        ("UPDATE groups SET kept = 2", "mark of being kept"),
        ("UPDATE groups SET public = 2", "mark of being public"),
        ("UPDATE groups SET open_topic = 2", "mark of an open topic"),
        ("UPDATE groups SET topic = ' ', topic_by = 10001, topic_at = 1", "topic"),
        ("UPDATE groups SET topic = 'x', topic_by = 10001, topic_at = -1", "time of the topic"),
        ("INSERT INTO shut_out SELECT id, 10003, 10001, -1 FROM groups", "user who is shut out"),
        ("UPDATE groups SET made_by = NULL", "maker"),
        ("UPDATE members SET op = NULL", "admin, who is no op,"),
        ("UPDATE members SET since = -1", "member"),
        ("UPDATE members SET ends = -1", "member"),
        ("UPDATE members SET news = 2", "mark of being news"),
        ("DELETE FROM members", "admin"),
        ("PRAGMA foreign_keys = 0; UPDATE candidates SET number = -1", "candidate"),
    ] {
        let fixture = Fixture::new();
        let asked = vec![CAROL];
        fixture.save(&GroupRecord { asked, ..group(GROUP, &[(ALICE, 1), (BOB, 1)]) });
        fixture.database.execute_batch(spoil).unwrap();
        let refused = load(&fixture.database).unwrap_err();
        let StoreFault::MalformedGroup { id, what: found } = refused else { panic!("{refused}") };
        assert_eq!((id.cast_unsigned(), found), (GROUP.0, what), "{spoil}");
    }
}

fn people() -> impl Strategy<Value = Vec<Number>> {
    let numbers: Vec<Number> = (10_001..10_013).map(Number).collect();
    prop::sample::subsequence(numbers, 0..=12).prop_shuffle()
}

fn settings() -> impl Strategy<Value = GroupSettings> {
    any::<[bool; 3]>().prop_map(|[kept, public, open_topic]| GroupSettings {
        kept,
        public,
        open_topic,
    })
}

fn topic() -> impl Strategy<Value = Option<TopicSet>> {
    prop::option::of(("[a-c]{1,3}", 0..9_u64)).prop_map(|topic| {
        topic.map(|(topic, at)| TopicSet { topic: topic.parse().unwrap(), by: ALICE, at })
    })
}

/// Who is shut out, who declined or was refused, and the topic.
fn others() -> impl Strategy<Value = (Vec<ShutOut>, Vec<(Number, TurnedDown)>, Option<TopicSet>)> {
    (people(), people(), any::<[u8; 4]>(), topic()).prop_map(
        |(mut shut_out, mut turned_down, times, topic)| {
            shut_out.sort_unstable();
            turned_down.sort_unstable();
            let [since, declined, one, two] = times.map(u64::from);
            let refused = [0, one, two];
            let shut_out = shut_out.into_iter().map(|user| ShutOut { user, by: ALICE, since });
            let times = TurnedDown { declined, refused };
            let turned_down = turned_down.into_iter().map(|user| (user, times));
            (shut_out.collect(), turned_down.collect(), topic)
        },
    )
}

fn record() -> impl Strategy<Value = GroupRecord> {
    let since = prop::collection::vec(0..5_u64, 13);
    let ends = prop::collection::vec((prop::option::of(0..5_u64), any::<bool>()), 13);
    (people(), (since, ends), (people(), people(), others()), people(), settings()).prop_map(
        |(members, (since, ends), (asked, asking, others), ops, settings)| {
            let first = [Number(10_001)].into_iter();
            let rest = members.into_iter().filter(|number| *number != Number(10_001));
            let members: Vec<(Number, u64)> = first.chain(rest).zip(since).collect();
            let is_member = |user: &Number| members.iter().any(|(member, _)| member == user);
            let first = [Number(10_001)].into_iter();
            let rest = ops.into_iter().filter(|op| *op != Number(10_001) && is_member(op));
            let ops = rest.chain(first).collect();
            let (shut_out, turned_down, topic) = others;
            let record = group(GROUP, &members);
            let mut unheard: Vec<Number> = asked.iter().copied().step_by(2).collect();
            unheard.sort_unstable();
            let mut record = GroupRecord { ops, asked, unheard, asking, settings, topic, ..record };
            (record.shut_out, record.turned_down) = (shut_out, turned_down);
            for (member, (ends, is_news)) in record.members.iter_mut().zip(ends) {
                (member.ends, member.is_news) = (ends, is_news);
            }
            record
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn it_is_what_was_saved_last(records in prop::collection::vec(record(), 1..12)) {
        let fixture = Fixture::new();
        for record in records {
            fixture.save(&record);
            prop_assert_eq!(load(&fixture.database).unwrap(), [record.clone()]);
            let changes = fixture.database.total_changes();
            fixture.save(&record);
            // Only the row of the group itself, twice, and none of its members.
            prop_assert_eq!(fixture.database.total_changes() - changes, 2);
        }
    }
}
