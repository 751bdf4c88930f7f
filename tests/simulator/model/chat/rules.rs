//! What may be done to one group, by whom, and what comes of it.

use chatsrv::chat::entry::Stamp;
use chatsrv::chat::event::Event;
use chatsrv::chat::group::{GroupChange, GroupNews, GroupSetting, ShutOut, TopicSet};
use chatsrv::chat::group_action::GroupAction;
use chatsrv::chat::id::LogTime;
use chatsrv::chat::name::Number;
use chatsrv::chat::text::Topic;
use chatsrv::limits::{
    GROUP_INVITATIONS_MAX, GROUP_OFFLINE_TIME_MAX, GROUP_REQUESTS_MAX, GROUP_SHUT_OUT_MAX,
};

use super::change::{Change, Decision, Refused};
use super::group::{Group, Member, Told};
use super::people::People;

/// What looks at no other group, and does not end this one.
pub fn change(group: &mut Group, action: &GroupAction, stamp: Stamp, people: &People) -> Decision {
    match *action {
        GroupAction::Ask { .. } => ask(group, action, stamp, people),
        GroupAction::Decline { user } => match group.strangers.asked.contains(&user) {
            true => {
                group.strangers.declines(user, stamp.time.0);
                Ok(Change::silent())
            }
            false => Err(Refused::WrongState),
        },
        GroupAction::Admit { by, user, members_max } => {
            may_decide(group, by, user)?;
            has_room(group, members_max)?;
            Ok(add_member(group, user, stamp, people))
        }
        GroupAction::Refuse { by, user, ever } => {
            may_decide(group, by, user)?;
            may_shut_out(group, user, ever)?;
            group.strangers.is_refused(user, stamp.time.0);
            shut_out(group, user, by, ever, stamp);
            Ok(Change::silent())
        }
        GroupAction::Keep { by, keep, memberships_end } => {
            let change = set(group, by, GroupSetting::Kept, keep, people)?;
            if !change.is_none {
                set_ends(group, keep, memberships_end, people);
            }
            Ok(change)
        }
        GroupAction::SetPublic { by, public } => {
            set(group, by, GroupSetting::Public, public, people)
        }
        GroupAction::OpenTopic { by, open } => {
            set(group, by, GroupSetting::OpenTopic, open, people)
        }
        GroupAction::SetTopic { by, ref topic } => {
            set_topic(group, by, topic.as_ref(), stamp, people)
        }
        GroupAction::SetOp { by, user, op } => {
            is_op(group, by)?;
            set_op(group, user, op, by, people)
        }
        GroupAction::HandOver { by, user } => hand_over(group, by, user, people),
        GroupAction::ReplaceAdmin => Ok(match group.hands_over(people) {
            true => Change::told(group.inherit(people)),
            false => Change::none(),
        }),
        ref other => unreachable!("{other:?} is decided elsewhere"),
    }
}

fn is_op(group: &Group, by: Number) -> Result<(), Refused> {
    group.ops.contains(&by).then_some(()).ok_or(Refused::NotAllowed)
}

fn may_decide(group: &Group, by: Number, asker: Number) -> Result<(), Refused> {
    is_op(group, by)?;
    group.strangers.asking.contains(&asker).then_some(()).ok_or(Refused::WrongState)
}

fn has_room(group: &Group, members_max: usize) -> Result<(), Refused> {
    (group.members.len() < members_max).then_some(()).ok_or(Refused::NoRoom)
}

