//! Several lines that were pasted at once, and what the user can do with them.

use chatsrv::display::editor::LINE_BYTES_MAX;
use chatsrv::display::safe_text::{SafeText, safe};

use super::keys::Key;
use crate::input::destination::Destination;
use crate::ui::interface::Pasted;

/// The largest number of lines in a paste; each waits until the ones before it are handled.
const LINES_MAX: usize = 200;

/// The line break within a message.
const LINE_BREAK: &str = "\u{2028}";

/// Lines that were pasted, without control characters.
#[derive(Debug, PartialEq, Eq)]
pub struct Paste {
    lines: Vec<String>,
}

/// The error for a paste of too many lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl Paste {
    /// Splits a paste into lines; `None` if it is a single line.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn cut(text: &str) -> Result<Option<Self>, TooMany> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.trim_end_matches('\n');
        let clean = |line: &str| line.chars().filter(|c| *c == '\t' || !c.is_control()).collect();
        let lines: Vec<String> = text.split('\n').map(clean).collect();
        match lines.len() {
            1 => Ok(None),
            2..=LINES_MAX => Ok(Some(Paste { lines })),
            _ => Err(TooMany),
        }
    }

    /// The question to the user, for lines with the destination `to`.
    pub fn question(&self, to: &Destination) -> SafeText {
        let count = self.lines.len();
        if !to.takes_messages() {
            return safe!("take {count} lines as if typed? y, j joined, n not: ");
        }
        let empty = match count - self.said().count() {
            0 => String::new(),
            empty => format!(" ({empty} empty)"),
        };
        let one = if self.one().is_some() { ", o as one" } else { "" };
        safe!("send {count} lines{empty} to {to}? y each{one}, j joined, n not: ")
    }

    /// Handles each line by itself: as a message if `to` takes messages, else as if it had been
    /// typed.
    pub fn each(self, to: &Destination) -> Pasted {
        match to.takes_messages() {
            true => Pasted::Messages(self.said().cloned().collect()),
            false => Pasted::Typed(self.lines),
        }
    }

    /// The keys with which the lines would be typed.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = Key> {
        let keys = |line: &String| line.chars().map(Key::Char).chain([Key::Enter]).collect();
        let keys: Vec<Vec<Key>> = self.lines.iter().map(keys).collect();
        keys.into_iter().flatten()
    }

    /// All lines as one message; `None` if it is too long.
    pub fn one(&self) -> Option<String> {
        let text = self.lines.join(LINE_BREAK);
        (text.len() <= LINE_BYTES_MAX).then_some(text)
    }

    /// All lines joined to one.
    pub fn joined(&self) -> String {
        self.lines.join(" ")
    }

    fn said(&self) -> impl Iterator<Item = &String> {
        self.lines.iter().filter(|line| !line.trim().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Paste {
        Paste::cut(text).unwrap().unwrap()
    }

    #[test]
    fn one_line_is_no_block() {
        assert_eq!(Paste::cut("a\tb\r\n"), Ok(None));
        assert_eq!(Paste::cut(&"a\n".repeat(LINES_MAX + 1)), Err(TooMany));
    }

    #[test]
    fn in_a_chat_every_line_stands_as_it_is() {
        let to = Destination::Chat("bob".parse().unwrap());
        let paste = cut("// a\r\n\tint x;\n\n/* b */\x1b[m\nPM\n");
        let asked = "send 5 lines (1 empty) to bob? y each, o as one, j joined, n not: ";
        assert_eq!(paste.question(&to).as_str(), asked);
        let one = "// a\u{2028}\tint x;\u{2028}\u{2028}/* b */[m\u{2028}PM";
        assert_eq!(paste.one().unwrap(), one);
        let lines = ["// a", "\tint x;", "/* b */[m", "PM"].map(String::from);
        assert_eq!(paste.each(&to), Pasted::Messages(lines.into()));
    }

    #[test]
    fn elsewhere_the_lines_are_as_if_typed() {
        let paste = cut("PM\n\nhello");
        assert!(paste.question(&Destination::Nowhere).as_str().contains("3 lines as if typed"));
        assert_eq!(paste.joined(), "PM  hello");
        let lines = ["PM", "", "hello"].map(String::from);
        assert_eq!(paste.each(&Destination::Nowhere), Pasted::Typed(lines.into()));
    }

    #[test]
    fn what_fits_no_line_is_no_message() {
        let to = Destination::Chat("*".parse().unwrap());
        let paste = cut(&"x\n".repeat(LINES_MAX).replace('x', &"x".repeat(99)));
        assert_eq!(paste.one(), None);
        let asked = "send 200 lines to everyone? y each, j joined, n not: ";
        assert_eq!(paste.question(&to).as_str(), asked);
    }
}
