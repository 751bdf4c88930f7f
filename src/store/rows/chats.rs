//! The chats of a user: with the last message of each, and how much of it is unread.
//!
//! The last message of a chat is found by its index, however many messages there are. So a list
//! costs what the user has chats, and its counts end early.

use std::cmp::Reverse;

use rusqlite::{Connection, OptionalExtension};

use super::history::Viewer;
use super::lane::Lane;
use super::values::{from_sql, sql};
use super::{counts, history};
use crate::chat::id::{GroupId, MessageId};
use crate::chat::message::{Chat, ChatSummary, StoredMessage};
use crate::chat::request::{COUNT_MAX, LIST_CHATS_MAX};
use crate::hub::job::Value;

/// A chat that may be listed.
struct Candidate {
    chat: Chat,
    /// The message up to which it is read.
    seen: i64,
    /// The last message that is read, or that the user may not read.
    above: i64,
    /// The last message that others may have sent.
    heard: Option<i64>,
    /// The last message.
    last: Option<i64>,
}

/// Lists the chats of a user of which the last message is before one: the newest first, and then
/// groups in which nothing was said, by their ids.
pub(in crate::store) fn list(
    database: &Connection,
    viewer: Viewer,
    before: Option<MessageId>,
) -> rusqlite::Result<Value> {
    let mut found = direct(database, viewer)?;
    found.push(everyone(database, viewer)?);
    found.retain(|chat| chat.last.is_some());
    found.extend(groups(database, viewer)?);
    if let Some(before) = before {
        found.retain(|chat| chat.last.is_none_or(|last| last < sql(before)));
    }
    found.sort_by_key(|chat| Reverse(chat.last));
    let left = (found.len().saturating_sub(LIST_CHATS_MAX) as u64).min(COUNT_MAX);
    found.truncate(LIST_CHATS_MAX);
    let mut last = last_messages(database, &found)?.into_iter();
    let chats = found.into_iter().map(|chat| {
        let last = chat.last.and_then(|_| last.next());
        let unread = unread(database, viewer, &chat)?;
        Ok(ChatSummary { chat: chat.chat, unread, seen: from_sql(1, chat.seen)?, last })
    });
    Ok(Value::Chats { chats: chats.collect::<rusqlite::Result<_>>()?, left })
}

fn direct(
    database: &Connection,
    Viewer { reader, until, .. }: Viewer,
) -> rusqlite::Result<Vec<Candidate>> {
    // One statement: SQLite finds each lane from where it found the one before.
    let mut select = database.prepare_cached(
        "SELECT lane, seen,
                (SELECT max(id) FROM messages WHERE lane = chats.lane AND id <= ?3),
                (SELECT max(id) FROM messages
                 WHERE lane = (((chats.lane & 4294967295) << 32) | (chats.lane >> 32))
                 AND id <= ?3),
                (SELECT max(id) FROM messages
                 WHERE lane = (((chats.lane & 4294967295) << 32) | (chats.lane >> 32)
                               | 2147483648)
                 AND id <= ?3)
         FROM chats WHERE reader = ?1 AND lane <> ?2",
    )?;
    let rows = select.query_map((reader.0, Lane::Everyone, sql(until)), |row| {
        let chat = row.get::<_, Lane>(0)?.chat();
        let seen = row.get(1)?;
        let (heard, said): (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
        let unheard: Option<i64> = row.get(4)?;
        let last = heard.max(said).max(unheard);
        Ok(Candidate { chat, seen, above: seen, heard, last })
    })?;
    rows.collect()
}

fn everyone(
    database: &Connection,
    Viewer { reader, until, since }: Viewer,
) -> rusqlite::Result<Candidate> {
    let seen = database
        .prepare_cached("SELECT seen FROM chats WHERE reader = ?1 AND lane = ?2")?
        .query_row((reader.0, Lane::Everyone), |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let last: Option<i64> = database
        .prepare_cached("SELECT max(id) FROM messages WHERE lane = ?1 AND id <= ?2")?
        .query_row((Lane::Everyone, sql(until)), |row| row.get(0))?;
    let last = last.filter(|last| *last >= sql(since));
    let above = sql(since).saturating_sub(1).max(seen);
    Ok(Candidate { chat: Chat::Everyone, seen, above, heard: last, last })
}

fn groups(
    database: &Connection,
    Viewer { reader, until, .. }: Viewer,
) -> rusqlite::Result<Vec<Candidate>> {
    // The lane of a group is its id with all bits turned.
    let mut select = database.prepare_cached(
        "SELECT group_id, seen, since,
                (SELECT max(id) FROM messages WHERE lane = ~members.group_id AND id <= ?2)
         FROM members WHERE number = ?1 ORDER BY group_id",
    )?;
    let rows = select.query_map((reader.0, sql(until)), |row| {
        let chat = Chat::Group(GroupId(row.get::<_, i64>(0)?.cast_unsigned()));
        let (seen, since): (i64, i64) = (row.get(1)?, row.get(2)?);
        let last = row.get::<_, Option<i64>>(3)?.filter(|last| *last >= since);
        let above = seen.max(since - 1);
        Ok(Candidate { chat, seen, above, heard: last, last })
    })?;
    rows.collect()
}

/// The last messages of chats, in their order, of those that have one.
fn last_messages(
    database: &Connection,
    chats: &[Candidate],
) -> rusqlite::Result<Vec<StoredMessage>> {
    let ids = chats.iter().filter_map(|chat| chat.last).map(|id| from_sql(0, id));
    let ids = ids.collect::<rusqlite::Result<Vec<MessageId>>>()?;
    let mut messages = Vec::with_capacity(ids.len());
    while messages.len() < ids.len() {
        let piece = history::fetch(database, &ids[messages.len()..])?;
        debug_assert!(!piece.is_empty(), "they are there, in the same transaction");
        if piece.is_empty() {
            break;
        }
        messages.extend(piece);
    }
    Ok(messages)
}

/// The number of messages of a chat that others sent and the reader has not marked as read.
fn unread(
    database: &Connection,
    Viewer { reader, until, .. }: Viewer,
    chat: &Candidate,
) -> rusqlite::Result<u64> {
    let Candidate { chat, above, heard, .. } = *chat;
    // In a chat with oneself one hears nobody.
    if heard.is_none_or(|heard| heard <= above) || chat == Chat::direct(reader, reader) {
        return Ok(0);
    }
    let (lane, ids) = (Lane::to_reader(chat, reader), above..=sql(until));
    match chat {
        Chat::Direct(..) => counts::of_lane(database, lane, ids),
        Chat::Everyone | Chat::Group(_) => counts::of_others(database, lane, ids, reader),
    }
}

#[cfg(test)]
mod tests;
