//! The identity of an open file or folder, to check whether it is still the one at its path.
//!
//! If the database is deleted or replaced under a running server, the server would go on writing
//! into a file that is no longer at its path. So before anything is confirmed, the identity is
//! checked.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::fstat;

/// The identity of a file or folder when it was opened: path, device and inode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Identity {
    /// The identity of the file at a path now.
    pub(super) fn of_path(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let metadata = fs::metadata(&path)?;
        Ok(Identity { device: metadata.dev(), inode: metadata.ino(), path })
    }

    /// The identity of an open file that was found at a path.
    pub(super) fn of_open(path: impl Into<PathBuf>, opened: impl AsFd) -> io::Result<Self> {
        let stat = fstat(opened)?;
        Ok(Identity { path: path.into(), device: stat.st_dev, inode: stat.st_ino })
    }

    /// Returns true if it is still the file at its path.
    pub(super) fn is_in_place(&self) -> bool {
        let found = fs::metadata(&self.path);
        found.is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode))
    }

    /// The path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deleted_replaced_or_moved_is_not_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("one"), folder.path().join("other"));
        let file = fs::File::create(&path).unwrap();
        let identity = Identity::of_open(&path, &file).unwrap();
        assert_eq!(identity, Identity::of_path(&path).unwrap());
        assert!(identity.is_in_place());
        fs::rename(&path, &other).unwrap();
        assert!(!identity.is_in_place());
        fs::write(&path, "another").unwrap();
        assert!(!identity.is_in_place());
        fs::rename(&other, &path).unwrap();
        assert!(identity.is_in_place());
        fs::remove_file(&path).unwrap();
        assert!(!identity.is_in_place());
    }
}
