//! Formats times, sizes and durations for people, in the local time zone.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::chat::id::MessageId;

/// The local time at which the server took a message, with the date if that is not today; `--:--`
/// for a time beyond the calendar's range.
pub fn moment(id: MessageId) -> String {
    moment_seen_on(id, Timestamp::now())
}

/// The local time now.
pub fn now() -> String {
    Timestamp::now().to_zoned(TimeZone::system()).strftime("%H:%M").to_string()
}

fn moment_seen_on(id: MessageId, now: Timestamp) -> String {
    let stamp =
        i64::try_from(id.0).ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let date = |stamp: Timestamp| stamp.to_zoned(TimeZone::system()).date();
    let is_today = stamp.is_some_and(|stamp| date(stamp) == date(now));
    local(stamp, if is_today { "%H:%M" } else { "%Y-%m-%d %H:%M" }, "--:--")
}

/// The local date and time of a time in seconds since the Unix epoch; `-` beyond the calendar's
/// range.
pub fn date_and_time(seconds: i64) -> String {
    local(Timestamp::from_second(seconds).ok(), "%Y-%m-%d %H:%M", "-")
}

/// The local date and time of a time in seconds since the Unix epoch, as the protocol tells it.
pub fn date_of(seconds: u64) -> String {
    date_and_time(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// How long something lasts, in seconds, in its two largest units: `45s`, `1h 30m`, `7d`.
pub fn term(seconds: u32) -> String {
    const UNITS: [(u32, char); 4] = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];
    let first = UNITS.iter().position(|(unit, _)| seconds >= *unit).unwrap_or(UNITS.len() - 1);
    let mut left = seconds;
    let parts = UNITS[first..].iter().take(2).map(|(unit, letter)| {
        let count = left / unit;
        left %= unit;
        (count, letter)
    });
    let parts = parts.enumerate().filter(|(at, (count, _))| *at == 0 || *count > 0);
    parts.map(|(_, (count, letter))| format!("{count}{letter}")).collect::<Vec<_>>().join(" ")
}

/// The local time in so many seconds, with the date if that is not today.
pub fn time_in(seconds: u32) -> String {
    time_after(Timestamp::now(), seconds)
}

fn time_after(now: Timestamp, seconds: u32) -> String {
    let end = now.as_microsecond() / 1_000_000 * 1_000_000 + i64::from(seconds) * 1_000_000;
    moment_seen_on(MessageId(u64::try_from(end).unwrap_or_default()), now)
}

fn local(stamp: Option<Timestamp>, format: &str, otherwise: &str) -> String {
    stamp.map_or_else(
        || otherwise.to_string(),
        |stamp| stamp.to_zoned(TimeZone::system()).strftime(format).to_string(),
    )
}

/// A number of bytes, to three digits: `999 B`, `1.5 KiB`, `12 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(value < 9.95);
    format!("{value:.digits$} {}", UNITS[unit])
}

/// A duration in minutes and seconds, and hours if there are any: `0:07`, `12:34`, `1:02:03`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_three_digits() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (10_189, "10 KiB"),
            (1_048_000, "1023 KiB"),
            (1_048_575, "1.0 MiB"),
            (1 << 30, "1.0 GiB"),
            (u64::MAX, "16 EiB"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(size(bytes), expected, "{bytes}");
        }
    }

    #[test]
    fn durations_read_like_a_clock() {
        for (seconds, expected) in [(7, "0:07"), (754, "12:34"), (3723, "1:02:03")] {
            assert_eq!(duration(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn a_term_has_its_two_largest_units() {
        let terms = [
            (0, "0s"),
            (45, "45s"),
            (60, "1m"),
            (3_600, "1h"),
            (5_430, "1h 30m"),
            (86_430, "1d"),
            (7 * 86_400 + 7_200, "7d 2h"),
            (u32::MAX, "49710d 6h"),
        ];
        for (seconds, expected) in terms {
            assert_eq!(term(seconds), expected);
        }
    }

    #[test]
    fn an_end_has_a_date_if_it_is_on_another_day() {
        let now = Timestamp::from_second(1_795_521_601).unwrap();
        assert_eq!(time_after(now, 0).len(), "12:00".len());
        assert_eq!(time_after(now, 2 * 86_400).len(), "2026-11-24 12:00".len());
    }

    #[test]
    fn a_time_out_of_any_calendar_is_no_panic() {
        assert_eq!(moment(MessageId(u64::MAX)), "--:--");
        assert_eq!(date_and_time(i64::MIN), "-");
    }

    #[test]
    fn a_time_of_another_day_has_its_date() {
        let id = MessageId(1_795_521_601_123_456);
        let day = |n: i64| Timestamp::from_second(1_795_521_601 + n * 86_400).unwrap();
        assert_eq!(moment_seen_on(id, day(0)).len(), "12:00".len());
        let shown = moment_seen_on(id, day(1));
        assert!(shown.starts_with("2026-11-2") && shown.len() == "2026-11-24 12:00".len());
    }
}
