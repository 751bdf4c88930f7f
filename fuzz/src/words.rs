//! The words of a text: whatever it is, its terms are such as the index takes, and do not depend on
//! how its characters are composed, or on what stands beyond a separator.

use chatsrv::chat::words::Terms;
use unicode_normalization::UnicodeNormalization;

/// A character that is no part of any word, whatever is beside it.
const SEPARATOR: &str = "。";

/// Turns a text into terms; and two texts, where it has two lines.
pub fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let terms = Terms::of(&text);
    check(&terms);
    assert_eq!(terms, Terms::of(&text.nfc().collect::<String>()), "composed");
    assert_eq!(terms, Terms::of(&text.nfd().collect::<String>()), "decomposed");
    let (one, other) = text.split_once('\n').unwrap_or((&text, ""));
    let both = Terms::of(&format!("{one}{SEPARATOR}{other}"));
    let (one, other) = (Terms::of(one), Terms::of(other));
    assert_eq!(both.text, one.text + &other.text);
    assert_eq!(both.words, one.words + other.words);
}

fn check(terms: &Terms) {
    let Terms { text, words } = terms;
    assert_eq!(text.is_empty(), *words == 0);
    assert!(text.is_empty() || text.ends_with(' '));
    for term in text.split_terminator(' ') {
        let is_plain = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "#*".contains(c);
        assert!(!term.is_empty() && term.chars().all(is_plain), "{term:?}");
    }
    assert!(*words <= text.matches(' ').count());
}
