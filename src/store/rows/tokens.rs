//! Tokens: secrets with which a client logs in again without its password, and the devices that
//! have them. The store keeps only the hashes of tokens; a random token needs no slow one.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::clock;
use crate::chat::address::Address;
use crate::chat::device::{Device, DevicesToEnd, TokenId};
use crate::chat::name::{Number, UserName};
use crate::chat::registration::INVITE_CODE_CHARS;
use crate::chat::text::Secret;

/// The length of a token in bytes, before it is encoded.
const TOKEN_BYTES: usize = 32;
/// How long a token is good, unless it was made for another program.
const AGE_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How far in the future a token may have been made: clocks are set back a little now and then.
const AHEAD_MAX: Duration = Duration::from_secs(60);
/// The largest number of devices of an account that have tokens, and of other programs that do. The
/// one that was not used for longest goes first.
const PER_ACCOUNT_MAX: u32 = 16;
/// The largest number of tokens of a device. The oldest goes first.
const PER_DEVICE_MAX: u32 = 16;
/// The time of a use that comes so soon after another one is not kept, in seconds.
const USE_PERIOD: i64 = 60;

/// A device of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct DeviceOf {
    pub number: Number,
    pub device: u32,
}

/// Draws a random token, encoded in base64url without padding (RFC 4648). Once the system has
/// started, that does not block.
pub(in crate::store) fn draw() -> Result<Secret, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
    getrandom::fill(&mut *bytes)?;
    Ok(Secret::new(&Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes))))
}

/// Draws a random word of [`WORD_CHARS`] characters, which people type from a note: 100 bits, in
/// letters and digits that do not look alike.
pub(in crate::store) fn draw_word() -> Result<Secret, getrandom::Error> {
    draw_letters::<WORD_CHARS>()
}

/// Draws the code of an invitation, of the same letters and digits: 80 bits.
pub(in crate::store) fn draw_code() -> Result<Secret, getrandom::Error> {
    draw_letters::<INVITE_CODE_CHARS>()
}

fn draw_letters<const CHARS: usize>() -> Result<Secret, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; CHARS]);
    getrandom::fill(&mut *bytes)?;
    let letters = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    let word: Zeroizing<String> = Zeroizing::new(letters.collect());
    Ok(Secret::new(&word))
}