/// Somebody wants to come in, who is or is not in as many groups as may be.
pub fn join(
    group: &mut Group,
    action: &GroupAction,
    is_in_few: bool,
    stamp: Stamp,
    people: &People,
) -> Decision {
    let GroupAction::Join { user, members_max, .. } = *action else { unreachable!("{action:?}") };
    if group.is_member(user) {
        return Ok(Change::none());
    }
    let strangers = &mut group.strangers;
    if strangers.is_shut_out(user) {
        return Err(Refused::NotAllowed);
    }
    let is_open = group.settings.public || strangers.asked.contains(&user);
    if !is_open && strangers.asking.contains(&user) {
        return Ok(Change::none());
    }
    if group.members.len() >= members_max || !is_in_few {
        return Err(Refused::NoRoom);
    }
    if is_open {
        return Ok(add_member(group, user, stamp, people));
    }
    strangers.may_ask(user, stamp.time.0)?;
    if strangers.asking.len() >= GROUP_REQUESTS_MAX {
        return Err(Refused::NoRoom);
    }
    strangers.asking.push(user);
    let asks = Event::Join(group.name, people.name(user));
    Ok(Change::told(vec![(asks, group.ops.clone())]))
}

/// Whether somebody may ask somebody else in, and whether that would change anything.
pub fn check_ask(
    group: &Group,
    action: &GroupAction,
    now: LogTime,
    people: &People,
) -> Result<bool, Refused> {
    let GroupAction::Ask { by, user, members_max } = *action else { unreachable!("{action:?}") };
    let is_op = group.ops.contains(&by);
    let may_ask = is_op || (group.settings.public && group.is_member(by));
    if !may_ask {
        return Err(Refused::NotAllowed);
    }
    if group.is_member(user) {
        return Err(Refused::WrongState);
    }
    let strangers = &group.strangers;
    if strangers.asked.contains(&user) {
        return Ok(strangers.unheard.contains(&user) && !people.ignores(user, by));
    }
    if strangers.is_shut_out(user) && !is_op {
        return Err(Refused::NotAllowed);
    }
    strangers.may_be_asked(user, now.0)?;
    has_room(group, members_max)?;
    if !strangers.asking.contains(&user) && strangers.asked.len() >= GROUP_INVITATIONS_MAX {
        return Err(Refused::NoRoom);
    }
    Ok(true)
}

/// Somebody wants somebody else in, who may want that, too.
fn ask(group: &mut Group, action: &GroupAction, stamp: Stamp, people: &People) -> Decision {
    let GroupAction::Ask { by, user, .. } = *action else { unreachable!("{action:?}") };
    if !check_ask(group, action, stamp.time, people)? {
        return Ok(Change::none());
    }
    if group.strangers.asking.contains(&user) {
        return Ok(add_member(group, user, stamp, people));
    }
    let strangers = &mut group.strangers;
    strangers.shut_out.retain(|one| one.user != user);
    if people.ignores(user, by) {
        strangers.asked.push(user);
        strangers.unheard.insert(user);
        return Ok(Change::silent());
    }
    if !strangers.unheard.remove(&user) {
        strangers.asked.push(user);
    }
    let asks = Event::Ask(group.name, people.name(by));
    Ok(Change::told(vec![(asks, vec![user])]))
}

/// An op puts a member out.
pub fn expel(
    group: &mut Group,
    action: &GroupAction,
    stamp: Stamp,
    people: &People,
) -> Result<Told, Refused> {
    let GroupAction::Expel { by, user, ever, ref reason } = *action else {
        unreachable!("{action:?}")
    };
    is_op(group, by)?;
    if by == user {
        return Err(Refused::WrongState);
    }
    if !group.is_member(user) {
        return Err(Refused::NotFound);
    }
    if group.admin == user {
        return Err(Refused::NotAllowed);
    }
    may_shut_out(group, user, ever)?;
    let said = group.news(GroupNews::Expelled(reason.clone()), Some(user), by, people);
    let told = group.part_with(user, Some(said), people);
    shut_out(group, user, by, ever, stamp);
    Ok(told)
}

fn may_shut_out(group: &Group, user: Number, ever: bool) -> Result<(), Refused> {
    let strangers = &group.strangers;
    let is_full = strangers.shut_out.len() >= GROUP_SHUT_OUT_MAX && !strangers.is_shut_out(user);
    if ever && is_full { Err(Refused::NoRoom) } else { Ok(()) }
}

