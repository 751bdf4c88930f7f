//! The layout of the data folder: names, and that none of them is reached through the shared
//! folder.

use std::path::Path;

use crate::chat::id::UploadId;
use crate::chat::name::FileName;
use crate::store::error::StoreFault;

/// The name of the database in the data folder.
pub const DATABASE: &str = "chatsrv.db";
/// The name of the folder of the sent files in the data folder.
pub(super) const SENT: &str = "sent";
/// The name of the search index in the data folder.
pub(super) const SEARCH_INDEX: &str = "search.sqlite";

/// The name under which a sent file is kept.
pub(super) fn file_name(id: UploadId) -> String {
    format!("{:016x}", id.0)
}

/// Whether a file holds nothing, where it is there.
pub(super) fn is_empty(path: &Path) -> Option<bool> {
    path.metadata().ok().map(|metadata| metadata.len() == 0)
}

/// Checks that neither the data folder nor what is sent in chats can be reached by a name in the
/// shared folder.
///
/// # Errors
/// A [`StoreFault`] where one can.
pub(super) fn check_apart(data: &Path, files: &Path) -> Result<(), StoreFault> {
    let files = files.canonicalize()?;
    let data = data.canonicalize()?;
    if files.starts_with(data.join(SENT)) {
        return Err(StoreFault::HoldsSent);
    }
    let Ok(below) = data.strip_prefix(files) else { return Ok(()) };
    // A hidden folder can't be named, so the home folder may be shared with the data in `.local`.
    if below.iter().all(|part| part.to_str().is_some_and(FileName::is_part)) {
        return Err(StoreFault::HoldsData);
    }
    Ok(())
}
