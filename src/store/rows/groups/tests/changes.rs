//! Tests that storing changed rows of groups gives the same as storing whole groups.

use super::*;
use crate::store::rows::outsiders::PUT_CANDIDATE;
use crate::store::rows::untold;

/// A group with two ops, a third member, and people who are about to join.
fn team() -> GroupRecord {
    GroupRecord {
        ops: vec![ALICE, BOB],
        asked: vec![Number(10_004)],
        asking: vec![Number(10_005)],
        ..group(GROUP, &[(ALICE, 5), (BOB, 6), (CAROL, 7)])
    }
}

fn member(number: Number, since: u64, is_op: bool) -> GroupRow {
    let member = MemberRecord::new(number, MessageId(since));
    GroupRow::Member { group: GROUP, member, is_op }
}

fn no_member(number: Number) -> GroupRow {
    GroupRow::NoMember { group: GROUP, number }
}

fn admin(admin: Number) -> GroupRow {
    GroupRow::Group { id: GROUP, admin, settings: KEPT }
}

impl Fixture {
    /// Stores changes in one transaction, as the database thread does.
    fn change(&self, rows: &[GroupRow]) -> rusqlite::Result<()> {
        let transaction = self.database.unchecked_transaction()?;
        change(&transaction, rows)?;
        transaction.commit()
    }

    fn load(&self) -> GroupRecord {
        load(&self.database).unwrap().remove(0)
    }

    fn rows(&self) -> u64 {
        ["groups", "members", "candidates", "shut_out", "turned_down", "ended", "untold"]
            .map(|table| u64::from(self.count(table)))
            .iter()
            .sum()
    }
}

/// Applies a row to a group in memory, as the model.
fn apply(record: &mut GroupRecord, row: &GroupRow) {
    match *row {
        GroupRow::Group { admin, settings, .. } => {
            (record.admin, record.settings) = (admin, settings);
        }
        GroupRow::Topic { ref topic, .. } => record.topic.clone_from(topic),
        GroupRow::ShutOut { shut_out, .. } => {
            record.shut_out.retain(|one| one.user != shut_out.user);
            record.shut_out.push(shut_out);
            record.shut_out.sort_unstable_by_key(|one| one.user);
        }
        GroupRow::NotShutOut { number, .. } => record.shut_out.retain(|one| one.user != number),
        GroupRow::TurnedDown { number, times, .. } => {
            record.turned_down.retain(|(user, _)| *user != number);
            record.turned_down.extend(times.map(|times| (number, times)));
            record.turned_down.sort_unstable_by_key(|(user, _)| *user);
        }
        GroupRow::Member { member, is_op, .. } => {
            match record.members.iter().position(|old| old.number == member.number) {
                Some(at) => record.members[at] = member,
                None => record.members.push(member),
            }
            match (is_op, record.ops.contains(&member.number)) {
                (true, false) => record.ops.push(member.number),
                (false, true) => record.ops.retain(|op| *op != member.number),
                _ => {}
            }
        }
        GroupRow::NoMember { number, .. } => {
            record.members.retain(|member| member.number != number);
            record.ops.retain(|op| *op != number);
            record.asked.retain(|asked| *asked != number);
            record.unheard.retain(|asked| *asked != number);
            record.asking.retain(|asking| *asking != number);
        }
        GroupRow::Candidate { number, asks, .. } => {
            let list = if asks { &mut record.asking } else { &mut record.asked };
            if !list.contains(&number) {
                list.push(number);
            }
        }
        GroupRow::NoCandidate { number, asks, .. } => {
            let list = if asks { &mut record.asking } else { &mut record.asked };
            list.retain(|other| *other != number);
            record.unheard.retain(|other| asks || *other != number);
        }
        GroupRow::Unheard { number, is_unheard, .. } => {
            record.unheard.retain(|other| *other != number);
            if is_unheard && record.asked.contains(&number) {
                record.unheard.push(number);
                record.unheard.sort_unstable();
            }
        }
        GroupRow::Ended(_) | GroupRow::Untold { .. } | GroupRow::Told { .. } => unreachable!(),
    }
}

fn rows() -> impl Strategy<Value = Vec<GroupRow>> {
    prop::collection::vec(row(), 1..6)
}

