//! A rate limit of recounts: checks which of a user's files are still in the shared folder.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::chat::name::Number;

/// The shortest time between two recounts of one user, since each checks all of the user's files,
/// which may be a million.
const PAUSE: Duration = Duration::from_secs(60);

/// The users whose files were recounted in the last minute, and when.
#[derive(Debug, Default)]
pub(in crate::store) struct Recounts(HashMap<Number, Instant>);

impl Recounts {
    /// Returns true if a user's files may be recounted now, and notes the recount.
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
