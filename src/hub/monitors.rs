//! Monitors: the sessions that are told of a user whether or not everyone is.

use std::collections::{BTreeSet, HashMap};

use crate::chat::refusal::Refusal;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::input::ConnId;
use crate::limits::MONITORED_USERS_MAX;

/// Which sessions monitor which users.
#[derive(Debug, Default)]
pub struct Monitors {
    by_user: HashMap<UserIndex, BTreeSet<ConnId>>,
    by_session: HashMap<ConnId, BTreeSet<UserIndex>>,
}

impl Monitors {
    /// Has a session monitor a user, or no longer.
    ///
    /// # Errors
    /// [`Refusal::TooManyMonitored`] if the session monitors as many users as it may.
    pub fn set(&mut self, conn: ConnId, user: UserIndex, on: bool) -> Result<(), Refusal> {
        let users = self.by_session.entry(conn).or_default();
        if on && users.len() >= MONITORED_USERS_MAX && !users.contains(&user) {
            return Err(Refusal::TooManyMonitored);
        }
        match on {
            true => drop(users.insert(user)),
            false => drop(users.remove(&user)),
        }
        if users.is_empty() {
            self.by_session.remove(&conn);
        }
        match on {
            true => drop(self.by_user.entry(user).or_default().insert(conn)),
            false => self.forget(conn, user),
        }
        Ok(())
    }

    /// The sessions that monitor a user.
    pub fn of(&self, user: UserIndex) -> Option<&BTreeSet<ConnId>> {
        self.by_user.get(&user)
    }

    /// Forgets a session that has ended.
    pub fn session_ended(&mut self, conn: ConnId) {
        for user in self.by_session.remove(&conn).into_iter().flatten() {
            self.forget(conn, user);
        }
    }

    fn forget(&mut self, conn: ConnId, user: UserIndex) {
        if let Some(sessions) = self.by_user.get_mut(&user) {
            sessions.remove(&conn);
            if sessions.is_empty() {
                self.by_user.remove(&user);
            }
        }
    }

    /// The sessions that monitor somebody.
    pub fn sessions(&self) -> impl Iterator<Item = ConnId> {
        self.by_session.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_monitors_so_many_users_at_most() {
        let mut monitors = Monitors::default();
        let [one, other] = [1, 2].map(|slot| ConnId { slot, generation: 0 });
        let users: Vec<UserIndex> = (1..=100).map(UserIndex).collect();
        for user in &users {
            assert_eq!(monitors.set(one, *user, true), Ok(()));
        }
        let more = UserIndex(101);
        assert_eq!(monitors.set(one, more, true), Err(Refusal::TooManyMonitored));
        assert_eq!(monitors.set(one, users[0], true), Ok(()));
        assert_eq!(monitors.set(other, more, true), Ok(()));
        assert_eq!(monitors.set(one, users[0], false), Ok(()));
        assert_eq!(monitors.set(one, more, true), Ok(()));
        assert_eq!(monitors.of(more).map(BTreeSet::len), Some(2));
        monitors.session_ended(one);
        monitors.session_ended(other);
        assert!(monitors.by_user.is_empty() && monitors.by_session.is_empty());
    }
}
