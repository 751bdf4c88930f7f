//! The threads that write. Everything that is done with one upload is done by one of them, in the
//! order in which it was handed in; a slow disk holds up the uploads of its threads alone.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::parts::{self, Parts};
use super::{Announced, Fate, Garbage, OwnFile, Request, Upload};
use crate::hub::{ConnId, Outcome, Place, Ticket, UploadId};
use crate::store::completions::{Completion, Completions};
use crate::store::database;
use crate::store::folder::Refusal;
use crate::store::health::Health;
use crate::store::queue::Queue;
use crate::store::threads::Threads;

/// A disk serves a few writers faster than one, and one that syncs holds up few others.
const THREADS: usize = 4;
/// How many tasks may wait for one thread. There is one write for each stream at most.
const WAITING_MAX: usize = 65_536;

/// Something to do with the files of uploads.
#[derive(Debug)]
pub(in crate::store) enum Task {
    /// Open a part.
    Begin { ticket: Ticket, upload: Upload, is_new: bool },
    /// Look which of a user's files still stand in the shared folder, and begin again.
    Recount { ticket: Ticket, announced: Announced, files: Vec<OwnFile> },
    /// Write bytes of an upload.
    Write {
        conn: ConnId,
        stream: u32,
        file: Arc<File>,
        upload: UploadId,
        offset: u64,
        bytes: Vec<u8>,
    },
    /// Bring an upload to the disk.
    Sync { ticket: Ticket, upload: Upload },
    /// Give an upload its name in the shared folder.
    Place { ticket: Ticket, upload: Upload },
    /// Look what has become of uploads that were begun before a time.
    LookAtOld { ticket: Ticket, uploads: Vec<Upload>, before: u64, more: bool },
    /// Remove files.
    Sweep(Vec<Garbage>),
}

impl Task {
    /// The upload whose order it has to keep; no matter which where it is of none.
    fn upload(&self) -> UploadId {
        match self {
            Task::Begin { upload, .. } | Task::Sync { upload, .. } | Task::Place { upload, .. } => {
                upload.id
            }
            Task::Write { upload, .. } => *upload,
            Task::Recount { .. } | Task::LookAtOld { .. } | Task::Sweep(_) => UploadId(0),
        }
    }
}

/// What the threads share.
#[derive(Debug)]
struct Shared {
    parts: Arc<Parts>,
    health: Health,
    completions: Completions,
    database: Arc<Queue<database::Request>>,
    queues: [Queue<Task>; THREADS],
    /// Which upload a file belongs to. A descriptor that was closed and given out again is noted
    /// again before anybody can write to it.
    opened: Mutex<HashMap<RawFd, UploadId>>,
}

/// The way to the threads that write.
#[derive(Clone, Debug)]
pub(in crate::store) struct Uploads(Arc<Shared>);

impl Uploads {
    /// The way to threads that [`Uploads::start`] starts.
    pub(in crate::store) fn new(
        parts: Arc<Parts>,
        completions: Completions,
        database: Arc<Queue<database::Request>>,
    ) -> Self {
        Uploads(Arc::new(Shared {
            parts,
            health: Health::new("writing uploads"),
            completions,
            database,
            queues: std::array::from_fn(|_| Queue::new()),
            opened: Mutex::default(),
        }))
    }

    /// Starts the threads.
    ///
    /// # Errors
    /// The system's, where it gives no more threads.
    pub(in crate::store) fn start(&self, threads: &Threads) -> io::Result<()> {
        for index in 0..THREADS {
            let shared = Arc::clone(&self.0);
            threads.spawn("file-write", move || shared.run(&shared.queues[index]))?;
        }
        Ok(())
    }

    /// Hands in a task; tells whether there was room for it.
    pub(in crate::store) fn hand(&self, task: Task) -> bool {
        self.0.push(task).is_ok()
    }

    /// Writes bytes of an upload.
    pub(in crate::store) fn write(
        &self,
        conn: ConnId,
        stream: u32,
        file: Arc<File>,
        offset: u64,
        bytes: Vec<u8>,
    ) {
        let upload = self.0.opened().get(&file.as_raw_fd()).copied();
        // Only the files of uploads are written to.
        let upload = upload.unwrap_or(UploadId(0));
        if self.0.push(Task::Write { conn, stream, file, upload, offset, bytes }).is_err() {
            let result = Err(io::ErrorKind::WouldBlock.into());
            self.0.completions.push(Completion::Written { conn, stream, result });
        }
    }

