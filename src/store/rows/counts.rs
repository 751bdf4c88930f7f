//! Counts of messages, which end at [`COUNT_MAX`], so that they cost no more in a long chat.

use std::ops::RangeInclusive;

use rusqlite::Connection;

use super::lane::Lane;
use crate::chat::name::Number;
use crate::chat::request::COUNT_MAX;

/// The number of messages of a lane above an id, up to another.
pub(super) fn of_lane(
    database: &Connection,
    lane: Lane,
    ids: RangeInclusive<i64>,
) -> rusqlite::Result<u64> {
    database
        .prepare_cached(
            "SELECT count(*) FROM
             (SELECT 1 FROM messages WHERE lane = ?1 AND id > ?2 AND id <= ?4 LIMIT ?3)",
        )?
        .query_row((lane, ids.start(), COUNT_MAX.cast_signed(), ids.end()), counted)
}

/// The number of messages of a lane above an id, up to another, that others sent. The lane is
/// everyone's, or a group's.
pub(super) fn of_others(
    database: &Connection,
    lane: Lane,
    ids: RangeInclusive<i64>,
    reader: Number,
) -> rusqlite::Result<u64> {
    let max = COUNT_MAX.cast_signed();
    let (above, until) = ids.into_inner();
    if lane == Lane::Everyone {
        let mut count = database.prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM messages INDEXED BY messages_of_everyone
                 WHERE lane = 0 AND id > ?1 AND id <= ?4 AND sender <> ?2 LIMIT ?3)",
        )?;
        return count.query_row((above, reader.0, max, until), counted);
    }
    database
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM messages
                 WHERE lane = ?1 AND lane < 0 AND id > ?2 AND id <= ?5 AND sender <> ?3 LIMIT ?4)",
        )?
        .query_row((lane, above, reader.0, max, until), counted)
}

fn counted(row: &rusqlite::Row<'_>) -> rusqlite::Result<u64> {
    row.get::<_, i64>(0).map(i64::cast_unsigned)
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::chat::id::GroupId;
    use crate::store::rows::schema;

    #[test]
    fn no_query_is_prepared_anew_for_another_chat() {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        for query in [
            "SELECT id FROM messages WHERE lane = ?1",
            "SELECT id FROM messages WHERE lane = ?1 AND lane < 0",
        ] {
            let mut select = database.prepare(query).unwrap();
            for lane in [0, 1, -1, 2] {
                let rows = select.query_map([lane], |row| row.get::<_, i64>(0)).unwrap();
                assert_eq!(rows.count(), 0);
            }
            assert_eq!(select.get_status(StatementStatus::RePrepare), 0, "{query}");
        }
    }

    #[test]
    fn counts_end_and_leave_out_what_the_reader_sent() {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        let (reader, other) = (Number(10_001), Number(10_002));
        let to_reader = Lane::Direct { from: other, to: reader };
        let group = Lane::Group(GroupId(7));
        let transaction = database.unchecked_transaction().unwrap();
        let mut insert =
            database.prepare("INSERT INTO messages VALUES (?1, ?2, ?3, 'text')").unwrap();
        for id in 0..40_000_i64 {
            let lane = [Lane::Everyone, to_reader, group, Lane::Everyone][(id % 4) as usize];
            let sender = if id % 4 == 3 || id % 8 == 2 { reader } else { other };
            insert.execute((id, lane, sender.0)).unwrap();
        }
        drop(insert);
        transaction.commit().unwrap();
        for (above, until, direct, everyone, in_group) in [
            (-1, i64::MAX, 9_999, 9_999, 5_000),
            (39_999, i64::MAX, 0, 0, 0),
            (39_991, i64::MAX, 2, 2, 1),
            (39_967, i64::MAX, 8, 8, 4),
            (39_967, 39_983, 4, 4, 2),
        ] {
            let ids = || above..=until;
            assert_eq!(of_lane(&database, to_reader, ids()).unwrap(), direct);
            assert_eq!(of_others(&database, Lane::Everyone, ids(), reader).unwrap(), everyone);
            assert_eq!(of_others(&database, group, ids(), reader).unwrap(), in_group);
        }
    }
}
