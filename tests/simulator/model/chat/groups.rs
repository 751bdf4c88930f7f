//! Groups, and what entries make of them: a plain list of each, walked through whole.

use std::collections::{BTreeMap, HashMap};

use chatsrv::chat::entry::{NewGroup, Stamp};
use chatsrv::chat::event::Event;
use chatsrv::chat::group::{GroupChange, GroupNews};
use chatsrv::chat::group_action::GroupAction;
use chatsrv::chat::id::{GroupId, LogTime, MessageId};
use chatsrv::chat::name::{GroupName, Number};
use chatsrv::hub::snapshot::Snapshot;
use chatsrv::limits::{GROUP_NOTICES_MAX, GROUPS_MADE_MAX};

use super::change::{Change, Decision, Refused};
use super::group::{Group, Told};
use super::people::People;
use super::rules;

/// All groups.
#[derive(Debug, Default)]
pub struct Groups {
    pub groups: BTreeMap<GroupId, Group>,
    /// The names of all groups that there ever were.
    pub names: HashMap<GroupId, GroupName>,
    /// Groups that ended, or from which somebody was expelled, while that one was offline, who is
    /// yet to be told.
    ended: BTreeMap<Number, Vec<GroupName>>,
}

impl Groups {
    pub fn new(kept: &Snapshot, people: &People) -> Self {
        let mut groups = Groups {
            groups: BTreeMap::new(),
            names: kept.groups.iter().map(|record| (record.id, record.name)).collect(),
            ended: kept.untold.iter().cloned().collect(),
        };
        for record in kept.groups.iter().rev() {
            // Of two with one name, the older one has ended and that could not be kept.
            if groups.find(&record.name).is_none() {
                groups.groups.insert(record.id, Group::of(record));
            }
        }
        let are_removed = kept.gone.removed.iter().map(|removed| removed.number);
        for user in are_removed {
            let ids: Vec<GroupId> = groups.of(user).map(|(id, _)| id).collect();
            for id in ids {
                let group = groups.groups.get_mut(&id).expect("it is one of those");
                group.part_with(user, None, people);
            }
            groups.forget(user);
        }
        groups.groups.retain(|_, group| !group.members.is_empty());
        for group in groups.groups.values_mut().filter(|group| group.hands_over(people)) {
            // Nobody is here to be told.
            group.inherit(people);
        }
        groups
    }

    pub fn get(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(&id)
    }

    pub fn find(&self, name: &GroupName) -> Option<(GroupId, &Group)> {
        let found = self.groups.iter().find(|(_, group)| group.name == *name);
        found.map(|(id, group)| (*id, group))
    }

    /// The groups of somebody, oldest first.
    pub fn of(&self, user: Number) -> impl Iterator<Item = (GroupId, &Group)> {
        let groups = self.groups.iter().filter(move |(_, group)| group.is_member(user));
        groups.map(|(id, group)| (*id, group))
    }

    pub fn is_member(&self, user: Number, id: GroupId) -> bool {
        self.groups.get(&id).is_some_and(|group| group.is_member(user))
    }

    /// Of which groups that ended somebody is yet to be told.
    pub fn ended(&self, user: Number) -> &[GroupName] {
        self.ended.get(&user).map_or(&[], Vec::as_slice)
    }

    /// Somebody has nothing to do with groups any more.
    pub fn forget(&mut self, user: Number) {
        self.groups.values_mut().for_each(|group| group.strangers.forget(user));
        self.ended.remove(&user);
    }

    /// Whether there are groups that only wait for somebody to come back.
    pub fn are_all_kept(&self) -> bool {
        self.groups.values().all(|group| group.settings.kept)
    }

    /// The memberships that are over, the earliest first.
    pub fn over(&self, now: LogTime, people: &People) -> Vec<(GroupId, Number)> {
        let members = self.groups.iter().flat_map(|(id, group)| {
            group.members.iter().map(move |member| (member.ends, *id, member.number))
        });
        let over = members.filter_map(|(ends, id, number)| {
            let ends = ends.filter(|ends| *ends <= now)?;
            Some((ends, people.place(number), id, number))
        });
        let mut over: Vec<_> = over.collect();
        over.sort_unstable();
        over.into_iter().map(|(.., id, number)| (id, number)).collect()
    }

    /// A member of a group reads from there on, as a node is told.
    pub fn reads_from(&mut self, id: GroupId, user: Number, since: MessageId) {
        let group = self.groups.get_mut(&id);
        if let Some(member) = group.and_then(|group| group.member_mut(user)) {
            let known = *member.since.get_or_insert(since);
            assert_eq!(known, since, "{user} read from another message on");
        }
    }

