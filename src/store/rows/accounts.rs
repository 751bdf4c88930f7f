//! The table of accounts.

use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension, Row};

use super::clock;
use super::values::bounded;
use crate::chat::account::{Account, AccountRow, RemovedAccount};
use crate::chat::name::{DisplayName, Number, UserName};
use crate::chat::request::COUNT_MAX;
use crate::chat::sha256::Sha256Sum;
use crate::store::error::StoreFault;
use crate::store::hash;

/// Loads all accounts but the operator's, by number.
///
/// # Errors
/// [`StoreFault::MalformedAccount`] if a row is not as a server writes it. The server does not
/// start with only a part of the accounts.
pub(in crate::store) fn load(database: &Connection) -> Result<Vec<Account>, StoreFault> {
    let mut select = database.prepare(
        "SELECT number, name, display, password, created FROM accounts
         WHERE number <> ?1 ORDER BY number",
    )?;
    let mut rows = select.query([Number::OPERATOR.0])?;
    let mut accounts = Vec::new();
    while let Some(row) = rows.next()? {
        accounts.push(parse(row)?);
    }
    Ok(accounts)
}

fn parse(row: &Row<'_>) -> Result<Account, StoreFault> {
    let number: i64 = row.get(0)?;
    let malformed = |column| StoreFault::MalformedAccount { number, column };
    let display: Option<String> = row.get(2)?;
    let account = Account {
        number: u32::try_from(number)
            .ok()
            .filter(|number| *number >= Number::MIN)
            .map(Number)
            .ok_or(malformed("number"))?,
        name: row.get::<_, String>(1)?.parse().map_err(|_| malformed("name"))?,
        display: display
            .as_deref()
            .map(DisplayName::from_str)
            .transpose()
            .map_err(|_| malformed("display name"))?,
        created: u32::try_from(row.get::<_, i64>(4)?.max(0)).unwrap_or(u32::MAX),
    };
    let hash: String = row.get(3)?;
    // Nobody logs in to an account that was removed.
    let is_removed = hash.is_empty() && account.name.is_of_removed();
    if !is_removed && !hash::is_well_formed(&hash) {
        return Err(malformed("password hash"));
    }
    Ok(account)
}

/// Loads the accounts that were removed, by number.
///
/// # Errors
/// [`StoreFault::MalformedAccount`] if a row is not as a server writes it.
pub(in crate::store) fn load_removed(
    database: &Connection,
) -> Result<Vec<RemovedAccount>, StoreFault> {
    let mut select = database.prepare(
        "SELECT number, former, removed FROM accounts WHERE removed IS NOT NULL ORDER BY number",
    )?;
    let mut rows = select.query([])?;
    let mut removed = Vec::new();
    while let Some(row) = rows.next()? {
        let number = row.get(0)?;
        let malformed = |column| StoreFault::MalformedAccount { number, column };
        removed.push(RemovedAccount {
            number: u32::try_from(number).map(Number).map_err(|_| malformed("number"))?,
            name: row.get::<_, String>(1)?.parse().map_err(|_| malformed("former name"))?,
            time: row.get::<_, i64>(2)?.cast_unsigned(),
        });
    }
    Ok(removed)
}

/// Removes an account, but for its number: it has another name from now on. It must not have been
/// removed before.
pub(in crate::store) fn remove(
    database: &Connection,
    number: Number,
    name: UserName,
    time: u64,
) -> rusqlite::Result<()> {
    let changed = database
        .prepare_cached(
            "UPDATE accounts SET former = name, name = ?2, removed = ?3, display = NULL,
                 password = '', admin = 0, reset = NULL, ask_first = NULL, motd = NULL
             WHERE number = ?1 AND removed IS NULL",
        )?
        .execute((number.0, name.as_str(), bounded(time)))?;
    expect_one(changed)?;
    for delete in [
        "DELETE FROM networks WHERE number = ?1",
        "DELETE FROM ignored WHERE number = ?1",
        "DELETE FROM ignored WHERE whom = ?1",
        "DELETE FROM untold WHERE number = ?1",
        "DELETE FROM sanctions WHERE whom = CAST(?1 AS TEXT) AND kind <> 'network'",
        "DELETE FROM chats WHERE reader = ?1",
        // The others age within a day.
        "DELETE FROM keys WHERE message IN (SELECT message FROM keys WHERE sender = ?1 LIMIT 999)",
    ] {
        database.prepare_cached(delete)?.execute([number.0])?;
    }
    Ok(())
}

