//! What ought to become of exports: who may have one, and who is told of it.

use std::collections::BTreeMap;

use chatsrv::chat::entry::Said;
use chatsrv::chat::id::UploadId;
use chatsrv::chat::message::{Chat, StoredMessage};
use chatsrv::chat::name::Number;
use chatsrv::hub::export_job::ExportJob;
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{JobId, Outcome, Value};
use chatsrv::hub::snapshot::Snapshot;
use chatsrv::limits::{EXPORT_KEPT_FOR, EXPORT_PERIOD};

use super::NodeModel;
use super::sessions::Held;

/// The exports that the store knows.
#[derive(Default)]
pub struct ExportWork {
    /// Each with its owner and when it was asked for.
    kept: BTreeMap<UploadId, (Number, u64)>,
}

impl ExportWork {
    /// The server starts with these.
    pub fn start(kept: &Snapshot) -> Self {
        let exports = kept.wishes.exports.iter().map(|kept| kept.export);
        let kept = exports.map(|export| (export.file, (export.owner, export.asked))).collect();
        ExportWork { kept }
    }
}

impl NodeModel {
    /// The hub asks for a job on an export. Tells whether no session waits for it.
    pub(super) fn export_job(&mut self, job_id: JobId, job: &ExportJob) -> bool {
        let now = self.log_time().0 / 1_000_000;
        match job {
            ExportJob::Keep { owner, asked } => {
                assert!(self.config.keep_messages);
                assert_eq!(*asked, now);
                let session = &self.sessions[&self.current.expect("somebody asks")];
                assert_eq!(session.user, Some(*owner), "it is for whoever asks");
                let day = EXPORT_PERIOD.as_secs();
                let mut own = self.exports.kept.values().filter(|(of, _)| of == owner);
                assert!(own.all(|(_, at)| at + day <= now), "{owner} had one today");
                return false;
            }
            ExportJob::Write { export, at, .. } => {
                let known = self.exports.kept.get(&export.file);
                assert_eq!(known, Some(&(export.owner, export.asked)));
                assert!(*at > 0 || !self.chat.people.is_removed(export.owner), "{export:?}");
            }
            ExportJob::Finish { file, message } => {
                let owner = message.from;
                assert_eq!(self.exports.kept.get(file).map(|(of, _)| *of), Some(owner));
                assert_eq!(message.chat, Chat::Direct(owner, owner), "nobody else gets it");
                self.ledger.given_out(message.id);
                self.ledger.pend(job_id, message, None);
            }
            ExportJob::End { file, message: Some(message) } => {
                let Some((owner, asked)) = self.exports.kept.get(file).copied() else {
                    panic!("{file:?} ends twice");
                };
                let is_old = asked + EXPORT_KEPT_FOR.as_secs() <= now;
                assert!(is_old || self.chat.people.is_removed(owner), "{message} is kept");
            }
            // It is given up, and may be asked for again.
            ExportJob::End { file, message: None } => drop(self.exports.kept.remove(file)),
        }
        true
    }

    /// The store is done with a job on an export, and the hub has not heard of it yet.
    pub(super) fn export_job_done(&mut self, job_id: JobId, job: &ExportJob, outcome: &Outcome) {
        match (job, outcome) {
            (ExportJob::Keep { owner, asked }, Ok(Value::ExportKept(file))) => {
                self.exports.kept.insert(*file, (*owner, *asked));
            }
            (ExportJob::Finish { message, .. }, _) => {
                self.file_sent_in = None;
                self.is_export_due = true;
                self.file_kept(job_id, message, outcome);
            }
            (ExportJob::End { file, message }, Ok(_)) => {
                self.exports.kept.remove(file);
                if let Some(id) = message.filter(|id| self.ledger.find(*id).is_some()) {
                    self.ledger.deleted(id);
                }
            }
            _ => {}
        }
    }

    /// The hub tells all sessions of its owner of an export.
    pub(super) fn export_goes_out(&mut self, file: &StoredMessage, to: &[ConnId]) {
        let mut own = self.own(file.from, None);
        own.sort_unstable();
        assert_eq!(to, own, "{file:?}");
    }

    /// The sessions of its owner that are logging in are told of an export with the welcome.
    pub(super) fn hold_export(&mut self, said: &Said) {
        for session in self.sessions.values_mut() {
            let Some(login) = &mut session.entering else { continue };
            if login.user == said.from {
                login.held.push(Held { id: None, said: said.clone(), is_own: false });
            }
        }
    }
}
