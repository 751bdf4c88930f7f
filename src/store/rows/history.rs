//! Queries of the history of chats: counts of unread messages, selections of ids, and the messages
//! themselves.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};

use super::lane::Lane;
use super::values::{from_sql, sql};
use super::{counts, groups};
use crate::chat::id::{GroupId, MessageId};
use crate::chat::message::{Chat, StoredMessage, Unread};
use crate::chat::name::Number;
use crate::chat::request::{COUNT_MAX, LIST_MESSAGES_MAX};
use crate::hub::job::Value;

/// The number of bytes of text after which [`fetch`] stops. A list is read in such pieces as its
/// reader takes them.
const TEXT_BYTES_PER_PIECE: usize = 32 * 1024;

/// Who reads, and how far: later messages may be there, but are not seen.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Viewer {
    /// The user who reads.
    pub(in crate::store) reader: Number,
    /// The newest message that is seen.
    pub(in crate::store) until: MessageId,
    /// The first message of `*` that is seen.
    pub(in crate::store) since: MessageId,
}

impl Viewer {
    /// A user who reads all that is there.
    pub(in crate::store) fn of_all(reader: Number) -> Self {
        Viewer { reader, until: MessageId(u64::MAX), since: MessageId(0) }
    }
}

/// Counts the unread messages of a reader in each chat but `*`: those that others sent and the
/// reader has not marked as read.
pub(in crate::store) fn count_unread(
    database: &Connection,
    viewer: Viewer,
) -> rusqlite::Result<Value> {
    let (reader, until) = (viewer.reader, sql(viewer.until));
    // In a chat with oneself nothing is unread.
    let own = Lane::Direct { from: reader, to: reader };
    let mut select = database.prepare_cached(
        "SELECT lane, (SELECT count(*) FROM (SELECT 1 FROM messages
                       WHERE lane = chats.lane AND id > chats.seen AND id <= ?5 LIMIT ?4)),
                (SELECT max(id) FROM messages WHERE lane = chats.lane AND id <= ?5) AS last
         FROM chats WHERE reader = ?1 AND lane <> ?2 AND lane <> ?3 AND last > seen",
    )?;
    let mut rows = select.query((reader.0, Lane::Everyone, own, COUNT_MAX.cast_signed(), until))?;
    let mut unread = Vec::new();
    while let Some(row) = rows.next()? {
        let lane: Lane = row.get(0)?;
        let count = row.get::<_, i64>(1)?.cast_unsigned();
        unread.push(Unread { chat: lane.chat(), count, last: from_sql(2, row.get(2)?)? });
    }
    count_in_groups(database, viewer, &mut unread)?;
    unread.sort_unstable_by_key(|unread| unread.last);
    Ok(Value::Unread(unread))
}

fn count_in_groups(
    database: &Connection,
    Viewer { reader, until, .. }: Viewer,
    unread: &mut Vec<Unread>,
) -> rusqlite::Result<()> {
    let mut groups = database
        .prepare_cached("SELECT group_id, max(seen, since - 1) FROM members WHERE number = ?1")?;
    let mut last = database.prepare_cached(
        "SELECT id FROM messages
         WHERE lane = ?1 AND lane < 0 AND id > ?2 AND sender <> ?3 AND id <= ?4
         ORDER BY id DESC LIMIT 1",
    )?;
    let mut rows = groups.query([reader.0])?;
    while let Some(row) = rows.next()? {
        let group = GroupId(row.get::<_, i64>(0)?.cast_unsigned());
        let above: i64 = row.get(1)?;
        let lane = Lane::Group(group);
        let asked = (lane, above, reader.0, sql(until));
        let last = last.query_row(asked, |row| from_sql(0, row.get(0)?));
        if let Some(last) = last.optional()? {
            let count = counts::of_others(database, lane, above..=sql(until), reader)?;
            unread.push(Unread { chat: Chat::Group(group), count, last });
        }
    }
    Ok(())
}

/// Selects the oldest unread messages of a chat, and counts how many more there are.
pub(in crate::store) fn select_unread(
    database: &Connection,
    viewer: Viewer,
    chat: Chat,
) -> rusqlite::Result<Value> {
    if let Chat::Group(group) = chat {
        return select_unread_in_group(database, viewer, group);
    }
    let (reader, until) = (viewer.reader, sql(viewer.until));
    let lane = Lane::to_reader(chat, reader);
    if lane == Lane::of_sender(chat, reader) {
        // In the chat of everyone, and in one with oneself, nothing is unread.
        return Ok(Value::Selected { ids: Vec::new(), left: 0 });
    }
    let mut select = database.prepare_cached(
        "SELECT id FROM messages WHERE lane = ?1 AND id > ifnull(
             (SELECT seen FROM chats WHERE reader = ?2 AND lane = ?1), 0) AND id <= ?4
         ORDER BY id LIMIT ?3",
    )?;
    let ids = select
        .query_map((lane, reader.0, LIST_MESSAGES_MAX, until), |row| from_sql(0, row.get(0)?))?
        .collect::<rusqlite::Result<Vec<MessageId>>>()?;
    let left = match ids.last() {
        Some(last) if ids.len() == usize::from(LIST_MESSAGES_MAX) => {
            counts::of_lane(database, lane, sql(*last)..=until)?
        }
        _ => 0,
    };
    Ok(Value::Selected { ids, left })
}

