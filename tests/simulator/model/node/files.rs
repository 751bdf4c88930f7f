//! What ought to become of files that are sent, and who may read them.

use chatsrv::chat::entry::{Entry, Said};
use chatsrv::chat::event::Event;
use chatsrv::chat::file::FileTarget;
use chatsrv::chat::message::{Chat, Message, StoredMessage};
use chatsrv::chat::party::Party;
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{Job, JobId, Outcome, Value};

use super::NodeModel;
use super::messages::Reached;
use crate::reply;

impl NodeModel {
    /// The hub asks for a job on a file. Tells whether no session waits for it.
    pub(super) fn file_job(&mut self, job_id: JobId, job: &Job) -> bool {
        match job {
            Job::BeginUpload { owner, place, size, quota } => {
                let session = &self.sessions[&self.current.unwrap()];
                assert_eq!(session.user, Some(*owner), "it counts to whoever sends it");
                assert!(*size <= self.config.files.size_max && *quota == self.config.files.quota);
                let is_own = match place {
                    FileTarget::Chat(Chat::Direct(one, other), _) => one == owner || other == owner,
                    FileTarget::Chat(Chat::Group(id), _) => self.chat.groups.is_member(*owner, *id),
                    FileTarget::Chat(Chat::Everyone, _) | FileTarget::Shared(_) => true,
                };
                assert!(is_own, "{owner} sends into {place:?}");
            }
            Job::RemoveFile(_, only) => {
                let user = self.sessions[&self.current.unwrap()].user.expect("a user removes");
                let is_administrator = self.chat.people.is_administrator(user);
                let owner = (!is_administrator).then_some(user);
                assert_eq!(only.map(|own| own.owner), owner, "{user} removes what is not theirs");
            }
            Job::FindSent(_) => {
                let session = &self.sessions[&self.current.unwrap()];
                assert!(session.user.is_some(), "a stranger looks for what was sent");
            }
            Job::OpenSent { by, message } | Job::SumSent { by, message } => {
                let user = self.sessions[&self.current.unwrap()].user.expect("who reads logged in");
                assert_eq!(*by, Party::User(user), "it takes the turn of whoever reads");
                let file = self.ledger.get(*message);
                let may_read = match file.chat {
                    Chat::Group(group) => self.chat.groups.is_member(user, group),
                    Chat::Everyone | Chat::Direct(..) => self.reads(user, file),
                };
                assert!(may_read && !file.is_hidden_from(user), "{user} reads {file:?}");
            }
            Job::MarkSeen { reader, chat, id } => self.marks_seen(*reader, *chat, *id),
            Job::FinishUpload { message: Some(message), .. } => {
                assert!(self.config.keep_messages);
                let is_unheard = self.chat.people.is_unheard(message.from, message.chat);
                assert_eq!(message.is_unheard, is_unheard, "{message:?}");
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
        if is_kept {
            // Its group may have ended meanwhile.
            let change = self.propose_as(message.id, Entry::Said(said_in(message)));
            self.file_due = change.ok().map(|change| (message.clone(), change.readers));
        }
    }

    /// The hub tells of a file that was sent.
    pub(super) fn file_goes_out(&mut self, message: &Message, to: &[ConnId]) -> Said {
        let due = self.file_due.take();
        let (file, readers) = due.unwrap_or_else(|| panic!("{message:?} is not kept"));
        assert_eq!(*message, self.as_delivered(&file));
        if std::mem::take(&mut self.is_export_due) {
            self.export_goes_out(&file, to);
            self.hold_export(&said_in(&file));
            return said_in(&file);
        }
        assert!(std::mem::take(&mut self.file_told_elsewhere) || self.owns(&file).is_empty());
        let Reached { mut online, entering, .. } =
            self.reached(file.chat, &readers).unless(file.is_unheard);
        online.sort_unstable();
        assert_eq!(to, online, "{message:?}");
        self.hold_file(&file, entering);
        said_in(&file)
    }

    /// The hub has told all that it wants to; of a file that was sent to nobody online, nothing.
    pub(super) fn settle_file(&mut self) {
        let is_export = std::mem::take(&mut self.is_export_due);
        if let Some((file, readers)) = self.file_due.take() {
            if is_export {
                self.export_goes_out(&file, &[]);
                return self.hold_export(&said_in(&file));
            }
            let is_told = std::mem::take(&mut self.file_told_elsewhere);
            assert!(is_told || self.owns(&file).is_empty(), "{file:?}");
            let Reached { online, entering, .. } =
                self.reached(file.chat, &readers).unless(file.is_unheard);
            assert_eq!(online, [], "{file:?} is not delivered");
            self.hold_file(&file, entering);
        }
    }

    /// The sender's sessions in which a file is shown.
    fn owns(&self, file: &StoredMessage) -> Vec<ConnId> {
        let mut own = self.own(file.from, self.file_sent_in);
        own.sort_unstable();
        own
    }

    /// The hub tells other sessions of a file's sender of it.
    pub(super) fn file_is_told_elsewhere(&mut self, message: &Message, to: &[ConnId]) {
        let due = self.file_due.as_ref();
        let (file, _) = due.unwrap_or_else(|| panic!("{message:?} is not kept"));
        assert_eq!(*message, self.as_delivered(file));
        assert_eq!(to, self.owns(file), "{message:?}");
        self.file_told_elsewhere = true;
    }

    fn hold_file(&mut self, file: &StoredMessage, mut entering: Vec<ConnId>) {
        // The list of what is unread may have it.
        entering.retain(|conn| {
            let since = self.sessions[conn].entering.as_ref().unwrap().since;
            file.chat == Chat::Everyone || file.id > since
        });
        self.hold(&entering, &said_in(file), Some(file.id));
    }

    /// A client is told of a file.
    pub fn received_file(&mut self, conn: ConnId, line: &str) {
        let due = self.deliveries.get_mut(&conn).and_then(|due| due.pop_front());
        let due = due.unwrap_or_else(|| panic!("{conn} receives what was not for it: {line}"));
        assert_eq!(reply::line(&Event::Said(due)), format!("C {line}"), "{conn}");
    }
}

/// What a message says that is kept.
fn said_in(message: &StoredMessage) -> Said {
    let StoredMessage { from, chat, file_size, is_unheard, .. } = *message;
    Said { from, chat, text: message.text.clone(), file_size, key: None, is_unheard }
}
