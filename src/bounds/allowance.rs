//! How often something may happen.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

/// The longest period of an allowance; so sums with the clock can't overflow.
pub const PERIOD_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// How often something may happen: so many times at once, and from then on as many in each period,
/// at even intervals (the generic cell rate algorithm of ITU-T I.371). It reads as `60/1m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    times: NonZeroU32,
    period: Duration,
}

/// A text that is no allowance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAllowance;

impl fmt::Display for InvalidAllowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write how often as 60/1m or 5/1h: a number from 1 on, and a time")
    }
}

impl std::error::Error for InvalidAllowance {}

impl Allowance {
    /// So many times, one at least, and as many in each period.
    pub const fn new(times: u32, period: Duration) -> Self {
        let times = match NonZeroU32::new(times) {
            Some(times) => times,
            None => NonZeroU32::MIN,
        };
        Allowance { times, period }
    }

    /// The same with `factor` times as many.
    pub fn times(self, factor: u32) -> Self {
        let factor = NonZeroU32::new(factor).unwrap_or(NonZeroU32::MIN);
        Allowance { times: self.times.saturating_mul(factor), ..self }
    }

    /// The time after which one more is allowed, once all are used up.
    pub fn interval(self) -> Duration {
        self.period / self.times.get()
    }

    /// The time by which what happens may be ahead of one in each interval.
    pub fn burst(self) -> Duration {
        self.interval() * (self.times.get() - 1)
    }
}

impl FromStr for Allowance {
    type Err = InvalidAllowance;

    fn from_str(text: &str) -> Result<Self, InvalidAllowance> {
        let (times, period) = text.split_once('/').ok_or(InvalidAllowance)?;
        if !times.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidAllowance);
        }
        let times = times.parse().map_err(|_| InvalidAllowance)?;
        let period = humantime::parse_duration(period).map_err(|_| InvalidAllowance)?;
        match period.is_zero() || period > PERIOD_MAX {
            true => Err(InvalidAllowance),
            false => Ok(Allowance { times, period }),
        }
    }
}

impl fmt::Display for Allowance {
    /// Writes `60/1m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.times, humantime::format_duration(self.period))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowance(text: &str) -> Allowance {
        text.parse().unwrap()
    }

    #[test]
    fn allowances_are_read_as_they_are_written() {
        for text in ["60/1m", "5/1h", "1/1s", "4294967295/1day", "60/10m"] {
            assert_eq!(allowance(text).to_string(), text);
        }
        assert_eq!(allowance("60/60s"), allowance("60/1m"));
        assert_eq!(allowance("5/1h").interval(), Duration::from_secs(720));
        assert_eq!(allowance("5/1h").burst(), Duration::from_secs(4 * 720));
        assert_eq!(allowance("5/1h").times(4), allowance("20/1h"));
        assert_eq!(allowance("4294967295/1ns").times(4).burst(), Duration::ZERO);
        assert!(allowance("4294967295/3650d").burst() <= PERIOD_MAX);
    }

    #[test]
    fn what_is_no_allowance_is_refused() {
        for text in [
            "",
            "/",
            "60",
            "60/",
            "/1m",
            "0/1m",
            "-1/1m",
            "+1/1m",
            "60/0s",
            "60/m",
            "60/1",
            "6/1m/1m",
            "4294967296/1m",
            "60/3651d",
            "60 /1m",
            "many/1m",
        ] {
            assert_eq!(text.parse::<Allowance>(), Err(InvalidAllowance), "{text}");
        }
    }
}
