//! Exponential backoff with full jitter: each wait is a random part of a bound that grows, so that
//! thousands of clients do not connect at the same moment to a server that has restarted.

use std::time::Duration;

/// The bound of the first wait. Each later one has twice the bound of the one before.
const FIRST: Duration = Duration::from_secs(1);
/// The largest bound.
const LONGEST: Duration = Duration::from_secs(60);

/// A sequence of waits.
#[derive(Debug, Default)]
pub struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The wait before the next attempt.
    pub fn next_wait(&mut self) -> Duration {
        let bound = self.bound();
        self.tries = self.tries.saturating_add(1);
        bound.mul_f64(fastrand::f64())
    }

    /// Begins a new sequence, after a success.
    pub fn reset(&mut self) {
        self.tries = 0;
    }

    fn bound(&self) -> Duration {
        FIRST.saturating_mul(2u32.saturating_pow(self.tries)).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_double_up_to_a_minute_and_begin_anew() {
        let mut backoff = Backoff::default();
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(backoff.bound(), Duration::from_secs(seconds));
            assert!(backoff.next_wait() <= Duration::from_secs(seconds));
        }
        (0..100).for_each(|_| assert!(backoff.next_wait() <= LONGEST));
        backoff.reset();
        assert_eq!(backoff.bound(), FIRST);
    }
}