fn select_unread_in_group(
    database: &Connection,
    Viewer { reader, until, .. }: Viewer,
    group: GroupId,
) -> rusqlite::Result<Value> {
    let above: Option<i64> = database
        .prepare_cached(
            "SELECT max(seen, since - 1) FROM members WHERE group_id = ?1 AND number = ?2",
        )?
        .query_row((group.0.cast_signed(), reader.0), |row| row.get(0))
        .optional()?;
    let Some(above) = above else {
        return Ok(Value::Selected { ids: Vec::new(), left: 0 });
    };
    let lane = Lane::Group(group);
    let ids = database
        .prepare_cached(
            "SELECT id FROM messages
             WHERE lane = ?1 AND lane < 0 AND id > ?2 AND sender <> ?3 AND id <= ?5
             ORDER BY id LIMIT ?4",
        )?
        .query_map((lane, above, reader.0, LIST_MESSAGES_MAX, sql(until)), |row| {
            from_sql(0, row.get(0)?)
        })?
        .collect::<rusqlite::Result<Vec<MessageId>>>()?;
    let left = match ids.last() {
        Some(last) if ids.len() == usize::from(LIST_MESSAGES_MAX) => {
            counts::of_others(database, lane, sql(*last)..=sql(until), reader)?
        }
        _ => 0,
    };
    Ok(Value::Selected { ids, left })
}

/// Selects the last messages of a chat that a reader may read, or the last ones before an id.
pub(in crate::store) fn select_last(
    database: &Connection,
    viewer: Viewer,
    chat: Chat,
    before: Option<MessageId>,
    count: u16,
) -> rusqlite::Result<Value> {
    let Some(from) = readable_from(database, viewer, chat)? else {
        return Ok(Value::Selected { ids: Vec::new(), left: 0 });
    };
    let end = sql(viewer.until).saturating_add(1);
    let before = before.map_or(end, |before| sql(before).min(end));
    let count = count.min(LIST_MESSAGES_MAX);
    let mut select = database.prepare_cached(
        "SELECT id FROM messages WHERE lane = ?1 AND id >= ?2 AND id < ?3
         ORDER BY id DESC LIMIT ?4",
    )?;
    let mut ids = Vec::new();
    for lane in Lane::read_by(viewer.reader, chat) {
        for id in select.query_map((lane, from, before, count), |row| from_sql(0, row.get(0)?))? {
            ids.push(id?);
        }
    }
    ids.sort_unstable();
    let surplus = ids.len().saturating_sub(usize::from(count));
    ids.drain(..surplus);
    Ok(Value::Selected { ids, left: 0 })
}

/// Selects the first messages of a chat after one that a reader may read, and counts the others.
pub(in crate::store) fn select_after(
    database: &Connection,
    viewer: Viewer,
    chat: Chat,
    after: MessageId,
    count: u16,
) -> rusqlite::Result<Value> {
    let Some(above) = readable_above(database, viewer, chat, after)? else {
        return Ok(Value::Selected { ids: Vec::new(), left: 0 });
    };
    let ids = first_above(database, viewer, chat, (above, count.min(LIST_MESSAGES_MAX)))?;
    let above = ids.last().map_or(above, |last| sql(*last));
    let mut left = 0;
    for lane in Lane::read_by(viewer.reader, chat) {
        left += counts::of_lane(database, lane, above..=sql(viewer.until))?;
    }
    Ok(Value::Selected { ids, left: left.min(COUNT_MAX) })
}

/// The first messages of a chat after one that a reader may read.
pub(in crate::store) fn ids_after(
    database: &Connection,
    viewer: Viewer,
    chat: Chat,
    (after, count): (MessageId, u16),
) -> rusqlite::Result<Vec<MessageId>> {
    match readable_above(database, viewer, chat, after)? {
        Some(above) => first_above(database, viewer, chat, (above, count)),
        None => Ok(Vec::new()),
    }
}

/// Above which id are the messages of a chat that come after one and that a reader may read.
fn readable_above(
    database: &Connection,
    viewer: Viewer,
    chat: Chat,
    after: MessageId,
) -> rusqlite::Result<Option<i64>> {
    Ok(readable_from(database, viewer, chat)?.map(|from| sql(after).max(from - 1)))
}

