//! The files of the database, which have to stay those under their names while it is open.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::store::health::Health;
use crate::store::identity::Identity;
use crate::store::lock::Lock;

/// How often it is looked whether they are in place, where nothing is written.
const LOOK_PERIOD: Duration = Duration::from_secs(10);
/// And how often while writing fails, so that its end is soon known.
const LOOK_PERIOD_FAILING: Duration = Duration::from_secs(1);
/// The ends of the names of SQLite's files.
const ENDS: [&str; 3] = ["", "-wal", "-shm"];

/// The files of an open database, and the lock of their folder.
#[derive(Debug)]
pub(super) struct StoreFiles {
    files: Vec<Identity>,
    lock: Lock,
    /// When it was looked last, though nothing was written.
    looked: Instant,
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
        Ok(StoreFiles { files, lock, looked: Instant::now() })
    }

    /// When to look next, though nothing is written.
    pub(super) fn look_due(&self, health: &Health) -> Instant {
        self.looked + if health.is_failing() { LOOK_PERIOD_FAILING } else { LOOK_PERIOD }
    }

    /// Notes that it is looked now.
    pub(super) fn note_look(&mut self) {
        self.looked = Instant::now();
    }

    /// Whether what is written is found again under the name of the store; where it is not, that
    /// is told. That it works again is told by a write that does.
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
