//! Groups, and what entries make of them: a plain list of each, walked through whole.

use std::collections::{BTreeMap, HashMap};

use chatsrv::chat::entry::{NewGroup, Stamp};
use chatsrv::chat::event::Event;
use chatsrv::chat::group::GroupChange;
use chatsrv::chat::group_action::GroupAction;
use chatsrv::chat::id::{GroupId, LogTime, MessageId};
use chatsrv::chat::name::{GroupName, Number};
use chatsrv::hub::job::Snapshot;
use chatsrv::limits::{
    GROUP_NOTICES_MAX, GROUP_OFFLINE_TIME_MAX, GROUP_REQUESTS_MAX, GROUPS_MADE_MAX,
};

use super::change::{Change, Decision, Refused};
use super::group::{Group, Member};
use super::people::People;

/// All groups.
#[derive(Debug, Default)]
pub struct Groups {
    pub groups: BTreeMap<GroupId, Group>,
    /// The names of all groups that there ever were.
    pub names: HashMap<GroupId, GroupName>,
    /// Groups that were ended while a member was offline, who is yet to be told.
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

    /// Whether there are groups that only wait for somebody to come back.
    pub fn are_all_kept(&self) -> bool {
        self.groups.values().all(|group| group.kept)
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
        let NewGroup { name, maker, members, asked } = new;
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
            settle_in(group, user, stamp, people);
            if user != *maker {
                let joins = Event::Group(*name, GroupChange::Join, people.name(user));
                told.push((joins, vec![*maker, user]));
            }
        }
        told.push((Event::Ask(*name, people.name(*maker)), asked.clone()));
        told.extend(replace_banned_admin(group, people));
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
        let group = self.groups.get_mut(&id).ok_or(Refused::NotFound)?;
        match *action {
            GroupAction::Join { user, members_max } => {
                join(group, user, members_max, stamp, people)
            }
            GroupAction::Admit { by, user, members_max } => {
                may_decide(group, by, user)?;
                has_room(group, members_max)?;
                Ok(add_member(group, user, stamp, people))
            }
            GroupAction::Refuse { by, user } => {
                may_decide(group, by, user)?;
                group.asking.retain(|other| *other != user);
                Ok(Change::silent())
            }
            GroupAction::Leave { user } => self.leave(id, user, people),
            GroupAction::Keep { by, keep, memberships_end } => {
                is_op(group, by)?;
                Ok(set_kept(group, keep, memberships_end, people))
            }
            GroupAction::SetOp { by, user, op } => {
                is_op(group, by)?;
                set_op(group, user, op, people)
            }
            GroupAction::HandOver { by, user } => hand_over(group, by, user, people),
            GroupAction::Dissolve { by } => match people.is_administrator(by) {
                true => Ok(self.dissolve(id, people)),
                false => Err(Refused::NotAllowed),
            },
            GroupAction::ReplaceAdmin => Ok(match group.hands_over(people) {
                true => Change::told(group.inherit(people)),
                false => Change::none(),
            }),
        }
    }

    fn leave(&mut self, id: GroupId, user: Number, people: &People) -> Decision {
        let group = self.groups.get_mut(&id).ok_or(Refused::NotFound)?;
        if !group.is_member(user) {
            return Err(Refused::NotAllowed);
        }
        group.members.retain(|member| member.number != user);
        group.ops.retain(|op| *op != user);
        if group.members.is_empty() {
            self.groups.remove(&id);
            return Ok(Change::silent());
        }
        let leaves = Event::Group(group.name, GroupChange::Leave, people.name(user));
        let mut told = vec![(leaves, group.numbers())];
        if group.admin == user {
            told.extend(group.inherit(people));
        }
        Ok(Change::told(told))
    }

    fn dissolve(&mut self, id: GroupId, people: &People) -> Change {
        let group = self.groups.remove(&id).expect("it was there just now");
        let mut told = Vec::new();
        for member in group.numbers() {
            let leaves = Event::Group(group.name, GroupChange::Leave, people.name(member));
            told.push((leaves, vec![member]));
            if !people.is_welcomed(member) {
                let ended = self.ended.entry(member).or_default();
                if ended.len() < GROUP_NOTICES_MAX {
                    ended.push(group.name);
                }
            }
        }
        Change::told(told)
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
        for group in self.groups.values_mut().filter(|group| !group.kept) {
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

/// When the memberships of somebody end who goes offline then.
pub fn offline_until(now: LogTime) -> LogTime {
    LogTime(now.0 + u64::try_from(GROUP_OFFLINE_TIME_MAX.as_micros()).unwrap())
}

fn is_op(group: &Group, by: Number) -> Result<(), Refused> {
    group.ops.contains(&by).then_some(()).ok_or(Refused::NotAllowed)
}

fn may_decide(group: &Group, by: Number, asker: Number) -> Result<(), Refused> {
    is_op(group, by)?;
    group.asking.contains(&asker).then_some(()).ok_or(Refused::WrongState)
}

fn has_room(group: &Group, members_max: usize) -> Result<(), Refused> {
    (group.members.len() < members_max).then_some(()).ok_or(Refused::NoRoom)
}

fn join(
    group: &mut Group,
    user: Number,
    members_max: usize,
    stamp: Stamp,
    people: &People,
) -> Decision {
    if group.is_member(user) || group.asking.contains(&user) {
        return Ok(Change::none());
    }
    has_room(group, members_max)?;
    if group.asked.contains(&user) {
        return Ok(add_member(group, user, stamp, people));
    }
    if group.asking.len() >= GROUP_REQUESTS_MAX {
        return Err(Refused::NoRoom);
    }
    group.asking.push(user);
    let asks = Event::Join(group.name, people.name(user));
    Ok(Change::told(vec![(asks, group.ops.clone())]))
}

fn add_member(group: &mut Group, user: Number, stamp: Stamp, people: &People) -> Change {
    group.asked.retain(|other| *other != user);
    group.asking.retain(|other| *other != user);
    group.members.push(Member { number: user, since: None, ends: None, is_news: false });
    settle_in(group, user, stamp, people);
    let joins = Event::Group(group.name, GroupChange::Join, people.name(user));
    let mut told = vec![(joins, group.numbers())];
    told.extend(replace_banned_admin(group, people));
    Change::told(told)
}

/// Whoever becomes a member while offline is told later, and has to come for that.
fn settle_in(group: &mut Group, user: Number, stamp: Stamp, people: &People) {
    let is_at_risk = !group.kept && !people.is_present(user);
    let member = group.member_mut(user).expect("a member settles in");
    member.is_news = !people.is_welcomed(user);
    member.ends = is_at_risk.then(|| offline_until(stamp.time));
}

fn set_kept(group: &mut Group, keep: bool, ends: LogTime, people: &People) -> Change {
    if group.kept == keep {
        return Change::none();
    }
    group.kept = keep;
    for member in &mut group.members {
        let is_at_risk = !keep && !people.is_present(member.number);
        member.ends = is_at_risk.then_some(ends);
    }
    Change::silent()
}

fn set_op(group: &mut Group, user: Number, op: bool, people: &People) -> Decision {
    if !group.is_member(user) {
        return Err(Refused::NotFound);
    }
    if group.admin == user {
        return Err(Refused::WrongState);
    }
    if group.ops.contains(&user) == op {
        return Ok(Change::none());
    }
    if !op {
        group.ops.retain(|other| *other != user);
        return Ok(Change::silent());
    }
    if group.has_all_ops() {
        return Err(Refused::NoRoom);
    }
    group.ops.push(user);
    Ok(Change::told(group.who_asks(user, people)))
}

fn hand_over(group: &mut Group, by: Number, user: Number, people: &People) -> Decision {
    if group.admin != by && !people.is_administrator(by) {
        return Err(Refused::NotAllowed);
    }
    if !group.is_member(user) {
        return Err(Refused::NotFound);
    }
    if group.admin == user {
        return Ok(Change::none());
    }
    if people.is_banned(user) {
        return Err(Refused::WrongState);
    }
    if !group.ops.contains(&user) && group.has_all_ops() {
        return Err(Refused::NoRoom);
    }
    Ok(Change::told(group.make_admin(user, people)))
}

fn replace_banned_admin(group: &mut Group, people: &People) -> Vec<(Event, Vec<Number>)> {
    if group.hands_over(people) { group.inherit(people) } else { Vec::new() }
}
