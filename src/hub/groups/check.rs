//! The invariants of groups between two inputs, for tests.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::chat::id::GroupId;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::groups::creation::Creations;
use crate::hub::groups::group::Group;
use crate::hub::groups::memberships::{Membership, Person};
use crate::hub::groups::registry::Registry;
use crate::hub::groups::saving::{GroupJob, Saves};
use crate::hub::groups::users::Users;
use crate::limits::{GROUP_OPS_MAX, GROUP_REQUESTS_MAX};

/// Checks the groups. Those in `hand_over` may have a banned admin, since they are about to get
/// another.
///
/// # Panics
/// If an invariant does not hold.
pub fn check_groups(registry: &Registry, hand_over: &BTreeSet<GroupId>, users: Users<'_>) {
    assert_eq!(registry.by_name.len(), registry.groups.len());
    let roles = &users.accounts.roles;
    for (id, group) in &registry.groups {
        check_group(registry, *id, group);
        let misses_admin = group.has_to_hand_over(roles) && !hand_over.contains(id);
        assert!(!misses_admin, "{} has an admin who is banned", group.name);
        for member in &group.members {
            let membership = registry.memberships.get(member.user, *id);
            let ends = membership.expect("a member has a membership").ends;
            let is_at_risk = !group.kept && !users.presence.is_present(member.user);
            assert_eq!(ends.is_some(), is_at_risk, "{member:?} of {}", group.name);
        }
    }
    if let Some(all) = &registry.all {
        let lines = registry.groups.values().map(|group| group.line(&users.accounts.directory));
        assert!(lines.eq(all.iter().cloned()), "GROUPS ALL is out of date");
    }
}

/// Checks that the memberships of each user agree with the groups, and that each group that is
/// being made is on its way to the disk.
///
/// # Panics
/// If an invariant does not hold.
pub fn check_people(registry: &Registry, saves: &Saves, creations: &Creations) {
    let mut expected = people(registry);
    let mut making = Creations::default();
    for job in saves.pending.values() {
        if let GroupJob::Make(group) = job {
            making.begin(group);
        }
    }
    assert_eq!(*creations, making);
    for (user, person) in &registry.memberships.people {
        for (id, membership) in &person.memberships {
            let due = expected.get_mut(user).and_then(|due| due.memberships.get_mut(id));
            due.expect("a membership is one").is_news = membership.is_news;
        }
        if !person.ended.is_empty() {
            expected.entry(*user).or_default().ended.clone_from(&person.ended);
        }
    }
    assert_eq!(registry.memberships.people, expected);
    assert!(saves.is_idle() || saves.next.is_some() || !saves.pending.is_empty());
}

fn check_group(registry: &Registry, id: GroupId, group: &Group) {
    let name = &group.name;
    assert_eq!(registry.by_name.get(name), Some(&id), "{name}");
    assert!(group.is_op(group.admin), "{name}");
    assert!(group.ops.iter().all(|op| registry.is_member(*op, id)), "{name}");
    assert!(group.ops.len() <= GROUP_OPS_MAX, "{name}");
    let ops: HashSet<_> = group.ops.iter().collect();
    assert_eq!(ops.len(), group.ops.len(), "{name}: an op twice");
    assert!(group.asking.len() <= GROUP_REQUESTS_MAX, "{name}");
    let members = group.members.iter().map(|member| member.user);
    let all = members.chain(group.asked.iter().copied()).chain(group.asking.iter().copied());
    let all: Vec<UserIndex> = all.collect();
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "{name}: {group:?}");
}

/// The state of all users as it should be, apart from what is news.
fn people(registry: &Registry) -> HashMap<UserIndex, Person> {
    let mut people: HashMap<UserIndex, Person> = HashMap::new();
    for (id, group) in &registry.groups {
        for member in &group.members {
            let membership = Membership { since: member.since, ends: None, is_news: false };
            people.entry(member.user).or_default().memberships.insert(*id, membership);
        }
        for user in &group.asked {
            people.entry(*user).or_default().invitations.insert(*id);
        }
        people.entry(group.made_by).or_default().made += 1;
    }
    for (ends, user, id) in &registry.memberships.endings {
        let person = people.get_mut(user).expect("somebody's membership ends");
        person.memberships.get_mut(id).expect("a membership ends").ends = Some(*ends);
    }
    people
}
