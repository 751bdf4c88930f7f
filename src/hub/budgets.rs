//! The budgets of presence notices: one user causes so many of them a minute, and when the minute
//! is over, the others are told what has changed since.
//!
//! Once a budget is used up, what the others were told last is kept, and compared in the end. So
//! what has changed back meanwhile is not told at all.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::chat::name::DisplayName;
use crate::chat::text::Reason;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::input::ConnId;
use crate::limits::{PRESENCE_NOTICES_MAX, PRESENCE_PERIOD};

/// The budgets of the users who caused notices within the last minute.
#[derive(Debug, Default)]
pub struct NoticeBudgets {
    minutes: HashMap<UserIndex, Minute>,
    /// The ends of the minutes, on the monotonic clock, the first one first.
    ends: VecDeque<(Duration, UserIndex)>,
}

/// A minute of a user, which the first notice began.
#[derive(Debug, Default)]
struct Minute {
    /// The number of notices.
    notices: u32,
    /// What is not told, once there were as many notices as there may be.
    untold: Option<Box<Untold>>,
}

/// What the others know of a user, while they are told no more.
#[derive(Debug)]
pub struct Untold {
    /// What was told last.
    pub told: UserStatus,
    /// The session in which the user was away last, or back.
    pub away_in: Option<ConnId>,
    /// The session in which the user chose a display name last.
    pub named_in: Option<ConnId>,
}

/// What notices tell of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserStatus {
    /// True if the user is online.
    pub online: bool,
    /// The words of a user who is away.
    pub away: Option<Reason>,
    /// The display name, if one was chosen.
    pub display: Option<DisplayName>,
}

impl NoticeBudgets {
    /// What is not told of a user, if no more notices are to be caused in this minute.
    pub fn untold(&mut self, user: UserIndex) -> Option<&mut Untold> {
        self.minutes.get_mut(&user)?.untold.as_deref_mut()
    }

    /// Counts a notice that a user caused. `told` is what the others know then.
    pub fn count(&mut self, user: UserIndex, now: Duration, told: impl FnOnce() -> UserStatus) {
        let ends = &mut self.ends;
        let minute = self.minutes.entry(user).or_insert_with(|| {
            ends.push_back((now.saturating_add(PRESENCE_PERIOD), user));
            Minute::default()
        });
        minute.notices += 1;
        if minute.notices >= PRESENCE_NOTICES_MAX {
            let untold = || Untold { told: told(), away_in: None, named_in: None };
            minute.untold.get_or_insert_with(|| Box::new(untold()));
        }
    }

    /// The time at which the first minute ends, on the monotonic clock.
    pub fn next_end(&self) -> Option<Duration> {
        self.ends.front().map(|(end, _)| *end)
    }

    /// Forgets the first minute that has ended. Returns its user, and what was not told.
    pub fn end_one(&mut self, now: Duration) -> Option<(UserIndex, Option<Box<Untold>>)> {
        self.next_end().filter(|end| *end <= now)?;
        let (_, user) = self.ends.pop_front()?;
        let minute = self.minutes.remove(&user);
        Some((user, minute.and_then(|minute| minute.untold)))
    }

    /// Checks the invariants between two inputs, for tests.
    pub fn check_invariants(&self) {
        assert_eq!(self.ends.len(), self.minutes.len());
        assert!(self.ends.iter().all(|(_, user)| self.minutes.contains_key(user)));
        assert!(self.ends.iter().is_sorted_by_key(|(end, _)| *end));
        let is_full = |minute: &Minute| minute.notices >= PRESENCE_NOTICES_MAX;
        assert!(self.minutes.values().all(|minute| is_full(minute) == minute.untold.is_some()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: UserIndex = UserIndex(1);
    const OTHER: UserIndex = UserIndex(2);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn online() -> UserStatus {
        UserStatus { online: true, away: None, display: None }
    }

    #[test]
    fn a_user_causes_so_many_a_minute_and_is_forgotten_then() {
        let mut budgets = NoticeBudgets::default();
        for second in 0..u64::from(PRESENCE_NOTICES_MAX) {
            assert!(budgets.untold(ONE).is_none(), "{second}");
            budgets.count(ONE, seconds(second), online);
            budgets.check_invariants();
        }
        assert_eq!(budgets.untold(ONE).map(|untold| untold.told.clone()), Some(online()));
        budgets.count(OTHER, seconds(30), online);
        assert!(budgets.untold(OTHER).is_none());
        assert_eq!(budgets.next_end(), Some(seconds(60)));
        assert!(budgets.end_one(seconds(59)).is_none());
        let (user, untold) = budgets.end_one(seconds(60)).unwrap();
        assert_eq!((user, untold.map(|untold| untold.told)), (ONE, Some(online())));
        budgets.count(ONE, seconds(60), online);
        assert!(budgets.untold(ONE).is_none());
        assert_eq!(budgets.end_one(seconds(90)).map(|(user, _)| user), Some(OTHER));
        assert_eq!(budgets.end_one(seconds(120)).map(|(user, _)| user), Some(ONE));
        budgets.check_invariants();
        assert_eq!((budgets.next_end(), budgets.minutes.len()), (None, 0));
    }
}
