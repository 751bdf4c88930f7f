//! Who becomes a member and who no longer is one, who is told, and how that comes to the disk.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Groups, Left, Member};
use crate::chat::answer::{Answer, Done};
use crate::chat::event::Event;
use crate::chat::group::{GroupChange, GroupId};
use crate::chat::message::MessageId;
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::hub::Hub;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::effect::Effects;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Value};
use crate::hub::tasks::{Task, UnderWay};
use crate::limits::{
    GROUP_NOTICES_MAX, GROUP_OFFLINE_TIME_MAX, GROUP_SAVE_PAUSE, GROUPS_PER_TICK_MAX,
};

impl Groups {
    /// Has a group saved a little later, or its end.
    pub(super) fn save_later(&mut self, id: GroupId, at: Duration) {
        self.unsaved.insert(id);
        self.next_save.get_or_insert(at);
    }
}

impl Hub {
    /// Makes somebody a member.
    pub(super) fn become_member(&mut self, id: GroupId, user: UserIndex, effects: &mut Effects) {
        // What was said up to now was said to others.
        let since = MessageId(self.core.sequence.newest().0.saturating_add(1));
        self.groups.join(id, Member { user, since });
        self.settle_in(id, user);
        self.tell_members(id, GroupChange::Join, user, effects);
        self.replace_banned_admin(id, effects);
    }

    /// Has a new member told at the next login, and leave where that does not come, as it is due.
    pub(super) fn settle_in(&mut self, id: GroupId, user: UserIndex) {
        if self.presence.conn(user).is_none() {
            self.groups.tell_later(user, id);
        }
        let is_kept = self.groups.get(id).is_some_and(|group| group.kept);
        if !is_kept && self.presence.session_of(user).is_none() {
            self.groups.end_at(user, id, self.core.now.steady + GROUP_OFFLINE_TIME_MAX);
        }
    }

    /// Takes a member out, who is one.
    pub(super) fn end_membership(&mut self, id: GroupId, user: UserIndex, effects: &mut Effects) {
        let left = self.groups.leave(id, user, &self.accounts.roles);
        self.tell_members(id, GroupChange::Leave, user, effects);
        if let Left::NewAdmin { admin, was_op } = left {
            self.tell_members(id, GroupChange::Admin, admin, effects);
            if !was_op {
                self.tell_requests(id, admin, GROUP_NOTICES_MAX, effects);
            }
        }
    }

    /// A user said goodbye: groups that are not kept are left, those above the bound a tick or more
    /// later, unless the user is back by then.
    pub(in crate::hub) fn leave_groups(&mut self, user: UserIndex, effects: &mut Effects) {
        let groups = self.groups.of(user).filter(|(_, group)| !group.kept);
        let ids: Vec<GroupId> = groups.map(|(id, _)| id).collect();
        for (at, id) in ids.into_iter().enumerate() {
            if at < GROUPS_PER_TICK_MAX {
                self.end_membership(id, user, effects);
                self.save_group(id, effects);
            } else {
                self.groups.end_at(user, id, self.core.now.steady);
            }
        }
    }

    /// A user has no session any more.
    pub(in crate::hub) fn gone_from_groups(&mut self, user: UserIndex) {
        self.groups.went_offline(user, self.core.now.steady + GROUP_OFFLINE_TIME_MAX);
    }

    /// Takes those out who were offline for too long, and saves again what could not be saved.
    pub(in crate::hub) fn group_deadlines(&mut self, effects: &mut Effects) {
        let now = self.core.now.steady;
        let mut changed = BTreeSet::new();
        for _ in 0..GROUPS_PER_TICK_MAX {
            let Some((user, id)) = self.groups.over(now) else { break };
            self.end_membership(id, user, effects);
            changed.insert(id);
        }
        for id in changed {
            self.save_group(id, effects);
        }
        self.hand_over_some(effects);
        if self.groups.next_save.is_none_or(|at| at > now) {
            return;
        }
        for _ in 0..GROUPS_PER_TICK_MAX {
            let Some(id) = self.groups.unsaved.first().copied() else { break };
            self.save_group(id, effects);
        }
        let pause = (!self.groups.unsaved.is_empty()).then_some(GROUP_SAVE_PAUSE);
        self.groups.next_save = pause.map(|pause| now + pause);
    }

