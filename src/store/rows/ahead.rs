//! Ids and times that are ahead of the clock, after a start with a wrong one: they move behind the
//! last right id, in their order. An id is a time, so else `--history` would keep such messages for
//! years, and all later ones would have ids of that time, too.

use rusqlite::Connection;

use super::clock;

/// Notes each id that is ahead: those of messages and of groups, which come from one sequence.
const FIND: &str = "
    INSERT INTO ahead (old)
        SELECT id FROM messages WHERE id > ?1 UNION SELECT message FROM keys WHERE message > ?1
        UNION SELECT message FROM sent WHERE message > ?1
        UNION SELECT message FROM deleted WHERE message > ?1
        UNION SELECT message FROM exports WHERE message > ?1
        UNION SELECT id FROM groups WHERE id > ?1
        UNION SELECT group_id FROM ended WHERE group_id > ?1";

/// The last id that is not ahead.
const LAST_RIGHT: &str = "
    SELECT max(coalesce((SELECT max(id) FROM messages WHERE id <= ?1), 0),
               coalesce((SELECT max(message) FROM keys WHERE message <= ?1), 0),
               coalesce((SELECT max(id) FROM groups WHERE id <= ?1), 0))";

/// What moves with each id; of a group, its lane too, which is the complement of its id.
const MOVE: [&str; 14] = [
    "UPDATE messages SET id = ?2 WHERE id = ?1",
    "UPDATE keys SET message = ?2 WHERE message = ?1",
    "UPDATE sent SET message = ?2 WHERE message = ?1",
    "UPDATE deleted SET message = ?2 WHERE message = ?1",
    "UPDATE exports SET message = ?2 WHERE message = ?1",
    "UPDATE groups SET id = ?2 WHERE id = ?1",
    "UPDATE members SET group_id = ?2 WHERE group_id = ?1",
    "UPDATE candidates SET group_id = ?2 WHERE group_id = ?1",
    "UPDATE shut_out SET group_id = ?2 WHERE group_id = ?1",
    "UPDATE turned_down SET group_id = ?2 WHERE group_id = ?1",
    "UPDATE ended SET group_id = ?2 WHERE group_id = ?1",
    "UPDATE messages SET lane = ~?2 WHERE lane = ~?1",
    "UPDATE keys SET lane = ~?2 WHERE lane = ~?1",
    "UPDATE uploads SET lane = ~?2 WHERE lane = ~?1",
];

/// Marks: up to which message a chat is read, and from which one on a member may read.
const MOVE_MARKS: [&str; 3] = [
    "UPDATE chats SET seen = coalesce(
         (SELECT new FROM ahead WHERE old <= seen ORDER BY old DESC LIMIT 1), ?2)
     WHERE seen > ?1",
    "UPDATE members SET seen = coalesce(
         (SELECT new FROM ahead WHERE old <= seen ORDER BY old DESC LIMIT 1), ?2)
     WHERE seen > ?1",
    "UPDATE members SET since = coalesce(
         (SELECT new FROM ahead WHERE old >= since ORDER BY old LIMIT 1), ?3)
     WHERE since > ?1",
];

/// Times in seconds since the Unix epoch. A token of the future goes; a ban or a silence lasts as
/// long as it was to, from now on; a password that is to be replaced is good for a day at most.
const MEND_SECONDS: [&str; 8] = [
    "DELETE FROM tokens WHERE made > ?1",
    "UPDATE devices SET made = min(made, ?1), used = min(used, ?1) WHERE max(made, used) > ?1",
    "UPDATE networks SET seen = ?1 WHERE seen > ?1",
    "UPDATE accounts SET created = ?1 WHERE created > ?1",
    "UPDATE accounts SET last_seen = ?1 WHERE last_seen > ?1",
    "UPDATE accounts SET reset = ?1 + 86400 WHERE reset > ?1 + 86400",
    "UPDATE exports SET asked = ?1 WHERE asked > ?1",
    "UPDATE sanctions SET until = until - (since - ?1), since = ?1 WHERE since > ?1",
];

/// Times in microseconds since the Unix epoch. A membership that ends because its user is away ends
/// later than now.
const MEND_MICROS: [&str; 5] = [
    "UPDATE uploads SET touched = ?1 WHERE touched > ?1",
    "UPDATE groups SET topic_at = ?1 WHERE topic_at > ?1",
    "UPDATE shut_out SET since = ?1 WHERE since > ?1",
    "UPDATE members SET ends = ?1 + ?2 WHERE ends > ?1 + ?2",
    "UPDATE turned_down SET declined = min(declined, ?1), refused_1 = min(refused_1, ?1),
         refused_2 = min(refused_2, ?1), refused_3 = min(refused_3, ?1)
     WHERE max(declined, refused_1, refused_2, refused_3) > ?1",
];

