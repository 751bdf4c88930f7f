//! The table of the networks from which accounts have logged in.

use rusqlite::Connection;

use crate::chat::account::{KnownNetwork, NetworksOf};
use crate::chat::name::Number;
use crate::store::error::StoreFault;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// Replaces the networks of an account, of which there are few.
pub(in crate::store) fn save(
    database: &Connection,
    number: Number,
    networks: &[KnownNetwork],
) -> rusqlite::Result<()> {
    database.prepare_cached("DELETE FROM networks WHERE number = ?1")?.execute([number.0])?;
    let mut insert = database
        .prepare_cached("INSERT INTO networks (number, prefix, seen) VALUES (?1, ?2, ?3)")?;
    for network in networks {
        let seen = i64::from(network.day) * SECONDS_PER_DAY;
        insert.execute((number.0, network.prefix.to_string(), seen))?;
    }
    Ok(())
}

/// Loads the networks of all accounts; those of one account by last login, newest first.
///
/// # Errors
/// [`StoreFault::MalformedAccount`] if a row is not as a server writes it.
pub(in crate::store) fn load(database: &Connection) -> Result<Vec<NetworksOf>, StoreFault> {
    let mut select = database
        .prepare("SELECT number, prefix, seen FROM networks ORDER BY number, seen DESC, prefix")?;
    let mut rows = select.query([])?;
    let mut all = Vec::new();
    let mut own = (Number(0), Vec::new());
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let malformed = |column| StoreFault::MalformedAccount { number, column };
        let of = u32::try_from(number).map(Number).map_err(|_| malformed("network's number"))?;
        let prefix: String = row.get(1)?;
        let day = u32::try_from(row.get::<_, i64>(2)? / SECONDS_PER_DAY);
        let network = KnownNetwork {
            prefix: prefix.parse().map_err(|_| malformed("network"))?,
            day: day.map_err(|_| malformed("network's time"))?,
        };
        if own.0 != of {
            finish(&mut all, std::mem::replace(&mut own, (of, Vec::new())));
        }
        own.1.push(network);
    }
    finish(&mut all, own);
    Ok(all)
}

fn finish(all: &mut Vec<NetworksOf>, (number, networks): (Number, Vec<KnownNetwork>)) {
    if !networks.is_empty() {
        all.push((number, networks.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::schema;

    #[test]
    fn what_is_kept_is_loaded_and_takes_the_place_of_what_was_kept() {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        for (number, name) in [(10_001, "alice"), (10_002, "bob")] {
            database
                .execute(
                    "INSERT INTO accounts (number, name, password, created) VALUES (?1, ?2, '', 0)",
                    (number, name),
                )
                .unwrap();
        }
        let network = |prefix: &str, day| KnownNetwork { prefix: prefix.parse().unwrap(), day };
        let of_alice = [network("192.0.2.0/24", 20_001), network("2001:db8:1::/48", 20_000)];
        let of_bob = [network("198.51.100.0/24", 20_002)];
        save(&database, Number(10_001), &of_bob).unwrap();
        save(&database, Number(10_002), &of_bob).unwrap();
        save(&database, Number(10_001), &of_alice).unwrap();
        let expected: Vec<NetworksOf> =
            vec![(Number(10_001), of_alice.into()), (Number(10_002), of_bob.into())];
        assert_eq!(load(&database).unwrap(), expected);

        for wrong in ["prefix = '192.0.2.1/24'", "seen = -86400"] {
            let update = format!("UPDATE networks SET {wrong} WHERE number = 10002");
            database.execute(&update, []).unwrap();
            assert!(matches!(load(&database), Err(StoreFault::MalformedAccount { .. })), "{wrong}");
        }
    }
}
