//! The pieces of which the words of several commands are made.

use crate::chat::name::{InvalidName, UserRef};
use crate::chat::refusal::Refusal;
use crate::chat::text::{InvalidReason, Reason, Text};

/// The refusal of a command that lacks a word.
pub(super) const MISSING: Refusal = Refusal::BadWords("a word is missing");

/// Takes no words.
pub(super) fn nothing<T>(words: Text<'_>, meant: T) -> Result<T, Refusal> {
    match words.is_empty() {
        true => Ok(meant),
        false => Err(Refusal::BadWords("that command stands alone")),
    }
}

/// Takes `on` or `off`.
pub(super) fn on_or_off(words: Text<'_>) -> Result<bool, Refusal> {
    match words.as_str() {
        word if word.eq_ignore_ascii_case("on") => Ok(true),
        word if word.eq_ignore_ascii_case("off") => Ok(false),
        _ => Err(Refusal::BadWords("say on or off")),
    }
}

/// A user who must exist.
pub(super) fn known(word: &str) -> Result<UserRef, Refusal> {
    if word.is_empty() {
        return Err(MISSING);
    }
    word.parse().map_err(|InvalidName| Refusal::NoSuchUser)
}

/// Takes a reason, if there is one.
pub(super) fn reason_if_any(words: Text<'_>) -> Result<Option<Reason>, Refusal> {
    match words.as_str() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|InvalidReason| {
            Refusal::BadWords("a reason has at most 200 visible characters")
        }),
    }
}

/// Takes the word ERASE, or nothing.
pub(super) fn erase(words: Text<'_>) -> Result<bool, Refusal> {
    match words.as_str() {
        "" => Ok(false),
        word if word.eq_ignore_ascii_case("ERASE") => Ok(true),
        _ => Err(Refusal::BadWords("only ERASE may stand there")),
    }
}

/// Parses a plain decimal number, without a sign.
pub(super) fn number<N: std::str::FromStr>(
    word: &str,
    otherwise: &'static str,
) -> Result<N, Refusal> {
    let number = is_plain_number(word).then(|| word.parse().ok()).flatten();
    number.ok_or(Refusal::BadWords(otherwise))
}

/// Returns true for a word of digits alone.
pub(super) fn is_plain_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}
