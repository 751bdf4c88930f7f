//! Saving: the jobs that bring groups to the disk.
//!
//! A change is made at once and its rows are kept afterwards; the answer to the session that asked
//! for it waits for the disk. If keeping fails, a later try keeps the whole group as it then is, or
//! its end, so the disk never stays behind for long.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::chat::answer::Done;
use crate::chat::group::GroupRow;
use crate::chat::id::GroupId;
use crate::chat::name::Number;
use crate::chat::refusal::Refusal;
use crate::hub::accounts::Accounts;
use crate::hub::context::Cx;
use crate::hub::groups::creation::PendingGroup;
use crate::hub::groups::registry::Registry;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::pending::{Domain, Pending};
use crate::hub::proposal::Asker;
use crate::limits::{GROUP_SAVE_PAUSE, GROUPS_PER_TICK_MAX};

/// The purpose of a job of the groups.
#[derive(Debug)]
pub enum GroupJob {
    /// Keeps a new group. Then the group is made, even if the session that waits for it has ended.
    Make(PendingGroup),
    /// Keeps a whole group as it is now, or its end, after a change of it could not be kept.
    Save(GroupId),
    /// Keeps changes of some groups. A session may wait for the answer.
    Change(Changed, Option<(Asker, Done)>),
}

/// The groups and users to which the rows of a job belong.
#[derive(Debug, Default)]
pub struct Changed {
    groups: BTreeSet<GroupId>,
    /// Users whose news of ended groups changed.
    users: BTreeSet<Number>,
}

impl Changed {
    /// The change of one group.
    pub fn of(group: GroupId) -> Self {
        Changed { groups: BTreeSet::from([group]), users: BTreeSet::new() }
    }
}

/// The pending jobs, and the groups that have to be saved again.
#[derive(Debug)]
pub struct Saves {
    pub(super) pending: Pending<GroupJob>,
    /// Groups whose last change, or whose end, is neither on disk nor on its way there.
    pub(super) unsaved: BTreeSet<GroupId>,
    /// Users whose news of ended groups is neither on disk nor on its way there.
    unsaved_users: BTreeSet<Number>,
    /// The time at which these are saved again, on the monotonic clock.
    pub(super) next: Option<Duration>,
}

impl Saves {
    /// No job under way, and groups that have to be saved.
    pub fn new(unsaved: Vec<GroupId>) -> Self {
        let next = (!unsaved.is_empty()).then_some(Duration::ZERO);
        let pending = Pending::new(Domain::Groups);
        let unsaved = unsaved.into_iter().collect();
        Saves { pending, unsaved, unsaved_users: BTreeSet::new(), next }
    }

    /// The time at which a save is tried again, on the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.next
    }

    /// Saves a new group, which is made once it is on disk.
    pub fn make(&mut self, group: PendingGroup, cx: &mut Cx<'_>) {
        let job = Job::SaveGroup(Box::new(group.group.record(group.id)));
        self.pending.begin(job, GroupJob::Make(group), cx);
    }

    /// Saves a whole group as it is now, or its end.
    pub fn save(&mut self, id: GroupId, registry: &Registry, accounts: &Accounts, cx: &mut Cx<'_>) {
        let job = match registry.record(id, accounts) {
            Some(record) => Job::SaveGroup(Box::new(record)),
            None => Job::EndGroup(id),
        };
        self.pending.begin(job, GroupJob::Save(id), cx);
    }

    /// Keeps rows that changed, and gives the answer once they are on disk; at once if there are
    /// none.
    pub fn keep(&mut self, rows: Vec<GroupRow>, answer: Option<(Asker, Done)>, cx: &mut Cx<'_>) {
        if rows.is_empty() {
            if let Some((Asker { conn, of }, done)) = answer {
                cx.answer(conn, of, done);
            }
            return;
        }
        let changed = Changed {
            groups: rows.iter().filter_map(GroupRow::group).collect(),
            users: rows.iter().filter_map(GroupRow::user).collect(),
        };
        let asked_by = answer.as_ref().map(|(asker, _)| asker.conn);
        let job = Job::ChangeGroups(rows);
        let job = self.pending.begin(job, GroupJob::Change(changed, answer), cx);
        if let Some(conn) = asked_by {
            cx.reply_after(conn, job);
        }
    }

    /// Takes the purpose of a job whose outcome has come.
    pub fn take(&mut self, job: JobId) -> Option<GroupJob> {
        self.pending.take(job)
    }

    /// Takes the outcome of a save. What could not be kept is saved again later.
    pub fn saved(
        &mut self,
        changed: Changed,
        outcome: &Outcome,
        now: Duration,
    ) -> Result<(), Refusal> {
        if *outcome != Ok(Value::Done) {
            self.unsaved.extend(changed.groups);
            self.unsaved_users.extend(changed.users);
            self.next.get_or_insert(now + GROUP_SAVE_PAUSE);
        }
        outcome.as_ref().map(|_| ()).map_err(|failure| Refusal::NotOnDiskYet(*failure))
    }

    /// Returns true if something is to be saved again now.
    pub fn is_due(&self, now: Duration) -> bool {
        self.next.is_some_and(|at| at <= now)
    }

    /// The groups to save again now, as many as a tick allows; the others wait for the next time.
    pub fn take_due(&mut self, now: Duration) -> Vec<GroupId> {
        let due = (0..GROUPS_PER_TICK_MAX).map_while(|_| self.unsaved.pop_first()).collect();
        self.next = (!self.unsaved.is_empty()).then_some(now + GROUP_SAVE_PAUSE);
        due
    }

    /// The users whose news of ended groups are to be saved again now.
    pub fn take_due_users(&mut self) -> BTreeSet<Number> {
        std::mem::take(&mut self.unsaved_users)
    }

    /// Returns true if everything is on disk.
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.unsaved.is_empty() && self.unsaved_users.is_empty()
    }
}
