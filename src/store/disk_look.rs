//! The free space of the folders, as a thread of its own has seen it last: asking a file system may
//! block for as long as it likes.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::room::Space;
use super::threads::Threads;

/// How often the file systems are asked.
const LOOK_PERIOD: Duration = Duration::from_secs(10);
/// The free space of a folder that could not be asked, or tells no size.
const UNKNOWN: u64 = u64::MAX;

/// The free space of the folders.
#[derive(Debug)]
pub(super) struct DiskLook {
    free: Arc<[AtomicU64; 2]>,
    /// Nothing is ever sent: its end is the end of the thread.
    ends: Option<Sender<()>>,
}

impl DiskLook {
    /// Asks once, and starts the thread.
    ///
    /// # Errors
    /// The error of the operating system, if it gives no more threads.
    pub(super) fn start(folders: [PathBuf; 2], threads: &Threads) -> io::Result<Self> {
        let free = Arc::new([AtomicU64::new(UNKNOWN), AtomicU64::new(UNKNOWN)]);
        look(&folders, &free);
        let (ends, ended) = channel::<()>();
        let seen = Arc::clone(&free);
        threads.spawn("disk-look", move || {
            while ended.recv_timeout(LOOK_PERIOD) == Err(RecvTimeoutError::Timeout) {
                look(&folders, &seen);
            }
        })?;
        Ok(DiskLook { free, ends: Some(ends) })
    }

    /// Ends the thread.
    pub(super) fn close(&mut self) {
        self.ends = None;
    }

    /// The free bytes of each folder, if they are known.
    pub(super) fn free(&self) -> [Option<u64>; 2] {
        let read = |free: &AtomicU64| free.load(Ordering::Relaxed);
        [&self.free[0], &self.free[1]].map(|free| Some(read(free)).filter(|free| *free != UNKNOWN))
    }
}

fn look(folders: &[PathBuf; 2], seen: &[AtomicU64; 2]) {
    for (folder, seen) in folders.iter().zip(seen) {
        let space = Space::of_folder(folder).ok().flatten();
        seen.store(space.map_or(UNKNOWN, |space| space.free()), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_has_no_known_room_and_the_thread_ends() {
        let folder = tempfile::tempdir().unwrap();
        let (there, gone) = (folder.path().to_owned(), folder.path().join("gone"));
        let mut threads = Threads::new();
        let mut look = DiskLook::start([there, gone], &threads).unwrap();
        let [known, unknown] = look.free();
        assert!(known.is_some_and(|free| free > 0));
        assert_eq!(unknown, None);
        look.close();
        assert!(threads.join(std::time::Instant::now() + Duration::from_secs(60)));
    }
}
