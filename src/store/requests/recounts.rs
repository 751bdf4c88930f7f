//! Recounts: looks which of a user's files still stand in the shared folder, bounded in time.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::chat::name::Number;

/// How long nobody looks again. A user may have a million files, and each is looked at.
const PAUSE: Duration = Duration::from_secs(60);

/// The recounts of the last minute: whose files, and when.
#[derive(Debug, Default)]
pub(in crate::store) struct Recounts(HashMap<Number, Instant>);

impl Recounts {
    /// Whether it may be looked at the files of a user now; if so, that is noted.
    pub(in crate::store) fn begin(&mut self, owner: Number, now: Instant) -> bool {
        self.0.retain(|_, last| now.saturating_duration_since(*last) < PAUSE);
        let is_due = !self.0.contains_key(&owner);
        if is_due {
            self.0.insert(owner, now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_one_user_are_looked_at_once_a_minute() {
        let (alice, bob) = (Number(10_001), Number(10_002));
        let mut recounts = Recounts::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(recounts.begin(alice, start));
        assert!(recounts.begin(bob, after(1)));
        assert!(!recounts.begin(alice, after(59)));
        assert!(recounts.begin(alice, after(60)));
        assert!(!recounts.begin(bob, after(60)));
        assert!(recounts.begin(alice, after(200)));
        assert_eq!(recounts.0.len(), 1, "what is long ago is forgotten");
    }
}
