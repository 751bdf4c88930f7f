//! Disk space for uploads, and the reserve that they leave free for the rest of the server.
//!
//! Messages, accounts and groups are small, and must still be stored when there is no space for
//! uploads. So uploads leave a reserve free on every file system. A new upload is refused unless it
//! fits beside the reserve and what the others have announced and not written yet; and free space
//! is checked again before each write, since other processes write to the disk too.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{Mode, OFlags, fstat, fstatvfs};
use rustix::io::Errno;

/// The default reserve in bytes.
const RESERVE_BYTES: u64 = 1 << 30;
/// The default reserve is at most this fraction of the file system: a twentieth.
const RESERVE_SHARE: u64 = 20;
/// The free space in bytes that a server needs to start, for the write-ahead log and its other
/// first writes. With a small reserve, half of that is enough.
const ROOM_TO_START: u64 = 16 << 20;
/// The free space in bytes that a server needs to start, however small the reserve is.
const ROOM_TO_START_MIN: u64 = 1 << 20;

/// How much disk space uploads leave free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reserve {
    /// A gibibyte, but at most a twentieth of the file system.
    #[default]
    Usual,
    /// That many bytes.
    Bytes(u64),
}

impl Reserve {
    /// The reserve in bytes on a file system of that size.
    fn of(self, total: u64) -> u64 {
        match self {
            Reserve::Usual => RESERVE_BYTES.min(total / RESERVE_SHARE),
            Reserve::Bytes(bytes) => bytes,
        }
    }
}

/// The size and the free space of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Space {
    total: u64,
    free: u64,
}

impl Space {
    /// The space of an open file's file system; `None` if that reports no size, as ramfs does. Then
    /// there is no limit.
    pub(super) fn of(file: impl AsFd) -> Result<Option<Self>, Errno> {
        let stat = fstatvfs(file)?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        let space = Space { total: bytes(stat.f_blocks), free: bytes(stat.f_bavail) };
        Ok((stat.f_blocks > 0).then_some(space))
    }

    /// The space of a folder's file system; see [`Space::of`].
    pub(super) fn of_folder(path: &Path) -> Result<Option<Self>, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Space::of(rustix::fs::open(path, flags, Mode::empty())?)
    }

    /// The number of bytes that may still be written.
    pub(super) fn free(&self) -> u64 {
        self.free
    }
}

/// The disk space of a folder, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderRoom {
    path: PathBuf,
    /// `None` if the file system reports no size.
    space: Option<Space>,
    reserve: Reserve,
}

impl FolderRoom {
    /// The number of bytes that may still be written; `None` if the file system reports no size.
    pub fn free(&self) -> Option<u64> {
        self.space.map(|space| space.free)
    }

    /// Returns true if there is space for uploads beside the reserve.
    pub fn takes_uploads(&self) -> bool {
        self.space.is_none_or(|space| space.free > self.reserve.of(space.total))
    }
}

impl fmt::Display for FolderRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.space {
            Some(Space { total, free }) => {
                let reserve = self.reserve.of(total);
                write!(f, "path={path} free={free} of={total} reserve={reserve}")
            }
            None => write!(f, "path={path} free=unknown"),
        }
    }
}

/// The accounting of disk space for uploads, by file system.
#[derive(Debug)]
pub(super) struct Room {
    reserve: Reserve,
    accounts: Mutex<HashMap<u64, DiskUse>>,
}

/// The use of one file system by uploads, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct DiskUse {
    /// What the uploads under way have announced and not written yet.
    announced: u64,
    /// What is being written now.
    writing: u64,
}

impl Room {
    /// Creates the accounting, without uploads.
    pub(super) fn new(reserve: Reserve) -> Arc<Self> {
        Arc::new(Room { reserve, accounts: Mutex::default() })
    }

    /// The disk space of a folder.
    ///
    /// # Errors
    /// If the folder can't be opened.
    pub(super) fn of_folder(&self, path: &Path) -> Result<FolderRoom, Errno> {
        let space = Space::of_folder(path)?;
        Ok(FolderRoom { path: path.to_owned(), space, reserve: self.reserve })
    }

    /// The number of bytes that have to be free for a server to start.
    pub(super) fn to_start(&self, space: Space) -> u64 {
        (self.reserve.of(space.total) / 2).clamp(ROOM_TO_START_MIN, ROOM_TO_START)
    }

    /// The number of bytes that the uploads under way have announced and not written yet.
    pub(super) fn announced(&self) -> u64 {
        self.lock().values().map(|account| account.announced).sum()
    }

