//! Rereads: parts that this server does not know are read: those from before its start, and those
//! that somebody else has changed.
//!
//! Each is read slice by slice, in turn among users, so that who goes on with gigabytes holds up
//! nobody who goes on with little. How far it was read is kept with the part: who breaks off and
//! announces it again has it read on, not anew.

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

/// How much is read of a part before it is the next user's turn.
const SLICE_BYTES: u64 = 8 * 1024 * 1024;
/// How much is read at once.
pub(super) const BUFFER_BYTES: usize = 256 * 1024;
/// How many parts of one user may wait to be read: twice as many as one session goes on with at
/// once.
const WAITING_MAX: usize = 32;
/// How often one is begun anew that somebody else changes meanwhile.
const RESTARTS_MAX: u32 = 3;

/// A part to read.
#[derive(Debug)]
pub(super) struct Reread {
    upload: UploadRecord,
    pub(super) then: Then,
    restarts: u32,
}

/// The purpose of a reread.
#[derive(Debug)]
pub(super) enum Then {
    /// To open the part.
    Open { job: JobId, part: OpenPart },
    /// To bring the part to the disk if it is what its sender expects.
    Sync { file: File, sync: SyncTask },
}

/// The state of a reread after a slice.
#[derive(Debug)]
pub(super) enum RereadStep {
    /// There is more of it.
    More,
    /// All of it is hashed.
    Whole(Hashed),
}

impl Reread {
    /// The part of an upload.
    pub(super) fn new(upload: UploadRecord, then: Then) -> Self {
        Reread { upload, then, restarts: 0 }
    }

    /// Whose part it is.
    pub(super) fn upload(&self) -> &UploadRecord {
        &self.upload
    }

    /// The job whose outcome it is.
    pub(super) fn job(&self) -> JobId {
        match &self.then {
            Then::Open { job, .. } => *job,
            Then::Sync { sync, .. } => sync.job,
        }
    }

    /// Whether it is to open the part of that upload: whoever announces an upload again while this
    /// waits has gone meanwhile, or asks twice.
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
    /// Where it can't be read, or somebody else changes it again and again.
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
                // It is shorter now, which the next look finds.
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

/// The parts that wait to be read.
#[derive(Debug)]
pub(super) struct Rereads(FairQueue<Reread>);

impl Rereads {
    pub(super) fn new() -> Self {
        Rereads(FairQueue::new())
    }

    /// Hands in a part; gives back the one that is not read for it: itself where there is no room,
    /// or what waited to open the same part.
    pub(super) fn hand(&self, reread: Reread) -> Option<Reread> {
        let (owner, id) = (reread.upload.owner, reread.upload.id);
        let opens = reread.opens(id);
        let replaces = |other: &Reread| opens && other.opens(id);
        self.0.push(owner, reread, WAITING_MAX, replaces).unwrap_or_else(Some)
    }

    /// Puts back a part of which there is more to read; gives it back where another waits that
    /// opens the same part, and reads on. There is one of these at a time beyond the bound.
    pub(super) fn put_back(&self, reread: Reread) -> Option<Reread> {
        let (owner, id) = (reread.upload.owner, reread.upload.id);
        let opens = reread.opens(id);
        self.0.put_back(owner, reread, |other| opens && other.opens(id)).err()
    }

    /// The part whose turn it is.
    pub(super) fn next(&self) -> Option<Reread> {
        self.0.pop()
    }

    /// Drops what waits, and hands out nothing more.
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
