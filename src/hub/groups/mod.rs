//! Groups: who is in which, who is asked to join, and who asks to.
//!
//! Whoever wants a change proposes it as a [`GroupEntry`]; the [registry](registry::Registry)
//! judges and applies it, and people are told. Today that happens at once, and the group is kept
//! on disk afterwards: see [`saving`].

mod check;
pub mod creation;
mod entry;
pub mod group;
mod memberships;
mod notices;
mod registry;
mod saving;
pub mod users;

use std::collections::BTreeSet;
use std::time::Duration;

use creation::{Creations, GroupDraft, PendingGroup};
use entry::{GroupAction, GroupEntry, Terms};
use group::Group;
use registry::{Registry, may_hand_over};
use saving::{GroupJob, Saves};
use users::Users;

use crate::chat::answer::{Answer, Done, List};
use crate::chat::event::Event;
use crate::chat::group::{GroupChange, GroupRecord};
use crate::chat::id::{GroupId, MessageId};
use crate::chat::name::{GroupName, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::request::{Kind, Request};
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::accounts::roles::Role;
use crate::hub::context::{Caller, Core, Cx};
use crate::hub::input::ConnId;
use crate::hub::job::{JobId, Outcome};
use crate::hub::sessions::replies::Reply;
use crate::limits::{GROUP_NOTICES_MAX, GROUP_OFFLINE_TIME_MAX, GROUPS_PER_TICK_MAX};

/// All groups, and their jobs.
#[derive(Debug)]
pub struct Groups {
    registry: Registry,
    creations: Creations,
    saves: Saves,
    /// Groups whose admin is banned, and that are yet to be handed over.
    hand_over: BTreeSet<GroupId>,
}

impl Groups {
    /// The groups that were kept.
    pub fn new(kept: Vec<GroupRecord>, accounts: &Accounts) -> Self {
        let (registry, unsaved) = Registry::new(kept, accounts);
        let (creations, saves) = (Creations::default(), Saves::new(unsaved));
        Groups { registry, creations, saves, hand_over: BTreeSet::new() }
    }

    /// How many groups there are.
    pub fn len(&self) -> usize {
        self.registry.len()
    }

    /// How many jobs are under way.
    pub fn jobs(&self) -> usize {
        self.saves.pending.len()
    }

    /// A group, unless it has ended.
    pub fn get(&self, id: GroupId) -> Option<&Group> {
        self.registry.get(id)
    }

    /// From which message on a user reads a group; none for who is no member.
    pub fn reads_since(&self, user: UserIndex, id: GroupId) -> Option<MessageId> {
        self.registry.reads_since(user, id)
    }

    /// The group of that name, if a user is a member of it.
    pub fn own(&self, user: UserIndex, name: &GroupName) -> Result<GroupId, Refusal> {
        let (id, _) = self.registry.find(name)?;
        self.registry.is_member(user, id).then_some(id).ok_or(Refusal::NotAMember)
    }

    /// Carries out a request about groups that are there.
    pub fn request(
        &mut self,
        caller: Caller,
        request: Request,
        users: Users<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        let (of, by) = (request.kind(), caller.user);
        let entry = match request {
            Request::Groups { all } => return self.list_groups(caller, all, users, cx),
            Request::Members(name) => return self.list_members(caller, &name, users, cx),
            Request::Join(name) => {
                let (group, _) = self.registry.find(&name)?;
                let action = GroupAction::Join { user: by, terms: terms(cx.core) };
                GroupEntry { group, action }
            }
            Request::Admit { group, user, admit } => {
                let (group, _) = self.registry.find_as_op(by, &group)?;
                let user = find(user, users)?;
                let terms = terms(cx.core);
                let action = match admit {
                    true => GroupAction::Admit { by, user, terms },
                    false => GroupAction::Refuse { by, user },
                };
                GroupEntry { group, action }
            }
            Request::Leave(name) => {
                GroupEntry { group: self.own(by, &name)?, action: GroupAction::Leave { user: by } }
            }
            Request::Keep { group, keep } => {
                let (group, _) = self.registry.find_as_op(by, &group)?;
                let ends = offline_until(cx.core);
                GroupEntry { group, action: GroupAction::Keep { by, keep, ends } }
            }
            Request::Op { group, user, op } => {
                let (group, _) = self.registry.find_as_op(by, &group)?;
                let user = find(user, users)?;
                GroupEntry { group, action: GroupAction::SetOp { by, user, op } }
            }
            Request::Handover { group, user } => {
                let (id, group) = self.registry.find(&group)?;
                may_hand_over(group, by, &users.accounts.roles)?;
                let user = find(user, users)?;
                GroupEntry { group: id, action: GroupAction::HandOver { by, user } }
            }
            Request::Dissolve(name) => {
                let (group, _) = self.registry.find(&name)?;
                GroupEntry { group, action: GroupAction::Dissolve { by } }
            }
            _ => {
                debug_assert!(false, "{of:?} is not about a group that there is");
                return Ok(());
            }
        };
        self.propose(caller.conn, of, &entry, users, cx)
    }

    /// Whether a user may make such a group.
    pub fn may_make(
        &self,
        maker: UserIndex,
        draft: &GroupDraft,
        accounts: &Accounts,
        core: &Core,
    ) -> Result<(), Refusal> {
        let groups = (&self.registry, &self.creations);
        draft.named(maker, groups, accounts, core.config.group_max).map(drop)
    }

    /// Makes a group under an id. Its maker waits until it is on disk.
    pub fn make(
        &mut self,
        caller: Caller,
        draft: &GroupDraft,
        id: MessageId,
        accounts: &Accounts,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        let groups = (&self.registry, &self.creations);
        let pending = draft.begin(id, caller.user, groups, accounts, cx.core)?;
        self.creations.begin(&pending);
        self.saves.make(caller.conn, pending, cx);
        cx.block(caller.conn);
        Ok(())
    }

    /// Takes what came of a job.
    pub fn done(&mut self, job: JobId, outcome: &Outcome, users: Users<'_>, cx: &mut Cx<'_>) {
        let now = cx.core.now.steady;
        match self.saves.take(job) {
            Some(GroupJob::Make(conn, pending)) => {
                cx.unblock(conn);
                let of = pending.of;
                if let Err(refusal) = self.made(conn, pending, outcome, users, cx) {
                    cx.refuse(conn, of, refusal);
                }
            }
            Some(GroupJob::Save(id)) => drop(self.saves.saved(id, outcome, now)),
            Some(GroupJob::Change(conn, id, (of, done))) => {
                let result = self.saves.saved(id, outcome, now).map(|()| done);
                cx.resolve_answer(conn, job, of, result);
            }
            None => {}
        }
    }

    /// When the next membership ends, the next save is tried again, or groups are handed over.
    pub fn next_deadline(&self) -> Option<Duration> {
        let ending = self.registry.memberships.next_ending();
        let hands_over = (!self.hand_over.is_empty()).then_some(Duration::ZERO);
        [ending, self.saves.next_deadline(), hands_over].into_iter().flatten().min()
    }

    /// Takes those out who were offline for too long, and saves again what could not be saved.
    pub fn deadline(&mut self, users: Users<'_>, cx: &mut Cx<'_>) {
        let now = cx.core.now.steady;
        let mut changed = BTreeSet::new();
        for _ in 0..GROUPS_PER_TICK_MAX {
            let Some((user, id)) = self.registry.memberships.over(now) else { break };
            self.leave(user, id, users, cx);
            changed.insert(id);
        }
        for id in changed {
            self.saves.save(id, &self.registry, users.accounts, cx);
        }
        self.hand_over_some(users, cx);
        for id in self.saves.take_due(now) {
            self.saves.save(id, &self.registry, users.accounts, cx);
        }
    }

    /// A user said goodbye: groups that are not kept are left, those above the bound a tick or more
    /// later, unless the user is back by then.
    pub fn said_goodbye(&mut self, user: UserIndex, users: Users<'_>, cx: &mut Cx<'_>) {
        let groups = self.registry.of(user).filter(|(_, group)| !group.kept);
        let ids: Vec<GroupId> = groups.map(|(id, _)| id).collect();
        for (at, id) in ids.into_iter().enumerate() {
            if at < GROUPS_PER_TICK_MAX {
                self.leave(user, id, users, cx);
                self.saves.save(id, &self.registry, users.accounts, cx);
            } else {
                self.registry.memberships.end_at(user, id, cx.core.now.steady);
            }
        }
    }

    /// A user has no session any more.
    pub fn went_offline(&mut self, user: UserIndex, core: &Core) {
        self.registry.went_offline(user, offline_until(core));
    }

    /// A user is back, and stays a member everywhere.
    pub fn came_online(&mut self, user: UserIndex) {
        self.registry.memberships.stay_everywhere(user);
    }

    /// Tells a user who logged in what concerns groups and waits.
    pub fn tell_news(&mut self, caller: Caller, users: Users<'_>, cx: &mut Cx<'_>) {
        let Caller { conn, user } = caller;
        let own = users.name(user);
        for name in self.registry.memberships.take_ended(user) {
            cx.tell(Event::Group(name, GroupChange::Leave, own), [conn]);
        }
        for id in self.registry.memberships.take_news(user, GROUP_NOTICES_MAX) {
            let Some(group) = self.registry.get(id) else { continue };
            cx.tell(Event::Group(group.name, GroupChange::Join, own), [conn]);
        }
        for group in self.registry.invitations(user).take(GROUP_NOTICES_MAX) {
            cx.tell(Event::Ask(group.name, users.name(group.admin)), [conn]);
        }
        let mut room = GROUP_NOTICES_MAX;
        let looked_after = self.registry.of(user).filter(|(_, group)| group.is_op(user));
        for (_, group) in looked_after.filter(|(_, group)| !group.asking.is_empty()) {
            room -= notices::tell_requests(group, user, room, users, cx);
        }
    }

    /// A user was banned, or is no longer: groups of that user are handed over, those above the
    /// bound a tick or more later.
    pub fn ban_changed(&mut self, user: UserIndex, users: Users<'_>, cx: &mut Cx<'_>) {
        let roles = &users.accounts.roles;
        let own = self.registry.of(user).filter(|(_, group)| group.has_to_hand_over(roles));
        self.hand_over.extend(own.map(|(id, _)| id));
        self.hand_over_some(users, cx);
    }

    /// The sessions that wait until the group that they make is on disk. Some may be gone.
    pub fn makers(&self) -> impl Iterator<Item = ConnId> {
        self.saves.pending.values().filter_map(|job| match job {
            GroupJob::Make(conn, _) => Some(*conn),
            GroupJob::Save(_) | GroupJob::Change(..) => None,
        })
    }

    /// Whether a job is under way whose outcome answers what a session asked for.
    pub fn answers(&self, conn: ConnId, job: JobId) -> bool {
        let what = self.saves.pending.get(job);
        matches!(what, Some(GroupJob::Change(asked, ..)) if *asked == conn)
    }

    /// Whether nothing is left to do by itself, and nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.creations.is_empty()
            && self.registry.memberships.endings.is_empty()
            && self.saves.is_idle()
            && self.hand_over.is_empty()
    }

    /// Checks what must hold between two inputs, for tests.
    pub fn check(&self, users: Users<'_>) {
        check::check_groups(&self.registry, &self.hand_over, users);
        check::check_people(&self.registry, &self.saves, &self.creations);
    }

    /// Decides what somebody asks for, and answers it: at once if all is so already, else once the
    /// group is on disk.
    fn propose(
        &mut self,
        conn: ConnId,
        of: Kind,
        entry: &GroupEntry,
        users: Users<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        let id = entry.group;
        let name = self.registry.get(id).ok_or(Refusal::NoSuchGroup)?.name;
        let is_change = self.decide(entry, users, cx)?;
        let done = match entry.action {
            GroupAction::Join { user, .. } if !self.registry.is_member(user, id) => {
                Done::GroupWaits(name)
            }
            _ => Done::Group(name),
        };
        match is_change {
            false => cx.answer(conn, of, done),
            true => {
                let (registry, accounts) = (&self.registry, users.accounts);
                self.saves.answer_after((conn, id), (of, done), registry, accounts, cx);
            }
        }
        Ok(())
    }

    /// Has the registry decide an entry, and tells people. Whether it changed anything.
    fn decide(
        &mut self,
        entry: &GroupEntry,
        users: Users<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<bool, Refusal> {
        let Some(applied) = self.registry.decide(entry, users)? else { return Ok(false) };
        if let Some(group) = applied.ended.as_ref().or_else(|| self.registry.get(entry.group)) {
            notices::log(entry, group, users);
            notices::tell(entry, &applied, group, users, cx);
        }
        Ok(true)
    }

    /// A group is on disk, or is not. Whoever made it may be gone; then it is there all the same.
    fn made(
        &mut self,
        conn: ConnId,
        pending: PendingGroup,
        outcome: &Outcome,
        users: Users<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        self.creations.end(&pending);
        let PendingGroup { of, record, .. } = pending;
        if let Err(failure) = outcome {
            return Err(Refusal::Store(*failure));
        }
        let group = record.id;
        let action = GroupAction::Make { record, ends: offline_until(cx.core) };
        let entry = GroupEntry { group, action };
        let Some(applied) = self.registry.decide(&entry, users)? else { return Ok(()) };
        let Some(group) = self.registry.get(entry.group) else { return Ok(()) };
        cx.answer(conn, of, Done::GroupMade(group.name, group.members.len()));
        notices::tell(&entry, &applied, group, users, cx);
        if applied.new_admin.is_some() {
            self.saves.save(entry.group, &self.registry, users.accounts, cx);
        }
        Ok(())
    }

    /// Takes a member out.
    fn leave(&mut self, user: UserIndex, group: GroupId, users: Users<'_>, cx: &mut Cx<'_>) {
        let entry = GroupEntry { group, action: GroupAction::Leave { user } };
        let left = self.decide(&entry, users, cx);
        debug_assert!(left.is_ok(), "{entry:?}: {left:?}");
    }

    /// Hands over some of the groups that wait for it.
    fn hand_over_some(&mut self, users: Users<'_>, cx: &mut Cx<'_>) {
        for _ in 0..GROUPS_PER_TICK_MAX {
            let Some(group) = self.hand_over.pop_first() else { return };
            let entry = GroupEntry { group, action: GroupAction::ReplaceAdmin };
            // It may have ended meanwhile.
            if self.decide(&entry, users, cx).is_ok_and(|is_change| is_change) {
                self.saves.save(group, &self.registry, users.accounts, cx);
            }
        }
    }

    fn list_groups(
        &mut self,
        caller: Caller,
        all: bool,
        users: Users<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        let items = match all {
            true => self.registry.lines(&users.accounts.directory),
            false => self.registry.lines_of(caller.user, &users.accounts.directory),
        };
        let last = Answer::done(Kind::Groups);
        cx.reply(caller.conn, Reply::List(List::whole(Kind::Groups, items, None, last)));
        Ok(())
    }

    fn list_members(
        &mut self,
        caller: Caller,
        name: &GroupName,
        users: Users<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        let (id, group) = self.registry.find(name)?;
        let (user, registry) = (caller.user, &self.registry);
        let may_ask = registry.is_member(user, id) || registry.memberships.is_asked(user, id);
        if !may_ask && users.accounts.roles.of(Some(user)) < Role::Administrator {
            return Err(Refusal::NotAMember);
        }
        let items = group.member_lines(&users.accounts.directory);
        let last = Answer { of: Kind::Members, result: Ok(Done::Group(group.name)) };
        cx.reply(caller.conn, Reply::List(List::whole(Kind::Members, items, None, last)));
        Ok(())
    }
}

fn find(user: UserRef, users: Users<'_>) -> Result<UserIndex, Refusal> {
    users.accounts.find(user).ok_or(Refusal::NoSuchUser)
}

/// The terms for a user who becomes a member now: what was said before was said to others.
fn terms(core: &Core) -> Terms {
    let since = MessageId(core.sequence.newest().0.saturating_add(1));
    Terms { since, ends: offline_until(core), members_max: core.config.group_max }
}

/// When the membership of a user who goes offline now ends, on the monotonic clock.
fn offline_until(core: &Core) -> Duration {
    core.now.steady + GROUP_OFFLINE_TIME_MAX
}
