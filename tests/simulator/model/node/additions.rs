//! Whom people asked to join groups, or added to them, which is counted by the hour.

use std::time::Duration;

use chatsrv::chat::name::Number;
use chatsrv::limits::{ADDITIONS_PER_PERIOD_MAX, ADDITIONS_PERIOD};

use super::NodeModel;

/// All additions: by whom, how many, and when.
#[derive(Debug, Default)]
pub struct Additions {
    all: Vec<(Number, usize, Duration)>,
    /// When the hour began that was counted last.
    hour: Duration,
}

impl Additions {
    /// When the hour began that it is now, if something is counted.
    fn hour(&self, now: Duration) -> Duration {
        if now - self.hour >= ADDITIONS_PERIOD { now } else { self.hour }
    }

    fn made_by(&self, user: Number, now: Duration) -> usize {
        let since = self.hour(now);
        let own = self.all.iter().filter(|(by, _, at)| *by == user && *at >= since);
        own.map(|(_, count, _)| count).sum()
    }
}

impl NodeModel {
    /// Whether somebody may add so many more.
    pub(super) fn may_add(&self, by: Number, more: usize) -> bool {
        let made = self.groups.additions.made_by(by, self.now);
        let has_room = made + more <= ADDITIONS_PER_PERIOD_MAX;
        !self.config.bounds_rates || more == 0 || has_room
    }

    /// Somebody adds so many. False if that may not be.
    pub(super) fn count_additions(&mut self, by: Number, more: usize) -> bool {
        if !self.config.bounds_rates {
            return true;
        }
        let may_add = self.may_add(by, more);
        let additions = &mut self.groups.additions;
        additions.hour = additions.hour(self.now);
        if may_add && more > 0 {
            additions.all.push((by, more, self.now));
        }
        may_add
    }
}
