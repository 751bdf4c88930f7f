//! How long something lasts, as people say it, and until when it does.

use std::fmt;
use std::str::FromStr;

/// The longest time that can be said: ten years, in seconds.
pub const TERM_SECONDS_MAX: u32 = 10 * 365 * 24 * 60 * 60;

/// How long something is to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// So many seconds, at least one and at most [`TERM_SECONDS_MAX`].
    For(u32),
    /// Until somebody ends it.
    Ever,
}

/// A text that is not a valid [`Term`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidTerm {
    /// It is no time at all: it may be another word.
    NotATime,
    /// It is a time, but none that something can last.
    OutOfRange,
}

/// The time until which something lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Until {
    /// A time, in seconds since the Unix epoch.
    Time(u64),
    /// Until somebody ends it.
    Ever,
}

/// What is left of the time that something lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeLeft {
    /// So many seconds; 0 if it is over.
    Seconds(u32),
    /// It lasts until somebody ends it.
    Ever,
}

impl Term {
    /// The time at which it is over if it begins at a time, in seconds since the Unix epoch.
    pub fn from(self, begin: u64) -> Until {
        match self {
            Term::For(seconds) => Until::Time(begin.saturating_add(seconds.into())),
            Term::Ever => Until::Ever,
        }
    }
}

impl Until {
    /// Returns true if it is over at a time, in seconds since the Unix epoch.
    pub fn is_over(self, now: u64) -> bool {
        matches!(self, Until::Time(end) if end <= now)
    }

    /// What is left of it at a time, in seconds since the Unix epoch.
    pub fn left(self, now: u64) -> TimeLeft {
        match self {
            Until::Time(end) => {
                TimeLeft::Seconds(u32::try_from(end.saturating_sub(now)).unwrap_or(u32::MAX))
            }
            Until::Ever => TimeLeft::Ever,
        }
    }
}

impl FromStr for Term {
    type Err = InvalidTerm;

    /// Reads digits and one of `s m h d`, or `ever` in capitals or not.
    fn from_str(text: &str) -> Result<Self, InvalidTerm> {
        if text.eq_ignore_ascii_case("ever") {
            return Ok(Term::Ever);
        }
        let unit = match text.as_bytes().last() {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 60 * 60,
            Some(b'd') => 24 * 60 * 60,
            _ => return Err(InvalidTerm::NotATime),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidTerm::NotATime);
        }
        let seconds = digits.parse::<u32>().ok().and_then(|count| count.checked_mul(unit));
        match seconds {
            Some(seconds @ 1..=TERM_SECONDS_MAX) => Ok(Term::For(seconds)),
            _ => Err(InvalidTerm::OutOfRange),
        }
    }
}

impl fmt::Display for Term {
    /// Writes it so that it is read as the same: in the largest unit that fits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Term::For(seconds) = *self else { return f.write_str("ever") };
        for (unit, letter) in [(24 * 60 * 60, 'd'), (60 * 60, 'h'), (60, 'm')] {
            if seconds % unit == 0 {
                return write!(f, "{}{letter}", seconds / unit);
            }
        }
        write!(f, "{seconds}s")
    }
}

impl fmt::Display for Until {
    /// Writes the time in seconds since the Unix epoch, or `ever`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Until::Time(time) => write!(f, "{time}"),
            Until::Ever => f.write_str("ever"),
        }
    }
}

impl FromStr for Until {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, std::num::ParseIntError> {
        match text {
            "ever" => Ok(Until::Ever),
            time => time.parse().map(Until::Time),
        }
    }
}

impl fmt::Display for TimeLeft {
    /// Writes the seconds, or `ever`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TimeLeft::Seconds(seconds) => write!(f, "{seconds}"),
            TimeLeft::Ever => f.write_str("ever"),
        }
    }
}

impl FromStr for TimeLeft {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, std::num::ParseIntError> {
        match text {
            "ever" => Ok(TimeLeft::Ever),
            seconds => seconds.parse().map(TimeLeft::Seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_read_as_it_is_written() {
        for (text, term) in [
            ("1s", Term::For(1)),
            ("90s", Term::For(90)),
            ("30m", Term::For(1_800)),
            ("2h", Term::For(7_200)),
            ("3650d", Term::For(TERM_SECONDS_MAX)),
            ("ever", Term::Ever),
        ] {
            assert_eq!(text.parse(), Ok(term));
            assert_eq!(term.to_string(), text);
        }
        assert_eq!("EVER".parse(), Ok(Term::Ever));
        assert_eq!("0060s".parse(), Ok(Term::For(60)));
    }

    #[test]
    fn a_time_that_nothing_can_last_is_another_error_than_another_word() {
        for text in ["0s", "0d", "3651d", "87601h", "4294967297s", "99999999999999999999d"] {
            assert_eq!(text.parse::<Term>(), Err(InvalidTerm::OutOfRange), "{text}");
        }
        for text in ["", "s", "7", "7w", "7D", "-7d", "+7d", "7 d", "seven", "d7", "é"] {
            assert_eq!(text.parse::<Term>(), Err(InvalidTerm::NotATime), "{text}");
        }
    }

    #[test]
    fn what_is_left_counts_down_to_nothing() {
        let until = Term::For(60).from(1_000);
        assert_eq!(until, Until::Time(1_060));
        assert_eq!(until.left(1_000), TimeLeft::Seconds(60));
        assert_eq!(until.left(1_059), TimeLeft::Seconds(1));
        assert!(!until.is_over(1_059) && until.is_over(1_060));
        assert_eq!(until.left(2_000), TimeLeft::Seconds(0));
        assert_eq!(Term::Ever.from(1_000).left(u64::MAX), TimeLeft::Ever);
    }
}
