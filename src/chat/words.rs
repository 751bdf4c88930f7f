//! Words: the parts of a text by which a message is found.
//!
//! A text is turned into terms, and so is what somebody searches for; a message is found where its
//! terms hold those of the search. A term is one of these:
//!
//! - a word: a run of letters, marks and digits, its case folded, its diacritics kept;
//! - in scripts that are written without spaces, where nobody can tell words apart without a
//!   dictionary, two adjacent characters of such a run. `上海大学` has the terms `上海`, `海大` and
//!   `大学`, and so each part of it of two characters or more is a row of its terms. A character that
//!   stands alone is a term of its own;
//! - an emoji, whatever its sequence: with joiners, a keycap, a flag. Skin tones and variation
//!   selectors are left out.
//!
//! Beforehand the text is brought into the normalization form C, and full and half width forms into
//! their usual width (UAX #15). Punctuation and other symbols are no part of any term.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_properties::{GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use crate::chat::joined::{EMOJI_PRESENTATION, KEYCAP, ZERO_WIDTH_JOINER};

/// The largest number of words of one search.
pub const SEARCH_WORDS_MAX: usize = 32;
/// The largest number of terms of one search: each costs a look at all messages that have it, and a
/// word in a script without spaces has as many as characters.
pub const SEARCH_TERMS_MAX: usize = 64;

/// The scripts that are written without spaces.
const UNSPACED: [Script; 10] = [
    Script::Han,
    Script::Hiragana,
    Script::Katakana,
    Script::Bopomofo,
    Script::Thai,
    Script::Lao,
    Script::Khmer,
    Script::Myanmar,
    Script::Tibetan,
    Script::Yi,
];
/// The first character of these scripts; the looks at the tables are left out below it.
const UNSPACED_FIRST: char = '\u{0e01}';

/// The terms of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The terms in their order, a space after each. In ASCII they have letters, digits, `#` and
    /// `*` (of keycaps) alone.
    pub text: String,
    /// The number of words: runs and emoji, a run of a script without spaces being one.
    pub words: usize,
}

impl Terms {
    /// The number of terms.
    pub fn count(&self) -> usize {
        self.text.bytes().filter(|byte| *byte == b' ').count()
    }

    /// The terms of `text`.
    pub fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Terms::of_ascii(text);
        }
        let mut terms = Terms { text: String::with_capacity(text.len() * 2), words: 0 };
        let text = normalized(text);
        let mut run = Run::default();
        let mut rest = &*text;
        while let Some(c) = rest.chars().next() {
            let emoji = leading_emoji(rest, c);
            if emoji > 0 {
                run.end(&mut terms);
                terms.add_emoji(&rest[..emoji]);
                rest = &rest[emoji..];
                continue;
            }
            rest = &rest[c.len_utf8()..];
            match Class::of(c) {
                Class::Letter(kind) => run.add(c, kind, &mut terms),
                Class::Mark => run.add_mark(c),
                Class::Ignored => {}
                Class::Separator => run.end(&mut terms),
            }
        }
        run.end(&mut terms);
        terms
    }

    fn of_ascii(text: &str) -> Self {
        let mut terms = Terms { text: String::with_capacity(text.len() + 1), words: 0 };
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            if !word.is_empty() {
                let start = terms.text.len();
                terms.text.push_str(word);
                terms.text[start..].make_ascii_lowercase();
                terms.end_word();
            }
        }
        terms
    }

    fn end_word(&mut self) {
        self.text.push(' ');
        self.words += 1;
    }

    /// Adds an emoji, which is one cluster of characters.
    fn add_emoji(&mut self, cluster: &str) {
        let start = self.text.len();
        let is_kept = |c: char| {
            c.is_emoji_char_or_emoji_component() && c != EMOJI_PRESENTATION && !is_skin_tone(c)
        };
        self.text.extend(cluster.chars().filter(|c| is_kept(*c)));
        let joined = self.text[start..].trim_end_matches(ZERO_WIDTH_JOINER).len();
        self.text.truncate(start + joined);
        if joined == 0 {
            // A skin tone that stands alone.
            self.text.extend(cluster.chars().next());
        }
        self.end_word();
    }
}

/// How a character takes part in terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// A letter or a digit.
    Letter(RunKind),
    /// A mark, which belongs to what is before it.
    Mark,
    /// An invisible character, which does not part what is around it.
    Ignored,
    /// Anything else.
    Separator,
}

/// The kind of a run of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunKind {
    /// It is one word.
    Word,
    /// It is of scripts that are written without spaces.
    Unspaced,
}

