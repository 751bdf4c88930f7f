//! The store: everything that may block, on threads of its own. It has the database (SQLite),
//! password hashing, the search, and the files.
//!
//! Jobs go in by value and completions come out by value; the event loop shares no state with it,
//! and never waits for it. A job passes through the threads in one direction:
//!
//! ```text
//! submit ──► database ──► passwords ──► database ──► completions
//!        ──► database ──► history ───────────────────►
//!        ──► database ──► history ──► uploads ───────►
//!        ──► database ──► search ────────────────────►
//!        ──► database ──► uploads ──► database ──────►
//!        ──► files ──────────────────────────────────►
//! ```
//!
//! `route.rs` decides on which thread a job begins: a password check at the database, which has the
//! hash; a registration at the password threads, which compute it.
//!
//! The modules from the bottom up: `rows/` has the SQL; `requests/` has the requests, each of which
//! runs in a transaction; `database.rs` is the thread that runs them in batches; `work/` has the
//! other threads; `route.rs` connects them. Their tools (queues, locks, the folder) are beside
//! them.

mod beneath;
mod completions;
mod counters;
mod database;
mod disk_look;
mod error;
mod fair_queue;
mod folder;
mod hash;
mod health;
mod identity;
mod layout;
mod lock;
mod maintenance;
mod making_room;
mod parts;
mod privacy;
mod queue;
mod read_gate;
mod requests;
mod room;
mod route;
mod rows;
mod sender;
mod sums;
mod threads;
mod turn_queue;
mod turns;
mod work;

pub use completions::{Completion, TransferId};
pub use error::{StoreError, StoreFault};
pub use hash::HashCost;
pub use layout::DATABASE;
pub use maintenance::{Checkup, MaintenanceError, backup, check, mend_clock};
pub use parts::OpenPart;
pub use room::{FolderRoom, Reserve};

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use completions::Completions;
use counters::StoreCounters;
use database::Database;
use disk_look::DiskLook;
use folder::Folder;
use health::Health;
use layout::{SEARCH_INDEX, SENT, check_apart, is_empty};
use lock::Lock;
use parts::Parts;
use privacy::keep_private;
use queue::WorkQueue;
use requests::StoreRequest;
use room::Room;
use route::Route;
use sender::RequestSender;
use sums::KnownSums;
use threads::Threads;
use work::files::FileReaders;
use work::history::HistoryReaders;
use work::passwords::Passwords;
use work::search::Search;
use work::uploads::FileWriters;

use crate::hub::job::{Job, JobId};
use crate::hub::snapshot::Snapshot;
use crate::metrics::{Family, Histogram, MetricKind};

/// With more requests than this waiting for the database, [`Store::is_congested`] returns true.
const CONGESTED_REQUESTS: usize = 1_024;
/// The longest time that [`Store::close`] waits for the threads to end.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The configuration of a store.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// The data folder. Only one server may use it.
    pub data: PathBuf,
    /// The shared folder, which is created if it is missing.
    pub files: PathBuf,
    /// How much disk space uploads leave free.
    pub reserve: Reserve,
    /// The cost of new password hashes.
    pub password_cost: HashCost,
}

/// The handle of the store: jobs go in, completions come out. Dropping it closes the store.
#[derive(Debug)]
pub struct Store {
    /// The queue of the database thread.
    requests: Arc<WorkQueue<StoreRequest>>,
    route: Arc<Route>,
    room: Arc<Room>,
    disks: DiskLook,
    /// Whether writing to the database works.
    health: Arc<Health>,
    /// The data folder and the shared folder.
    folders: [PathBuf; 2],
    counters: Arc<StoreCounters>,
    /// How long requests took in the transactions of the database.
    times: Arc<Mutex<Histogram>>,
    finished: Receiver<Completion>,
    /// All threads but the database thread, which they need until they end.
    workers: Threads,
    database: Threads,
}

