//! What people say, as it is shown: a message of several lines, and one that tells what its sender
//! does.

use std::fmt;

use super::safe_text::{LINE_BREAK, SafeText};

/// The start of a message that tells what its sender does.
const ACTION: &str = "/me ";

/// The sign of a line break in a text that is shown on one line.
pub const LINE_BREAK_SIGN: char = '⏎';

/// The sign behind a text that is not shown to its end.
pub const MORE_SIGN: char = '…';

/// What the sender of a message does, if the message tells that.
pub fn action(text: &str) -> Option<&str> {
    text.strip_prefix(ACTION)
}

/// Formats a message of `from`, with a text before and one behind it.
pub fn said(
    before: impl fmt::Display,
    from: &str,
    text: &str,
    behind: impl fmt::Display,
) -> SafeText {
    match action(text) {
        Some(done) => SafeText::message(format_args!("{before}* {from} "), done, behind),
        None => SafeText::message(before, text, behind),
    }
}

/// The text without its line breaks, each of which is shown as a sign.
pub fn on_one_line(text: &str) -> String {
    text.replace(LINE_BREAK, &LINE_BREAK_SIGN.to_string())
}

/// Formats a message of `from` on one line, or the beginning of it.
pub fn preview(from: &str, text: &str) -> String {
    match action(text) {
        Some(done) => format!("* {from} {}", on_one_line(done)),
        None => format!("{from}: {}", on_one_line(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_does_reads_as_a_sentence() {
        let shown = |text| said("09:15 bob -> *: ", "bob", text, " (kept)").rows("\n");
        assert_eq!(shown("hello"), "09:15 bob -> *: hello (kept)\n");
        assert_eq!(
            shown("/me waves\u{2028}twice"),
            "09:15 bob -> *: * bob waves\n  twice (kept)\n"
        );
        for other in ["/me", "/meow x", " /me waves"] {
            assert_eq!(shown(other), format!("09:15 bob -> *: {other} (kept)\n"));
        }
    }

    #[test]
    fn a_preview_is_one_line() {
        assert_eq!(preview("bob", "a\u{2028}\u{2028}b"), "bob: a⏎⏎b");
        assert_eq!(preview("bob", "/me waves\u{2028}twice"), "* bob waves⏎twice");
    }
}
