//! What may block: the database, the password hashes and the shared folder, each on threads of
//! their own.
//!
//! Jobs go in by value and completions come out by value; nothing is shared with the loop, which
//! never waits here. A job's way is a straight line:
//!
//! ```text
//! submit ──► database ──► passwords ──► database ──► completions
//!        ──► database ──► search ────────────────────►
//!        ──► database ──► uploads ──► database ──────►
//!        ──► files ──────────────────────────────────►
//! ```
//!
//! [`Store::submit`] starts it where its work begins: a password that is checked at the database,
//! which knows the hash; a new account at the password threads, which make one.

mod beneath;
mod completions;
mod database;
mod error;
mod figures;
mod folder;
mod health;
mod identity;
mod lock;
mod maintenance;
mod making_room;
mod queue;
mod requests;
mod room;
mod rows;
mod sums;
mod threads;
mod turns;
mod work;

pub use completions::Completion;
pub use error::{Reason, StoreError};
pub use maintenance::{Checkup, MaintenanceError, backup, check};
pub use room::{FolderRoom, Reserve};
pub use work::parts::OpenPart;
pub use work::passwords::PasswordCost;

use std::fs::File;
use std::num::NonZero;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use std::{io, thread};

use completions::Completions;
use database::{Database, Next};
use figures::Counters;
use folder::Folder;
use health::Health;
use lock::Lock;
use queue::Queue;
use requests::uploads::{self, Announced};
use room::Room;
use rows::{messages, tokens};
use sums::KnownSums;
use threads::{Threads, yield_to_others};
use work::files::{Files, Source};
use work::parts::Parts;
use work::passwords::{self, Slots, Worker};
use work::search::{self, Search};
use work::uploads::Uploads;

use crate::chat::account::Account;
use crate::chat::name::{FileName, Number};
use crate::chat::refusal::Failure;
use crate::chat::text::Secret;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Selection, Snapshot, Value};

/// The name of the database in the data folder.
pub const DATABASE: &str = "chatsrv.db";
/// The name of the folder of the sent files in the data folder.
const SENT: &str = "sent";
/// The name of the search index in the data folder.
const SEARCH_INDEX: &str = "search.sqlite";
/// With more requests than this waiting for the database, senders are slowed down.
const CONGESTED_REQUESTS: usize = 1_024;
/// The longest that [`Store::close`] waits for a disk that does not answer.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the store keeps its things, and how.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder, for one server alone.
    pub data: PathBuf,
    /// The shared folder, made where it is missing.
    pub files: PathBuf,
    /// How much room uploads leave free.
    pub reserve: Reserve,
    /// How much work a password hash is.
    pub password_cost: PasswordCost,
}

/// The threads that do what may block. Dropping it closes it.
#[derive(Debug)]
pub struct Store {
    requests: Arc<Queue<requests::Request>>,
    passwords: Arc<Queue<passwords::Request>>,
    slots: Slots,
    search: Arc<Search>,
    files: Files,
    uploads: Uploads,
    room: Arc<Room>,
    /// Whether the database can be written to.
    health: Arc<Health>,
    /// The data folder and the shared one.
    folders: [PathBuf; 2],
    counters: Arc<Counters>,
    completions: Completions,
    finished: Receiver<Completion>,
    /// All threads but the database thread, which they need to the end.
    workers: Threads,
    database: Threads,
}

