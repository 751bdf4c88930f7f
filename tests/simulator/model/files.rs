//! What ought to become of files that are sent, and who may read them.

use chatsrv::chat::event::Event;
use chatsrv::chat::file::FileTarget;
use chatsrv::chat::message::{Chat, Message, StoredMessage};
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{Job, JobId, Outcome, Value};

use super::Model;
use super::messages::Said;
use crate::reply;

impl Model {
    /// The hub asks for a job on a file. Tells whether no session waits for it.
    pub(super) fn file_job(&mut self, job_id: JobId, job: &Job) -> bool {
        match job {
            Job::BeginUpload { owner, place, size, quota } => {
                let session = &self.sessions[&self.current.unwrap()];
                assert_eq!(session.user, Some(*owner), "it counts to whoever sends it");
                assert!(*size <= self.config.file_size_max && *quota == self.config.quota);
                let is_own = match place {
                    FileTarget::Chat(Chat::Direct(one, other), _) => one == owner || other == owner,
                    FileTarget::Chat(Chat::Group(id), _) => self.is_member(*id, *owner),
                    FileTarget::Chat(Chat::Everyone, _) | FileTarget::Shared(_) => true,
                };
                assert!(is_own, "{owner} sends into {place:?}");
            }
            Job::FindSent(_) => {
                let session = &self.sessions[&self.current.unwrap()];
                assert!(session.user.is_some(), "a stranger looks for what was sent");
            }
            Job::OpenSent(id) | Job::SumSent(id) => {
                let user = self.sessions[&self.current.unwrap()].user.expect("who reads logged in");
                let file = self.ledger.get(*id);
                let may_read = match file.chat {
                    Chat::Group(group) => self.is_member(group, user),
                    chat => self.reads_since(user, chat).is_some(),
                };
                assert!(may_read, "{user} reads {file:?}");
            }
            Job::MarkSeen { chat, id, .. } => {
                let untold = self.ledger.untold(*chat);
                assert!(untold.is_none_or(|untold| untold > *id), "{id} hides {untold:?}");
            }
            Job::FinishUpload { message: Some(message), .. } => {
                assert!(self.config.keep_messages);
                self.ledger.given_out(message.id);
                self.ledger.pend(job_id, message, None);
            }
            _ => {}
        }
        matches!(
            job,
            Job::SyncUpload { .. }
                | Job::FinishUpload { .. }
                | Job::DropUpload(_)
                | Job::RemoveOldUploads { .. }
        )
    }

    /// A file is sent, or is not, and the hub has not heard of it yet.
    pub(super) fn file_kept(&mut self, job_id: JobId, message: &StoredMessage, outcome: &Outcome) {
        let is_kept = *outcome == Ok(Value::Done);
        self.ledger.keep_done(job_id, is_kept);
        self.file_due = is_kept.then(|| message.clone());
    }

    /// The hub tells of a file that was sent.
    pub(super) fn file_goes_out(&mut self, message: &Message, to: &[ConnId]) -> Said {
        let file = self.file_due.take().unwrap_or_else(|| panic!("{message:?} is not kept"));
        assert_eq!(*message, self.as_delivered(&file));
        let said = Said::of(&file);
        let mut online = self.reached(&said).online;
        online.retain(|conn| self.reads_file(*conn, &file));
        online.sort_unstable();
        assert_eq!(to, online, "{message:?}");
        self.hold_file(&file);
        said
    }

    /// The hub has told all that it wants to; of a file that was sent to nobody online, nothing.
    pub(super) fn settle_file(&mut self) {
        if let Some(file) = self.file_due.take() {
            let said = Said::of(&file);
            let mut online = self.reached(&said).online.into_iter();
            assert!(!online.any(|conn| self.reads_file(conn, &file)), "{file:?} is not delivered");
            self.hold_file(&file);
        }
    }

    /// Who joined a group while a file was brought to the disk does not read it.
    fn reads_file(&self, conn: ConnId, file: &StoredMessage) -> bool {
        let Chat::Group(group) = file.chat else { return true };
        let session = &self.sessions[&conn];
        let user = session.user.or(session.entering.as_ref().map(|entering| entering.user));
        user.and_then(|user| self.member_since(group, user)).is_some_and(|since| since <= file.id)
    }

    fn hold_file(&mut self, file: &StoredMessage) {
        let said = Said::of(file);
        for conn in self.reached(&said).entering {
            if !self.reads_file(conn, file) {
                continue;
            }
            let entering = self.session(conn).entering.as_mut().unwrap();
            // The list of what is unread has it.
            if file.chat == Chat::Everyone || file.id > entering.since {
                entering.held.push(said.clone());
            }
        }
    }

    /// A client is told of a file.
    pub fn received_file(&mut self, conn: ConnId, line: &str) {
        let due = self.deliveries.get_mut(&conn).and_then(|due| due.pop_front());
        let due = due.unwrap_or_else(|| panic!("{conn} receives what was not for it: {line}"));
        assert_eq!(reply::line(&Event::Said(due)), format!("C {line}"), "{conn}");
    }
}

impl Said {
    /// What a message says that is kept.
    pub(super) fn of(message: &StoredMessage) -> Said {
        let StoredMessage { from, chat, file_size, .. } = *message;
        Said { from, chat, text: message.text.to_string(), file_size }
    }
}
