//! Patterns for lines: literal text, and `…` for any text, also none.
//!
//! The wildcard is no `*`, because `*` stands on the wire: it is everyone.

/// What each `…` of `pattern` stands for in `line`; `None` where the line doesn't match.
pub fn captures(pattern: &str, line: &str) -> Option<Vec<String>> {
    let mut literals = pattern.split('…');
    let mut rest = line.strip_prefix(literals.next().unwrap_or_default())?;
    let mut found = Vec::new();
    let mut literals = literals.peekable();
    while let Some(literal) = literals.next() {
        let at = match literals.peek() {
            // The last literal ends the line.
            None => rest.ends_with(literal).then(|| rest.len() - literal.len()),
            Some(_) => rest.find(literal),
        }?;
        found.push(rest[..at].to_owned());
        rest = &rest[at + literal.len()..];
    }
    rest.is_empty().then_some(found)
}
