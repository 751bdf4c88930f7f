//! A line editor: the text being typed, its cursor, and the part of it that fits on the screen.

use unicode_segmentation::UnicodeSegmentation;
use zeroize::Zeroizing;

use super::safe_text::{LINE_BREAK, SafeText, is_joiner, widens};
use crate::chat::joined::is_seen;
use crate::protocol::native::CLIENT_LINE_BYTES_MAX;

/// The longest line that can be typed, in bytes: a line of the protocol, less its frame and target.
pub const LINE_BYTES_MAX: usize = CLIENT_LINE_BYTES_MAX - 64;

/// A line editor. Its unit is the character as people see it, the extended grapheme cluster (UAX
/// #29): the cursor always stands between two of them.
#[derive(Debug, Default)]
pub struct Editor {
    text: Zeroizing<String>,
    /// The position of the cursor in `text`, in bytes.
    cursor: usize,
    /// The text that was cut last, for [`yank`](Self::yank).
    killed: Zeroizing<String>,
    /// The index of the first character shown, in characters.
    first: usize,
}

/// The visible part of the line.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The text, no wider than was asked for.
    pub text: String,
    /// The column of the cursor, from 0.
    pub cursor: usize,
}

impl Editor {
    /// The text of the line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before the cursor.
    pub fn before(&self) -> &str {
        &self.text[..self.cursor]
    }

    /// Returns the text and leaves an empty line.
    pub fn take(&mut self) -> Zeroizing<String> {
        self.cursor = 0;
        self.first = 0;
        std::mem::take(&mut self.text)
    }

    /// Replaces the text, with the cursor at its end.
    pub fn set(&mut self, text: &str) {
        self.take();
        self.insert(text);
    }

    /// Inserts text before the cursor, without its control characters; a TAB becomes a space. Text
    /// that would make the line longer than [`LINE_BYTES_MAX`] is left out. Returns true if nothing
    /// was.
    pub fn insert(&mut self, text: &str) -> bool {
        let clean = text.chars().map(|c| if c == '\t' { ' ' } else { c });
        let clean: Zeroizing<String> = Zeroizing::new(clean.filter(|c| !c.is_control()).collect());
        let room = LINE_BYTES_MAX.saturating_sub(self.text.len());
        let fits = |at: &usize| *at <= room;
        let ends = clean.char_indices().map(|(at, c)| at + c.len_utf8());
        let take = ends.take_while(fits).last().unwrap_or(0);
        self.text.insert_str(self.cursor, &clean[..take]);
        self.cursor = self.boundary_from(self.cursor + take);
        take == clean.len()
    }

    /// Replaces the text from the byte `start` up to the cursor.
    pub fn replace_before(&mut self, start: usize, text: &str) {
        self.text.replace_range(start..self.cursor, "");
        self.cursor = start;
        self.insert(text);
    }

    /// Moves the cursor one character to the left.
    pub fn left(&mut self) {
        self.cursor = self.left_of_cursor();
    }

    /// Moves the cursor one character to the right.
    pub fn right(&mut self) {
        self.cursor = self.right_of_cursor();
    }

    /// Moves the cursor to the start of the word before it.
    pub fn word_left(&mut self) {
        self.cursor = self.word_start(char::is_alphanumeric);
    }

    /// Moves the cursor to the end of the word after it.
    pub fn word_right(&mut self) {
        self.cursor = self.word_end();
    }

    /// Moves the cursor to the start of the line.
    pub fn home(&mut self) {
        self.cursor = 0;
    }

    /// Moves the cursor to the end of the line.
    pub fn end(&mut self) {
        self.cursor = self.text.len();
    }

    /// Removes the character before the cursor.
    pub fn backspace(&mut self) {
        let start = self.left_of_cursor();
        self.text.replace_range(start..self.cursor, "");
        self.cursor = self.boundary_from(start);
    }

    /// Removes the character at the cursor.
    pub fn delete(&mut self) {
        let end = self.right_of_cursor();
        self.text.replace_range(self.cursor..end, "");
        self.cursor = self.boundary_from(self.cursor);
    }

    /// Cuts the text after the cursor, which [`yank`](Self::yank) inserts again.
    pub fn kill_to_end(&mut self) {
        self.kill(self.cursor, self.text.len());
    }

    /// Cuts the text before the cursor.
    pub fn kill_to_start(&mut self) {
        self.kill(0, self.cursor);
    }

    /// Cuts the word before the cursor, up to white space.
    pub fn kill_word(&mut self) {
        let start = self.word_start(|c| !c.is_whitespace());
        self.kill(start, self.cursor);
    }

    /// Cuts the word before the cursor, up to a character that is neither a letter nor a digit.
    pub fn kill_word_left(&mut self) {
        let start = self.word_start(char::is_alphanumeric);
        self.kill(start, self.cursor);
    }

    /// Cuts the word after the cursor.
    pub fn kill_word_right(&mut self) {
        let end = self.word_end();
        self.kill(self.cursor, end);
    }

