//! Groups on their way to the disk.
//!
//! A change is made at once, and the rows that it changed are kept afterwards; the answer to
//! whoever asked for it waits for the disk. If that fails, the whole group as it then is, or its
//! end, is kept by a later try, so what is on disk never stays behind for long.

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

/// What a job of the groups is for.
#[derive(Debug)]
pub enum GroupJob {
    /// A session waits until the group that it makes is on disk; then it is made, whether the
    /// session is still there or not.
    Make(PendingGroup),
    /// A group of which a change could not be kept is kept whole, as it is now, or its end.
    Save(GroupId),
    /// What changed of some groups is kept. A session may wait for the answer.
    Change(Changed, Option<(Asker, Done)>),
}

/// Whose rows a change is of.
#[derive(Debug, Default)]
pub struct Changed {
    groups: BTreeSet<GroupId>,
    /// Users of whom it is kept, or no longer, that they have yet to be told of groups that ended.
    users: BTreeSet<Number>,
}

impl Changed {
    /// The rows of one group.
    pub fn of(group: GroupId) -> Self {
        Changed { groups: BTreeSet::from([group]), users: BTreeSet::new() }
    }
}

/// The jobs that bring groups to the disk, and the groups that have to be saved again.
#[derive(Debug)]
pub struct Saves {
    pub(super) pending: Pending<GroupJob>,
    /// Groups whose last change, or whose end, is not on disk and is not on its way there.
    pub(super) unsaved: BTreeSet<GroupId>,
    /// Users of whom that is so.
    unsaved_users: BTreeSet<Number>,
    /// When they are saved again, on the monotonic clock.
    pub(super) next: Option<Duration>,
}

impl Saves {
    /// Nothing under way, and groups that have to be saved.
    pub fn new(unsaved: Vec<GroupId>) -> Self {
        let next = (!unsaved.is_empty()).then_some(Duration::ZERO);
        let pending = Pending::new(Domain::Groups);
        let unsaved = unsaved.into_iter().collect();
        Saves { pending, unsaved, unsaved_users: BTreeSet::new(), next }
    }

    /// When a save is tried again.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.next
    }

    /// Saves a new group, for whose maker it is made then.
    pub fn make(&mut self, group: PendingGroup, cx: &mut Cx<'_>) {
        let job = Job::SaveGroup(group.group.record(group.id));
        self.pending.begin(job, GroupJob::Make(group), cx);
    }

    /// Saves a whole group as it is now, or its end.
    pub fn save(&mut self, id: GroupId, registry: &Registry, accounts: &Accounts, cx: &mut Cx<'_>) {
        let job = match registry.record(id, accounts) {
            Some(record) => Job::SaveGroup(record),
            None => Job::EndGroup(id),
        };
        self.pending.begin(job, GroupJob::Save(id), cx);
    }

    /// Keeps what changed, and answers whoever asked for it once that is on disk.
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

    /// What a job was for whose outcome came.
    pub fn take(&mut self, job: JobId) -> Option<GroupJob> {
        self.pending.take(job)
    }

    /// What changed is on disk, or is not and has to be saved again.
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

    /// Whether something is to be saved again now.
    pub fn is_due(&self, now: Duration) -> bool {
        self.next.is_some_and(|at| at <= now)
    }

    /// The groups to save again now; those above the bound wait for the next time.
    pub fn take_due(&mut self, now: Duration) -> Vec<GroupId> {
        let due = (0..GROUPS_PER_TICK_MAX).map_while(|_| self.unsaved.pop_first()).collect();
        self.next = (!self.unsaved.is_empty()).then_some(now + GROUP_SAVE_PAUSE);
        due
    }

    /// The users of whom something could not be kept, which is kept again now.
    pub fn take_due_users(&mut self) -> BTreeSet<Number> {
        std::mem::take(&mut self.unsaved_users)
    }

    /// Whether all is on disk.
    pub fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.unsaved.is_empty() && self.unsaved_users.is_empty()
    }
}