fn shut_out(group: &mut Group, user: Number, by: Number, ever: bool, stamp: Stamp) {
    if ever {
        group.strangers.shut_out.retain(|one| one.user != user);
        group.strangers.shut_out.push(ShutOut { user, by, since: stamp.time.0 });
    }
}

fn add_member(group: &mut Group, user: Number, stamp: Stamp, people: &People) -> Change {
    group.strangers.comes_in(user);
    group.members.push(Member { number: user, since: None, ends: None, is_news: false });
    settle_in(group, user, stamp, people);
    let joins = Event::Group(group.name, GroupChange::Join, people.name(user));
    let mut told = vec![(joins, group.numbers())];
    told.extend(replace_banned_admin(group, people));
    Change::told(told)
}

/// Whoever becomes a member while offline is told later, and has to come for that.
pub fn settle_in(group: &mut Group, user: Number, stamp: Stamp, people: &People) {
    let is_at_risk = !group.settings.kept && !people.is_present(user);
    let member = group.member_mut(user).expect("a member settles in");
    member.is_news = !people.is_welcomed(user);
    member.ends = is_at_risk.then(|| offline_until(stamp.time));
}

/// An op switches a setting, of which the members are told.
fn set(
    group: &mut Group,
    by: Number,
    setting: GroupSetting,
    on: bool,
    people: &People,
) -> Decision {
    is_op(group, by)?;
    let settings = &mut group.settings;
    let place = match setting {
        GroupSetting::Kept => &mut settings.kept,
        GroupSetting::Public => &mut settings.public,
        GroupSetting::OpenTopic => &mut settings.open_topic,
    };
    if std::mem::replace(place, on) == on {
        return Ok(Change::none());
    }
    let news = group.news(GroupNews::Set(setting, on), None, by, people);
    Ok(Change::told(vec![(news, group.numbers())]))
}

/// Who is not there does not stay a member for ever, unless the group is kept.
fn set_ends(group: &mut Group, keep: bool, ends: LogTime, people: &People) {
    for member in &mut group.members {
        let is_at_risk = !keep && !people.is_present(member.number);
        member.ends = is_at_risk.then_some(ends);
    }
}

fn set_topic(
    group: &mut Group,
    by: Number,
    topic: Option<&Topic>,
    stamp: Stamp,
    people: &People,
) -> Decision {
    let may_set = group.is_member(by) && (group.settings.open_topic || group.ops.contains(&by));
    if !may_set {
        return Err(Refused::NotAllowed);
    }
    if group.topic.as_ref().map(|set| &set.topic) == topic {
        return Ok(Change::none());
    }
    group.topic = topic.map(|topic| TopicSet { topic: topic.clone(), by, at: stamp.time.0 });
    let says = Event::Topic(group.name, people.name(by), topic.cloned());
    Ok(Change::told(vec![(says, group.numbers())]))
}

fn set_op(group: &mut Group, user: Number, op: bool, by: Number, people: &People) -> Decision {
    if !group.is_member(user) {
        return Err(Refused::NotFound);
    }
    if group.admin == user {
        return Err(Refused::WrongState);
    }
    if group.ops.contains(&user) == op {
        return Ok(Change::none());
    }
    if op && group.has_all_ops() {
        return Err(Refused::NoRoom);
    }
    let news = if op { GroupNews::Op } else { GroupNews::NoOp };
    let mut told = vec![(group.news(news, Some(user), by, people), group.numbers())];
    if op {
        group.ops.push(user);
        told.extend(group.who_asks(user, people));
    } else {
        group.ops.retain(|other| *other != user);
    }
    Ok(Change::told(told))
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

pub fn replace_banned_admin(group: &mut Group, people: &People) -> Told {
    if group.hands_over(people) { group.inherit(people) } else { Vec::new() }
}

/// When the memberships of somebody end who goes offline then.
pub fn offline_until(now: LogTime) -> LogTime {
    LogTime(now.0 + u64::try_from(GROUP_OFFLINE_TIME_MAX.as_micros()).unwrap())
}
