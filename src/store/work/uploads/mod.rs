//! The file-writing threads. All tasks of one upload run on the same thread, in the order in which
//! they were submitted. A slow disk delays only the uploads of the threads that wait for it.

mod exports;
mod progress;
mod rereads;

use std::io;
use std::sync::Arc;

use self::progress::{Hashed, Progress};
use self::rereads::{Reread, RereadStep, Rereads, Then};
use crate::chat::file::FileTarget;
use crate::chat::id::UploadId;
use crate::chat::name::FileName;
use crate::chat::refusal::Failure;
use crate::chat::sha256::Sha256Sum;
use crate::hub::job::{JobId, Outcome, Value};
use crate::store::completions::{Completion, Completions, TransferId};
use crate::store::folder::FileRefusal;
use crate::store::health::Health;
use crate::store::layout::file_name;
use crate::store::parts::{OpenPart, Parts};
use crate::store::queue::WorkQueue;
use crate::store::requests::{
    ExportRequest, ExportWrite, Recounted, RemovalTask, StoreRequest, SyncTask, UploadRequest,
    UploadTask,
};
use crate::store::rows::files::Garbage;
use crate::store::rows::uploads::{Fate, UploadRecord};
use crate::store::sender::RequestSender;
use crate::store::sums::{FileStamp, KnownSums};
use crate::store::threads::{Threads, yield_to_others};

/// A disk serves a few writers faster than one, and a thread that syncs delays only a part of the
/// uploads.
const THREADS: usize = 4;
/// The capacity of each thread's queue. Each stream has at most one write in it.
const WAITING_MAX: usize = 65_536;

/// A task of a file-writing thread.
#[derive(Debug)]
enum WriteTask {
    /// Carry out the follow-up step of a request to the database.
    Asked(UploadTask),
    /// Write bytes of an upload.
    Write { transfer: TransferId, part: Arc<OpenPart>, offset: u64, bytes: Vec<u8> },
}

impl WriteTask {
    /// The upload whose order has to be kept; an arbitrary one if there is none.
    fn upload(&self) -> UploadId {
        match self {
            WriteTask::Asked(
                UploadTask::Begin { upload, .. } | UploadTask::Place { upload, .. },
            ) => upload.id,
            WriteTask::Asked(UploadTask::Sync(sync)) => sync.upload.id,
            WriteTask::Asked(UploadTask::BeginExport { file, .. }) => *file,
            WriteTask::Asked(UploadTask::WriteExport(export)) => export.file,
            WriteTask::Asked(UploadTask::Remove(RemovalTask { uploaded: Some(file), .. })) => {
                file.id
            }
            WriteTask::Asked(
                UploadTask::Recount { .. }
                | UploadTask::LookAtOld { .. }
                | UploadTask::Sweep(_)
                | UploadTask::Remove(_),
            ) => UploadId(0),
            WriteTask::Write { part, .. } => part.upload(),
        }
    }
}

/// The state that the threads share.
#[derive(Debug)]
struct WriterShared {
    parts: Arc<Parts>,
    health: Health,
    completions: Completions,
    database: RequestSender,
    queues: [WorkQueue<WriteTask>; THREADS],
    progress: Progress,
    rereads: Rereads,
    known: Arc<KnownSums>,
}

/// The handle of the file-writing threads; its clones share them.
#[derive(Clone, Debug)]
pub(in crate::store) struct FileWriters(Arc<WriterShared>);

impl FileWriters {
    /// Creates the handle; [`FileWriters::start`] starts the threads.
    pub(in crate::store) fn new(
        parts: Arc<Parts>,
        known: Arc<KnownSums>,
        completions: Completions,
        database: RequestSender,
    ) -> Self {
        FileWriters(Arc::new(WriterShared {
            parts,
            health: Health::new("writing uploads"),
            completions,
            database,
            queues: std::array::from_fn(|_| WorkQueue::new()),
            progress: Progress::default(),
            rereads: Rereads::new(),
            known,
        }))
    }

    /// Starts the threads.
    ///
    /// # Errors
    /// The error of the operating system, if it gives no more threads.
    pub(in crate::store) fn start(&self, threads: &Threads) -> io::Result<()> {
        for index in 0..THREADS {
            let shared = Arc::clone(&self.0);
            threads.spawn("file-write", move || shared.run(&shared.queues[index]))?;
        }
        let shared = Arc::clone(&self.0);
        threads.spawn("part-read", move || shared.run_rereads())
    }

