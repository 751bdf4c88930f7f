//! The write-ahead log: when it is copied into the database (a checkpoint), so that it begins anew.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use crate::store::read_gate::ReadGate;
use crate::store::rows::schema::CHECKPOINT_PAGES;

/// The number of pages that are added after a checkpoint until the log is copied although somebody
/// reads, which makes it no shorter, but a start after a crash quicker.
const COPY_PAGES: u32 = 4 * CHECKPOINT_PAGES;

/// Has the log of a connection copied when it is long: once nobody reads, which closing the gate
/// brings about.
pub(super) fn follow(connection: &mut Connection, gate: &Arc<ReadGate>) -> rusqlite::Result<()> {
    let gate = Arc::clone(gate);
    let mut copied = 0;
    connection.wal_hook(Some(move |wal: &mut Wal, pages: i32| {
        copied = committed(wal, (pages.unsigned_abs(), copied), &gate);
        Ok(())
    }))
}

/// Looks at the log after a commit. Takes its length in pages, and the length up to which it was
/// copied last; returns that length as it is now.
fn committed(wal: &mut Wal, (pages, copied): (u32, u32), gate: &ReadGate) -> u32 {
    if pages < CHECKPOINT_PAGES {
        // It was begun anew.
        gate.open();
        return 0;
    }
    let is_quiet = gate.close();
    if !is_quiet && pages < copied.saturating_add(COPY_PAGES) {
        return copied;
    }
    // A failure is none of the transaction, which is committed; the next one tries again.
    // The default waits for nobody.
    match wal.checkpoint_v2(Default::default()) {
        Ok((length, done)) if length == done => {
            // Who reads from now on reads the database, and keeps no log from beginning anew.
            gate.open();
            pages
        }
        Ok(_) => pages,
        Err(_) => copied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::schema;

    /// The length of the log in pages.
    fn length(folder: &tempfile::TempDir) -> u64 {
        std::fs::metadata(folder.path().join("store-wal")).unwrap().len() / 4_096
    }

    #[test]
    fn the_log_begins_anew_between_reads_that_follow_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let mut connection = schema::open(&path).unwrap();
        connection.pragma_update(None, "synchronous", "OFF").unwrap();
        let gate = Arc::new(ReadGate::default());
        follow(&mut connection, &gate).unwrap();
        connection.execute_batch("CREATE TABLE filler (bytes BLOB)").unwrap();
        let others = [(); 2].map(|()| Connection::open(&path).unwrap());
        let mut reading = None;
        let mut is_waiting = false;
        for step in 0..60_u32 {
            // One read begins before the other one ends, as long as the gate is open.
            if gate.is_open() {
                let other = &others[step as usize % 2];
                let read = other.unchecked_transaction().unwrap();
                read.query_row("SELECT count(*) FROM filler", [], |row| row.get::<_, i64>(0))
                    .unwrap();
                reading = Some((gate.pass(), read));
            } else {
                is_waiting = true;
                reading = None;
            }
            connection
                .execute("INSERT INTO filler VALUES (zeroblob(?1))", [4_096 * 1_000])
                .unwrap();
        }
        drop(reading);
        assert!(is_waiting);
        let most = 3 * u64::from(CHECKPOINT_PAGES);
        assert!(length(&folder) < most, "{} pages", length(&folder));
    }
}
