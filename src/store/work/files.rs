//! The file-reading threads: two open and list, two read ahead, and two hash, so that the sum of a
//! file of ten gigabytes delays no download.
//!
//! Whoever asks for files has turns, and one of these in work.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::Advice;
use sha2::{Digest, Sha256};

use crate::chat::id::UploadId;
use crate::chat::name::FileName;
use crate::chat::party::Party;
use crate::chat::refusal::Failure;
use crate::chat::sha256::Sha256Sum;
use crate::hub::job::{JobId, Outcome, Value};
use crate::store::completions::{Completion, Completions, TransferId};
use crate::store::folder::FileRefusal;
use crate::store::health::Health;
use crate::store::parts::Parts;
use crate::store::queue::WorkQueue;
use crate::store::sums::{FileStamp, KnownSums};
use crate::store::threads::{Threads, yield_to_others};
use crate::store::turn_queue::TurnQueue;

/// The largest number of files to open and folders to list in the queue.
const OPENS_WAITING_MAX: usize = 1_024;
/// The largest number of files to hash in the queue; one can take a minute.
const SUMS_WAITING_MAX: usize = 64;
/// The largest number of ranges to read in the queue: one for each open file
/// ([`TRANSFERS_MAX`](crate::limits::TRANSFERS_MAX)).
const READS_WAITING_MAX: usize = 65_536;
/// Two threads open and list, so that one slow folder does not stop all downloads; and a disk
/// serves two readers faster than one.
const OPEN_THREADS: usize = 2;
/// The number of threads that read ahead.
const READ_THREADS: usize = 2;
/// The number of threads that hash, so that a small file need not wait for a large one.
const SUM_THREADS: usize = 2;
/// The size of one read in bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// Where a file to read is.
#[derive(Debug)]
pub(in crate::store) enum Source {
    /// In the shared folder, by its name.
    Shared(FileName),
    /// In the folder of files sent in chats, by its id.
    Sent(UploadId),
}

impl Source {
    /// A description for the log.
    fn describe(&self) -> String {
        match self {
            // Debug escapes control characters.
            Source::Shared(name) => format!("{:?}", name.as_str()),
            Source::Sent(id) => format!("the sent file {:016x}", id.0),
        }
    }
}

/// A file to open, or a folder to list.
#[derive(Debug)]
enum OpenTask {
    File { job: JobId, source: Source },
    Folder { job: JobId, path: Option<FileName> },
}

/// A file to hash.
#[derive(Debug)]
struct SumTask {
    job: JobId,
    source: Source,
}

/// A range of a file to read into the page cache.
#[derive(Debug)]
struct WarmTask {
    transfer: TransferId,
    file: Arc<File>,
    bytes: Range<u64>,
}

/// The state that the threads share.
#[derive(Debug)]
struct ReaderShared {
    parts: Arc<Parts>,
    known: Arc<KnownSums>,
    health: Health,
    completions: Completions,
    closing: AtomicBool,
    opens: TurnQueue<Party, OpenTask>,
    sums: TurnQueue<Party, SumTask>,
    reads: WorkQueue<WarmTask>,
}

/// The handle of the file-reading threads; its clones share them.
#[derive(Clone, Debug)]
pub(in crate::store) struct FileReaders(Arc<ReaderShared>);

impl FileReaders {
    /// Creates the handle; [`FileReaders::start`] starts the threads.
    pub(in crate::store) fn new(
        parts: Arc<Parts>,
        known: Arc<KnownSums>,
        completions: Completions,
    ) -> Self {
        FileReaders(Arc::new(ReaderShared {
            parts,
            known,
            health: Health::new("reading files"),
            completions,
            closing: AtomicBool::new(false),
            opens: TurnQueue::new(),
            sums: TurnQueue::new(),
            reads: WorkQueue::new(),
        }))
    }

    /// Starts the threads.
    ///
    /// # Errors
    /// The error of the operating system, if it gives no more threads.
    pub(in crate::store) fn start(&self, threads: &Threads) -> io::Result<()> {
        for _ in 0..OPEN_THREADS {
            let shared = Arc::clone(&self.0);
            threads.spawn("file-open", move || shared.run_opens())?;
        }
        for _ in 0..READ_THREADS {
            let shared = Arc::clone(&self.0);
            threads.spawn("file-read", move || shared.run_reads())?;
        }
        for _ in 0..SUM_THREADS {
            let shared = Arc::clone(&self.0);
            threads.spawn("file-sum", move || shared.run_sums())?;
        }
        Ok(())
    }

    /// The number of tasks in the queues.
    pub(in crate::store) fn waiting(&self) -> usize {
        self.0.opens.len() + self.0.sums.len() + self.0.reads.len()
    }

    /// Lists a folder. Returns the job that is refused if the queue is full.
    pub(in crate::store) fn list(
        &self,
        job: JobId,
        by: Party,
        path: Option<FileName>,
    ) -> Option<JobId> {
        self.open(by, OpenTask::Folder { job, path })
    }

    /// Opens a file. Returns the job that is refused if the queue is full.
    pub(in crate::store) fn open_file(
        &self,
        job: JobId,
        by: Party,
        source: Source,
    ) -> Option<JobId> {
        self.open(by, OpenTask::File { job, source })
    }

