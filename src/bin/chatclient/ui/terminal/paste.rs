//! Several lines that were pasted at once, and what the user can do with them.

use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::outgoing::Outgoing;

use super::keys::Key;
use crate::input::destination::{Destination, Dialogue};
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

    /// The question to the user, for lines with the destination `to`, and the possible answers.
    pub fn question(&self, to: &Destination) -> (SafeText, SafeText) {
        let count = self.lines.len();
        if !to.takes_messages() {
            let what = safe!("take {count} lines as if typed? ");
            return (what, safe!("y, j joined, n not: "));
        }
        let empty = match count - self.said().count() {
            0 => String::new(),
            empty => format!(" ({empty} empty)"),
        };
        let one = if self.one(to).is_some() { ", o as one" } else { "" };
        let what = safe!("send {count} lines{empty} to {to}? ");
        (what, safe!("y each{one}, j joined, n not: "))
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

    /// All lines as one message; `None` if it fits no line of the protocol, or if `to` takes no
    /// messages.
    pub fn one(&self, to: &Destination) -> Option<String> {
        let text = self.lines.join(LINE_BREAK);
        let line = match *to {
            Destination::Chat(chat) | Destination::Dialogue(Dialogue::Text(chat)) => {
                Outgoing::message(chat, &text)
            }
            Destination::Direct(..) => Outgoing::data(&text),
            _ => return None,
        };
        line.is_ok().then_some(text)
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

    fn question(paste: &Paste, to: &Destination) -> String {
        let (what, answers) = paste.question(to);
        format!("{what}{answers}")
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
        assert_eq!(question(&paste, &to), asked);
        let one = "// a\u{2028}\tint x;\u{2028}\u{2028}/* b */[m\u{2028}PM";
        assert_eq!(paste.one(&to).unwrap(), one);
        let lines = ["// a", "\tint x;", "/* b */[m", "PM"].map(String::from);
        assert_eq!(paste.each(&to), Pasted::Messages(lines.into()));
    }

    #[test]
    fn elsewhere_the_lines_are_as_if_typed() {
        let paste = cut("PM\n\nhello");
        assert!(question(&paste, &Destination::Nowhere).contains("3 lines as if typed"));
        assert_eq!(paste.one(&Destination::Nowhere), None);
        assert_eq!(paste.joined(), "PM  hello");
        let lines = ["PM", "", "hello"].map(String::from);
        assert_eq!(paste.each(&Destination::Nowhere), Pasted::Typed(lines.into()));
    }

    #[test]
    fn what_fits_no_line_is_no_message() {
        let to = Destination::Chat("*".parse().unwrap());
        let paste = cut(&"x\n".repeat(LINES_MAX).replace('x', &"x".repeat(99)));
        assert_eq!(paste.one(&to), None);
        let asked = "send 200 lines to everyone? y each, j joined, n not: ";
        assert_eq!(question(&paste, &to), asked);
        // The longest line of the protocol has 4,096 bytes with its end, and a line break has 3.
        let room = 4096 - "D * \n".len() - LINE_BREAK.len();
        for (length, fits) in [(room, true), (room + 1, false)] {
            let paste = cut(&format!("x\n{}", "y".repeat(length - 1)));
            assert_eq!(paste.one(&to).is_some(), fits, "{length}");
        }
    }
}