    /// A group begins.
    pub fn make(&mut self, new: &NewGroup, stamp: Stamp, people: &People) -> Decision {
        let NewGroup { name, maker, members, asked, unheard, settings: _ } = new;
        if !members.iter().chain(asked).chain([maker]).all(|user| people.has(*user)) {
            return Err(Refused::NotFound);
        }
        if self.find(name).is_some() {
            return Err(Refused::NameTaken);
        }
        if self.groups.values().filter(|group| group.made_by == *maker).count() >= GROUPS_MADE_MAX {
            return Err(Refused::NoRoom);
        }
        let id = GroupId(stamp.id.0);
        let before = self.names.insert(id, *name);
        assert!(before.is_none(), "{id:?} comes twice");
        let group = self.groups.entry(id).or_insert_with(|| Group::new(new, stamp.id));
        let everybody = group.numbers();
        let mut told = Vec::new();
        for user in everybody {
            rules::settle_in(group, user, stamp, people);
            if user != *maker {
                let joins = Event::Group(*name, GroupChange::Join, people.name(user));
                told.push((joins, vec![*maker, user]));
            }
        }
        let hears = |user: &&Number| !unheard.contains(user);
        let asked = asked.iter().filter(hears).copied().collect();
        told.push((Event::Ask(*name, people.name(*maker)), asked));
        told.extend(rules::replace_banned_admin(group, people));
        Ok(Change::told(told))
    }

    /// A group changes.
    pub fn change(
        &mut self,
        id: GroupId,
        action: &GroupAction,
        stamp: Stamp,
        people: &People,
    ) -> Decision {
        match *action {
            GroupAction::Join { user, groups_max, .. } => {
                // Whether there is room is asked behind whether one may come in.
                let has_room = self.of(user).count() < groups_max;
                let group = self.groups.get_mut(&id).ok_or(Refused::NotFound)?;
                return rules::join(group, action, has_room, stamp, people);
            }
            GroupAction::Leave { user, ref reason } => {
                let group = self.groups.get_mut(&id).ok_or(Refused::NotFound)?;
                if !group.is_member(user) {
                    return Err(Refused::NotAllowed);
                }
                let said = reason.clone().map(GroupNews::Leaves);
                let said = said.map(|said| group.news(said, Some(user), user, people));
                let told = group.part_with(user, said, people);
                if group.members.is_empty() {
                    self.groups.remove(&id);
                }
                return Ok(Change::told(told));
            }
            GroupAction::Expel { user, .. } => {
                let group = self.groups.get_mut(&id).ok_or(Refused::NotFound)?;
                let told = rules::expel(group, action, stamp, people)?;
                let name = group.name;
                self.is_told_later(user, name, people);
                return Ok(Change::told(told));
            }
            GroupAction::Dissolve { by } => {
                let group = self.groups.get(&id).ok_or(Refused::NotFound)?;
                if !people.is_administrator(by) {
                    return Err(Refused::NotAllowed);
                }
                let ends = group.news(GroupNews::Dissolved, None, by, people);
                return Ok(self.dissolve(id, ends, people));
            }
            _ => {}
        }
        let group = self.groups.get_mut(&id).ok_or(Refused::NotFound)?;
        rules::change(group, action, stamp, people)
    }

    fn dissolve(&mut self, id: GroupId, ends: Event, people: &People) -> Change {
        let group = self.groups.remove(&id).expect("it was there just now");
        let mut told: Told = vec![(ends, group.numbers())];
        for member in group.numbers() {
            let leaves = Event::Group(group.name, GroupChange::Leave, people.name(member));
            told.push((leaves, vec![member]));
            self.is_told_later(member, group.name, people);
        }
        Change::told(told)
    }

    /// Somebody is no member any more, and is told behind the next login if not now.
    fn is_told_later(&mut self, user: Number, name: GroupName, people: &People) {
        if !people.is_welcomed(user) {
            let ended = self.ended.entry(user).or_default();
            if ended.len() < GROUP_NOTICES_MAX {
                ended.push(name);
            }
        }
    }

    /// Somebody is back, and stays a member everywhere.
    pub fn came(&mut self, user: Number) {
        for group in self.groups.values_mut() {
            if let Some(member) = group.member_mut(user) {
                member.ends = None;
            }
        }
    }

    /// Somebody is gone, and does not stay a member for ever where groups are not kept.
    pub fn went(&mut self, user: Number, ends: LogTime) {
        for group in self.groups.values_mut().filter(|group| !group.settings.kept) {
            if let Some(member) = group.member_mut(user) {
                member.ends.get_or_insert(ends);
            }
        }
    }

    /// Somebody was told of so many new memberships, the oldest, and of all ends.
    pub fn told(&mut self, user: Number, most: usize) {
        self.ended.remove(&user);
        let members = self.groups.values_mut().filter_map(|group| group.member_mut(user));
        for member in members.filter(|member| member.is_news).take(most) {
            member.is_news = false;
        }
    }
}
