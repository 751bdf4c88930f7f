//! The layout of the data folder: file names, and the check that the shared folder does not reach
//! them.

use std::path::Path;

use crate::chat::id::UploadId;
use crate::chat::name::FileName;
use crate::store::error::StoreFault;

/// The name of the database in the data folder.
pub const DATABASE: &str = "chatsrv.db";
/// The name of the folder with the files sent in chats, in the data folder.
pub(super) const SENT: &str = "sent";
/// The name of the search index in the data folder.
pub(super) const SEARCH_INDEX: &str = "search.sqlite";

/// The file name of a file that was sent in a chat.
pub(super) fn file_name(id: UploadId) -> String {
    format!("{:016x}", id.0)
}

/// Returns true if a file is empty; `None` if it does not exist.
pub(super) fn is_empty(path: &Path) -> Option<bool> {
    path.metadata().ok().map(|metadata| metadata.len() == 0)
}

/// Checks that no name in the shared folder reaches the data folder or the files sent in chats.
///
/// # Errors
/// The [`StoreFault`], if one does.
pub(super) fn check_apart(data: &Path, files: &Path) -> Result<(), StoreFault> {
    let files = files.canonicalize()?;
    let data = data.canonicalize()?;
    if files.starts_with(data.join(SENT)) {
        return Err(StoreFault::HoldsSent);
    }
    let Ok(below) = data.strip_prefix(files) else { return Ok(()) };
    // Names of hidden folders are not valid file names, so the home folder may be shared with the
    // data in `.local`.
    if below.iter().all(|part| part.to_str().is_some_and(FileName::is_part)) {
        return Err(StoreFault::HoldsData);
    }
    Ok(())
}