    /// Submits a task. Returns false if the queue is full.
    pub(in crate::store) fn hand(&self, task: UploadTask) -> bool {
        self.0.push(WriteTask::Asked(task)).is_ok()
    }

    /// Writes bytes of an upload.
    pub(in crate::store) fn write(
        &self,
        transfer: TransferId,
        part: Arc<OpenPart>,
        offset: u64,
        bytes: Vec<u8>,
    ) {
        if self.0.push(WriteTask::Write { transfer, part, offset, bytes }).is_err() {
            let result = Err(io::ErrorKind::WouldBlock.into());
            self.0.completions.push(Completion::Written { transfer, result });
        }
    }

    /// Notes that an upload has become a file: its sum moves to the cache, so the file need not be
    /// read for it.
    pub(in crate::store) fn finished(&self, upload: UploadId) {
        self.0.finished(upload);
    }

    /// Drops what waits in the queues, and lets the threads end. Unwritten bytes are sent again
    /// when the upload is resumed.
    pub(in crate::store) fn close(&self) {
        for queue in &self.0.queues {
            queue.close_and_clear();
        }
        self.0.rereads.close();
    }
}

impl WriterShared {
    fn push(&self, task: WriteTask) -> Result<(), WriteTask> {
        let thread = (task.upload().0 % THREADS as u64) as usize;
        self.queues[thread].push(task, WAITING_MAX)
    }

    fn run(&self, queue: &WorkQueue<WriteTask>) {
        while let Some(task) = queue.pop() {
            self.carry_out(task);
        }
    }

    fn carry_out(&self, task: WriteTask) {
        match task {
            WriteTask::Write { transfer, part, offset, bytes } => {
                let result = self.write(&part, offset, &bytes);
                // Released first, so that this thread holds no descriptor when the completion is
                // handled.
                drop(part);
                self.completions.push(Completion::Written { transfer, result });
            }
            WriteTask::Asked(UploadTask::Begin { job, upload, is_new }) => {
                self.begin(job, upload, is_new);
            }
            WriteTask::Asked(UploadTask::Recount { job, announced, files, up_to }) => {
                let gone = files.into_iter().filter(|file| !self.parts.stands(file));
                let gone = gone.map(|file| file.id).collect();
                let recounted = Some(Recounted { gone, up_to });
                self.report(UploadRequest::Begin { job, announced, recounted });
            }
            WriteTask::Asked(UploadTask::Sync(sync)) => self.sync(sync),
            WriteTask::Asked(UploadTask::Place { job, upload }) => self.place(job, &upload),
            WriteTask::Asked(UploadTask::LookAtOld { job, uploads, before, more }) => {
                let fates = uploads
                    .iter()
                    .map(|upload| (upload.id, self.parts.fate(upload, before)))
                    .collect();
                self.report(UploadRequest::Settle { job: Some(job), fates, before, more });
            }
            WriteTask::Asked(UploadTask::Sweep(garbage)) => self.sweep(garbage),
            WriteTask::Asked(UploadTask::Remove(removal)) => self.remove(removal),
            WriteTask::Asked(UploadTask::BeginExport { job, file }) => self.begin_export(job, file),
            WriteTask::Asked(UploadTask::WriteExport(export)) => self.write_export(export),
        }
    }

    /// Creates the file of an export. If that can't be, the export ends.
    fn begin_export(&self, job: JobId, file: UploadId) {
        let begun = exports::begin(&self.parts, file);
        if begun.is_err() {
            let request = ExportRequest::End { file };
            self.report_request(StoreRequest::Export { job: None, request });
        }
        self.finish_export(job, file, begun);
    }

    /// Writes some of an export.
    fn write_export(&self, task: ExportWrite) {
        let (job, file) = (task.job, task.file);
        self.finish_export(job, file, exports::write(&self.parts, task));
    }

    fn finish_export(&self, job: JobId, file: UploadId, result: Result<Value, FileRefusal>) {
        let outcome = result.map_or_else(
            |refusal| {
                if let Some(error) = refusal.error() {
                    self.health.failed(format_args!("the export {}: {error}", file_name(file)));
                }
                refusal.outcome()
            },
            |value| {
                self.health.worked();
                Ok(value)
            },
        );
        self.completions.finish(job, outcome);
    }

