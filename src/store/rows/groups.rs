//! The tables of groups and their members.
//!
//! Changes of groups are written row by row; a whole group is written if it is new, or if such a
//! change could not be stored. The numbers by which lists are ordered may have gaps.
//!
//! The rows of a group that ends are deleted at once. It gets a row in `ended`, and its messages
//! are removed later.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Row, ffi};

use super::people::stored_people;
use super::values::{bounded, sql};
use super::{outsiders, untold};
use crate::chat::group::{GroupRecord, GroupRow, GroupSettings, MemberRecord, TopicSet};
use crate::chat::id::{GroupId, MessageId};
use crate::chat::message::Chat;
use crate::chat::name::{GroupName, Number};
use crate::chat::text::InvalidTopic;
use crate::store::error::StoreFault;

/// The first version of the schema that has ops.
const SCHEMA_WITH_OPS: u32 = 7;
/// The first version of the schema that has the ends of memberships, and which are news.
const SCHEMA_WITH_ENDS: u32 = 8;
/// The first version of the schema that has topics, settings, and who is shut out.
const SCHEMA_WITH_TOPICS: u32 = 11;
/// The first version of the schema that has invitations of which nobody is told.
const SCHEMA_WITH_UNHEARD: u32 = 14;

/// Inserts or updates a member. An existing member keeps the place among the members, and among the
/// ops.
const PUT_MEMBER: &str = "INSERT INTO members (group_id, number, since, ends, news, place, op)
    SELECT id, ?2, ?3, ?4, ?5,
        (SELECT coalesce(max(place) + 1, 0) FROM members WHERE group_id = ?1),
        CASE WHEN ?6 THEN (SELECT coalesce(max(op) + 1, 0) FROM members
                           WHERE group_id = ?1 AND op IS NOT NULL) END
    FROM groups WHERE id = ?1
    ON CONFLICT DO UPDATE SET since = ?3, ends = ?4, news = ?5,
        op = CASE WHEN ?6 THEN coalesce(op, excluded.op) END";
/// Stores a whole group. Only the rows that differ are written.
pub(in crate::store) fn save(database: &Connection, group: &GroupRecord) -> rusqlite::Result<()> {
    let id = group.id.0.cast_signed();
    let (GroupSettings { kept, public, open_topic }, made_by) = (group.settings, group.made_by.0);
    database
        .prepare_cached(
            "INSERT INTO groups (id, name, admin, kept, public, open_topic, made_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET name = ?2, admin = ?3, kept = ?4, public = ?5,
                 open_topic = ?6, made_by = ?7",
        )?
        .execute((id, group.name.to_string(), group.admin.0, kept, public, open_topic, made_by))?;
    put_topic(database, group.id, group.topic.as_ref())?;
    save_members(database, id, &group.members)?;
    save_ops(database, id, &group.ops)?;
    outsiders::save(database, group)
}

/// Sets the topic of a group, or removes it.
fn put_topic(
    database: &Connection,
    group: GroupId,
    topic: Option<&TopicSet>,
) -> rusqlite::Result<()> {
    let columns = topic.map(|set| (set.topic.as_str(), set.by.0, bounded(set.at)));
    let (text, by, at) =
        columns.map_or((None, None, None), |(text, by, at)| (Some(text), Some(by), Some(at)));
    database
        .prepare_cached("UPDATE groups SET topic = ?2, topic_by = ?3, topic_at = ?4 WHERE id = ?1")?
        .execute((group.0.cast_signed(), text, by, at))?;
    Ok(())
}

fn save_members(database: &Connection, id: i64, members: &[MemberRecord]) -> rusqlite::Result<()> {
    let select = "SELECT number, place, since, ends, news FROM members WHERE group_id = ?1";
    let mut stored = stored_people(database, id, select, |row| {
        Ok((row.get(1)?, (row.get(2)?, row.get(3)?, row.get(4)?)))
    })?;
    let mut upsert = database.prepare_cached(
        "INSERT INTO members (group_id, number, place, since, ends, news)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET place = ?3, since = ?4, ends = ?5, news = ?6",
    )?;
    let mut last = -1;
    for member in members {
        let old = stored.remove(&member.number);
        let place = old.map(|(place, _)| place).filter(|place| *place > last).unwrap_or(last + 1);
        last = place;
        let columns = (sql(member.since), member.ends.map(bounded), member.is_news);
        if old != Some((place, columns)) {
            let (since, ends, news) = columns;
            upsert.execute((id, member.number.0, place, since, ends, news))?;
        }
    }
    let mut delete =
        database.prepare_cached("DELETE FROM members WHERE group_id = ?1 AND number = ?2")?;
    for number in stored.keys() {
        delete.execute((id, number.0))?;
    }
    Ok(())
}