/// Moves all ids that are ahead of the clock behind the last right one, and mends times that are.
/// `absence_max` is how long a membership lasts at most without its user, in microseconds. Returns
/// the number of ids that moved.
///
/// It belongs into a transaction that defers foreign keys.
pub(in crate::store) fn mend(database: &Connection, absence_max: i64) -> rusqlite::Result<u64> {
    let now = clock::micros();
    database.execute("CREATE TEMP TABLE ahead (old INTEGER PRIMARY KEY, new INTEGER)", [])?;
    database.execute(FIND, [now])?;
    let count: i64 = database.query_row("SELECT count(*) FROM ahead", [], |row| row.get(0))?;
    let right: i64 = database.query_row(LAST_RIGHT, [now], |row| row.get(0))?;
    // Where no id is right, the moved ones end now.
    let last = if right == 0 { now - count } else { right };
    move_ids(database, last)?;
    let next = last + count + 1;
    for statement in MOVE_MARKS {
        let mut statement = database.prepare(statement)?;
        match statement.parameter_count() {
            2 => statement.execute([now, last])?,
            _ => statement.execute([now, last, next])?,
        };
    }
    for statement in MEND_SECONDS {
        database.execute(statement, [now / 1_000_000])?;
    }
    for statement in MEND_MICROS {
        let mut statement = database.prepare(statement)?;
        match statement.parameter_count() {
            1 => statement.execute([now])?,
            _ => statement.execute([now, absence_max])?,
        };
    }
    database.execute("UPDATE store SET id_mark = ?2 WHERE id_mark > ?1", [now, next])?;
    database.execute("DROP TABLE ahead", [])?;
    Ok(count.cast_unsigned())
}

