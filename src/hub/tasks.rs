//! Jobs under way: what each is for, so that its outcome finds its way back.

use super::Hub;
use super::delivery::Draft;
use super::groups::Making;
use super::lists::Asked;
use crate::chat::answer::{Answer, Done};
use crate::chat::group::GroupId;
use crate::chat::message::MessageId;
use crate::chat::name::Number;
use crate::chat::refusal::{Failure, Refusal};
use crate::chat::request::Kind;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::Cx;
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome};
use crate::hub::outcome::kept;
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
    /// A session waits until the group that it makes is on disk; then it is made, whether the
    /// session is still there or not.
    MakesGroup(ConnId, Making),
    /// A group is being saved as it is now, or its end.
    SavesGroup(GroupId),
}

/// What a job is for that a session asked for.
#[derive(Debug)]
pub(super) enum Task {
    /// Count what is unread for a user who logs in.
    Welcome(UserIndex),
    FindKey(Draft),
    KeepMessage(Done),
    CountUnread(Number),
    SelectMessages(Asked),
    FetchMessages,
    MarkSeen(Done),
    /// Save a group that was changed, or its end.
    SaveGroup(GroupId, (Kind, Done)),
}

impl Task {
    /// Whether the session takes nothing until it is done.
    pub fn is_waited_for(&self) -> bool {
        match self {
            Task::FindKey(_) => true,
            Task::SelectMessages(_) | Task::FetchMessages => true,
            Task::CountUnread(_) => true,
            Task::Welcome(_) => false,
            Task::KeepMessage(_) | Task::MarkSeen(_) | Task::SaveGroup(..) => false,
        }
    }
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
                let is_there = self.set_on_hold(conn, false);
                if is_there {
                    self.waited_for(conn, ticket, task, outcome, effects);
                }
            }
            Some(UnderWay::Asked(conn, task)) => {
                self.asked_for(conn, ticket, task, outcome, effects);
            }
            Some(UnderWay::RaisesIdMark(mark)) => self.id_mark_raised(mark, &outcome, effects),
            Some(UnderWay::RemovesOld) => self.old_removed(&outcome),
            Some(UnderWay::MakesGroup(conn, making)) => {
                self.group_made(conn, making, &outcome, effects);
            }
            Some(UnderWay::SavesGroup(id)) => self.group_saved(id, &outcome),
            None => {}
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
            Task::CountUnread(reader) => {
                let reply = self.unread_counted(reader, outcome);
                self.reply(conn, reply, effects);
            }
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
            Task::Welcome(user) => return self.welcome(conn, user, outcome, effects),
            Task::KeepMessage(_) if outcome == Err(Failure::NotFound) => {
                Answer { of: Kind::Say, result: Err(Refusal::GroupEnded) }
            }
            Task::KeepMessage(said) => of_job(Kind::Say, said, &outcome),
            Task::MarkSeen(done) => of_job(Kind::Seen, done, &outcome),
            Task::SaveGroup(id, done) => self.group_changed(id, done, &outcome),
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
    Answer { of, result: kept(done, outcome) }
}