fn save_ops(database: &Connection, id: i64, ops: &[Number]) -> rusqlite::Result<()> {
    let select = "SELECT number, op FROM members WHERE group_id = ?1 AND op IS NOT NULL";
    let mut stored = stored_people(database, id, select, |row| row.get::<_, i64>(1))?;
    let mut update = database
        .prepare_cached("UPDATE members SET op = ?3 WHERE group_id = ?1 AND number = ?2")?;
    for (place, number) in (0..).zip(ops) {
        if stored.remove(number) != Some(place) {
            update.execute((id, number.0, place))?;
        }
    }
    for number in stored.keys() {
        update.execute((id, number.0, None::<i64>))?;
    }
    Ok(())
}

/// Stores changed rows of groups. Rows of a group that has ended change nothing.
///
/// # Errors
/// Also if a group would have no admin among its ops, which can happen if an earlier change was not
/// stored, and would keep the next server from starting. Then the transaction must be rolled back.
pub(in crate::store) fn change(database: &Connection, rows: &[GroupRow]) -> rusqlite::Result<()> {
    let mut touched = BTreeSet::new();
    for row in rows {
        match *row {
            GroupRow::Group { id, admin, settings } => {
                let GroupSettings { kept, public, open_topic } = settings;
                database
                    .prepare_cached(
                        "UPDATE groups SET admin = ?2, kept = ?3, public = ?4, open_topic = ?5
                         WHERE id = ?1",
                    )?
                    .execute((id.0.cast_signed(), admin.0, kept, public, open_topic))?;
                touched.insert(id);
            }
            GroupRow::Topic { group, ref topic } => put_topic(database, group, topic.as_ref())?,
            GroupRow::Member { group, ref member, is_op } => {
                put_member(database, group, member, is_op)?;
                touched.insert(group);
            }
            GroupRow::NoMember { group, number } => {
                database
                    .prepare_cached("DELETE FROM members WHERE group_id = ?1 AND number = ?2")?
                    .execute((group.0.cast_signed(), number.0))?;
                // Of a member of whose end the table knew nothing there may be a request since.
                database
                    .prepare_cached("DELETE FROM candidates WHERE group_id = ?1 AND number = ?2")?
                    .execute((group.0.cast_signed(), number.0))?;
                touched.insert(group);
            }
            GroupRow::Candidate { .. }
            | GroupRow::NoCandidate { .. }
            | GroupRow::Unheard { .. }
            | GroupRow::ShutOut { .. }
            | GroupRow::NotShutOut { .. }
            | GroupRow::TurnedDown { .. } => outsiders::change(database, row)?,
            GroupRow::Ended(group) => end(database, group)?,
            GroupRow::Untold { number, name } => untold::add(database, number, name)?,
            GroupRow::Told { number } => untold::remove(database, number)?,
        }
    }
    touched.into_iter().try_for_each(|group| check_admin(database, group))
}

/// Inserts or updates a member; see [`PUT_MEMBER`].
fn put_member(
    database: &Connection,
    group: GroupId,
    member: &MemberRecord,
    is_op: bool,
) -> rusqlite::Result<()> {
    let MemberRecord { number, since, ends, is_news } = *member;
    database.prepare_cached(PUT_MEMBER)?.execute((
        group.0.cast_signed(),
        number.0,
        sql(since),
        ends.map(bounded),
        is_news,
        is_op,
    ))?;
    Ok(())
}

/// # Errors
/// A constraint violation, if the group exists and its admin is not among its ops.
fn check_admin(database: &Connection, group: GroupId) -> rusqlite::Result<()> {
    let is_without = database
        .prepare_cached(
            "SELECT 1 FROM groups WHERE id = ?1 AND NOT EXISTS (
                 SELECT 1 FROM members
                 WHERE group_id = groups.id AND number = groups.admin AND op IS NOT NULL)",
        )?
        .exists([group.0.cast_signed()])?;
    if is_without {
        let error = ffi::Error::new(ffi::SQLITE_CONSTRAINT);
        let text = format!("the group {} would have no admin among its ops", group.0);
        return Err(rusqlite::Error::SqliteFailure(error, Some(text)));
    }
    Ok(())
}

