//! When users were last here, to the minute, until that is on disk.
//!
//! It is kept for all users at once, some time after it was noted, so that a crowd that comes and
//! goes costs the disk little.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::hub::accounts::directory::UserIndex;

/// How long what is noted may wait until it is kept.
const WAIT: Duration = Duration::from_secs(30);
/// For how many users it is kept at once.
const USERS_AT_ONCE_MAX: usize = 1_000;

/// When users were last here, as far as that is not on disk.
#[derive(Debug, Default)]
pub struct LastSeen {
    /// The times, in seconds since the Unix epoch.
    unsaved: BTreeMap<UserIndex, u64>,
    /// Those of them that are being kept.
    saving: Vec<(UserIndex, u64)>,
    /// When to keep more, on the monotonic clock.
    due: Option<Duration>,
}

impl LastSeen {
    /// Notes that a user is here at a time, in seconds since the Unix epoch.
    pub fn note(&mut self, user: UserIndex, time: u64, now: Duration) {
        self.unsaved.insert(user, time - time % 60);
        self.due.get_or_insert(now + WAIT);
    }

    /// The last time at which a user was here, if it is not on disk yet.
    pub fn get(&self, user: UserIndex) -> Option<u64> {
        self.unsaved.get(&user).copied()
    }

    /// The time at which to keep more, on the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.due.filter(|_| self.saving.is_empty())
    }

    /// Makes what is noted due now.
    pub fn hurry(&mut self) {
        self.due = self.due.map(|_| Duration::ZERO);
    }

    /// Takes what is to be kept, if that is due. [`Self::saved`] follows.
    pub fn take_due(&mut self, now: Duration) -> &[(UserIndex, u64)] {
        if self.next_deadline().is_none_or(|due| due > now) {
            return &[];
        }
        let all = self.unsaved.iter().map(|(user, time)| (*user, *time));
        self.saving = all.take(USERS_AT_ONCE_MAX).collect();
        &self.saving
    }

    /// Notes that what was taken is on disk, or that it is to be kept later.
    pub fn saved(&mut self, is_kept: bool, now: Duration) {
        for (user, time) in std::mem::take(&mut self.saving) {
            // The user may have been here again.
            if is_kept && self.unsaved.get(&user) == Some(&time) {
                self.unsaved.remove(&user);
            }
        }
        let wait =
            if is_kept && self.unsaved.len() > USERS_AT_ONCE_MAX { Duration::ZERO } else { WAIT };
        self.due = (!self.unsaved.is_empty()).then_some(now + wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_kept_once_it_is_due() {
        let (mut seen, bob, start) = (LastSeen::default(), UserIndex(2), Duration::from_secs(5));
        assert_eq!(seen.next_deadline(), None);
        seen.note(bob, 119, start);
        seen.note(UserIndex(3), 180, start + WAIT);
        assert_eq!((seen.get(bob), seen.next_deadline()), (Some(60), Some(start + WAIT)));
        assert_eq!(seen.take_due(start), []);
        assert_eq!(seen.take_due(start + WAIT), [(bob, 60), (UserIndex(3), 180)]);
        seen.note(bob, 240, start + WAIT);
        assert_eq!(seen.next_deadline(), None, "one at a time");
        seen.saved(false, start + WAIT);
        assert_eq!(seen.get(UserIndex(3)), Some(180));
        assert_eq!(seen.next_deadline(), Some(start + 2 * WAIT));
        assert_eq!(seen.take_due(start + 2 * WAIT), [(bob, 240), (UserIndex(3), 180)]);
        seen.note(bob, 300, start + 2 * WAIT);
        seen.saved(true, start + 2 * WAIT);
        assert_eq!((seen.get(bob), seen.get(UserIndex(3))), (Some(300), None));
        seen.hurry();
        assert_eq!(seen.take_due(Duration::ZERO), [(bob, 300)]);
        seen.saved(true, start);
        assert_eq!(seen.next_deadline(), None);
    }
}
