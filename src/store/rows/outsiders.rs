//! The tables of users who are no members of a group and whom it remembers: candidates, who were
//! asked to join or ask to, who is shut out, and who declined or was refused.

use rusqlite::{Connection, Row};

use super::people::stored_people;
use super::values::bounded;
use crate::chat::group::{GroupRecord, GroupRow, ShutOut, TurnedDown};
use crate::chat::id::GroupId;
use crate::chat::name::Number;
use crate::store::error::StoreFault;

/// Inserts a candidate.
pub(super) const PUT_CANDIDATE: &str = "INSERT INTO candidates (group_id, asks, number, place)
    SELECT id, ?2, ?3, (SELECT coalesce(max(place) + 1, 0) FROM candidates
                        WHERE group_id = ?1 AND asks = ?2)
    FROM groups WHERE id = ?1
    ON CONFLICT DO NOTHING";
const PUT_SHUT_OUT: &str = "INSERT INTO shut_out (group_id, number, by, since)
    SELECT id, ?2, ?3, ?4 FROM groups WHERE id = ?1
    ON CONFLICT DO UPDATE SET by = ?3, since = ?4";
const PUT_TURNED_DOWN: &str =
    "INSERT INTO turned_down (group_id, number, declined, refused_1, refused_2, refused_3)
    SELECT id, ?2, ?3, ?4, ?5, ?6 FROM groups WHERE id = ?1
    ON CONFLICT DO UPDATE SET declined = ?3, refused_1 = ?4, refused_2 = ?5, refused_3 = ?6";
const NOT_SHUT_OUT: &str = "DELETE FROM shut_out WHERE group_id = ?1 AND number = ?2";
const NOT_TURNED_DOWN: &str = "DELETE FROM turned_down WHERE group_id = ?1 AND number = ?2";

