//! Jobs under way: what each is for, so that its outcome finds its way back.

use super::Hub;
use super::groups::Making;
use crate::chat::answer::Done;
use crate::chat::group::GroupId;
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::Cx;
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome};
use crate::hub::sessions::replies::Reply;

/// A job under way. It outlives the session that asked for it: what is on disk by then is so for
/// everybody.
#[derive(Debug)]
pub(super) enum UnderWay {
    /// A session asked for it.
    Asked(ConnId, Task),
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
    /// Save a group that was changed, or its end.
    SaveGroup(GroupId, (Kind, Done)),
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

    /// Has a session take nothing, or go on. Whether it is there.
    pub(super) fn set_on_hold(&mut self, conn: ConnId, is_blocked: bool) -> bool {
        let session = self.core.sessions.get_mut(conn);
        session.map(|session| session.is_blocked = is_blocked).is_some()
    }

    /// Takes what came of a job.
    pub(super) fn done(&mut self, ticket: JobId, outcome: Outcome, effects: &mut Effects) {
        match self.under_way.take(ticket) {
            Some(UnderWay::Asked(conn, Task::Welcome(user))) => {
                self.welcome(conn, user, outcome, effects);
            }
            Some(UnderWay::Asked(conn, Task::SaveGroup(id, done))) => {
                let answer = self.group_changed(id, done, &outcome);
                self.resolve(conn, ticket, Reply::Answer(answer), effects);
            }
            Some(UnderWay::MakesGroup(conn, making)) => {
                self.group_made(conn, making, &outcome, effects);
            }
            Some(UnderWay::SavesGroup(id)) => self.group_saved(id, &outcome),
            None => {}
        }
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