impl Store {
    /// Opens the data folder and the shared folder, makes them where they are missing, and starts
    /// the threads. Tells what the hub begins with, too. `wake` is called from any thread, after
    /// results were left for [`Store::completions`].
    ///
    /// # Errors
    /// [`StoreError::InUse`] where another server has the data folder, [`StoreError::Unusable`]
    /// where something else is in the way.
    pub fn open(
        config: Config,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Store, Snapshot), StoreError> {
        let lock = Lock::acquire(&config.data)?;
        let folder = Arc::new(Folder::open(&config.files)?);
        check_apart(&config).map_err(StoreError::at(&config.files))?;
        let room = Room::new(config.reserve);
        let parts = Parts::open(folder, &config.data.join(SENT), Arc::clone(&room))?;
        let parts = Arc::new(parts);
        let path = config.data.join(DATABASE);
        let index = config.data.join(SEARCH_INDEX);
        if is_empty(&path) == Some(true) && is_empty(&index) == Some(false) {
            // To begin anew here would be to forget everybody without a word.
            return Err(StoreError::at(&path)(Reason::Emptied));
        }
        let removed = making_room::make_room(&path, &parts, &room);
        let (database, kept) = Database::open(&path, &parts, &removed, lock)?;
        let folders = [config.data.clone(), config.files];
        let (sender, finished) = channel();
        let completions = Completions::new(sender, Arc::new(wake));
        let requests = Arc::new(Queue::new());
        let known = Arc::new(KnownSums::default());
        let uploads = Uploads::new(
            Arc::clone(&parts),
            Arc::clone(&known),
            completions.clone(),
            Arc::clone(&requests),
        );
        let store = Store {
            requests,
            passwords: Arc::new(Queue::new()),
            slots: Slots::default(),
            search: Arc::new(Search::new(path, index)),
            files: Files::new(parts, known, completions.clone()),
            uploads,
            room,
            health: database.health(),
            folders,
            counters: Arc::default(),
            completions,
            finished,
            workers: Threads::new(),
            database: Threads::new(),
        };
        store.start(database, config.password_cost).map_err(StoreError::at(&config.data))?;
        Ok((store, kept))
    }

    fn start(&self, database: Database, cost: PasswordCost) -> io::Result<()> {
        let requests = Arc::clone(&self.requests);
        let passwords = Arc::clone(&self.passwords);
        let search = Arc::clone(&self.search);
        let files = self.files.clone();
        let uploads = self.uploads.clone();
        let completions = self.completions.clone();
        let counters = Arc::clone(&self.counters);
        self.database.spawn("database", move || {
            let next = Next {
                passwords: &passwords,
                search: &search,
                files: &files,
                uploads: &uploads,
                completions: &completions,
                counters: &counters,
            };
            database.run(&requests, &next);
        })?;

        let search = Arc::clone(&self.search);
        let completions = self.completions.clone();
        self.workers.spawn("search", move || {
            yield_to_others();
            search.run(&completions);
        })?;

        let health = Arc::new(Health::new("hashing passwords"));
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        for _ in 0..cores {
            let worker = Worker::new(cost, Arc::clone(&health), Arc::clone(&self.counters));
            let requests = Arc::clone(&self.requests);
            let passwords = Arc::clone(&self.passwords);
            let completions = self.completions.clone();
            self.workers.spawn("password", move || {
                yield_to_others();
                worker.run(&passwords, &requests, &completions);
            })?;
        }
        self.uploads.start(&self.workers)?;
        self.files.start(&self.workers)
    }