impl Store {
    /// Opens the data folder and the shared folder, creates them if they are missing, and starts
    /// the threads. Returns the hub's initial state, too. `wake` is called on any thread after
    /// results were added to [`Store::completions`].
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another server uses the data folder, [`StoreError::Unusable`] for
    /// any other reason.
    pub fn open(
        config: StoreConfig,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Store, Snapshot), StoreError> {
        let lock = Lock::acquire(&config.data)?;
        let folder = Arc::new(Folder::open(&config.files)?);
        check_apart(&config.data, &config.files).map_err(StoreError::at(&config.files))?;
        let room = Room::new(config.reserve);
        let parts = Parts::open(folder, &config.data.join(SENT), Arc::clone(&room))?;
        let path = config.data.join(DATABASE);
        let index = config.data.join(SEARCH_INDEX);
        if is_empty(&path) == Some(true) && is_empty(&index) == Some(false) {
            // A new database here would silently lose all accounts.
            return Err(StoreError::at(&path)(StoreFault::Emptied));
        }
        keep_private(&config.data, true).map_err(StoreError::at(&config.data))?;
        let removed = making_room::make_room(&path, &parts, &room);
        let (database, snapshot) =
            Database::open(&path, lock, &removed, |upload| parts.is_placed(upload))?;
        let (sender, finished) = channel();
        let completions = Completions::new(sender, Arc::new(wake));
        let requests = Arc::new(WorkQueue::new());
        let to_database = RequestSender::new(Arc::clone(&requests));
        let (parts, known) = (Arc::new(parts), Arc::new(KnownSums::default()));
        let files = FileReaders::new(Arc::clone(&parts), Arc::clone(&known), completions.clone());
        let uploads = FileWriters::new(parts, known, completions.clone(), to_database.clone());
        let (gate, writers) = (database.gate(), uploads.clone());
        let route = Route {
            passwords: Passwords::new(),
            history: HistoryReaders::new(path.clone(), gate, completions.clone(), writers),
            search: Arc::new(Search::new(path, index)),
            files,
            uploads,
            database: to_database,
            completions,
        };
        // SQLite has made its files by now, with the permissions that the umask leaves.
        keep_private(&config.data, false).map_err(StoreError::at(&config.data))?;
        let workers = Threads::new();
        let folders = [config.data.clone(), config.files];
        let disks = DiskLook::start(folders.clone(), &workers);
        let store = Store {
            disks: disks.map_err(StoreError::at(&config.data))?,
            requests,
            route: Arc::new(route),
            room,
            health: database.health(),
            times: database.times(),
            folders,
            counters: Arc::default(),
            finished,
            workers,
            database: Threads::new(),
        };
        store.start(database, config.password_cost).map_err(StoreError::at(&config.data))?;
        Ok((store, snapshot))
    }

    fn start(&self, database: Database, cost: HashCost) -> io::Result<()> {
        let (requests, route) = (Arc::clone(&self.requests), Arc::clone(&self.route));
        let counters = Arc::clone(&self.counters);
        self.database.spawn("database", move || {
            database.run(&requests, &*route, &route.completions, &counters);
        })?;
        let Route { passwords, history, search, files, uploads, .. } = &*self.route;
        let (to_database, completions) = (&self.route.database, &self.route.completions);
        history.start(&self.workers)?;
        search.start(&self.workers, completions)?;
        passwords.start(&self.workers, cost, to_database, completions, &self.counters)?;
        uploads.start(&self.workers)?;
        files.start(&self.workers)
    }

    /// Begins a job; its outcome is among the [`Store::completions`] later. Never blocks: if too
    /// many jobs of a kind wait, the outcome is [`Busy`](crate::chat::refusal::Failure::Busy).
    pub fn submit(&self, id: JobId, job: Job) {
        self.route.begin(id, job);
    }

    /// Refuses a job: adds the outcome [`Busy`](crate::chat::refusal::Failure::Busy) to the
    /// [`Store::completions`].
    pub fn refuse(&self, id: JobId) {
        self.route.refuse(id);
    }

    /// Writes bytes of an upload on a file thread. Never blocks. A transfer may have only one write
    /// at a time.
    pub fn write(&self, transfer: TransferId, part: Arc<OpenPart>, offset: u64, bytes: Vec<u8>) {
        self.route.uploads.write(transfer, part, offset, bytes);
    }