    /// Inserts the text that was cut last.
    pub fn yank(&mut self) {
        let killed = self.killed.clone();
        self.insert(&killed);
    }

    /// Forgets the text that was cut: a part of a password must not be inserted elsewhere.
    pub fn forget(&mut self) {
        self.killed = Zeroizing::default();
    }

    /// The part of the line to show in `columns`, scrolled so that the cursor is visible.
    pub fn view(&mut self, columns: usize) -> View {
        let columns = columns.max(2);
        let mut graphemes = self.text.graphemes(true).peekable();
        let mut cells = Vec::new();
        while let Some(grapheme) = graphemes.next() {
            let next = graphemes.peek().and_then(|grapheme| grapheme.chars().next());
            cells.push(cell(grapheme, next));
        }
        let widths: Vec<usize> = cells.iter().map(SafeText::width).collect();
        let at = self.before().graphemes(true).count();
        // A cursor behind the last character needs a column of its own.
        let shown_at_cursor = widths.get(at).map_or(1, |width| (*width).clamp(1, columns / 2));
        self.first = self.first.min(at);
        let mut before: usize = widths[self.first..at].iter().sum();
        while self.first < at && before + shown_at_cursor > columns {
            before -= widths[self.first];
            self.first += 1;
        }
        // After a deletion, characters that were scrolled out are shown again if they fit.
        let mut shown: usize = widths[self.first..].iter().sum();
        while self.first > 0 && widths[self.first - 1] + shown < columns {
            self.first -= 1;
            before += widths[self.first];
            shown += widths[self.first];
        }
        let mut view = View { text: String::new(), cursor: before };
        let mut used = 0;
        for cell in &cells[self.first..] {
            used += cell.width();
            if used > columns {
                // A joiner to a character that is cut off must not be the last one.
                view.text.truncate(view.text.trim_end_matches(is_joiner).len());
                break;
            }
            view.text.push_str(cell.as_str());
        }
        view.cursor = view.cursor.min(columns - 1);
        view
    }

    fn kill(&mut self, start: usize, end: usize) {
        if start < end {
            self.killed = Zeroizing::new(self.text[start..end].to_string());
            self.text.replace_range(start..end, "");
            self.cursor = self.boundary_from(start);
        }
    }

