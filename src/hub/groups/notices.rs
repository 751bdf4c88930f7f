//! The events by which people are told of changes of groups.

use crate::chat::event::{Event, GroupNewsOf};
use crate::chat::group::{GroupChange, GroupNews, GroupSetting};
use crate::chat::group_action::GroupAction;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::Cx;
use crate::hub::groups::applied::Applied;
use crate::hub::groups::group::{Group, NewAdmin};
use crate::hub::groups::users::Users;
use crate::hub::input::ConnId;
use crate::limits::GROUP_NOTICES_MAX;

/// Tells the people concerned what an entry did to a group, which a session may have asked for.
pub fn tell(
    action: &GroupAction<UserIndex>,
    applied: &Applied,
    (group, asked_in): (&Group, Option<ConnId>),
    users: Users<'_>,
    cx: &mut Cx<'_>,
) {
    match *action {
        GroupAction::Join { user, .. } if group.outsiders.asking.contains(&user) => {
            tell_ops(group, user, users, cx);
        }
        GroupAction::Ask { by, user, .. } if group.outsiders.asked.contains(&user) => {
            let is_heard = !group.outsiders.unheard.contains(&user);
            let to = users.sessions_of(user).filter(|_| is_heard);
            cx.tell(Event::Ask(group.name, users.name(by)), to);
        }
        GroupAction::Join { user, .. }
        | GroupAction::Ask { user, .. }
        | GroupAction::Admit { user, .. } => {
            tell_members(group, GroupChange::Join, user, users, cx);
        }
        GroupAction::Leave { user, ref reason } => {
            let reason = reason.clone().map(|reason| (GroupNews::Leaves(reason), user));
            tell_left(group, user, (reason, asked_in), users, cx);
        }
        GroupAction::Expel { by, user, ref reason, .. } => {
            let news = Some((GroupNews::Expelled(reason.clone()), by));
            tell_left(group, user, (news, None), users, cx);
        }
        GroupAction::SetOp { by, user, op } => {
            let news = if op { GroupNews::Op } else { GroupNews::NoOp };
            tell_news(group, (news, Some(user), by), users, cx);
            if op {
                tell_new_op(group, user, users, cx);
            }
        }
        GroupAction::SetTopic { by, ref topic } => {
            let event = Event::Topic(group.name, users.name(by), topic.clone());
            cx.tell(event, sessions(group, users));
        }
        GroupAction::Dissolve { by } => {
            tell_news(group, (GroupNews::Dissolved, None, by), users, cx);
            tell_dissolved(group, users, cx);
        }
        _ => {
            if let Some((setting, by)) = setting(action) {
                let news = GroupNews::Set(setting, group.settings.has(setting));
                tell_news(group, (news, None, by), users, cx);
            }
        }
    }
    if let Some(new) = applied.new_admin {
        tell_admin(group, new, users, cx);
    }
}

/// The setting that an entry switches, and the op who does.
fn setting(action: &GroupAction<UserIndex>) -> Option<(GroupSetting, UserIndex)> {
    match *action {
        GroupAction::Keep { by, .. } => Some((GroupSetting::Kept, by)),
        GroupAction::SetPublic { by, .. } => Some((GroupSetting::Public, by)),
        GroupAction::OpenTopic { by, .. } => Some((GroupSetting::OpenTopic, by)),
        _ => None,
    }
}

/// The sessions of the members of a group.
fn sessions<'a>(group: &'a Group, users: Users<'a>) -> impl Iterator<Item = ConnId> {
    group.members.iter().flat_map(move |member| users.sessions_of(member.user))
}

/// Tells all online members of a group of a change.
fn tell_members(
    group: &Group,
    what: GroupChange,
    who: UserIndex,
    users: Users<'_>,
    cx: &mut Cx<'_>,
) {
    cx.tell(Event::Group(group.name, what, users.name(who)), sessions(group, users));
}

/// Tells all online members of a group of news: of whom, and who made them.
fn tell_news(
    group: &Group,
    news: (GroupNews, Option<UserIndex>, UserIndex),
    users: Users<'_>,
    cx: &mut Cx<'_>,
) {
    cx.tell(event(group, news, users), sessions(group, users));
}

/// The event that tells later readers news of a group.
fn event(
    group: &Group,
    (news, user, by): (GroupNews, Option<UserIndex>, UserIndex),
    users: Users<'_>,
) -> Event {
    Event::GroupNews(Box::new(GroupNewsOf {
        group: group.name,
        news,
        user: user.map(|user| users.name(user)),
        by: users.name(by),
    }))
}

/// Tells the members of a group, and the one who was a member, that this is so no more: first the
/// news and who made them, if there are any. The session that asked to leave is told by its answer.
fn tell_left(
    group: &Group,
    left: UserIndex,
    (news, asked_in): (Option<(GroupNews, UserIndex)>, Option<ConnId>),
    users: Users<'_>,
    cx: &mut Cx<'_>,
) {
    let own = users.sessions_of(left).filter(|conn| Some(*conn) != asked_in);
    let to: Vec<ConnId> = sessions(group, users).chain(own).collect();
    if let Some((news, by)) = news {
        cx.tell(event(group, (news, Some(left), by), users), to.iter().copied());
    }
    cx.tell(Event::Group(group.name, GroupChange::Leave, users.name(left)), to);
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
    let asking = group.outsiders.asking.iter().take(most);
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
    let asked = group.outsiders.asked_aloud().flat_map(|user| users.sessions_of(user));
    cx.tell(Event::Ask(group.name, users.name(maker)), asked);
}

/// Tells each member of a group that ended of having left it.
fn tell_dissolved(group: &Group, users: Users<'_>, cx: &mut Cx<'_>) {
    for member in group.members.iter() {
        let event = Event::Group(group.name, GroupChange::Leave, users.name(member.user));
        cx.tell(event, users.sessions_of(member.user));
    }
}