/// Ends a group. Its messages can't be read any more, and are removed later, in steps.
pub(in crate::store) fn end(database: &Connection, group: GroupId) -> rusqlite::Result<()> {
    let id = group.0.cast_signed();
    let ended = database.prepare_cached("DELETE FROM groups WHERE id = ?1")?.execute([id])?;
    if ended > 0 {
        database
            .prepare_cached("INSERT INTO ended (group_id) VALUES (?1) ON CONFLICT DO NOTHING")?
            .execute([id])?;
    }
    Ok(())
}

/// Ends all groups that are not kept, because they end when the server stops.
pub(in crate::store) fn end_unkept(database: &mut Connection) -> rusqlite::Result<()> {
    let transaction = database.transaction()?;
    transaction.execute_batch(
        "INSERT INTO ended (group_id) SELECT id FROM groups WHERE NOT kept ON CONFLICT DO NOTHING;
         DELETE FROM groups WHERE NOT kept;",
    )?;
    transaction.commit()
}

/// Returns true if the chat is a group that does not exist.
pub(in crate::store) fn is_gone(database: &Connection, chat: Chat) -> rusqlite::Result<bool> {
    let Chat::Group(group) = chat else { return Ok(false) };
    let found = database
        .prepare_cached("SELECT 1 FROM groups WHERE id = ?1")?
        .exists([group.0.cast_signed()])?;
    Ok(!found)
}

/// The name of a group; `None` if it has ended.
pub(in crate::store) fn name(
    database: &Connection,
    group: GroupId,
) -> rusqlite::Result<Option<String>> {
    database
        .prepare_cached("SELECT name FROM groups WHERE id = ?1")?
        .query_row([group.0.cast_signed()], |row| row.get(0))
        .optional()
}

/// The first message that a user may read in a group; `None` if the user is not a member.
pub(in crate::store) fn since(
    database: &Connection,
    group: GroupId,
    reader: Number,
) -> rusqlite::Result<Option<i64>> {
    database
        .prepare_cached("SELECT since FROM members WHERE group_id = ?1 AND number = ?2")?
        .query_row((group.0.cast_signed(), reader.0), |row| row.get(0))
        .optional()
}

/// The groups of a user, each with the first message that the user may read.
pub(in crate::store) fn of_reader(
    database: &Connection,
    reader: Number,
) -> rusqlite::Result<Vec<(GroupId, i64)>> {
    database
        .prepare_cached("SELECT group_id, since FROM members WHERE number = ?1")?
        .query_map([reader.0], |row| {
            Ok((GroupId(row.get::<_, i64>(0)?.cast_unsigned()), row.get(1)?))
        })?
        .collect()
}

/// Loads all groups, oldest first.
///
/// # Errors
/// [`StoreFault::MalformedGroup`] if a row is not as a server writes it.
pub(in crate::store) fn load(database: &Connection) -> Result<Vec<GroupRecord>, StoreFault> {
    load_of_schema(database, SCHEMA_WITH_UNHEARD)
}

/// Loads all groups of a database that may have an older schema, oldest first.
///
/// # Errors
/// As for [`load`].
pub(in crate::store) fn load_of_schema(
    database: &Connection,
    schema: u32,
) -> Result<Vec<GroupRecord>, StoreFault> {
    let mut select = database.prepare(match schema {
        SCHEMA_WITH_TOPICS.. => {
            "SELECT id, name, admin, kept, made_by, public, open_topic, topic, topic_by, topic_at
             FROM groups ORDER BY id"
        }
        SCHEMA_WITH_OPS.. => {
            "SELECT id, name, admin, kept, made_by, 0, 0, NULL, NULL, NULL
             FROM groups ORDER BY id"
        }
        _ => {
            "SELECT id, name, admin, kept, admin, 0, 0, NULL, NULL, NULL
             FROM groups ORDER BY id"
        }
    })?;
    let mut rows = select.query([])?;
    let mut groups = Vec::new();
    while let Some(row) = rows.next()? {
        let mut group = load_row(row)?;
        let id = group.id.0.cast_signed();
        let malformed = |what| StoreFault::MalformedGroup { id, what };
        group.members = load_members(database, id, schema >= SCHEMA_WITH_ENDS)?;
        if !group.members.iter().any(|member| member.number == group.admin) {
            return Err(malformed("admin"));
        }
        if schema >= SCHEMA_WITH_OPS {
            group.ops = load_ops(database, id)?;
        }
        if !group.ops.contains(&group.admin) {
            return Err(malformed("admin, who is no op,"));
        }
        outsiders::load_candidates(database, &mut group)?;
        if schema >= SCHEMA_WITH_TOPICS {
            outsiders::load_others(database, &mut group)?;
        }
        if schema >= SCHEMA_WITH_UNHEARD {
            outsiders::load_unheard(database, &mut group)?;
        }
        groups.push(group);
    }
    Ok(groups)
}

