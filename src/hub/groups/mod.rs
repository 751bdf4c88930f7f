//! The groups domain: members, invitations, requests to join, and what becomes of groups whose
//! members or admins are gone.
//!
//! The [registry](registry::Registry) alone judges and applies a change. [`Groups`] tells people of
//! it, with `notices.rs`, and brings it to the disk, with [`saving`]. It knows nothing of messages
//! but their ids.

mod actions;
mod additions;
mod applied;
mod audit;
mod changes;
mod check;
pub mod creation;
pub mod group;
mod judge;
mod lists;
mod members;
mod memberships;
mod notices;
mod outsiders;
mod overview;
mod registry;
mod rows;
mod saving;
pub mod users;

use std::collections::BTreeSet;
use std::time::Duration;

pub use registry::offline_until;

use additions::Additions;
use creation::{Creations, GroupDraft, PendingGroup};
use group::Group;
use registry::Registry;
use saving::{Changed, GroupJob, Saves};
use users::Users;

use crate::chat::answer::Done;
use crate::chat::entry::{Entry, NewGroup, Stamp};
use crate::chat::event::Event;
use crate::chat::group::{GroupChange, GroupRecord, GroupRow};
use crate::chat::group_action::GroupAction;
use crate::chat::id::{GroupId, LogTime, MessageId};
use crate::chat::name::{GroupName, Number};
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::{Caller, Core, Cx};
use crate::hub::input::ConnId;
use crate::hub::job::{JobId, Outcome};
use crate::hub::proposal::{Asker, Proposal};
use crate::limits::{GROUP_NOTICES_MAX, GROUPS_PER_TICK_MAX};

/// The groups domain: all groups, and the jobs that keep them.
#[derive(Debug)]
pub struct Groups {
    pub(in crate::hub) registry: Registry,
    creations: Creations,
    saves: Saves,
    /// Groups whose admin is banned and that are yet to get another.
    hand_over: BTreeSet<GroupId>,
    additions: Additions,
}

impl Groups {
    /// Creates the domain from the groups, and the news of ended groups, that the store kept.
    pub fn new(
        kept: (Vec<GroupRecord>, Vec<(Number, Vec<GroupName>)>),
        accounts: &Accounts,
    ) -> Self {
        let (registry, unsaved) = Registry::new(kept, accounts);
        let (creations, saves) = (Creations::default(), Saves::new(unsaved));
        let (hand_over, additions) = (BTreeSet::new(), Additions::default());
        Groups { registry, creations, saves, hand_over, additions }
    }

    /// The number of groups.
    pub fn len(&self) -> usize {
        self.registry.len()
    }

    /// The number of jobs under way.
    pub fn jobs(&self) -> usize {
        self.saves.pending.len()
    }

    /// Returns true if a user is a member of a group.
    pub fn is_member(&self, user: UserIndex, id: GroupId) -> bool {
        self.registry.is_member(user, id)
    }

    /// A group, unless it has ended.
    pub fn get(&self, id: GroupId) -> Option<&Group> {
        self.registry.get(id)
    }

    /// All groups as the store is to keep them, oldest first.
    pub fn records(&self, accounts: &Accounts) -> impl Iterator<Item = GroupRecord> {
        self.registry.groups.keys().filter_map(|id| self.registry.record(*id, accounts))
    }

    /// The groups that ended and of which a user has yet to be told.
    pub fn untold(&self, user: UserIndex) -> &[GroupName] {
        self.registry.memberships.ended(user)
    }

    /// Returns true if everything that entries have made of groups is on disk.
    pub fn are_kept(&self) -> bool {
        self.creations.is_empty() && self.saves.is_idle() && self.hand_over.is_empty()
    }

    /// The first message of a group that a user may read; none if the user is no member.
    pub fn reads_since(&self, user: UserIndex, id: GroupId) -> Option<MessageId> {
        self.registry.reads_since(user, id)
    }

    /// Finds a group by name, if a user is a member of it.
    pub fn own(&self, user: UserIndex, name: &GroupName) -> Result<GroupId, Refusal> {
        self.registry.find_as_member(user, name)
    }

