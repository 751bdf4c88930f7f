//! The rows of the store that an entry about groups changed.

use crate::chat::group::{GroupRow, MemberRecord};
use crate::chat::id::GroupId;
use crate::chat::name::GroupName;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::groups::group::Group;
use crate::hub::groups::memberships::Membership;
use crate::hub::groups::outsiders;

/// A row that an entry changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedRow {
    /// The group itself.
    Group(GroupId),
    /// The topic of a group.
    Topic(GroupId),
    /// A user who is shut out, or no longer.
    ShutOut(GroupId, UserIndex),
    /// A user who declined or was refused, or of whom that does not matter any more.
    TurnedDown(GroupId, UserIndex),
    /// A member, or the end of a membership.
    Member(GroupId, UserIndex),
    /// A user who was asked to join or asks to, or the end of that.
    Candidate { group: GroupId, user: UserIndex, asks: bool },
    /// A user who was asked to join, and whether that is told.
    Unheard(GroupId, UserIndex),
    /// The end of a group.
    Ended(GroupId),
    /// A user who has yet to be told that a group ended.
    Untold(UserIndex, GroupName),
    /// A user who was told of all groups that ended.
    Told(UserIndex),
}

/// The record of a member.
pub fn member(membership: &Membership, user: UserIndex, accounts: &Accounts) -> MemberRecord {
    let Membership { since, ends, is_news, place: _ } = *membership;
    MemberRecord { number: accounts.number(user), since, ends: ends.map(|ends| ends.0), is_news }
}

/// The current content of a row; none if its group has ended, of which nothing else is kept. `find`
/// gives a group, and `membership` a user's membership in it.
pub fn row<'a>(
    changed: ChangedRow,
    find: impl Fn(GroupId) -> Option<&'a Group>,
    membership: impl Fn(UserIndex, GroupId) -> Option<&'a Membership>,
    accounts: &Accounts,
) -> Option<GroupRow> {
    Some(match changed {
        ChangedRow::Group(id) => {
            let group = find(id)?;
            let settings = group.settings;
            GroupRow::Group { id, admin: accounts.number(group.admin), settings }
        }
        ChangedRow::Topic(id) => {
            GroupRow::Topic { group: id, topic: find(id)?.topic_record(&accounts.directory) }
        }
        ChangedRow::ShutOut(id, user) => match find(id)?.outsiders.shut_out.get(&user) {
            Some(one) => {
                let shut_out = outsiders::numbers(one, &accounts.directory);
                GroupRow::ShutOut { group: id, shut_out }
            }
            None => GroupRow::NotShutOut { group: id, number: accounts.number(user) },
        },
        ChangedRow::TurnedDown(id, user) => {
            let times = find(id)?.outsiders.turned_down.get(&user).copied();
            GroupRow::TurnedDown { group: id, number: accounts.number(user), times }
        }
        ChangedRow::Member(id, user) => {
            let group = find(id)?;
            match membership(user, id) {
                Some(it) => GroupRow::Member {
                    group: id,
                    member: member(it, user, accounts),
                    is_op: group.is_op(user),
                },
                None => GroupRow::NoMember { group: id, number: accounts.number(user) },
            }
        }
        ChangedRow::Candidate { group: id, user, asks } => {
            let group = find(id)?;
            let outsiders = &group.outsiders;
            let candidates = if asks { &outsiders.asking } else { &outsiders.asked };
            let number = accounts.number(user);
            match candidates.contains(&user) {
                true => GroupRow::Candidate { group: id, number, asks },
                false => GroupRow::NoCandidate { group: id, number, asks },
            }
        }
        ChangedRow::Unheard(id, user) => {
            let is_unheard = find(id)?.outsiders.unheard.contains(&user);
            GroupRow::Unheard { group: id, number: accounts.number(user), is_unheard }
        }
        ChangedRow::Ended(id) => GroupRow::Ended(id),
        ChangedRow::Untold(user, name) => GroupRow::Untold { number: accounts.number(user), name },
        ChangedRow::Told(user) => GroupRow::Told { number: accounts.number(user) },
    })
}
