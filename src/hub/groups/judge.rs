//! The judgement of changes of groups: whether a change may be made, by the groups as they are.

use std::time::Duration;

use crate::chat::group::GroupSetting;
use crate::chat::group_action::GroupAction;
use crate::chat::id::{GroupId, LogTime};
use crate::chat::refusal::Refusal;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::accounts::roles::{Role, Roles};
use crate::hub::groups::group::Group;
use crate::hub::groups::memberships::Memberships;
use crate::limits::{GROUP_INVITATIONS_MAX, GROUP_REQUESTS_MAX, GROUP_SHUT_OUT_MAX};

/// A group as it is before a change, the memberships of all users, and the time of the change.
struct Judge<'a> {
    id: GroupId,
    group: &'a Group,
    memberships: &'a Memberships,
    now: LogTime,
}

/// Judges a change of a group. Returns false if nothing would change.
///
/// # Errors
/// The refusal, if the change may not be made.
pub fn check(
    (id, group): (GroupId, &Group),
    action: &GroupAction<UserIndex>,
    now: LogTime,
    memberships: &Memberships,
    accounts: &Accounts,
) -> Result<bool, Refusal> {
    let roles = &accounts.roles;
    let judge = Judge { id, group, memberships, now };
    match *action {
        GroupAction::Join { user, members_max, groups_max } => {
            judge.join(user, members_max, groups_max)
        }
        GroupAction::Ask { by, user, members_max } => {
            judge.ask((by, user), members_max, accounts.ignored.has(user, by))
        }
        GroupAction::Decline { user } => {
            let is_asked = memberships.is_asked(user, id);
            is_asked.then_some(true).ok_or(Refusal::WasNotAsked)
        }
        GroupAction::Admit { by, user, members_max } => {
            judge.asks(by, user)?;
            judge.fits(members_max).map(|()| true)
        }
        GroupAction::Refuse { by, user, ever } => {
            judge.asks(by, user)?;
            judge.may_shut_out(user, ever).map(|()| true)
        }
        GroupAction::Leave { user, .. } => {
            memberships.is_member(user, id).then_some(true).ok_or(Refusal::NotAMember)
        }
        GroupAction::Expel { by, user, ever, .. } => judge.expel(by, user, ever),
        GroupAction::Keep { by, keep, .. } => judge.set(by, GroupSetting::Kept, keep),
        GroupAction::SetPublic { by, public } => judge.set(by, GroupSetting::Public, public),
        GroupAction::OpenTopic { by, open } => judge.set(by, GroupSetting::OpenTopic, open),
        GroupAction::SetTopic { by, ref topic } => {
            judge.may_set_topic(by)?;
            Ok(group.topic.as_ref().map(|set| &set.topic) != topic.as_ref())
        }
        GroupAction::SetOp { by, user, op } => judge.set_op(by, user, op),
        GroupAction::HandOver { by, user } => judge.hand_over(by, user, roles),
        GroupAction::Dissolve { by } => {
            let may_dissolve = roles.of(Some(by)) >= Role::Administrator;
            may_dissolve.then_some(true).ok_or(Refusal::AdministratorsOnly)
        }
        GroupAction::ReplaceAdmin => Ok(group.has_to_hand_over(roles)),
    }
}

