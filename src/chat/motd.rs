//! The message of the day: a text of the operator's, which users are told of once.

use std::fmt;

use sha2::{Digest, Sha256};

use super::sha256::Sha256Sum;
use super::text::Text;

/// The most lines of a message of the day.
pub const MOTD_LINES_MAX: usize = 20;
/// The most characters of one of its lines.
pub const MOTD_LINE_CHARS_MAX: usize = 200;
/// The most bytes of a file that can hold one: each character takes four at most, and the end of a
/// line two.
pub const MOTD_BYTES_MAX: usize = MOTD_LINES_MAX * (4 * MOTD_LINE_CHARS_MAX + 2);

/// The message of the day: at most [`MOTD_LINES_MAX`] lines of [`MOTD_LINE_CHARS_MAX`] characters,
/// without control characters but TAB. With no line, there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageOfTheDay(Box<[Box<str>]>);

/// The reason why a text is no message of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidMotd {
    /// It has more bytes than one can have.
    TooLarge,
    /// It is not UTF-8.
    NotUtf8,
    /// It has too many lines.
    TooManyLines,
    /// A line, by its number, has too many characters.
    LineTooLong(usize),
    /// A line, by its number, holds a control character other than TAB.
    ControlCharacter(usize),
}

impl fmt::Display for InvalidMotd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidMotd::TooLarge => write!(f, "it has more than {MOTD_BYTES_MAX} bytes"),
            InvalidMotd::NotUtf8 => f.write_str("it is not UTF-8"),
            InvalidMotd::TooManyLines => write!(f, "it has more than {MOTD_LINES_MAX} lines"),
            InvalidMotd::LineTooLong(line) => {
                write!(f, "line {line} has more than {MOTD_LINE_CHARS_MAX} characters")
            }
            InvalidMotd::ControlCharacter(line) => {
                write!(f, "line {line} holds a control character")
            }
        }
    }
}

impl std::error::Error for InvalidMotd {}

impl MessageOfTheDay {
    /// Parses the bytes of a file. Lines end as on any system, and blank ones at the end do not
    /// count.
    ///
    /// # Errors
    /// See [`InvalidMotd`].
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidMotd> {
        if bytes.len() > MOTD_BYTES_MAX {
            return Err(InvalidMotd::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| InvalidMotd::NotUtf8)?;
        let text = text.trim_end_matches(['\n', '\r', ' ', '\t']);
        let mut lines = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            if number > MOTD_LINES_MAX {
                return Err(InvalidMotd::TooManyLines);
            }
            let line = Text::new(line).map_err(|_| InvalidMotd::ControlCharacter(number))?;
            if line.chars().count() > MOTD_LINE_CHARS_MAX {
                return Err(InvalidMotd::LineTooLong(number));
            }
            lines.push(line.as_str().into());
        }
        Ok(MessageOfTheDay(lines.into()))
    }

    /// Its lines.
    pub fn lines(&self) -> &[Box<str>] {
        &self.0
    }

    /// Its hash, by which it is told apart from those of other days; none if it has no line.
    pub fn sum(&self) -> Option<Sha256Sum> {
        if self.0.is_empty() {
            return None;
        }
        let mut hash = Sha256::new();
        for line in &self.0 {
            hash.update(line.as_bytes());
            hash.update(b"\n");
        }
        Some(Sha256Sum(hash.finalize().into()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(bytes: &[u8]) -> Result<Vec<String>, InvalidMotd> {
        let text = MessageOfTheDay::parse(bytes)?;
        Ok(text.lines().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn lines_end_as_on_any_system_and_blank_ones_at_the_end_do_not_count() {
        let two = ["be kind", "\tand brief"];
        for text in
            ["be kind\n\tand brief", "be kind\r\n\tand brief\r\n", "be kind\n\tand brief\n \n\n"]
        {
            assert_eq!(lines(text.as_bytes()).unwrap(), two, "{text:?}");
        }
        assert_eq!(lines(b"\none\n\ntwo").unwrap(), ["", "one", "", "two"]);
        for nothing in ["", "\n", " \r\n\t\n"] {
            let text = MessageOfTheDay::parse(nothing.as_bytes()).unwrap();
            assert_eq!((text.lines().len(), text.sum()), (0, None), "{nothing:?}");
        }
    }

    #[test]
    fn what_is_too_long_or_not_text_is_refused() {
        let longest = format!("{}\r\n", "\u{1f44d}".repeat(MOTD_LINE_CHARS_MAX));
        let longest = longest.repeat(MOTD_LINES_MAX);
        assert_eq!(longest.len(), MOTD_BYTES_MAX);
        assert_eq!(lines(longest.as_bytes()).unwrap().len(), MOTD_LINES_MAX);
        let line = "x".repeat(MOTD_LINE_CHARS_MAX + 1);
        for (text, why) in [
            ("x\n".repeat(MOTD_LINES_MAX + 1), InvalidMotd::TooManyLines),
            (format!("{longest}\n"), InvalidMotd::TooLarge),
            (format!("x\n{line}\n"), InvalidMotd::LineTooLong(2)),
            ("x\ny\n\u{1b}[1mz\n".to_owned(), InvalidMotd::ControlCharacter(3)),
            ("x\ry\n".to_owned(), InvalidMotd::ControlCharacter(1)),
            ("x\u{9b}\n".to_owned(), InvalidMotd::ControlCharacter(1)),
        ] {
            assert_eq!(lines(text.as_bytes()), Err(why), "{text:?}");
        }
        assert_eq!(lines(b"caf\xe9"), Err(InvalidMotd::NotUtf8));
    }

    #[test]
    fn the_hash_tells_texts_apart() {
        let sum = |text: &str| MessageOfTheDay::parse(text.as_bytes()).unwrap().sum();
        assert_eq!(sum("one\ntwo"), sum("one\r\ntwo\r\n"));
        assert_ne!(sum("one\ntwo"), sum("onetwo"));
        assert_ne!(sum("one\ntwo"), sum("two\none"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_text_within_the_bounds_or_none(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            if let Ok(text) = MessageOfTheDay::parse(&bytes) {
                prop_assert!(text.lines().len() <= MOTD_LINES_MAX);
                for line in text.lines() {
                    prop_assert!(line.chars().count() <= MOTD_LINE_CHARS_MAX);
                    prop_assert!(Text::new(line).is_ok());
                    prop_assert!(!line.contains('\n'));
                }
            }
        }
    }
}