impl Class {
    fn of(c: char) -> Self {
        if c.is_ascii() {
            let is_letter = c.is_ascii_alphanumeric();
            return if is_letter { Class::Letter(RunKind::Word) } else { Class::Separator };
        }
        if is_ignored(c) {
            return Class::Ignored;
        }
        match c.general_category_group() {
            GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number => {
                let is_unspaced = is_unspaced(c);
                Class::Letter(if is_unspaced { RunKind::Unspaced } else { RunKind::Word })
            }
            GeneralCategoryGroup::Mark => Class::Mark,
            _ => Class::Separator,
        }
    }
}

/// A run of letters, marks and digits that has begun.
#[derive(Debug, Default)]
struct Run {
    chars: String,
    /// None while it has marks alone.
    kind: Option<RunKind>,
}

impl Run {
    /// Adds a letter; one of another kind begins another run.
    fn add(&mut self, c: char, kind: RunKind, terms: &mut Terms) {
        if self.kind.is_some_and(|other| other != kind) {
            self.end(terms);
        }
        self.kind = Some(kind);
        match kind {
            RunKind::Word => fold_case(c, &mut self.chars),
            RunKind::Unspaced => self.chars.push(c),
        }
    }

    fn add_mark(&mut self, c: char) {
        self.chars.push(c);
    }

    /// Ends the run, and adds its terms.
    fn end(&mut self, terms: &mut Terms) {
        if self.chars.is_empty() {
            return;
        }
        match self.kind.take() {
            Some(RunKind::Word) if is_nfc_quick(self.chars.chars()) == IsNormalized::Yes => {
                terms.text.push_str(&self.chars);
            }
            // Folding takes some apart.
            Some(RunKind::Word) => terms.text.extend(self.chars.nfc()),
            // Marks alone are a piece of some word of which nobody can tell the script.
            Some(RunKind::Unspaced) | None => add_pairs(&self.chars, &mut terms.text),
        }
        terms.end_word();
        self.chars.clear();
    }
}

/// Appends each two adjacent characters, with spaces between; or the only one.
fn add_pairs(chars: &str, text: &mut String) {
    let mut ends = chars.char_indices().map(|(at, c)| at + c.len_utf8()).skip(1).peekable();
    if ends.peek().is_none() {
        return text.push_str(chars);
    }
    for ((start, _), end) in chars.char_indices().zip(ends) {
        if start > 0 {
            text.push(' ');
        }
        text.push_str(&chars[start..end]);
    }
}

/// The text in normalization form C, and in the usual widths.
fn normalized(text: &str) -> Cow<'_, str> {
    let has_width = |c: char| matches!(c, '\u{ff00}'..='\u{ffef}');
    if !text.chars().any(has_width) {
        return match is_nfc_quick(text.chars()) {
            IsNormalized::Yes => Cow::Borrowed(text),
            _ => Cow::Owned(text.nfc().collect()),
        };
    }
    let mut usual = String::with_capacity(text.len());
    for c in text.chars() {
        if has_width(c) { usual.extend(c.nfkc()) } else { usual.push(c) }
    }
    Cow::Owned(usual.nfc().collect())
}

/// Appends a letter with its case folded. The four letters i of Turkish are one.
fn fold_case(c: char, to: &mut String) {
    if c.is_ascii() {
        return to.push(c.to_ascii_lowercase());
    }
    if c == 'İ' {
        return to.push('i');
    }
    // What has one capital is the same letter: ß and ẞ, σ and ς.
    to.extend(c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase));
}

/// The length in bytes of the emoji with which a text begins, whose first character is `c`; 0 if it
/// begins with none.
fn leading_emoji(text: &str, c: char) -> usize {
    if matches!(c, '0'..='9' | '#' | '*') {
        let rest = &text[1..];
        let key = rest.strip_prefix(EMOJI_PRESENTATION).unwrap_or(rest).strip_prefix(KEYCAP);
        return key.map_or(0, |rest| text.len() - rest.len());
    }
    // Those of ASCII are none but in keycaps.
    let may_be = matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}'..='\u{3299}' | '\u{1f000}'..);
    if !may_be || !c.is_emoji_char() {
        return 0;
    }
    text.graphemes(true).next().map_or(0, str::len)
}

fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

/// Returns true if a character is seen in nothing but the form of others, if at all: the soft
/// hyphen, joiners, variation selectors. The zero-width non-joiner is none of them, since people
/// without a key for it write a space.
fn is_ignored(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | ZERO_WIDTH_JOINER | '\u{2060}' | '\u{180b}'..='\u{180f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Returns true if a letter is of a script that is written without spaces, or of some of them, as
/// the mark of a long vowel in Kana.
fn is_unspaced(c: char) -> bool {
    if c < UNSPACED_FIRST {
        return false;
    }
    let scripts = c.script_extension();
    let is_of_all = scripts.is_common() || scripts.is_inherited();
    !is_of_all && UNSPACED.iter().any(|script| scripts.contains_script(*script))
}

#[cfg(test)]
mod tests;
