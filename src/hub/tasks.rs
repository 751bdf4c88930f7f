//! Jobs under way: what each is for, so that its outcome finds its way back.

use super::Hub;
use super::delivery::Draft;
use super::finishing::WholeUpload;
use super::lists::Asked;
use super::sent::Wanted;
use super::uploads::Upload;
use crate::chat::account::Account;
use crate::chat::answer::{Answer, Done};
use crate::chat::file::{FileRef, UploadId};
use crate::chat::message::MessageId;
use crate::chat::name::{DisplayName, Number};
use crate::chat::refusal::{Failure, Refusal};
use crate::chat::request::Kind;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::accounts::throttle::Try;
use crate::hub::context::Cx;
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::sessions::replies::Reply;

/// A job under way. It outlives the session that asked for it: what is on disk by then is so for
/// everybody.
#[derive(Debug)]
pub(super) enum UnderWay {
    /// A session asked for it.
    Asked(ConnId, Task),
    /// A higher mark for the ids is being kept.
    RaisesIdMark(MessageId),
    /// Old messages are being removed.
    RemovesOld,
    /// A whole upload is being brought to the disk.
    SyncsUpload(WholeUpload),
    /// A whole upload is being made a file, and its message kept, where it has one.
    FinishesUpload(WholeUpload, Option<MessageId>),
    /// An upload that nobody wants any more is being removed.
    DropsUpload(UploadId),
    /// Uploads that broke off long ago are being removed.
    RemovesOldUploads,
}

/// What a job is for that a session asked for.
#[derive(Debug)]
pub(super) enum Task {
    Register(Account),
    CheckPassword(Attempt),
    CheckToken(Attempt),
    /// Count what is unread for a user who logs in.
    Welcome(UserIndex),
    MakeToken,
    ConfirmPassword(Try),
    ChangePassword,
    FindKey(Draft),
    KeepMessage(Done),
    CountUnread(Number),
    SelectMessages(Asked),
    FetchMessages,
    MarkSeen(Done),
    SetDisplayName {
        user: UserIndex,
        display: DisplayName,
    },
    /// Make the ticket for a call of that user.
    Call(UserIndex),
    SetBanned {
        user: UserIndex,
        banned: bool,
        by: UserIndex,
    },
    SetAdministrator {
        user: UserIndex,
        admin: bool,
        by: UserIndex,
    },
    ListFolder,
    BeginUpload(Upload),
    FindSent(MessageId, Wanted),
    Download {
        offset: u64,
        file: FileRef,
    },
    Sum {
        file: FileRef,
    },
}

impl Task {
    /// Whether the session takes nothing until it is done.
    pub fn is_waited_for(&self) -> bool {
        match self {
            Task::ConfirmPassword(_) | Task::ChangePassword | Task::FindKey(_) => true,
            Task::SelectMessages(_) | Task::FetchMessages => true,
            Task::SetDisplayName { .. } | Task::ListFolder | Task::CountUnread(_) => true,
            Task::Register(_) | Task::CheckPassword(_) | Task::CheckToken(_) => false,
            Task::Welcome(_) | Task::MakeToken => false,
            Task::KeepMessage(_) | Task::MarkSeen(_) => false,
            Task::BeginUpload(_) | Task::FindSent(..) | Task::Call(_) => false,
            Task::Download { .. } | Task::Sum { .. } => false,
            Task::SetBanned { .. } | Task::SetAdministrator { .. } => false,
        }
    }
}

/// A login whose password or token is being checked.
#[derive(Debug)]
pub(super) struct Attempt {
    /// What was asked for.
    pub of: Kind,
    /// Whose name was given, if anybody's.
    pub user: Option<UserIndex>,
    /// How it is counted.
    pub tried: Try,
    /// Whether to end a session of that user which already stands.
    pub takeover: bool,
}

impl Hub {
    /// Begins a job that a session asks for.
    pub(super) fn begin(
        &mut self,
        conn: ConnId,
        job: Job,
        task: Task,
        effects: &mut Effects,
    ) -> JobId {
        self.submit(job, UnderWay::Asked(conn, task), effects)
    }

