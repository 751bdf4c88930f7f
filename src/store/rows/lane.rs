//! Lanes: the numbers by which the database stores one direction of a chat.
//!
//! A direct chat has two lanes, one for each sender, so that the messages to a reader are one range
//! of an index, whatever the reader wrote meanwhile. What a reader ignores has lanes of its own, so
//! that it is in none of the reader's. The chat of everyone has one lane, and so has a group.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};

use crate::chat::id::GroupId;
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::Number;

/// A lane: one direction of a direct chat, or another chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::store) enum Lane {
    /// The chat of everyone: 0.
    Everyone,
    /// The messages of one user to another: the sender's number in the upper 32 bits, the other's
    /// in the lower ones.
    Direct { from: Number, to: Number },
    /// The messages of one user that the other ignored: as [`Direct`](Lane::Direct), with the
    /// highest bit of the other's number set. Nobody but the sender reads them.
    Unheard { from: Number, to: Number },
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

    /// The lane of a message.
    pub(in crate::store) fn of_message(message: &StoredMessage) -> Self {
        match Lane::of_sender(message.chat, message.from) {
            Lane::Direct { from, to } if message.is_unheard => Lane::Unheard { from, to },
            lane => lane,
        }
    }

    /// The lane of what others in a chat send to `reader`.
    pub(in crate::store) fn to_reader(chat: Chat, reader: Number) -> Self {
        match Lane::of_sender(chat, reader) {
            Lane::Everyone => Lane::Everyone,
            Lane::Group(group) => Lane::Group(group),
            Lane::Direct { from, to } | Lane::Unheard { from, to } => {
                Lane::Direct { from: to, to: from }
            }
        }
    }

    /// The lanes of a chat that a user reads: one to three.
    pub(in crate::store) fn read_by(reader: Number, chat: Chat) -> impl Iterator<Item = Lane> {
        let others = match chat {
            Chat::Direct(one, other) if one != other => {
                let other = if reader == one { other } else { one };
                let heard = Lane::Direct { from: other, to: reader };
                [Some(heard), Some(Lane::Unheard { from: reader, to: other })]
            }
            Chat::Everyone | Chat::Group(_) | Chat::Direct(..) => [None, None],
        };
        std::iter::once(Lane::of_sender(chat, reader)).chain(others.into_iter().flatten())
    }

    /// The chat that the lane is part of.
    pub(in crate::store) fn chat(self) -> Chat {
        match self {
            Lane::Everyone => Chat::Everyone,
            Lane::Direct { from, to } | Lane::Unheard { from, to } => Chat::direct(from, to),
            Lane::Group(group) => Chat::Group(group),
        }
    }

    fn code(self) -> i64 {
        match self {
            Lane::Everyone => 0,
            // Of numbers with the highest bit set a sender's would look like a group's lane, and
            // another's like what is ignored, but such numbers come only after hundreds of millions
            // of accounts.
            Lane::Direct { from, to } => direct(from, to.0),
            Lane::Unheard { from, to } => direct(from, to.0 | UNHEARD),
            Lane::Group(group) => !group.0.cast_signed(),
        }
    }
}

/// The bit of the lower half of a lane that says that it is ignored.
const UNHEARD: u32 = 1 << 31;

fn direct(from: Number, lower: u32) -> i64 {
    (u64::from(from.0) << 32 | u64::from(lower)).cast_signed()
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
        let (from, lower) = (Number((halves >> 32) as u32), halves as u32);
        let to = Number(lower & !UNHEARD);
        let is_account = |number| number == Number::OPERATOR || number >= Number(Number::MIN);
        match (from.0, lower) {
            (0, 0) => Ok(Lane::Everyone),
            _ if !is_account(from) || !is_account(to) => Err(FromSqlError::OutOfRange(code)),
            (_, UNHEARD..) if from == to => Err(FromSqlError::OutOfRange(code)),
            (_, UNHEARD..) => Ok(Lane::Unheard { from, to }),
            _ => Ok(Lane::Direct { from, to }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::id::MessageId;

    const A: Number = Number(10_001);
    const B: Number = Number(65_536);

    #[test]
    fn what_one_says_is_what_the_other_reads() {
        let chat = Chat::direct(B, A);
        assert_eq!(Lane::of_sender(chat, A), Lane::to_reader(chat, B));
        assert_ne!(Lane::of_sender(chat, A), Lane::of_sender(chat, B));
        assert_eq!(Lane::read_by(A, chat).count(), 3);
        assert_eq!(Lane::read_by(A, Chat::direct(A, A)).count(), 1);
        assert!(Lane::read_by(A, chat).all(|lane| lane.chat() == chat));
        assert_eq!(Lane::to_reader(Chat::Everyone, A), Lane::Everyone);
        let group = Chat::Group(GroupId(7));
        assert_eq!(Lane::of_sender(group, A), Lane::to_reader(group, B));
        assert_eq!(Lane::read_by(A, group).count(), 1);
    }

    #[test]
    fn what_is_ignored_is_read_by_its_sender_alone() {
        let (chat, text, file_size) = (Chat::direct(A, B), "words".into(), None);
        let message =
            StoredMessage { id: MessageId(7), from: A, chat, text, file_size, is_unheard: true };
        let lane = Lane::of_message(&message);
        assert_eq!(lane, Lane::Unheard { from: A, to: B });
        assert!(Lane::read_by(A, chat).any(|read| read == lane));
        assert!(Lane::read_by(B, chat).all(|read| read != lane));
        assert_ne!(Lane::to_reader(chat, B), lane);
    }

    #[test]
    fn a_lane_is_read_back_and_nothing_else_is_one() {
        let highest = Number(i32::MAX as u32);
        let groups = [0, 1_795_521_601_123_456, i64::MAX as u64].map(|id| Chat::Group(GroupId(id)));
        let others = [Chat::Everyone, Chat::direct(A, B), Chat::direct(highest, highest)];
        let others = others.into_iter().chain([Chat::direct(Number::OPERATOR, A)]);
        for chat in others.chain(groups) {
            let Chat::Direct(reader, _) = chat else {
                let lane = Lane::of_sender(chat, A);
                assert_eq!(Lane::column_result(ValueRef::Integer(lane.code())), Ok(lane));
                continue;
            };
            for lane in Lane::read_by(reader, chat) {
                assert_eq!(Lane::column_result(ValueRef::Integer(lane.code())), Ok(lane));
            }
        }
        let own = (10_001 << 32) + 10_001 + (1 << 31);
        let wrong = [1, 10_001, 10_001 << 32, (10_001 << 32) + 9_999, (9_999 << 32) + 10_001];
        for code in wrong.into_iter().chain([own, 1 << 31]) {
            let refused = Lane::column_result(ValueRef::Integer(code));
            assert_eq!(refused, Err(FromSqlError::OutOfRange(code)));
        }
    }
}
