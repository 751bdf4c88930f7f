//! Groups: who is in which, who is asked to join, and who asks to.
//!
//! A change is made here at once and kept on disk afterwards, as the whole group that then is; the
//! answer to whoever asked for it waits for the disk. So a change that could not be kept is kept
//! with the next one, or by a later try, and what is on disk never stays behind for long.

mod changes;
mod invariants;
mod lists;
mod making;
mod ops;
mod presence;
mod requests;

pub(super) use self::making::{Making, Plan};

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use crate::chat::answer::Item;
use crate::chat::group::{GroupId, GroupRecord};
use crate::chat::message::MessageId;
use crate::chat::name::{GroupName, UserRef};
use crate::chat::refusal::Refusal;
use crate::hub::accounts::directory::{Directory, UserIndex};
use crate::hub::accounts::roles::Roles;

/// A group. It always has members, and its ops and its admin are among them.
#[derive(Debug)]
pub(super) struct Group {
    pub name: GroupName,
    pub admin: UserIndex,
    /// Who looks after it, the admin too; who has been one for longest first.
    pub ops: Vec<UserIndex>,
    /// Among whose groups it counts, whoever its admin is now.
    made_by: UserIndex,
    /// Whether it outlives logouts and restarts.
    pub kept: bool,
    /// Oldest first.
    pub members: Vec<Member>,
    /// Who was asked to join and has not; no more than a line can name.
    pub asked: Vec<UserIndex>,
    /// Who asked to join.
    pub asking: Vec<UserIndex>,
}

/// A member of a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub user: UserIndex,
    /// From which message on the member reads.
    pub since: MessageId,
}

/// All groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: BTreeMap<GroupId, Group>,
    by_name: HashMap<GroupName, GroupId>,
    /// Names of groups that are being made.
    reserved: HashSet<GroupName>,
    /// Whoever has something to do with groups, so that what one user does costs no look at the
    /// groups of others.
    people: HashMap<UserIndex, Person>,
    /// When the memberships of those end who are offline, on the steady clock.
    endings: BTreeSet<(Duration, UserIndex, GroupId)>,
    /// Groups whose last change, or whose end, is not on disk and is not on its way there.
    unsaved: BTreeSet<GroupId>,
    /// When they are saved again.
    next_save: Option<Duration>,
    /// Groups whose admin is banned, and that are yet to be handed over.
    hand_over: BTreeSet<GroupId>,
    /// What GROUPS ALL answers, until something in it changes.
    all: Option<Rc<[Item]>>,
}

/// What groups have to do with one user.
#[derive(Debug, Default, PartialEq)]
struct Person {
    memberships: BTreeMap<GroupId, Membership>,
    /// Groups that ask the user to join.
    invitations: BTreeSet<GroupId>,
    /// Groups of the user that were ended, of which the user has yet to be told.
    ended: Vec<GroupName>,
    /// How many groups there are that the user made, or is making.
    made: usize,
}

/// What becomes of a user in a group.
#[derive(Debug, Default, PartialEq)]
struct Membership {
    /// When it ends, where it does because the user is offline.
    ends: Option<Duration>,
    /// Whether the user has yet to be told of it.
    is_news: bool,
}

/// What it meant for a group that a member left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// Nothing else.
    Member,
    /// It has this admin now, who was an op before or was not.
    NewAdmin { admin: UserIndex, was_op: bool },
    /// That was the last one.
    End,
}

impl Group {
    /// A group as it was kept; none where none of its members has an account.
    fn from_record(record: &GroupRecord, directory: &Directory) -> Option<Self> {
        let find = |number| directory.find(UserRef::Number(number));
        let all = |numbers: &[_]| -> Vec<UserIndex> {
            numbers.iter().filter_map(|number| find(*number)).collect()
        };
        let members = record.members.iter();
        let members: Vec<Member> = members
            .filter_map(|(number, since)| Some(Member { user: find(*number)?, since: *since }))
            .collect();
        let is_member = |user: &UserIndex| members.iter().any(|one| one.user == *user);
        let admin = find(record.admin).filter(is_member);
        let admin = admin.or(members.first().map(|oldest| oldest.user))?;
        let mut ops = all(&record.ops);
        ops.retain(is_member);
        if !ops.contains(&admin) {
            ops.insert(0, admin);
        }
        Some(Group {
            name: record.name,
            admin,
            ops,
            made_by: find(record.made_by).unwrap_or(admin),
            kept: record.kept,
            members,
            asked: all(&record.asked),
            asking: all(&record.asking),
        })
    }

    fn to_record(&self, id: GroupId, directory: &Directory) -> GroupRecord {
        let number = |user: &UserIndex| directory.account(*user).number;
        let members = self.members.iter();
        GroupRecord {
            id,
            name: self.name,
            admin: number(&self.admin),
            ops: self.ops.iter().map(number).collect(),
            made_by: number(&self.made_by),
            kept: self.kept,
            members: members.map(|member| (number(&member.user), member.since)).collect(),
            asked: self.asked.iter().map(number).collect(),
            asking: self.asking.iter().map(number).collect(),
        }
    }

    pub fn is_member(&self, user: UserIndex) -> bool {
        self.members.iter().any(|member| member.user == user)
    }
}

impl Groups {
    /// The groups that were kept.
    pub fn new(mut kept: Vec<GroupRecord>, directory: &Directory, rights: &Roles) -> Self {
        let mut groups = Groups::default();
        // Of two with one name, the older one has ended and only that could not be kept.
        kept.sort_by_key(|record| Reverse(record.id));
        for record in kept {
            let is_free = !groups.is_taken(&record.name);
            match Group::from_record(&record, directory).filter(|_| is_free) {
                Some(group) => groups.add(record.id, group),
                None => groups.save_later(record.id, Duration::ZERO),
            }
        }
        groups.replace_banned_admins(rights);
        groups
    }

