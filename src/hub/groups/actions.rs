//! The changes of groups that requests ask for.

use crate::chat::group::GroupSetting;
use crate::chat::group_action::GroupAction;
use crate::chat::id::GroupId;
use crate::chat::name::UserRef;
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::Core;
use crate::hub::groups::judge::may_hand_over;
use crate::hub::groups::registry::{Registry, offline_until};
use crate::hub::groups::users::Users;

/// The change of a group that a request of a user asks for.
///
/// # Errors
/// The refusal, if there is no such group or user, or if the user may not ask for that.
pub fn of_request(
    by: UserIndex,
    request: Request,
    registry: &Registry,
    users: Users<'_>,
    core: &Core,
) -> Result<(GroupId, GroupAction<UserIndex>), Refusal> {
    let bounds = core.config.groups;
    let members_max = bounds.members_max;
    let find = |user: UserRef| users.accounts.find(user).ok_or(Refusal::NoSuchUser);
    Ok(match request {
        Request::Join(name) => {
            let groups_max = bounds.per_user_max;
            (registry.find(&name)?.0, GroupAction::Join { user: by, members_max, groups_max })
        }
        Request::Ask { group, user } => {
            let (id, user) = (registry.find(&group)?.0, find(user)?);
            (id, GroupAction::Ask { by, user, members_max })
        }
        Request::Decline(name) => (registry.find(&name)?.0, GroupAction::Decline { user: by }),
        Request::Admit { group, user } => {
            let (id, user) = (registry.find_as_op(by, &group)?.0, find(user)?);
            (id, GroupAction::Admit { by, user, members_max })
        }
        Request::Refuse { group, user, ever } => {
            let (id, user) = (registry.find_as_op(by, &group)?.0, find(user)?);
            (id, GroupAction::Refuse { by, user, ever })
        }
        Request::Expel { group, user, ever, reason } => {
            let (id, user) = (registry.find_as_op(by, &group)?.0, find(user)?);
            (id, GroupAction::Expel { by, user, ever, reason })
        }
        Request::Leave { group, reason } => {
            (registry.find_as_member(by, &group)?, GroupAction::Leave { user: by, reason })
        }
        Request::Set { group, setting, on } => {
            let (id, _) = registry.find_as_op(by, &group)?;
            (id, set(by, setting, on, core))
        }
        Request::Topic { group, topic } => {
            (registry.find_as_member(by, &group)?, GroupAction::SetTopic { by, topic })
        }
        Request::Op { group, user, op } => {
            let (id, user) = (registry.find_as_op(by, &group)?.0, find(user)?);
            (id, GroupAction::SetOp { by, user, op })
        }
        Request::Handover { group, user } => {
            let (id, group) = registry.find(&group)?;
            may_hand_over(group, by, &users.accounts.roles)?;
            (id, GroupAction::HandOver { by, user: find(user)? })
        }
        Request::Dissolve(name) => (registry.find(&name)?.0, GroupAction::Dissolve { by }),
        other => {
            debug_assert!(false, "{other:?} is no change of a group that there is");
            return Err(Refusal::NoSuchGroup);
        }
    })
}

fn set(by: UserIndex, setting: GroupSetting, on: bool, core: &Core) -> GroupAction<UserIndex> {
    match setting {
        GroupSetting::Kept => {
            let memberships_end = offline_until(core.log_time());
            GroupAction::Keep { by, keep: on, memberships_end }
        }
        GroupSetting::Public => GroupAction::SetPublic { by, public: on },
        GroupSetting::OpenTopic => GroupAction::OpenTopic { by, open: on },
    }
}
