//! The tokens of a file of Rust: as much of the language as the rules ask about.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name, a keyword or a number.
    Word,
    /// A string literal, with its quotes.
    Text,
    /// Anything else: punctuation, a lifetime, a character.
    Mark,
}

/// One token.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    /// The line that it begins in, from 1.
    pub line: usize,
    /// Whether it stands at the very beginning of its line, as only an item of the file does.
    pub is_first: bool,
    /// Whether its line is indented, as that of an item of the file is not.
    pub is_indented: bool,
}

impl Token<'_> {
    /// Whether it is this word or this punctuation.
    pub fn is(&self, text: &str) -> bool {
        self.kind != Kind::Text && self.text == text
    }

    pub fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }
}

/// The tokens of `text`, without its comments and without what is compiled for tests alone.
pub fn program_tokens(text: &str) -> Vec<Token<'_>> {
    without_tests(&tokens(text))
}

/// All tokens of `text`; comments are none.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut at, mut line, mut start) = (0, 1, 0);
    while at < text.len() {
        let (kind, length) = first(&text[at..]);
        let piece = &text[at..at + length];
        if let Some(kind) = kind {
            let is_indented = text[start..].starts_with(' ');
            tokens.push(Token { kind, text: piece, line, is_first: at == start, is_indented });
        }
        line += piece.bytes().filter(|byte| *byte == b'\n').count();
        start = piece.rfind('\n').map_or(start, |end| at + end + 1);
        at += length;
    }
    tokens
}

/// What `text` begins with, none where it is white space or a comment, and its length in bytes.
fn first(text: &str) -> (Option<Kind>, usize) {
    let bytes = text.as_bytes();
    let next = bytes.get(1).copied();
    match (bytes[0], next) {
        (b' ' | b'\n' | b'\t' | b'\r', _) => (None, 1),
        (b'/', Some(b'/')) => (None, text.find('\n').unwrap_or(text.len())),
        (b'/', Some(b'*')) => (None, text.find("*/").map_or(text.len(), |end| end + 2)),
        (b'"', _) => (Some(Kind::Text), quoted(text)),
        (b'\'', _) => (Some(Kind::Mark), apostrophe(text)),
        (b':', Some(b':')) | (b'-' | b'=', Some(b'>')) => (Some(Kind::Mark), 2),
        (byte, _) if is_of_word(byte) => word(text),
        _ => (Some(Kind::Mark), 1),
    }
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// The length of the string literal that `text` begins with.
fn quoted(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

/// The length of the character or of the lifetime that `text` begins with.
fn apostrophe(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    let (_, inside) = chars.next().unwrap_or((1, ' '));
    if inside == '\\' {
        // What is escaped may be an apostrophe itself.
        return text[3..].find('\'').map_or(text.len(), |end| end + 4);
    }
    match chars.next() {
        Some((end, '\'')) => end + 1,
        _ => 1 + text[1..].bytes().take_while(|byte| is_of_word(*byte)).count(),
    }
}

/// The word that `text` begins with; it may begin a string literal.
fn word(text: &str) -> (Option<Kind>, usize) {
    let length = text.bytes().take_while(|byte| is_of_word(*byte)).count();
    let rest = &text[length..];
    let is_raw = matches!(&text[..length], "r" | "br" | "cr");
    if !is_raw && !matches!(&text[..length], "b" | "c") {
        return (Some(Kind::Word), length);
    }
    let hashes = rest.bytes().take_while(|byte| *byte == b'#').count();
    if rest[hashes..].starts_with('"') && is_raw {
        let close = format!("\"{}", "#".repeat(hashes));
        let start = length + hashes + 1;
        let end = text[start..].find(&close).map_or(text.len(), |end| start + end + close.len());
        return (Some(Kind::Text), end);
    }
    if rest.starts_with('"') {
        return (Some(Kind::Text), length + quoted(rest));
    }
    (Some(Kind::Word), length)
}

/// The position behind what opens at `open`: its bracket's partner, or the end.
pub fn past_group(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.kind != Kind::Mark {
            continue;
        }
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// The position behind the generic parameters or arguments that open at `open`, if they do.
pub fn past_angles(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "<" => depth += 1,
            ">" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return if token.is(">") { at + 1 } else { open };
        }
    }
    tokens.len()
}

/// The names of the types that a file defines, as often as it does. What an `impl` or a trait calls
/// a type of its own is none.
pub fn types<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let pairs = tokens.windows(2).filter(|pair| {
        let is_alias = pair[0].is("type") && !pair[0].is_indented;
        let is_new = ["struct", "enum", "union", "trait"].iter().any(|word| pair[0].is(word));
        (is_alias || is_new) && pair[1].is_word()
    });
    pairs.map(|pair| pair[1].text).collect()
}

fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if begins_test(&tokens[at..]) {
            at = past_item(tokens, at);
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

fn begins_test(tokens: &[Token<'_>]) -> bool {
    let test = ["#", "[", "cfg", "(", "test", ")", "]"];
    tokens.len() >= test.len() && tokens.iter().zip(test).all(|(token, text)| token.is(text))
}

/// The position behind the item, field or statement that begins at `at` with its attributes.
fn past_item(tokens: &[Token<'_>], mut at: usize) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text {
            "(" | "[" => at = past_group(tokens, at),
            "{" => {
                let end = past_group(tokens, at);
                return end + usize::from(tokens.get(end).is_some_and(|token| token.is(";")));
            }
            ";" | "," => return at + 1,
            _ => at += 1,
        }
    }
    at
}

#[test]
fn comments_and_tests_have_no_tokens() {
    let text = "a // b\n/* c */ #[cfg(test)]\n#[d]\nmod e { f }\n#[cfg(test)] use g::{h, i};\nj";
    let found = program_tokens(text);
    let found = found.iter().map(|token| (token.text, token.line)).collect::<Vec<_>>();
    assert_eq!(found, [("a", 1), ("j", 6)]);
}

#[test]
fn strings_and_characters_are_one_token_each() {
    let text = r##"x "a \" // b" r#"c " d"# b"e" '{' '\'' '"' 'f y"##;
    let found = tokens(text);
    let found = found.iter().map(|token| token.text).collect::<Vec<_>>();
    let expected =
        ["x", r#""a \" // b""#, r##"r#"c " d"#"##, r#"b"e""#, "'{'", r"'\''", "'\"'", "'f", "y"];
    assert_eq!(found, expected);
}

#[test]
fn a_group_ends_with_its_partner() {
    let text = "<A, Fn(B) -> C<D>> (a, [b]) c";
    let found = tokens(text);
    let open = past_angles(&found, 0);
    assert!(found[open].is("("));
    assert!(found[past_group(&found, open)].is("c"));
}

#[test]
fn types_are_found_by_what_defines_them() {
    let text = "pub struct A<T>(T);\n#[b]\nenum B {}\npub type C = A<B>;\nimpl D for B {\n    \
                type E = B;\n}\nmacro_rules! f { struct $name; }\npub(crate) trait G {}\n";
    assert_eq!(types(&tokens(text)), ["A", "B", "C", "G"]);
}
