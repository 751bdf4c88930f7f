//! Text as the protocol carries it: UTF-8 without control characters.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::chat::joined::is_all_seen;

/// The reason why a line or a text is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextError {
    /// Longer than the limit.
    TooLong,
    /// Not UTF-8.
    NotUtf8,
    /// Holds a control character other than TAB.
    ControlCharacter,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TextError::TooLong => "too long",
            TextError::NotUtf8 => "not UTF-8",
            TextError::ControlCharacter => "control characters are not allowed",
        })
    }
}

impl std::error::Error for TextError {}

/// The text of one line: UTF-8 without control characters but TAB. It may be empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// Checks `bytes`.
    ///
    /// # Errors
    /// [`TextError::NotUtf8`] or [`TextError::ControlCharacter`].
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, TextError> {
        let text = std::str::from_utf8(bytes).map_err(|_| TextError::NotUtf8)?;
        Text::new(text)
    }

    /// Checks `text`.
    ///
    /// # Errors
    /// [`TextError::ControlCharacter`].
    pub fn new(text: &'a str) -> Result<Self, TextError> {
        if has_control(text.as_bytes()) { Err(TextError::ControlCharacter) } else { Ok(Text(text)) }
    }

    /// The text with the lifetime of its line.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Splits off the first word. The rest begins behind the single space after it, and may hold
    /// spaces or be empty.
    pub fn split_word(self) -> (&'a str, Text<'a>) {
        let (word, rest) = self.0.split_once(' ').unwrap_or((self.0, ""));
        (word, Text(rest))
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 200;

/// A text that is not a valid [`Reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidReason;

/// The reason that somebody gives for what they do: at most [`REASON_CHARS_MAX`] characters, none
/// of them a control, bidirectional or zero-width character (but see [`is_all_seen`]), and not only
/// white space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(Box<str>);

impl Reason {
    /// The words of the reason.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reason {
    type Err = InvalidReason;

    fn from_str(text: &str) -> Result<Self, InvalidReason> {
        let acceptable = !text.trim().is_empty()
            && text.chars().count() <= REASON_CHARS_MAX
            && is_all_seen(text);
        if acceptable { Ok(Reason(text.into())) } else { Err(InvalidReason) }
    }
}

/// The longest topic of a group, in bytes.
pub const TOPIC_BYTES_MAX: usize = 390;

/// A text that is not a valid [`Topic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTopic;

/// The topic of a group: at most [`TOPIC_BYTES_MAX`] bytes, in one line, of characters as in a
/// [`Reason`], and not only white space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic(Box<str>);

impl Topic {
    /// The text of the topic.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Topic {
    type Err = InvalidTopic;

    fn from_str(text: &str) -> Result<Self, InvalidTopic> {
        let acceptable =
            !text.trim().is_empty() && text.len() <= TOPIC_BYTES_MAX && is_all_seen(text);
        if acceptable { Ok(Topic(text.into())) } else { Err(InvalidTopic) }
    }
}

/// A password or a token: wiped when dropped, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Copies `text`.
    pub fn new(text: &str) -> Self {
        Secret(Zeroizing::new(text.to_owned()))
    }

    /// The text of the secret.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The number of its characters, as it is compared.
    pub fn characters(&self) -> usize {
        self.expose().chars().map(usual_space).nfc().count()
    }

    /// The password as the OpaqueString profile of RFC 8265 has it compared, in Unicode's form NFC
    /// and with plain spaces; none if it is so already.
    pub fn as_compared(&self) -> Option<Self> {
        let sent = self.expose();
        if sent.is_ascii() {
            return None;
        }
        // No character takes more than three times the room in NFC, so nothing is left behind by a
        // buffer that grows.
        let mut compared = Zeroizing::new(String::with_capacity(3 * sent.len()));
        compared.extend(sent.chars().map(usual_space).nfc());
        (*compared != *sent).then_some(Secret(compared))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}

/// A plain space for each of the characters that Unicode has as spaces.
fn usual_space(c: char) -> char {
    match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            ' '
        }
        other => other,
    }
}

/// Returns true if valid UTF-8 holds U+0000 to U+001F but TAB, U+007F, or U+0080 to U+009F.
fn has_control(utf8: &[u8]) -> bool {
    // One pass without branches, which the compiler turns into vector code: this runs over every
    // line of every client. C1 controls are the two bytes C2 80 to C2 9F.
    let suspicious = utf8
        .iter()
        .fold(false, |found, &byte| found | (byte < 0x20 && byte != b'\t') | (byte == 0x7f));
    suspicious
        || memchr::memchr_iter(0xc2, utf8).any(|at| matches!(utf8.get(at + 1), Some(0x80..=0x9f)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_password_is_compared_in_one_form() {
        let compared = |text: &str| Secret::new(text).as_compared().map(|one| one.0.to_string());
        assert_eq!(compared("plain"), None);
        assert_eq!(compared("\u{e9}"), None);
        assert_eq!(compared("e\u{301}").as_deref(), Some("\u{e9}"));
        assert_eq!(compared("a\u{a0}b\u{3000}c").as_deref(), Some("a b c"));
        assert_eq!(Secret::new("e\u{301}\u{1f44d}").characters(), 2);
    }

    proptest! {
        #[test]
        fn the_form_in_which_a_password_is_compared_has_no_other(text in "\\PC{0,40}") {
            let compared = Secret::new(&text).as_compared().unwrap_or_else(|| Secret::new(&text));
            prop_assert_eq!(compared.as_compared(), None);
            prop_assert_eq!(compared.characters(), Secret::new(&text).characters());
            prop_assert!(compared.expose().len() <= 3 * text.len());
        }
    }

    #[test]
    fn control_characters_are_refused_and_tab_is_not() {
        assert!(Text::new("a\tb").is_ok());
        for c in ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}').filter(|c| *c != '\t') {
            let text = format!("a{c}b");
            assert_eq!(Text::new(&text), Err(TextError::ControlCharacter), "{c:?}");
        }
        assert!(Text::new("\u{a0}é中👍").is_ok());
    }

    #[test]
    fn a_word_ends_at_one_space() {
        let (word, rest) = Text::new("bob  two spaces").unwrap().split_word();
        assert_eq!((word, rest.as_str()), ("bob", " two spaces"));
        let (word, rest) = Text::new("bob").unwrap().split_word();
        assert_eq!((word, rest.as_str()), ("bob", ""));
    }
}
