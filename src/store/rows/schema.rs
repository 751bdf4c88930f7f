//! The schema of the database: opening the file, and migrating it to the newest version.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::store::error::{StoreError, StoreFault};
use crate::store::room::Space;

/// The migrations, one for each version of the schema. The version of a database (`user_version`)
/// is the number of migrations applied. A released migration is never changed.
pub(in crate::store) const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE accounts (
        number   INTEGER PRIMARY KEY,
        name     TEXT NOT NULL UNIQUE COLLATE NOCASE,
        display  TEXT,
        password TEXT NOT NULL, -- a PHC string
        created  INTEGER NOT NULL -- seconds since the Unix epoch
    ) STRICT;
    ",
    "
    CREATE TABLE messages (
        id     INTEGER PRIMARY KEY, -- microseconds since the Unix epoch
        lane   INTEGER NOT NULL,
        sender INTEGER NOT NULL, -- an account's number
        text   TEXT NOT NULL
    ) STRICT;
    -- Every index ends with the id, so a lane is one range of it, in order.
    CREATE INDEX messages_by_lane ON messages (lane);

    -- Which chats a user has, and up to which message of the others they are read.
    CREATE TABLE chats (
        reader INTEGER NOT NULL,
        lane   INTEGER NOT NULL,
        seen   INTEGER NOT NULL,
        PRIMARY KEY (reader, lane)
    ) STRICT, WITHOUT ROWID;

    -- The words that mark messages. Whether the message is kept is another matter.
    CREATE TABLE keys (
        message INTEGER PRIMARY KEY,
        sender  INTEGER NOT NULL,
        word    TEXT NOT NULL,
        lane    INTEGER NOT NULL,
        UNIQUE (sender, word)
    ) STRICT;

    CREATE TABLE tokens (
        hash   BLOB PRIMARY KEY, -- SHA-256
        number INTEGER NOT NULL REFERENCES accounts,
        made   INTEGER NOT NULL -- seconds since the Unix epoch
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX tokens_by_number ON tokens (number, made);

    -- One row: the bound of all ids, and a value that tells this store from others.
    CREATE TABLE store (
        one      INTEGER PRIMARY KEY CHECK (one = 1),
        id_mark  INTEGER NOT NULL,
        identity BLOB NOT NULL
    ) STRICT;
    INSERT INTO store VALUES (1, 0, randomblob(16));
    ",
    "
    -- What others said in a group, which has one lane for all its members, is a range of this.
    CREATE INDEX messages_by_group ON messages (lane, id, sender) WHERE lane < 0;

    CREATE TABLE groups (
        id    INTEGER PRIMARY KEY,
        name  TEXT NOT NULL,
        admin INTEGER NOT NULL REFERENCES accounts,
        kept  INTEGER NOT NULL
    ) STRICT;
    -- A member reads from the message `since` on.
    CREATE TABLE members (
        group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
        number   INTEGER NOT NULL REFERENCES accounts,
        place    INTEGER NOT NULL, -- the oldest member has the smallest
        since    INTEGER NOT NULL,
        seen     INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (group_id, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX members_by_number ON members (number);
    -- Who was asked to join, and who asked to.
    CREATE TABLE candidates (
        group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
        asks     INTEGER NOT NULL, -- 1, or 0 for who was asked
        number   INTEGER NOT NULL REFERENCES accounts,
        place    INTEGER NOT NULL, -- the first one has the smallest
        PRIMARY KEY (group_id, asks, number)
    ) STRICT, WITHOUT ROWID;
    -- Groups that have ended, some of whose messages are still there.
    CREATE TABLE ended (group_id INTEGER PRIMARY KEY) STRICT;
    ",
    "
    -- Files on their way. The names of their parts hold the id.
    CREATE TABLE uploads (
        id      INTEGER PRIMARY KEY, -- drawn at random
        owner   INTEGER NOT NULL,
        lane    INTEGER, -- NULL where it goes into the shared folder
        name    TEXT NOT NULL,
        size    INTEGER NOT NULL, -- bytes that were announced
        touched INTEGER NOT NULL -- microseconds since the Unix epoch
    ) STRICT;
    CREATE INDEX uploads_by_owner ON uploads (owner, size);
    CREATE INDEX uploads_by_lane ON uploads (lane);
    CREATE INDEX uploads_by_age ON uploads (touched);
    -- What users have put into the shared folder.
    CREATE TABLE files (
        id    INTEGER PRIMARY KEY, -- the upload's
        owner INTEGER NOT NULL,
        name  TEXT NOT NULL UNIQUE,
        size  INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX files_by_owner ON files (owner, size);
    -- Which messages are files.
    CREATE TABLE sent (
        message INTEGER PRIMARY KEY,
        file    INTEGER NOT NULL UNIQUE, -- the upload's id, under which it is kept
        sender  INTEGER NOT NULL,
        size    INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX sent_by_sender ON sent (sender, size);
    -- Parts and sent files that nothing refers to any more, and that are yet to be removed.
    CREATE TABLE garbage (
        id   INTEGER PRIMARY KEY, -- the upload's
        name TEXT -- for a part of that file in the shared folder
    ) STRICT;
    ",
    "
    ALTER TABLE accounts ADD COLUMN admin INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE accounts ADD COLUMN banned INTEGER NOT NULL DEFAULT 0;
    -- The operator, who has no password, so that other rows can refer to one of accounts.
    INSERT INTO accounts (number, name, password, created) VALUES (1, 'operator', '', 0);
    ",
    "
    -- From where accounts have logged in: '192.0.2.0/24', '2001:db8:1::/48'.
    CREATE TABLE networks (
        number INTEGER NOT NULL REFERENCES accounts,
        prefix TEXT NOT NULL,
        seen   INTEGER NOT NULL, -- the day of the last login, in seconds since the Unix epoch
        PRIMARY KEY (number, prefix)
    ) STRICT, WITHOUT ROWID;
    ",
    "
    -- The place among the ops of the group, where the member is one; the oldest has the smallest.
    ALTER TABLE members ADD COLUMN op INTEGER;
    UPDATE members SET op = 0
        WHERE number = (SELECT admin FROM groups WHERE id = members.group_id);
    -- Among whose groups it counts.
    ALTER TABLE groups ADD COLUMN made_by INTEGER REFERENCES accounts;
    UPDATE groups SET made_by = admin;
    ",
    "
    -- When the membership ends, where it does because its user is offline; in microseconds since
    -- the Unix epoch.
    ALTER TABLE members ADD COLUMN ends INTEGER;
    -- 1 for a member who has yet to be told.
    ALTER TABLE members ADD COLUMN news INTEGER NOT NULL DEFAULT 0;
    -- The greatest place of a list, and the list in order, are looked up here.
    CREATE INDEX members_by_place ON members (group_id, place);
    CREATE INDEX members_by_op ON members (group_id, op) WHERE op IS NOT NULL;
    CREATE INDEX candidates_by_place ON candidates (group_id, asks, place);
    -- Who has yet to be told which groups ended.
    CREATE TABLE untold (
        number INTEGER NOT NULL REFERENCES accounts,
        place  INTEGER NOT NULL, -- the oldest has the smallest
        name   TEXT NOT NULL,
        PRIMARY KEY (number, place)
    ) STRICT, WITHOUT ROWID;
    ",
    "
    -- The devices that have tokens.
    CREATE TABLE devices (
        number  INTEGER NOT NULL REFERENCES accounts,
        device  INTEGER NOT NULL,
        made    INTEGER NOT NULL, -- seconds since the Unix epoch
        used    INTEGER NOT NULL, -- seconds since the Unix epoch
        address TEXT, -- NULL where it is not known
        name    TEXT, -- of another program for which a token was made
        PRIMARY KEY (number, device)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE tokens ADD COLUMN device INTEGER NOT NULL DEFAULT 0;
    -- Among the tokens of the device; the oldest has the smallest.
    ALTER TABLE tokens ADD COLUMN place INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE tokens ADD COLUMN lasting INTEGER NOT NULL DEFAULT 0; -- 1 for one that does not age
    UPDATE tokens SET device = (SELECT count(*) FROM tokens AS older
        WHERE older.number = tokens.number
        AND (older.made, older.hash) <= (tokens.made, tokens.hash));
    INSERT INTO devices (number, device, made, used)
        SELECT number, device, made, made FROM tokens;
    DROP INDEX tokens_by_number;
    CREATE INDEX tokens_by_device ON tokens (number, device);
    ",
    "
    -- What others said to everyone is a range of this.
    CREATE INDEX messages_of_everyone ON messages (lane, id, sender) WHERE lane = 0;
    -- Messages that were removed one by one, so that the search index forgets them.
    CREATE TABLE deleted (
        place   INTEGER PRIMARY KEY AUTOINCREMENT, -- the oldest has the smallest
        message INTEGER NOT NULL
    ) STRICT;
    ",
    "
    -- 1 where everybody may join, and where members may set the topic.
    ALTER TABLE groups ADD COLUMN public INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE groups ADD COLUMN open_topic INTEGER NOT NULL DEFAULT 0;
    -- NULL where there is no topic.
    ALTER TABLE groups ADD COLUMN topic TEXT;
    ALTER TABLE groups ADD COLUMN topic_by INTEGER REFERENCES accounts;
    ALTER TABLE groups ADD COLUMN topic_at INTEGER; -- microseconds since the Unix epoch
    -- Who may not come into a group.
    CREATE TABLE shut_out (
        group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
        number   INTEGER NOT NULL REFERENCES accounts,
        by       INTEGER NOT NULL REFERENCES accounts,
        since    INTEGER NOT NULL, -- microseconds since the Unix epoch
        PRIMARY KEY (group_id, number)
    ) STRICT, WITHOUT ROWID;
    -- When users declined or were refused, in microseconds since the Unix epoch; 0 is never.
    CREATE TABLE turned_down (
        group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
        number   INTEGER NOT NULL REFERENCES accounts,
        declined INTEGER NOT NULL,
        refused_1 INTEGER NOT NULL, -- the earliest of the last three
        refused_2 INTEGER NOT NULL,
        refused_3 INTEGER NOT NULL,
        PRIMARY KEY (group_id, number)
    ) STRICT, WITHOUT ROWID;
    ",
    "
    -- What users have uploaded, in all three tables: kept, so that it need not be counted. A file
    -- counts 4 KiB at least, and 4 PiB at most, so that no sum overflows.
    CREATE TABLE usage (
        owner      INTEGER PRIMARY KEY,
        unfinished INTEGER NOT NULL, -- uploads
        files      INTEGER NOT NULL, -- those in the shared folder, and those that were sent
        bytes      INTEGER NOT NULL -- of all of them
    ) STRICT;
    INSERT INTO usage
        SELECT owner, sum(unfinished), sum(files), sum(min(max(size, 4096), 4503599627370496))
        FROM (SELECT owner, 1 AS unfinished, 0 AS files, size FROM uploads
              UNION ALL SELECT owner, 0, 1, size FROM files
              UNION ALL SELECT sender, 0, 1, size FROM sent)
        GROUP BY owner;
    CREATE TRIGGER upload_is_counted AFTER INSERT ON uploads BEGIN
        INSERT INTO usage VALUES (new.owner, 1, 0, min(max(new.size, 4096), 4503599627370496))
            ON CONFLICT DO UPDATE SET unfinished = unfinished + 1, bytes = bytes + excluded.bytes;
    END;
    CREATE TRIGGER upload_counts_no_more AFTER DELETE ON uploads BEGIN
        UPDATE usage SET unfinished = unfinished - 1,
            bytes = bytes - min(max(old.size, 4096), 4503599627370496) WHERE owner = old.owner;
    END;
    CREATE TRIGGER file_is_counted AFTER INSERT ON files BEGIN
        INSERT INTO usage VALUES (new.owner, 0, 1, min(max(new.size, 4096), 4503599627370496))
            ON CONFLICT DO UPDATE SET files = files + 1, bytes = bytes + excluded.bytes;
    END;
    CREATE TRIGGER file_counts_no_more AFTER DELETE ON files BEGIN
        UPDATE usage SET files = files - 1,
            bytes = bytes - min(max(old.size, 4096), 4503599627370496) WHERE owner = old.owner;
    END;
    CREATE TRIGGER sent_is_counted AFTER INSERT ON sent BEGIN
        INSERT INTO usage VALUES (new.sender, 0, 1, min(max(new.size, 4096), 4503599627370496))
            ON CONFLICT DO UPDATE SET files = files + 1, bytes = bytes + excluded.bytes;
    END;
    CREATE TRIGGER sent_counts_no_more AFTER DELETE ON sent BEGIN
        UPDATE usage SET files = files - 1,
            bytes = bytes - min(max(old.size, 4096), 4503599627370496) WHERE owner = old.sender;
    END;
    DROP INDEX sent_by_sender;
    DROP INDEX files_by_owner;
    -- The files of one owner are a range of this, in the order of their ids.
    CREATE INDEX files_by_owner ON files (owner);
    ",
    "
    -- What administrators have decided against users and networks.
    CREATE TABLE sanctions (
        kind   TEXT NOT NULL, -- 'ban' or 'mute' of an account, 'network'
        whom   TEXT NOT NULL, -- an account's number, or '192.0.2.0/24'
        by     INTEGER NOT NULL, -- an account's number
        since  INTEGER NOT NULL, -- seconds since the Unix epoch
        until  INTEGER, -- seconds since the Unix epoch; NULL where it does not end by itself
        reason TEXT,
        PRIMARY KEY (kind, whom)
    ) STRICT, WITHOUT ROWID;
    -- When the older ones began is not known.
    INSERT INTO sanctions SELECT 'ban', CAST(number AS TEXT), 1, 0, NULL, NULL
        FROM accounts WHERE banned = 1;
    ALTER TABLE accounts DROP COLUMN banned;
    -- From when on the password is good no more, in seconds since the Unix epoch; NULL where it
    -- need not be replaced.
    ALTER TABLE accounts ADD COLUMN reset INTEGER;
    -- When the user was last here, to the minute, in seconds since the Unix epoch; NULL where that
    -- is not known.
    ALTER TABLE accounts ADD COLUMN last_seen INTEGER;
    ",
    "
    -- Whom accounts ignore.
    CREATE TABLE ignored (
        number INTEGER NOT NULL REFERENCES accounts,
        whom   INTEGER NOT NULL REFERENCES accounts,
        PRIMARY KEY (number, whom)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX ignored_by_whom ON ignored (whom);
    -- Accounts that were removed keep their numbers.
    ALTER TABLE accounts ADD COLUMN removed INTEGER; -- when, in seconds since the Unix epoch
    ALTER TABLE accounts ADD COLUMN former TEXT; -- the name before
    -- Removed accounts of which something is still to go.
    CREATE TABLE erasing (
        number INTEGER PRIMARY KEY REFERENCES accounts,
        behind INTEGER NOT NULL -- the last message that was looked at
    ) STRICT;
    -- The size of a file in the shared folder that is to go, if it is still the same; NULL for a
    -- part or a file that was sent.
    ALTER TABLE garbage ADD COLUMN size INTEGER;
    -- What users told the administrators of others.
    CREATE TABLE reports (
        number   INTEGER PRIMARY KEY,
        time     INTEGER NOT NULL, -- seconds since the Unix epoch
        reporter INTEGER NOT NULL REFERENCES accounts,
        user     INTEGER NOT NULL REFERENCES accounts,
        message  INTEGER, -- the message that it is about
        text     TEXT, -- of that message
        reason   TEXT NOT NULL,
        is_open  INTEGER NOT NULL DEFAULT 1 -- 0 where it is resolved
    ) STRICT;
    -- Whether the user is to be asked before being added to a group; NULL where nothing was said.
    ALTER TABLE accounts ADD COLUMN ask_first INTEGER;
    -- 1 where the user ignores the one who asked, and is not told.
    ALTER TABLE candidates ADD COLUMN unheard INTEGER NOT NULL DEFAULT 0;
    ",
    "
    CREATE TABLE invites (
        hash  BLOB PRIMARY KEY, -- SHA-256 of the code
        start TEXT NOT NULL, -- of the code
        uses  INTEGER NOT NULL, -- how many more accounts it may make
        until INTEGER, -- seconds since the Unix epoch; NULL where it does not end by itself
        by    INTEGER NOT NULL -- an account's number
    ) STRICT, WITHOUT ROWID;
    ",
    "
    -- SHA-256 of the message of the day that was asked for last; NULL where none was.
    ALTER TABLE accounts ADD COLUMN motd BLOB;
    ",
    "
    -- What users asked for of all that is their own.
    CREATE TABLE exports (
        file    INTEGER PRIMARY KEY, -- drawn at random, as the ids of uploads
        owner   INTEGER NOT NULL REFERENCES accounts,
        asked   INTEGER NOT NULL, -- seconds since the Unix epoch
        message INTEGER -- that sent it; NULL where it is still to be made
    ) STRICT;
    -- It counts to no quota.
    DROP TRIGGER sent_is_counted;
    CREATE TRIGGER sent_is_counted AFTER INSERT ON sent
        WHEN NOT EXISTS (SELECT 1 FROM exports WHERE file = new.file) BEGIN
        INSERT INTO usage VALUES (new.sender, 0, 1, min(max(new.size, 4096), 4503599627370496))
            ON CONFLICT DO UPDATE SET files = files + 1, bytes = bytes + excluded.bytes;
    END;
    DROP TRIGGER sent_counts_no_more;
    CREATE TRIGGER sent_counts_no_more AFTER DELETE ON sent
        WHEN NOT EXISTS (SELECT 1 FROM exports WHERE file = old.file) BEGIN
        UPDATE usage SET files = files - 1,
            bytes = bytes - min(max(old.size, 4096), 4503599627370496) WHERE owner = old.sender;
    END;
    ",
];

/// The number of pages of 4 KiB in the write-ahead log after which it is checkpointed. A page that
/// changed many times since the last checkpoint is copied only once.
pub(in crate::store) const CHECKPOINT_PAGES: u32 = 4_096;
/// The size of the cache of prepared statements; there are fewer.
const STATEMENTS_MAX: usize = 128;

/// The disk space in bytes that opening a database may take, for its shared memory and the first
/// pages of its log.
const ROOM_TO_OPEN: u64 = 128 * 1024;

/// How long to wait for the lock of another process, such as one of SQLite's tools.
pub(in crate::store) const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// Opens the database, creates it if it is missing, and migrates it to the newest version.
///
/// # Errors
/// [`StoreError::Unusable`], also if a newer server wrote it.
pub(in crate::store) fn open(path: &Path) -> Result<Connection, StoreError> {
    // SQLite creates its other files with the mode of this one. Nobody else may read password
    // hashes.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(StoreError::at(path))?;
    // Without SQLITE_OPEN_URI, so that a path that begins with `file:` is not taken for a URI.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let set_up = || {
        let mut database = Connection::open_with_flags(path, flags)?;
        set_up(&database)?;
        migrate(&mut database, MIGRATIONS)?;
        Ok(database)
    };
    set_up().map_err(|reason| StoreError::at(path)(or_disk_full(reason, path)))
}

/// Replaces an error of SQLite by `DiskFull` if the disk is full, for which SQLite has many
/// different errors.
fn or_disk_full(reason: StoreFault, path: &Path) -> StoreFault {
    let space = path.parent().map(Space::of_folder);
    match (&reason, space) {
        (StoreFault::Database(_), Some(Ok(Some(space)))) if space.free() < ROOM_TO_OPEN => {
            StoreFault::DiskFull
        }
        _ => reason,
    }
}

fn set_up(database: &Connection) -> Result<(), StoreFault> {
    database.busy_timeout(LOCK_TIMEOUT)?;
    let mode: String =
        database.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreFault::NoWriteAheadLog(mode));
    }
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "foreign_keys", true)?;
    database.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    database.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Otherwise SQLite looks at the parameters of a query to find out whether a partial index
    // serves it, and prepares it anew for each of them, which takes ten times as long as to run it.
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Applies the migrations that the database does not have yet, all or none of them.
pub(in crate::store) fn migrate(
    database: &mut Connection,
    migrations: &[&str],
) -> Result<(), StoreFault> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let Some(missing) = migrations.get(found as usize..) else {
        return Err(StoreFault::NewerSchema { found, known: migrations.len() as u32 });
    };
    for step in missing {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", migrations.len() as u32)?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests;
