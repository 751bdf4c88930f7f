//! The table of invitations, which holds the hashes of their codes.

use rusqlite::{Connection, Row};

use super::values::bounded;
use crate::chat::name::Number;
use crate::chat::registration::Invite;
use crate::chat::sha256::Sha256Sum;
use crate::chat::term::Until;

/// Loads all invitations, also those whose time is over.
pub(in crate::store) fn load(database: &Connection) -> rusqlite::Result<Vec<Invite>> {
    let mut select =
        database.prepare("SELECT hash, start, uses, until, by FROM invites ORDER BY hash")?;
    select.query_map([], parse)?.collect()
}

fn parse(row: &Row<'_>) -> rusqlite::Result<Invite> {
    let until: Option<i64> = row.get(3)?;
    Ok(Invite {
        code: Sha256Sum(row.get(0)?),
        start: row.get::<_, String>(1)?.into(),
        uses: row.get(2)?,
        until: until.map_or(Until::Ever, |time| Until::Time(time.max(0).cast_unsigned())),
        by: Number(row.get(4)?),
    })
}

/// Inserts an invitation, and removes those whose time is over, in seconds since the Unix epoch.
pub(in crate::store) fn insert(
    database: &Connection,
    invite: &Invite,
    now: u64,
) -> rusqlite::Result<()> {
    database.prepare_cached("DELETE FROM invites WHERE until <= ?1")?.execute([bounded(now)])?;
    let until = match invite.until {
        Until::Ever => None,
        Until::Time(time) => Some(bounded(time)),
    };
    database
        .prepare_cached(
            "INSERT INTO invites (hash, start, uses, until, by) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((invite.code.0, &*invite.start, invite.uses, until, invite.by.0))?;
    Ok(())
}

/// Counts a use of an invitation; one that is used up goes. It may be gone already.
pub(in crate::store) fn take(database: &Connection, code: Sha256Sum) -> rusqlite::Result<()> {
    database
        .prepare_cached("UPDATE invites SET uses = uses - 1 WHERE hash = ?1")?
        .execute([code.0])?;
    database
        .prepare_cached("DELETE FROM invites WHERE hash = ?1 AND uses <= 0")?
        .execute([code.0])?;
    Ok(())
}

/// Removes an invitation.
pub(in crate::store) fn remove(database: &Connection, code: Sha256Sum) -> rusqlite::Result<()> {
    database.prepare_cached("DELETE FROM invites WHERE hash = ?1")?.execute([code.0])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::schema;

    #[test]
    fn invitations_are_kept_until_they_are_used_up_taken_back_or_late() {
        let mut database = Connection::open_in_memory().unwrap();
        schema::migrate(&mut database, schema::MIGRATIONS).unwrap();
        let invite = |at, uses, until| Invite {
            code: Sha256Sum([at; 32]),
            start: "abcd".into(),
            uses,
            until,
            by: Number(10_001),
        };
        let all = [
            invite(1, 2, Until::Ever),
            invite(2, 5, Until::Time(20)),
            invite(3, 5, Until::Time(30)),
        ];
        all.iter().for_each(|one| insert(&database, one, 0).unwrap());
        assert_eq!(load(&database).unwrap(), all);
        take(&database, all[0].code).unwrap();
        assert_eq!(load(&database).unwrap()[0].uses, 1);
        take(&database, all[0].code).unwrap();
        take(&database, all[0].code).unwrap();
        remove(&database, all[2].code).unwrap();
        assert_eq!(load(&database).unwrap(), all[1..2]);
        insert(&database, &all[0], 20).unwrap();
        assert_eq!(load(&database).unwrap(), all[..1]);
    }
}
