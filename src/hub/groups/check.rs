//! The invariants of groups between two inputs, for tests.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::chat::id::GroupId;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::groups::creation::Creations;
use crate::hub::groups::group::Group;
use crate::hub::groups::memberships::{Membership, Person};
use crate::hub::groups::outsiders::Outsiders;
use crate::hub::groups::overview;
use crate::hub::groups::registry::Registry;
use crate::hub::groups::saving::{GroupJob, Saves};
use crate::hub::groups::users::Users;
use crate::limits::{
    GROUP_INVITATIONS_MAX, GROUP_OPS_MAX, GROUP_REQUESTS_MAX, GROUP_SHUT_OUT_MAX,
    GROUP_TURNED_DOWN_MAX,
};

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
        for member in group.members.iter() {
            let membership = registry.memberships.get(member.user, *id);
            let ends = membership.expect("a member has a membership").ends;
            let is_at_risk = !group.settings.kept && !users.presence.is_present(member.user);
            assert_eq!(ends.is_some(), is_at_risk, "{member:?} of {}", group.name);
        }
    }
    let directory = &users.accounts.directory;
    if let Some(all) = &registry.lists.all {
        assert_eq!(*all, overview::all(&registry.groups, directory), "GROUPS ALL is out of date");
    }
    if let Some(public) = &registry.lists.public {
        let now = overview::public(&registry.groups, directory);
        assert_eq!(*public, now, "GROUPS PUBLIC is out of date");
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
    let Outsiders { asked, unheard, asking, shut_out, turned_down } = &group.outsiders;
    assert!(unheard.iter().all(|user| asked.contains(user)), "{name}: {group:?}");
    assert!(asking.len() <= GROUP_REQUESTS_MAX, "{name}");
    assert!(asked.len() <= GROUP_INVITATIONS_MAX, "{name}");
    assert!(shut_out.len() <= GROUP_SHUT_OUT_MAX, "{name}");
    assert!(turned_down.len() <= GROUP_TURNED_DOWN_MAX, "{name}");
    let mut remembered = shut_out.keys().chain(turned_down.keys());
    assert!(remembered.all(|user| !registry.is_member(*user, id)), "{name}: {group:?}");
    let candidates = asked.iter().chain(asking);
    assert!(candidates.clone().all(|user| !shut_out.contains_key(user)), "{name}: {group:?}");
    let members = group.members.iter().map(|member| member.user);
    let all: Vec<UserIndex> = members.chain(candidates.copied()).collect();
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "{name}: {group:?}");
}

/// The state of all users as it should be, apart from what is news.
fn people(registry: &Registry) -> HashMap<UserIndex, Person> {
    let mut people: HashMap<UserIndex, Person> = HashMap::new();
    for (id, group) in &registry.groups {
        for (place, member) in group.members.places() {
            let membership = Membership::new(member.since, place);
            people.entry(member.user).or_default().memberships.insert(*id, membership);
        }
        for user in &group.outsiders.asked {
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
