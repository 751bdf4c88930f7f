//! A rate limit of log lines about connections that have not logged in. Anybody can cause such a
//! line for free, and ten thousand in a second must not displace from the log what the operator has
//! to know.

use std::time::Duration;

use super::timers::{Timer, Timers};
use crate::limits::{STRANGER_LINES_MAX, STRANGER_LINES_PERIOD};

/// The rate limit: a count of lines in the current period.
#[derive(Debug, Default)]
pub struct StrangerLines {
    /// The end of the period; zero before the first line.
    ends_at: Duration,
    /// How many lines were written in it.
    written: u32,
    /// How many lines were suppressed in it.
    left_out: u64,
}

impl StrangerLines {
    /// Returns true if one more line may be written now. The first one that may not adds an entry
    /// to `timers`, for the time at which the number of suppressed lines is to be logged.
    pub fn may_write(&mut self, now: Duration, timers: &mut Timers<Timer>) -> bool {
        if now >= self.ends_at && self.left_out == 0 {
            self.ends_at = now + STRANGER_LINES_PERIOD;
            self.written = 0;
        }
        if self.written < STRANGER_LINES_MAX {
            self.written += 1;
            return true;
        }
        if self.left_out == 0 {
            timers.add(self.ends_at, Timer::Strangers);
        }
        self.left_out += 1;
        false
    }

    /// Logs how many lines were suppressed, if any were.
    pub fn tell(&mut self) {
        let lines = std::mem::take(&mut self.left_out);
        if lines > 0 {
            log::info!("event=strangers lines={lines}: more than {STRANGER_LINES_MAX} a second");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_so_many_lines_and_the_rest_is_counted() {
        let mut lines = StrangerLines::default();
        let mut timers = Timers::with_room_for(8);
        let start = Duration::from_secs(7);
        for _ in 0..STRANGER_LINES_MAX {
            assert!(lines.may_write(start, &mut timers));
        }
        assert_eq!(timers.next(), None);
        assert!(!lines.may_write(start, &mut timers));
        assert!(!lines.may_write(start, &mut timers));
        let next = start + STRANGER_LINES_PERIOD;
        assert_eq!(timers.pop_due(next), Some((next, Timer::Strangers)));
        assert!(!lines.may_write(next, &mut timers), "the first two are not told of yet");
        assert_eq!((lines.left_out, timers.next()), (3, None));
        lines.tell();
        assert!(lines.may_write(next, &mut timers));
        assert_eq!(lines.left_out, 0);
    }
}
