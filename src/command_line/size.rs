//! A number of bytes as people write it.

use std::fmt;
use std::str::FromStr;

/// A number of bytes. It reads as `64KiB`, `1 GiB` or plain bytes, and is written with the largest
/// unit that divides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

const UNITS: [(&str, u64); 4] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

impl Size {
    /// So many KiB.
    pub const fn kib(count: u64) -> Self {
        Size(count << 10)
    }

    /// So many MiB.
    pub const fn mib(count: u64) -> Self {
        Size(count << 20)
    }

    /// So many GiB.
    pub const fn gib(count: u64) -> Self {
        Size(count << 30)
    }
}

/// A text that is no size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSize;

impl fmt::Display for InvalidSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write a size as 64KiB, 10MiB, 1GiB, or as a number of bytes")
    }
}

impl std::error::Error for InvalidSize {}

impl FromStr for Size {
    type Err = InvalidSize;

    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (count, unit) = text.split_at(digits);
        let count: u64 = count.parse().map_err(|_| InvalidSize)?;
        let factor = match unit.trim_start_matches(' ') {
            "" | "B" => 1,
            unit => {
                let named = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
                named.ok_or(InvalidSize)?.1
            }
        };
        count.checked_mul(factor).map(Size).ok_or(InvalidSize)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole =
            |(_, factor): &&(&str, u64)| self.0 >= *factor && self.0.is_multiple_of(*factor);
        match UNITS.iter().find(whole) {
            Some((name, factor)) => write!(f, "{}{name}", self.0 / factor),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4096),
            ("4096B", 4096),
            ("64KiB", 65_536),
            ("64 kib", 65_536),
            ("1MiB", 1 << 20),
            ("3GiB", 3 << 30),
            ("2TiB", 2 << 40),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in ["", "KiB", "-1", "+1", "1.5MiB", "1 M", "1KB", "1KiB ", "99999999999999999999"]
        {
            assert_eq!(text.parse::<Size>(), Err(InvalidSize), "{text}");
        }
        assert_eq!("16777216TiB".parse::<Size>(), Err(InvalidSize), "it overflows");
    }

    #[test]
    fn sizes_are_written_as_they_are_read() {
        for text in ["0", "1000", "1KiB", "1MiB", "1025KiB", "4GiB"] {
            let size: Size = text.parse().unwrap();
            assert_eq!(size.to_string(), text);
        }
        assert_eq!(Size::kib(64), Size(65_536));
        assert_eq!(Size::mib(1).to_string(), "1MiB");
    }
}
