//! Rereads: reading part files to hash them, if this process does not know their hash: those from
//! before its start, and those that another process has changed.
//!
//! They are read slice by slice, round-robin among users, so that a user who resumes gigabytes does
//! not delay others. The progress is stored with the running hash: if a client disconnects and
//! resumes again, reading continues where it was.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::progress::{Hashed, Progress};
use crate::chat::id::UploadId;
use crate::hub::job::JobId;
use crate::store::fair_queue::FairQueue;
use crate::store::folder::FileRefusal;
use crate::store::parts::OpenPart;
use crate::store::requests::SyncTask;
use crate::store::rows::uploads::UploadRecord;
use crate::store::sums::FileStamp;

/// The number of bytes that are read before the next user's turn.
const SLICE_BYTES: u64 = 8 * 1024 * 1024;
/// The size of one read in bytes.
pub(super) const BUFFER_BYTES: usize = 256 * 1024;
/// The largest number of part files of one user in the queue: twice as many as one session may
/// resume at a time.
const WAITING_MAX: usize = 32;
/// How often reading may begin, for a part file that another process keeps changing.
const RESTARTS_MAX: u32 = 3;

/// A part file to read.
#[derive(Debug)]
pub(super) struct Reread {
    upload: UploadRecord,
    pub(super) then: Then,
    restarts: u32,
}

/// The purpose of a reread.
#[derive(Debug)]
pub(super) enum Then {
    /// To open the part file for an upload.
    Open { job: JobId, part: OpenPart },
    /// To sync the upload, if it has the sum that the client expects.
    Sync { file: File, sync: SyncTask },
}

/// The result of reading a slice.
#[derive(Debug)]
pub(super) enum RereadStep {
    /// There is more to read.
    More,
    /// The whole file is hashed.
    Whole(Hashed),
}

impl Reread {
    /// Creates a reread of an upload's part file.
    pub(super) fn new(upload: UploadRecord, then: Then) -> Self {
        Reread { upload, then, restarts: 0 }
    }

    /// The upload.
    pub(super) fn upload(&self) -> &UploadRecord {
        &self.upload
    }

    /// The job that gets the outcome.
    pub(super) fn job(&self) -> JobId {
        match &self.then {
            Then::Open { job, .. } => *job,
            Then::Sync { sync, .. } => sync.job,
        }
    }

    /// Returns true if it is to open the part file of that upload. If the upload is announced again
    /// while this waits, the client has reconnected, or has sent the request twice.
    fn opens(&self, upload: UploadId) -> bool {
        matches!(self.then, Then::Open { .. }) && self.upload.id == upload
    }

    fn file(&self) -> &File {
        match &self.then {
            Then::Open { part, .. } => part.file(),
            Then::Sync { file, .. } => file,
        }
    }

    /// Reads the next slice.
    ///
    /// # Errors
    /// If the file can't be read, or another process keeps changing it.
    pub(super) fn step(
        &mut self,
        progress: &Progress,
        buffer: &mut [u8],
    ) -> Result<RereadStep, FileRefusal> {
        let version = FileStamp::of(self.file())?;
        let mut hashed = match progress.take(self.upload.id) {
            Some(hashed) if hashed.is_of(&version) => hashed,
            _ => {
                self.restarts += 1;
                if self.restarts > RESTARTS_MAX {
                    return Err(io::Error::other("somebody else writes to it").into());
                }
                Hashed::nothing(version)
            }
        };
        let end = version.size().min(hashed.length() + SLICE_BYTES);
        while hashed.length() < end {
            let left = usize::try_from(end - hashed.length()).unwrap_or(usize::MAX);
            let wanted = left.min(buffer.len());
            match self.file().read_at(&mut buffer[..wanted], hashed.length()) {
                // The file is shorter now, which the check of its stamp finds.
                Ok(0) => break,
                Ok(count) => hashed.update(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        progress.put(self.upload.id, hashed.clone());
        let is_whole = hashed.is_whole() && FileStamp::of(self.file())? == version;
        Ok(if is_whole { RereadStep::Whole(hashed) } else { RereadStep::More })
    }
}

/// The queue of part files to read, round-robin by user.
#[derive(Debug)]
pub(super) struct Rereads(FairQueue<Reread>);

impl Rereads {
    /// Creates an empty queue.
    pub(super) fn new() -> Self {
        Rereads(FairQueue::new())
    }

    /// Adds a reread. Returns the one that is not done: itself if the queue is full, or an earlier
    /// one that waited to open the same part file, which it replaces.
    pub(super) fn hand(&self, reread: Reread) -> Option<Reread> {
        let (owner, id) = (reread.upload.owner, reread.upload.id);
        let opens = reread.opens(id);
        let replaces = |other: &Reread| opens && other.opens(id);
        self.0.push(owner, reread, WAITING_MAX, replaces).unwrap_or_else(Some)
    }

    /// Puts back a reread that has more to read. Returns it if another one waits to open the same
    /// part file, which goes on instead. It may exceed the limit of the queue by one.
    pub(super) fn put_back(&self, reread: Reread) -> Option<Reread> {
        let (owner, id) = (reread.upload.owner, reread.upload.id);
        let opens = reread.opens(id);
        self.0.put_back(owner, reread, |other| opens && other.opens(id)).err()
    }

    /// Takes the next reread, and waits until there is one; `None` once the queue is closed.
    pub(super) fn next(&self) -> Option<Reread> {
        self.0.pop()
    }

    /// Closes the queue, and drops what waits.
    pub(super) fn close(&self) {
        self.0.close_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::file::FileTarget;
    use crate::chat::name::Number;

    fn to_open(id: u64, job: u64) -> Reread {
        let place = FileTarget::Shared("file".parse().unwrap());
        let upload = UploadRecord { id: UploadId(id), owner: Number(10_001), place, size: 9 };
        let part = OpenPart::of(tempfile::tempfile().unwrap());
        Reread::new(upload, Then::Open { job: JobId(job), part })
    }

    fn job(reread: Option<Reread>) -> Option<JobId> {
        reread.map(|reread| reread.job())
    }

    #[test]
    fn a_part_that_is_half_read_finds_its_place_again() {
        let rereads = Rereads::new();
        for id in 0..WAITING_MAX as u64 {
            assert_eq!(job(rereads.hand(to_open(id, id))), None);
        }
        assert_eq!(job(rereads.hand(to_open(100, 100))), Some(JobId(100)), "that is too many");
        let half = rereads.next().unwrap();
        assert_eq!(job(rereads.hand(to_open(101, 101))), None);
        assert_eq!(job(rereads.put_back(half)), None);
    }

    #[test]
    fn a_part_that_is_announced_again_is_read_once() {
        let rereads = Rereads::new();
        for id in 0..WAITING_MAX as u64 {
            assert_eq!(job(rereads.hand(to_open(id, id))), None);
        }
        assert_eq!(job(rereads.hand(to_open(3, 100))), Some(JobId(3)), "it takes its place");
        let half = rereads.next().unwrap();
        assert_eq!(half.job(), JobId(0));
        assert_eq!(job(rereads.hand(to_open(0, 101))), None);
        assert_eq!(job(rereads.put_back(half)), Some(JobId(0)), "the newer one reads on");
    }
}