    /// Removes a file or an empty folder of the shared folder.
    fn remove(&self, removal: RemovalTask) {
        let RemovalTask { job, name, uploaded, since } = removal;
        let outcome = match self.parts.remove_named(&name, uploaded.as_ref(), since) {
            Ok(()) => {
                self.health.worked();
                match uploaded {
                    Some(file) => {
                        return self.report(UploadRequest::Removed { job, file: file.id });
                    }
                    None => Ok(Value::Done),
                }
            }
            Err(refusal) => self.refusal(&name, refusal),
        };
        self.completions.finish(job, outcome);
    }

    fn sweep(&self, garbage: Vec<Garbage>) {
        for garbage in &garbage {
            self.progress.take(garbage.id);
            if let Err(refusal) = self.parts.remove(garbage) {
                let name = file_name(garbage.id);
                log::error!("the file {name} of an upload stays behind: {refusal:?}");
            }
        }
        let ids = garbage.into_iter().map(|garbage| garbage.id).collect();
        self.report(UploadRequest::Swept { ids });
    }

    fn begin(&self, job: JobId, upload: UploadRecord, is_new: bool) {
        let refusal = match self.parts.open_part(&upload, is_new) {
            Ok(part) => {
                self.health.worked();
                return self.opened(job, &upload, part);
            }
            Err(refusal) => refusal,
        };
        if is_new || matches!(refusal, FileRefusal::Exists | FileRefusal::NotFound) {
            let placed = !is_new && self.parts.is_placed(&upload);
            let fates = vec![(upload.id, if placed { Fate::Placed } else { Fate::Ends })];
            self.report(UploadRequest::Settle { job: None, fates, before: u64::MAX, more: false });
        }
        let outcome = self.outcome(&upload, Err(refusal));
        self.completions.finish(job, outcome);
    }

    /// Completes the opening of a part file, once the hash of its content is known.
    fn opened(&self, job: JobId, upload: &UploadRecord, part: OpenPart) {
        let version = match FileStamp::of(part.file()) {
            Ok(version) => version,
            Err(error) => {
                let outcome = self.outcome(upload, Err(error.into()));
                return self.completions.finish(job, outcome);
            }
        };
        let hashed = match self.progress.get(upload.id, &version) {
            None if version.size() == 0 => Some(Hashed::nothing(version)),
            hashed => hashed.filter(Hashed::is_whole),
        };
        match hashed {
            Some(hashed) => self.open_for_writing(job, part, hashed),
            None => {
                let then = Then::Open { job, part };
                self.reread(Reread::new(upload.clone(), then));
            }
        }
    }

    fn open_for_writing(&self, job: JobId, part: OpenPart, hashed: Hashed) {
        let (offset, sha256) = (hashed.length(), hashed.sum());
        self.progress.put(part.upload(), hashed);
        self.completions.push(Completion::UploadOpened { job, part, offset, sha256 });
    }

    /// Writes bytes, and updates the running hash.
    fn write(&self, part: &OpenPart, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let before = FileStamp::of(part.file())?;
        if before.size() != offset {
            // The bytes would not be at the offset at which they belong.
            return Err(io::Error::other("somebody else has changed its length"));
        }
        let hashed = self.progress.take(part.upload());
        if let Err(error) = part.write(offset, bytes) {
            // If nothing was written, for example because of the reserve, the hash is still valid.
            if let Some(hashed) = hashed
                && FileStamp::of(part.file()).is_ok_and(|now| now == before)
            {
                self.progress.put(part.upload(), hashed);
            }
            return Err(error);
        }
        if let Some(mut hashed) = hashed
            && hashed.is_of(&before)
            && hashed.length() == offset
        {
            hashed.update(bytes);
            hashed.now_is(FileStamp::of(part.file())?);
            self.progress.put(part.upload(), hashed);
        }
        Ok(())
    }

    /// Syncs an upload to disk, if it has the sum that the client expects.
    fn sync(&self, sync: SyncTask) {
        let result = match sync.expected {
            None => self.parts.sync(&sync.upload).map(|()| Ok(Value::Done)),
            Some(expected) => match self.sum(&sync) {
                Ok(Some(sum)) if sum == expected => {
                    self.parts.sync(&sync.upload).map(|()| Ok(Value::Done))
                }
                Ok(Some(_)) => Ok(Err(Failure::Mismatch)),
                Ok(None) if sync.is_reread => {
                    Err(io::Error::other("somebody else writes to it").into())
                }
                Ok(None) => return self.read_and_sync(sync),
                Err(refusal) => Err(refusal),
            },
        };
        let outcome = result.unwrap_or_else(|refusal| self.outcome(&sync.upload, Err(refusal)));
        self.completions.finish(sync.job, outcome);
    }

