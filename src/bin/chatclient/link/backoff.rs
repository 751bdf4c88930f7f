//! When to try again: waits that grow, each a random part of its bound (full jitter), so that
//! thousands of clients do not come back to a server that has restarted all at once.

use std::time::Duration;

/// The bound of the first wait.
const FIRST: Duration = Duration::from_secs(1);
/// The bound of every later wait.
const LONGEST: Duration = Duration::from_secs(60);

/// A row of waits.
#[derive(Debug, Default)]
pub struct Backoff {
    tries: u32,
}

impl Backoff {
    /// How long to wait before the next try.
    pub fn next_wait(&mut self) -> Duration {
        let bound = self.bound();
        self.tries = self.tries.saturating_add(1);
        bound.mul_f64(fastrand::f64())
    }

    /// It went well: the next row begins anew.
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
