//! A rate limiter for the lines from one connection.

use std::time::Duration;

use crate::server::clock::Moment;

/// The limit: one line every interval, with bursts (the generic cell rate algorithm of ITU-T
/// I.371).
#[derive(Clone, Copy, Debug)]
pub struct LineRate {
    /// The time between two lines.
    pub interval: Duration,
    /// How far lines may be ahead of that.
    pub burst: Duration,
}

impl LineRate {
    /// The limit of `lines` a second, with bursts of twice as many; `None` for 0, which is no
    /// limit.
    pub fn per_second(lines: u32) -> Option<Self> {
        let interval = Duration::from_secs(1).checked_div(lines)?;
        Some(LineRate { interval, burst: interval * lines.saturating_mul(2).saturating_sub(1) })
    }
}

/// The state of the rate limiter of one connection.
#[derive(Debug)]
pub struct Pace {
    /// When the next line would be on time (the theoretical arrival time of the algorithm).
    next_line_at: Moment,
}

impl Pace {
    /// Creates the state of a connection that has not sent a line.
    pub fn new(now: Duration) -> Self {
        Pace { next_line_at: now.into() }
    }

    /// Returns how long the next line has to wait, if the lines before it came too fast.
    pub fn line_delay(&self, now: Duration, rate: LineRate) -> Option<Duration> {
        let ahead = Duration::from(self.next_line_at).saturating_sub(now);
        ahead.checked_sub(rate.burst).filter(|delay| !delay.is_zero())
    }

    /// Counts lines.
    pub fn count_lines(&mut self, lines: u32, now: Duration, rate: LineRate) {
        let from = Duration::from(self.next_line_at).max(now);
        self.next_line_at = (from + rate.interval * lines).into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_in_a_burst_and_then_at_the_rate() {
        let mut pace = Pace::new(Duration::ZERO);
        let rate = LineRate::per_second(10).unwrap();
        let mut now = Duration::from_secs(5);
        for _ in 0..20 {
            assert_eq!(pace.line_delay(now, rate), None);
            pace.count_lines(1, now, rate);
        }
        assert_eq!(pace.line_delay(now, rate), Some(Duration::from_millis(100)));
        now += Duration::from_millis(100);
        assert_eq!(pace.line_delay(now, rate), None);
        pace.count_lines(1, now, rate);
        pace.count_lines(5, now, rate);
        assert_eq!(pace.line_delay(now, rate), Some(Duration::from_millis(600)), "six lines");
        assert!(LineRate::per_second(0).is_none());
        assert!(LineRate::per_second(u32::MAX).is_some());
    }
}