/// Loads the row of a group, without members but its admin, who is its op.
fn load_row(row: &Row<'_>) -> Result<GroupRecord, StoreFault> {
    let id: i64 = row.get(0)?;
    let malformed = |what| StoreFault::MalformedGroup { id, what };
    let number = |column, what| -> Result<Number, StoreFault> {
        u32::try_from(row.get::<_, i64>(column)?).map(Number).map_err(|_| malformed(what))
    };
    let mark = |column, what| match row.get(column)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(malformed(what)),
    };
    let name: GroupName = row.get::<_, String>(1)?.parse().map_err(|_| malformed("name"))?;
    let admin = number(2, "admin")?;
    let made_by = row.get::<_, Option<i64>>(4)?.and_then(|number| u32::try_from(number).ok());
    let topic = match row.get::<_, Option<String>>(7)? {
        None => None,
        Some(topic) => Some(TopicSet {
            topic: topic.parse().map_err(|InvalidTopic| malformed("topic"))?,
            by: number(8, "user who set the topic")?,
            at: u64::try_from(row.get::<_, i64>(9)?).map_err(|_| malformed("time of the topic"))?,
        }),
    };
    if id < 0 {
        return Err(malformed("id"));
    }
    let made_by = made_by.map(Number).ok_or(malformed("maker"))?;
    Ok(GroupRecord {
        admin,
        ops: vec![admin],
        settings: GroupSettings {
            kept: mark(3, "mark of being kept")?,
            public: mark(5, "mark of being public")?,
            open_topic: mark(6, "mark of an open topic")?,
        },
        topic,
        ..GroupRecord::new(GroupId(id.cast_unsigned()), name, made_by)
    })
}

fn load_members(
    database: &Connection,
    id: i64,
    have_ends: bool,
) -> Result<Vec<MemberRecord>, StoreFault> {
    let malformed = |_| StoreFault::MalformedGroup { id, what: "member" };
    let mut select = database.prepare_cached(match have_ends {
        true => {
            "SELECT number, since, ends, news FROM members WHERE group_id = ?1
             ORDER BY place, number"
        }
        false => {
            "SELECT number, since, NULL, 0 FROM members WHERE group_id = ?1
             ORDER BY place, number"
        }
    })?;
    let mut rows = select.query([id])?;
    let mut members = Vec::new();
    while let Some(row) = rows.next()? {
        let ends: Option<i64> = row.get(2)?;
        members.push(MemberRecord {
            number: Number(u32::try_from(row.get::<_, i64>(0)?).map_err(malformed)?),
            since: MessageId(u64::try_from(row.get::<_, i64>(1)?).map_err(malformed)?),
            ends: ends.map(u64::try_from).transpose().map_err(malformed)?,
            is_news: match row.get(3)? {
                0 => false,
                1 => true,
                _ => return Err(StoreFault::MalformedGroup { id, what: "mark of being news" }),
            },
        });
    }
    Ok(members)
}

fn load_ops(database: &Connection, id: i64) -> Result<Vec<Number>, StoreFault> {
    let mut select = database.prepare_cached(
        "SELECT number FROM members WHERE group_id = ?1 AND op IS NOT NULL ORDER BY op, number",
    )?;
    let ops = select.query_map([id], |row| row.get(0).map(Number))?;
    Ok(ops.collect::<rusqlite::Result<_>>()?)
}

#[cfg(test)]
mod tests;
