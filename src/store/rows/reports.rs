//! The table of reports.

use rusqlite::{Connection, Row};

use super::clock;
use super::values::{bounded, from_sql, sql};
use crate::chat::name::Number;
use crate::chat::report::Report;
use crate::hub::snapshot::KeptReports;
use crate::store::error::StoreFault;

/// How long a report that is resolved is remembered, in seconds: it counts for a day.
const RESOLVED_KEPT_FOR: i64 = 24 * 60 * 60;

/// Inserts a report, with the text of the message that it is about.
pub(in crate::store) fn keep(
    database: &Connection,
    report: &Report,
    text: Option<&str>,
) -> rusqlite::Result<()> {
    database
        .prepare_cached(
            "INSERT INTO reports (number, time, reporter, user, message, text, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            report.number,
            bounded(report.time),
            report.reporter.0,
            report.user.0,
            report.message.map(sql),
            text,
            report.reason.as_str(),
        ))?;
    Ok(())
}

/// Notes that a report is resolved, and forgets others that were long ago. Returns false if there
/// is no such report, or it is resolved already.
pub(in crate::store) fn resolve(database: &Connection, number: u32) -> rusqlite::Result<bool> {
    let changed = database
        .prepare_cached("UPDATE reports SET is_open = 0 WHERE number = ?1 AND is_open = 1")?
        .execute([number])?;
    // The last one stays, since its number must not come again.
    database
        .prepare_cached(
            "DELETE FROM reports WHERE is_open = 0 AND time < ?1
                 AND number < (SELECT max(number) FROM reports)",
        )?
        .execute([clock::seconds() - RESOLVED_KEPT_FOR])?;
    Ok(changed > 0)
}

/// Loads the number of the last report, and those that are not resolved or not long ago, by number,
/// each with whether it is not resolved.
///
/// # Errors
/// [`StoreFault::MalformedReport`] if a row is not as a server writes it.
pub(in crate::store) fn load(database: &Connection) -> Result<KeptReports, StoreFault> {
    let last = database
        .query_row("SELECT ifnull(max(number), 0) FROM reports", [], |row| row.get::<_, u32>(0))?;
    let mut select = database.prepare(
        "SELECT number, time, reporter, user, message, reason, is_open FROM reports
         WHERE is_open = 1 OR time >= ?1 ORDER BY number",
    )?;
    let mut rows = select.query([clock::seconds() - RESOLVED_KEPT_FOR])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((parse(row)?, row.get(6)?));
    }
    Ok(KeptReports { last, all })
}

fn parse(row: &Row<'_>) -> Result<Report, StoreFault> {
    let number = row.get(0)?;
    let message = row.get::<_, Option<i64>>(4)?.map(|id| from_sql(4, id)).transpose()?;
    let reason: String = row.get(5)?;
    Ok(Report {
        number,
        time: row.get::<_, i64>(1)?.cast_unsigned(),
        reporter: Number(row.get(2)?),
        user: Number(row.get(3)?),
        message,
        reason: reason.parse().map_err(|_| StoreFault::MalformedReport { number })?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::id::MessageId;
    use crate::store::rows::schema;

    #[test]
    fn a_report_is_kept_with_the_text_that_it_is_about_and_no_number_comes_again() {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        database
            .execute_batch(
                "INSERT INTO accounts (number, name, password, created)
                 VALUES (10001, 'alice', '', 0), (10002, 'bob', '', 0)",
            )
            .unwrap();
        let report = |number| Report {
            number,
            time: 7,
            reporter: Number(10_001),
            user: Number(10_002),
            message: Some(MessageId(5)),
            reason: "rude".parse().unwrap(),
        };
        let loaded = || load(&database).map(|kept| (kept.last, kept.all)).unwrap();
        assert_eq!(loaded(), (0, Vec::new()));
        keep(&database, &report(1), Some("the words")).unwrap();
        keep(&database, &report(2), None).unwrap();
        let text: String =
            database.query_row("SELECT text FROM reports", [], |row| row.get(0)).unwrap();
        assert_eq!(text, "the words");
        assert_eq!(loaded(), (2, vec![(report(1), true), (report(2), true)]));
        assert!(resolve(&database, 2).unwrap());
        assert!(!resolve(&database, 2).unwrap());
        // It is long ago, and its number is still known.
        assert_eq!(loaded(), (2, vec![(report(1), true)]));
        assert!(resolve(&database, 1).unwrap());
        assert_eq!(loaded(), (2, Vec::new()));
    }
}
