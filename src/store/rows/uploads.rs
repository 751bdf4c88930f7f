//! The uploads and files in the database.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Row};

use super::groups;
use super::lane::Lane;
use super::messages::{self, Request as MessageRequest, sql};
use crate::chat::file::{FileTarget, UploadId};
use crate::chat::message::{MessageId, StoredMessage};
use crate::chat::name::{FileName, Number};
use crate::chat::refusal::Failure;
use crate::hub::job::{JobId, Outcome, Value};
use crate::store::requests::recounts::Recounts;
use crate::store::requests::uploads::{Announced, Fate, Garbage, OwnFile, Step, Upload};
use crate::store::work::parts::{self, Parts};
use crate::store::work::uploads::Task;

/// As how many bytes a file counts at least: an empty one takes its place in the folder and in the
/// database, too.
const FILE_BYTES_MIN: u64 = 4_096;
/// How many uploads of one user may be unfinished.
const UNFINISHED_MAX: i64 = 1_000;
/// How many old uploads are looked at at once.
const OLD_PER_STEP: u32 = 64;

/// Bytes as SQLite keeps them.
fn bytes(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn key(id: UploadId) -> i64 {
    id.0.cast_signed()
}

fn id(key: i64) -> UploadId {
    UploadId(key.cast_unsigned())
}

/// Microseconds since the Unix epoch.
fn now() -> i64 {
    let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(age.as_micros()).unwrap_or(i64::MAX)
}

fn columns(place: &FileTarget, owner: Number) -> (Option<Lane>, &str) {
    match place {
        FileTarget::Shared(name) => (None, name.as_str()),
        FileTarget::Chat(chat, name) => (Some(Lane::of_sender(*chat, owner)), name.as_str()),
    }
}

/// Reads `id, owner, lane, name, size`; none where the name is none, which no server writes.
fn parse(row: &Row<'_>) -> rusqlite::Result<Option<Upload>> {
    let Ok(name) = row.get_ref(3)?.as_str()?.parse::<FileName>() else { return Ok(None) };
    let place = match row.get::<_, Option<Lane>>(2)? {
        Some(lane) => FileTarget::Chat(lane.chat(), name),
        None => FileTarget::Shared(name),
    };
    let size = row.get::<_, i64>(4)?.cast_unsigned();
    Ok(Some(Upload { id: id(row.get(0)?), owner: Number(row.get(1)?), place, size }))
}

/// An upload that the database knows.
pub(in crate::store) fn get(
    database: &Connection,
    upload: UploadId,
) -> rusqlite::Result<Option<Upload>> {
    let found = database
        .prepare_cached("SELECT id, owner, lane, name, size FROM uploads WHERE id = ?1")?
        .query_row([key(upload)], parse)
        .optional()?;
    Ok(found.flatten())
}

/// Finds the upload that was announced before, or notes a new one.
pub(in crate::store) fn begin(
    database: &Connection,
    ticket: JobId,
    announced: &Announced,
    gone: Option<&[UploadId]>,
    recounts: &mut Recounts,
) -> rusqlite::Result<Step> {
    let mut forget = database.prepare_cached("DELETE FROM files WHERE id = ?1")?;
    for file in gone.unwrap_or_default() {
        forget.execute([key(*file)])?;
    }
    let Announced { owner, place, size, quota } = announced;
    if let FileTarget::Chat(chat, _) = place
        && groups::is_gone(database, *chat)?
    {
        return Ok(Step::Done(Err(Failure::NotFound)));
    }
    let (lane, name) = columns(place, *owner);
    let unfinished: Option<i64> = database
        .prepare_cached(
            "UPDATE uploads SET touched = ?5
             WHERE owner = ?1 AND size = ?2 AND lane IS ?3 AND name = ?4 RETURNING id",
        )?
        .query_map((owner.0, bytes(*size), lane, name, now()), |row| row.get(0))?
        .last()
        .transpose()?;
    let (found, is_new) = match unfinished {
        Some(found) => (found, false),
        None => {
            let free = match room(database, *owner, *quota)? {
                Some(free) => free,
                None => return Ok(Step::Done(Err(Failure::NoRoom))),
            };
            if (*size).max(FILE_BYTES_MIN) > free {
                let may_recount = gone.is_none()
                    && (*size).max(FILE_BYTES_MIN) <= *quota
                    && recounts.begin(*owner, Instant::now());
                return match may_recount {
                    true => recount(database, ticket, announced),
                    false => Ok(Step::Done(Err(Failure::NoRoom))),
                };
            }
            (insert(database, *owner, lane, name, *size)?, true)
        }
    };
    let upload = Upload { id: id(found), owner: *owner, place: place.clone(), size: *size };
    Ok(Step::Task(Task::Begin { ticket, upload, is_new }))
}

fn insert(
    database: &Connection,
    owner: Number,
    lane: Option<Lane>,
    name: &str,
    size: u64,
) -> rusqlite::Result<i64> {
    // Drawn at random, so that parts which another store left behind are not in the way.
    database
        .prepare_cached(
            "INSERT INTO uploads (id, owner, lane, name, size, touched)
             VALUES (random() & 0x7fffffffffffffff, ?1, ?2, ?3, ?4, ?5)",
        )?
        .insert((owner.0, lane, name, bytes(size), now()))
}

/// How many bytes of the quota are left; none where a user has too many unfinished uploads.
fn room(database: &Connection, owner: Number, quota: u64) -> rusqlite::Result<Option<u64>> {
    let (unfinished, used): (i64, f64) = database
        .prepare_cached(
            "SELECT (SELECT count(*) FROM uploads WHERE owner = ?1),
                    (SELECT total(max(size, ?2)) FROM uploads WHERE owner = ?1)
                    + (SELECT total(max(size, ?2)) FROM files WHERE owner = ?1)
                    + (SELECT total(max(size, ?2)) FROM sent WHERE sender = ?1)",
        )?
        .query_row((owner.0, bytes(FILE_BYTES_MIN)), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((unfinished < UNFINISHED_MAX).then(|| quota.saturating_sub(used as u64)))
}

/// Looks, before an upload is refused, which of the owner's files were removed by hand.
fn recount(database: &Connection, ticket: JobId, announced: &Announced) -> rusqlite::Result<Step> {
    let mut files = Vec::new();
    let mut select =
        database.prepare_cached("SELECT id, name, size FROM files WHERE owner = ?1")?;
    let mut rows = select.query([announced.owner.0])?;
    while let Some(row) = rows.next()? {
        if let Ok(name) = row.get_ref(1)?.as_str()?.parse() {
            let size = row.get::<_, i64>(2)?.cast_unsigned();
            files.push(OwnFile { id: id(row.get(0)?), name, size });
        }
    }
    if files.is_empty() {
        return Ok(Step::Done(Err(Failure::NoRoom)));
    }
    Ok(Step::Task(Task::Recount { ticket, announced: announced.clone(), files }))
}

/// Makes an upload a file: at once where it goes into a chat, else once it has its name.
pub(in crate::store) fn finish(
    database: &Connection,
    ticket: JobId,
    upload: UploadId,
    message: Option<&StoredMessage>,
) -> rusqlite::Result<Step> {
    let Some(upload) = get(database, upload)? else {
        return Ok(Step::Done(Err(Failure::NotFound)));
    };
    Ok(match (&upload.place, message) {
        (FileTarget::Shared(_), None) => Step::Task(Task::FileTarget { ticket, upload }),
        (FileTarget::Chat(chat, name), Some(message))
            if *chat == message.chat && upload.owner == message.from =>
        {
            if groups::is_gone(database, *chat)? {
                return Ok(Step::Done(Err(Failure::NotFound)));
            }
            debug_assert_eq!(name.as_str(), &*message.text);
            messages::keep(database, message)?;
            database
                .prepare_cached(
                    "INSERT INTO sent (message, file, sender, size) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute((sql(message.id), key(upload.id), upload.owner.0, bytes(upload.size)))?;
            forget(database, upload.id)?;
            Step::Done(Ok(Value::Done))
        }
        _ => {
            log::error!("the upload {} is finished as what it is not", upload.id.0);
            Step::Done(Err(Failure::Failed))
        }
    })
}

/// Notes that an upload stands in the shared folder.
pub(in crate::store) fn placed(database: &Connection, upload: UploadId) -> rusqlite::Result<()> {
    let Some(upload) = get(database, upload)? else { return Ok(()) };
    if let FileTarget::Shared(name) = &upload.place {
        // A row of that name is of a file that was removed by hand.
        database
            .prepare_cached(
                "INSERT OR REPLACE INTO files (id, owner, name, size) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((key(upload.id), upload.owner.0, name.as_str(), bytes(upload.size)))?;
        forget(database, upload.id)?;
    }
    Ok(())
}

/// Notes that an upload was found to stand in the shared folder, unless it is known that it is
/// somebody else's file which stands there.
fn found_placed(database: &Connection, upload: UploadId) -> rusqlite::Result<()> {
    let is_known = database
        .prepare_cached(
            "SELECT 1 FROM uploads JOIN files ON files.name = uploads.name WHERE uploads.id = ?1",
        )?
        .exists([key(upload)])?;
    if is_known { drop_one(database, upload) } else { placed(database, upload) }
}

fn forget(database: &Connection, upload: UploadId) -> rusqlite::Result<()> {
    database.prepare_cached("DELETE FROM uploads WHERE id = ?1")?.execute([key(upload)])?;
    Ok(())
}

/// Forgets an upload; its part becomes garbage.
pub(in crate::store) fn drop_one(database: &Connection, upload: UploadId) -> rusqlite::Result<()> {
    drop_where(database, "id = ?1", key(upload))
}

/// Forgets uploads.
pub(in crate::store) fn drop_all(
    database: &Connection,
    uploads: &[UploadId],
) -> rusqlite::Result<()> {
    uploads.iter().try_for_each(|upload| drop_one(database, *upload))
}

/// All uploads that are not whole, oldest first.
pub(in crate::store) fn all_oldest_first(database: &Connection) -> rusqlite::Result<Vec<Upload>> {
    let query = "SELECT id, owner, lane, name, size FROM uploads ORDER BY touched";
    let uploads = database.prepare(query)?.query_map([], parse)?.collect::<Result<Vec<_>, _>>()?;
    Ok(uploads.into_iter().flatten().collect())
}

/// Forgets all uploads into a lane.
pub(in crate::store) fn drop_lane(database: &Connection, lane: Lane) -> rusqlite::Result<()> {
    drop_where(database, "lane = ?1", lane)
}

fn drop_where(
    database: &Connection,
    which: &str,
    value: impl rusqlite::ToSql,
) -> rusqlite::Result<()> {
    let insert = format!(
        "INSERT INTO garbage (id, name)
         SELECT id, iif(lane IS NULL, name, NULL) FROM uploads WHERE {which}"
    );
    let inserted = database.prepare_cached(&insert)?.execute([&value])?;
    if inserted > 0 {
        let delete = format!("DELETE FROM uploads WHERE {which}");
        database.prepare_cached(&delete)?.execute([&value])?;
    }
    Ok(())
}

/// Forgets the files that were sent by messages with these ids.
pub(in crate::store) fn drop_sent(
    database: &Connection,
    messages: RangeInclusive<i64>,
) -> rusqlite::Result<()> {
    let range = (messages.start(), messages.end());
    let inserted = database
        .prepare_cached(
            "INSERT INTO garbage (id, name)
             SELECT file, NULL FROM sent WHERE message BETWEEN ?1 AND ?2",
        )?
        .execute(range)?;
    if inserted > 0 {
        database
            .prepare_cached("DELETE FROM sent WHERE message BETWEEN ?1 AND ?2")?
            .execute(range)?;
    }
    Ok(())
}

/// Uploads that were begun before a time; whether they broke off before it, too, their parts tell.
pub(in crate::store) fn select_old(
    database: &Connection,
    ticket: JobId,
    before: u64,
) -> rusqlite::Result<Step> {
    let mut uploads = Vec::new();
    let mut select = database.prepare_cached(
        "SELECT id, owner, lane, name, size FROM uploads WHERE touched < ?1
         ORDER BY touched LIMIT ?2",
    )?;
    let mut rows = select.query((bytes(before), OLD_PER_STEP))?;
    while let Some(row) = rows.next()? {
        uploads.extend(parse(row)?);
    }
    if uploads.is_empty() {
        return Ok(Step::Done(Ok(Value::Removed { more: false })));
    }
    let more = uploads.len() == OLD_PER_STEP as usize;
    Ok(Step::Task(Task::LookAtOld { ticket, uploads, before, more }))
}

/// Notes what has become of uploads, unless they were begun again meanwhile.
pub(in crate::store) fn settle(
    database: &Connection,
    fates: &[(UploadId, Fate)],
    before: u64,
) -> rusqlite::Result<()> {
    for (upload, fate) in fates {
        let was_begun = !database
            .prepare_cached("SELECT 1 FROM uploads WHERE id = ?1 AND touched < ?2")?
            .exists((key(*upload), bytes(before)))?;
        match fate {
            _ if was_begun => {}
            Fate::Placed => found_placed(database, *upload)?,
            Fate::Ends => drop_one(database, *upload)?,
            Fate::Stays => {
                database
                    .prepare_cached("UPDATE uploads SET touched = ?2 WHERE id = ?1")?
                    .execute((key(*upload), now()))?;
            }
        }
    }
    Ok(())
}

/// Files to remove, at most so many.
pub(in crate::store) fn garbage(database: &Connection, max: u32) -> rusqlite::Result<Vec<Garbage>> {
    database
        .prepare_cached("SELECT id, name FROM garbage LIMIT ?1")?
        .query_map([max], |row| {
            let name = row.get_ref(1)?.as_str_or_null()?.and_then(|name| name.parse().ok());
            Ok(Garbage { id: id(row.get(0)?), name })
        })?
        .collect()
}

/// Forgets files that were removed.
pub(in crate::store) fn swept(database: &Connection, ids: &[UploadId]) -> rusqlite::Result<()> {
    let mut delete = database.prepare_cached("DELETE FROM garbage WHERE id = ?1")?;
    for garbage in ids {
        delete.execute([key(*garbage)])?;
    }
    Ok(())
}

/// The message that sent a file.
pub(in crate::store) fn find(
    database: &Connection,
    message: MessageId,
) -> rusqlite::Result<Outcome> {
    let fetch = MessageRequest::Fetch { ids: vec![message] };
    let Ok(Value::Messages(found)) = fetch.run(database)? else {
        return Ok(Err(Failure::NotFound));
    };
    match found.into_iter().next() {
        Some(found) if found.file_size.is_some() && !groups::is_gone(database, found.chat)? => {
            Ok(Ok(Value::Sent(found)))
        }
        _ => Ok(Err(Failure::NotFound)),
    }
}

/// Under which id the file is kept that a message sent.
pub(in crate::store) fn sent_file(
    database: &Connection,
    message: MessageId,
) -> rusqlite::Result<Option<UploadId>> {
    database
        .prepare_cached("SELECT file FROM sent WHERE message = ?1")?
        .query_row([sql(message)], |row| Ok(id(row.get(0)?)))
        .optional()
}

/// Notes the files that were put in their place when the server stopped in the middle of it.
pub(in crate::store) fn repair(database: &Connection, parts: &Parts) -> rusqlite::Result<()> {
    let mut select =
        database.prepare("SELECT id, owner, lane, name, size FROM uploads WHERE lane IS NULL")?;
    let uploads = select.query_map([], parse)?.collect::<rusqlite::Result<Vec<_>>>()?;
    for upload in uploads.into_iter().flatten() {
        if parts.is_placed(&upload) {
            found_placed(database, upload.id)?;
        }
    }
    Ok(())
}

/// Tells of sent files that are missing, or have another size.
pub(in crate::store) fn look_at_files(
    database: &Connection,
    sent: &Path,
    max: usize,
    findings: &mut Vec<String>,
) -> rusqlite::Result<()> {
    let mut select = database.prepare("SELECT message, file, size FROM sent ORDER BY message")?;
    let mut rows = select.query([])?;
    while let (Some(row), true) = (rows.next()?, findings.len() < max) {
        let message: i64 = row.get(0)?;
        let path = sent.join(parts::file_name(id(row.get(1)?)));
        match path.symlink_metadata() {
            Ok(found)
                if !found.is_file() || found.len() != row.get::<_, i64>(2)?.cast_unsigned() =>
            {
                findings.push(format!("the file of the message {message} has another size"));
            }
            Ok(_) => {}
            Err(error) => findings.push(format!("the file of the message {message}: {error}")),
        }
    }
    Ok(())
}
