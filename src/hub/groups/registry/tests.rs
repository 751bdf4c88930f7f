use super::*;
use crate::chat::account::Account;
use crate::chat::group::GroupSettings;
use crate::chat::group_action::GroupAction;
use crate::chat::name::{Number, UserRef};
use crate::chat::registration::Registration;
use crate::hub::accounts::arrivals::Arrivals;
use crate::hub::accounts::doors::Doors;
use crate::hub::accounts::invites::Invites;
use crate::hub::config::ArrivalBounds;
use crate::hub::groups::changes::decide;
use crate::hub::presence::Presence;
use crate::hub::snapshot::Snapshot;

const GROUP: GroupId = GroupId(100);
const MADE: Stamp = Stamp { id: MessageId(GROUP.0), time: LogTime(1) };

/// Five accounts, of whom nobody is online.
fn accounts() -> Accounts {
    let accounts = ["ann", "bob", "cy", "dan", "eve"].into_iter().enumerate().map(|(at, name)| {
        Account { number: number(at), name: name.parse().unwrap(), display: None, created: 0 }
    });
    let arrivals = Arrivals::new(&ArrivalBounds::unbounded(), false);
    let doors = Doors::new(Registration::Closed, Invites::default());
    Accounts::new(
        arrivals,
        doors,
        &mut Snapshot { accounts: accounts.collect(), ..Snapshot::default() },
    )
}

fn number(at: usize) -> Number {
    (10_000 + at).to_string().parse().unwrap()
}

/// The index of an account by its position.
fn user(at: usize, accounts: &Accounts) -> UserIndex {
    accounts.find(UserRef::Number(number(at))).unwrap()
}

fn new_group(name: &str, members: &[usize], asked: &[usize]) -> NewGroup {
    let numbers = |of: &[usize]| of.iter().map(|at| number(*at)).collect();
    NewGroup {
        name: name.parse().unwrap(),
        maker: number(members[0]),
        members: numbers(&members[1..]),
        asked: numbers(asked),
        unheard: Vec::new(),
        settings: GroupSettings::default(),
    }
}

fn leave(user: UserIndex) -> GroupAction<UserIndex> {
    GroupAction::Leave { user, reason: None }
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
        fixture.make(&new_group("#tea", &[0, 1], &[2])).unwrap();
        fixture
    }

    fn user(&self, at: usize) -> UserIndex {
        user(at, &self.accounts)
    }

    fn make(&mut self, group: &NewGroup) -> Result<Applied, Refusal> {
        let users = Users { accounts: &self.accounts, presence: &self.presence };
        self.registry.make(group, MADE, users)
    }

    fn decide(&mut self, action: GroupAction<UserIndex>) -> Result<Option<Applied>, Refusal> {
        let users = Users { accounts: &self.accounts, presence: &self.presence };
        let stamp = Stamp { id: MessageId(199), time: LogTime(1) };
        decide(&mut self.registry, GROUP, &action, stamp, users)
    }

    fn group(&self) -> &Group {
        self.registry.get(GROUP).unwrap()
    }
}

#[test]
fn an_entry_is_judged_when_it_is_decided() {
    let mut fixture = Fixture::new();
    let [ann, bob, cy, dan, eve] = [0, 1, 2, 3, 4].map(|at| fixture.user(at));
    let join = |user, members_max| GroupAction::Join { user, members_max, groups_max: 9 };
    assert!(fixture.decide(join(dan, 3)).unwrap().is_some());
    assert_eq!(fixture.group().outsiders.asking, [dan], "nobody asked dan to join");
    assert!(fixture.decide(join(cy, 3)).unwrap().is_some());
    let admit = |by, user| GroupAction::Admit { by, user, members_max: 3 };
    assert_eq!(fixture.decide(admit(ann, dan)).unwrap_err(), Refusal::GroupFull);
    assert_eq!(fixture.decide(join(eve, 3)).unwrap_err(), Refusal::GroupFull);
    assert_eq!(fixture.decide(admit(bob, dan)).unwrap_err(), Refusal::OpsOnly);
    fixture.decide(GroupAction::HandOver { by: ann, user: bob }).unwrap().unwrap();
    let again = GroupAction::HandOver { by: ann, user: cy };
    assert_eq!(fixture.decide(again).unwrap_err(), Refusal::GroupAdminOnly);
    let dissolve = GroupAction::Dissolve { by: bob };
    assert_eq!(fixture.decide(dissolve).unwrap_err(), Refusal::AdministratorsOnly);
    fixture.decide(leave(cy)).unwrap().unwrap();
    assert_eq!(fixture.decide(leave(cy)).unwrap_err(), Refusal::NotAMember);
    assert!(fixture.decide(admit(ann, dan)).unwrap().is_some());
    assert_eq!(fixture.decide(admit(ann, dan)).unwrap_err(), Refusal::DidNotAsk);
}

