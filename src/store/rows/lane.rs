//! Lanes: the numbers by which the database stores one direction of a chat.
//!
//! A direct chat has two lanes, one for each sender, so that the messages to a reader are one range
//! of an index, whatever the reader wrote meanwhile. The chat of everyone has one lane, and so has
//! a group.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};

use crate::chat::id::GroupId;
use crate::chat::message::Chat;
use crate::chat::name::Number;

/// A lane: one direction of a direct chat, or another chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::store) enum Lane {
    /// The chat of everyone: 0.
    Everyone,
    /// The messages of one user to another: the sender's number in the upper 32 bits, the other's
    /// in the lower ones.
    Direct { from: Number, to: Number },
    /// A group: the bitwise complement of its id, which is negative.
    Group(GroupId),
}

impl Lane {
    /// The lane of what `sender` sends in a chat.
    pub(in crate::store) fn of_sender(chat: Chat, sender: Number) -> Self {
        match chat {
            Chat::Everyone => Lane::Everyone,
            Chat::Group(group) => Lane::Group(group),
            Chat::Direct(one, other) => {
                let to = if sender == one { other } else { one };
                Lane::Direct { from: sender, to }
            }
        }
    }

    /// The lane of what others in a chat send to `reader`.
    pub(in crate::store) fn to_reader(chat: Chat, reader: Number) -> Self {
        match Lane::of_sender(chat, reader) {
            Lane::Everyone => Lane::Everyone,
            Lane::Group(group) => Lane::Group(group),
            Lane::Direct { from, to } => Lane::Direct { from: to, to: from },
        }
    }

    /// The lanes that a chat consists of: one or two.
    pub(in crate::store) fn all(chat: Chat) -> impl Iterator<Item = Lane> {
        let (first, second) = match chat {
            Chat::Everyone => (Lane::Everyone, None),
            Chat::Group(group) => (Lane::Group(group), None),
            Chat::Direct(one, other) => {
                let back = (one != other).then_some(Lane::Direct { from: other, to: one });
                (Lane::Direct { from: one, to: other }, back)
            }
        };
        std::iter::once(first).chain(second)
    }

    /// The chat that the lane is part of.
    pub(in crate::store) fn chat(self) -> Chat {
        match self {
            Lane::Everyone => Chat::Everyone,
            Lane::Direct { from, to } => Chat::direct(from, to),
            Lane::Group(group) => Chat::Group(group),
        }
    }

    fn code(self) -> i64 {
        match self {
            Lane::Everyone => 0,
            // A sender's number with its highest bit set would look like a group's lane, but such
            // numbers come only after hundreds of millions of accounts.
            Lane::Direct { from, to } => (u64::from(from.0) << 32 | u64::from(to.0)).cast_signed(),
            Lane::Group(group) => !group.0.cast_signed(),
        }
    }
}

impl ToSql for Lane {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.code().into())
    }
}

impl FromSql for Lane {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let code = value.as_i64()?;
        if code < 0 {
            return Ok(Lane::Group(GroupId((!code).cast_unsigned())));
        }
        let halves = code.cast_unsigned();
        let (from, to) = (Number((halves >> 32) as u32), Number(halves as u32));
        let is_account = |number| number == Number::OPERATOR || number >= Number(Number::MIN);
        match (from.0, to.0) {
            (0, 0) => Ok(Lane::Everyone),
            _ if is_account(from) && is_account(to) => Ok(Lane::Direct { from, to }),
            _ => Err(FromSqlError::OutOfRange(code)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Number = Number(10_001);
    const B: Number = Number(65_536);

    #[test]
    fn what_one_says_is_what_the_other_reads() {
        let chat = Chat::direct(B, A);
        assert_eq!(Lane::of_sender(chat, A), Lane::to_reader(chat, B));
        assert_ne!(Lane::of_sender(chat, A), Lane::of_sender(chat, B));
        assert_eq!(Lane::all(chat).count(), 2);
        assert_eq!(Lane::all(Chat::direct(A, A)).count(), 1);
        assert!(Lane::all(chat).all(|lane| lane.chat() == chat));
        assert_eq!(Lane::to_reader(Chat::Everyone, A), Lane::Everyone);
        let group = Chat::Group(GroupId(7));
        assert_eq!(Lane::of_sender(group, A), Lane::to_reader(group, B));
        assert_eq!(Lane::all(group).count(), 1);
    }

    #[test]
    fn a_lane_is_read_back_and_nothing_else_is_one() {
        let highest = Number(i32::MAX as u32);
        let groups = [0, 1_795_521_601_123_456, i64::MAX as u64].map(|id| Chat::Group(GroupId(id)));
        let others = [Chat::Everyone, Chat::direct(A, B), Chat::direct(highest, highest)];
        let others = others.into_iter().chain([Chat::direct(Number::OPERATOR, A)]);
        for chat in others.chain(groups) {
            for lane in Lane::all(chat) {
                assert_eq!(Lane::column_result(ValueRef::Integer(lane.code())), Ok(lane));
            }
        }
        for code in [1, 10_001, 10_001 << 32, (10_001 << 32) + 9_999, (9_999 << 32) + 10_001] {
            let refused = Lane::column_result(ValueRef::Integer(code));
            assert_eq!(refused, Err(FromSqlError::OutOfRange(code)));
        }
    }
}
