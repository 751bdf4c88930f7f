//! The identity of a file or folder that is held open: is it still what stands under its name?
//!
//! Whoever deletes or replaces a store under a running server leaves it writing into a file that
//! nobody finds again. So before anything is confirmed, it is looked whether it is in the file
//! under the name.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::fstat;

/// The identity of what stood under a name when it was opened: device and inode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Identity {
    /// What stands under a name now.
    pub(super) fn of_path(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let metadata = fs::metadata(&path)?;
        Ok(Identity { device: metadata.dev(), inode: metadata.ino(), path })
    }

    /// What was opened under a name.
    pub(super) fn of_open(path: impl Into<PathBuf>, opened: impl AsFd) -> io::Result<Self> {
        let stat = fstat(opened)?;
        Ok(Identity { path: path.into(), device: stat.st_dev, inode: stat.st_ino })
    }

    /// Whether it still stands there.
    pub(super) fn is_in_place(&self) -> bool {
        let found = fs::metadata(&self.path);
        found.is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode))
    }

    /// The name.
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
