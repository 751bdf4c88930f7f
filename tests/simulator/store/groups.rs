//! Groups, as the store in memory keeps them.

use std::collections::BTreeMap;

use chatsrv::chat::group::{GroupRecord, GroupRow, MemberRecord, ShutOut, TurnedDown};
use chatsrv::chat::id::{GroupId, MessageId};
use chatsrv::chat::message::Chat;
use chatsrv::chat::name::{GroupName, Number};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Groups {
    records: BTreeMap<GroupId, GroupRecord>,
    /// Who has yet to be told that groups of these names ended.
    pub untold: BTreeMap<Number, Vec<GroupName>>,
}

impl Groups {
    pub fn save(&mut self, record: &GroupRecord) {
        assert!(!record.members.is_empty(), "{record:?}");
        self.records.insert(record.id, record.clone());
    }

    pub fn end(&mut self, id: GroupId) {
        self.records.remove(&id);
    }

    pub fn get(&self, id: GroupId) -> Option<&GroupRecord> {
        self.records.get(&id)
    }

    pub fn all(&self) -> impl DoubleEndedIterator<Item = &GroupRecord> {
        self.records.values()
    }

    /// Keeps a row; one of a group that is not there changes nothing.
    pub fn change(&mut self, row: &GroupRow) {
        match *row {
            GroupRow::Untold { number, name } => {
                self.untold.entry(number).or_default().push(name);
            }
            GroupRow::Told { number } => {
                self.untold.remove(&number);
            }
            GroupRow::Ended(id) => self.end(id),
            _ => {
                let id = row.group().expect("it is a row of a group");
                if let Some(record) = self.records.get_mut(&id) {
                    change_record(record, row);
                }
            }
        }
    }

    /// From which message on somebody reads a chat; none for who may not.
    pub fn reads_since(&self, reader: Number, chat: Chat) -> Option<MessageId> {
        match chat {
            Chat::Everyone => Some(MessageId(0)),
            Chat::Direct(one, other) => (one == reader || other == reader).then_some(MessageId(0)),
            Chat::Group(id) => {
                let members = &self.records.get(&id)?.members;
                members.iter().find(|member| member.number == reader).map(|member| member.since)
            }
        }
    }
}

/// Whether the admin is one of the ops, and a member.
pub fn has_admin(record: &GroupRecord) -> bool {
    let is_member = record.members.iter().any(|member| member.number == record.admin);
    is_member && record.ops.contains(&record.admin)
}

fn change_record(record: &mut GroupRecord, row: &GroupRow) {
    match *row {
        GroupRow::Group { admin, settings, .. } => {
            (record.admin, record.settings) = (admin, settings);
        }
        GroupRow::Topic { ref topic, .. } => record.topic.clone_from(topic),
        GroupRow::ShutOut { shut_out, .. } => {
            put_out(record, shut_out.user, Some(shut_out));
        }
        GroupRow::NotShutOut { number, .. } => put_out(record, number, None),
        GroupRow::TurnedDown { number, times, .. } => turn_down(record, number, times),
        GroupRow::Member { member, is_op, .. } => put_member(record, member, is_op),
        GroupRow::NoMember { number, .. } => {
            record.members.retain(|member| member.number != number);
            record.ops.retain(|op| *op != number);
            // Of a member of whose end it knew nothing there may be a request since.
            record.asked.retain(|asked| *asked != number);
            record.unheard.retain(|asked| *asked != number);
            record.asking.retain(|asking| *asking != number);
        }
        GroupRow::Unheard { number, is_unheard, .. } => {
            record.unheard.retain(|other| *other != number);
            record.unheard.extend(Some(number).filter(|_| is_unheard));
            record.unheard.sort_unstable();
        }
        GroupRow::Candidate { number, asks, .. } => add(candidates(record, asks), number),
        GroupRow::NoCandidate { number, asks, .. } => {
            candidates(record, asks).retain(|candidate| *candidate != number);
            let stays = |other: &Number| asks || *other != number;
            record.unheard.retain(stays);
        }
        GroupRow::Ended(_) | GroupRow::Untold { .. } | GroupRow::Told { .. } => {
            unreachable!("{row:?} is not in a record")
        }
    }
}

fn put_member(record: &mut GroupRecord, member: MemberRecord, is_op: bool) {
    match record.members.iter_mut().find(|old| old.number == member.number) {
        Some(old) => *old = member,
        None => record.members.push(member),
    }
    match is_op {
        true => add(&mut record.ops, member.number),
        false => record.ops.retain(|op| *op != member.number),
    }
}

fn put_out(record: &mut GroupRecord, user: Number, shut_out: Option<ShutOut>) {
    record.shut_out.retain(|one| one.user != user);
    record.shut_out.extend(shut_out);
    record.shut_out.sort_by_key(|one| one.user);
}

fn turn_down(record: &mut GroupRecord, user: Number, times: Option<TurnedDown>) {
    record.turned_down.retain(|(other, _)| *other != user);
    record.turned_down.extend(times.map(|times| (user, times)));
    record.turned_down.sort_by_key(|(other, _)| *other);
}

fn candidates(record: &mut GroupRecord, asks: bool) -> &mut Vec<Number> {
    if asks { &mut record.asking } else { &mut record.asked }
}

/// Adds somebody who is not there yet.
fn add(people: &mut Vec<Number>, number: Number) {
    if !people.contains(&number) {
        people.push(number);
    }
}
