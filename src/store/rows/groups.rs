//! The groups in the database: who their members are, and from which message on each reads.
//!
//! A group that ends is gone at once. What was said in it is noted as ended, and removed later.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use super::values::sql;
use crate::chat::group::GroupRecord;
use crate::chat::id::{GroupId, MessageId};
use crate::chat::message::Chat;
use crate::chat::name::{GroupName, Number};
use crate::store::error::StoreFault;

/// Keeps a group as it is now, in place of what it was. Only what differs is written, since mostly
/// that is one member.
pub(in crate::store) fn save(database: &Connection, group: &GroupRecord) -> rusqlite::Result<()> {
    let id = group.id.0.cast_signed();
    database
        .prepare_cached(
            "INSERT INTO groups (id, name, admin, kept, made_by) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET name = ?2, admin = ?3, kept = ?4, made_by = ?5",
        )?
        .execute((id, group.name.to_string(), group.admin.0, group.kept, group.made_by.0))?;
    save_members(database, id, &group.members)?;
    save_ops(database, id, &group.ops)?;
    save_candidates(database, id, false, &group.asked)?;
    save_candidates(database, id, true, &group.asking)
}

fn save_members(
    database: &Connection,
    id: i64,
    members: &[(Number, MessageId)],
) -> rusqlite::Result<()> {
    let select = "SELECT number, place, since FROM members WHERE group_id = ?1";
    let mut stored = stored_places(database, id, select)?;
    let mut upsert = database.prepare_cached(
        "INSERT INTO members (group_id, number, place, since) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET place = ?3, since = ?4",
    )?;
    let mut last = -1;
    for (number, since) in members {
        let old = stored.remove(number);
        let place = old.map(|(place, _)| place).filter(|place| *place > last).unwrap_or(last + 1);
        last = place;
        if old != Some((place, sql(*since))) {
            upsert.execute((id, number.0, place, sql(*since)))?;
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
    let mut stored = database
        .prepare_cached("SELECT number, op FROM members WHERE group_id = ?1 AND op IS NOT NULL")?
        .query_map([id], |row| Ok((Number(row.get(0)?), row.get(1)?)))?
        .collect::<rusqlite::Result<HashMap<Number, i64>>>()?;
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

fn save_candidates(
    database: &Connection,
    id: i64,
    asks: bool,
    candidates: &[Number],
) -> rusqlite::Result<()> {
    let select = match asks {
        true => "SELECT number, place, 0 FROM candidates WHERE group_id = ?1 AND asks = 1",
        false => "SELECT number, place, 0 FROM candidates WHERE group_id = ?1 AND asks = 0",
    };
    let mut stored = stored_places(database, id, select)?;
    let mut upsert = database.prepare_cached(
        "INSERT INTO candidates (group_id, asks, number, place) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET place = ?4",
    )?;
    let mut last = -1;
    for number in candidates {
        let old = stored.remove(number).map(|(place, _)| place);
        let place = old.filter(|place| *place > last).unwrap_or(last + 1);
        last = place;
        if old != Some(place) {
            upsert.execute((id, asks, number.0, place))?;
        }
    }
    let mut delete = database.prepare_cached(
        "DELETE FROM candidates WHERE group_id = ?1 AND asks = ?2 AND number = ?3",
    )?;
    for number in stored.keys() {
        delete.execute((id, asks, number.0))?;
    }
    Ok(())
}

/// What is kept of a group's people: where each stands in its list, and a third column.
fn stored_places(
    database: &Connection,
    id: i64,
    select: &str,
) -> rusqlite::Result<HashMap<Number, (i64, i64)>> {
    database
        .prepare_cached(select)?
        .query_map([id], |row| Ok((Number(row.get(0)?), (row.get(1)?, row.get(2)?))))?
        .collect()
}

/// Ends a group: from now on nobody reads in it. What was said there is removed later, in steps.
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

/// Ends all groups that are not kept, as a server does that stops.
pub(in crate::store) fn end_unkept(database: &mut Connection) -> rusqlite::Result<()> {
    let transaction = database.transaction()?;
    transaction.execute_batch(
        "INSERT INTO ended (group_id) SELECT id FROM groups WHERE NOT kept ON CONFLICT DO NOTHING;
         DELETE FROM groups WHERE NOT kept;",
    )?;
    transaction.commit()
}

/// Whether a chat is a group that there is not.
pub(in crate::store) fn is_gone(database: &Connection, chat: Chat) -> rusqlite::Result<bool> {
    let Chat::Group(group) = chat else { return Ok(false) };
    let found = database
        .prepare_cached("SELECT 1 FROM groups WHERE id = ?1")?
        .exists([group.0.cast_signed()])?;
    Ok(!found)
}

/// From which message on a user reads in a group; none where the user is no member.
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

/// The groups of a user, and from which message on the user reads each.
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

/// All groups, the oldest first.
///
/// # Errors
/// [`StoreFault::MalformedGroup`] where a row holds what no server writes.
pub(in crate::store) fn load(database: &Connection) -> Result<Vec<GroupRecord>, StoreFault> {
    load_as(database, "SELECT id, name, admin, kept, made_by FROM groups ORDER BY id", true)
}

/// All groups of a store that knows of no ops yet, the oldest first.
///
/// # Errors
/// As for [`load`].
pub(in crate::store) fn load_without_ops(
    database: &Connection,
) -> Result<Vec<GroupRecord>, StoreFault> {
    load_as(database, "SELECT id, name, admin, kept, admin FROM groups ORDER BY id", false)
}

fn load_as(
    database: &Connection,
    select: &str,
    has_ops: bool,
) -> Result<Vec<GroupRecord>, StoreFault> {
    let mut select = database.prepare(select)?;
    let mut rows = select.query([])?;
    let mut groups = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let malformed = |what| StoreFault::MalformedGroup { id, what };
        let name: GroupName = row.get::<_, String>(1)?.parse().map_err(|_| malformed("name"))?;
        let admin = Number(u32::try_from(row.get::<_, i64>(2)?).map_err(|_| malformed("admin"))?);
        let made_by = row.get::<_, Option<i64>>(4)?.and_then(|number| u32::try_from(number).ok());
        let kept = match row.get(3)? {
            0 => false,
            1 => true,
            _ => return Err(malformed("mark of being kept")),
        };
        let members = load_members(database, id)?;
        if id < 0 {
            return Err(malformed("id"));
        }
        if !members.iter().any(|(number, _)| *number == admin) {
            return Err(malformed("admin"));
        }
        let ops = if has_ops { load_ops(database, id)? } else { vec![admin] };
        if !ops.contains(&admin) {
            return Err(malformed("admin, who is no op,"));
        }
        groups.push(GroupRecord {
            id: GroupId(id.cast_unsigned()),
            name,
            admin,
            ops,
            made_by: made_by.map(Number).ok_or(malformed("maker"))?,
            kept,
            members,
            asked: load_candidates(database, id, false)?,
            asking: load_candidates(database, id, true)?,
        });
    }
    Ok(groups)
}

fn load_members(database: &Connection, id: i64) -> Result<Vec<(Number, MessageId)>, StoreFault> {
    let malformed = |_| StoreFault::MalformedGroup { id, what: "member" };
    let mut select = database.prepare_cached(
        "SELECT number, since FROM members WHERE group_id = ?1 ORDER BY place, number",
    )?;
    let mut rows = select.query([id])?;
    let mut members = Vec::new();
    while let Some(row) = rows.next()? {
        let number = u32::try_from(row.get::<_, i64>(0)?).map_err(malformed)?;
        let since = u64::try_from(row.get::<_, i64>(1)?).map_err(malformed)?;
        members.push((Number(number), MessageId(since)));
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

fn load_candidates(database: &Connection, id: i64, asks: bool) -> Result<Vec<Number>, StoreFault> {
    let mut select = database.prepare_cached(
        "SELECT number FROM candidates WHERE group_id = ?1 AND asks = ?2 ORDER BY place, number",
    )?;
    let mut rows = select.query((id, asks))?;
    let mut candidates = Vec::new();
    while let Some(row) = rows.next()? {
        let malformed = |_| StoreFault::MalformedGroup { id, what: "candidate" };
        candidates.push(Number(u32::try_from(row.get::<_, i64>(0)?).map_err(malformed)?));
    }
    Ok(candidates)
}

#[cfg(test)]
mod tests;
