//! What the hub begins with, from the database.

use rusqlite::Connection;

use super::{accounts, groups, messages, networks, uploads};
use crate::chat::file::UploadId;
use crate::hub::job::Snapshot;
use crate::store::error::Reason;
use crate::store::work::parts::Parts;

/// Repairs what a crash left, forgets the uploads whose parts were `removed`, and reads what the
/// hub begins with.
///
/// # Errors
/// A [`Reason`] where something is there that no server writes.
pub(in crate::store) fn load(
    database: &mut Connection,
    parts: &Parts,
    removed: &[UploadId],
) -> Result<Snapshot, Reason> {
    uploads::drop_all(database, removed)?;
    groups::end_unkept(database)?;
    uploads::repair(database, parts)?;
    Ok(Snapshot {
        accounts: accounts::load(database)?,
        administrators: accounts::load_administrators(database)?,
        banned: accounts::load_banned(database)?,
        networks: networks::load(database)?,
        id_mark: messages::load_id_mark(database)?,
        keys: messages::load_keys(database)?,
        groups: groups::load(database)?,
    })
}
