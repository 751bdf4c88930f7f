//! Text that may be written to a terminal.
//!
//! Text of the server, of users and of file names reaches the screen only as [`SafeText`]. Control
//! characters, bidirectional marks and zero-width characters are escaped in it, except those that
//! belong to the visible text ([`is_seen`]).

use std::fmt::{self, Write};

use unicode_width::UnicodeWidthChar;

use crate::chat::joined::is_invisible;
use crate::chat::joined::{
    EMOJI_PRESENTATION, ZERO_WIDTH_JOINER, ZERO_WIDTH_NON_JOINER, is_emoji, is_seen,
};

/// The largest number of zero-width characters (accents and the like) on one character. A taller
/// stack would be drawn over the lines around it. One without a character before it is escaped, so
/// that no stack grows when safe texts are put together.
const COMBINING_MAX: usize = 6;

/// The character that separates the rows of a message.
pub const LINE_BREAK: char = '\u{2028}';

/// What stands before each row of a line but the first. No line begins with it, so that nothing
/// that is sent looks like another line.
pub const INDENTATION: &str = "  ";

/// Text that a terminal shows as it is: nothing in it is a control sequence or invisible. A message
/// may have several rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SafeText {
    /// The rows, separated by line feeds.
    text: String,
}

/// Escapes text while it is written, character by character.
#[derive(Debug, Default)]
struct Writer {
    text: String,
    /// The number of zero-width characters at the end of `text`.
    combining: usize,
    /// A character that the next one decides on: it is kept, or escaped.
    undecided: Option<char>,
}

/// Formats as `format!` does, into a [`SafeText`].
#[macro_export]
macro_rules! safe {
    ($($argument:tt)*) => {
        $crate::display::safe_text::SafeText::new(format_args!($($argument)*))
    };
}
#[doc(inline)]
pub use crate::safe;

impl SafeText {
    /// Escapes `text`: a control character becomes `^[`, an invisible one `<U+202E>`, a TAB a
    /// space.
    pub fn new(text: impl fmt::Display) -> Self {
        SafeText::before(text, None)
    }

    /// Escapes a part of a longer text, which continues with `next`.
    pub fn before(text: impl fmt::Display, next: Option<char>) -> Self {
        let mut writer = Writer::default();
        writer.write(text);
        writer.decide(next);
        SafeText { text: writer.text }
    }

    /// Escapes a message, `said`, with a text before and one behind it. Each [`LINE_BREAK`] in it
    /// begins another row.
    pub fn message(before: impl fmt::Display, said: &str, behind: impl fmt::Display) -> Self {
        let mut writer = Writer::default();
        writer.write(before);
        for (row, text) in said.split(LINE_BREAK).enumerate() {
            if row > 0 {
                writer.break_row();
            }
            writer.write(text);
        }
        writer.write(behind);
        writer.decide(None);
        SafeText { text: writer.text }
    }

    /// The same with a text before it, in its first row.
    #[must_use]
    pub fn behind(self, before: impl fmt::Display) -> Self {
        let mut text = SafeText::new(before).text;
        text.push_str(&self.text);
        SafeText { text }
    }

    /// The escaped text. Only a [`message`](Self::message) has line feeds.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The rows, each with `end` behind it. Those after the first are indented, so that none of
    /// them looks like another line.
    pub fn rows(&self, end: &str) -> String {
        self.text.replace('\n', &format!("{end}{INDENTATION}")) + end
    }

    /// The width in columns on a terminal that adds up the widths of characters.
    pub fn width(&self) -> usize {
        self.text.chars().filter_map(UnicodeWidthChar::width).sum()
    }

    /// The start of the text, as much as fits into `columns`.
    pub fn cut(&self, columns: usize) -> &str {
        let mut width = 0;
        for (at, c) in self.text.char_indices() {
            width += c.width().unwrap_or(0);
            if width > columns {
                // A joiner to a character that is cut off must not be the last one.
                return self.text[..at].trim_end_matches(is_joiner);
            }
        }
        &self.text
    }

    /// The text without the characters for which terminals differ in the width of an emoji.
    #[must_use]
    pub fn steady(&self) -> Self {
        let mut text = String::with_capacity(self.text.len());
        let mut chars = self.text.chars().peekable();
        while let Some(c) = chars.next() {
            if !widens(c, chars.peek().copied()) {
                text.push(c);
            }
        }
        SafeText { text }
    }
}

/// Returns true if terminals may differ in the width of a text because of the character `c`.
pub(super) fn widens(c: char, next: Option<char>) -> bool {
    c == EMOJI_PRESENTATION || (c == ZERO_WIDTH_JOINER && next.is_some_and(is_emoji))
}

/// Returns true if `c` joins the character before it to the one behind it.
pub(super) fn is_joiner(c: char) -> bool {
    matches!(c, ZERO_WIDTH_JOINER | ZERO_WIDTH_NON_JOINER)
}

impl Writer {
    fn write(&mut self, text: impl fmt::Display) {
        // Only a `Display` that fails by itself can make this fail; what it has written is kept.
        let _ = write!(self, "{text}");
    }

    fn break_row(&mut self) {
        self.decide(None);
        self.text.push('\n');
        self.combining = 0;
    }

    /// Keeps or escapes the undecided character, which `next` follows.
    fn decide(&mut self, next: Option<char>) {
        if let Some(c) = self.undecided.take() {
            match is_seen(&self.text, c, next) {
                true => self.push_combining(c),
                false => self.push_number(c),
            }
        }
    }

