//! Freeing disk space at the start: if there is too little, interrupted uploads are removed.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::layout::file_name;
use super::parts::Parts;
use super::room::{Room, Space};
use super::rows::files::{self, Garbage};
use super::rows::uploads;
use crate::chat::file::FileTarget;
use crate::chat::id::UploadId;

/// The largest number of files taken from those that are to be removed anyway.
const GARBAGE_MAX: u32 = 1_000_000;

/// Removes part files of interrupted uploads, oldest first, until there is enough disk space for
/// the server to start. Returns their ids. If that does not help, opening the store will fail.
pub(super) fn make_room(database: &Path, parts: &Parts, room: &Room) -> Vec<UploadId> {
    let Some(data) = database.parent() else { return Vec::new() };
    if !is_short(data, room) || !database.exists() {
        return Vec::new();
    }
    let garbage = match read(database, parts) {
        Ok(garbage) => garbage,
        Err(error) => {
            log::error!("event=no-room path={}: {error}", data.display());
            return Vec::new();
        }
    };
    let device = std::fs::metadata(data).map(|data| data.dev()).ok();
    let mut removed = Vec::new();
    // Files on other disks free no space on this one.
    for part in garbage.into_iter().filter(|part| parts.device(part) == device) {
        if !is_short(data, room) {
            break;
        }
        match parts.remove(&part) {
            Ok(()) => removed.push(part.id),
            Err(refusal) => {
                let name = file_name(part.id);
                log::error!("the file {name} of an upload stays behind: {refusal:?}");
            }
        }
    }
    log::warn!(
        "event=no-room path={} removed={}: there was no room to start, so uploads that broke off \
         were removed, oldest first",
        data.display(),
        removed.len()
    );
    removed
}

/// Returns true if there is less disk space than a server needs to start.
fn is_short(data: &Path, room: &Room) -> bool {
    match Space::of_folder(data) {
        Ok(Some(space)) => space.free() < room.to_start(space),
        // Opening the store will report what is wrong.
        Ok(None) | Err(_) => false,
    }
}

/// Reads what may be removed: first the files that are to be removed anyway, then the part files.
/// With the exclusive locking mode, SQLite needs no shared-memory file, for which there may be no
/// disk space.
fn read(path: &Path, parts: &Parts) -> rusqlite::Result<Vec<Garbage>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags)?;
    database.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let mut garbage = files::garbage_of_any_schema(&database, GARBAGE_MAX)?;
    let uploads = uploads::all_oldest_first(&database)?.into_iter();
    let broke_off = uploads.filter(|upload| !parts.is_placed(upload));
    garbage.extend(broke_off.map(|upload| Garbage {
        id: upload.id,
        name: match upload.place {
            FileTarget::Shared(name) => Some(name),
            FileTarget::Chat(..) => None,
        },
        size: None,
    }));
    Ok(garbage)
}
