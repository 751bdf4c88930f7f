//! The answers to requests for lists: of groups, of the members of one, of what is known of one,
//! and of who is shut out of one.

use std::rc::Rc;

use crate::chat::answer::{Answer, Done, Item, List, MemberLine, There};
use crate::chat::fact::GroupFact;
use crate::chat::group::{GroupSetting, TopicSet};
use crate::chat::id::GroupId;
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::hub::accounts::directory::{Directory, UserIndex};
use crate::hub::accounts::roles::Role;
use crate::hub::context::{Caller, Cx};
use crate::hub::groups::group::Group;
use crate::hub::groups::members::Member;
use crate::hub::groups::registry::Registry;
use crate::hub::groups::users::Users;
use crate::hub::sessions::replies::Reply;

/// Answers a request for a list about groups.
pub fn answer(
    registry: &mut Registry,
    caller: Caller,
    request: Request,
    users: Users<'_>,
    cx: &mut Cx<'_>,
) -> Result<(), Refusal> {
    let (of, directory) = (request.kind(), &users.accounts.directory);
    let (items, name) = match request {
        Request::Groups(range) => {
            let items = registry.lines(range, caller.user, directory);
            cx.list(caller.conn, of, items);
            return Ok(());
        }
        Request::ShutOut(name) => {
            let (_, group) = registry.find_as_op(caller.user, &name)?;
            (shut_out(group, directory), group.name)
        }
        Request::Members { group, whole } => {
            let (id, group) = registry.find(&group)?;
            if !may_see_members(registry, caller.user, (id, group), users) {
                return Err(Refusal::NotAMember);
            }
            let items = match whole {
                true => whole_members(group, users),
                false => members(group, directory),
            };
            (items, group.name)
        }
        Request::Info(name) => {
            let found = registry.find(&name)?;
            let is_whole = may_see_members(registry, caller.user, found, users);
            (facts(found, is_whole, directory), found.1.name)
        }
        other => {
            debug_assert!(false, "{other:?} asks for no list about groups");
            return Err(Refusal::NoSuchGroup);
        }
    };
    let last = Answer { of, result: Ok(Done::Group(name)) };
    cx.reply(caller.conn, Reply::List(List::whole(of, items, None, last)));
    Ok(())
}

/// Returns true if a user may see who is in a group.
fn may_see_members(
    registry: &Registry,
    user: UserIndex,
    (id, group): (GroupId, &Group),
    users: Users<'_>,
) -> bool {
    let memberships = &registry.memberships;
    group.settings.public
        || memberships.is_member(user, id)
        || memberships.is_asked(user, id)
        || users.accounts.roles.of(Some(user)) >= Role::Administrator
}

/// The names and numbers of the members, oldest first.
pub fn members(group: &Group, directory: &Directory) -> Rc<[Item]> {
    let members = group.members.iter().map(|member| directory.account(member.user));
    members.map(|account| Item::Member(account.name, account.number)).collect()
}

/// All that is known of the members, oldest first.
pub fn whole_members(group: &Group, users: Users<'_>) -> Rc<[Item]> {
    let line = |member: &Member| {
        let account = users.accounts.account(member.user);
        Item::MemberLine(Box::new(MemberLine {
            name: account.name,
            number: account.number,
            rank: group.rank(member.user),
            joined: seconds(member.since.0),
            there: there(member.user, users),
            display: account.display.clone(),
        }))
    };
    group.members.iter().map(line).collect()
}

fn there(user: UserIndex, users: Users<'_>) -> There {
    match users.presence.is_online(user) {
        true if users.presence.away(user).is_some() => There::Away,
        true => There::On,
        false => There::Off,
    }
}

/// What is known of a group: its whole state for whom the members are told, otherwise what any list
/// of groups tells.
pub fn facts((id, group): (GroupId, &Group), is_whole: bool, directory: &Directory) -> Rc<[Item]> {
    let name = |user| directory.account(user).name;
    let setting = |setting| GroupFact::Setting(setting, group.settings.has(setting));
    let mut facts = vec![
        GroupFact::Name(group.name),
        GroupFact::Admin(name(group.admin)),
        GroupFact::Members(group.members.len()),
        setting(GroupSetting::Kept),
        setting(GroupSetting::Public),
    ];
    if is_whole {
        facts.extend(group.ops.iter().map(|op| GroupFact::Op(name(*op))));
        facts.extend([setting(GroupSetting::OpenTopic), GroupFact::Made(seconds(id.0))]);
        if let Some(TopicSet { topic, by, at }) = &group.topic {
            facts.push(GroupFact::Topic(topic.clone()));
            facts.push(GroupFact::TopicBy(name(*by)));
            facts.push(GroupFact::TopicAt(seconds(*at)));
        }
    }
    facts.into_iter().map(Item::GroupFact).collect()
}

/// The users who are shut out, the longest one first.
pub fn shut_out(group: &Group, directory: &Directory) -> Rc<[Item]> {
    let mut all: Vec<_> = group.outsiders.shut_out.values().collect();
    all.sort_unstable_by_key(|one| (one.since, directory.account(one.user).number));
    let name = |user| directory.account(user).name;
    let line = all.into_iter().map(|one| Item::ShutOut {
        user: name(one.user),
        by: name(one.by),
        since: seconds(one.since),
    });
    line.collect()
}

/// Microseconds since the Unix epoch as seconds.
fn seconds(microseconds: u64) -> u64 {
    microseconds / 1_000_000
}
