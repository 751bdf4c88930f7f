//! Uploads and files, as the store in memory keeps them.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use chatsrv::chat::file::{FileTarget, OwnSince};
use chatsrv::chat::id::{MessageId, UploadId};
use chatsrv::chat::message::StoredMessage;
use chatsrv::chat::name::{FileName, Number};
use chatsrv::chat::refusal::Failure;
use chatsrv::chat::sha256::Sha256Sum;
use chatsrv::hub::job::{Outcome, Value};
use sha2::{Digest, Sha256};

use super::content;
use crate::uploads::key;

/// Uploads that one step of a removal removes.
const REMOVED_IN_A_STEP: usize = 2;

#[derive(Debug)]
pub struct Files {
    pub shared: BTreeMap<FileName, Rc<[u8]>>,
    pub sent: BTreeMap<MessageId, Rc<[u8]>>,
    /// Who uploaded which file of the shared folder, and when.
    uploaded: BTreeMap<FileName, (Number, u64)>,
    parts: BTreeMap<UploadId, Part>,
    /// What each user has, in bytes.
    used: HashMap<Number, u64>,
    last: u64,
    /// What the store takes for the time.
    pub now: u64,
}

#[derive(Debug)]
struct Part {
    owner: Number,
    place: FileTarget,
    size: u64,
    bytes: Vec<u8>,
    is_synced: bool,
    /// When it was last written.
    touched: u64,
}

impl Files {
    pub fn new(shared: &[(&str, usize)]) -> Self {
        let bytes = |name: &str, size| (0..size).map(|at| content(name, at as u64)).collect();
        let shared = shared.iter().map(|(name, size)| (name.parse().unwrap(), bytes(name, *size)));
        Files {
            shared: shared.collect(),
            sent: BTreeMap::new(),
            uploaded: BTreeMap::new(),
            parts: BTreeMap::new(),
            used: HashMap::new(),
            last: 0,
            now: 0,
        }
    }

    pub fn begin(&mut self, owner: Number, place: &FileTarget, size: u64, quota: u64) -> Outcome {
        if let FileTarget::Shared(name) = place {
            if self.shared.contains_key(name) {
                return Err(Failure::Exists);
            }
            let folder = name.as_str().rsplit_once('/').map(|(folder, _)| folder);
            if folder.is_some_and(|folder| folder != "folder") {
                return Err(Failure::NotFound);
            }
        }
        let known = self
            .parts
            .iter()
            .find(|(_, part)| (part.owner, &part.place, part.size) == (owner, place, size));
        if let Some((upload, part)) = known {
            let (offset, sha256) = (part.bytes.len() as u64, sum(&part.bytes));
            return Ok(Value::UploadReady { upload: *upload, offset, sha256 });
        }
        let used = self.used.entry(owner).or_default();
        if *used + size > quota {
            return Err(Failure::NoRoom);
        }
        *used += size;
        self.last += 1;
        let upload = UploadId(self.last);
        let (place, bytes, touched) = (place.clone(), Vec::new(), self.now);
        let part = Part { owner, place, size, bytes, is_synced: false, touched };
        self.parts.insert(upload, part);
        Ok(Value::UploadReady { upload, offset: 0, sha256: sum(&[]) })
    }

    /// Writes bytes, where the upload is still there.
    pub fn write(&mut self, upload: UploadId, offset: u64, bytes: &[u8]) {
        let Some(part) = self.parts.get_mut(&upload) else { return };
        let offset = offset as usize;
        assert!(offset <= part.bytes.len(), "{part:?} gets a hole at {offset}");
        assert!(offset + bytes.len() <= part.size as usize, "{part:?} gets too long");
        part.bytes.resize(part.bytes.len().max(offset + bytes.len()), 0);
        part.bytes[offset..offset + bytes.len()].copy_from_slice(bytes);
        part.is_synced = false;
        part.touched = self.now;
    }

    pub fn sync(&mut self, upload: UploadId, expected: Option<Sha256Sum>) -> Outcome {
        match self.parts.get_mut(&upload) {
            Some(part) => {
                assert_eq!(part.bytes.len() as u64, part.size, "{part:?} is not whole");
                if expected.is_some_and(|expected| expected != sum(&part.bytes)) {
                    return Err(Failure::Mismatch);
                }
                part.is_synced = true;
                Ok(Value::Done)
            }
            None => Err(Failure::NotFound),
        }
    }

