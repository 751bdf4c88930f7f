//! How fast lines may come from one connection.

use std::time::Duration;

use crate::server::clock::Moment;

/// How fast lines may come: one every interval, and up to a burst ahead of that (the generic cell
/// rate algorithm of ITU-T I.371).
#[derive(Clone, Copy, Debug)]
pub struct LineRate {
    /// One line every so often.
    pub interval: Duration,
    /// How far ahead of that they may be.
    pub burst: Duration,
}

impl LineRate {
    /// `lines` a second with a burst of twice that; 0 is no limit.
    pub fn per_second(lines: u32) -> Option<Self> {
        let interval = Duration::from_secs(1).checked_div(lines)?;
        Some(LineRate { interval, burst: interval * lines.saturating_mul(2).saturating_sub(1) })
    }
}

/// How fast lines have come.
#[derive(Debug)]
pub struct Pace {
    /// When the next line would be on time.
    next_line_at: Moment,
}

impl Pace {
    /// The pace of a connection from which no line has come.
    pub fn new(now: Duration) -> Self {
        Pace { next_line_at: now.into() }
    }

    /// How long the next line has to wait, where those before it came too fast.
    pub fn line_delay(&self, now: Duration, rate: LineRate) -> Option<Duration> {
        let ahead = Duration::from(self.next_line_at).saturating_sub(now);
        ahead.checked_sub(rate.burst).filter(|delay| !delay.is_zero())
    }

    /// Takes a line into account.
    pub fn count_line(&mut self, now: Duration, rate: LineRate) {
        let from = Duration::from(self.next_line_at).max(now);
        self.next_line_at = (from + rate.interval).into();
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
            pace.count_line(now, rate);
        }
        assert_eq!(pace.line_delay(now, rate), Some(Duration::from_millis(100)));
        now += Duration::from_millis(100);
        assert_eq!(pace.line_delay(now, rate), None);
        pace.count_line(now, rate);
        assert!(pace.line_delay(now, rate).is_some());
        assert!(LineRate::per_second(0).is_none());
        assert!(LineRate::per_second(u32::MAX).is_some());
    }
}
