//! The chats of a user: with the last message of each, and how much of it is unread.
//!
//! The last message of a chat is found by its index, however many messages there are. So a list
//! costs what the user has chats, and its counts end early.

use std::cmp::Reverse;

use rusqlite::{Connection, OptionalExtension};

use super::lane::Lane;
use super::values::{from_sql, sql};
use super::{counts, history};
use crate::chat::id::{GroupId, MessageId};
use crate::chat::message::{Chat, ChatSummary};
use crate::chat::name::Number;
use crate::chat::request::{COUNT_MAX, LIST_CHATS_MAX};
use crate::hub::job::Value;

/// A chat that may be listed.
struct Candidate {
    chat: Chat,
    /// The message up to which it is read.
    seen: i64,
    /// The first message that the user may read.
    since: i64,
    /// The last message.
    last: Option<MessageId>,
}

/// Lists the chats of a user of which the last message is before one: the newest first, and then
/// groups in which nothing was said, by their ids.
pub(in crate::store) fn list(
    database: &Connection,
    reader: Number,
    before: Option<MessageId>,
) -> rusqlite::Result<Value> {
    let mut found = direct(database, reader)?;
    found.push(everyone(database, reader)?);
    found.retain(|chat| chat.last.is_some());
    found.extend(groups(database, reader)?);
    if let Some(before) = before {
        found.retain(|chat| chat.last.is_none_or(|last| last < before));
    }
    found.sort_by_key(|chat| Reverse(chat.last));
    let left = (found.len().saturating_sub(LIST_CHATS_MAX) as u64).min(COUNT_MAX);
    found.truncate(LIST_CHATS_MAX);
    let chats = found.into_iter().map(|chat| summary(database, reader, &chat));
    Ok(Value::Chats { chats: chats.collect::<rusqlite::Result<_>>()?, left })
}

fn direct(database: &Connection, reader: Number) -> rusqlite::Result<Vec<Candidate>> {
    let mut select =
        database.prepare_cached("SELECT lane, seen FROM chats WHERE reader = ?1 AND lane <> ?2")?;
    let mut rows = select.query((reader.0, Lane::Everyone))?;
    let mut chats = Vec::new();
    while let Some(row) = rows.next()? {
        let chat = row.get::<_, Lane>(0)?.chat();
        let last = last(database, chat, 0)?;
        chats.push(Candidate { chat, seen: row.get(1)?, since: 0, last });
    }
    Ok(chats)
}

fn everyone(database: &Connection, reader: Number) -> rusqlite::Result<Candidate> {
    let seen = database
        .prepare_cached("SELECT seen FROM chats WHERE reader = ?1 AND lane = ?2")?
        .query_row((reader.0, Lane::Everyone), |row| row.get(0))
        .optional()?;
    let (chat, seen) = (Chat::Everyone, seen.unwrap_or(0));
    Ok(Candidate { chat, seen, since: 0, last: last(database, chat, 0)? })
}

fn groups(database: &Connection, reader: Number) -> rusqlite::Result<Vec<Candidate>> {
    let mut select = database.prepare_cached(
        "SELECT group_id, seen, since FROM members WHERE number = ?1 ORDER BY group_id",
    )?;
    let mut rows = select.query([reader.0])?;
    let mut chats = Vec::new();
    while let Some(row) = rows.next()? {
        let chat = Chat::Group(GroupId(row.get::<_, i64>(0)?.cast_unsigned()));
        let since = row.get(2)?;
        let last = last(database, chat, since)?;
        chats.push(Candidate { chat, seen: row.get(1)?, since, last });
    }
    Ok(chats)
}

/// The last message of a chat, unless it is before `since`.
fn last(database: &Connection, chat: Chat, since: i64) -> rusqlite::Result<Option<MessageId>> {
    let mut select =
        database.prepare_cached("SELECT max(id) FROM messages WHERE lane = ?1 AND id >= ?2")?;
    let mut last = None;
    for lane in Lane::all(chat) {
        let id: Option<i64> = select.query_row((lane, since), |row| row.get(0))?;
        last = last.max(id);
    }
    last.map(|id| from_sql(0, id)).transpose()
}

fn summary(
    database: &Connection,
    reader: Number,
    candidate: &Candidate,
) -> rusqlite::Result<ChatSummary> {
    let Candidate { chat, seen, since, last } = *candidate;
    let lane = Lane::to_reader(chat, reader);
    let above = seen.max(since - 1);
    let unread = match (chat, last) {
        (_, Some(last)) if sql(last) <= above => 0,
        // Of a chat with oneself nothing is unread.
        (Chat::Direct(one, other), _) if one == other => 0,
        (_, None) => 0,
        (Chat::Direct(..), _) => counts::of_lane(database, lane, above)?,
        (Chat::Everyone | Chat::Group(_), _) => counts::of_others(database, lane, above, reader)?,
    };
    let last = match last {
        Some(last) => history::fetch(database, &[last])?.pop(),
        None => None,
    };
    Ok(ChatSummary { chat, unread, seen: from_sql(1, seen)?, last })
}

#[cfg(test)]
mod tests;