/// Moves the ids that are ahead behind `last`, in their order. None gets an id that another one has
/// yet, since all move down, and the smallest first.
fn move_ids(database: &Connection, last: i64) -> rusqlite::Result<()> {
    let moves = MOVE.iter().map(|statement| database.prepare(statement));
    let mut moves = moves.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut note = database.prepare("UPDATE ahead SET new = ?2 WHERE old = ?1")?;
    let mut next_old = database.prepare("SELECT min(old) FROM ahead WHERE old > ?1")?;
    let (mut old, mut new) = (i64::MIN, last);
    while let Some(next) = next_old.query_row([old], |row| row.get::<_, Option<i64>>(0))? {
        (old, new) = (next, new + 1);
        for statement in &mut moves {
            statement.execute([old, new])?;
        }
        note.execute([old, new])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::schema;

    /// A year in microseconds.
    const YEAR: i64 = 365 * 24 * 60 * 60 * 1_000_000;

    fn column(database: &Connection, query: &str) -> Vec<i64> {
        let mut select = database.prepare(query).unwrap();
        let rows = select.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    }

    /// A store with a message of yesterday and, from next year, a group and three messages, one in
    /// it, one a file, and one with a word. Bob has read the file, and Carol came after it.
    fn fill(database: &Connection, now: i64) {
        let (right, ahead) = (now - YEAR / 365, now + YEAR);
        let group = ahead + 10;
        let rows = format!(
            "INSERT INTO accounts (number, name, password, created)
             VALUES (10001, 'a', '', 5), (10002, 'b', '', {ahead}), (10003, 'c', '', 5);
             INSERT INTO messages VALUES ({right}, 0, 10001, 'right'),
                 ({ahead} + 20, ~{group}, 10001, 'group'), ({ahead} + 30, 0, 10001, 'file'),
                 ({ahead} + 40, 0, 10001, 'word');
             INSERT INTO sent VALUES ({ahead} + 30, 77, 10001, 5);
             INSERT INTO exports VALUES (77, 10001, {ahead} / 1000000, {ahead} + 30);
             INSERT INTO keys VALUES ({right}, 10001, 'r', 0), ({ahead} + 20, 10001, 'g', ~{group}),
                 ({ahead} + 40, 10001, 'w', 0);
             INSERT INTO groups (id, name, admin, kept, made_by, topic_at)
             VALUES ({group}, '#g', 10001, 1, 10001, {ahead});
             INSERT INTO members (group_id, number, place, since, seen, ends)
             VALUES ({group}, 10001, 0, {group}, {ahead} + 20, NULL),
                 ({group}, 10003, 1, {ahead} + 31, 0, {ahead});
             INSERT INTO shut_out VALUES ({group}, 10002, 10001, {ahead});
             INSERT INTO chats VALUES (10002, 0, {ahead} + 35), (10001, 0, {right});
             INSERT INTO uploads VALUES (9, 10001, ~{group}, 'part', 5, {ahead});
             UPDATE accounts SET reset = {ahead} / 1000000, last_seen = {ahead} / 1000000
             WHERE number = 10002;
             INSERT INTO sanctions
             VALUES ('mute', '10002', 1, {ahead} / 1000000, {ahead} / 1000000 + 60, NULL);
             INSERT INTO devices (number, device, made, used) VALUES (10001, 1, 5, {ahead});
             INSERT INTO tokens (hash, number, made, device)
             VALUES (x'01', 10001, {ahead} / 1000000, 1), (x'02', 10001, 5, 1);
             UPDATE store SET id_mark = {ahead} + 100;"
        );
        database.execute_batch(&rows).unwrap();
    }

    #[test]
    fn what_is_ahead_comes_behind_the_last_right_id_in_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        let now = clock::micros();
        fill(&database, now);
        let transaction = database.unchecked_transaction().unwrap();
        transaction.pragma_update(None, "defer_foreign_keys", true).unwrap();
        assert_eq!(mend(&transaction, 600).unwrap(), 4);
        transaction.commit().unwrap();
        let right = now - YEAR / 365;
        let all = |query: &str| column(&database, query);
        let nth = |ids: &[i64]| ids.iter().map(|nth| right + nth).collect::<Vec<i64>>();
        assert_eq!(all("SELECT id FROM messages ORDER BY id"), nth(&[0, 2, 3, 4]));
        assert_eq!(all("SELECT message FROM keys ORDER BY 1"), nth(&[0, 2, 4]));
        assert_eq!(all("SELECT message FROM sent"), nth(&[3]));
        assert_eq!(all("SELECT message FROM exports"), nth(&[3]));
        assert_eq!(all("SELECT id FROM groups"), nth(&[1]));
        for lanes in ["messages", "keys", "uploads"] {
            let lane = format!("SELECT ~lane FROM {lanes} WHERE lane < 0");
            assert_eq!(all(&lane), nth(&[1]), "{lanes}");
        }
        assert_eq!(all("SELECT since FROM members ORDER BY number"), nth(&[1, 4]));
        assert_eq!(all("SELECT seen FROM members WHERE number = 10001"), nth(&[2]));
        assert_eq!(all("SELECT seen FROM chats ORDER BY reader"), nth(&[0, 3]));
        assert_eq!(all("SELECT id_mark FROM store"), nth(&[5]));
        assert_eq!(all("SELECT count(*) FROM tokens"), [1], "one of the future ends");
        for times in [
            "SELECT max(created) * 1000000 FROM accounts",
            "SELECT max(used) * 1000000 FROM devices",
            "SELECT max(last_seen) * 1000000 FROM accounts",
            "SELECT max(touched) FROM uploads",
            "SELECT max(asked) * 1000000 FROM exports",
            "SELECT max(since) FROM shut_out",
            "SELECT max(topic_at) FROM groups",
            "SELECT max(ends) - 600 FROM members",
            "SELECT (max(reset) - 86400) * 1000000 FROM accounts",
            "SELECT (max(until) - 60) * 1000000 FROM sanctions",
        ] {
            assert!(all(times)[0] <= clock::micros(), "{times}");
        }
        assert_eq!(all("SELECT count(*) FROM pragma_foreign_key_check"), [0]);
        assert_eq!(mend(&database, 600).unwrap(), 0, "nothing is ahead any more");
    }

    #[test]
    fn where_all_is_ahead_it_is_of_now() {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        let before = clock::micros();
        let insert = "INSERT INTO messages VALUES (?1, 0, 10001, 'text'), (?1 + 5, 0, 10001, 'b')";
        database.execute(insert, [before + YEAR]).unwrap();
        assert_eq!(mend(&database, 600).unwrap(), 2);
        let ids = column(&database, "SELECT id FROM messages ORDER BY id");
        assert_eq!(ids[1], ids[0] + 1);
        assert!((before - 2..=clock::micros()).contains(&ids[1]), "{ids:?}");
    }
}