    /// Begins a job, whose outcome comes back with its number.
    pub(super) fn submit(&mut self, job: Job, what: UnderWay, effects: &mut Effects) -> JobId {
        self.under_way.begin(job, what, &mut Cx::new(&mut self.core, effects))
    }

    /// Begins a job whose outcome is the answer to what was asked for last.
    pub(super) fn answer_after(
        &mut self,
        conn: ConnId,
        job: Job,
        task: Task,
        effects: &mut Effects,
    ) {
        let job = self.begin(conn, job, task, effects);
        Cx::new(&mut self.core, effects).reply_after(conn, job);
    }

    /// Begins a job until whose end the session takes nothing; so no later answer can be ready, and
    /// no place is kept for this one.
    pub(super) fn hold_until(&mut self, conn: ConnId, job: Job, task: Task, effects: &mut Effects) {
        debug_assert!(task.is_waited_for(), "{task:?}");
        self.begin(conn, job, task, effects);
        self.set_on_hold(conn, true);
    }

    /// Has a session take nothing, or go on. Whether it is there.
    pub(super) fn set_on_hold(&mut self, conn: ConnId, is_blocked: bool) -> bool {
        let session = self.core.sessions.get_mut(conn);
        session.map(|session| session.is_blocked = is_blocked).is_some()
    }

    /// Takes what came of a job.
    pub(super) fn done(&mut self, ticket: JobId, outcome: Outcome, effects: &mut Effects) {
        match self.under_way.take(ticket) {
            Some(UnderWay::Asked(conn, task)) if task.is_waited_for() => {
                if self.set_on_hold(conn, false) {
                    self.waited_for(conn, ticket, task, outcome, effects);
                } else {
                    self.nobody_waited(task, &outcome, effects);
                }
            }
            Some(UnderWay::Asked(conn, task)) => {
                self.asked_for(conn, ticket, task, outcome, effects);
            }
            Some(UnderWay::RaisesIdMark(mark)) => self.id_mark_raised(mark, &outcome, effects),
            Some(UnderWay::RemovesOld) => self.old_removed(&outcome),
            Some(UnderWay::SyncsUpload(whole)) => self.upload_synced(whole, &outcome, effects),
            Some(UnderWay::FinishesUpload(whole, message)) => {
                self.upload_finished(whole, message, &outcome, effects);
            }
            Some(UnderWay::DropsUpload(upload)) => Self::upload_dropped(upload, &outcome),
            Some(UnderWay::RemovesOldUploads) => self.old_uploads_removed(&outcome),
            None => {}
        }
    }

    /// Takes what came of a job for which a session waited that is gone.
    fn nobody_waited(&mut self, task: Task, outcome: &Outcome, effects: &mut Effects) {
        match task {
            Task::SetDisplayName { user, display } => {
                self.display_set(user, display, outcome);
            }
            Task::ConfirmPassword(tried) => {
                self.tried(tried, outcome, effects);
            }
            _ => {}
        }
    }

    /// Takes what came of a job for which a session waits that is still there.
    fn waited_for(
        &mut self,
        conn: ConnId,
        ticket: JobId,
        task: Task,
        outcome: Outcome,
        effects: &mut Effects,
    ) {
        match task {
            Task::ConfirmPassword(tried) => {
                self.password_confirmed(conn, tried, &outcome, effects);
            }
            Task::ChangePassword => {
                self.answer_job(conn, Kind::SetPassword, &outcome, effects);
            }
            Task::SetDisplayName { user, display } => {
                self.display_set(user, display, &outcome);
                self.answer_job(conn, Kind::Nick, &outcome, effects);
            }
            Task::CountUnread(reader) => {
                let reply = self.unread_counted(reader, outcome);
                self.reply(conn, reply, effects);
            }
            Task::ListFolder => self.reply(conn, Self::folder_listed(outcome), effects),
            Task::FindKey(draft) => self.key_looked_for(conn, draft, &outcome, effects),
            Task::SelectMessages(asked) => {
                self.messages_selected(conn, ticket, asked, outcome, effects);
            }
            Task::FetchMessages => self.messages_fetched(conn, outcome, effects),
            other => debug_assert!(false, "nobody waits for {other:?}"),
        }
    }

