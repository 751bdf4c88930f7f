//! The events by which people are told of changes of groups.

use crate::chat::event::Event;
use crate::chat::group::GroupChange;
use crate::chat::group_action::GroupAction;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::Cx;
use crate::hub::groups::applied::Applied;
use crate::hub::groups::group::{Group, NewAdmin};
use crate::hub::groups::users::Users;
use crate::hub::input::ConnId;
use crate::limits::GROUP_NOTICES_MAX;

/// Tells the people concerned what an entry did to a group.
pub fn tell(
    action: &GroupAction<UserIndex>,
    applied: &Applied,
    group: &Group,
    users: Users<'_>,
    cx: &mut Cx<'_>,
) {
    match *action {
        GroupAction::Join { user, .. } if group.asking.contains(&user) => {
            tell_ops(group, user, users, cx);
        }
        GroupAction::Join { user, .. } | GroupAction::Admit { user, .. } => {
            tell_members(group, GroupChange::Join, user, users, cx);
        }
        GroupAction::Leave { user } => {
            tell_members(group, GroupChange::Leave, user, users, cx);
        }
        GroupAction::SetOp { user, op: true, .. } => {
            tell_new_op(group, user, users, cx);
        }
        GroupAction::Dissolve { .. } => tell_dissolved(group, users, cx),
        GroupAction::SetOp { op: false, .. }
        | GroupAction::Refuse { .. }
        | GroupAction::Keep { .. }
        | GroupAction::HandOver { .. }
        | GroupAction::ReplaceAdmin => {}
    }
    if let Some(new) = applied.new_admin {
        tell_admin(group, new, users, cx);
    }
}

/// Logs an entry by which people lose a group: a handover, or the end of the group.
pub fn log(action: &GroupAction<UserIndex>, group: &Group, users: Users<'_>) {
    let name = group.name;
    match *action {
        GroupAction::HandOver { by, user } => {
            let (user, by) = (users.name(user), users.name(by));
            log::info!("event=handed-over group={name} user={user} by={by}");
        }
        GroupAction::Dissolve { by } => {
            log::info!("event=dissolved group={name} by={}", users.name(by));
        }
        _ => {}
    }
}

/// Tells all online members of a group of a change.
fn tell_members(
    group: &Group,
    what: GroupChange,
    who: UserIndex,
    users: Users<'_>,
    cx: &mut Cx<'_>,
) {
    let members = group.members.iter().flat_map(|member| users.sessions_of(member.user));
    cx.tell(Event::Group(group.name, what, users.name(who)), members);
}

/// Tells the ops of a group that a user asks to join.
fn tell_ops(group: &Group, asking: UserIndex, users: Users<'_>, cx: &mut Cx<'_>) {
    let ops = group.ops.iter().flat_map(|op| users.sessions_of(*op));
    cx.tell(Event::Join(group.name, users.name(asking)), ops);
}

/// Tells sessions of an op of the users who ask to join a group, at most `most`. Returns their
/// number.
pub fn tell_requests(
    group: &Group,
    to: &[ConnId],
    most: usize,
    users: Users<'_>,
    cx: &mut Cx<'_>,
) -> usize {
    let asking = group.asking.iter().take(most);
    for user in asking.clone() {
        cx.tell(Event::Join(group.name, users.name(*user)), to.iter().copied());
    }
    asking.len()
}

/// Tells a new op of the users who ask to join a group.
fn tell_new_op(group: &Group, op: UserIndex, users: Users<'_>, cx: &mut Cx<'_>) {
    let sessions: Vec<ConnId> = users.sessions_of(op).collect();
    tell_requests(group, &sessions, GROUP_NOTICES_MAX, users, cx);
}

/// Tells the members of a group of its new admin, and the new admin of the users who ask to join.
fn tell_admin(group: &Group, new: NewAdmin, users: Users<'_>, cx: &mut Cx<'_>) {
    tell_members(group, GroupChange::Admin, new.user, users, cx);
    if !new.was_op {
        tell_new_op(group, new.user, users, cx);
    }
}

/// Tells the people concerned that a group was made.
pub fn tell_new(applied: &Applied, group: &Group, users: Users<'_>, cx: &mut Cx<'_>) {
    tell_made(group, users, cx);
    if let Some(new) = applied.new_admin {
        tell_admin(group, new, users, cx);
    }
}

/// Tells the members of a new group that they joined it, its maker that each of them did, and those
/// who are asked to join that they are.
fn tell_made(group: &Group, users: Users<'_>, cx: &mut Cx<'_>) {
    let maker = group.made_by;
    for member in group.members.iter().filter(|member| member.user != maker) {
        let to = users.sessions_of(maker).chain(users.sessions_of(member.user));
        cx.tell(Event::Group(group.name, GroupChange::Join, users.name(member.user)), to);
    }
    let asked = group.asked.iter().flat_map(|user| users.sessions_of(*user));
    cx.tell(Event::Ask(group.name, users.name(maker)), asked);
}

/// Tells each member of a group that ended of having left it.
fn tell_dissolved(group: &Group, users: Users<'_>, cx: &mut Cx<'_>) {
    for member in &group.members {
        let event = Event::Group(group.name, GroupChange::Leave, users.name(member.user));
        cx.tell(event, users.sessions_of(member.user));
    }
}
