//! Files that were sent in chats: who may read them.

use super::Hub;
use super::tasks::Task;
use crate::chat::answer::Answer;
use crate::chat::file::FileRef;
use crate::chat::message::{Chat, MessageId, StoredMessage};
use crate::chat::refusal::{Failure, Refusal};
use crate::chat::request::Kind;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::sessions::replies::Reply;

/// For what a file is looked for that was sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    /// To be downloaded from this byte on.
    Download(u64),
    /// To be hashed.
    Sum,
}

impl Hub {
    /// Looks for a file to download.
    pub(super) fn download_sent(
        &mut self,
        conn: ConnId,
        offset: u64,
        id: MessageId,
        effects: &mut Effects,
    ) {
        let is_guest = self.core.sessions.get(conn).is_some_and(|session| session.user().is_none());
        if is_guest {
            return self.refuse(conn, Kind::Get, Refusal::NotLoggedIn, effects);
        }
        if self.may_download(conn, effects) {
            self.find_sent(conn, id, Wanted::Download(offset), effects);
        }
    }

    /// Looks for a file to hash.
    pub(super) fn sum_sent(&mut self, conn: ConnId, id: MessageId, effects: &mut Effects) {
        self.find_sent(conn, id, Wanted::Sum, effects);
    }

    fn find_sent(&mut self, conn: ConnId, id: MessageId, wanted: Wanted, effects: &mut Effects) {
        self.answer_after(conn, Job::FindSent(id), Task::FindSent(id, wanted), effects);
    }

    /// It is known in which chat a file was sent, or that none was. What somebody may not read is
    /// answered as if it were not there.
    pub(super) fn sent_found(
        &mut self,
        conn: ConnId,
        ticket: JobId,
        id: MessageId,
        wanted: Wanted,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        let Some(user) = self.user_of(conn) else { return };
        let refusal = match outcome {
            Ok(Value::Sent(message)) if message.id == id && self.may_read(user, message) => {
                return self.use_sent(conn, ticket, id, wanted, effects);
            }
            Ok(Value::Sent(_)) | Err(Failure::NotFound) => {
                Refusal::NoSuchFile(FileRef::Sent(id).to_string().into())
            }
            other => failed(other),
        };
        if let (Wanted::Download(_), Some(session)) = (wanted, self.core.sessions.get_mut(conn)) {
            session.replies.download_refused();
        }
        let answer = Answer { of: wanted.kind(), result: Err(refusal) };
        self.resolve(conn, ticket, Reply::Answer(answer), effects);
    }

    /// Opens or hashes a file, in the place of the answer that waits for it.
    fn use_sent(
        &mut self,
        conn: ConnId,
        ticket: JobId,
        id: MessageId,
        wanted: Wanted,
        effects: &mut Effects,
    ) {
        let file = FileRef::Sent(id);
        let next = match wanted {
            Wanted::Download(offset) => {
                self.begin(conn, Job::OpenSent(id), Task::Download { offset, file }, effects)
            }
            Wanted::Sum => self.begin(conn, Job::SumSent(id), Task::Sum { file }, effects),
        };
        if let Some(session) = self.core.sessions.get_mut(conn) {
            session.replies.wait_instead(ticket, next);
        }
    }

    /// Whether a user may read a message.
    fn may_read(&self, user: UserIndex, message: &StoredMessage) -> bool {
        let own = self.accounts.directory.account(user).number;
        match message.chat {
            Chat::Everyone => true,
            Chat::Direct(one, other) => own == one || own == other,
            Chat::Group(group) => {
                self.groups.reads_since(user, group).is_some_and(|since| since <= message.id)
            }
        }
    }
}

impl Wanted {
    fn kind(self) -> Kind {
        match self {
            Wanted::Download(_) => Kind::Get,
            Wanted::Sum => Kind::Sum,
        }
    }
}