    /// Begins a job; its outcome is among the [`Store::completions`] later. Never blocks: where too
    /// many jobs of a kind wait, that outcome is [`Failure::Busy`].
    pub fn submit(&self, ticket: JobId, job: Job) {
        use messages::Request;
        let taken = match job {
            Job::Register { account, password } => self.register(ticket, account, password),
            Job::CheckPassword { number, password } => self.check(ticket, number, password),
            Job::SetPassword { number, password } => self.set_password(ticket, number, password),
            Job::MakeCallTicket => {
                self.completions
                    .finish(ticket, tokens::draw().map(Value::Token).map_err(|_| Failure::Failed));
                true
            }
            Job::SetBanned { number, banned } => {
                self.ask(requests::Request::SetBanned { ticket, number, banned })
            }
            Job::SetAdministrator { number, admin } => {
                self.ask(requests::Request::SetAdministrator { ticket, number, admin })
            }
            Job::KeepNetworks { number, networks } => {
                self.ask(requests::Request::KeepNetworks { ticket, number, networks })
            }
            Job::SetDisplayName { number, display } => {
                self.ask(requests::Request::SetDisplayName { ticket, number, display })
            }
            Job::CheckToken { number, token } => {
                self.ask(requests::Request::CheckToken { ticket, number, token })
            }
            Job::MakeToken { number } => self.ask(requests::Request::MakeToken { ticket, number }),
            Job::KeepMessage { message, key } => {
                self.ask_messages(ticket, Request::Keep { message, key })
            }
            Job::FindKey { sender, key } => {
                self.ask_messages(ticket, Request::FindKey { sender, key })
            }
            Job::RaiseIdMark { mark } => self.ask_messages(ticket, Request::RaiseIdMark { mark }),
            Job::CountUnread { reader } => {
                self.ask_messages(ticket, Request::CountUnread { reader })
            }
            Job::SelectMessages { reader, which } => self.select(ticket, reader, which),
            Job::FetchMessages { ids } => self.ask_messages(ticket, Request::Fetch { ids }),
            Job::MarkSeen { reader, chat, id } => {
                self.ask_messages(ticket, Request::MarkSeen { reader, chat, id })
            }
            Job::RemoveOld { before } => self.ask_messages(ticket, Request::RemoveOld { before }),
            Job::ListFolder { path } => self.files.list(ticket, path),
            Job::OpenFile { name } => self.files.open_file(ticket, Source::Shared(name)),
            Job::SumFile { name } => self.files.sum(ticket, Source::Shared(name)),
            Job::SaveGroup(group) => self.ask(requests::Request::SaveGroup { ticket, group }),
            Job::EndGroup(group) => self.ask(requests::Request::EndGroup { ticket, group }),
            Job::BeginUpload { owner, place, size, quota } => {
                let announced = Announced { owner, place, size, quota };
                self.ask_uploads(uploads::Request::Begin { ticket, announced, gone: None })
            }
            Job::SyncUpload { upload, expected } => {
                self.ask_uploads(uploads::Request::Sync { ticket, upload, expected })
            }
            Job::FinishUpload { upload, message } => {
                self.ask_uploads(uploads::Request::Finish { ticket, upload, message })
            }
            Job::DropUpload(upload) => {
                self.ask_uploads(uploads::Request::Drop { ticket: Some(ticket), upload })
            }
            Job::RemoveOldUploads { before } => {
                self.ask_uploads(uploads::Request::SelectOld { ticket, before })
            }
            Job::FindSent(message) => self.ask_uploads(uploads::Request::Find { ticket, message }),
            Job::OpenSent(message) => self.ask_uploads(uploads::Request::Open { ticket, message }),
            Job::SumSent(message) => self.ask_uploads(uploads::Request::Sum { ticket, message }),
        };
        if !taken {
            self.completions.finish(ticket, Err(Failure::Busy));
        }
    }

    /// Leaves [`Failure::Busy`] among the [`Store::completions`] for a job that is not to begin.
    pub fn refuse(&self, ticket: JobId) {
        self.completions.finish(ticket, Err(Failure::Busy));
    }

    /// Writes bytes of an upload on a file thread. Never blocks; one write at a time for a stream.
    pub fn write(
        &self,
        conn: ConnId,
        stream: u32,
        part: Arc<OpenPart>,
        offset: u64,
        bytes: Vec<u8>,
    ) {
        self.uploads.write(conn, stream, part, offset, bytes);
    }

    /// Reads a range of a file into the page cache, so that sending it does not wait for the disk.
    /// Never blocks. There should be one range at a time for a stream.
    pub fn warm(&self, conn: ConnId, stream: u32, file: Arc<File>, bytes: Range<u64>) {
        self.files.warm(conn, stream, file, bytes);
    }