/// Loads the numbers of the administrators, in order.
pub(in crate::store) fn load_administrators(
    database: &Connection,
) -> Result<Vec<Number>, StoreFault> {
    let mut select =
        database.prepare("SELECT number FROM accounts WHERE admin = 1 ORDER BY number")?;
    let numbers = select.query_map([], |row| row.get(0).map(Number))?;
    Ok(numbers.collect::<rusqlite::Result<_>>()?)
}

/// Loads the numbers of the accounts whose passwords have to be replaced, in order.
pub(in crate::store) fn load_resets(database: &Connection) -> Result<Vec<Number>, StoreFault> {
    let mut select =
        database.prepare("SELECT number FROM accounts WHERE reset IS NOT NULL ORDER BY number")?;
    let numbers = select.query_map([], |row| row.get(0).map(Number))?;
    Ok(numbers.collect::<rusqlite::Result<_>>()?)
}

/// The time at which an account was made, in seconds since the Unix epoch.
pub(in crate::store) fn created(database: &Connection, number: Number) -> rusqlite::Result<u64> {
    let mut select = database.prepare_cached("SELECT created FROM accounts WHERE number = ?1")?;
    let created = select.query_row([number.0], |row| row.get::<_, i64>(0))?;
    Ok(created.cast_unsigned())
}

/// When the user of an account was last here, in seconds since the Unix epoch, as far as any table
/// knows.
pub(in crate::store) fn last_seen(
    database: &Connection,
    number: Number,
) -> rusqlite::Result<Option<u64>> {
    let query = format!("SELECT {LAST_SEEN} FROM accounts WHERE number = ?1");
    let mut select = database.prepare_cached(&query)?;
    let seen = select.query_row([number.0], |row| row.get::<_, Option<i64>>(0))?;
    Ok(seen.map(i64::cast_unsigned))
}

/// Notes when users were last here. An earlier time than before changes nothing.
pub(in crate::store) fn set_last_seen(
    database: &Connection,
    times: &[(Number, u64)],
) -> rusqlite::Result<()> {
    let mut update = database.prepare_cached(
        "UPDATE accounts SET last_seen = ?2 WHERE number = ?1 AND coalesce(last_seen < ?2, TRUE)",
    )?;
    for (number, time) in times {
        update.execute((number.0, time.cast_signed()))?;
    }
    Ok(())
}

/// Lists so many accounts by name, from behind a name on, but for the operator's. Returns them, and
/// the number of further ones, which ends at [`COUNT_MAX`].
pub(in crate::store) fn list(
    database: &Connection,
    after: Option<UserName>,
    most: usize,
) -> rusqlite::Result<(Vec<AccountRow>, u64)> {
    let query = format!(
        "SELECT number, created, {LAST_SEEN}, name FROM accounts
         WHERE name > ?1 AND number <> ?2 AND removed IS NULL ORDER BY name LIMIT ?3"
    );
    let mut last = after.as_ref().map_or_else(String::new, |name| name.as_str().to_owned());
    let mut rows = Vec::new();
    let mut select = database.prepare_cached(&query)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut found = select.query((&last, Number::OPERATOR.0, most))?;
    while let Some(row) = found.next()? {
        let (created, seen): (i64, Option<i64>) = (row.get(1)?, row.get(2)?);
        rows.push(AccountRow {
            number: Number(row.get(0)?),
            created: created.cast_unsigned(),
            last_seen: seen.map(i64::cast_unsigned),
        });
        last = row.get(3)?;
    }
    let left = database
        .prepare_cached(
            "SELECT count(*) FROM
                 (SELECT 1 FROM accounts
                  WHERE name > ?1 AND number <> ?2 AND removed IS NULL LIMIT ?3)",
        )?
        .query_row((last, Number::OPERATOR.0, COUNT_MAX.cast_signed()), |row| {
            row.get::<_, i64>(0)
        })?;
    Ok((rows, left.cast_unsigned()))
}

/// When the user of a row of accounts was last here, as far as any table knows.
const LAST_SEEN: &str = "nullif(max(coalesce(last_seen, 0),
    coalesce((SELECT max(seen) FROM networks WHERE networks.number = accounts.number), 0),
    coalesce((SELECT max(used) FROM devices WHERE devices.number = accounts.number), 0)), 0)";

