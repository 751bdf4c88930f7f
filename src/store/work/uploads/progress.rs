//! Running sums: the hash of each part, as far as its bytes are known.
//!
//! What is written is hashed by the thread that writes it, in one go. So a part that this server
//! wrote from its first byte on is never read again; but where it does not look on disk as this
//! server left it, nothing is known of it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::chat::id::UploadId;
use crate::chat::sha256::Sha256Sum;
use crate::store::sums::FileStamp;

/// The hash of the first bytes of a part.
#[derive(Clone, Debug)]
pub(super) struct Hashed {
    hash: Sha256,
    /// Of how many bytes.
    length: u64,
    /// How the part looked when that was so.
    version: FileStamp,
}

impl Hashed {
    /// Of no byte of a part.
    pub(super) fn nothing(version: FileStamp) -> Self {
        Hashed { hash: Sha256::new(), length: 0, version }
    }

    /// Whether that is the part which these bytes were hashed of.
    pub(super) fn is_of(&self, version: &FileStamp) -> bool {
        self.version == *version
    }

    /// Whether all of the part is hashed.
    pub(super) fn is_whole(&self) -> bool {
        self.length == self.version.size()
    }

    /// How many bytes are hashed.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// How the part looked.
    pub(super) fn version(&self) -> FileStamp {
        self.version
    }

    /// Goes on with the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
    }

    /// The part looks like this now, since this server wrote to it.
    pub(super) fn now_is(&mut self, version: FileStamp) {
        self.version = version;
    }

    /// The sum.
    pub(super) fn sum(&self) -> Sha256Sum {
        Sha256Sum(self.hash.clone().finalize().into())
    }
}

/// The running sums of all parts that this server wrote or read: two hundred bytes each.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<HashMap<UploadId, Hashed>>);

impl Progress {
    /// What is known of a part, where it still looks as it did.
    pub(super) fn get(&self, upload: UploadId, version: &FileStamp) -> Option<Hashed> {
        self.lock().get(&upload).filter(|hashed| hashed.is_of(version)).cloned()
    }

    /// What is known of a part is taken away, to be put back once more is known.
    pub(super) fn take(&self, upload: UploadId) -> Option<Hashed> {
        self.lock().remove(&upload)
    }

    /// Notes what is known of a part.
    pub(super) fn put(&self, upload: UploadId, hashed: Hashed) {
        self.lock().insert(upload, hashed);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UploadId, Hashed>> {
        // Nothing in here panics halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
