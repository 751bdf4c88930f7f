//! Reading parts that this server does not know: those from before its start, and those that
//! somebody else has changed.
//!
//! Each is read slice by slice, in turn among users, so that who goes on with gigabytes holds up
//! nobody who goes on with little. How far it was read is kept with the part: who breaks off and
//! announces it again has it read on, not anew.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::Upload;
use super::parts::OpenPart;
use super::progress::{Hashed, Progress};
use super::threads::SyncTask;
use crate::hub::Ticket;
use crate::store::folder::Refusal;
use crate::store::sums::Stamp;
use crate::store::turns::Turns;

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
    upload: Upload,
    pub(super) then: Then,
    restarts: u32,
}

/// What the sum of a part is for.
#[derive(Debug)]
pub(super) enum Then {
    /// To open the part.
    Open { ticket: Ticket, part: OpenPart },
    /// To bring the part to the disk if it is what its sender expects.
    Sync { file: File, sync: SyncTask },
}

/// How reading a part goes on.
#[derive(Debug)]
pub(super) enum Step {
    /// There is more of it.
    More,
    /// All of it is hashed.
    Whole(Hashed),
}

impl Reread {
    /// The part of an upload.
    pub(super) fn new(upload: Upload, then: Then) -> Self {
        Reread { upload, then, restarts: 0 }
    }

    /// Whose part it is.
    pub(super) fn upload(&self) -> &Upload {
        &self.upload
    }

    /// The job whose outcome it is.
    pub(super) fn ticket(&self) -> Ticket {
        match &self.then {
            Then::Open { ticket, .. } => *ticket,
            Then::Sync { sync, .. } => sync.ticket,
        }
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
    pub(super) fn step(&mut self, progress: &Progress, buffer: &mut [u8]) -> Result<Step, Refusal> {
        let version = Stamp::of(self.file())?;
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
        let is_whole = hashed.is_whole() && Stamp::of(self.file())? == version;
        Ok(if is_whole { Step::Whole(hashed) } else { Step::More })
    }
}

/// The parts that wait to be read.
#[derive(Debug)]
pub(super) struct Rereads(Turns<Reread>);

impl Rereads {
    pub(super) fn new() -> Self {
        Rereads(Turns::new())
    }

    /// Hands in a part; gives it back where there is no room for it.
    pub(super) fn hand(&self, reread: Reread) -> Result<(), Box<Reread>> {
        self.0.push(reread.upload.owner, reread, WAITING_MAX).map_err(Box::new)
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