    fn open(&self, by: Party, task: OpenTask) -> Option<JobId> {
        let refused = self.0.opens.push(by, task, OPENS_WAITING_MAX).err()?;
        let (OpenTask::File { job, .. } | OpenTask::Folder { job, .. }) = refused;
        Some(job)
    }

    /// Hashes a file. Returns the job that is refused if the queue is full.
    pub(in crate::store) fn sum(&self, job: JobId, by: Party, source: Source) -> Option<JobId> {
        let refused = self.0.sums.push(by, SumTask { job, source }, SUMS_WAITING_MAX).err()?;
        Some(refused.job)
    }

    /// Reads a range of a file into the page cache.
    pub(in crate::store) fn warm(&self, transfer: TransferId, file: Arc<File>, bytes: Range<u64>) {
        if self.0.reads.push(WarmTask { transfer, file, bytes }, READS_WAITING_MAX).is_err() {
            let result = Err(io::ErrorKind::WouldBlock.into());
            self.0.completions.push(Completion::Warmed { transfer, result });
        }
    }

    /// Drops what waits in the queues, and lets the threads end.
    pub(in crate::store) fn close(&self) {
        self.0.closing.store(true, Ordering::Relaxed);
        self.0.opens.close_and_clear();
        self.0.sums.close_and_clear();
        self.0.reads.close_and_clear();
    }
}

impl ReaderShared {
    fn run_opens(&self) {
        while let Some((by, open)) = self.opens.pop() {
            let completion = match open {
                OpenTask::File { job, source } => match self.open_file(&source) {
                    Ok((file, size)) => {
                        self.health.worked();
                        Completion::Opened { job, file, size }
                    }
                    Err(refusal) => self.refuse(job, &source.describe(), refusal),
                },
                OpenTask::Folder { job, path } => match self.parts.folder().list(path.as_ref()) {
                    Ok(entries) => {
                        self.health.worked();
                        Completion::Job { job, outcome: Ok(Value::Folder(entries)) }
                    }
                    Err(refusal) => {
                        let name = path.as_ref().map_or(".", FileName::as_str);
                        self.refuse(job, &format!("{name:?}"), refusal)
                    }
                },
            };
            self.opens.done(by);
            self.completions.push(completion);
        }
    }

    fn run_sums(&self) {
        yield_to_others();
        while let Some((by, SumTask { job, source })) = self.sums.pop() {
            let completion = match self.sum(&source) {
                Ok(outcome) => Completion::Job { job, outcome },
                Err(refusal) => self.refuse(job, &source.describe(), refusal),
            };
            self.sums.done(by);
            self.completions.push(completion);
        }
    }

    fn run_reads(&self) {
        let mut buffer = vec![0; BUFFER_BYTES];
        while let Some(WarmTask { transfer, file, bytes }) = self.reads.pop() {
            let result = read_through(&file, bytes, &mut buffer);
            self.completions.push(Completion::Warmed { transfer, result });
        }
    }

    fn open_file(&self, source: &Source) -> Result<(File, u64), FileRefusal> {
        match source {
            Source::Shared(name) => self.parts.folder().open_file(name),
            Source::Sent(id) => self.parts.open_sent(*id),
        }
    }

    fn refuse(&self, job: JobId, what: &str, refusal: FileRefusal) -> Completion {
        if let Some(error) = refusal.error() {
            self.health.failed(format_args!("{what}: {error}"));
        }
        Completion::Job { job, outcome: refusal.outcome() }
    }
}

impl ReaderShared {
    /// Hashes a file, unless its sum is in the cache. If the file changes meanwhile the outcome is
    /// [`Failure::Busy`], since what was read is not the content of any version.
    fn sum(&self, source: &Source) -> Result<Outcome, FileRefusal> {
        let (file, _) = self.open_file(source)?;
        let version = FileStamp::of(&file)?;
        let size = version.size();
        if let Some(sha256) = self.known.get(&version) {
            return Ok(Ok(Value::Summed { sha256, size }));
        }
        let is_settled = version.is_settled();
        // Only a hint, so an error does not matter.
        let _ = rustix::fs::fadvise(&file, 0, None, Advice::Sequential);
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut hash = Sha256::new();
        let mut rest = (&file).take(size);
        loop {
            if self.closing.load(Ordering::Relaxed) {
                return Ok(Err(Failure::Busy));
            }
            match rest.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => hash.update(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(FileRefusal::from(error)),
            }
        }
        if FileStamp::of(&file)? != version {
            return Ok(Err(Failure::Busy));
        }
        let sha256 = Sha256Sum(hash.finalize().into());
        if is_settled {
            self.known.insert(version, sha256);
        }
        Ok(Ok(Value::Summed { sha256, size }))
    }
}

/// Reads a range, or up to the end of the file, so that it is in the page cache.
fn read_through(file: &File, bytes: Range<u64>, buffer: &mut [u8]) -> io::Result<()> {
    if let Some(length) = NonZeroU64::new(bytes.end.saturating_sub(bytes.start)) {
        // The kernel reads all of it ahead while the first bytes are copied. Only a hint, so an
        // error does not matter.
        let _ = rustix::fs::fadvise(file, bytes.start, Some(length), Advice::WillNeed);
    }
    let mut at = bytes.start;
    while at < bytes.end {
        let left = usize::try_from(bytes.end - at).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        match file.read_at(&mut buffer[..wanted], at) {
            Ok(0) => break,
            Ok(count) => at += count as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