    /// Claims space for the bytes that an upload will still write into a folder.
    ///
    /// # Errors
    /// `ENOSPC` if there is not enough beside the reserve and what others have announced.
    pub(super) fn claim(
        self: &Arc<Self>,
        folder: impl AsFd,
        bytes: u64,
    ) -> Result<RoomClaim, Errno> {
        let device = fstat(&folder)?.st_dev;
        let space = Space::of(folder)?;
        let mut accounts = self.lock();
        let account = accounts.entry(device).or_default();
        if let Some(space) = space
            && bytes > 0
        {
            let taken = account.announced.saturating_add(self.reserve.of(space.total));
            if space.free.saturating_sub(taken) < bytes {
                return Err(Errno::NOSPC);
            }
        }
        account.announced = account.announced.saturating_add(bytes);
        Ok(RoomClaim { room: Arc::clone(self), device, left: Mutex::new(bytes) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, DiskUse>> {
        // No code that holds the lock panics halfway through a change, so a poisoned state is
        // valid.
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An upload's claim of disk space, released when it is dropped.
#[derive(Debug)]
pub(super) struct RoomClaim {
    room: Arc<Room>,
    device: u64,
    /// The number of bytes that are claimed and not written yet.
    left: Mutex<u64>,
}

impl RoomClaim {
    /// Calls `write`, which writes `bytes` bytes to the file, if that leaves the reserve free.
    ///
    /// # Errors
    /// `ENOSPC` if it does not, and the errors of `write`.
    pub(super) fn write(
        &self,
        file: impl AsFd,
        bytes: u64,
        write: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let space = Space::of(file)?;
        {
            let mut accounts = self.room.lock();
            let account = accounts.entry(self.device).or_default();
            if let Some(space) = space {
                let reserve = self.room.reserve.of(space.total);
                // What others are writing now may or may not be subtracted from the free space
                // already.
                let needed = reserve.saturating_add(account.writing).saturating_add(bytes);
                if space.free < needed {
                    return Err(Errno::NOSPC.into());
                }
            }
            account.writing += bytes;
        }
        let written = write();
        let mut accounts = self.room.lock();
        let account = accounts.entry(self.device).or_default();
        account.writing = account.writing.saturating_sub(bytes);
        if written.is_ok() {
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            let now = left.saturating_sub(bytes);
            account.announced = account.announced.saturating_sub(*left - now);
            *left = now;
        }
        written
    }
}

impl RoomClaim {
    /// Releases the claim, because nothing more will be written.
    pub(super) fn release(&self) {
        let left = std::mem::take(&mut *self.left.lock().unwrap_or_else(PoisonError::into_inner));
        let mut accounts = self.room.lock();
        if let Some(account) = accounts.get_mut(&self.device) {
            account.announced = account.announced.saturating_sub(left);
            if *account == DiskUse::default() {
                accounts.remove(&self.device);
            }
        }
    }
}

impl Drop for RoomClaim {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn the_usual_reserve_is_a_twentieth_at_most() {
        assert_eq!(Reserve::Usual.of(200 << 20), 10 << 20);
        assert_eq!(Reserve::Usual.of(1 << 40), 1 << 30);
        assert_eq!(Reserve::Bytes(7).of(1), 7);
    }

    #[test]
    fn what_was_announced_is_taken_off_until_it_is_written_or_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let opened = File::open(folder.path()).unwrap();
        let free = Space::of(&opened).unwrap().unwrap().free;
        let room = Room::new(Reserve::Bytes(free / 4));
        let claim = |bytes| room.claim(&opened, bytes);
        let first = claim(free / 2).unwrap();
        assert_eq!(claim(free / 2).unwrap_err(), Errno::NOSPC);
        first.write(&opened, free / 2, || Ok(())).unwrap();
        let second = claim(free / 2).unwrap();
        assert_eq!(claim(free / 2).unwrap_err(), Errno::NOSPC);
        assert_eq!(room.announced(), free / 2);
        claim(0).unwrap();
        drop(second);
        let third = claim(free / 2).unwrap();
        drop((first, third));
        assert!(room.lock().is_empty());
    }

    #[test]
    fn a_write_leaves_the_reserve_free() {
        let file = tempfile::tempfile().unwrap();
        let room = Room::new(Reserve::Bytes(0));
        let claim = room.claim(&file, 1).unwrap();
        let free = Space::of(&file).unwrap().unwrap().free;
        let refused = claim.write(&file, free * 2, || panic!("it is written"));
        assert_eq!(Errno::from_io_error(&refused.unwrap_err()), Some(Errno::NOSPC));
        let failed = claim.write(&file, 1, || Err(io::ErrorKind::Other.into()));
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::Other);
        let claimed = DiskUse { announced: 1, writing: 0 };
        assert_eq!(room.lock().values().collect::<Vec<_>>(), [&claimed]);
        claim.write(&file, 1, || Ok(())).unwrap();
        assert_eq!(room.lock().values().collect::<Vec<_>>(), [&DiskUse::default()]);
    }
}