    /// Reads a range of a file into the page cache, so that sending it does not wait for the disk.
    /// Never blocks. A transfer should have only one range at a time.
    pub fn warm(&self, transfer: TransferId, file: Arc<File>, bytes: Range<u64>) {
        self.route.files.warm(transfer, file, bytes);
    }

    /// The disk space of the data folder and the shared folder, and how much of it uploads leave
    /// free. It asks the file systems, so it may block.
    pub fn rooms(&self) -> impl Iterator<Item = Result<FolderRoom, io::Error>> {
        self.folders.iter().map(|path| Ok(self.room.of_folder(path)?))
    }

    /// Takes the results since the last call. Never blocks.
    pub fn completions(&self) -> impl Iterator<Item = Completion> {
        self.finished.try_iter()
    }

    /// Returns true if so many requests wait for the database that clients must be slowed down.
    pub fn is_congested(&self) -> bool {
        self.requests.len() > CONGESTED_REQUESTS
    }

    /// A short description of what is wrong with the store, if anything is: while writing fails,
    /// and once the database is no longer the file at its path.
    pub fn ailment(&self) -> Option<&'static str> {
        self.health.is_failing().then_some("the store can't be written to")
    }

    /// Ends the threads, and waits for them, at most [`CLOSE_TIMEOUT`]. Requests in the database's
    /// queue are committed; passwords that wait to be hashed and files that wait to be read are
    /// dropped, since nobody waits for the results any more.
    pub fn close(self) {
        drop(self);
    }

    /// The metrics of the store.
    pub fn metrics(&self) -> Vec<Family> {
        let mut families = self.queue_metrics();
        families.extend(self.disk_metrics());
        families
    }

    /// The metrics of the disks, and of what is wrong with them.
    fn disk_metrics(&self) -> [Family; 3] {
        let free = ["data", "files"].into_iter().zip(self.disks.free());
        let announced = usize::try_from(self.room.announced()).unwrap_or(usize::MAX);
        [
            Family::gauge(
                "chatsrv_store_failing",
                "Whether the store can't be written to: 0 or 1.",
                usize::from(self.ailment().is_some()),
            ),
            Family::labelled(
                "chatsrv_disk_free_bytes",
                "Bytes that are free for the store (data) and for the shared folder (files).",
                MetricKind::Gauge,
                "place",
                free.filter_map(|(place, free)| Some((place, free?))),
            ),
            Family::gauge(
                "chatsrv_uploads_announced_bytes",
                "Bytes that uploads under way have announced and not written yet.",
                announced,
            ),
        ]
    }

    fn queue_metrics(&self) -> Vec<Family> {
        let StoreCounters { batches, requests, hashes } = &*self.counters;
        vec![
            Family::gauge(
                "chatsrv_store_queue_length",
                "Requests that wait for the database.",
                self.requests.len(),
            ),
            Family::counter(
                "chatsrv_store_batches_total",
                "Transactions that the database committed.",
                batches.get(),
            ),
            Family::counter(
                "chatsrv_store_requests_total",
                "Requests that the database took up in them.",
                requests.get(),
            ),
            self.times.lock().unwrap_or_else(PoisonError::into_inner).family(
                "chatsrv_store_request_seconds",
                "How long a request took in the transaction of the database.",
            ),
            Family::gauge(
                "chatsrv_history_queue_length",
                "Requests that wait to read messages.",
                self.route.history.waiting(),
            ),
            Family::gauge(
                "chatsrv_password_queue_length",
                "Passwords that wait to be hashed.",
                self.route.passwords.waiting(),
            ),
            Family::counter(
                "chatsrv_passwords_hashed_total",
                "Passwords that were hashed.",
                hashes.get(),
            ),
            Family::gauge(
                "chatsrv_file_queue_length",
                "Files that wait to be opened, listed, read or hashed.",
                self.route.files.waiting(),
            ),
        ]
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        self.route.close();
        self.disks.close();
        let mut ended = self.workers.join(deadline);
        // Closed only now, since the other threads may still send requests: a password thread with
        // the hash that it was computing, a file thread with the file that it has renamed.
        self.requests.close();
        ended &= self.database.join(deadline);
        if !ended {
            log::error!("the store did not close in {} seconds", CLOSE_TIMEOUT.as_secs());
        }
    }
}

#[cfg(test)]
mod tests;