impl Judge<'_> {
    fn join(
        &self,
        user: UserIndex,
        members_max: usize,
        groups_max: usize,
    ) -> Result<bool, Refusal> {
        let Judge { id, group, memberships, .. } = *self;
        if memberships.is_member(user, id) {
            return Ok(false);
        }
        if group.outsiders.shut_out.contains_key(&user) {
            return Err(Refusal::IsShutOut);
        }
        let comes_in = comes_in((id, group), user, memberships);
        if !comes_in && group.outsiders.asking.contains(&user) {
            return Ok(false);
        }
        self.fits(members_max)?;
        if memberships.count(user) >= groups_max {
            return Err(Refusal::InTooManyGroups);
        }
        if comes_in {
            return Ok(true);
        }
        if let Some(wait) = group.outsiders.may_ask_in(user, self.now) {
            return Err(try_again_in(wait));
        }
        let has_room = group.outsiders.asking.len() < GROUP_REQUESTS_MAX;
        has_room.then_some(true).ok_or(Refusal::TooManyAsking)
    }

    fn ask(
        &self,
        (by, user): (UserIndex, UserIndex),
        members_max: usize,
        is_unheard: bool,
    ) -> Result<bool, Refusal> {
        let Judge { id, group, memberships, .. } = *self;
        if !group.is_op(by) {
            match memberships.is_member(by, id) {
                true if group.settings.public => {}
                true => return Err(Refusal::OpsOnly),
                false => return Err(Refusal::NotAMember),
            }
        }
        let outsiders = &group.outsiders;
        if memberships.is_member(user, id) {
            return Err(Refusal::IsMember);
        }
        if memberships.is_asked(user, id) {
            // One whom the user does not ignore may ask once more.
            return Ok(!is_unheard && outsiders.unheard.contains(&user));
        }
        if outsiders.shut_out.contains_key(&user) && !group.is_op(by) {
            return Err(Refusal::ThatOneIsShutOut);
        }
        if let Some(wait) = outsiders.may_be_asked_in(user, self.now) {
            return Err(try_again_in(wait));
        }
        self.fits(members_max)?;
        let is_asking = outsiders.asking.contains(&user);
        let has_room = is_asking || outsiders.asked.len() < GROUP_INVITATIONS_MAX;
        has_room.then_some(true).ok_or(Refusal::TooManyAsked)
    }

    fn expel(&self, by: UserIndex, user: UserIndex, ever: bool) -> Result<bool, Refusal> {
        self.is_op(by)?;
        if by == user {
            return Err(Refusal::NotWithYourself);
        }
        self.is_member(user)?;
        if user == self.group.admin {
            return Err(Refusal::AdminStays);
        }
        self.may_shut_out(user, ever).map(|()| true)
    }

    fn set(&self, by: UserIndex, setting: GroupSetting, on: bool) -> Result<bool, Refusal> {
        self.is_op(by)?;
        Ok(self.group.settings.has(setting) != on)
    }

    fn may_set_topic(&self, by: UserIndex) -> Result<(), Refusal> {
        if !self.memberships.is_member(by, self.id) {
            return Err(Refusal::NotAMember);
        }
        let may_set = self.group.settings.open_topic || self.group.is_op(by);
        may_set.then_some(()).ok_or(Refusal::OpsOnly)
    }

    fn set_op(&self, by: UserIndex, user: UserIndex, op: bool) -> Result<bool, Refusal> {
        self.is_op(by)?;
        self.is_member(user)?;
        match self.group.is_op(user) {
            _ if user == self.group.admin => Err(Refusal::IsGroupAdmin),
            is_op if is_op == op => Ok(false),
            _ if op && self.group.has_all_ops() => Err(Refusal::TooManyOps),
            _ => Ok(true),
        }
    }

    fn hand_over(&self, by: UserIndex, user: UserIndex, roles: &Roles) -> Result<bool, Refusal> {
        let group = self.group;
        may_hand_over(group, by, roles)?;
        self.is_member(user)?;
        match user == group.admin {
            true => Ok(false),
            false if roles.is_banned(user) => Err(Refusal::MayNotBeAdmin),
            false if !group.is_op(user) && group.has_all_ops() => Err(Refusal::TooManyOps),
            false => Ok(true),
        }
    }

    fn is_op(&self, by: UserIndex) -> Result<(), Refusal> {
        self.group.is_op(by).then_some(()).ok_or(Refusal::OpsOnly)
    }

    fn is_member(&self, user: UserIndex) -> Result<(), Refusal> {
        self.memberships.is_member(user, self.id).then_some(()).ok_or(Refusal::NoMemberOfIt)
    }

    /// Checks that a user asks to join, and that `by` is an op.
    fn asks(&self, by: UserIndex, user: UserIndex) -> Result<(), Refusal> {
        self.is_op(by)?;
        self.group.outsiders.asking.contains(&user).then_some(()).ok_or(Refusal::DidNotAsk)
    }

    /// Checks that the group has room for another member.
    fn fits(&self, members_max: usize) -> Result<(), Refusal> {
        (self.group.members.len() < members_max).then_some(()).ok_or(Refusal::GroupFull)
    }

    /// Checks that the group has room for another user who is shut out, if there is to be one.
    fn may_shut_out(&self, user: UserIndex, ever: bool) -> Result<(), Refusal> {
        let shut_out = &self.group.outsiders.shut_out;
        let has_room = shut_out.len() < GROUP_SHUT_OUT_MAX || shut_out.contains_key(&user);
        (!ever || has_room).then_some(()).ok_or(Refusal::TooManyShutOut)
    }
}

/// Returns true if a user who says so becomes a member, without an op who admits the user.
pub fn comes_in((id, group): (GroupId, &Group), user: UserIndex, all: &Memberships) -> bool {
    group.settings.public || all.is_asked(user, id)
}

/// Checks that a user may name the next admin of a group.
pub fn may_hand_over(group: &Group, by: UserIndex, roles: &Roles) -> Result<(), Refusal> {
    let may_name = group.admin == by || roles.of(Some(by)) >= Role::Administrator;
    may_name.then_some(()).ok_or(Refusal::GroupAdminOnly)
}

/// The refusal of what may be tried again after a time, which is told in whole seconds.
fn try_again_in(wait: Duration) -> Refusal {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Refusal::TryAgainIn(u32::try_from(seconds).unwrap_or(u32::MAX))
}