/// Inserts a new account.
pub(in crate::store) fn insert(
    database: &Connection,
    account: &Account,
    password_hash: &str,
) -> rusqlite::Result<()> {
    let changed = database
        .prepare_cached(
            "INSERT INTO accounts (number, name, display, password, created)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((
            account.number.0,
            account.name.as_str(),
            account.display.as_ref().map(DisplayName::as_str),
            password_hash,
            account.created,
        ))?;
    expect_one(changed)
}

/// Returns the password hash of an account; `None` if there is no such account, or if its password
/// had to be replaced and is good no more.
///
/// Without a number it does the same work, so that an unknown name takes as long as a known one.
pub(in crate::store) fn password_hash(
    database: &Connection,
    number: Option<Number>,
) -> rusqlite::Result<Option<String>> {
    let number = number.map_or(0, |number| number.0);
    database
        .prepare_cached(
            "SELECT password FROM accounts WHERE number = ?1 AND coalesce(reset > ?2, TRUE)",
        )?
        .query_row((number, clock::seconds()), |row| row.get(0))
        .optional()
}

/// Replaces a password hash by another one of the same password, unless it has changed meanwhile.
pub(in crate::store) fn replace_password_hash(
    database: &Connection,
    number: Number,
    old: &str,
    new: &str,
) -> rusqlite::Result<()> {
    database
        .prepare_cached("UPDATE accounts SET password = ?3 WHERE number = ?1 AND password = ?2")?
        .execute((number.0, old, new))?;
    Ok(())
}

/// Sets the password hash of an account, and until when the password is good if it has to be
/// replaced.
pub(in crate::store) fn set_password_hash(
    database: &Connection,
    number: Number,
    hash: &str,
    reset: Option<u64>,
) -> rusqlite::Result<()> {
    let changed = database
        .prepare_cached(
            "UPDATE accounts SET password = ?2, reset = ?3 WHERE number = ?1 AND removed IS NULL",
        )?
        .execute((number.0, hash, reset.map(u64::cast_signed)))?;
    expect_one(changed)
}

/// Sets a display name.
pub(in crate::store) fn set_display_name(
    database: &Connection,
    number: Number,
    display: &DisplayName,
) -> rusqlite::Result<()> {
    let changed = database
        .prepare_cached("UPDATE accounts SET display = ?2 WHERE number = ?1 AND removed IS NULL")?
        .execute((number.0, display.as_str()))?;
    expect_one(changed)
}

/// Sets whether an account is an administrator's.
pub(in crate::store) fn set_administrator(
    database: &Connection,
    number: Number,
    admin: bool,
) -> rusqlite::Result<()> {
    let changed = database
        .prepare_cached("UPDATE accounts SET admin = ?2 WHERE number = ?1 AND removed IS NULL")?
        .execute((number.0, admin))?;
    expect_one(changed)
}

/// Sets whether an account is to be asked before it is added to a group.
pub(in crate::store) fn set_ask_first(
    database: &Connection,
    number: Number,
    on: bool,
) -> rusqlite::Result<()> {
    let changed = database
        .prepare_cached("UPDATE accounts SET ask_first = ?2 WHERE number = ?1 AND removed IS NULL")?
        .execute((number.0, on))?;
    expect_one(changed)
}

/// Loads the accounts that have said whether they are to be asked, by number.
pub(in crate::store) fn load_ask_first(
    database: &Connection,
) -> rusqlite::Result<Vec<(Number, bool)>> {
    let mut select = database.prepare(
        "SELECT number, ask_first FROM accounts WHERE ask_first IS NOT NULL ORDER BY number",
    )?;
    select.query_map([], |row| Ok((Number(row.get(0)?), row.get(1)?)))?.collect()
}

/// Sets which message of the day an account has asked for last, by its hash. The account may be
/// removed by now.
pub(in crate::store) fn set_motd(
    database: &Connection,
    number: Number,
    text: Sha256Sum,
) -> rusqlite::Result<()> {
    database
        .prepare_cached("UPDATE accounts SET motd = ?2 WHERE number = ?1 AND removed IS NULL")?
        .execute((number.0, text.0))?;
    Ok(())
}

/// Loads which message of the day each account has asked for last, by number.
pub(in crate::store) fn load_motd(
    database: &Connection,
) -> rusqlite::Result<Vec<(Number, Sha256Sum)>> {
    let mut select = database
        .prepare("SELECT number, motd FROM accounts WHERE motd IS NOT NULL ORDER BY number")?;
    select.query_map([], |row| Ok((Number(row.get(0)?), Sha256Sum(row.get(1)?))))?.collect()
}

fn expect_one(changed: usize) -> rusqlite::Result<()> {
    if changed == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(changed)) }
}
