//! Room on the file systems that uploads go to, and how much of it they leave for the chat.
//!
//! What people say, accounts and groups are small, and must find room when uploads don't any more.
//! So uploads leave a reserve free on every file system: what all of them have announced and not
//! written yet is taken off before one more is taken, and before each write it is looked at again,
//! since others write to the disk too.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{Mode, OFlags, fstat, fstatvfs};
use rustix::io::Errno;

/// The reserve where none is given.
const RESERVE_BYTES: u64 = 1 << 30;
/// It is this part of the file system at most.
const RESERVE_SHARE: u64 = 20;
/// How much a server needs to start: the write-ahead log, and what else it writes at first.
const ROOM_TO_START: u64 = 16 << 20;
/// And at least, however small the reserve is.
const ROOM_TO_START_MIN: u64 = 1 << 20;

/// How much room uploads leave free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reserve {
    /// A gibibyte, and a twentieth of the file system at most.
    #[default]
    Usual,
    /// So many bytes.
    Bytes(u64),
}

impl Reserve {
    /// How many bytes that are on a file system of that size.
    fn of(self, total: u64) -> u64 {
        match self {
            Reserve::Usual => RESERVE_BYTES.min(total / RESERVE_SHARE),
            Reserve::Bytes(bytes) => bytes,
        }
    }
}

/// How large a file system is, in bytes; of one that tells nothing, nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Space {
    total: u64,
    free: u64,
}

impl Space {
    /// Looks at the file system of an open file; none where it tells no size at all, as ramfs does:
    /// it has room.
    pub(super) fn of(file: impl AsFd) -> Result<Option<Self>, Errno> {
        let stat = fstatvfs(file)?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        let space = Space { total: bytes(stat.f_blocks), free: bytes(stat.f_bavail) };
        Ok((stat.f_blocks > 0).then_some(space))
    }

    /// Looks at the file system of a folder.
    pub(super) fn of_folder(path: &Path) -> Result<Option<Self>, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Space::of(rustix::fs::open(path, flags, Mode::empty())?)
    }

    /// Bytes that may still be written.
    pub(super) fn free(&self) -> u64 {
        self.free
    }
}

/// What a folder has room for, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderRoom {
    path: PathBuf,
    /// None where the file system tells no size.
    space: Option<Space>,
    reserve: Reserve,
}

impl FolderRoom {
    /// Bytes that may still be written; none where the file system tells no size.
    pub fn free(&self) -> Option<u64> {
        self.space.map(|space| space.free)
    }

    /// Whether there is any room for uploads beside the reserve.
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

/// The file systems that uploads go to, each by its device.
#[derive(Debug)]
pub(super) struct Room {
    reserve: Reserve,
    accounts: Mutex<HashMap<u64, DiskUse>>,
}

/// What uploads do on one file system, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct DiskUse {
    /// What those under way have announced and not written.
    announced: u64,
    /// What is being written at this moment.
    writing: u64,
}

impl Room {
    /// Nothing is uploaded yet.
    pub(super) fn new(reserve: Reserve) -> Arc<Self> {
        Arc::new(Room { reserve, accounts: Mutex::default() })
    }

    /// What a folder has room for.
    ///
    /// # Errors
    /// Where it can't be looked at.
    pub(super) fn of_folder(&self, path: &Path) -> Result<FolderRoom, Errno> {
        let space = Space::of_folder(path)?;
        Ok(FolderRoom { path: path.to_owned(), space, reserve: self.reserve })
    }

    /// How many bytes have to be free for a server to start.
    pub(super) fn to_start(&self, space: Space) -> u64 {
        (self.reserve.of(space.total) / 2).clamp(ROOM_TO_START_MIN, ROOM_TO_START)
    }

    /// Keeps room for what an upload will still write into a folder.
    ///
    /// # Errors
    /// `ENOSPC` where there is none beside the reserve and what others have announced.
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
        // Nothing in here panics halfway through a change.
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an upload will still write. Nothing is kept for it once this is dropped.
#[derive(Debug)]
pub(super) struct RoomClaim {
    room: Arc<Room>,
    device: u64,
    /// Bytes.
    left: Mutex<u64>,
}

impl RoomClaim {
    /// Has bytes written to a file, where that leaves the reserve free.
    ///
    /// # Errors
    /// `ENOSPC` where it does not, and what `write` says.
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
                // What others are writing may be taken off already, or may not.
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
    /// Keeps no room any more: nothing else will be written.
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
