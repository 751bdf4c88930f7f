//! The lock of the data folder, so that only one server uses it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use fs2::FileExt;

use super::error::StoreError;
use super::identity::Identity;

/// The lock on a data folder, held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
    identity: Identity,
}

impl Lock {
    /// Creates the data folder if it is missing, with mode 0700, and locks it.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another process, or this one, holds the lock already.
    pub(super) fn acquire(data: &Path) -> Result<Self, StoreError> {
        DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(StoreError::at(data))?;
        let path = data.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(StoreError::at(&path))?;
        match file.try_lock_exclusive() {
            Ok(()) => {
                let identity = Identity::of_open(&path, &file).map_err(StoreError::at(&path))?;
                Ok(Lock { _file: file, identity })
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err(StoreError::InUse { path: data.to_owned() })
            }
            Err(error) => Err(StoreError::at(&path)(error)),
        }
    }

    /// Makes sure that nobody else can lock the folder: if the lock file is gone, it is created and
    /// locked again.
    ///
    /// # Errors
    /// If another process was first, or the file can't be created, for example because the folder
    /// is gone.
    pub(super) fn hold_on(&mut self) -> Result<(), StoreError> {
        if self.identity.is_in_place() {
            return Ok(());
        }
        let path = self.identity.path();
        let Some(data) = path.parent().filter(|data| data.is_dir()) else {
            return Err(StoreError::at(path)(io::Error::from(io::ErrorKind::NotFound)));
        };
        let lock = Lock::acquire(data)?;
        log::warn!("event=locked-again path={}", path.display());
        *self = lock;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_is_locked_once_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("new/data");
        let lock = Lock::acquire(&data).unwrap();
        assert_eq!(data.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let refused = Lock::acquire(&data).unwrap_err();
        assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
        assert_eq!(refused.exit(), crate::exit::Exit::TryAgain);
        assert!(refused.to_string().contains(data.to_str().unwrap()));
        drop(lock);
        Lock::acquire(&data).unwrap();
    }

    #[test]
    fn a_lock_whose_file_is_gone_is_taken_again_unless_somebody_was_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut lock = Lock::acquire(folder.path()).unwrap();
        std::fs::remove_file(folder.path().join("lock")).unwrap();
        lock.hold_on().unwrap();
        assert!(Lock::acquire(folder.path()).is_err());
        std::fs::remove_file(folder.path().join("lock")).unwrap();
        let _other = Lock::acquire(folder.path()).unwrap();
        let refused = lock.hold_on().unwrap_err();
        assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    }

    #[test]
    fn a_file_in_its_place_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let refused = Lock::acquire(file.path()).unwrap_err();
        assert_eq!(refused.exit(), crate::exit::Exit::CantCreate);
        assert!(refused.to_string().contains(file.path().to_str().unwrap()));
    }
}
