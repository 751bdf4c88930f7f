//! No text for people in the hub: what it means stands there, and how it is said in the codec.

use crate::assert_none;
use crate::findings::{Finding, finding, lines};
use crate::modules::{self, Modules, room};
use crate::source::{Kind, Token, past_group};

/// Words of a protocol.
const WORDS: [&str; 2] = ["Code", "Verb"];

/// The macros whose texts are for the operator, or for whoever reads of a bug.
const NOT_FOR_PEOPLE: [&str; 13] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "error",
    "info",
    "panic",
    "trace",
    "unreachable",
    "warn",
];

/// The texts and the words of a protocol in a file, each with its line.
fn texts<'a>(tokens: &[Token<'a>]) -> Vec<(&'a str, usize)> {
    let mut texts = Vec::new();
    let mut silent_until = 0;
    for (at, token) in tokens.iter().enumerate() {
        if let Some(open) = opens_what_people_do_not_read(tokens, at) {
            silent_until = silent_until.max(past_group(tokens, open));
        }
        let is_text = token.kind == Kind::Text && token.text.contains(' ') && !is_pairs(token.text);
        let is_text = is_text && at >= silent_until;
        if is_text || WORDS.iter().any(|word| token.is(word)) {
            texts.push((token.text, token.line));
        }
    }
    texts
}

/// Whether a text is `key=value` pairs, of which lines of the audit log are made.
fn is_pairs(text: &str) -> bool {
    let mut words = text.trim_matches('"').split(' ').filter(|word| !word.is_empty());
    words.all(|word| word.contains('=') || (word.starts_with('{') && word.ends_with('}')))
}

/// Where the bracket of a macro, an attribute or an `expect` opens that begins at `at`.
fn opens_what_people_do_not_read(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let behind = |text| tokens.get(at + 1).is_some_and(|token| token.is(text));
    let token = &tokens[at];
    let is_macro = behind("!") && NOT_FOR_PEOPLE.iter().any(|name| token.is(name));
    if is_macro {
        return Some(at + 2);
    }
    ((token.is("#") && behind("[")) || (token.is("expect") && behind("("))).then_some(at + 1)
}

fn findings(modules: &Modules<'_>) -> Vec<Finding> {
    let hub = modules.iter().filter(|module| room(&module.name) == "chatsrv::hub");
    let findings = hub.flat_map(|module| {
        let texts = texts(&module.tokens).into_iter();
        texts.map(|(text, line)| finding(module.file, format!("{line}: {text}")))
    });
    findings.collect()
}

#[test]
fn the_hub_has_no_text_for_people() {
    assert_none(lines(findings(modules::all())));
}

#[test]
fn a_text_is_found_but_in_logs_and_assertions() {
    let text = r#"
        #[must_use = "a b"]
        fn f() -> Code {
            log::warn!("a {}", g("b c"));
            debug_assert!(x, "d e");
            y.expect("f g");
            format_args!("key={} other={other} {more}", 7);
            tell("one", "h i", Verb::Msg)
        }"#;
    let files = modules::examples(&[("src/hub/a.rs", text), ("src/server/a.rs", text)]);
    let expected = ["3: Code", "8: \"h i\"", "8: Verb"];
    let expected = expected.map(|what| finding("src/hub/a.rs", what));
    assert_eq!(findings(&Modules::of(&files)), expected);
}
