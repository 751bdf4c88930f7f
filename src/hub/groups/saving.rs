//! Groups on their way to the disk.
//!
//! A change is made at once and kept afterwards, as the whole group that then is; the answer to
//! whoever asked for it waits for the disk. So a change that could not be kept is kept with the
//! next one, or by a later try, and what is on disk never stays behind for long.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::chat::answer::Done;
use crate::chat::id::GroupId;
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::hub::accounts::Accounts;
use crate::hub::context::Cx;
use crate::hub::groups::creation::PendingGroup;
use crate::hub::groups::registry::Registry;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::pending::{Domain, Pending};
use crate::limits::{GROUP_SAVE_PAUSE, GROUPS_PER_TICK_MAX};

/// What a job of the groups is for.
#[derive(Debug)]
pub enum GroupJob {
    /// A session waits until the group that it makes is on disk; then it is made, whether the
    /// session is still there or not.
    Make(ConnId, PendingGroup),
    /// A group is being saved as it is now, or its end.
    Save(GroupId),
    /// The same, and a session waits for the answer to what it changed.
    Change(ConnId, GroupId, (Kind, Done)),
}

/// The jobs that bring groups to the disk, and the groups that have to be saved again.
#[derive(Debug)]
pub struct Saves {
    pub(super) pending: Pending<GroupJob>,
    /// Groups whose last change, or whose end, is not on disk and is not on its way there.
    pub(super) unsaved: BTreeSet<GroupId>,
    /// When they are saved again, on the monotonic clock.
    pub(super) next: Option<Duration>,
}

impl Saves {
    /// Nothing under way, and groups that have to be saved.
    pub fn new(unsaved: Vec<GroupId>) -> Self {
        let next = (!unsaved.is_empty()).then_some(Duration::ZERO);
        let pending = Pending::new(Domain::Groups);
        Saves { pending, unsaved: unsaved.into_iter().collect(), next }
    }

    /// When a save is tried again.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.next
    }

    /// Saves a new group, for whose maker it is made then.
    pub fn make(&mut self, conn: ConnId, group: PendingGroup, cx: &mut Cx<'_>) {
        let job = Job::SaveGroup(group.record.clone());
        self.pending.begin(job, GroupJob::Make(conn, group), cx);
    }

    /// Saves a group as it is now, or its end.
    pub fn save(&mut self, id: GroupId, registry: &Registry, accounts: &Accounts, cx: &mut Cx<'_>) {
        let job = self.job(id, registry, accounts);
        self.pending.begin(job, GroupJob::Save(id), cx);
    }

    /// Saves a group, and answers what was asked for last once the group is on disk.
    pub fn answer_after(
        &mut self,
        (conn, id): (ConnId, GroupId),
        done: (Kind, Done),
        registry: &Registry,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        let job = self.job(id, registry, accounts);
        let job = self.pending.begin(job, GroupJob::Change(conn, id, done), cx);
        cx.reply_after(conn, job);
    }

    /// What a job was for whose outcome came.
    pub fn take(&mut self, job: JobId) -> Option<GroupJob> {
        self.pending.take(job)
    }

    /// A group is on disk, or is not and has to be saved again.
    pub fn saved(&mut self, id: GroupId, outcome: &Outcome, now: Duration) -> Result<(), Refusal> {
        if *outcome != Ok(Value::Done) {
            self.unsaved.insert(id);
            self.next.get_or_insert(now + GROUP_SAVE_PAUSE);
        }
        outcome.as_ref().map(|_| ()).map_err(|failure| Refusal::NotOnDiskYet(*failure))
    }

    /// The groups to save again now; those above the bound wait for the next time.
    pub fn take_due(&mut self, now: Duration) -> Vec<GroupId> {
        if self.next.is_none_or(|at| at > now) {
            return Vec::new();
        }
        let due = (0..GROUPS_PER_TICK_MAX).map_while(|_| self.unsaved.pop_first()).collect();
        self.next = (!self.unsaved.is_empty()).then_some(now + GROUP_SAVE_PAUSE);
        due
    }

    /// Whether all is on disk.
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.unsaved.is_empty()
    }

    /// What brings a group to the disk as it is now, or its end.
    fn job(&mut self, id: GroupId, registry: &Registry, accounts: &Accounts) -> Job {
        self.unsaved.remove(&id);
        match registry.get(id) {
            Some(group) => Job::SaveGroup(group.to_record(id, &accounts.directory)),
            None => Job::EndGroup(id),
        }
    }
}