    /// The group of that name.
    pub fn find(&self, name: &GroupName) -> Option<(GroupId, &Group)> {
        let id = *self.by_name.get(name)?;
        Some((id, self.groups.get(&id)?))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    pub fn get(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(&id)
    }

    /// The group of that name, where a user is a member of it.
    pub fn own(&self, user: UserIndex, name: &GroupName) -> Result<GroupId, Refusal> {
        let (id, group) = self.find(name).ok_or(Refusal::NoSuchGroup)?;
        group.is_member(user).then_some(id).ok_or(Refusal::NotAMember)
    }

    /// From which message on a user reads a group; none for who is no member.
    pub fn reads_since(&self, user: UserIndex, id: GroupId) -> Option<MessageId> {
        let group = self.groups.get(&id)?;
        group.members.iter().find(|member| member.user == user).map(|member| member.since)
    }

    /// Whether a group has that name, or is about to.
    fn is_taken(&self, name: &GroupName) -> bool {
        self.by_name.contains_key(name) || self.reserved.contains(name)
    }

    /// How many groups there are that a user made, or is making.
    fn made(&self, user: UserIndex) -> usize {
        self.people.get(&user).map_or(0, |person| person.made)
    }

    /// Keeps the name of a group that is being made.
    fn reserve(&mut self, name: GroupName, maker: UserIndex) {
        self.reserved.insert(name);
        self.people.entry(maker).or_default().made += 1;
    }

    /// Gives the name back; the group is made, or comes to nothing.
    fn release(&mut self, name: &GroupName, maker: UserIndex) {
        self.reserved.remove(name);
        self.person(maker, |person| person.made -= 1);
    }

    fn add(&mut self, id: GroupId, group: Group) {
        debug_assert!(!self.is_taken(&group.name), "{} is there already", group.name);
        self.by_name.insert(group.name, id);
        for member in &group.members {
            self.people.entry(member.user).or_default().memberships.entry(id).or_default();
        }
        for user in &group.asked {
            self.people.entry(*user).or_default().invitations.insert(id);
        }
        self.people.entry(group.made_by).or_default().made += 1;
        self.groups.insert(id, group);
        self.all = None;
    }

    /// Makes somebody a member who was asked, or asked to be one.
    fn join(&mut self, id: GroupId, member: Member) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        debug_assert!(!group.is_member(member.user), "{member:?} is one already");
        group.members.push(member);
        group.asked.retain(|user| *user != member.user);
        group.asking.retain(|user| *user != member.user);
        let person = self.people.entry(member.user).or_default();
        person.invitations.remove(&id);
        person.memberships.insert(id, Membership::default());
        self.all = None;
    }

    /// Takes a member out, who is one.
    fn leave(&mut self, id: GroupId, user: UserIndex, rights: &Roles) -> Left {
        self.stay(user, id);
        self.person(user, |person| {
            person.memberships.remove(&id);
        });
        self.all = None;
        let Some(group) = self.groups.get_mut(&id) else { return Left::Member };
        group.members.retain(|member| member.user != user);
        group.ops.retain(|op| *op != user);
        if group.members.is_empty() {
            self.end(id);
            return Left::End;
        }
        if group.admin != user {
            return Left::Member;
        }
        let ops = group.ops.clone();
        group.inherit(rights);
        Left::NewAdmin { admin: group.admin, was_op: ops.contains(&group.admin) }
    }

    /// Changes what GROUPS may tell of a group.
    fn change(&mut self, id: GroupId, change: impl FnOnce(&mut Group)) {
        self.groups.entry(id).and_modify(change);
        self.all = None;
    }

    fn end(&mut self, id: GroupId) {
        let Some(group) = self.groups.remove(&id) else { return };
        self.by_name.remove(&group.name);
        self.person(group.made_by, |person| person.made -= 1);
        for user in group.asked {
            self.person(user, |person| {
                person.invitations.remove(&id);
            });
        }
    }

    /// Notes that a user, who is no member, asks to be one.
    fn ask(&mut self, id: GroupId, user: UserIndex) {
        self.groups.entry(id).and_modify(|group| group.asking.push(user));
    }

    /// Forgets that a user asked to be a member.
    fn refuse(&mut self, id: GroupId, user: UserIndex) {
        self.groups.entry(id).and_modify(|group| group.asking.retain(|asker| *asker != user));
    }

    /// Whether a user was asked to join a group.
    fn is_asked(&self, user: UserIndex, id: GroupId) -> bool {
        self.people.get(&user).is_some_and(|person| person.invitations.contains(&id))
    }

    /// The groups that ask a user to join, oldest first.
    fn invitations(&self, user: UserIndex) -> impl Iterator<Item = &Group> {
        let ids = self.people.get(&user).into_iter().flat_map(|person| &person.invitations);
        ids.filter_map(|id| self.groups.get(id))
    }

    /// The groups of a user, oldest first.
    fn of(&self, user: UserIndex) -> impl Iterator<Item = (GroupId, &Group)> {
        let memberships = self.people.get(&user).map(|person| &person.memberships);
        let ids = memberships.into_iter().flat_map(BTreeMap::keys);
        ids.filter_map(|id| Some((*id, self.groups.get(id)?)))
    }

    /// Changes what is known of one user, and forgets who has nothing to do with groups any more.
    fn person(&mut self, user: UserIndex, change: impl FnOnce(&mut Person)) {
        let Some(person) = self.people.get_mut(&user) else { return };
        change(person);
        if *person == Person::default() {
            self.people.remove(&user);
        }
    }
}
