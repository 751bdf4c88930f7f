//! The table of login tokens: random secrets with which a client logs in again without its
//! password. Only their SHA-256 hashes are stored; a random token needs no slow hash.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::clock;
use crate::chat::name::Number;
use crate::chat::text::Secret;

/// The length of a token in bytes, before it is encoded.
const TOKEN_BYTES: usize = 32;
/// How long a token is valid.
const AGE_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The largest number of valid tokens of an account: one for each of many clients. The oldest is
/// removed first.
const PER_ACCOUNT_MAX: u32 = 16;

/// Draws a random token, encoded in base64url without padding (RFC 4648). Once the system has
/// started, that does not block.
pub(in crate::store) fn draw() -> Result<Secret, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
    getrandom::fill(&mut *bytes)?;
    Ok(Secret::new(&Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes))))
}

/// Inserts the hash of a new token of an account. Expired tokens are removed, and the oldest if
/// there are too many.
pub(in crate::store) fn insert(
    database: &Connection,
    number: Number,
    token: &Secret,
) -> rusqlite::Result<()> {
    // Removal comes before the insertion: if the clock was set back, the new token would be the
    // oldest.
    database
        .prepare_cached(
            "DELETE FROM tokens WHERE number = ?1 AND (made <= ?2 OR hash IN
             (SELECT hash FROM tokens WHERE number = ?1 ORDER BY made DESC, hash DESC
              LIMIT -1 OFFSET ?3))",
        )?
        .execute((number.0, oldest_good(), PER_ACCOUNT_MAX - 1))?;
    database
        .prepare_cached("INSERT INTO tokens (hash, number, made) VALUES (?1, ?2, ?3)")?
        .execute((hash(token), number.0, clock::seconds()))?;
    Ok(())
}

/// Returns true if a token is valid for an account.
pub(in crate::store) fn is_good(
    database: &Connection,
    number: Number,
    token: &Secret,
) -> rusqlite::Result<bool> {
    // The hash is looked up, not the token, so the time of the lookup reveals nothing about the
    // token.
    database
        .prepare_cached("SELECT 1 FROM tokens WHERE hash = ?1 AND number = ?2 AND made > ?3")?
        .exists((hash(token), number.0, oldest_good()))
}

/// Revokes all tokens of an account.
pub(in crate::store) fn end_all(database: &Connection, number: Number) -> rusqlite::Result<()> {
    database.prepare_cached("DELETE FROM tokens WHERE number = ?1")?.execute([number.0])?;
    Ok(())
}

fn hash(token: &Secret) -> [u8; 32] {
    Sha256::digest(token.expose()).into()
}

/// The time, in seconds since the Unix epoch, until which created tokens have expired.
fn oldest_good() -> i64 {
    clock::seconds().saturating_sub_unsigned(AGE_MAX.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::schema;

    const ALICE: Number = Number(10_001);
    const BOB: Number = Number(10_002);

    fn open() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let database = schema::open(&folder.path().join("store")).unwrap();
        for (number, name) in [(ALICE, "alice"), (BOB, "bob")] {
            let account = crate::chat::account::Account {
                number,
                name: name.parse().unwrap(),
                display: None,
            };
            crate::store::rows::accounts::insert(&database, &account, "$argon2id").unwrap();
        }
        (folder, database)
    }

    fn token(database: &Connection, number: Number) -> Secret {
        let token = draw().unwrap();
        insert(database, number, &token).unwrap();
        token
    }

    fn is_good(database: &Connection, number: Number, token: &Secret) -> bool {
        super::is_good(database, number, token).unwrap()
    }

    #[test]
    fn a_token_is_good_for_its_account_until_all_end() {
        let (_folder, database) = open();
        let (first, second) = (token(&database, ALICE), token(&database, ALICE));
        let bobs = token(&database, BOB);
        assert_ne!(first, second);
        assert_eq!(first.expose().len(), 43, "32 bytes, without padding");
        assert!(is_good(&database, ALICE, &first) && is_good(&database, ALICE, &second));
        assert!(!is_good(&database, BOB, &first));
        assert!(!is_good(&database, ALICE, &Secret::new("")));
        assert!(!is_good(&database, ALICE, &Secret::new(&first.expose()[..42])));
        end_all(&database, ALICE).unwrap();
        assert!(!is_good(&database, ALICE, &first) && !is_good(&database, ALICE, &second));
        assert!(is_good(&database, BOB, &bobs));
    }

    #[test]
    fn a_token_is_good_for_thirty_days_and_then_goes() {
        let (_folder, database) = open();
        let old = token(&database, ALICE);
        let age = |seconds: i64| {
            database.execute("UPDATE tokens SET made = made - ?1", [seconds]).unwrap();
        };
        age(30 * 24 * 60 * 60 - 60);
        assert!(is_good(&database, ALICE, &old));
        age(60);
        assert!(!is_good(&database, ALICE, &old));
        token(&database, ALICE);
        let count: u32 =
            database.query_row("SELECT count(*) FROM tokens", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 1);
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let (_folder, database) = open();
        let mut tokens = Vec::new();
        for _ in 0..=PER_ACCOUNT_MAX {
            database.execute("UPDATE tokens SET made = made - 1", []).unwrap();
            tokens.push(token(&database, ALICE));
        }
        let good: Vec<bool> = tokens.iter().map(|one| is_good(&database, ALICE, one)).collect();
        assert!(!good[0]);
        assert!(good[1..].iter().all(|good| *good));
    }

    #[test]
    fn of_those_made_at_one_time_the_one_with_the_lowest_hash_goes() {
        for step in ["", "DROP INDEX tokens_by_number"] {
            let (_folder, database) = open();
            database.execute_batch(step).unwrap();
            for byte in (0..PER_ACCOUNT_MAX as u8).map(|byte| byte * 7 % PER_ACCOUNT_MAX as u8) {
                database
                    .execute(
                        "INSERT INTO tokens VALUES (?1, 10001, ?2)",
                        ([byte; 32], clock::seconds()),
                    )
                    .unwrap();
            }
            token(&database, ALICE);
            let lowest: Vec<u8> =
                database.query_row("SELECT min(hash) FROM tokens", [], |row| row.get(0)).unwrap();
            let count: u32 =
                database.query_row("SELECT count(*) FROM tokens", [], |row| row.get(0)).unwrap();
            assert_eq!((lowest, count), (vec![1; 32], PER_ACCOUNT_MAX), "{step}");
        }
    }

    #[test]
    fn a_new_one_is_good_though_the_clock_was_set_back() {
        let (_folder, database) = open();
        let others: Vec<_> = (0..PER_ACCOUNT_MAX).map(|_| token(&database, ALICE)).collect();
        database.execute("UPDATE tokens SET made = made + 1000", []).unwrap();
        let new = token(&database, ALICE);
        assert!(is_good(&database, ALICE, &new));
        let left = others.iter().filter(|one| is_good(&database, ALICE, one)).count();
        assert_eq!(left, others.len() - 1);
    }

    #[test]
    fn no_token_stands_in_the_store() {
        let (folder, database) = open();
        let token = token(&database, ALICE);
        let bytes = URL_SAFE_NO_PAD.decode(token.expose()).unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let stored = std::fs::read(entry.unwrap().path()).unwrap();
            for secret in [token.expose().as_bytes(), &bytes] {
                assert!(memchr::memmem::find(&stored, secret).is_none());
            }
        }
    }
}
