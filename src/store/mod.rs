//! What may block: the database, the password hashes and the shared folder, each on threads of
//! their own.
//!
//! Jobs go in by value and completions come out by value; nothing is shared with the loop, which
//! never waits here. A job's way is a straight line:
//!
//! ```text
//! submit ──► database ──► passwords ──► database ──► completions
//!        ──► files ─────────────────────────────────►
//! ```
//!
//! [`Store::submit`] starts it where its work begins: a password that is checked at the database,
//! which knows the hash; a new account at the password threads, which make one.

mod accounts;
mod completions;
mod database;
mod error;
mod files;
mod folder;
mod health;
mod lock;
mod passwords;
mod queue;
mod schema;
mod threads;

pub use completions::Completion;
pub use error::{Reason, StoreError};
pub use passwords::PasswordCost;

use std::fs::File;
use std::io;
use std::num::NonZero;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use completions::Completions;
use database::Database;
use files::Files;
use folder::Folder;
use health::Health;
use lock::Lock;
use passwords::{Slots, Worker};
use queue::Queue;
use threads::{Threads, yield_to_others};

use crate::hub::{Account, ConnId, Job, Outcome, Secret, Ticket};
use crate::protocol::name::{FileName, Number};

/// With more requests than this waiting for the database, senders are slowed down.
const CONGESTED_REQUESTS: usize = 1_024;
/// The longest that [`Store::close`] waits for a disk that does not answer.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the store keeps its things, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder, for one server alone.
    pub data: PathBuf,
    /// The shared folder, made where it is missing.
    pub files: PathBuf,
    /// How much work a password hash is.
    pub password_cost: PasswordCost,
}

/// The threads that do what may block. Dropping it closes it.
#[derive(Debug)]
pub struct Store {
    requests: Arc<Queue<database::Request>>,
    passwords: Arc<Queue<passwords::Request>>,
    slots: Slots,
    files: Files,
    completions: Completions,
    finished: Receiver<Completion>,
    /// All threads but the database thread, which they need to the end.
    workers: Threads,
    database: Threads,
}

impl Store {
    /// Opens the data folder and the shared folder, makes them where they are missing, and starts
    /// the threads. Tells all accounts, too. `wake` is called from any thread, after results were
    /// left for [`Store::completions`].
    ///
    /// # Errors
    /// [`StoreError::InUse`] where another server has the data folder, [`StoreError::Unusable`]
    /// where something else is in the way.
    pub fn open(
        config: Config,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Store, Vec<Account>), StoreError> {
        let lock = Lock::acquire(&config.data)?;
        let files = Folder::open(&config.files)?;
        check_apart(&config).map_err(StoreError::at(&config.files))?;
        let (database, accounts) = Database::open(&config.data.join("chatsrv.db"), lock)?;
        let (sender, finished) = channel();
        let completions = Completions::new(sender, Arc::new(wake));
        let store = Store {
            requests: Arc::new(Queue::new()),
            passwords: Arc::new(Queue::new()),
            slots: Slots::default(),
            files: Files::new(files, completions.clone()),
            completions,
            finished,
            workers: Threads::new(),
            database: Threads::new(),
        };
        store.start(database, config.password_cost).map_err(StoreError::at(&config.data))?;
        Ok((store, accounts))
    }

    fn start(&self, database: Database, cost: PasswordCost) -> io::Result<()> {
        let requests = Arc::clone(&self.requests);
        let passwords = Arc::clone(&self.passwords);
        let completions = self.completions.clone();
        self.database
            .spawn("database", move || database.run(&requests, &passwords, &completions))?;

        let health = Arc::new(Health::new("hashing passwords"));
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        for _ in 0..cores {
            let worker = Worker::new(cost, Arc::clone(&health));
            let requests = Arc::clone(&self.requests);
            let passwords = Arc::clone(&self.passwords);
            let completions = self.completions.clone();
            self.workers.spawn("password", move || {
                yield_to_others();
                worker.run(&passwords, &requests, &completions);
            })?;
        }
        self.files.start(&self.workers)
    }

    /// Begins a job; its outcome is among the [`Store::completions`] later. Never blocks: where too
    /// many jobs of a kind wait, that outcome is [`Outcome::Busy`].
    pub fn submit(&self, ticket: Ticket, job: Job) {
        let taken = match job {
            Job::Register { account, password } => self.register(ticket, account, password),
            Job::CheckPassword { number, password } => self.check(ticket, number, password),
            Job::SetDisplayName { number, display } => {
                self.ask(database::Request::SetDisplayName { ticket, number, display })
            }
            Job::ListFolder { path } => self.files.list(ticket, path),
            Job::OpenFile { name } => self.files.open_file(ticket, name),
            Job::SumFile { name } => self.files.sum(ticket, name),
        };
        if !taken {
            self.completions.finish(ticket, Outcome::Busy);
        }
    }

    /// Reads a range of a file into the page cache, so that sending it does not wait for the disk.
    /// Never blocks. There should be one range at a time for a stream.
    pub fn warm(&self, conn: ConnId, stream: u32, file: Arc<File>, bytes: Range<u64>) {
        self.files.warm(conn, stream, file, bytes);
    }

    /// What operators look at.
    pub fn figures(&self) -> Vec<crate::figures::Family> {
        Vec::new()
    }

    /// What was finished since the last call. Never blocks.
    pub fn completions(&self) -> impl Iterator<Item = Completion> {
        self.finished.try_iter()
    }

    /// Whether so much waits for the database that those who cause it must be slowed down.
    pub fn is_congested(&self) -> bool {
        self.requests.len() > CONGESTED_REQUESTS
    }

    /// Ends the threads, and waits for them, for five seconds at most. What was handed to the
    /// database is committed; passwords that are not hashed yet and files that are not read yet
    /// are given up, since nobody is left who waits for them.
    pub fn close(self) {
        drop(self);
    }

    fn register(&self, ticket: Ticket, account: Account, password: Secret) -> bool {
        let Some(slot) = self.slots.take() else { return false };
        let request = passwords::Request::Register { ticket, account, password, slot };
        self.passwords.push(request, passwords::WAITING_MAX).is_ok()
    }

    fn check(&self, ticket: Ticket, number: Option<Number>, password: Secret) -> bool {
        let Some(slot) = self.slots.take() else { return false };
        self.ask(database::Request::LookUpPassword { ticket, number, password, slot })
    }

    fn ask(&self, request: database::Request) -> bool {
        self.requests.push(request, database::WAITING_MAX).is_ok()
    }
}

/// Checks that the data folder can't be reached by a name in the shared folder.
fn check_apart(config: &Config) -> Result<(), Reason> {
    let files = config.files.canonicalize()?;
    let data = config.data.canonicalize()?;
    let Ok(below) = data.strip_prefix(files) else { return Ok(()) };
    // A hidden folder can't be named, so the home folder may be shared with the data in `.local`.
    if below.iter().all(|part| part.to_str().is_some_and(FileName::is_part)) {
        return Err(Reason::HoldsData);
    }
    Ok(())
}

impl Drop for Store {
    fn drop(&mut self) {
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        self.files.close();
        self.passwords.close_and_clear();
        let mut ended = self.workers.join(deadline);
        // Only now, since a password thread may still hand in the hash that it was busy with.
        self.requests.close();
        ended &= self.database.join(deadline);
        if !ended {
            log::error!("the store did not close in {} seconds", CLOSE_TIMEOUT.as_secs());
        }
    }
}

#[cfg(test)]
mod tests;
