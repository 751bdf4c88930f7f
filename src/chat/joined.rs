//! Invisible characters, and those among them that are needed for visible text: the joiners of
//! Persian, Sinhala and other scripts, and the parts of emoji.
//!
//! Such a character is let through where it has its effect. Anywhere else it is as suspicious as
//! every other invisible one: between Latin letters, it could only hide.

use unicode_joining_type::{JoiningType, get_joining_type};
use unicode_normalization::char::canonical_combining_class;
use unicode_properties::{GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};

/// Keeps letters apart that would otherwise join.
pub const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
/// Joins letters, and emoji.
pub const ZERO_WIDTH_JOINER: char = '\u{200d}';
/// Asks for the coloured form of an emoji.
pub const EMOJI_PRESENTATION: char = '\u{fe0f}';
/// The frame of a key around a digit.
pub const KEYCAP: char = '\u{20e3}';

/// The canonical combining class of a virama, behind which consonants join.
const VIRAMA: u8 = 9;

/// Returns true if a character takes part in hiding or reordering text: bidirectional controls and
/// marks, zero-width characters, and other default-ignorable format characters (Unicode, UAX #9 and
/// section 23). Names refuse them and clients show them visibly, unless [`is_seen`] says that they
/// belong to the visible text.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns true if `c` belongs to the visible text around it: a joiner between letters that join
/// (UAX #31, section 2.3.1) or between emoji, or a selector that makes an emoji of the character
/// before it (UTS #51).
pub fn is_seen(before: &str, c: char, after: Option<char>) -> bool {
    let last = before.chars().next_back();
    match c {
        ZERO_WIDTH_NON_JOINER => {
            joins_cursively(before, after)
                || (joins_consonants(before) && after.is_some_and(is_letter))
        }
        ZERO_WIDTH_JOINER => {
            joins_cursively(before, after)
                || (joins_consonants(before) && !after.is_some_and(is_mark))
                || (ends_with_emoji(before) && after.is_some_and(is_emoji))
        }
        EMOJI_PRESENTATION => match last {
            Some('0'..='9' | '#' | '*') => after == Some(KEYCAP),
            last => last.is_some_and(is_emoji),
        },
        _ => false,
    }
}

/// Returns true if nothing in `text` controls, hides or reorders: it has no control character, and
/// no invisible character except those of [`is_seen`].
pub fn is_all_seen(text: &str) -> bool {
    text.char_indices().all(|(at, c)| {
        let after = || text[at + c.len_utf8()..].chars().next();
        !c.is_control() && (!is_invisible(c) || is_seen(&text[..at], c, after()))
    })
}

/// The text with `_` in place of characters that would not be seen in it.
pub fn with_all_seen(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let passes = !is_invisible(c) || is_seen(&shown, c, chars.peek().copied());
        shown.push(if passes { c } else { '_' });
    }
    shown
}

/// Returns true if a character is an emoji by itself, as digits are not.
pub fn is_emoji(c: char) -> bool {
    !c.is_ascii() && c.is_emoji_char()
}

fn ends_with_emoji(text: &str) -> bool {
    let text = text.strip_suffix(EMOJI_PRESENTATION).unwrap_or(text);
    text.chars().next_back().is_some_and(is_emoji)
}

/// Returns true between joining letters of Arabic and similar scripts: a letter that joins the next
/// one, marks, and a letter that joins the one before it.
fn joins_cursively(before: &str, after: Option<char>) -> bool {
    use JoiningType::{DualJoining, LeftJoining, RightJoining, Transparent};
    let mut types = before.chars().rev().map(get_joining_type);
    let left = types.find(|joining| *joining != Transparent);
    let right = after.map(get_joining_type);
    matches!(left, Some(DualJoining | LeftJoining))
        && matches!(right, Some(DualJoining | RightJoining))
}

/// Returns true after a virama of Indic scripts: a letter, then marks, a virama among them.
fn joins_consonants(before: &str) -> bool {
    let mut has_virama = false;
    for c in before.chars().rev() {
        let class = canonical_combining_class(c);
        has_virama |= class == VIRAMA;
        let is_mark = is_mark(c) && (has_virama || class != 0);
        if !is_mark {
            return has_virama && is_letter(c);
        }
    }
    false
}

fn is_letter(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Letter
}

fn is_mark(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_that_needs_joiners_passes() {
        let texts = [
            "می\u{200c}خواهم",       // Persian
            "ක්\u{200d}රි",            // Sinhala
            "क्\u{200d}ष क्\u{200c}ष", // Devanagari
            "ന്\u{200d}",             // Malayalam, at the end of a word
            "بِ\u{200c}ب",            // with a vowel sign between
        ];
        for text in texts {
            assert!(is_all_seen(text), "{text}");
            assert_eq!(with_all_seen(text), text);
        }
    }

    #[test]
    fn what_emoji_are_made_of_passes() {
        for text in [
            "👩\u{200d}💻",
            "1\u{fe0f}\u{20e3}",
            "❤\u{fe0f}\u{200d}🔥",
            "🏃🏽\u{200d}♂\u{fe0f}",
            "©\u{fe0f}",
        ] {
            assert!(is_all_seen(text), "{text}");
        }
    }

    #[test]
    fn what_only_hides_does_not() {
        let texts = [
            "a\u{200d}b",
            "a\u{200c}b",
            "\u{200c}خ",
            "ی\u{200c}",
            "ی\u{200c}\u{200c}خ",
            "ی\u{200c}x",
            "د\u{200c}ب",
            "👩\u{200d}",
            "\u{200d}👩",
            "👩\u{200d}x",
            "1\u{200d}2",
            "x\u{fe0f}",
            "1\u{fe0f}",
            "❤\u{fe0f}\u{fe0f}",
            "中\u{fe0f}",
            "🏴\u{e0067}",
            "ی\u{200b}خ",
            "ක්\u{200c}",
            "❤\u{fe0e}",
            "a\u{202e}b",
            "a\u{7}",
        ];
        for text in texts {
            assert!(!is_all_seen(text), "{text:?}");
        }
        assert_eq!(with_all_seen("a\u{200d}b ی\u{200c}\u{200c}خ"), "a_b ی__خ");
    }
}
