//! The files of the store, and whether they are still those under their names.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::store::health::Health;
use crate::store::identity::Identity;
use crate::store::lock::Lock;

/// How often it is looked whether they are in place, where nothing is written.
const LOOK_PERIOD: Duration = Duration::from_secs(10);
/// The ends of the names of SQLite's files.
const ENDS: [&str; 3] = ["", "-wal", "-shm"];

/// What the store was opened as.
#[derive(Debug)]
pub(super) struct StoreFiles {
    files: Vec<Identity>,
    lock: Lock,
    look_due: Instant,
    /// Whether they were in place when it was looked last.
    in_place: bool,
}

impl StoreFiles {
    /// Notes the files of a store that was just opened, in a folder that is locked.
    pub(super) fn note(path: &Path, lock: Lock) -> io::Result<Self> {
        let file = |end: &str| {
            let mut file = path.as_os_str().to_owned();
            file.push(end);
            Identity::of_path(file)
        };
        let files = ENDS.into_iter().map(file).collect::<io::Result<_>>()?;
        Ok(StoreFiles { files, lock, look_due: Instant::now() + LOOK_PERIOD, in_place: true })
    }

    /// When to look next, though nothing is written.
    pub(super) fn look_due(&self) -> Instant {
        self.look_due
    }

    /// Whether what is written is found again under the name of the store; and what is news of
    /// that is told.
    pub(super) fn are_in_place(&mut self, health: &Health) -> bool {
        self.look_due = Instant::now() + LOOK_PERIOD;
        let was_in_place = self.in_place;
        self.in_place = false;
        if let Some(gone) = self.files.iter().find(|file| !file.is_in_place()) {
            health.failed(format_args!(
                "{} is not the file that was opened any more, and nothing is kept until it is \
                 there again, or the server is started anew",
                gone.path().display()
            ));
            return false;
        }
        if let Err(error) = self.lock.hold_on() {
            health.failed(format_args!("the lock of the data folder was removed: {error}"));
            return false;
        }
        self.in_place = true;
        if !was_in_place {
            health.worked();
        }
        true
    }
}
