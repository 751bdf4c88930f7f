//! The tables of groups, their members, and their candidates: users who were asked to join or ask
//! to.
//!
//! Changes of groups are written row by row; a whole group is written if it is new, or if such a
//! change could not be stored. The numbers by which lists are ordered may have gaps.
//!
//! The rows of a group that ends are deleted at once. It gets a row in `ended`, and its messages
//! are removed later.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, Row, ffi};

use super::untold;
use super::values::{bounded, sql};
use crate::chat::group::{GroupRecord, GroupRow, MemberRecord};
use crate::chat::id::{GroupId, MessageId};
use crate::chat::message::Chat;
use crate::chat::name::{GroupName, Number};
use crate::store::error::StoreFault;

/// The first version of the schema that has ops.
const SCHEMA_WITH_OPS: u32 = 7;
/// The first version of the schema that has the ends of memberships, and which are news.
const SCHEMA_WITH_ENDS: u32 = 8;

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
/// Inserts a candidate.
const PUT_CANDIDATE: &str = "INSERT INTO candidates (group_id, asks, number, place)
    SELECT id, ?2, ?3, (SELECT coalesce(max(place) + 1, 0) FROM candidates
                        WHERE group_id = ?1 AND asks = ?2)
    FROM groups WHERE id = ?1
    ON CONFLICT DO NOTHING";

/// Stores a whole group. Only the rows that differ are written.
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

fn save_candidates(
    database: &Connection,
    id: i64,
    asks: bool,
    candidates: &[Number],
) -> rusqlite::Result<()> {
    let select = match asks {
        true => "SELECT number, place FROM candidates WHERE group_id = ?1 AND asks = 1",
        false => "SELECT number, place FROM candidates WHERE group_id = ?1 AND asks = 0",
    };
    let mut stored = stored_people(database, id, select, |row| row.get::<_, i64>(1))?;
    let mut upsert = database.prepare_cached(
        "INSERT INTO candidates (group_id, asks, number, place) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET place = ?4",
    )?;
    let mut last = -1;
    for number in candidates {
        let old = stored.remove(number);
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

/// Reads stored rows of a group by the users' numbers, which must be the first column.
fn stored_people<T>(
    database: &Connection,
    id: i64,
    select: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<HashMap<Number, T>> {
    database
        .prepare_cached(select)?
        .query_map([id], |row| Ok((Number(row.get(0)?), read(row)?)))?
        .collect()
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
            GroupRow::Group { id, admin, kept } => {
                database
                    .prepare_cached("UPDATE groups SET admin = ?2, kept = ?3 WHERE id = ?1")?
                    .execute((id.0.cast_signed(), admin.0, kept))?;
                touched.insert(id);
            }
            GroupRow::Member { group, ref member, is_op } => {
                put_member(database, group, member, is_op)?;
                touched.insert(group);
            }
            GroupRow::NoMember { group, number } => {
                database
                    .prepare_cached("DELETE FROM members WHERE group_id = ?1 AND number = ?2")?
                    .execute((group.0.cast_signed(), number.0))?;
                touched.insert(group);
            }
            GroupRow::Candidate { group, number, asks } => {
                put_candidate(database, group, number, asks)?;
            }
            GroupRow::NoCandidate { group, number, asks } => {
                database
                    .prepare_cached(
                        "DELETE FROM candidates
                         WHERE group_id = ?1 AND asks = ?2 AND number = ?3",
                    )?
                    .execute((group.0.cast_signed(), asks, number.0))?;
            }
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

/// Inserts a candidate.
fn put_candidate(
    database: &Connection,
    group: GroupId,
    number: Number,
    asks: bool,
) -> rusqlite::Result<()> {
    database.prepare_cached(PUT_CANDIDATE)?.execute((group.0.cast_signed(), asks, number.0))?;
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
    load_of_schema(database, SCHEMA_WITH_ENDS)
}

/// Loads all groups of a database that may have an older schema, oldest first.
///
/// # Errors
/// As for [`load`].
pub(in crate::store) fn load_of_schema(
    database: &Connection,
    schema: u32,
) -> Result<Vec<GroupRecord>, StoreFault> {
    let has_ops = schema >= SCHEMA_WITH_OPS;
    let mut select = database.prepare(match has_ops {
        true => "SELECT id, name, admin, kept, made_by FROM groups ORDER BY id",
        false => "SELECT id, name, admin, kept, admin FROM groups ORDER BY id",
    })?;
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
        let members = load_members(database, id, schema >= SCHEMA_WITH_ENDS)?;
        if id < 0 {
            return Err(malformed("id"));
        }
        if !members.iter().any(|member| member.number == admin) {
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
