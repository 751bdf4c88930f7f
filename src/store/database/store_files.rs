//! The check that the database's files are still the ones at their paths while it is open.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::store::health::Health;
use crate::store::identity::Identity;
use crate::store::lock::Lock;

/// The period of the check while nothing is written.
const LOOK_PERIOD: Duration = Duration::from_secs(10);
/// The period of the check while writing fails, so that a recovery is soon noticed.
const LOOK_PERIOD_FAILING: Duration = Duration::from_secs(1);
/// The suffixes of SQLite's files.
const ENDS: [&str; 3] = ["", "-wal", "-shm"];

/// The files of an open database, and the lock of their folder.
#[derive(Debug)]
pub(super) struct StoreFiles {
    files: Vec<Identity>,
    lock: Lock,
    /// The time of the last periodic check.
    looked: Instant,
}

impl StoreFiles {
    /// Notes the identities of the files of a database that was just opened, in a locked folder.
    pub(super) fn note(path: &Path, lock: Lock) -> io::Result<Self> {
        let file = |end: &str| {
            let mut file = path.as_os_str().to_owned();
            file.push(end);
            Identity::of_path(file)
        };
        let files = ENDS.into_iter().map(file).collect::<io::Result<_>>()?;
        Ok(StoreFiles { files, lock, looked: Instant::now() })
    }

    /// The time of the next periodic check.
    pub(super) fn look_due(&self, health: &Health) -> Instant {
        self.looked + if health.is_failing() { LOOK_PERIOD_FAILING } else { LOOK_PERIOD }
    }

    /// Notes that a periodic check is done now.
    pub(super) fn note_look(&mut self) {
        self.looked = Instant::now();
    }

    /// Returns true if the files are still the ones at their paths, and the folder is still locked.
    /// If not, it notes the failure in `health`; the recovery is noted by the next write that
    /// works.
    pub(super) fn are_in_place(&mut self, health: &Health) -> bool {
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
        true
    }
}