#[test]
fn what_holds_already_changes_nothing() {
    let mut fixture = Fixture::new();
    let [ann, bob, dan] = [0, 1, 3].map(|at| fixture.user(at));
    let join = |user| GroupAction::Join { user, members_max: 2, groups_max: 9 };
    assert!(fixture.decide(join(bob)).unwrap().is_none(), "bob is a member, although it is full");
    let ask = GroupAction::Join { user: dan, members_max: 3, groups_max: 9 };
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
    fixture.decide(GroupAction::Join { user: cy, members_max: 3, groups_max: 9 }).unwrap().unwrap();
    assert_eq!(fixture.registry.reads_since(ann, GROUP), Some(MessageId(GROUP.0)));
    assert_eq!(fixture.registry.reads_since(cy, GROUP), Some(MessageId(200)));
    let order: Vec<_> = fixture.group().members.iter().map(|member| member.user).collect();
    assert_eq!(order, [0, 1, 2].map(|at| fixture.user(at)), "oldest first");
    fixture.decide(leave(ann)).unwrap().unwrap();
    assert_eq!(fixture.registry.reads_since(ann, GROUP), None);
    assert_eq!(fixture.group().admin, fixture.user(1), "the oldest inherits");
}

#[test]
fn the_last_one_who_leaves_ends_the_group_and_frees_its_name() {
    let mut fixture = Fixture::new();
    let [ann, bob, cy] = [0, 1, 2].map(|at| fixture.user(at));
    fixture.decide(leave(ann)).unwrap().unwrap();
    let applied = fixture.decide(leave(bob)).unwrap().unwrap();
    assert!(applied.ended.is_some());
    let join = GroupAction::Join { user: cy, members_max: 3, groups_max: 9 };
    assert_eq!(fixture.decide(join).unwrap_err(), Refusal::NoSuchGroup);
    assert!(fixture.registry.memberships.people.is_empty(), "nobody has to do with groups");
    fixture.make(&new_group("#TEA", &[3], &[])).unwrap();
}

#[test]
fn the_same_entries_make_the_same_groups() {
    let run = |seed| {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut fixture = Fixture::new();
        for _ in 0..300 {
            let [by, user] = [(); 2].map(|()| fixture.user(random.usize(..5)));
            let (ever, on) = (random.bool(), random.bool());
            let action = match random.u32(..14) {
                0 | 1 => GroupAction::Join { user, members_max: 4, groups_max: 9 },
                2 | 3 => GroupAction::Admit { by, user, members_max: 4 },
                4 => GroupAction::Refuse { by, user, ever },
                5 => leave(user),
                8 => GroupAction::Ask { by, user, members_max: 4 },
                9 => GroupAction::Decline { user },
                10 => GroupAction::Expel { by, user, ever, reason: None },
                11 => GroupAction::SetPublic { by, public: on },
                12 => GroupAction::SetTopic { by, topic: on.then(|| "tea".parse().unwrap()) },
                6 => GroupAction::Keep { by, keep: random.bool(), memberships_end: LogTime(9) },
                7 => GroupAction::SetOp { by, user, op: random.bool() },
                _ => GroupAction::HandOver { by, user },
            };
            let _ = fixture.decide(action);
            let _ = fixture.make(&new_group("#tea", &[1, 3], &[2]));
        }
        fixture.registry.record(GROUP, &fixture.accounts).unwrap()
    };
    for seed in 0..50 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}

#[test]
fn a_group_of_which_the_store_lost_a_change_is_made_consistent() {
    let fixture = Fixture::new();
    let mut record = fixture.registry.record(GROUP, &fixture.accounts).unwrap();
    // Bob became a member, and cy was asked; that they asked before is still there.
    record.asked = [1, 2].map(number).to_vec();
    record.asking = [1, 2, 3].map(number).to_vec();
    record.ops.push(number(4));
    let group = Group::from_record(&record, &fixture.accounts.directory).unwrap();
    assert_eq!(group.outsiders.asked, [fixture.user(2)]);
    assert_eq!(group.outsiders.asking, [fixture.user(3)]);
    assert_eq!(group.ops, [fixture.user(0)]);
}

#[test]
fn a_membership_of_a_group_that_is_kept_lasts_whatever_the_store_has() {
    let fixture = Fixture::new();
    let mut record = fixture.registry.record(GROUP, &fixture.accounts).unwrap();
    record.members[1].ends = Some(7);
    for (kept, ends) in [(false, Some(LogTime(7))), (true, None)] {
        record.settings.kept = kept;
        let kept = (vec![record.clone()], Vec::new());
        let (registry, _) = Registry::new(kept, &fixture.accounts);
        let membership = registry.memberships.get(fixture.user(1), GROUP).unwrap();
        assert_eq!(membership.ends, ends, "{record:?}");
    }
}
