use super::*;
use crate::chat::account::Account;
use crate::chat::group::MemberRecord;
use crate::chat::name::Number;
use crate::hub::job::Snapshot;
use crate::hub::presence::Presence;

const GROUP: GroupId = GroupId(100);
const ENDS: Duration = Duration::from_secs(600);

/// Five accounts, of whom nobody is online.
fn accounts() -> Accounts {
    let accounts = ["ann", "bob", "cy", "dan", "eve"].into_iter().enumerate().map(|(at, name)| {
        Account { number: number(at), name: name.parse().unwrap(), display: None }
    });
    Accounts::new(&mut Snapshot { accounts: accounts.collect(), ..Snapshot::default() })
}

fn number(at: usize) -> Number {
    (10_000 + at).to_string().parse().unwrap()
}

/// A user by the position of the account.
fn user(at: usize, accounts: &Accounts) -> UserIndex {
    accounts.find(UserRef::Number(number(at))).unwrap()
}

fn record(name: &str, id: GroupId, members: &[usize], asked: &[usize]) -> GroupRecord {
    GroupRecord {
        id,
        name: name.parse().unwrap(),
        admin: number(members[0]),
        ops: vec![number(members[0])],
        made_by: number(members[0]),
        kept: false,
        members: members.iter().map(|at| MemberRecord::new(number(*at), MessageId(id.0))).collect(),
        asked: asked.iter().map(|at| number(*at)).collect(),
        asking: Vec::new(),
    }
}

fn terms(since: u64, members_max: usize) -> Terms {
    Terms { since: MessageId(since), ends: ENDS, members_max }
}

/// A registry, and the users.
struct Fixture {
    registry: Registry,
    accounts: Accounts,
    presence: Presence,
}

impl Fixture {
    /// Ann and bob in a group that asks cy to join.
    fn new() -> Self {
        let (registry, accounts) = (Registry::default(), accounts());
        let mut fixture = Fixture { registry, accounts, presence: Presence::default() };
        let record = record("#tea", GROUP, &[0, 1], &[2]);
        assert!(fixture.decide(GroupAction::Make { record, ends: ENDS }).unwrap().is_some());
        fixture
    }

    fn user(&self, at: usize) -> UserIndex {
        user(at, &self.accounts)
    }

    fn decide(&mut self, action: GroupAction) -> Result<Option<Applied>, Refusal> {
        let users = Users { accounts: &self.accounts, presence: &self.presence };
        self.registry.decide(&GroupEntry { group: GROUP, action }, users)
    }

    fn group(&self) -> &Group {
        self.registry.get(GROUP).unwrap()
    }
}

#[test]
fn an_entry_is_judged_when_it_is_decided() {
    let mut fixture = Fixture::new();
    let [ann, bob, cy, dan, eve] = [0, 1, 2, 3, 4].map(|at| fixture.user(at));
    let join = |user, members_max| GroupAction::Join { user, terms: terms(200, members_max) };
    assert!(fixture.decide(join(dan, 3)).unwrap().is_some());
    assert_eq!(fixture.group().asking, [dan], "nobody asked dan to join");
    assert!(fixture.decide(join(cy, 3)).unwrap().is_some());
    let admit = |by, user| GroupAction::Admit { by, user, terms: terms(300, 3) };
    assert_eq!(fixture.decide(admit(ann, dan)).unwrap_err(), Refusal::GroupFull);
    assert_eq!(fixture.decide(join(eve, 3)).unwrap_err(), Refusal::GroupFull);
    assert_eq!(fixture.decide(admit(bob, dan)).unwrap_err(), Refusal::OpsOnly);
    fixture.decide(GroupAction::HandOver { by: ann, user: bob }).unwrap().unwrap();
    let again = GroupAction::HandOver { by: ann, user: cy };
    assert_eq!(fixture.decide(again).unwrap_err(), Refusal::GroupAdminOnly);
    let dissolve = GroupAction::Dissolve { by: bob };
    assert_eq!(fixture.decide(dissolve).unwrap_err(), Refusal::AdministratorsOnly);
    fixture.decide(GroupAction::Leave { user: cy }).unwrap().unwrap();
    let leave = GroupAction::Leave { user: cy };
    assert_eq!(fixture.decide(leave).unwrap_err(), Refusal::NotAMember);
    assert!(fixture.decide(admit(ann, dan)).unwrap().is_some());
    assert_eq!(fixture.decide(admit(ann, dan)).unwrap_err(), Refusal::DidNotAsk);
}

