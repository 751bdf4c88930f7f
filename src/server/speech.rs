//! The limit of what one user says, over all sessions: so many bytes a second, with bursts. More is
//! read later.
//!
//! The state belongs to users, since a user with sixteen sessions is no louder than one with one.
//! It takes memory only for those who spoke within the time of a burst.

use std::collections::HashMap;
use std::time::Duration;

use crate::chat::name::UserName;
use crate::limits::SPEECH_BURST_BYTES;

/// The number of speakers who are remembered before it is looked who need not be any more.
const SPEAKERS_KEPT: usize = 64;

/// The limit, by the generic cell rate algorithm of ITU-T I.371.
#[derive(Clone, Copy, Debug)]
struct SpeechRate {
    bytes_per_second: u64,
    /// How far users may be ahead of that.
    burst: Duration,
}

/// The limit, and how much those have said who spoke lately.
#[derive(Debug)]
pub struct Speech {
    rate: Option<SpeechRate>,
    /// By user: when the next byte would be on time.
    speakers: HashMap<UserName, Duration>,
    /// With so many speakers, those who are on time again are forgotten.
    crowded_at: usize,
    /// Until then somebody has to wait.
    waits_until: Duration,
}

impl Speech {
    /// Creates the limit of so many bytes a second; 0 is none. A burst is
    /// [`SPEECH_BURST_BYTES`], or what may be said in a second if that is more.
    pub fn new(bytes_per_second: u64) -> Self {
        let burst = SPEECH_BURST_BYTES.max(bytes_per_second);
        let rate = (bytes_per_second > 0)
            .then(|| SpeechRate { bytes_per_second, burst: time_for(burst, bytes_per_second) });
        Speech {
            rate,
            speakers: HashMap::new(),
            crowded_at: SPEAKERS_KEPT,
            waits_until: Duration::ZERO,
        }
    }

    /// Returns true if nobody has to wait, which is so nearly always.
    #[inline]
    pub fn is_quiet(&self, now: Duration) -> bool {
        self.waits_until <= now
    }

    /// Returns how long the next words of a user have to wait, if those before came too fast.
    pub fn delay(&self, user: UserName, now: Duration) -> Option<Duration> {
        let ahead = self.speakers.get(&user)?.saturating_sub(now);
        ahead.checked_sub(self.rate?.burst).filter(|delay| !delay.is_zero())
    }

    /// Counts what a user said, in bytes.
    pub fn count(&mut self, user: UserName, bytes: usize, now: Duration) {
        let Some(rate) = self.rate else { return };
        if self.speakers.len() >= self.crowded_at {
            self.speakers.retain(|_, on_time_at| *on_time_at > now);
            self.crowded_at = SPEAKERS_KEPT.max(2 * self.speakers.len());
        }
        let on_time_at = self.speakers.entry(user).or_insert(now);
        *on_time_at = (*on_time_at).max(now) + time_for(bytes as u64, rate.bytes_per_second);
        self.waits_until = self.waits_until.max(on_time_at.saturating_sub(rate.burst));
    }
}

/// How long it takes to say so many bytes.
fn time_for(bytes: u64, bytes_per_second: u64) -> Duration {
    let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(bytes_per_second);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;

    fn second(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn user(name: &str) -> UserName {
        name.parse().unwrap()
    }

    #[test]
    fn a_burst_is_said_at_once_and_more_at_the_rate() {
        let mut speech = Speech::new(16 * KIB as u64);
        let (alice, bob, now) = (user("alice"), user("bob"), second(5));
        for _ in 0..16 {
            assert_eq!(speech.delay(alice, now), None);
            speech.count(alice, 16 * KIB, now);
        }
        assert!(speech.is_quiet(now));
        assert_eq!(speech.delay(alice, now), None, "up to the burst");
        speech.count(alice, 32 * KIB, now);
        assert!(!speech.is_quiet(now));
        assert_eq!(speech.delay(user("Alice"), now), Some(second(2)), "in any session");
        assert_eq!(speech.delay(bob, now), None);
        assert_eq!(speech.delay(alice, second(6)), Some(second(1)));
        assert_eq!(speech.delay(alice, second(7)), None);
        assert!(speech.is_quiet(second(7)));
    }

    #[test]
    fn a_burst_takes_a_second_at_least_and_no_limit_counts_nobody() {
        let mut fast = Speech::new(1 << 20);
        fast.count(user("alice"), 1 << 20, second(1));
        assert!(fast.is_quiet(second(1)));
        let mut none = Speech::new(0);
        none.count(user("alice"), usize::MAX, second(1));
        assert!(none.is_quiet(second(1)) && none.speakers.is_empty());
    }

    #[test]
    fn who_is_on_time_again_is_forgotten() {
        let mut speech = Speech::new(1024);
        for number in 0..1000 {
            speech.count(user(&format!("user{number}")), 1024, second(number));
            assert!(speech.speakers.len() <= SPEAKERS_KEPT);
        }
    }
}
