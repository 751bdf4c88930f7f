//! Text that may be written to a terminal.
//!
//! What the server, its users and the files' names say reaches the screen through [`SafeText`]
//! alone: no control character, no bidirectional mark and no zero-width character passes raw.

use std::fmt::{self, Write};

use crate::protocol::text::is_invisible;
use unicode_width::UnicodeWidthChar;

/// How many zero-width characters (accents and the like) one character may carry. A taller stack
/// would be drawn over the lines around it. Without a character before it, one is shown by its
/// number, so that no stack grows where safe texts are put together.
const COMBINING_MAX: usize = 6;

/// Asks for an emoji's coloured form. It neither hides nor moves anything, but terminals do not
/// agree on the width of what it follows, so it is left out.
const EMOJI_PRESENTATION: char = '\u{fe0f}';

/// Text without anything that a terminal would obey or hide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SafeText {
    text: String,
    /// How many zero-width characters stand at its end.
    combining: usize,
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
    /// Makes all of `text` visible: `^[` for a control character, `<U+202E>` for what is invisible,
    /// a space for a TAB.
    pub fn new(text: impl fmt::Display) -> Self {
        let mut safe = SafeText::default();
        // Only a `Display` that fails by itself can make this fail; what it wrote stands.
        let _ = write!(safe, "{text}");
        safe
    }

    /// The text, fit for any terminal.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many columns it takes on a terminal that counts character by character.
    pub fn width(&self) -> usize {
        self.text.chars().filter_map(UnicodeWidthChar::width).sum()
    }

    /// As much of its start as fits into `columns`.
    pub fn cut(&self, columns: usize) -> &str {
        let mut width = 0;
        for (at, c) in self.text.char_indices() {
            width += c.width().unwrap_or(0);
            if width > columns {
                return &self.text[..at];
            }
        }
        &self.text
    }

    fn push(&mut self, c: char) {
        match c {
            '\t' => self.text.push(' '),
            '\0'..='\x1f' | '\x7f' => {
                self.text.push('^');
                self.text.push(char::from(c as u8 ^ 0x40));
            }
            EMOJI_PRESENTATION if self.ends_with_pictograph() => return,
            _ if c.is_control() || is_invisible(c) => self.push_number(c),
            _ if c.width() == Some(0) => {
                if self.text.is_empty() || self.combining == COMBINING_MAX {
                    return self.push_number(c);
                }
                self.combining += 1;
                self.text.push(c);
                return;
            }
            _ => self.text.push(c),
        }
        self.combining = 0;
    }

    fn push_number(&mut self, c: char) {
        let number = format!("<U+{:04X}>", u32::from(c));
        self.text.push_str(&number);
        self.combining = 0;
    }

    /// Whether the last character is one that has a coloured form: beyond Latin-1, where the
    /// arrows, symbols and emoji are.
    fn ends_with_pictograph(&self) -> bool {
        self.text.ends_with(|c: char| c >= '\u{2000}')
    }
}

impl Write for SafeText {
    fn write_str(&mut self, raw: &str) -> fmt::Result {
        raw.chars().for_each(|c| self.push(c));
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
        assert_eq!(safe("❤\u{fe0f}"), "❤");
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
        ) {
            let shown = SafeText::new(format_args!("{text}{tail}"));
            prop_assert!(!shown.as_str().chars().any(|c| c.is_control() || is_invisible(c)));
        }

        #[test]
        fn printable_ascii_is_left_alone(text in "[ -~]{0,80}") {
            prop_assert_eq!(safe(&text), text);
        }
    }
}
