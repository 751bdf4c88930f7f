//! The snapshot: the hub's initial state, read when the database is opened.

use rusqlite::Connection;

use super::uploads::{self, UploadRecord};
use super::{
    accounts, erasing, exports, groups, ignored, invites, keys, messages, networks, reports,
    sanctions, tokens, untold,
};
use crate::chat::id::UploadId;
use crate::hub::snapshot::{Gone, Snapshot, Wishes};
use crate::store::error::StoreFault;

/// Repairs the rows after a crash, drops the uploads whose part files were `removed`, and loads the
/// hub's initial state. `is_placed` returns true if an upload's file is in the shared folder
/// already.
///
/// # Errors
/// A [`StoreFault`] if a row is not as a server writes it.
pub(in crate::store) fn load(
    database: &mut Connection,
    removed: &[UploadId],
    is_placed: impl Fn(&UploadRecord) -> bool,
) -> Result<Snapshot, StoreFault> {
    uploads::drop_all(database, removed)?;
    groups::end_unkept(database)?;
    uploads::repair(database, is_placed)?;
    Ok(Snapshot {
        accounts: accounts::load(database)?,
        administrators: accounts::load_administrators(database)?,
        wishes: Wishes {
            ignored: ignored::load(database)?,
            ask_first: accounts::load_ask_first(database)?,
            motd: accounts::load_motd(database)?,
            exports: exports::load(database)?,
        },
        reports: reports::load(database)?,
        gone: Gone {
            removed: accounts::load_removed(database)?,
            erasing: erasing::load(database)?,
        },
        resets: accounts::load_resets(database)?,
        sanctions: sanctions::load(database)?,
        invites: invites::load(database)?,
        networks: networks::load(database)?,
        devices: tokens::load_highest(database)?,
        id_mark: messages::load_id_mark(database)?,
        keys: keys::load(database)?,
        groups: groups::load(database)?,
        untold: untold::load(database)?,
    })
}
