//! The table of sanctions.

use rusqlite::{Connection, Row};

use crate::chat::cidr::Cidr;
use crate::chat::name::Number;
use crate::chat::sanction::{Sanction, Sanctioned};
use crate::chat::term::Until;
use crate::chat::text::Reason;
use crate::store::error::StoreFault;

/// Loads all sanctions.
///
/// # Errors
/// [`StoreFault::MalformedSanction`] if a row is not as a server writes it.
pub(in crate::store) fn load(
    database: &Connection,
) -> Result<Vec<(Sanctioned, Sanction)>, StoreFault> {
    let mut select = database.prepare(
        "SELECT kind, whom, by, since, until, reason FROM sanctions ORDER BY kind, whom",
    )?;
    let mut rows = select.query([])?;
    let mut sanctions = Vec::new();
    while let Some(row) = rows.next()? {
        sanctions.push(parse(row)?);
    }
    Ok(sanctions)
}

fn parse(row: &Row<'_>) -> Result<(Sanctioned, Sanction), StoreFault> {
    let (kind, whom): (String, String) = (row.get(0)?, row.get(1)?);
    let malformed = || StoreFault::MalformedSanction(format!("{kind} {whom}"));
    let number = || whom.parse().map(Number).map_err(|_| malformed());
    let sanctioned = match &*kind {
        "ban" => Sanctioned::Ban(number()?),
        "mute" => Sanctioned::Mute(number()?),
        "network" => Sanctioned::Network(whom.parse::<Cidr>().map_err(|_| malformed())?),
        _ => return Err(malformed()),
    };
    let time = |time: i64| u64::try_from(time).map_err(|_| malformed());
    let until = row.get::<_, Option<i64>>(4)?.map(time).transpose()?;
    let reason: Option<String> = row.get(5)?;
    let reason = reason.map(|reason| reason.parse::<Reason>()).transpose();
    let sanction = Sanction {
        by: Number(row.get(2)?),
        since: time(row.get(3)?)?,
        until: until.map_or(Until::Ever, Until::Time),
        reason: reason.map_err(|_| malformed())?,
    };
    Ok((sanctioned, sanction))
}

/// Stores a sanction in place of one before.
pub(in crate::store) fn insert(
    database: &Connection,
    whom: Sanctioned,
    sanction: &Sanction,
) -> rusqlite::Result<()> {
    let (kind, whom) = key(whom);
    let Sanction { by, since, until, reason } = sanction;
    database
        .prepare_cached(
            "INSERT OR REPLACE INTO sanctions (kind, whom, by, since, until, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            kind,
            whom,
            by.0,
            since.cast_signed(),
            end(*until),
            reason.as_ref().map(Reason::as_str),
        ))?;
    Ok(())
}

/// Removes a sanction.
pub(in crate::store) fn remove(database: &Connection, whom: Sanctioned) -> rusqlite::Result<()> {
    database
        .prepare_cached("DELETE FROM sanctions WHERE kind = ?1 AND whom = ?2")?
        .execute(key(whom))?;
    Ok(())
}

/// Removes a sanction if it lasts until that time. Returns true if it did.
pub(in crate::store) fn remove_until(
    database: &Connection,
    whom: Sanctioned,
    until: u64,
) -> rusqlite::Result<bool> {
    let (kind, whom) = key(whom);
    let removed = database
        .prepare_cached("DELETE FROM sanctions WHERE kind = ?1 AND whom = ?2 AND until = ?3")?
        .execute((kind, whom, until.cast_signed()))?;
    Ok(removed == 1)
}

fn key(whom: Sanctioned) -> (&'static str, String) {
    match whom {
        Sanctioned::Ban(number) => ("ban", number.0.to_string()),
        Sanctioned::Mute(number) => ("mute", number.0.to_string()),
        Sanctioned::Network(network) => ("network", network.to_string()),
    }
}

fn end(until: Until) -> Option<i64> {
    match until {
        Until::Time(time) => Some(time.cast_signed()),
        Until::Ever => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::schema;

    fn sanction(until: Until, reason: Option<&str>) -> Sanction {
        let reason = reason.map(|reason| reason.parse().unwrap());
        Sanction { by: Number(10_001), since: 7, until, reason }
    }

    #[test]
    fn what_is_kept_is_loaded_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        let ban = Sanctioned::Ban(Number(10_002));
        let mute = Sanctioned::Mute(Number(10_002));
        let network = Sanctioned::Network("2001:db8::/32".parse().unwrap());
        let other = Sanctioned::Network("192.0.2.7".parse().unwrap());
        let kept = [
            (ban, sanction(Until::Time(9), Some("too loud"))),
            (mute, sanction(Until::Time(11), Some("\"shouts\""))),
            (other, sanction(Until::Ever, None)),
            (network, sanction(Until::Time(u64::from(u32::MAX) + 1), None)),
        ];
        insert(&database, ban, &sanction(Until::Ever, None)).unwrap();
        for (whom, sanction) in &kept {
            insert(&database, *whom, sanction).unwrap();
        }
        assert_eq!(load(&database).unwrap(), kept);
        assert!(!remove_until(&database, ban, 8).unwrap());
        assert!(remove_until(&database, ban, 9).unwrap());
        assert!(!remove_until(&database, other, 0).unwrap());
        assert!(remove_until(&database, mute, 11).unwrap());
        remove(&database, network).unwrap();
        assert_eq!(load(&database).unwrap(), kept[2..3]);
        for wrong in ["whom = '192.0.2'", "kind = 'ban'", "since = -1", "reason = ''"] {
            let change = format!("UPDATE sanctions SET {wrong}");
            database.execute_batch(&format!("BEGIN; {change}")).unwrap();
            assert!(matches!(load(&database), Err(StoreFault::MalformedSanction(_))), "{wrong}");
            database.execute_batch("ROLLBACK").unwrap();
        }
    }
}