    /// What brings a group to the disk as it is now, or its end.
    fn save_job(&mut self, id: GroupId) -> Job {
        self.groups.unsaved.remove(&id);
        match self.groups.get(id) {
            Some(group) => Job::SaveGroup(group.to_record(id, &self.accounts.directory)),
            None => Job::EndGroup(id),
        }
    }

    pub(super) fn save_group(&mut self, id: GroupId, effects: &mut Effects) {
        let job = self.save_job(id);
        self.submit(job, UnderWay::SavesGroup(id), effects);
    }

    /// Saves a group, and answers what was asked for last once it is on disk.
    pub(super) fn answer_after_save(
        &mut self,
        conn: ConnId,
        id: GroupId,
        done: (Kind, Done),
        effects: &mut Effects,
    ) {
        let job = self.save_job(id);
        self.answer_after(conn, job, Task::SaveGroup(id, done), effects);
    }

    /// A group is on disk, or is not and has to be saved again.
    pub(in crate::hub) fn group_saved(&mut self, id: GroupId, outcome: &Outcome) {
        if *outcome != Ok(Value::Done) {
            self.groups.save_later(id, self.core.now.steady + GROUP_SAVE_PAUSE);
        }
    }

    /// The answer to a request that changed a group.
    pub(in crate::hub) fn group_changed(
        &mut self,
        id: GroupId,
        (of, done): (Kind, Done),
        outcome: &Outcome,
    ) -> Answer {
        self.group_saved(id, outcome);
        let result = match outcome {
            Ok(_) => Ok(done),
            Err(failure) => Err(Refusal::NotOnDiskYet(*failure)),
        };
        Answer { of, result }
    }

    /// Tells a user who logged in what concerns groups and waits.
    pub(in crate::hub) fn tell_group_news(
        &mut self,
        conn: ConnId,
        user: UserIndex,
        effects: &mut Effects,
    ) {
        let own = self.accounts.directory.account(user).name;
        for name in self.groups.take_ended(user) {
            effects.tell(Event::Group(name, GroupChange::Leave, own), [conn]);
        }
        for id in self.groups.take_news(user, GROUP_NOTICES_MAX) {
            let Some(group) = self.groups.get(id) else { continue };
            effects.tell(Event::Group(group.name, GroupChange::Join, own), [conn]);
        }
        for group in self.groups.invitations(user).take(GROUP_NOTICES_MAX) {
            let admin = self.accounts.directory.account(group.admin).name;
            effects.tell(Event::Ask(group.name, admin), [conn]);
        }
        let mut room = GROUP_NOTICES_MAX;
        let looked_after = self.groups.of(user).filter(|(_, group)| group.is_op(user));
        for (id, _) in looked_after.filter(|(_, group)| !group.asking.is_empty()) {
            room -= self.tell_requests(id, user, room, effects);
        }
    }

    /// Tells an op of a group who asks to join, at most so many, and tells how many.
    pub(super) fn tell_requests(
        &self,
        id: GroupId,
        op: UserIndex,
        most: usize,
        effects: &mut Effects,
    ) -> usize {
        let (Some(group), Some(conn)) = (self.groups.get(id), self.presence.conn(op)) else {
            return 0;
        };
        let asking = group.asking.iter().take(most);
        for user in asking.clone() {
            effects
                .tell(Event::Join(group.name, self.accounts.directory.account(*user).name), [conn]);
        }
        asking.len()
    }

    /// Tells all members of a group who are online what changed.
    pub(super) fn tell_members(
        &self,
        id: GroupId,
        what: GroupChange,
        who: UserIndex,
        effects: &mut Effects,
    ) {
        let Some(group) = self.groups.get(id) else { return };
        let members = group.members.iter().filter_map(|member| self.presence.conn(member.user));
        let who = self.accounts.directory.account(who).name;
        effects.tell(Event::Group(group.name, what, who), members);
    }
}
