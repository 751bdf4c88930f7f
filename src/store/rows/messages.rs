//! The tables of messages, and of how far users have read their chats.

use rusqlite::Connection;

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
    let lane = Lane::of_sender(message.chat, message.from);
    database
        .prepare_cached("INSERT INTO messages (id, lane, sender, text) VALUES (?1, ?2, ?3, ?4)")?
        .execute((sql(message.id), lane, message.from.0, &*message.text))?;
    if let Lane::Direct { from, to } = lane {
        let back = Lane::Direct { from: to, to: from };
        let mut insert = database.prepare_cached(
            "INSERT INTO chats (reader, lane, seen) VALUES (?1, ?2, 0) ON CONFLICT DO NOTHING",
        )?;
        insert.execute((to.0, lane))?;
        insert.execute((from.0, back))?;
    }
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

/// Marks a chat as read up to a message. A smaller id than before changes nothing.
pub(in crate::store) fn mark_seen(
    database: &Connection,
    reader: Number,
    chat: Chat,
    id: MessageId,
) -> rusqlite::Result<()> {
    if let Chat::Group(group) = chat {
        database
            .prepare_cached(
                "UPDATE members SET seen = ?3 WHERE group_id = ?1 AND number = ?2 AND seen < ?3",
            )?
            .execute((group.0.cast_signed(), reader.0, sql(id)))?;
        return Ok(());
    }
    database
        .prepare_cached(
            "INSERT INTO chats (reader, lane, seen) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET seen = excluded.seen WHERE seen < excluded.seen",
        )?
        .execute((reader.0, Lane::to_reader(chat, reader), sql(id)))?;
    Ok(())
}