    fn left_of_cursor(&self) -> usize {
        self.before().grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn right_of_cursor(&self) -> usize {
        let next = self.text[self.cursor..].graphemes(true).next();
        self.cursor + next.map_or(0, str::len)
    }

    /// The first boundary between two characters at or after `at`: an insertion or a removal may
    /// have joined the characters around it.
    fn boundary_from(&self, at: usize) -> usize {
        let starts = self.text.grapheme_indices(true).map(|(start, _)| start);
        starts.chain([self.text.len()]).find(|start| *start >= at).unwrap_or(at)
    }

    fn word_start(&self, is_word: impl Fn(char) -> bool) -> usize {
        let holds = |part: &str| part.chars().any(&is_word);
        let mut start = self.cursor;
        let mut in_word = false;
        for (at, part) in self.before().grapheme_indices(true).rev() {
            if in_word && !holds(part) {
                break;
            }
            in_word |= holds(part);
            start = at;
        }
        start
    }

    fn word_end(&self) -> usize {
        let holds = |part: &str| part.chars().any(char::is_alphanumeric);
        let mut end = self.cursor;
        let mut in_word = false;
        for part in self.text[self.cursor..].graphemes(true) {
            if in_word && !holds(part) {
                break;
            }
            in_word |= holds(part);
            end += part.len();
        }
        end
    }
}

/// The visible form of a character that `next` follows. Terminals do not agree on how many columns
/// an emoji takes with a skin tone, with another emoji joined to it, or with the emoji presentation
/// selector. So tones, joiners and selectors are sent, but not shown while the line is typed.
fn cell(grapheme: &str, next: Option<char>) -> SafeText {
    if grapheme.contains(LINE_BREAK) {
        return SafeText::new('⏎');
    }
    let is_tone = |c: char| ('\u{1f3fb}'..='\u{1f3ff}').contains(&c);
    let mut shown = String::with_capacity(grapheme.len());
    let mut chars = grapheme.chars().peekable();
    while let Some(c) = chars.next() {
        let following = chars.peek().copied().or(next);
        let is_left_out = is_tone(c) || (widens(c, following) && is_seen(&shown, c, following));
        if shown.is_empty() || !is_left_out {
            shown.push(c);
        }
    }
    SafeText::before(shown, next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    fn editor(text: &str) -> Editor {
        let mut editor = Editor::default();
        editor.insert(text);
        editor
    }

    #[test]
    fn the_cursor_moves_over_whole_characters() {
        let mut line = editor("ae\u{301}中👍🏽");
        line.left();
        assert_eq!(line.before(), "ae\u{301}中");
        line.left();
        line.left();
        assert_eq!(line.before(), "a");
        line.delete();
        assert_eq!(line.text(), "a中👍🏽");
        line.end();
        line.backspace();
        assert_eq!(line.text(), "a中");
    }

    #[test]
    fn an_accent_joins_the_letter_before_it() {
        let mut line = editor("ab");
        line.left();
        line.insert("\u{301}");
        assert_eq!(line.before(), "a\u{301}");
        line.home();
        line.insert("x");
        assert_eq!(line.before(), "x");
        line.delete();
        assert_eq!((line.text(), line.before()), ("xb", "x"));
    }

    #[test]
    fn words_are_killed_and_come_back() {
        let mut line = editor("say  foo-bar baz");
        line.kill_word();
        assert_eq!(line.text(), "say  foo-bar ");
        line.kill_word_left();
        assert_eq!(line.text(), "say  foo-");
        line.kill_word();
        assert_eq!(line.text(), "say  ");
        line.yank();
        assert_eq!(line.text(), "say  foo-");
        line.home();
        line.word_right();
        assert_eq!(line.before(), "say");
        line.kill_to_end();
        assert_eq!(line.text(), "say");
        line.yank();
        line.word_left();
        line.kill_to_start();
        assert_eq!(line.text(), "foo-");
        line.forget();
        line.yank();
        assert_eq!(line.text(), "foo-");
    }

    #[test]
    fn control_characters_are_left_out_and_the_length_is_bounded() {
        let mut line = editor("a\x1b[31m\tb\u{85}");
        assert_eq!(line.text(), "a[31m b");
        assert!(!line.insert(&"é".repeat(LINE_BYTES_MAX)));
        assert!(line.text().len() <= LINE_BYTES_MAX);
    }

    #[test]
    fn a_long_line_scrolls() {
        let mut line = editor(&"0123456789".repeat(5));
        let view = line.view(20);
        assert_eq!((view.text.as_str(), view.cursor), ("1234567890123456789", 19));
        line.home();
        assert_eq!(line.view(20), View { text: "01234567890123456789".into(), cursor: 0 });
        line.right();
        assert_eq!(line.view(20).cursor, 1);
        line.end();
        line.view(20);
        (0..45).for_each(|_| line.backspace());
        assert_eq!(line.view(20), View { text: "01234".into(), cursor: 5 });
    }

    #[test]
    fn the_tone_of_an_emoji_is_sent_and_not_shown() {
        let mut line = editor("a👍🏽b");
        assert_eq!(line.view(20), View { text: "a👍b".into(), cursor: 4 });
        assert_eq!(line.take().as_str(), "a👍🏽b");
    }

    #[test]
    fn joined_writing_is_as_it_is_and_joined_emoji_stand_side_by_side() {
        let mut line = editor("می\u{200c}خ");
        assert_eq!(line.view(20).text, "می\u{200c}خ");
        assert_eq!(line.view(2).text, "خ");
        line.home();
        assert_eq!(line.view(2).text, "می");
        let mut line = editor("👩\u{200d}💻1\u{fe0f}\u{20e3}");
        assert_eq!(line.view(20), View { text: "👩💻1\u{20e3}".into(), cursor: 5 });
        let mut line = editor("a\u{200d}b");
        assert_eq!(line.view(20).text, "a<U+200D>b");
    }

    #[test]
    fn a_line_break_is_a_character_that_is_seen() {
        let mut line = editor("a\u{2028}b");
        assert_eq!(line.view(20), View { text: "a⏎b".into(), cursor: 3 });
        assert_eq!(line.take().as_str(), "a\u{2028}b");
    }

    #[test]
    fn no_stack_of_accents_grows_from_one_character_to_the_next() {
        // A vowel of Hangul has no width without its consonant, and begins a character.
        let mut line = editor(&"\u{1161}\u{301}\u{301}".repeat(4));
        assert_eq!(line.view(80).text, "<U+1161>\u{301}\u{301}".repeat(4));
    }

    #[test]
    fn wide_characters_are_never_halved() {
        let mut line = editor(&"中".repeat(30));
        for columns in [9, 10] {
            line.end();
            let view = line.view(columns);
            assert!(view.text.width() <= columns && view.cursor < columns, "{view:?}");
            assert_eq!(view.cursor, view.text.width());
        }
    }

    proptest! {
        #[test]
        fn the_cursor_is_always_seen(
            text in "[a-c中é👍\u{301}\u{200d}\u{202e}]{0,40}",
            moves in prop::collection::vec(0u8..10, 0..40),
            columns in 4usize..50,
        ) {
            let mut line = editor(&text);
            for step in moves {
                match step {
                    0 => line.left(),
                    1 => line.right(),
                    2 => line.word_left(),
                    3 => line.word_right(),
                    4 => line.backspace(),
                    5 => line.delete(),
                    6 => line.home(),
                    7 => line.kill_word(),
                    8 => line.yank(),
                    _ => { line.insert("\u{301}中"); }
                }
                let whole = line.text().grapheme_indices(true).map(|(at, _)| at);
                prop_assert!(whole.chain([line.text().len()]).any(|at| at == line.cursor));
                let view = line.view(columns);
                prop_assert!(view.cursor < columns);
                prop_assert!(SafeText::new(view.text).width() <= columns);
            }
        }
    }
}
