//! A group that is not kept loses those who stay offline.

use std::time::Duration;

use super::Groups;
use crate::chat::group::GroupId;
use crate::hub::accounts::directory::UserIndex;

impl Groups {
    /// When the next membership ends, or the next save is tried again.
    pub fn next_deadline(&self) -> Option<Duration> {
        let ending = self.endings.first().map(|(at, ..)| *at);
        let hands_over = (!self.hand_over.is_empty()).then_some(Duration::ZERO);
        ending.into_iter().chain(self.next_save).chain(hands_over).min()
    }

    /// A user went offline: the memberships that do not outlast that end at a time.
    pub fn went_offline(&mut self, user: UserIndex, ends: Duration) {
        let Some(person) = self.people.get_mut(&user) else { return };
        for (id, membership) in &mut person.memberships {
            let is_kept = self.groups.get(id).is_some_and(|group| group.kept);
            if !is_kept && membership.ends.is_none() {
                membership.ends = Some(ends);
                self.endings.insert((ends, user, *id));
            }
        }
    }

    /// A user is back, and stays a member everywhere.
    pub fn came_online(&mut self, user: UserIndex) {
        let Some(person) = self.people.get_mut(&user) else { return };
        for (id, membership) in &mut person.memberships {
            if let Some(ends) = membership.ends.take() {
                self.endings.remove(&(ends, user, *id));
            }
        }
    }

    /// Has one membership of a user who is offline end at a time.
    pub(super) fn end_at(&mut self, user: UserIndex, id: GroupId, ends: Duration) {
        let Some(membership) = self.membership(user, id) else { return };
        debug_assert!(membership.ends.is_none(), "{user:?} is about to leave already");
        membership.ends = Some(ends);
        self.endings.insert((ends, user, id));
    }

    /// Has one membership last.
    pub(super) fn stay(&mut self, user: UserIndex, id: GroupId) {
        let ends = self.membership(user, id).and_then(|membership| membership.ends.take());
        if let Some(ends) = ends {
            self.endings.remove(&(ends, user, id));
        }
    }

    /// Keeps a group, or no longer; then the memberships of those who are offline end at a time.
    pub(super) fn set_kept(
        &mut self,
        id: GroupId,
        kept: bool,
        offline: &[UserIndex],
        ends: Duration,
    ) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        if group.kept == kept {
            return;
        }
        group.kept = kept;
        self.all = None;
        for user in offline {
            match kept {
                true => self.stay(*user, id),
                false => self.end_at(*user, id, ends),
            }
        }
    }

    /// The next membership that is over by now.
    pub(super) fn over(&self, now: Duration) -> Option<(UserIndex, GroupId)> {
        let (at, user, id) = self.endings.first()?;
        (*at <= now).then_some((*user, *id))
    }

    /// Notes that a user has yet to be told of becoming a member.
    pub(super) fn tell_later(&mut self, user: UserIndex, id: GroupId) {
        if let Some(membership) = self.membership(user, id) {
            membership.is_news = true;
        }
    }

    /// The groups, oldest first and at most so many, of which a user became a member and has not
    /// been told, which is done now.
    pub(super) fn take_news(&mut self, user: UserIndex, most: usize) -> Vec<GroupId> {
        let Some(person) = self.people.get_mut(&user) else { return Vec::new() };
        let news = person
            .memberships
            .iter_mut()
            .filter_map(|(id, membership)| std::mem::take(&mut membership.is_news).then_some(*id));
        news.take(most).collect()
    }

    fn membership(&mut self, user: UserIndex, id: GroupId) -> Option<&mut super::Membership> {
        self.people.get_mut(&user)?.memberships.get_mut(&id)
    }
}
