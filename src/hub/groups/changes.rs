//! The changes of groups that exist: each is judged, and then applied to the registry.

use crate::chat::entry::Stamp;
use crate::chat::group::{GroupSetting, ShutOut, TopicSet};
use crate::chat::group_action::GroupAction;
use crate::chat::id::{GroupId, LogTime};
use crate::chat::refusal::Refusal;
use crate::chat::text::Topic;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::groups::applied::Applied;
use crate::hub::groups::judge;
use crate::hub::groups::overview::GroupLists;
use crate::hub::groups::registry::Registry;
use crate::hub::groups::rows::ChangedRow;
use crate::hub::groups::users::Users;

/// Judges a change of a group, and applies it. None if nothing changes.
///
/// # Errors
/// The refusal, if the change may not be made; then nothing changes.
pub fn decide(
    registry: &mut Registry,
    id: GroupId,
    action: &GroupAction<UserIndex>,
    stamp: Stamp,
    users: Users<'_>,
) -> Result<Option<Applied>, Refusal> {
    let is_change = check(registry, (id, action), stamp.time, users.accounts)?;
    Ok(is_change.then(|| apply(registry, (id, action), stamp, users)))
}

/// Judges a change of a group. Returns false if nothing would change.
///
/// # Errors
/// The refusal, if the change may not be made.
pub fn check(
    registry: &Registry,
    (id, action): (GroupId, &GroupAction<UserIndex>),
    now: LogTime,
    accounts: &Accounts,
) -> Result<bool, Refusal> {
    let group = registry.get(id).ok_or(Refusal::NoSuchGroup)?;
    judge::check((id, group), action, now, &registry.memberships, accounts)
}

/// Applies a change that passed the check.
fn apply(
    registry: &mut Registry,
    (id, action): (GroupId, &GroupAction<UserIndex>),
    stamp: Stamp,
    users: Users<'_>,
) -> Applied {
    let roles = &users.accounts.roles;
    let mut applied = Applied::default();
    match *action {
        GroupAction::Join { user, .. } if !comes_in(registry, id, user) => {
            registry.change(id, |group| group.outsiders.asking.push(user));
            registry.changed.push(ChangedRow::Candidate { group: id, user, asks: true });
        }
        GroupAction::Ask { by, user, .. } if !asks(registry, user, id) => {
            ask(registry, id, user, users.accounts.ignored.has(user, by));
        }
        GroupAction::Join { user, .. }
        | GroupAction::Ask { user, .. }
        | GroupAction::Admit { user, .. } => {
            applied.new_admin = registry.join(id, user, stamp, users);
        }
        GroupAction::Decline { user } => decline(registry, id, user, stamp.time),
        GroupAction::Refuse { by, user, ever } => {
            refuse(registry, id, user, stamp.time);
            shut_out(registry, id, ever.then_some((user, by)), stamp.time);
        }
        GroupAction::Leave { user, .. } => {
            applied.new_admin = registry.leave(id, user, roles);
            if registry.get(id).is_some_and(|group| group.members.is_empty()) {
                applied.ended = registry.end(id, users);
            }
        }
        GroupAction::Expel { by, user, ever, .. } => {
            applied.new_admin = registry.leave(id, user, roles);
            if let Some(name) = registry.get(id).map(|group| group.name) {
                registry.tell_left_later(user, name, users);
            }
            shut_out(registry, id, ever.then_some((user, by)), stamp.time);
        }
        GroupAction::Keep { keep, memberships_end, .. } => {
            set(registry, id, GroupSetting::Kept, keep);
            set_endings(registry, id, (!keep).then_some(memberships_end), users);
        }
        GroupAction::SetPublic { public, .. } => set(registry, id, GroupSetting::Public, public),
        GroupAction::OpenTopic { open, .. } => set(registry, id, GroupSetting::OpenTopic, open),
        GroupAction::SetTopic { by, ref topic } => {
            let set = |topic: &Topic| TopicSet { topic: topic.clone(), by, at: stamp.time.0 };
            let topic = topic.as_ref().map(set);
            registry.change(id, |group| group.topic = topic);
            registry.lists = GroupLists::default();
            registry.changed.push(ChangedRow::Topic(id));
        }
        GroupAction::SetOp { user, op, .. } => {
            registry.change(id, |group| group.set_op(user, op));
            registry.changed.push(ChangedRow::Member(id, user));
        }
        GroupAction::HandOver { user, .. } => {
            registry.lists = GroupLists::default();
            let admin = registry.change(id, |group| group.set_admin(user));
            applied.new_admin = registry.note_admin(id, admin);
        }
        GroupAction::Dissolve { .. } => applied.ended = registry.end(id, users),
        GroupAction::ReplaceAdmin => {
            applied.new_admin = registry.replace_banned_admin(id, roles);
        }
    }
    applied
}