    /// Drops what waits, and lets the threads end. What was not written is sent again when the
    /// upload goes on.
    pub(in crate::store) fn close(&self) {
        for queue in &self.0.queues {
            queue.close_and_clear();
        }
    }
}

impl Shared {
    fn push(&self, task: Task) -> Result<(), Task> {
        let thread = (task.upload().0 % THREADS as u64) as usize;
        self.queues[thread].push(task, WAITING_MAX)
    }

    fn run(&self, queue: &Queue<Task>) {
        while let Some(task) = queue.pop() {
            self.carry_out(task);
        }
    }

    fn carry_out(&self, task: Task) {
        match task {
            Task::Begin { ticket, upload, is_new } => self.begin(ticket, upload, is_new),
            Task::Recount { ticket, announced, files } => {
                let gone = files.into_iter().filter(|file| !self.parts.stands(file));
                let gone = Some(gone.map(|file| file.id).collect());
                self.ask(Request::Begin { ticket, announced, gone });
            }
            Task::Write { conn, stream, file, offset, bytes, .. } => {
                let result = parts::write(&file, offset, &bytes);
                // Closed first, so that whoever is told finds no descriptor of it here.
                drop(file);
                self.completions.push(Completion::Written { conn, stream, result });
            }
            Task::Sync { ticket, upload } => {
                let result = self.parts.sync(&upload);
                let outcome = self.outcome(&upload, result);
                self.completions.finish(ticket, outcome);
            }
            Task::Place { ticket, upload } => self.place(ticket, &upload),
            Task::LookAtOld { ticket, uploads, before, more } => {
                let fates = uploads
                    .iter()
                    .map(|upload| (upload.id, self.parts.fate(upload, before)))
                    .collect();
                self.ask(Request::Settle { ticket: Some(ticket), fates, before, more });
            }
            Task::Sweep(garbage) => {
                for garbage in &garbage {
                    if let Err(refusal) = self.parts.remove(garbage) {
                        let name = parts::file_name(garbage.id);
                        log::error!("the file {name} of an upload stays behind: {refusal:?}");
                    }
                }
                let ids = garbage.into_iter().map(|garbage| garbage.id).collect();
                self.ask(Request::Swept { ids });
            }
        }
    }

    fn begin(&self, ticket: Ticket, upload: Upload, is_new: bool) {
        let refusal = match self.parts.open_part(&upload, is_new) {
            Ok((file, offset)) => {
                self.health.worked();
                self.opened().insert(file.as_raw_fd(), upload.id);
                let upload = upload.id;
                return self.completions.push(Completion::UploadOpened {
                    ticket,
                    file,
                    upload,
                    offset,
                });
            }
            Err(refusal) => refusal,
        };
        if is_new || matches!(refusal, Refusal::Exists | Refusal::NotFound) {
            let placed = !is_new && self.parts.is_placed(&upload);
            let fates = vec![(upload.id, if placed { Fate::Placed } else { Fate::Ends })];
            self.ask(Request::Settle { ticket: None, fates, before: u64::MAX, more: false });
        }
        let outcome = self.outcome(&upload, Err(refusal));
        self.completions.finish(ticket, outcome);
    }

    fn place(&self, ticket: Ticket, upload: &Upload) {
        let Place::Shared(name) = &upload.place else {
            return self.completions.finish(ticket, Outcome::Failed);
        };
        match self.parts.place(upload, name) {
            Ok(()) => {
                self.health.worked();
                self.ask(Request::Placed { ticket, upload: upload.id });
            }
            refused => {
                let outcome = self.outcome(upload, refused);
                self.completions.finish(ticket, outcome);
            }
        }
    }

    /// Has the database go on.
    fn ask(&self, request: Request) {
        // There are no more of these than there were tasks. It takes them to the end.
        if self.database.push(database::Request::Uploads(request), usize::MAX).is_err() {
            log::error!("the database thread ended before the threads that write");
        }
    }

    fn outcome(&self, upload: &Upload, result: Result<(), Refusal>) -> Outcome {
        let Err(refusal) = result else {
            self.health.worked();
            return Outcome::Done;
        };
        if let Some(error) = refusal.error() {
            let name = match &upload.place {
                Place::Shared(name) | Place::Chat(_, name) => name,
            };
            // Debug escapes what a terminal would obey.
            self.health.failed(format_args!("{:?}: {error}", name.as_str()));
        }
        refusal.outcome()
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<RawFd, UploadId>> {
        // Nothing in there panics halfway through a change.
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
