//! A group: its members, its ops, one of whom is the admin, and the users who are about to join.
//!
//! Roles that hang on one account are lost with it. So an admin who is banned hands over like one
//! who leaves; if nobody is left who could be admin, administrators can end the group.

use std::rc::Rc;

use crate::chat::answer::Item;
use crate::chat::group::{GroupRecord, MemberRecord};
use crate::chat::id::{GroupId, MessageId};
use crate::chat::name::{GroupName, UserRef};
use crate::hub::accounts::directory::{Directory, UserIndex};
use crate::hub::accounts::roles::Roles;
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
    /// True if it outlives logouts and restarts.
    pub kept: bool,
    /// The members, oldest first. Ask the user's memberships whether a user is a member.
    pub members: Vec<Member>,
    /// The users who were asked to join and have not; no more than a line can name.
    pub asked: Vec<UserIndex>,
    /// The users who asked to join.
    pub asking: Vec<UserIndex>,
}

/// A member of a group.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    pub user: UserIndex,
    /// The first message that the member may read.
    pub since: MessageId,
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
        let find = |number| directory.find(UserRef::Number(number));
        let all = |numbers: &[_]| -> Vec<UserIndex> {
            numbers.iter().filter_map(|number| find(*number)).collect()
        };
        let members = record.members.iter();
        let members: Vec<Member> = members
            .filter_map(|kept| Some(Member { user: find(kept.number)?, since: kept.since }))
            .collect();
        let is_member = |user: &UserIndex| members.iter().any(|one| one.user == *user);
        let admin = find(record.admin).filter(is_member);
        let admin = admin.or(members.first().map(|oldest| oldest.user))?;
        let mut ops = all(&record.ops);
        ops.retain(is_member);
        if !ops.contains(&admin) {
            ops.insert(0, admin);
        }
        let (mut asked, mut asking) = (all(&record.asked), all(&record.asking));
        asked.retain(|user| !is_member(user));
        asking.retain(|user| !is_member(user) && !asked.contains(user));
        Some(Group {
            name: record.name,
            admin,
            ops,
            made_by: find(record.made_by).unwrap_or(admin),
            kept: record.kept,
            members,
            asked,
            asking,
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
        GroupRecord {
            id,
            name: self.name,
            admin: number(&self.admin),
            ops: self.ops.iter().map(number).collect(),
            made_by: number(&self.made_by),
            kept: self.kept,
            members: self.members.iter().map(member).collect(),
            asked: self.asked.iter().map(number).collect(),
            asking: self.asking.iter().map(number).collect(),
        }
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

    /// Makes a user who was asked, or who asked, a member.
    pub fn join(&mut self, member: Member) {
        self.members.push(member);
        self.asked.retain(|user| *user != member.user);
        self.asking.retain(|user| *user != member.user);
    }

    /// Removes a member. Returns the new admin, if the member was the admin and others are left.
    pub fn leave(&mut self, user: UserIndex, roles: &Roles) -> Option<NewAdmin> {
        self.members.retain(|member| member.user != user);
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

    /// The line of the group in GROUPS.
    pub fn line(&self, directory: &Directory) -> Item {
        Item::Group {
            name: self.name,
            admin: directory.account(self.admin).name,
            members: self.members.len(),
            kept: self.kept,
        }
    }

    /// The lines of MEMBERS, oldest member first.
    pub fn member_lines(&self, directory: &Directory) -> Rc<[Item]> {
        let members = self.members.iter().map(|member| directory.account(member.user));
        members.map(|account| Item::Member(account.name, account.number)).collect()
    }
}
