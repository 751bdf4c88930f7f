//! Exports, as the store in memory keeps them. Of what is in them it knows nothing.

use std::collections::BTreeMap;

use chatsrv::chat::export::{Export, ExportPart, KeptExport};
use chatsrv::chat::id::{GroupId, MessageId, UploadId};
use chatsrv::chat::name::Number;
use chatsrv::chat::refusal::Failure;
use chatsrv::hub::export_job::ExportJob;
use chatsrv::hub::job::{Outcome, Value};

use super::{Store, content};
use crate::uploads::key;

/// The first id of an export, above those of all uploads.
const FIRST: u64 = 1 << 32;
/// The bytes of each part.
const PART_BYTES: u64 = 10;

#[derive(Debug, Default)]
pub struct Exports {
    all: BTreeMap<UploadId, KeptExport>,
    /// How many bytes of each are written.
    written: BTreeMap<UploadId, u64>,
    last: u64,
}

impl Exports {
    pub fn kept(&self) -> Vec<KeptExport> {
        self.all.values().copied().collect()
    }

    fn is_to_be_made(&self, file: UploadId) -> bool {
        self.all.get(&file).is_some_and(|kept| kept.sent.is_none())
    }

    fn keep(&mut self, owner: Number, asked: u64) -> Outcome {
        self.last += 1;
        let file = UploadId(FIRST + self.last);
        let export = Export { file, owner, asked };
        self.all.insert(file, KeptExport { export, sent: None });
        Ok(Value::ExportKept(file))
    }

    fn write(&mut self, file: UploadId, part: ExportPart, at: u64) -> Outcome {
        if !self.is_to_be_made(file) {
            return Err(Failure::NotFound);
        }
        let written = self.written.entry(file).or_default();
        assert!(at <= *written, "{file:?} gets a hole at {at}");
        let size = at + PART_BYTES;
        *written = size;
        Ok(Value::ExportWritten { next: next(part), size })
    }
}

/// What is behind a part: each has one step, but for what was said in groups.
fn next(part: ExportPart) -> Option<ExportPart> {
    let none = MessageId(0);
    Some(match part {
        ExportPart::Account => ExportPart::Groups(GroupId(0)),
        ExportPart::Groups(_) => ExportPart::Shared(None),
        ExportPart::Shared(_) => ExportPart::Sent(none),
        ExportPart::Sent(_) => ExportPart::Direct(Number(0), none),
        ExportPart::Direct(..) => ExportPart::InGroup(GroupId(0), none),
        ExportPart::InGroup(GroupId(at @ 0..2), _) => ExportPart::InGroup(GroupId(at + 1), none),
        ExportPart::InGroup(..) => ExportPart::ToEveryone(none),
        ExportPart::ToEveryone(_) => return None,
    })
}

impl Store {
    /// Does a job on an export.
    pub(super) fn run_export_job(&mut self, job: &ExportJob) -> Outcome {
        match job {
            ExportJob::Keep { owner, asked } => self.exports.keep(*owner, *asked),
            ExportJob::Write { export, part, at, .. } => {
                self.exports.write(export.file, *part, *at)
            }
            ExportJob::Finish { file, message } => {
                if !self.exports.is_to_be_made(*file) {
                    return Err(Failure::NotFound);
                }
                let size = message.file_size.expect("it is a file");
                assert_eq!(self.exports.written.remove(file), Some(size), "{file:?} is not whole");
                let key = key(&message.text, size);
                let bytes: Vec<u8> = (0..size).map(|at| content(&key, at)).collect();
                self.files.sent.insert(message.id, bytes.into());
                self.messages.keep(message, None);
                self.exports.all.get_mut(file).unwrap().sent = Some((message.id, size));
                Ok(Value::Done)
            }
            ExportJob::End { file, message } => {
                let kept = self.exports.all.remove(file);
                self.exports.written.remove(file);
                if let Some(KeptExport { sent, .. }) = kept {
                    assert_eq!(sent.map(|(id, _)| id), *message, "{file:?}");
                }
                if let Some(id) = message {
                    self.files.sent.remove(id);
                    let _ = self.messages.delete(*id);
                }
                Ok(Value::Done)
            }
        }
    }
}
