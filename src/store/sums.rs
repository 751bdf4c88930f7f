//! A cache of the SHA-256 sums of files. An entry is valid as long as its file does not change.

use std::collections::HashMap;
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::fstat;
use rustix::io::Errno;

use crate::chat::sha256::Sha256Sum;

/// The largest number of sums in each of two generations; both take about a megabyte. Then the
/// older generation is dropped.
const KNOWN_MAX: usize = 4_096;
/// The age at which a modification time is trusted. A file that was changed more recently may be
/// changed again and get the same time, since the clock of file systems is coarse.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// A stamp that identifies a file and its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileStamp {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds since the Unix epoch.
    modified: (i64, i64),
}

impl FileStamp {
    /// The stamp of an open file as it is now.
    pub(super) fn of(file: impl AsFd) -> Result<Self, Errno> {
        let stat = fstat(file)?;
        Ok(FileStamp {
            device: stat.st_dev,
            inode: stat.st_ino,
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            modified: (stat.st_mtime, stat.st_mtime_nsec.cast_signed()),
        })
    }

    /// The file's size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Returns true if any later change of the file will change the stamp.
    pub(super) fn is_settled(&self) -> bool {
        let modified = u64::try_from(self.modified.0).unwrap_or_default();
        let age = SystemTime::now().duration_since(UNIX_EPOCH + Duration::from_secs(modified));
        age.is_ok_and(|age| age > SETTLED_AFTER)
    }
}

/// The cache, which holds the newest sums in two generations.
#[derive(Debug, Default)]
pub(super) struct KnownSums(Mutex<SumGenerations>);

/// The two generations of the cache.
#[derive(Debug, Default)]
struct SumGenerations {
    young: HashMap<FileStamp, Sha256Sum>,
    old: HashMap<FileStamp, Sha256Sum>,
}

impl KnownSums {
    /// Adds the sum of a version of a file.
    pub(super) fn insert(&self, version: FileStamp, sum: Sha256Sum) {
        let mut generations = self.lock();
        if generations.young.len() >= KNOWN_MAX {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(version, sum);
    }

    /// The sum of a version of a file, if it is in the cache.
    pub(super) fn get(&self, version: &FileStamp) -> Option<Sha256Sum> {
        let generations = self.lock();
        generations.young.get(version).or_else(|| generations.old.get(version)).copied()
    }

    fn lock(&self) -> MutexGuard<'_, SumGenerations> {
        // No code that holds the lock panics halfway through a change, so a poisoned state is
        // valid.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_version_is_known_until_thousands_came_after_it() {
        let mut file = tempfile::tempfile().unwrap();
        let version = FileStamp::of(&file).unwrap();
        let sums = KnownSums::default();
        sums.insert(version, Sha256Sum([1; 32]));
        assert_eq!(sums.get(&version), Some(Sha256Sum([1; 32])));
        file.write_all(b"more").unwrap();
        assert_eq!(sums.get(&FileStamp::of(&file).unwrap()), None);
        for inode in 0..2 * KNOWN_MAX as u64 {
            sums.insert(FileStamp { inode, size: u64::MAX, ..version }, Sha256Sum([2; 32]));
        }
        assert_eq!(sums.get(&version), None);
    }

    #[test]
    fn what_was_changed_just_now_may_change_again_unseen() {
        let file = tempfile::tempfile().unwrap();
        assert!(!FileStamp::of(&file).unwrap().is_settled());
        file.set_modified(SystemTime::now() - 2 * SETTLED_AFTER).unwrap();
        assert!(FileStamp::of(&file).unwrap().is_settled());
        file.set_modified(SystemTime::now() + SETTLED_AFTER).unwrap();
        assert!(!FileStamp::of(&file).unwrap().is_settled());
    }
}