/// Stores those of a whole group. Only the rows that differ are written.
pub(super) fn save(database: &Connection, group: &GroupRecord) -> rusqlite::Result<()> {
    let id = group.id.0.cast_signed();
    save_candidates(database, id, false, &group.asked)?;
    save_candidates(database, id, true, &group.asking)?;
    save_unheard(database, group)?;
    let select = "SELECT number, by, since FROM shut_out WHERE group_id = ?1";
    let mut stored = stored_people(database, id, select, |row| Ok((row.get(1)?, row.get(2)?)))?;
    for shut_out in &group.shut_out {
        let columns = (shut_out.by.0, bounded(shut_out.since));
        if stored.remove(&shut_out.user) != Some(columns) {
            put_shut_out(database, group.id, *shut_out)?;
        }
    }
    for number in stored.keys() {
        database.prepare_cached(NOT_SHUT_OUT)?.execute((id, number.0))?;
    }
    let select = "SELECT number, declined, refused_1, refused_2, refused_3 FROM turned_down
                  WHERE group_id = ?1";
    let mut stored = stored_people(database, id, select, turned_down)?;
    for (number, times) in &group.turned_down {
        if stored.remove(number) != Some(*times) {
            put_turned_down(database, group.id, *number, *times)?;
        }
    }
    for number in stored.keys() {
        database.prepare_cached(NOT_TURNED_DOWN)?.execute((id, number.0))?;
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

fn save_unheard(database: &Connection, group: &GroupRecord) -> rusqlite::Result<()> {
    let select = "SELECT number FROM candidates WHERE group_id = ?1 AND unheard = 1";
    let mut stored = stored_people(database, group.id.0.cast_signed(), select, |_| Ok(()))?;
    for number in &group.unheard {
        if stored.remove(number).is_none() {
            put_unheard(database, group.id, *number, true)?;
        }
    }
    stored.keys().try_for_each(|number| put_unheard(database, group.id, *number, false))
}

fn put_unheard(
    database: &Connection,
    group: GroupId,
    number: Number,
    is_unheard: bool,
) -> rusqlite::Result<()> {
    database
        .prepare_cached(
            "UPDATE candidates SET unheard = ?3
             WHERE group_id = ?1 AND asks = 0 AND number = ?2",
        )?
        .execute((group.0.cast_signed(), number.0, is_unheard))?;
    Ok(())
}

/// Stores a changed row; another one changes nothing.
pub(super) fn change(database: &Connection, row: &GroupRow) -> rusqlite::Result<()> {
    match *row {
        GroupRow::Candidate { group, number, asks } => {
            let columns = (group.0.cast_signed(), asks, number.0);
            database.prepare_cached(PUT_CANDIDATE)?.execute(columns)?;
        }
        GroupRow::NoCandidate { group, number, asks } => {
            database
                .prepare_cached(
                    "DELETE FROM candidates WHERE group_id = ?1 AND asks = ?2 AND number = ?3",
                )?
                .execute((group.0.cast_signed(), asks, number.0))?;
        }
        GroupRow::Unheard { group, number, is_unheard } => {
            put_unheard(database, group, number, is_unheard)?;
        }
        GroupRow::ShutOut { group, shut_out } => put_shut_out(database, group, shut_out)?,
        GroupRow::NotShutOut { group, number } => {
            let columns = (group.0.cast_signed(), number.0);
            database.prepare_cached(NOT_SHUT_OUT)?.execute(columns)?;
        }
        GroupRow::TurnedDown { group, number, times: Some(times) } => {
            put_turned_down(database, group, number, times)?;
        }
        GroupRow::TurnedDown { group, number, times: None } => {
            let columns = (group.0.cast_signed(), number.0);
            database.prepare_cached(NOT_TURNED_DOWN)?.execute(columns)?;
        }
        _ => {}
    }
    Ok(())
}

fn put_shut_out(database: &Connection, group: GroupId, shut_out: ShutOut) -> rusqlite::Result<()> {
    let ShutOut { user, by, since } = shut_out;
    let columns = (group.0.cast_signed(), user.0, by.0, bounded(since));
    database.prepare_cached(PUT_SHUT_OUT)?.execute(columns)?;
    Ok(())
}

fn put_turned_down(
    database: &Connection,
    group: GroupId,
    number: Number,
    times: TurnedDown,
) -> rusqlite::Result<()> {
    let [first, second, third] = times.refused.map(bounded);
    let (id, declined) = (group.0.cast_signed(), bounded(times.declined));
    let columns = (id, number.0, declined, first, second, third);
    database.prepare_cached(PUT_TURNED_DOWN)?.execute(columns)?;
    Ok(())
}

/// Reads the times from the columns behind the user's number.
fn turned_down(row: &Row<'_>) -> rusqlite::Result<TurnedDown> {
    let time = |column| row.get::<_, i64>(column).map(|time| u64::try_from(time).unwrap_or(0));
    Ok(TurnedDown { declined: time(1)?, refused: [time(2)?, time(3)?, time(4)?] })
}

/// Loads the candidates of a group.
pub(super) fn load_candidates(
    database: &Connection,
    group: &mut GroupRecord,
) -> Result<(), StoreFault> {
    let id = group.id.0.cast_signed();
    let mut select = database.prepare_cached(
        "SELECT number, asks FROM candidates WHERE group_id = ?1 ORDER BY asks, place, number",
    )?;
    let mut rows = select.query([id])?;
    while let Some(row) = rows.next()? {
        let malformed = |_| StoreFault::MalformedGroup { id, what: "candidate" };
        let number = Number(u32::try_from(row.get::<_, i64>(0)?).map_err(malformed)?);
        match row.get(1)? {
            true => group.asking.push(number),
            false => group.asked.push(number),
        }
    }
    Ok(())
}

/// Loads which of those who were asked to join a group are not told.
pub(super) fn load_unheard(
    database: &Connection,
    group: &mut GroupRecord,
) -> Result<(), StoreFault> {
    let mut select = database.prepare_cached(
        "SELECT number FROM candidates WHERE group_id = ?1 AND asks = 0 AND unheard = 1
         ORDER BY number",
    )?;
    let unheard = select.query_map([group.id.0.cast_signed()], |row| row.get(0).map(Number))?;
    group.unheard = unheard.collect::<rusqlite::Result<_>>()?;
    Ok(())
}

/// Loads who is shut out of a group, and who declined or was refused.
pub(super) fn load_others(
    database: &Connection,
    group: &mut GroupRecord,
) -> Result<(), StoreFault> {
    let id = group.id.0.cast_signed();
    let malformed = |_| StoreFault::MalformedGroup { id, what: "user who is shut out" };
    let mut select = database.prepare_cached(
        "SELECT number, by, since FROM shut_out WHERE group_id = ?1 ORDER BY number",
    )?;
    let mut rows = select.query([id])?;
    while let Some(row) = rows.next()? {
        group.shut_out.push(ShutOut {
            user: Number(u32::try_from(row.get::<_, i64>(0)?).map_err(malformed)?),
            by: Number(u32::try_from(row.get::<_, i64>(1)?).map_err(malformed)?),
            since: u64::try_from(row.get::<_, i64>(2)?).map_err(malformed)?,
        });
    }
    let mut select = database.prepare_cached(
        "SELECT number, declined, refused_1, refused_2, refused_3 FROM turned_down
         WHERE group_id = ?1 ORDER BY number",
    )?;
    let times = select.query_map([id], |row| Ok((Number(row.get(0)?), turned_down(row)?)))?;
    group.turned_down = times.collect::<rusqlite::Result<_>>()?;
    Ok(())
}