    /// The sum of a complete upload; `None` if the file has to be read for it.
    fn sum(&self, sync: &SyncTask) -> Result<Option<Sha256Sum>, FileRefusal> {
        let version = FileStamp::of(self.parts.open_to_read(&sync.upload)?)?;
        let hashed = self.progress.get(sync.upload.id, &version);
        Ok(hashed.filter(Hashed::is_whole).map(|hashed| hashed.sum()))
    }

    fn read_and_sync(&self, sync: SyncTask) {
        match self.parts.open_to_read(&sync.upload) {
            Ok(file) => {
                let upload = sync.upload.clone();
                self.reread(Reread::new(upload, Then::Sync { file, sync }));
            }
            Err(refusal) => {
                let outcome = self.outcome(&sync.upload, Err(refusal));
                self.completions.finish(sync.job, outcome);
            }
        }
    }

    /// Submits a part file to be read.
    fn reread(&self, reread: Reread) {
        self.refuse(self.rereads.hand(reread));
    }

    fn refuse(&self, reread: Option<Reread>) {
        if let Some(reread) = reread {
            self.completions.finish(reread.job(), Err(Failure::Busy));
        }
    }

    fn run_rereads(&self) {
        yield_to_others();
        let mut buffer = vec![0; rereads::BUFFER_BYTES];
        while let Some(mut reread) = self.rereads.next() {
            match reread.step(&self.progress, &mut buffer) {
                Ok(RereadStep::More) => self.refuse(self.rereads.put_back(reread)),
                Ok(RereadStep::Whole(hashed)) => match reread.then {
                    Then::Open { job, part } => self.open_for_writing(job, part, hashed),
                    Then::Sync { sync, .. } => {
                        let job = sync.job;
                        let sync = SyncTask { is_reread: true, ..sync };
                        if self.push(WriteTask::Asked(UploadTask::Sync(sync))).is_err() {
                            self.completions.finish(job, Err(Failure::Busy));
                        }
                    }
                },
                Err(refusal) => {
                    let outcome = self.outcome(reread.upload(), Err(refusal));
                    self.completions.finish(reread.job(), outcome);
                }
            }
        }
    }

    fn finished(&self, upload: UploadId) {
        if let Some(hashed) = self.progress.take(upload).filter(Hashed::is_whole) {
            self.known.insert(hashed.version(), hashed.sum());
        }
    }

    fn place(&self, job: JobId, upload: &UploadRecord) {
        let FileTarget::Shared(name) = &upload.place else {
            return self.completions.finish(job, Err(Failure::Failed));
        };
        match self.parts.place(upload, name) {
            Ok(()) => {
                self.health.worked();
                self.finished(upload.id);
                self.report(UploadRequest::Placed { job, upload: upload.id });
            }
            refused => {
                let outcome = self.outcome(upload, refused);
                self.completions.finish(job, outcome);
            }
        }
    }

    /// Sends the result of a task to the database thread.
    fn report(&self, request: UploadRequest) {
        self.report_request(StoreRequest::Upload(request));
    }

    fn report_request(&self, request: StoreRequest) {
        // The database thread ends after these threads.
        if !self.database.report(request) {
            log::error!("the database thread ended before the threads that write");
        }
    }

    fn outcome(&self, upload: &UploadRecord, result: Result<(), FileRefusal>) -> Outcome {
        let Err(refusal) = result else {
            self.health.worked();
            return Ok(Value::Done);
        };
        let (FileTarget::Shared(name) | FileTarget::Chat(_, name)) = &upload.place;
        self.refusal(name, refusal)
    }

    /// The outcome of a task on a file that is refused; what the operator has to know is logged.
    fn refusal(&self, name: &FileName, refusal: FileRefusal) -> Outcome {
        if let Some(error) = refusal.error() {
            // Debug escapes control characters.
            self.health.failed(format_args!("{:?}: {error}", name.as_str()));
        }
        refusal.outcome()
    }
}