    pub fn finish(&mut self, upload: UploadId, message: Option<&StoredMessage>) -> Outcome {
        let Some(part) = self.parts.get(&upload) else { return Err(Failure::NotFound) };
        assert!(part.is_synced, "{part:?} is not on disk");
        let bytes = part.bytes.as_slice().into();
        match (&part.place, message) {
            (FileTarget::Shared(name), None) => {
                if self.shared.contains_key(name) {
                    return Err(Failure::Exists);
                }
                self.shared.insert(name.clone(), bytes);
                self.uploaded.insert(name.clone(), (part.owner, part.touched));
            }
            (FileTarget::Chat(chat, name), Some(message)) => {
                let told = (message.from, message.chat, &*message.text, message.file_size);
                assert_eq!(told, (part.owner, *chat, name.as_str(), Some(part.size)));
                self.sent.insert(message.id, bytes);
            }
            other => panic!("{other:?}"),
        }
        self.parts.remove(&upload);
        Ok(Value::Done)
    }

    /// Removes a file of the shared folder. A folder is there as long as a file is in it.
    pub fn remove(&mut self, name: &FileName, only: Option<OwnSince>) -> Outcome {
        let inside = format!("{name}/");
        let is_folder = self.shared.keys().any(|other| other.as_str().starts_with(&inside));
        if !is_folder && !self.shared.contains_key(name) {
            return Err(Failure::NotFound);
        }
        let uploaded = self.uploaded.get(name).copied();
        if let Some(own) = only {
            let is_own = |(owner, at)| owner == own.owner && at / 1_000_000 >= own.since;
            if !uploaded.is_some_and(is_own) {
                return Err(Failure::NotAllowed);
            }
        }
        let Some(bytes) = self.shared.remove(name) else { return Err(Failure::NotEmpty) };
        if let Some((owner, _)) = self.uploaded.remove(name) {
            *self.used.get_mut(&owner).unwrap() -= bytes.len() as u64;
        }
        Ok(Value::Done)
    }

    /// Checks that every file that was uploaded holds what its senders sent.
    pub fn check(&self, name_of: impl Fn(MessageId) -> Option<String>) {
        let shared = self.shared.iter().map(|(name, bytes)| (name.to_string(), bytes));
        let sent = self.sent.iter().filter_map(|(id, bytes)| Some((name_of(*id)?, bytes)));
        for (name, bytes) in shared.chain(sent) {
            let key = key(&name, bytes.len() as u64);
            let mut bytes = bytes.iter().zip(0..);
            assert!(bytes.all(|(byte, offset)| *byte == content(&key, offset)), "{name} is mixed");
        }
    }

    pub fn drop_upload(&mut self, upload: UploadId) {
        if let Some(part) = self.parts.remove(&upload) {
            *self.used.get_mut(&part.owner).unwrap() -= part.size;
        }
    }

    pub fn remove_old(&mut self, before: u64) -> Outcome {
        let old = self.parts.iter().filter(|(_, part)| part.touched < before);
        let old: Vec<UploadId> = old.map(|(upload, _)| *upload).collect();
        old.iter().take(REMOVED_IN_A_STEP).for_each(|upload| self.drop_upload(*upload));
        Ok(Value::Removed { more: old.len() > REMOVED_IN_A_STEP })
    }
}

/// What comes of opening a file.
pub fn opened(file: Option<&Rc<[u8]>>) -> Outcome {
    file.map_or(Err(Failure::NotFound), |bytes| Ok(Value::Opened { size: bytes.len() as u64 }))
}

/// What comes of hashing a file.
pub fn summed(file: Option<&Rc<[u8]>>) -> Outcome {
    file.map_or(Err(Failure::NotFound), |bytes| {
        Ok(Value::Summed { sha256: sum(bytes), size: bytes.len() as u64 })
    })
}

/// The sum of some bytes.
pub fn sum(bytes: &[u8]) -> Sha256Sum {
    Sha256Sum(Sha256::digest(bytes).into())
}
