//! The additions of users to groups by others, of which one user may make so many an hour: each
//! tells somebody something.

use std::collections::HashMap;
use std::time::Duration;

use crate::chat::refusal::Refusal;
use crate::hub::accounts::directory::UserIndex;
use crate::limits::{ADDITIONS_PER_PERIOD_MAX, ADDITIONS_PERIOD};

/// The number of users whom each user has asked to join groups, or added to them, in the current
/// period.
#[derive(Debug, Default)]
pub struct Additions {
    made: HashMap<UserIndex, usize>,
    /// The beginning of the period, on the monotonic clock.
    since: Duration,
}

impl Additions {
    /// Counts additions.
    ///
    /// # Errors
    /// [`Refusal::TooManyAdditions`] if they are too many; then none is counted.
    pub fn count(&mut self, by: UserIndex, more: usize, now: Duration) -> Result<(), Refusal> {
        if now.saturating_sub(self.since) >= ADDITIONS_PERIOD {
            self.made.clear();
            self.since = now;
        }
        if more == 0 {
            return Ok(());
        }
        let made = self.made.entry(by).or_default();
        if *made + more > ADDITIONS_PER_PERIOD_MAX {
            return Err(Refusal::TooManyAdditions);
        }
        *made += more;
        Ok(())
    }
}