fn row() -> impl Strategy<Value = GroupRow> {
    let number = || (10_001..10_006_u32).prop_map(Number);
    let ends = prop::option::of(0..u64::MAX / 2);
    let member = (number(), 0..9_u64, ends, any::<bool>(), any::<bool>()).prop_map(
        |(number, since, ends, is_news, is_op)| {
            let member = MemberRecord { number, since: MessageId(since), ends, is_news };
            GroupRow::Member { group: GROUP, member, is_op }
        },
    );
    let candidate =
        (number(), any::<bool>(), any::<bool>()).prop_map(|(number, asks, is_one)| match is_one {
            true => GroupRow::Candidate { group: GROUP, number, asks },
            false => GroupRow::NoCandidate { group: GROUP, number, asks },
        });
    let shut_out = (number(), 0..9_u64).prop_map(|(user, since)| {
        let shut_out = ShutOut { user, by: ALICE, since };
        GroupRow::ShutOut { group: GROUP, shut_out }
    });
    let times = prop::option::of(any::<[u8; 4]>());
    let turned_down = (number(), times).prop_map(|(number, times)| {
        let times = times.map(|times| {
            let [declined, first, second, third] = times.map(u64::from);
            TurnedDown { declined, refused: [first, second, third] }
        });
        GroupRow::TurnedDown { group: GROUP, number, times }
    });
    prop_oneof![
        4 => member,
        2 => number().prop_map(no_member),
        3 => candidate,
        1 => (number(), any::<bool>()).prop_map(|(number, is_unheard)| {
            GroupRow::Unheard { group: GROUP, number, is_unheard }
        }),
        1 => (number(), settings())
            .prop_map(|(admin, settings)| GroupRow::Group { id: GROUP, admin, settings }),
        1 => topic().prop_map(|topic| GroupRow::Topic { group: GROUP, topic }),
        2 => shut_out,
        1 => number().prop_map(|number| GroupRow::NotShutOut { group: GROUP, number }),
        2 => turned_down,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn rows_come_to_the_same_as_whole_groups(
        first in record(),
        changes in prop::collection::vec((rows(), any::<bool>()), 1..16),
    ) {
        let fixture = Fixture::new();
        fixture.save(&first);
        let mut expected = first;
        for (rows, is_saved) in changes {
            let mut changed = expected.clone();
            rows.iter().for_each(|row| apply(&mut changed, row));
            let is_kept = changed.ops.contains(&changed.admin);
            prop_assert_eq!(fixture.change(&rows).is_ok(), is_kept, "{:?}", rows);
            if is_kept {
                expected = changed;
            }
            prop_assert_eq!(fixture.load(), expected.clone(), "{:?}", rows);
            if is_saved {
                fixture.save(&expected);
                prop_assert_eq!(fixture.load(), expected.clone());
            }
        }
    }
}

#[test]
fn who_leaves_and_who_inherits_may_come_in_any_order() {
    let rows = [no_member(ALICE), admin(CAROL), member(CAROL, 7, true)];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let fixture = Fixture::new();
        fixture.save(&team());
        fixture.change(&order.map(|at| rows[at].clone())).unwrap();
        let record = fixture.load();
        let members = team().members[1..].to_vec();
        let expected = GroupRecord { admin: CAROL, ops: vec![BOB, CAROL], members, ..team() };
        assert_eq!(record, expected, "{order:?}");
    }
}

#[test]
fn what_was_seen_survives_a_change_of_the_member() {
    let fixture = Fixture::new();
    fixture.save(&team());
    fixture.say(10, ALICE, GROUP).unwrap();
    fixture.say(11, ALICE, GROUP).unwrap();
    fixture.seen(BOB, GROUP, 10);
    fixture.change(&[member(BOB, 6, false)]).unwrap();
    assert_eq!(fixture.unread(BOB, GROUP), [11]);
    fixture.change(&[no_member(BOB), member(BOB, 11, false)]).unwrap();
    assert_eq!(fixture.last(BOB, GROUP, 9), [11], "whoever comes back reads what is new");
    assert_eq!(fixture.load().members.last().unwrap().number, BOB);
}

#[test]
fn a_row_of_a_group_that_is_not_there_changes_nothing() {
    let fixture = Fixture::new();
    let other = GroupRecord { name: "#others".parse().unwrap(), ..group(GroupId(9), &[(BOB, 1)]) };
    fixture.save(&other);
    fixture.save(&team());
    fixture.change(&[GroupRow::Ended(GROUP)]).unwrap();
    let before = fixture.rows();
    let changes = fixture.database.total_changes();
    let number = CAROL;
    for row in [
        admin(BOB),
        member(CAROL, 7, true),
        no_member(CAROL),
        GroupRow::Candidate { group: GROUP, number, asks: true },
        GroupRow::Candidate { group: GROUP, number, asks: false },
        GroupRow::NoCandidate { group: GROUP, number, asks: true },
        GroupRow::Ended(GROUP),
        GroupRow::Ended(GroupId(77)),
    ] {
        fixture.change(std::slice::from_ref(&row)).unwrap();
        assert_eq!(
            (fixture.database.total_changes(), fixture.rows()),
            (changes, before),
            "{row:?}"
        );
    }
    assert_eq!(load(&fixture.database).unwrap(), [other]);
}

