//! The tables of messages, and of how far users have read their chats.

use rusqlite::{Connection, OptionalExtension, Row};

use super::lane::Lane;
use super::values::{from_sql, sql};
use crate::chat::id::MessageId;
use crate::chat::message::{Chat, StoredMessage};
use crate::chat::name::Number;

/// Inserts a message.
pub(in crate::store) fn keep(
    database: &Connection,
    message: &StoredMessage,
) -> rusqlite::Result<()> {
    let lane = Lane::of_message(message);
    database
        .prepare_cached("INSERT INTO messages (id, lane, sender, text) VALUES (?1, ?2, ?3, ?4)")?
        .execute((sql(message.id), lane, message.from.0, &*message.text))?;
    let (Lane::Direct { from, to } | Lane::Unheard { from, to }) = lane else { return Ok(()) };
    let mut insert = database.prepare_cached(
        "INSERT INTO chats (reader, lane, seen) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING",
    )?;
    if !message.is_unheard {
        insert.execute((to.0, lane))?;
    }
    insert.execute((from.0, Lane::Direct { from: to, to: from }))?;
    Ok(())
}

/// Loads an upper bound of all ids given out so far: the stored mark, or above all messages and
/// keys if that is higher.
pub(in crate::store) fn load_id_mark(database: &Connection) -> rusqlite::Result<MessageId> {
    let mark = database.query_row(
        "SELECT max(id_mark,
                    ifnull((SELECT max(id) + 1 FROM messages), 0),
                    ifnull((SELECT max(message) + 1 FROM keys), 0)) FROM store",
        [],
        |row| row.get(0),
    )?;
    from_sql(0, mark)
}

/// Raises the stored mark, which is above all ids given out, unless it is higher already.
pub(in crate::store) fn raise_id_mark(
    database: &Connection,
    mark: MessageId,
) -> rusqlite::Result<()> {
    database.prepare_cached("UPDATE store SET id_mark = max(id_mark, ?1)")?.execute([sql(mark)])?;
    Ok(())
}

/// Marks a chat as read up to a message. A smaller id than before changes nothing. Returns the
/// message up to which the chat is read then, and true if that is a change.
pub(in crate::store) fn mark_seen(
    database: &Connection,
    reader: Number,
    chat: Chat,
    id: MessageId,
) -> rusqlite::Result<(MessageId, bool)> {
    let mark = |row: &Row<'_>| from_sql(0, row.get(0)?);
    if let Chat::Group(group) = chat {
        let member = (group.0.cast_signed(), reader.0);
        let changed = database
            .prepare_cached(
                "UPDATE members SET seen = ?3 WHERE group_id = ?1 AND number = ?2 AND seen < ?3",
            )?
            .execute((member.0, member.1, sql(id)))?;
        let marked = database
            .prepare_cached("SELECT seen FROM members WHERE group_id = ?1 AND number = ?2")?
            .query_row(member, mark)
            .optional()?;
        // A member who has left meanwhile has no mark.
        return Ok((marked.unwrap_or(id), changed > 0));
    }
    let lane = Lane::to_reader(chat, reader);
    let changed = database
        .prepare_cached(
            "INSERT INTO chats (reader, lane, seen) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET seen = excluded.seen WHERE seen < excluded.seen",
        )?
        .execute((reader.0, lane, sql(id)))?;
    let marked = database
        .prepare_cached("SELECT seen FROM chats WHERE reader = ?1 AND lane = ?2")?
        .query_row((reader.0, lane), mark)?;
    Ok((marked, changed > 0 && marked.0 > 0))
}