/// The length of a word that [`draw_word`] draws.
const WORD_CHARS: usize = 20;
/// The characters of such a word.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Keeps the hash of a new token of a device. One that has a name is another program, and its token
/// does not age. Tokens that are no longer good go, and where there are too many devices or tokens,
/// others do.
pub(in crate::store) fn insert(
    database: &Connection,
    of: DeviceOf,
    (name, address): (Option<UserName>, Address),
    token: &Secret,
) -> rusqlite::Result<()> {
    let DeviceOf { number, device } = of;
    database
        .prepare_cached(
            "DELETE FROM tokens WHERE number = ?1 AND (made > ?3 OR NOT lasting AND made <= ?2)",
        )?
        .execute((number.0, oldest_good(), newest_good()))?;
    let name = name.as_ref().map(UserName::as_str);
    database
        .prepare_cached(
            "INSERT INTO devices (number, device, made, used, address, name)
             VALUES (?1, ?2, ?3, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET used = excluded.used, address = excluded.address",
        )?
        .execute((number.0, device, clock::seconds(), address.to_string(), name))?;
    database
        .prepare_cached(
            "INSERT INTO tokens (hash, number, made, device, lasting, place)
             VALUES (?1, ?2, ?3, ?4, ?5, (SELECT coalesce(max(place), 0) + 1 FROM tokens
              WHERE number = ?2 AND device = ?4))",
        )?
        .execute((hash(token), number.0, clock::seconds(), device, name.is_some()))?;
    make_room(database, of)
}

/// Removes the tokens of a device, and the devices, that are too many beside a device with a new
/// token. It stays even where the clock was set back, so that it is the oldest.
fn make_room(database: &Connection, of: DeviceOf) -> rusqlite::Result<()> {
    let DeviceOf { number, device } = of;
    database
        .prepare_cached(
            "DELETE FROM tokens WHERE number = ?1 AND device = ?2 AND hash IN
             (SELECT hash FROM tokens WHERE number = ?1 AND device = ?2 AND NOT lasting
              ORDER BY place DESC LIMIT -1 OFFSET ?3)",
        )?
        .execute((number.0, device, PER_DEVICE_MAX))?;
    database
        .prepare_cached(
            "DELETE FROM devices WHERE number = ?1 AND NOT EXISTS
             (SELECT 1 FROM tokens WHERE number = ?1 AND device = devices.device)",
        )?
        .execute([number.0])?;
    database
        .prepare_cached(
            "DELETE FROM devices WHERE number = ?1 AND device IN
             (SELECT device FROM devices WHERE number = ?1 AND device <> ?2
              AND (name IS NULL) = (SELECT name IS NULL FROM devices
                                    WHERE number = ?1 AND device = ?2)
              ORDER BY used DESC, device DESC LIMIT -1 OFFSET ?3)",
        )?
        .execute((number.0, device, PER_ACCOUNT_MAX - 1))?;
    end_without_device(database, number)
}

/// Ends the tokens of an account whose devices are gone.
fn end_without_device(database: &Connection, number: Number) -> rusqlite::Result<()> {
    database
        .prepare_cached(
            "DELETE FROM tokens WHERE number = ?1 AND device NOT IN
             (SELECT device FROM devices WHERE number = ?1)",
        )?
        .execute([number.0])?;
    Ok(())
}

/// Finds a token that is good for an account, and the number of its device.
pub(in crate::store) fn find(
    database: &Connection,
    number: Number,
    token: &Secret,
) -> rusqlite::Result<Option<(TokenId, u32)>> {
    // The hash is looked up and not the token, so the time that it takes tells nothing of either.
    let id = hash(token);
    let device = database
        .prepare_cached(
            "SELECT device FROM tokens WHERE hash = ?1 AND number = ?2
             AND (lasting OR made > ?3) AND made <= ?4",
        )?
        .query_row((id, number.0, oldest_good(), newest_good()), |row| row.get(0))
        .optional()?;
    Ok(device.map(|device| (TokenId(id), device)))
}

/// Notes that a device has logged in with a token. The tokens that it made for itself before that
/// one end.
pub(in crate::store) fn note_use(
    database: &Connection,
    number: Number,
    token: TokenId,
    address: Address,
) -> rusqlite::Result<()> {
    database
        .prepare_cached(
            "DELETE FROM tokens WHERE number = ?1 AND NOT lasting AND (device, place) IN
             (SELECT older.device, older.place FROM tokens AS older JOIN tokens AS used
              ON older.number = used.number AND older.device = used.device
              AND older.place < used.place WHERE used.hash = ?2 AND used.number = ?1)",
        )?
        .execute((number.0, token.0))?;
    let (now, address) = (clock::seconds(), address.to_string());
    database
        .prepare_cached(
            "UPDATE devices SET used = ?3, address = ?4
             WHERE number = ?1 AND (used NOT BETWEEN ?3 - ?5 AND ?3 OR address IS NOT ?4)
             AND device = (SELECT device FROM tokens WHERE hash = ?2 AND number = ?1)",
        )?
        .execute((number.0, token.0, now, address, USE_PERIOD))?;
    Ok(())
}

/// The devices of an account that have good tokens, oldest first.
pub(in crate::store) fn devices(
    database: &Connection,
    number: Number,
) -> rusqlite::Result<Vec<Device>> {
    let mut select = database.prepare_cached(
        "SELECT device, made, used, address, name FROM devices WHERE number = ?1 AND EXISTS
         (SELECT 1 FROM tokens WHERE number = ?1 AND device = devices.device
          AND (lasting OR made > ?2) AND made <= ?3)
         ORDER BY device",
    )?;
    select.query_map((number.0, oldest_good(), newest_good()), device)?.collect()
}

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    let seconds = |at| row.get(at).map(|seconds: i64| u64::try_from(seconds).unwrap_or(0));
    let (address, name): (Option<String>, Option<String>) = (row.get(3)?, row.get(4)?);
    Ok(Device {
        number: row.get(0)?,
        made: seconds(1)?,
        used: seconds(2)?,
        address: address.and_then(|address| address.parse().ok()),
        name: name.and_then(|name| name.parse().ok()),
    })
}

