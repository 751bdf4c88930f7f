use super::*;
use std::os::unix::fs::PermissionsExt;

/// The schema version of version 0.1 of the server.
const OF_0_1: usize = 5;
/// The last schema version without the ends of memberships.
const WITHOUT_ENDINGS: usize = 7;

/// How many steps the newest store has taken that knows no devices.
const WITHOUT_DEVICES: usize = 8;

fn version(database: &Connection) -> u32 {
    database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn a_new_store_is_the_owners_and_durable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file:x?mode=memory");
    let database = open(&path).unwrap();
    assert_eq!(version(&database), MIGRATIONS.len() as u32);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let synchronous: u32 =
        database.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert_eq!(synchronous, 2, "FULL");
}

#[test]
fn an_older_store_is_brought_forward_and_keeps_its_rows() {
    let mut database = Connection::open_in_memory().unwrap();
    let steps = ["CREATE TABLE a (x) STRICT;", "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 7;"];
    let steps = steps.map(|step| step.replace("(x)", "(x INTEGER)"));
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    migrate(&mut database, &steps[..1]).unwrap();
    database.execute("INSERT INTO a VALUES (1)", []).unwrap();
    migrate(&mut database, &steps).unwrap();
    migrate(&mut database, &steps).unwrap();
    let row: (i64, i64) =
        database.query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!((row, version(&database)), ((1, 7), 2));
}

#[test]
fn a_store_of_the_first_version_is_brought_forward() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut first = Connection::open(&path).unwrap();
    migrate(&mut first, &MIGRATIONS[..1]).unwrap();
    first
        .execute("INSERT INTO accounts VALUES (10001, 'alice', NULL, '$argon2id', 7)", [])
        .unwrap();
    drop(first);
    let database = open(&path).unwrap();
    assert_eq!(version(&database), MIGRATIONS.len() as u32);
    let rows =
        "SELECT (SELECT name FROM accounts WHERE number > 1), (SELECT count(*) FROM messages),
                       (SELECT id_mark FROM store), (SELECT length(identity) FROM store)";
    let rows: (String, u32, u32, u32) = database
        .query_row(rows, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap();
    assert_eq!(rows, ("alice".to_owned(), 0, 0, 16));
}

#[test]
fn in_a_store_of_0_1_no_network_is_known_and_admins_are_ops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut before = Connection::open(&path).unwrap();
    migrate(&mut before, &MIGRATIONS[..OF_0_1]).unwrap();
    before.execute("INSERT INTO accounts VALUES (10001, 'alice', NULL, 'x', 7, 1, 0)", []).unwrap();
    before
        .execute_batch(
            "INSERT INTO accounts VALUES (10002, 'bob', NULL, 'x', 7, 0, 1);
             INSERT INTO groups VALUES (7, '#team', 10002, 1);
             INSERT INTO members VALUES (7, 10001, 0, 70, 71), (7, 10002, 1, 80, 0);",
        )
        .unwrap();
    drop(before);
    let database = open(&path).unwrap();
    let row = "SELECT name, admin, (SELECT count(*) FROM networks),
                      (SELECT made_by FROM groups)
               FROM accounts WHERE number = 10001";
    let row: (String, u32, u32, u32) = database
        .query_row(row, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .unwrap();
    assert_eq!(row, ("alice".to_owned(), 1, 0, 10_002));
    let mut select = database.prepare("SELECT number, seen, op FROM members").unwrap();
    let members: Vec<(u32, u32, Option<u32>)> = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(members, [(10_001, 71, None), (10_002, 0, Some(0))]);
    let group = "SELECT public, open_topic, topic FROM groups WHERE id = 7";
    let group: (bool, bool, Option<String>) =
        database.query_row(group, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    assert_eq!(group, (false, false, None), "it is closed");
}

#[test]
fn in_a_store_without_endings_everybody_was_told_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut before = Connection::open(&path).unwrap();
    migrate(&mut before, &MIGRATIONS[..WITHOUT_ENDINGS]).unwrap();
    before
        .execute_batch(
            "INSERT INTO accounts VALUES (10001, 'alice', NULL, 'x', 7, 0, 0);
             INSERT INTO groups VALUES (7, '#team', 10001, 1, 10001);
             INSERT INTO members VALUES (7, 10001, 3, 70, 71, 0);",
        )
        .unwrap();
    drop(before);
    let database = open(&path).unwrap();
    let row = "SELECT place, since, seen, op, ends, news, (SELECT count(*) FROM untold)
               FROM members WHERE number = 10001";
    let row: ([u32; 4], Option<i64>, [u32; 2]) = database
        .query_row(row, [], |row| {
            let numbers = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
            Ok((numbers, row.get(4)?, [row.get(5)?, row.get(6)?]))
        })
        .unwrap();
    assert_eq!(row, ([3, 70, 71, 0], None, [0, 0]));
}

#[test]
fn in_a_store_without_devices_each_token_gets_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut before = Connection::open(&path).unwrap();
    migrate(&mut before, &MIGRATIONS[..WITHOUT_DEVICES]).unwrap();
    before
        .execute_batch(
            "INSERT INTO accounts VALUES (10001, 'alice', NULL, 'x', 7, 0, 0);
             INSERT INTO accounts VALUES (10002, 'bob', NULL, 'x', 7, 0, 0);
             INSERT INTO tokens VALUES (x'01', 10001, 30), (x'02', 10002, 10),
                                       (x'03', 10001, 20), (x'04', 10001, 30);",
        )
        .unwrap();
    drop(before);
    let database = open(&path).unwrap();
    let select = "SELECT hex(hash), device, devices.made, used, lasting
                  FROM tokens JOIN devices USING (number, device) ORDER BY hash";
    let mut select = database.prepare(select).unwrap();
    let rows: Vec<(String, [u32; 4])> = select
        .query_map([], |row| {
            Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?]))
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let row = |hash: &str, device, made| (hash.to_owned(), [device, made, made, 0]);
    assert_eq!(rows, [row("01", 2, 30), row("02", 1, 10), row("03", 1, 20), row("04", 3, 30)]);
}

#[test]
fn a_step_that_fails_leaves_the_store_as_it_was() {
    let mut database = Connection::open_in_memory().unwrap();
    let steps = ["CREATE TABLE a (x INTEGER);", "CREATE TABLE b (x INTEGER); nonsense;"];
    migrate(&mut database, &steps[..1]).unwrap();
    assert!(matches!(migrate(&mut database, &steps), Err(StoreFault::Database(_))));
    assert_eq!(version(&database), 1);
    assert!(!database.table_exists(None, "b").unwrap());
}

#[test]
fn a_newer_store_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
    let refused = open(&path).unwrap_err();
    assert!(
        matches!(
            refused,
            StoreError::Unusable { reason: StoreFault::NewerSchema { found: 999, .. }, .. }
        ),
        "{refused}"
    );
    assert!(refused.to_string().contains("newer version"), "{refused}");
    let left = Connection::open(&path).unwrap();
    assert_eq!(version(&left), 999);
}

#[test]
fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    std::fs::write(&path, "a letter to somebody, which nobody wants to lose".repeat(50)).unwrap();
    assert_eq!(open(&path).unwrap_err().exit(), crate::exit::Exit::CantCreate);
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("a letter"));
}
