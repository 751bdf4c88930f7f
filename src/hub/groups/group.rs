//! A group: its settings, its members, its ops, one of whom is the admin, and its outsiders.
//!
//! Roles that hang on one account are lost with it. So an admin who is banned hands over like one
//! who leaves; if nobody is left who could be admin, administrators can end the group.

use std::collections::HashSet;

use crate::chat::answer::{GroupLine, Rank};
use crate::chat::group::{GroupRecord, GroupSettings, MemberRecord, TopicSet};
use crate::chat::id::GroupId;
use crate::chat::name::GroupName;
use crate::hub::accounts::directory::{Directory, UserIndex};
use crate::hub::accounts::roles::Roles;
use crate::hub::groups::members::{Member, MemberPlace, Members};
use crate::hub::groups::outsiders::Outsiders;
use crate::limits::GROUP_OPS_MAX;

/// A group. It always has members, and its ops and its admin are among them.
#[derive(Debug)]
pub struct Group {
    pub name: GroupName,
    pub admin: UserIndex,
    /// The ops, who look after the group, with the admin; the longest-serving first.
    pub ops: Vec<UserIndex>,
    /// The user for whose limit the group counts, whoever its admin is now.
    pub made_by: UserIndex,
    pub settings: GroupSettings,
    pub topic: Option<TopicSet<UserIndex>>,
    pub members: Members,
    /// The users who are no members and whom the group remembers.
    pub outsiders: Outsiders,
}

/// A new admin of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewAdmin {
    pub user: UserIndex,
    /// True if the new admin was an op already.
    pub was_op: bool,
    /// The member who is no longer an op, if the new admin took the last free place.
    pub no_op: Option<UserIndex>,
}

impl Group {
    /// Creates a group from its record; none if none of its members has an account. Of changes on
    /// their way to the disk later ones may be kept alone, so the record is made consistent.
    pub fn from_record(record: &GroupRecord, directory: &Directory) -> Option<Self> {
        let find = |number| directory.find_number(number);
        let mut members = Members::default();
        for kept in &record.members {
            // What an account had to do with groups may be left for later when it is removed.
            let user = find(kept.number).filter(|user| !directory.is_removed(*user));
            if let Some(user) = user {
                members.push(Member { user, since: kept.since });
            }
        }
        let users: HashSet<UserIndex> = members.iter().map(|member| member.user).collect();
        let is_member = |user: &UserIndex| users.contains(user);
        let admin = find(record.admin).filter(is_member);
        let admin = admin.or(members.first().map(|oldest| oldest.user))?;
        let ops = record.ops.iter().filter_map(|number| find(*number)).filter(is_member);
        let mut ops: Vec<UserIndex> = ops.collect();
        if !ops.contains(&admin) {
            ops.insert(0, admin);
        }
        let topic = record.topic.as_ref().and_then(|set| {
            let TopicSet { topic, by, at } = set;
            Some(TopicSet { topic: topic.clone(), by: find(*by)?, at: *at })
        });
        Some(Group {
            name: record.name,
            admin,
            ops,
            made_by: find(record.made_by).unwrap_or(admin),
            settings: record.settings,
            topic,
            members,
            outsiders: Outsiders::of_record(record, directory, is_member),
        })
    }

    /// The group as a record. `member` makes the record of a member.
    pub fn to_record(
        &self,
        id: GroupId,
        directory: &Directory,
        member: impl Fn(&Member) -> MemberRecord,
    ) -> GroupRecord {
        let number = |user: &UserIndex| directory.account(*user).number;
        let mut record = GroupRecord {
            admin: number(&self.admin),
            ops: self.ops.iter().map(number).collect(),
            settings: self.settings,
            topic: self.topic_record(directory),
            members: self.members.iter().map(member).collect(),
            ..GroupRecord::new(id, self.name, number(&self.made_by))
        };
        self.outsiders.put_into(&mut record, directory);
        record
    }

    /// The topic as a record.
    pub fn topic_record(&self, directory: &Directory) -> Option<TopicSet> {
        let TopicSet { topic, by, at } = self.topic.as_ref()?;
        Some(TopicSet { topic: topic.clone(), by: directory.account(*by).number, at: *at })
    }

    /// Returns true if a user is an op.
    pub fn is_op(&self, user: UserIndex) -> bool {
        self.ops.contains(&user)
    }

    /// Returns true if nobody else can become an op.
    pub fn has_all_ops(&self) -> bool {
        self.ops.len() >= GROUP_OPS_MAX
    }

    /// Makes a member an op, or takes that role away.
    pub fn set_op(&mut self, user: UserIndex, op: bool) {
        match op {
            true => self.ops.push(user),
            false => self.ops.retain(|other| *other != user),
        }
    }

    /// Makes a user a member. Returns the place.
    pub fn join(&mut self, member: Member) -> MemberPlace {
        self.outsiders.forget(member.user);
        self.members.push(member)
    }

    /// Removes the member at a place. Returns the new admin, if the member was the admin and others
    /// are left.
    pub fn leave(
        &mut self,
        user: UserIndex,
        place: MemberPlace,
        roles: &Roles,
    ) -> Option<NewAdmin> {
        self.members.remove(place);
        self.ops.retain(|op| *op != user);
        if self.admin != user {
            return None;
        }
        self.inherit(roles)
    }

    /// Gives the group another admin, in place of one who left or is banned. If all members are
    /// banned, it is one of them.
    pub fn inherit(&mut self, roles: &Roles) -> Option<NewAdmin> {
        let oldest = self.ops.first().copied().or(self.members.first().map(|member| member.user));
        let heir = self.heir(roles).or(oldest)?;
        Some(self.set_admin(heir))
    }

    /// Makes a member the admin, and so an op.
    pub fn set_admin(&mut self, user: UserIndex) -> NewAdmin {
        self.admin = user;
        let was_op = self.is_op(user);
        let mut no_op = None;
        if !was_op {
            // The other ops are all banned, or one of them would be the admin.
            no_op = self.has_all_ops().then(|| self.ops.remove(0));
            self.ops.push(user);
        }
        NewAdmin { user, was_op, no_op }
    }

    /// Returns true if the admin is banned and another member is not.
    pub fn has_to_hand_over(&self, roles: &Roles) -> bool {
        roles.is_banned(self.admin) && self.heir(roles).is_some()
    }

    /// The longest-serving op who is not banned, otherwise the oldest such member.
    fn heir(&self, roles: &Roles) -> Option<UserIndex> {
        let members = self.members.iter().map(|member| member.user);
        let mut all = self.ops.iter().copied().chain(members);
        all.find(|user| !roles.is_banned(*user))
    }

    /// The line of the group in a list of groups.
    pub fn line(&self, directory: &Directory) -> GroupLine {
        GroupLine {
            name: self.name,
            admin: directory.account(self.admin).name,
            members: self.members.len(),
            kept: self.settings.kept,
            public: self.settings.public,
        }
    }

    /// The rank of a member.
    pub fn rank(&self, user: UserIndex) -> Rank {
        match user {
            user if user == self.admin => Rank::Admin,
            user if self.is_op(user) => Rank::Op,
            _ => Rank::Member,
        }
    }
}
