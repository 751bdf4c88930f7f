//! What must hold of groups between two inputs, for tests.

use std::collections::{HashMap, HashSet};

use super::{Group, Groups, Person};
use crate::chat::group::GroupId;
use crate::hub::Hub;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::tasks::UnderWay;
use crate::limits::{GROUP_OPS_MAX, GROUP_REQUESTS_MAX};

impl Groups {
    /// Whether nothing is left to do by itself.
    pub fn is_idle(&self) -> bool {
        self.reserved.is_empty()
            && self.endings.is_empty()
            && self.unsaved.is_empty()
            && self.hand_over.is_empty()
    }

    fn check_group(&self, id: GroupId, group: &Group) {
        let name = &group.name;
        assert_eq!(self.by_name.get(name), Some(&id), "{name}");
        assert!(group.is_op(group.admin), "{name}");
        assert!(group.ops.iter().all(|op| group.is_member(*op)), "{name}");
        assert!(group.ops.len() <= GROUP_OPS_MAX, "{name}");
        let ops: HashSet<_> = group.ops.iter().collect();
        assert_eq!(ops.len(), group.ops.len(), "{name}: an op twice");
        assert!(group.asking.len() <= GROUP_REQUESTS_MAX, "{name}");
        let members = group.members.iter().map(|member| member.user);
        let all = members.chain(group.asked.iter().copied()).chain(group.asking.iter().copied());
        let all: Vec<UserIndex> = all.collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "{name}: {group:?}");
    }

    /// What ought to be known of everyone, apart from what is news.
    fn people(&self) -> HashMap<UserIndex, Person> {
        let mut people: HashMap<UserIndex, Person> = HashMap::new();
        for (id, group) in &self.groups {
            for member in &group.members {
                people.entry(member.user).or_default().memberships.entry(*id).or_default();
            }
            for user in &group.asked {
                people.entry(*user).or_default().invitations.insert(*id);
            }
            people.entry(group.made_by).or_default().made += 1;
        }
        for (ends, user, id) in &self.endings {
            let person = people.get_mut(user).expect("somebody's membership ends");
            person.memberships.get_mut(id).expect("a membership ends").ends = Some(*ends);
        }
        people
    }
}

impl Hub {
    pub(in crate::hub) fn check_groups(&self) {
        let groups = &self.groups;
        assert_eq!(groups.by_name.len(), groups.groups.len());
        for (id, group) in &groups.groups {
            groups.check_group(*id, group);
            let misses = groups.misses_an_admin(*id, group, &self.accounts.roles);
            assert!(!misses, "{} has an admin who is banned", group.name);
            for member in &group.members {
                let ends = groups.people[&member.user].memberships[id].ends;
                let is_at_risk = !group.kept && self.presence.session_of(member.user).is_none();
                assert_eq!(ends.is_some(), is_at_risk, "{member:?} of {}", group.name);
            }
        }
        let mut people = groups.people();
        let mut reserved = HashSet::new();
        for what in self.under_way.values() {
            if let UnderWay::MakesGroup(_, making) = what {
                people.entry(making.maker).or_default().made += 1;
                reserved.insert(making.record.name);
            }
        }
        assert_eq!(groups.reserved, reserved);
        for (user, person) in &groups.people {
            for (id, membership) in &person.memberships {
                let due = people.get_mut(user).and_then(|due| due.memberships.get_mut(id));
                due.expect("a membership is one").is_news = membership.is_news;
            }
            if !person.ended.is_empty() {
                people.entry(*user).or_default().ended.clone_from(&person.ended);
            }
        }
        assert_eq!(groups.people, people);
        assert!(groups.unsaved.is_empty() || groups.next_save.is_some());
        if let Some(all) = &groups.all {
            let lines = groups.groups.values().map(|group| group.line(&self.accounts.directory));
            assert!(lines.eq(all.iter().cloned()), "GROUPS ALL is out of date");
        }
    }
}