/// The number of good tokens of an account.
pub(in crate::store) fn count(database: &Connection, number: Number) -> rusqlite::Result<u64> {
    let mut select = database.prepare_cached(
        "SELECT count(*) FROM tokens WHERE number = ?1 AND (lasting OR made > ?2) AND made <= ?3",
    )?;
    let asked = (number.0, oldest_good(), newest_good());
    let count = select.query_row(asked, |row| row.get::<_, i64>(0))?;
    Ok(count.cast_unsigned())
}

/// The highest number of a device of each account that has one.
pub(in crate::store) fn load_highest(
    database: &Connection,
) -> rusqlite::Result<Vec<(Number, u32)>> {
    let mut select =
        database.prepare("SELECT number, max(device) FROM devices GROUP BY number ORDER BY 1")?;
    let rows = select.query_map([], |row| Ok((Number(row.get(0)?), row.get(1)?)))?;
    rows.collect()
}

/// Ends the tokens of devices. Returns false if one device was meant, and has none.
pub(in crate::store) fn end(
    database: &Connection,
    number: Number,
    which: DevicesToEnd,
) -> rusqlite::Result<bool> {
    let (condition, device) = match which {
        DevicesToEnd::One(device) => ("device = ?2", device),
        DevicesToEnd::AllBut(device) => ("device <> ?2", device),
    };
    let ended = database
        .prepare_cached(&format!("DELETE FROM devices WHERE number = ?1 AND {condition}"))?
        .execute((number.0, device))?;
    end_without_device(database, number)?;
    Ok(ended > 0 || matches!(which, DevicesToEnd::AllBut(_)))
}

/// Revokes all tokens of an account.
pub(in crate::store) fn end_all(database: &Connection, number: Number) -> rusqlite::Result<()> {
    database.prepare_cached("DELETE FROM devices WHERE number = ?1")?.execute([number.0])?;
    end_without_device(database, number)
}

fn hash(token: &Secret) -> [u8; 32] {
    Sha256::digest(token.expose()).into()
}

/// The time, in seconds since the Unix epoch, until which created tokens have expired.
fn oldest_good() -> i64 {
    clock::seconds().saturating_sub_unsigned(AGE_MAX.as_secs())
}