#[test]
fn what_holds_already_changes_nothing() {
    let mut fixture = Fixture::new();
    let [ann, bob, dan] = [0, 1, 3].map(|at| fixture.user(at));
    let join = |user| GroupAction::Join { user, terms: terms(200, 2) };
    assert!(fixture.decide(join(bob)).unwrap().is_none(), "bob is a member, although it is full");
    let ask = GroupAction::Join { user: dan, terms: terms(200, 3) };
    assert!(fixture.decide(ask).unwrap().is_some());
    assert!(fixture.decide(join(dan)).unwrap().is_none(), "dan asks already");
    let no_op = GroupAction::SetOp { by: ann, user: bob, op: false };
    assert!(fixture.decide(no_op).unwrap().is_none());
    assert!(fixture.decide(GroupAction::HandOver { by: ann, user: ann }).unwrap().is_none());
    assert!(fixture.decide(GroupAction::ReplaceAdmin).unwrap().is_none(), "ann is not banned");
}

#[test]
fn a_member_is_known_by_the_membership() {
    let mut fixture = Fixture::new();
    let [ann, cy] = [0, 2].map(|at| fixture.user(at));
    assert!(!fixture.registry.is_member(cy, GROUP));
    fixture.decide(GroupAction::Join { user: cy, terms: terms(200, 3) }).unwrap().unwrap();
    assert_eq!(fixture.registry.reads_since(ann, GROUP), Some(MessageId(GROUP.0)));
    assert_eq!(fixture.registry.reads_since(cy, GROUP), Some(MessageId(200)));
    let order: Vec<_> = fixture.group().members.iter().map(|member| member.user).collect();
    assert_eq!(order, [0, 1, 2].map(|at| fixture.user(at)), "oldest first");
    fixture.decide(GroupAction::Leave { user: ann }).unwrap().unwrap();
    assert_eq!(fixture.registry.reads_since(ann, GROUP), None);
    assert_eq!(fixture.group().admin, fixture.user(1), "the oldest inherits");
}

#[test]
fn the_last_one_who_leaves_ends_the_group_and_frees_its_name() {
    let mut fixture = Fixture::new();
    let [ann, bob, cy] = [0, 1, 2].map(|at| fixture.user(at));
    fixture.decide(GroupAction::Leave { user: ann }).unwrap().unwrap();
    let applied = fixture.decide(GroupAction::Leave { user: bob }).unwrap().unwrap();
    assert!(applied.ended.is_some());
    let join = GroupAction::Join { user: cy, terms: terms(200, 3) };
    assert_eq!(fixture.decide(join).unwrap_err(), Refusal::NoSuchGroup);
    assert!(fixture.registry.memberships.people.is_empty(), "nobody has to do with groups");
    let record = record("#TEA", GROUP, &[3], &[]);
    assert!(fixture.decide(GroupAction::Make { record, ends: ENDS }).unwrap().is_some());
}

#[test]
fn the_same_entries_make_the_same_groups() {
    let run = |seed| {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut fixture = Fixture::new();
        for at in 0..300 {
            let [by, user] = [(); 2].map(|()| fixture.user(random.usize(..5)));
            let terms = terms(200 + at, 4);
            let action = match random.u32(..9) {
                0 | 1 => GroupAction::Join { user, terms },
                2 | 3 => GroupAction::Admit { by, user, terms },
                4 => GroupAction::Refuse { by, user },
                5 => GroupAction::Leave { user },
                6 => GroupAction::Keep { by, keep: random.bool(), ends: ENDS },
                7 => GroupAction::SetOp { by, user, op: random.bool() },
                _ => GroupAction::HandOver { by, user },
            };
            let _ = fixture.decide(action);
            let record = record("#tea", GROUP, &[1, 3], &[2]);
            let _ = fixture.decide(GroupAction::Make { record, ends: ENDS });
        }
        fixture.group().to_record(GROUP, &fixture.accounts.directory)
    };
    for seed in 0..50 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}