    fn push(&mut self, c: char) {
        self.decide(Some(c));
        match c {
            '\t' => self.text.push(' '),
            '\0'..='\x1f' | '\x7f' => {
                self.text.push('^');
                self.text.push(char::from(c as u8 ^ 0x40));
            }
            EMOJI_PRESENTATION | ZERO_WIDTH_JOINER | ZERO_WIDTH_NON_JOINER => {
                self.undecided = Some(c);
                return;
            }
            _ if c.is_control() || is_invisible(c) => self.push_number(c),
            _ if c.width() == Some(0) => return self.push_combining(c),
            _ => self.text.push(c),
        }
        self.combining = 0;
    }

    fn push_combining(&mut self, c: char) {
        if self.text.is_empty() || self.text.ends_with('\n') || self.combining == COMBINING_MAX {
            return self.push_number(c);
        }
        self.combining += 1;
        self.text.push(c);
    }

    fn push_number(&mut self, c: char) {
        let number = format!("<U+{:04X}>", u32::from(c));
        self.text.push_str(&number);
        self.combining = 0;
    }
}

impl Write for Writer {
    fn write_str(&mut self, raw: &str) -> fmt::Result {
        raw.chars().for_each(|c| self.push(c));
        Ok(())
    }
}

/// Appends text; each piece is escaped by itself.
impl Write for SafeText {
    fn write_str(&mut self, raw: &str) -> fmt::Result {
        self.text.push_str(SafeText::new(raw).as_str());
        Ok(())
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::joined::is_all_seen;
    use proptest::prelude::*;

    fn safe(text: &str) -> String {
        SafeText::new(text).text
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        assert_eq!(safe("\x1b[2Jx\x07"), "^[[2Jx^G");
        assert_eq!(safe("a\rb\nc\x7f"), "a^Mb^Jc^?");
        assert_eq!(safe("\u{9b}31m"), "<U+009B>31m");
        assert_eq!(safe("a\tb"), "a b");
    }

    #[test]
    fn what_hides_or_turns_text_is_shown() {
        assert_eq!(safe("abc\u{202e}def"), "abc<U+202E>def");
        assert_eq!(safe("a\u{200b}b\u{feff}"), "a<U+200B>b<U+FEFF>");
        assert_eq!(safe("\u{e0041}"), "<U+E0041>");
        assert_eq!(safe("\u{fff6}"), "<U+FFF6>", "it is reserved, to be ignored");
        assert_eq!(safe("x\u{fe0f}"), "x<U+FE0F>");
    }

    #[test]
    fn writing_of_all_kinds_passes() {
        for text in ["Zoë", "e\u{301}", "中文", "👍🏽", "שלום", "नमस्ते"] {
            assert_eq!(safe(text), text);
        }
        for text in
            ["می\u{200c}خواهم", "ක්\u{200d}රි", "👩\u{200d}💻", "1\u{fe0f}\u{20e3}", "❤\u{fe0f}"]
        {
            assert_eq!(safe(text), text);
        }
    }

    #[test]
    fn a_joiner_that_joins_nothing_is_shown() {
        assert_eq!(safe("a\u{200d}b"), "a<U+200D>b");
        assert_eq!(safe("ی\u{200c}\u{200c}خ"), "ی<U+200C><U+200C>خ");
        assert_eq!(safe("👩\u{200d}"), "👩<U+200D>");
        // Not even where texts are put together.
        assert_eq!(crate::safe!("{}{}", "ی\u{200c}", "x").text, "ی<U+200C>x");
        assert_eq!(SafeText::before("ی\u{200c}", Some('خ')).text, "ی\u{200c}");
    }

    #[test]
    fn a_message_of_several_rows_is_indented() {
        let said = SafeText::message("bob: ", "a\u{2028}\u{2028}\u{301}b\nc", " (kept)");
        assert_eq!(said.rows("\r\n"), "bob: a\r\n  \r\n  <U+0301>b^Jc (kept)\r\n");
        assert_eq!(safe("a\u{2028}b"), "a<U+2028>b");
    }

    #[test]
    fn what_terminals_differ_about_is_left_out_of_the_rows_below() {
        let text = SafeText::new("👩\u{200d}💻 1\u{fe0f}\u{20e3} ක්\u{200d}රි");
        assert_eq!(text.steady().as_str(), "👩💻 1\u{20e3} ක්\u{200d}රි");
        assert_eq!(text.cut(3), "👩");
    }

    #[test]
    fn a_stack_of_accents_is_bounded() {
        let shown = safe(&format!("a{}b", "\u{301}".repeat(COMBINING_MAX + 1)));
        assert_eq!(shown, format!("a{}<U+0301>b", "\u{301}".repeat(COMBINING_MAX)));
        assert_eq!(safe("\u{301}\u{301}a"), "<U+0301>\u{301}a");
        let spread = "a\u{301}".repeat(100);
        assert_eq!(safe(&spread), spread);
    }

    #[test]
    fn a_cut_never_halves_a_wide_character() {
        let text = SafeText::new("a中b");
        assert_eq!((text.cut(1), text.cut(2), text.cut(3), text.cut(9)), ("a", "a", "a中", "a中b"));
    }

    proptest! {
        #[test]
        fn nothing_raw_passes(
            text in any::<String>(),
            tail in "[\\x00-\\x20\u{80}-\u{ad}\u{2000}-\u{2070}\u{fe00}-\u{feff}]{0,20}",
            joined in "[یخද්1👩❤\u{301}\u{20e3}\u{200c}\u{200d}\u{fe0f}]{0,20}",
        ) {
            let shown = SafeText::new(format_args!("{text}{tail}{joined}"));
            prop_assert!(is_all_seen(shown.as_str()), "{shown:?}");
            prop_assert_eq!(SafeText::new(&shown), shown);
        }

        #[test]
        fn printable_ascii_is_left_alone(text in "[ -~]{0,80}") {
            prop_assert_eq!(safe(&text), text);
        }
    }
}