    /// Handles a request about groups that exist: answers it, or returns the entry that it asks
    /// for.
    pub fn request(
        &mut self,
        caller: Caller,
        request: Request,
        users: Users<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Option<Entry>, Refusal> {
        let (id, action) = match request {
            Request::Groups(_)
            | Request::Members { .. }
            | Request::Info(_)
            | Request::ShutOut(_) => {
                return lists::answer(&mut self.registry, caller, request, users, cx)
                    .map(|()| None);
            }
            change => actions::of_request(caller.user, change, &self.registry, users, cx.core)?,
        };
        if let GroupAction::Ask { by, .. } = action {
            let now = cx.core.log_time();
            let is_change = changes::check(&self.registry, (id, &action), now, users.accounts)?;
            self.count_additions(by, usize::from(is_change), cx.core)?;
        }
        let number = |user| Ok::<_, Refusal>(users.accounts.number(user));
        Ok(Some(Entry::GroupChanged(id, action.try_map(number)?)))
    }

    /// Counts users whom a user asks to join a group, or adds to it.
    fn count_additions(&mut self, by: UserIndex, more: usize, core: &Core) -> Result<(), Refusal> {
        match core.config.bounds_rates {
            true => self.additions.count(by, more, core.now.monotonic),
            false => Ok(()),
        }
    }

    /// Checks that a user may make a group.
    pub fn may_make(
        &self,
        maker: UserIndex,
        draft: &GroupDraft,
        accounts: &Accounts,
        core: &Core,
    ) -> Result<(), Refusal> {
        let groups = (&self.registry, &self.creations);
        draft.named(maker, groups, accounts, core.config.groups).map(drop)
    }

    /// Brings a new group to the disk. The session of its maker is blocked until it is there.
    pub fn begin(
        &mut self,
        caller: Caller,
        draft: &GroupDraft,
        id: MessageId,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        let groups = (&self.registry, &self.creations);
        let pending = draft.begin(id, caller, groups, accounts, cx.core)?;
        let others = pending.group.members.len() + pending.group.asked.len();
        self.count_additions(caller.user, others, cx.core)?;
        self.creations.begin(&pending);
        self.saves.make(pending, cx);
        cx.block(caller.conn);
        Ok(())
    }

    /// Takes the outcome of a job. Returns the proposal of a group that is on disk and is to be
    /// made, even if the session that asked for it has ended.
    pub fn done(&mut self, job: JobId, outcome: &Outcome, cx: &mut Cx<'_>) -> Option<Proposal> {
        let now = cx.core.now.monotonic;
        match self.saves.take(job)? {
            GroupJob::Make(pending) => {
                let Asker { conn, of } = pending.asker;
                cx.unblock(conn);
                self.creations.end(&pending);
                if let Err(failure) = outcome {
                    cx.refuse(conn, of, Refusal::Store(*failure));
                    return None;
                }
                let PendingGroup { asker, id, group, .. } = pending;
                let entry = Entry::GroupMade(group);
                Some(Proposal { entry, id: Some(id), asker: Some(asker) })
            }
            GroupJob::Save(id) => {
                // No session waits for it, and it is tried again.
                let _ = self.saves.saved(Changed::of(id), outcome, now);
                None
            }
            GroupJob::Change(changed, answer) => {
                let result = self.saves.saved(changed, outcome, now);
                if let Some((Asker { conn, of }, done)) = answer {
                    cx.resolve_answer(conn, job, of, result.map(|()| done));
                }
                None
            }
        }
    }

    /// The time at which the next membership ends, the next save is tried again, or groups are
    /// handed over, on the monotonic clock.
    pub fn next_deadline(&self, core: &Core) -> Option<Duration> {
        let ending = self.registry.memberships.next_ending().map(|ends| core.when(ends));
        let hands_over = (!self.hand_over.is_empty()).then_some(Duration::ZERO);
        [ending, self.saves.next_deadline(), hands_over].into_iter().flatten().min()
    }

    /// Saves again what could not be kept, if that is due.
    pub fn save_again(&mut self, accounts: &Accounts, cx: &mut Cx<'_>) {
        if !self.saves.is_due(cx.core.now.monotonic) {
            return;
        }
        for id in self.saves.take_due(cx.core.now.monotonic) {
            self.saves.save(id, &self.registry, accounts, cx);
        }
        let mut rows = Vec::new();
        for number in self.saves.take_due_users() {
            let user = accounts.directory.find_number(number);
            rows.push(GroupRow::Told { number });
            let untold = user.map_or(&[][..], |user| self.untold(user));
            rows.extend(untold.iter().map(|name| GroupRow::Untold { number, name: *name }));
        }
        self.saves.keep(rows, None, cx);
    }

    /// The changes that are due: members who were offline for too long leave, and groups with a
    /// banned admin get another; of each kind as many as a tick allows at most.
    pub fn due(&mut self, users: Users<'_>, now: LogTime) -> Vec<Entry> {
        let over = self.registry.memberships.over(now).take(GROUPS_PER_TICK_MAX);
        let leave = |(user, id)| {
            let user = users.accounts.number(user);
            let action = GroupAction::Leave { user, reason: None };
            Entry::GroupChanged(id, action)
        };
        let mut due: Vec<Entry> = over.map(leave).collect();
        due.extend(self.due_to_hand_over());
        due
    }

    /// The groups that are to get another admin now, as many as a tick allows; the others follow
    /// later.
    pub fn due_to_hand_over(&mut self) -> Vec<Entry> {
        let ids = (0..GROUPS_PER_TICK_MAX).map_while(|_| self.hand_over.pop_first());
        ids.map(|id| Entry::GroupChanged(id, GroupAction::ReplaceAdmin)).collect()
    }

    /// The entries for a user who says goodbye: groups that are not kept are left. Those above the
    /// bound are left a tick or more later, unless the user is back by then.
    pub fn goodbye(&self, user: UserIndex, users: Users<'_>, now: LogTime) -> Vec<Entry> {
        let user_number = users.accounts.number(user);
        let groups = self.registry.of(user).filter(|(_, group)| !group.settings.kept);
        let leave = |(id, _)| {
            let action = GroupAction::Leave { user: user_number, reason: None };
            Entry::GroupChanged(id, action)
        };
        let mut entries: Vec<Entry> = groups.take(GROUPS_PER_TICK_MAX + 1).map(leave).collect();
        if entries.len() > GROUPS_PER_TICK_MAX {
            entries.pop();
            entries.push(Entry::WentOffline { user: user_number, memberships_end: now });
        }
        entries
    }

    /// Notes that a user was banned, or is no longer. Groups of that user are then to be handed
    /// over, which is [due](Self::due_to_hand_over) from now on.
    pub fn ban_changed(&mut self, user: UserIndex, users: Users<'_>) {
        let roles = &users.accounts.roles;
        let own = self.registry.of(user).filter(|(_, group)| group.has_to_hand_over(roles));
        self.hand_over.extend(own.map(|(id, _)| id));
    }

    /// Decides a change of a group, and answers the session that asked for it: at once if nothing
    /// changes, otherwise once the change is on disk.
    pub fn change(
        &mut self,
        (id, action): (GroupId, &GroupAction),
        stamp: Stamp,
        asker: Option<Asker>,
        users: Users<'_>,
        cx: &mut Cx<'_>,
    ) {
        let asked_in = asker.map(|asker| asker.conn);
        match self.decide((id, action), stamp, asked_in, users, cx) {
            Ok(done) => self.keep(asker.map(|asker| (asker, done)), users.accounts, cx),
            Err(refusal) => {
                if let Some(Asker { conn, of }) = asker {
                    cx.refuse(conn, of, refusal);
                }
            }
        }
    }

    /// Lets the registry decide a change, and tells people of it. A session may have asked for it.
    fn decide(
        &mut self,
        (id, action): (GroupId, &GroupAction),
        stamp: Stamp,
        asked_in: Option<ConnId>,
        users: Users<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Done, Refusal> {
        let name = self.registry.get(id).ok_or(Refusal::NoSuchGroup)?.name;
        let action = action.try_map(|number| users.find(number))?;
        if let Some(applied) = changes::decide(&mut self.registry, id, &action, stamp, users)?
            && let Some(group) = applied.ended.as_ref().or_else(|| self.registry.get(id))
        {
            audit::changed(&action, &applied, (group, asked_in), users, cx);
            notices::tell(&action, &applied, (group, asked_in), users, cx);
        }
        Ok(match action {
            GroupAction::Join { user, .. } if !self.registry.is_member(user, id) => {
                Done::GroupWaits(name)
            }
            _ => Done::Group(name),
        })
    }

    /// Ends all that a user has to do with groups, whose account is removed. The other members are
    /// told.
    pub fn forget(&mut self, user: UserIndex, stamp: Stamp, users: Users<'_>, cx: &mut Cx<'_>) {
        let own: Vec<GroupId> = self.registry.of(user).map(|(id, _)| id).collect();
        let leaves = GroupAction::Leave { user: users.accounts.number(user), reason: None };
        for id in own {
            self.change((id, &leaves), stamp, None, users, cx);
        }
        self.registry.forget(user);
        self.keep(None, users.accounts, cx);
    }

    /// Decides that a group begins, which is on disk already, and answers its maker.
    pub fn made(
        &mut self,
        group: &NewGroup,
        stamp: Stamp,
        asker: Option<Asker>,
        users: Users<'_>,
        cx: &mut Cx<'_>,
    ) {
        let result = self.registry.make(group, stamp, users);
        let applied = match (result, asker) {
            (Ok(applied), _) => applied,
            (Err(refusal), Some(Asker { conn, of })) => return cx.refuse(conn, of, refusal),
            (Err(_), None) => return,
        };
        let Some(group) = self.registry.get(GroupId(stamp.id.0)) else { return };
        audit::made(group, asker.map(|asker| asker.conn), users, cx);
        if let Some(Asker { conn, of }) = asker {
            cx.answer(conn, of, Done::GroupMade(group.name, group.members.len()));
        }
        notices::tell_new(&applied, group, users, cx);
        self.keep(None, users.accounts, cx);
    }

    /// Notes that a user is back: all the user's memberships last.
    pub fn came_online(&mut self, user: UserIndex, accounts: &Accounts, cx: &mut Cx<'_>) {
        self.registry.came_online(user);
        self.keep(None, accounts, cx);
    }

    /// Notes that a user has no session any more.
    pub fn went_offline(
        &mut self,
        user: UserIndex,
        memberships_end: LogTime,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) {
        self.registry.went_offline(user, memberships_end);
        self.keep(None, accounts, cx);
    }

    /// Notes that a user was told what happened in groups meanwhile.
    pub fn told(&mut self, user: UserIndex, most: usize, accounts: &Accounts, cx: &mut Cx<'_>) {
        self.registry.told(user, most);
        self.keep(None, accounts, cx);
    }

    /// Keeps what the registry changed. The answer is given once it is on disk.
    fn keep(&mut self, answer: Option<(Asker, Done)>, accounts: &Accounts, cx: &mut Cx<'_>) {
        self.saves.keep(self.registry.take_rows(accounts), answer, cx);
    }

    /// Tells a user who logged in the news of groups. Returns the entry that says so, if there were
    /// any.
    pub fn tell_news(&self, caller: Caller, users: Users<'_>, cx: &mut Cx<'_>) -> Option<Entry> {
        let Caller { conn, user } = caller;
        let own = users.name(user);
        for name in self.registry.memberships.ended(user) {
            cx.tell(Event::Group(*name, GroupChange::Leave, own), [conn]);
        }
        for id in self.registry.memberships.news(user).take(GROUP_NOTICES_MAX) {
            let Some(group) = self.registry.get(id) else { continue };
            cx.tell(Event::Group(group.name, GroupChange::Join, own), [conn]);
        }
        for group in self.registry.invitations(user).take(GROUP_NOTICES_MAX) {
            cx.tell(Event::Ask(group.name, users.name(group.admin)), [conn]);
        }
        let mut room = GROUP_NOTICES_MAX;
        let looked_after = self.registry.of(user).filter(|(_, group)| group.is_op(user));
        for (_, group) in looked_after.filter(|(_, group)| !group.outsiders.asking.is_empty()) {
            room -= notices::tell_requests(group, &[conn], room, users, cx);
        }
        let memberships = &self.registry.memberships;
        let was_told =
            memberships.news(user).next().is_some() || !memberships.ended(user).is_empty();
        let user = users.accounts.number(user);
        was_told.then_some(Entry::GroupsTold { user, most: GROUP_NOTICES_MAX })
    }

    /// The sessions that are blocked until a new group of theirs is on disk. Some may be gone.
    pub fn makers(&self) -> impl Iterator<Item = ConnId> {
        self.saves.pending.values().filter_map(|job| match job {
            GroupJob::Make(pending) => Some(pending.asker.conn),
            GroupJob::Save(_) | GroupJob::Change(..) => None,
        })
    }

    /// Returns true if a job is under way whose outcome answers a request of the session.
    pub fn answers(&self, conn: ConnId, job: JobId) -> bool {
        let what = self.saves.pending.get(job);
        matches!(what, Some(GroupJob::Change(_, Some((asker, _)))) if asker.conn == conn)
    }

    /// Returns true if nothing is under way, and nothing is left to do by itself.
    pub fn is_idle(&self) -> bool {
        self.are_kept() && self.registry.memberships.endings.is_empty()
    }

    /// Checks the invariants between two inputs, for tests.
    pub fn check(&self, users: Users<'_>) {
        check::check_groups(&self.registry, &self.hand_over, users);
        check::check_people(&self.registry, &self.saves, &self.creations);
    }
}
