//! Running hashes: the SHA-256 state of each part file, as far as its bytes are known.
//!
//! Bytes are hashed by the thread that writes them. So a part file that this process wrote from its
//! first byte on need not be read again. If its stamp is not the one after the last write, another
//! process has changed it, and the hash is not valid.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::chat::id::UploadId;
use crate::chat::sha256::Sha256Sum;
use crate::store::sums::FileStamp;

/// The hash of the first bytes of a part file.
#[derive(Clone, Debug)]
pub(super) struct Hashed {
    hash: Sha256,
    /// The number of bytes that are hashed.
    length: u64,
    /// The stamp of the part file at that time.
    version: FileStamp,
}

impl Hashed {
    /// The hash of no bytes.
    pub(super) fn nothing(version: FileStamp) -> Self {
        Hashed { hash: Sha256::new(), length: 0, version }
    }

    /// Returns true if the part file still has the stamp for which the hash is valid.
    pub(super) fn is_of(&self, version: &FileStamp) -> bool {
        self.version == *version
    }

    /// Returns true if all bytes of the part file are hashed.
    pub(super) fn is_whole(&self) -> bool {
        self.length == self.version.size()
    }

    /// The number of bytes that are hashed.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The stamp for which the hash is valid.
    pub(super) fn version(&self) -> FileStamp {
        self.version
    }

    /// Hashes the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
    }

    /// Sets the stamp after a write of this process.
    pub(super) fn now_is(&mut self, version: FileStamp) {
        self.version = version;
    }

    /// The SHA-256 sum of the hashed bytes.
    pub(super) fn sum(&self) -> Sha256Sum {
        Sha256Sum(self.hash.clone().finalize().into())
    }
}

/// The running hashes of all part files that this process wrote or read: two hundred bytes each.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<HashMap<UploadId, Hashed>>);

impl Progress {
    /// The hash of a part file, if it is valid for that stamp.
    pub(super) fn get(&self, upload: UploadId, version: &FileStamp) -> Option<Hashed> {
        self.lock().get(&upload).filter(|hashed| hashed.is_of(version)).cloned()
    }

    /// Takes the hash of a part file out, to be updated and put back.
    pub(super) fn take(&self, upload: UploadId) -> Option<Hashed> {
        self.lock().remove(&upload)
    }

    /// Stores the hash of a part file.
    pub(super) fn put(&self, upload: UploadId, hashed: Hashed) {
        self.lock().insert(upload, hashed);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UploadId, Hashed>> {
        // No code that holds the lock panics halfway through a change, so a poisoned state is
        // valid.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