fn first_above(
    database: &Connection,
    viewer: Viewer,
    chat: Chat,
    (above, count): (i64, u16),
) -> rusqlite::Result<Vec<MessageId>> {
    let until = sql(viewer.until);
    let mut select = database.prepare_cached(
        "SELECT id FROM messages WHERE lane = ?1 AND id > ?2 AND id <= ?4 ORDER BY id LIMIT ?3",
    )?;
    let mut ids = Vec::new();
    for lane in Lane::read_by(viewer.reader, chat) {
        for id in select.query_map((lane, above, count, until), |row| from_sql(0, row.get(0)?))? {
            ids.push(id?);
        }
    }
    ids.sort_unstable();
    ids.truncate(count.into());
    Ok(ids)
}

/// From which message on a reader may read a chat; none where it is a group of which the reader is
/// no member.
fn readable_from(
    database: &Connection,
    Viewer { reader, since, .. }: Viewer,
    chat: Chat,
) -> rusqlite::Result<Option<i64>> {
    match chat {
        Chat::Group(group) => groups::since(database, group, reader),
        Chat::Everyone => Ok(Some(sql(since))),
        Chat::Direct(..) => Ok(Some(0)),
    }
}

/// Reads the messages with these ids, from the first on, up to a number of bytes. Messages that
/// were removed meanwhile are left out, so an empty result says that none of them exists any more.
pub(in crate::store) fn fetch(
    database: &Connection,
    ids: &[MessageId],
) -> rusqlite::Result<Vec<StoredMessage>> {
    let mut select = database.prepare_cached(
        "SELECT id, lane, messages.sender, text, size
         FROM messages LEFT JOIN sent ON message = id WHERE id = ?1",
    )?;
    let mut messages = Vec::new();
    let mut bytes = 0;
    for id in ids {
        let mut rows = select.query([sql(*id)])?;
        let Some(row) = rows.next()? else { continue };
        let message = parse(row)?;
        bytes += message.text.len();
        messages.push(message);
        if bytes >= TEXT_BYTES_PER_PIECE {
            break;
        }
    }
    Ok(messages)
}

fn parse(row: &Row<'_>) -> rusqlite::Result<StoredMessage> {
    let lane: Lane = row.get(1)?;
    Ok(StoredMessage {
        id: from_sql(0, row.get(0)?)?,
        from: Number(row.get(2)?),
        chat: lane.chat(),
        text: Arc::from(row.get_ref(3)?.as_str()?),
        file_size: row.get::<_, Option<i64>>(4)?.map(i64::cast_unsigned),
        is_unheard: matches!(lane, Lane::Unheard { .. }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::schema;

    /// SQLite's plan for a query.
    fn plan(database: &Connection, query: &str) -> String {
        let mut explain = database.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let steps = explain.query_map([], |row| row.get::<_, String>(3)).unwrap();
        steps.collect::<Result<Vec<_>, _>>().unwrap().join("\n")
    }

    #[test]
    fn a_chat_is_one_range_of_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        for query in [
            "SELECT count(*) FROM messages WHERE lane = 1 AND id > 2 AND id <= 9",
            "SELECT id FROM messages WHERE lane = 1 AND id > 2 AND id <= 9 ORDER BY id LIMIT 3",
            "SELECT id FROM messages WHERE lane = 1 AND id >= 2 AND id < 9
             ORDER BY id DESC LIMIT 3",
        ] {
            let range = "SEARCH messages USING COVERING INDEX messages_by_lane \
                         (lane=? AND rowid>? AND rowid<?)";
            assert_eq!(plan(&database, query), range, "{query}");
        }
        let query = "SELECT 1 FROM messages INDEXED BY messages_of_everyone
                     WHERE lane = 0 AND id > 2 AND id <= 9 AND sender <> 3";
        let range = "SEARCH messages USING COVERING INDEX messages_of_everyone \
                     (lane=? AND id>? AND id<?)";
        assert_eq!(plan(&database, query), range);
        let query = "SELECT max(id) FROM messages WHERE lane = 1 AND id <= 9";
        let range = "SEARCH messages USING COVERING INDEX messages_by_lane (lane=? AND rowid<?)";
        assert_eq!(plan(&database, query), range);
        for query in [
            "SELECT count(*), max(id) FROM messages
             WHERE lane = 1 AND lane < 0 AND id > 2 AND id <= 9 AND sender <> 3",
            "SELECT id FROM messages
             WHERE lane = 1 AND lane < 0 AND id > 2 AND id <= 9 AND sender <> 3
             ORDER BY id LIMIT 4",
        ] {
            let range = "SEARCH messages USING COVERING INDEX messages_by_group \
                         (lane=? AND id>? AND id<?)";
            assert_eq!(plan(&database, query), range, "{query}");
        }
    }
}
