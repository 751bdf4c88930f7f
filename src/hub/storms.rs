//! Storms of presence: so many users come, go, are away or renamed at once that each of them is
//! told for a while as if too many were online.

use std::time::Duration;

use crate::limits::{PRESENCE_CHANGES_MAX, PRESENCE_CHANGES_PERIOD, PRESENCE_STORM_TIME};

/// The count of changes, and the end of the last storm.
#[derive(Debug, Default)]
pub struct Storms {
    /// The end of the period in which changes are counted, on the monotonic clock.
    ends_at: Duration,
    /// The changes in it.
    changes: u32,
    /// The end of the last storm, on the monotonic clock.
    calm_from: Duration,
}

impl Storms {
    /// Counts a change, which may begin a storm, or make one last longer.
    pub fn count(&mut self, now: Duration) {
        if now >= self.ends_at {
            self.ends_at = now + PRESENCE_CHANGES_PERIOD;
            self.changes = 0;
        }
        self.changes = self.changes.saturating_add(1);
        if self.changes > PRESENCE_CHANGES_MAX {
            if now >= self.calm_from {
                log::info!(
                    "event=presence-storm: more than {PRESENCE_CHANGES_MAX} changes a second"
                );
            }
            self.calm_from = now + PRESENCE_STORM_TIME;
        }
    }

    /// Returns true if there is a storm.
    pub fn is_storm(&self, now: Duration) -> bool {
        now < self.calm_from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_so_many_a_second_are_a_storm_for_a_while() {
        let mut storms = Storms::default();
        let start = Duration::from_secs(100);
        for turn in 0..5 {
            let now = start + PRESENCE_CHANGES_PERIOD * turn;
            (0..PRESENCE_CHANGES_MAX).for_each(|_| storms.count(now));
            assert!(!storms.is_storm(now));
        }
        let now = start + PRESENCE_CHANGES_PERIOD * 5 - Duration::from_millis(1);
        storms.count(now);
        assert!(storms.is_storm(now));
        let end = now + PRESENCE_STORM_TIME;
        assert!(storms.is_storm(end - Duration::from_millis(1)) && !storms.is_storm(end));
        storms.count(end);
        assert!(!storms.is_storm(end));
    }

    #[test]
    fn a_storm_that_goes_on_is_not_over() {
        let mut storms = Storms::default();
        for second in 1..100 {
            let now = Duration::from_secs(second);
            (0..=PRESENCE_CHANGES_MAX).for_each(|_| storms.count(now));
            assert!(storms.is_storm(now + PRESENCE_STORM_TIME / 2));
        }
    }
}