    /// What the data folder and the shared folder have room for, and how much of it uploads leave
    /// free. It looks at the disk.
    pub fn rooms(&self) -> impl Iterator<Item = Result<FolderRoom, io::Error>> {
        self.folders.iter().map(|path| Ok(self.room.of_folder(path)?))
    }

    /// What was finished since the last call. Never blocks.
    pub fn completions(&self) -> impl Iterator<Item = Completion> {
        self.finished.try_iter()
    }

    /// Whether so much waits for the database that those who cause it must be slowed down.
    pub fn is_congested(&self) -> bool {
        self.requests.len() > CONGESTED_REQUESTS
    }

    /// What is wrong with it, in a few words, where something is: while writing fails, and once the
    /// store is no longer the file under its name.
    pub fn ailment(&self) -> Option<&'static str> {
        self.health.is_failing().then_some("the store can't be written to")
    }

    /// Ends the threads, and waits for them, for five seconds at most. What was handed to the
    /// database is committed; passwords that are not hashed yet and files that are not read yet
    /// are given up, since nobody is left who waits for them.
    pub fn close(self) {
        drop(self);
    }

    fn register(&self, ticket: JobId, account: Account, password: Secret) -> bool {
        let Some(slot) = self.slots.take() else { return false };
        let request = passwords::Request::Register { ticket, account, password, slot };
        self.passwords.push(request, passwords::WAITING_MAX).is_ok()
    }

    fn check(&self, ticket: JobId, number: Option<Number>, password: Secret) -> bool {
        let Some(slot) = self.slots.take() else { return false };
        self.ask(requests::Request::LookUpPassword { ticket, number, password, slot })
    }

    fn set_password(&self, ticket: JobId, number: Number, password: Secret) -> bool {
        let Some(slot) = self.slots.take() else { return false };
        let request = passwords::Request::Set { ticket, number, password, slot };
        self.passwords.push(request, passwords::WAITING_MAX).is_ok()
    }

    fn select(&self, ticket: JobId, reader: Number, which: Selection) -> bool {
        use messages::Request;
        match which {
            Selection::Unread(chat) => {
                self.ask_messages(ticket, Request::SelectUnread { reader, chat })
            }
            Selection::Last { chat, before, count } => {
                self.ask_messages(ticket, Request::SelectLast { reader, chat, before, count })
            }
            Selection::Holding { chat, words } => {
                let request = search::Request { ticket, reader, chat, words };
                self.ask(requests::Request::Search(request))
            }
        }
    }

    fn ask_messages(&self, ticket: JobId, request: messages::Request) -> bool {
        self.ask(requests::Request::Messages { ticket, request })
    }

    fn ask_uploads(&self, request: uploads::Request) -> bool {
        self.ask(requests::Request::Uploads(request))
    }

    fn ask(&self, request: requests::Request) -> bool {
        self.requests.push(request, database::WAITING_MAX).is_ok()
    }
}

/// Whether a file holds nothing, where it is there.
fn is_empty(path: &Path) -> Option<bool> {
    path.metadata().ok().map(|metadata| metadata.len() == 0)
}

/// Checks that neither the data folder nor what is sent in chats can be reached by a name in the
/// shared folder.
fn check_apart(config: &Config) -> Result<(), Reason> {
    let files = config.files.canonicalize()?;
    let data = config.data.canonicalize()?;
    if files.starts_with(data.join(SENT)) {
        return Err(Reason::HoldsSent);
    }
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
        self.uploads.close();
        self.search.close();
        self.passwords.close_and_clear();
        let mut ended = self.workers.join(deadline);
        // Only now, since a password thread may still hand in the hash that it was busy with, and
        // one that writes the file that it has put in its place.
        self.requests.close();
        ended &= self.database.join(deadline);
        if !ended {
            log::error!("the store did not close in {} seconds", CLOSE_TIMEOUT.as_secs());
        }
    }
}

#[cfg(test)]
mod tests;
