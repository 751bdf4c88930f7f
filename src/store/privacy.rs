//! The files of the store are for its owner alone. A database that was copied back, or made under a
//! lax umask, may be readable by others: that is mended at the start, and told.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::layout::{DATABASE, SEARCH_INDEX, SENT};

/// The permissions of the group and of others.
const OF_OTHERS: u32 = 0o077;

/// Takes from others the permissions on the files of the store in a data folder. `tells` says
/// whether that is news: it is not for files that were just made.
///
/// # Errors
/// If the folder can't be read, or the permissions of a file can't be changed.
pub(super) fn keep_private(data: &Path, tells: bool) -> io::Result<()> {
    for entry in fs::read_dir(data)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_ours = |own: &str| name.to_str().is_some_and(|name| name.starts_with(own));
        if !is_ours(DATABASE) && !is_ours(SEARCH_INDEX) && name != SENT {
            continue;
        }
        // Of a symbolic link itself, which has no permissions of its own.
        let Ok(metadata) = entry.metadata() else { continue };
        let mode = metadata.permissions().mode() & 0o7777;
        if metadata.is_symlink() || mode & OF_OTHERS == 0 {
            continue;
        }
        fs::set_permissions(entry.path(), Permissions::from_mode(mode & !OF_OTHERS))?;
        if tells {
            let path = entry.path();
            let path = path.display();
            log::warn!("event=store-was-readable path={path} mode={mode:o}: others could read it");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_may_read_is_taken_from_them_and_nothing_else_is_touched() {
        let data = tempfile::tempdir().unwrap();
        let mode = |name: &str| data.path().join(name).metadata().unwrap().permissions().mode();
        for name in [DATABASE, "chatsrv.db-wal", SEARCH_INDEX, "files.txt"] {
            fs::write(data.path().join(name), "").unwrap();
            let open = Permissions::from_mode(0o644);
            fs::set_permissions(data.path().join(name), open).unwrap();
        }
        keep_private(data.path(), true).unwrap();
        for name in [DATABASE, "chatsrv.db-wal", SEARCH_INDEX] {
            assert_eq!(mode(name) & 0o777, 0o600, "{name}");
        }
        assert_eq!(mode("files.txt") & 0o777, 0o644);
        assert!(keep_private(&data.path().join("gone"), true).is_err());
    }
}