/// The time, in seconds since the Unix epoch, after which tokens were made with a clock that was
/// ahead, so that nobody knows how old they are.
fn newest_good() -> i64 {
    clock::seconds().saturating_add_unsigned(AHEAD_MAX.as_secs())
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
                created: 0,
            };
            crate::store::rows::accounts::insert(&database, &account, "$argon2id").unwrap();
        }
        (folder, database)
    }

    /// A token of a new device.
    fn token(database: &Connection, number: Number) -> Secret {
        let last = load_highest(database).unwrap();
        let last = last.iter().find(|(of, _)| *of == number).map_or(0, |(_, last)| *last);
        token_of(database, number, last + 1, None)
    }

    fn token_of(database: &Connection, number: Number, device: u32, name: Option<&str>) -> Secret {
        let token = draw().unwrap();
        let name = name.map(|name| name.parse().unwrap());
        insert(database, DeviceOf { number, device }, (name, Address::Local), &token).unwrap();
        token
    }

    fn is_good(database: &Connection, number: Number, token: &Secret) -> bool {
        find(database, number, token).unwrap().is_some()
    }

    fn use_token(database: &Connection, number: Number, token: &Secret) -> u32 {
        let (id, device) = find(database, number, token).unwrap().unwrap();
        note_use(database, number, id, Address::Local).unwrap();
        device
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
    fn a_token_of_the_future_is_no_good_and_goes() {
        let (_folder, database) = open();
        for name in [None, Some("program")] {
            let ahead = token_of(&database, ALICE, 7, name);
            let set = |seconds: i64| {
                let made = clock::seconds() + seconds;
                database.execute("UPDATE tokens SET made = ?1", [made]).unwrap();
            };
            set(30);
            assert!(is_good(&database, ALICE, &ahead), "a clock was set back a little");
            assert_eq!(
                (count(&database, ALICE), devices(&database, ALICE).unwrap().len()),
                (Ok(1), 1)
            );
            set(3_600);
            assert!(!is_good(&database, ALICE, &ahead));
            assert_eq!(
                (count(&database, ALICE), devices(&database, ALICE).unwrap().len()),
                (Ok(0), 0)
            );
            token(&database, ALICE);
            set(0);
            assert!(!is_good(&database, ALICE, &ahead), "not when its time has come, either");
            end_all(&database, ALICE).unwrap();
        }
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let (_folder, database) = open();
        let mut tokens = Vec::new();
        for _ in 0..=PER_ACCOUNT_MAX {
            database.execute("UPDATE devices SET used = used - 1", []).unwrap();
            tokens.push(token(&database, ALICE));
        }
        let good: Vec<bool> = tokens.iter().map(|one| is_good(&database, ALICE, one)).collect();
        assert!(!good[0]);
        assert!(good[1..].iter().all(|good| *good));
    }

    #[test]
    fn the_device_that_was_not_used_for_longest_goes() {
        let (_folder, database) = open();
        let tokens: Vec<_> = (0..PER_ACCOUNT_MAX).map(|_| token(&database, ALICE)).collect();
        let programs: Vec<_> = (100..100 + PER_ACCOUNT_MAX)
            .map(|device| token_of(&database, ALICE, device, Some("program")))
            .collect();
        database.execute("UPDATE devices SET used = used - 1000", []).unwrap();
        assert_eq!(use_token(&database, ALICE, &tokens[0]), 1);
        token_of(&database, ALICE, 50, None);
        let good: Vec<bool> = tokens.iter().map(|one| is_good(&database, ALICE, one)).collect();
        assert!(good[0] && !good[1] && good[2..].iter().all(|good| *good));
        assert!(programs.iter().all(|one| is_good(&database, ALICE, one)), "they count apart");
    }

    #[test]
    fn a_token_that_is_used_ends_those_that_its_device_made_before() {
        let (_folder, database) = open();
        let lasting = token_of(&database, ALICE, 3, Some("program"));
        let [first, second, third] = [(); 3].map(|()| token_of(&database, ALICE, 3, None));
        let other = token_of(&database, ALICE, 4, None);
        assert_eq!(use_token(&database, ALICE, &second), 3);
        assert!(!is_good(&database, ALICE, &first));
        for good in [&lasting, &second, &third, &other] {
            assert!(is_good(&database, ALICE, good));
        }
        use_token(&database, ALICE, &lasting);
        assert!(is_good(&database, ALICE, &third));
    }

    #[test]
    fn a_programs_token_does_not_age() {
        let (_folder, database) = open();
        let lasting = token_of(&database, ALICE, 1, Some("program"));
        database.execute("UPDATE tokens SET made = 0", []).unwrap();
        token(&database, ALICE);
        assert!(is_good(&database, ALICE, &lasting));
    }

    #[test]
    fn devices_end_one_by_one_or_all_but_one() {
        let (_folder, database) = open();
        let tokens: Vec<_> = (0..4).map(|_| token(&database, ALICE)).collect();
        let bobs = token(&database, BOB);
        let numbers = || -> Vec<u32> {
            let devices = devices(&database, ALICE).unwrap();
            devices.iter().map(|device| device.number).collect()
        };
        assert_eq!(numbers(), [1, 2, 3, 4]);
        assert!(end(&database, ALICE, DevicesToEnd::One(2)).unwrap());
        assert!(!end(&database, ALICE, DevicesToEnd::One(2)).unwrap());
        assert_eq!(numbers(), [1, 3, 4]);
        assert!(!is_good(&database, ALICE, &tokens[1]));
        assert!(end(&database, ALICE, DevicesToEnd::AllBut(3)).unwrap());
        assert_eq!(numbers(), [3]);
        assert!(is_good(&database, ALICE, &tokens[2]) && is_good(&database, BOB, &bobs));
        assert_eq!(load_highest(&database).unwrap(), [(ALICE, 3), (BOB, 1)]);
    }

    #[test]
    fn a_device_has_so_many_tokens_at_most() {
        let (_folder, database) = open();
        let tokens: Vec<_> =
            (0..=PER_DEVICE_MAX).map(|_| token_of(&database, ALICE, 1, None)).collect();
        assert!(!is_good(&database, ALICE, &tokens[0]));
        assert!(tokens[1..].iter().all(|one| is_good(&database, ALICE, one)));
    }

    #[test]
    fn a_new_one_is_good_though_the_clock_was_set_back() {
        let (_folder, database) = open();
        let others: Vec<_> = (0..PER_ACCOUNT_MAX).map(|_| token(&database, ALICE)).collect();
        database.execute("UPDATE devices SET used = used + 1000", []).unwrap();
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
