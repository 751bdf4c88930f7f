//! Makes rows of a line that is wider than the screen.
//!
//! A row ends between two words, and a word that is longer than a row is cut. Rows after the first
//! are indented. A terminal must never wrap a row by itself, since what follows would stand at the
//! start of a row as if it were another line. So a character counts with the largest width that it
//! has on any terminal.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::safe_text::{INDENTATION, SafeText, is_joiner};
use crate::chat::joined::EMOJI_PRESENTATION;

/// The rows of a text on a screen of that many columns.
pub fn wrap(text: &SafeText, columns: usize) -> Vec<String> {
    let mut rows = Rows { columns, done: Vec::new(), row: String::new(), width: 0 };
    for (at, part) in text.as_str().split('\n').enumerate() {
        if at > 0 {
            rows.next();
        }
        for piece in pieces(part) {
            rows.add(piece);
        }
    }
    rows.done.push(rows.row);
    rows.done
}

/// The rows that are made.
struct Rows {
    columns: usize,
    done: Vec<String>,
    row: String,
    /// The width of `row`.
    width: usize,
}

impl Rows {
    /// Ends the row before the next word, or within one. A joiner to what stands in the next row
    /// must not be the last character.
    fn wrap(&mut self) {
        let row = self.row.trim_end_matches(is_joiner).trim_end_matches(' ');
        let end = row.len().max(INDENTATION.len());
        self.row.truncate(end.min(self.row.len()));
        self.next();
    }

    fn next(&mut self) {
        self.done.push(std::mem::replace(&mut self.row, INDENTATION.to_string()));
        self.width = INDENTATION.len();
    }

    /// Adds a word, or the spaces between two words.
    fn add(&mut self, piece: &str) {
        let width = piece.graphemes(true).map(width).sum::<usize>();
        if self.width + width <= self.columns {
            self.row.push_str(piece);
            self.width += width;
        } else if piece.starts_with(' ') {
            // The next word begins a row; spaces at its end would be seen by nobody.
            self.width = self.columns;
        } else if INDENTATION.len() + width <= self.columns {
            self.wrap();
            self.row.push_str(piece);
            self.width += width;
        } else {
            piece.graphemes(true).for_each(|grapheme| self.add_part(grapheme));
        }
    }

    /// Adds a character of a word that is longer than a row. Any number of emoji may be joined to
    /// one character; what is wider than a row is taken apart.
    fn add_part(&mut self, grapheme: &str) {
        let width = width(grapheme);
        if INDENTATION.len() + width > self.columns && grapheme.chars().nth(1).is_some() {
            let steady = SafeText::new(grapheme).steady();
            for c in steady.as_str().chars().filter(|c| !is_joiner(*c)) {
                self.add_part(c.encode_utf8(&mut [0; 4]));
            }
            return;
        }
        if self.width + width > self.columns && self.width > INDENTATION.len() {
            self.wrap();
        }
        self.row.push_str(grapheme);
        self.width += width;
    }
}

/// Splits a text into words and the spaces between them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_space = rest.starts_with(' ');
        let end = rest.find(|c| (c == ' ') != is_space).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The largest width of a character, as people see it, on any terminal.
fn width(grapheme: &str) -> usize {
    let is_flag = |c: char| ('\u{1f1e6}'..='\u{1f1ff}').contains(&c);
    let widths = grapheme.chars().map(|c| match c {
        EMOJI_PRESENTATION => 1,
        c if is_flag(c) => 2,
        c => c.width().unwrap_or(0),
    });
    widths.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::joined::is_all_seen;
    use crate::display::safe_text::safe;
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    fn rows(text: &str, columns: usize) -> Vec<String> {
        wrap(&SafeText::message("", text, ""), columns)
    }

    #[test]
    fn rows_end_between_words() {
        assert_eq!(rows("hello", 5), ["hello"]);
        assert_eq!(rows("one two three", 9), ["one two", "  three"]);
        assert_eq!(rows("one  two", 4), ["one", "  tw", "  o"]);
        assert_eq!(rows("one two   ", 8), ["one two"]);
        assert_eq!(rows("", 9), [""]);
    }

    #[test]
    fn a_word_that_is_longer_than_a_row_is_cut() {
        assert_eq!(rows("see abcdefghijklm n", 8), ["see abcd", "  efghij", "  klm n"]);
        assert_eq!(rows("中文字e\u{301}中", 7), ["中文字e\u{301}", "  中"]);
    }

    #[test]
    fn lines_of_a_message_are_rows_too() {
        let shown = rows("one two\u{2028}\u{2028}    x = three", 10);
        assert_eq!(shown, ["one two", "  ", "      x =", "  three"]);
    }

    #[test]
    fn what_some_terminals_show_wide_counts_as_wide() {
        let hearts = "\u{2764}\u{fe0f}".repeat(6);
        assert_eq!(rows(&hearts, 12), ["\u{2764}\u{fe0f}".repeat(6)]);
        assert_eq!(rows(&hearts, 10).len(), 2);
        assert_eq!(rows("🇩🇪🇫🇷", 6), ["🇩🇪", "  🇫🇷"]);
        let family = ["👩"; 9].join("\u{200d}");
        assert_eq!(rows(&family, 12), ["👩".repeat(6), format!("  {}", "👩".repeat(3))]);
    }

    #[test]
    fn no_row_ends_with_a_joiner() {
        assert_eq!(rows("abcdefghijمی\u{200c}خواهم", 12), ["abcdefghijمی", "  خواهم"]);
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_in_a_row(
            text in "[یخද්1👩❤\u{301}\u{20e3}\u{200c}\u{200d}\u{fe0f} ]{0,60}",
        ) {
            for row in wrap(&safe!("09:15 {text}"), 12) {
                prop_assert!(is_all_seen(&row), "{:?}", row);
            }
        }

        #[test]
        fn nothing_but_spaces_is_lost_and_no_row_is_too_wide(
            text in "[a-d 中e\u{301}\u{2028}]{0,200}",
            columns in 4usize..50,
        ) {
            let text = SafeText::message("09:15 ", &text, "");
            let rows = wrap(&text, columns);
            let dense = |text: &str| text.replace([' ', '\n'], "");
            prop_assert_eq!(dense(&rows.concat()), dense(text.as_str()));
            for (at, row) in rows.iter().enumerate() {
                prop_assert!(row.width() <= columns, "{:?}", row);
                prop_assert!(at == 0 || row.starts_with(INDENTATION), "{:?}", row);
            }
        }

        #[test]
        fn what_fits_is_left_alone(text in "[ -~]{0,40}") {
            prop_assert_eq!(wrap(&safe!("{text}"), 40), [text]);
        }
    }
}