    /// Takes what came of a job that a session asked for, which may be gone.
    fn asked_for(
        &mut self,
        conn: ConnId,
        ticket: JobId,
        task: Task,
        outcome: Outcome,
        effects: &mut Effects,
    ) {
        let answer = match task {
            Task::Register(account) => return self.registered(conn, account, &outcome, effects),
            Task::CheckPassword(attempt) | Task::CheckToken(attempt) => {
                return self.credential_checked(conn, &attempt, &outcome, effects);
            }
            Task::Welcome(user) => return self.welcome(conn, user, outcome, effects),
            Task::Download { offset, file } => {
                return self.file_opened(conn, ticket, offset, file, &outcome, effects);
            }
            Task::BeginUpload(upload) => {
                return self.upload_opened(conn, ticket, upload, &outcome, effects);
            }
            Task::FindSent(id, wanted) => {
                return self.sent_found(conn, ticket, id, wanted, &outcome, effects);
            }
            Task::MakeToken => Self::token_made(outcome),
            Task::KeepMessage(_) if outcome == Err(Failure::NotFound) => {
                Answer { of: Kind::Say, result: Err(Refusal::GroupEnded) }
            }
            Task::KeepMessage(said) => of_job(Kind::Say, said, &outcome),
            Task::MarkSeen(done) => of_job(Kind::Seen, done, &outcome),
            Task::Call(callee) => self.call_ticket_made(conn, callee, outcome, effects),
            Task::SetBanned { user, banned, by } => {
                self.ban_set(user, banned, by, &outcome, effects)
            }
            Task::SetAdministrator { user, admin, by } => self.admin_set(user, admin, by, &outcome),
            Task::Sum { file } => Self::file_summed(file, &outcome),
            other => return debug_assert!(false, "a session waits for {other:?}"),
        };
        self.resolve(conn, ticket, Reply::Answer(answer), effects);
    }

    /// Answers a request that was carried out, in its turn.
    pub(super) fn answer(&mut self, conn: ConnId, of: Kind, done: Done, effects: &mut Effects) {
        Cx::new(&mut self.core, effects).answer(conn, of, done);
    }

    /// Answers a request that is not carried out, in its turn.
    pub(super) fn refuse(
        &mut self,
        conn: ConnId,
        of: Kind,
        refusal: Refusal,
        effects: &mut Effects,
    ) {
        Cx::new(&mut self.core, effects).refuse(conn, of, refusal);
    }

    /// Answers a request whose job keeps something, in its turn.
    fn answer_job(&mut self, conn: ConnId, of: Kind, outcome: &Outcome, effects: &mut Effects) {
        self.reply(conn, Reply::Answer(of_job(of, Done::Done, outcome)), effects);
    }

    /// Gives a reply in its turn.
    pub(super) fn reply(&mut self, conn: ConnId, reply: Reply, effects: &mut Effects) {
        Cx::new(&mut self.core, effects).reply(conn, reply);
    }

    /// Fills the place that was kept for a reply, and gives all whose turn has come.
    pub(super) fn resolve(
        &mut self,
        conn: ConnId,
        job: JobId,
        reply: Reply,
        effects: &mut Effects,
    ) {
        Cx::new(&mut self.core, effects).resolve(conn, job, reply);
    }
}

/// The answer to a request whose job keeps something.
fn of_job(of: Kind, done: Done, outcome: &Outcome) -> Answer {
    let result = match outcome {
        Ok(Value::Done) => Ok(done),
        other => Err(failed(other)),
    };
    Answer { of, result }
}

/// Why a request is not carried out whose job came to nothing.
pub(super) fn failed(outcome: &Outcome) -> Refusal {
    Refusal::Store(outcome.as_ref().err().copied().unwrap_or(Failure::Failed))
}
