//! What the audit log tells of groups: which are made and end, and who comes and goes.

use crate::chat::group_action::GroupAction;
use crate::chat::text::Reason;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::audit::Deed;
use crate::hub::context::Cx;
use crate::hub::groups::applied::Applied;
use crate::hub::groups::group::Group;
use crate::hub::groups::users::Users;
use crate::hub::input::ConnId;

/// Tells the audit log of what an entry did to a group, which a session may have asked for: who
/// became a member, is none any more, or is the admin now, and the end of the group.
pub fn changed(
    action: &GroupAction<UserIndex>,
    applied: &Applied,
    (group, asked_in): (&Group, Option<ConnId>),
    users: Users<'_>,
    cx: &mut Cx<'_>,
) {
    if let GroupAction::Dissolve { by } = *action {
        let deed = Deed::of("dissolve", None).by(users.name(by)).over(asked_in);
        return cx.audit(&deed.with(format_args!("group={}", group.name)));
    }
    let mut tell = |event, user: UserIndex, by: Option<UserIndex>, reason: Option<&Reason>| {
        let more = format_args!("group={}", group.name);
        let deed = Deed::of(event, users.name(user)).by(by.map(|by| users.name(by)));
        cx.audit(&deed.over(asked_in).with(more).because(reason));
    };
    match *action {
        GroupAction::Join { user, .. } | GroupAction::Ask { user, .. }
            if group.outsiders.asking.contains(&user) || group.outsiders.asked.contains(&user) => {}
        GroupAction::Join { user, .. } => tell("joined", user, None, None),
        GroupAction::Ask { by, user, .. } | GroupAction::Admit { by, user, .. } => {
            tell("joined", user, Some(by), None);
        }
        GroupAction::Leave { user, ref reason } => tell("left", user, None, reason.as_ref()),
        GroupAction::Expel { by, user, ref reason, .. } => {
            tell("left", user, Some(by), reason.as_ref());
        }
        _ => {}
    }
    if let Some(new) = applied.new_admin {
        let by = match *action {
            GroupAction::HandOver { by, .. } => Some(by),
            _ => None,
        };
        tell("group-admin", new.user, by, None);
    }
}

/// Tells the audit log that a group was made, which a session may have asked for.
pub fn made(group: &Group, asked_in: Option<ConnId>, users: Users<'_>, cx: &mut Cx<'_>) {
    let maker = users.name(group.made_by);
    let more = format_args!("group={} members={}", group.name, group.members.len());
    cx.audit(&Deed::of("group-made", maker).over(asked_in).with(more));
}