/// Returns true if a user who says so becomes a member.
fn comes_in(registry: &Registry, id: GroupId, user: UserIndex) -> bool {
    let memberships = &registry.memberships;
    registry.get(id).is_some_and(|group| judge::comes_in((id, group), user, memberships))
}

/// Returns true if a user asks to join.
fn asks(registry: &Registry, user: UserIndex, id: GroupId) -> bool {
    registry.get(id).is_some_and(|group| group.outsiders.asking.contains(&user))
}

fn ask(registry: &mut Registry, id: GroupId, user: UserIndex, is_unheard: bool) {
    let Some(group) = registry.groups.get_mut(&id) else { return };
    let was_unheard = group.outsiders.unheard.contains(&user);
    group.outsiders.ask(user, is_unheard);
    if group.outsiders.shut_out.remove(&user).is_some() {
        registry.changed.push(ChangedRow::ShutOut(id, user));
    }
    registry.memberships.invite(user, id);
    registry.changed.push(ChangedRow::Candidate { group: id, user, asks: false });
    if was_unheard != is_unheard {
        registry.changed.push(ChangedRow::Unheard(id, user));
    }
}

fn decline(registry: &mut Registry, id: GroupId, user: UserIndex, now: LogTime) {
    let forgotten = registry.change(id, |group| group.outsiders.decline(user, now)).flatten();
    registry.memberships.withdraw(user, id);
    registry.changed.push(ChangedRow::Candidate { group: id, user, asks: false });
    note_turned_down(registry, id, forgotten.into_iter().chain([user]));
}

fn refuse(registry: &mut Registry, id: GroupId, user: UserIndex, now: LogTime) {
    let forgotten = registry.change(id, |group| group.outsiders.refuse(user, now)).flatten();
    registry.changed.push(ChangedRow::Candidate { group: id, user, asks: true });
    note_turned_down(registry, id, forgotten.into_iter().chain([user]));
}

fn note_turned_down(registry: &mut Registry, id: GroupId, users: impl Iterator<Item = UserIndex>) {
    registry.changed.extend(users.map(|user| ChangedRow::TurnedDown(id, user)));
}

/// Shuts a user out, as an op decided, if there is one.
fn shut_out(
    registry: &mut Registry,
    id: GroupId,
    who: Option<(UserIndex, UserIndex)>,
    now: LogTime,
) {
    let Some((user, by)) = who else { return };
    let new = ShutOut { user, by, since: now.0 };
    registry.change(id, |group| group.outsiders.shut_out.insert(user, new));
    registry.changed.push(ChangedRow::ShutOut(id, user));
}

fn set(registry: &mut Registry, id: GroupId, setting: GroupSetting, on: bool) {
    registry.change(id, |group| group.settings = group.settings.with(setting, on));
    registry.lists = GroupLists::default();
    registry.changed.push(ChangedRow::Group(id));
}

/// Lets the memberships of users who are offline end at a time, or last.
fn set_endings(registry: &mut Registry, id: GroupId, ends: Option<LogTime>, users: Users<'_>) {
    let Some(group) = registry.groups.get(&id) else { return };
    let members = group.members.iter().map(|member| member.user);
    for user in members.filter(|user| !users.presence.is_present(*user)) {
        match ends {
            None => registry.memberships.stay(user, id),
            Some(ends) => registry.memberships.end_at(user, id, ends),
        }
        registry.changed.push(ChangedRow::Member(id, user));
    }
}