#[test]
fn nothing_is_kept_of_rows_that_leave_a_group_without_its_admin() {
    let fixture = Fixture::new();
    fixture.save(&team());
    let asks = GroupRow::Candidate { group: GROUP, number: Number(10_006), asks: true };
    for wrong in [
        vec![asks.clone(), no_member(ALICE)],
        vec![asks.clone(), member(ALICE, 5, false)],
        vec![asks.clone(), admin(CAROL)],
        vec![admin(Number(10_006)), asks.clone()],
        vec![asks.clone(), no_member(ALICE), no_member(BOB), no_member(CAROL)],
    ] {
        let refused = fixture.change(&wrong).unwrap_err();
        assert!(refused.to_string().contains("no admin among its ops"), "{refused}");
        let code = refused.sqlite_error_code();
        assert_eq!(code, Some(rusqlite::ErrorCode::ConstraintViolation), "the store is well");
        assert_eq!(fixture.load(), team(), "{wrong:?}");
    }
    let all = [no_member(ALICE), no_member(BOB), no_member(CAROL), GroupRow::Ended(GROUP)];
    fixture.change(&all).unwrap();
    assert_eq!(fixture.count("groups"), 0);
}

#[test]
fn people_without_an_account_come_into_no_row() {
    let fixture = Fixture::new();
    fixture.save(&team());
    let number = Number(19_999);
    for wrong in [
        member(number, 7, false),
        GroupRow::Candidate { group: GROUP, number, asks: true },
        GroupRow::Untold { number, name: team().name },
    ] {
        fixture.change(&[member(CAROL, 8, true), wrong.clone()]).unwrap_err();
        assert_eq!(fixture.load(), team(), "{wrong:?}");
    }
}

#[test]
fn endings_and_news_are_there_after_a_restart() {
    let mut fixture = Fixture::new();
    let ends = Some(1_795_521_601_123_456);
    let mut team = team();
    team.members[1] = MemberRecord { ends, is_news: true, ..team.members[1] };
    fixture.save(&team);
    fixture.reopen();
    assert_eq!(fixture.load(), team);
    team.members[1].ends = None;
    team.members[2] = MemberRecord { ends, is_news: true, ..team.members[2] };
    let row = |at: usize, is_op| GroupRow::Member { group: GROUP, member: team.members[at], is_op };
    fixture.change(&[row(1, true), row(2, false)]).unwrap();
    fixture.reopen();
    assert_eq!(fixture.load(), team);
    team.members[2].is_news = false;
    fixture.save(&team);
    assert_eq!(fixture.load(), team);
}

#[test]
fn who_has_yet_to_be_told_is_known_after_a_restart() {
    let mut fixture = Fixture::new();
    let names = ["#b", "#a", "#c", "#a"].map(|name| name.parse().unwrap());
    let untold = |number, name| GroupRow::Untold { number, name };
    fixture.save(&GroupRecord { settings: GroupSettings::default(), ..team() });
    let mut rows: Vec<GroupRow> = names.iter().map(|name| untold(BOB, *name)).collect();
    rows.push(untold(ALICE, names[0]));
    fixture.change(&rows).unwrap();
    fixture.change(&[untold(ALICE, names[2])]).unwrap();
    fixture.reopen();
    let load = |fixture: &Fixture| untold::load(&fixture.database).unwrap();
    let of_alice = (ALICE, vec![names[0], names[2]]);
    assert_eq!(load(&fixture), [of_alice.clone(), (BOB, names.to_vec())]);
    fixture.change(&[GroupRow::Told { number: BOB }, GroupRow::Told { number: CAROL }]).unwrap();
    assert_eq!(load(&fixture), [of_alice]);
    fixture.change(&[GroupRow::Told { number: ALICE }, untold(ALICE, names[1])]).unwrap();
    fixture.reopen();
    assert_eq!(load(&fixture), [(ALICE, vec![names[1]])]);
}

#[test]
fn a_name_that_is_none_is_refused_by_account() {
    let fixture = Fixture::new();
    fixture.database.execute("INSERT INTO untold VALUES (10001, 0, 'team')", []).unwrap();
    let refused = untold::load(&fixture.database).unwrap_err();
    assert!(refused.to_string().starts_with("the account 10001 has a malformed name"), "{refused}");
}

#[test]
fn no_list_is_read_for_a_row() {
    let fixture = Fixture::new();
    for (statement, indices) in [
        (PUT_MEMBER, &["members_by_place", "members_by_op"][..]),
        (PUT_CANDIDATE, &["candidates_by_place"]),
    ] {
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let mut explain = fixture.database.prepare(&explain).unwrap();
        let steps = explain.raw_query().mapped(|row| row.get::<_, String>(3));
        let steps = steps.collect::<rusqlite::Result<Vec<_>>>().unwrap().join("\n");
        assert!(indices.iter().all(|index| steps.contains(index)), "{steps}");
        assert!(!steps.contains("SCAN"), "{steps}");
    }
}
