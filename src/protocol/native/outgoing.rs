//! Lines to the server, each checked to be one that it can read.

use std::fmt;

use zeroize::Zeroizing;

use crate::chat::text::{Text, TextError};
use crate::protocol::native::CLIENT_LINE_BYTES_MAX;
use crate::protocol::native::verb::Verb;

/// A whole line with its LF. Its bytes are wiped when it is dropped, for it may hold a password.
#[derive(Debug, PartialEq, Eq)]
pub struct Outgoing(Zeroizing<String>);

impl Outgoing {
    /// A command; `words` may be empty.
    ///
    /// # Errors
    /// [`TextError`] where the line would be too long or hold control characters.
    pub fn command(verb: Verb, words: impl fmt::Display) -> Result<Self, TextError> {
        let line = Zeroizing::new(format!("C {verb} {words}"));
        // A space at the end of words is theirs: the name of a file may end with one.
        let alone = line.len() == "C  ".len() + verb.name().len();
        Outgoing::line(if alone { &line[..line.len() - 1] } else { &line })
    }

    /// A data line.
    ///
    /// # Errors
    /// [`TextError`] where the line would be too long or hold control characters.
    pub fn data(text: &str) -> Result<Self, TextError> {
        let mut line = Zeroizing::new(String::with_capacity(text.len() + 2));
        line.push_str("D ");
        line.push_str(text);
        Outgoing::line(&line)
    }

    /// The end of a stream.
    pub fn file_end(stream: u32) -> Self {
        Outgoing(Zeroizing::new(format!("F {stream} 0\n")))
    }

    /// What goes over the wire.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn line(text: &str) -> Result<Self, TextError> {
        Text::new(text)?;
        if text.len() + 1 > CLIENT_LINE_BYTES_MAX {
            return Err(TextError::TooLong);
        }
        let mut line = Zeroizing::new(String::with_capacity(text.len() + 1));
        line.push_str(text);
        line.push('\n');
        Ok(Outgoing(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_the_server_reads() {
        assert_eq!(Outgoing::command(Verb::Who, "").unwrap().as_bytes(), b"C WHO\n");
        assert_eq!(Outgoing::command(Verb::Get, "0 a b").unwrap().as_bytes(), b"C GET 0 a b\n");
        assert_eq!(Outgoing::command(Verb::Get, "0 a ").unwrap().as_bytes(), b"C GET 0 a \n");
        assert_eq!(Outgoing::file_end(7).as_bytes(), b"F 7 0\n");
        assert_eq!(Outgoing::data("bob  hi ").unwrap().as_bytes(), b"D bob  hi \n");
        assert_eq!(Outgoing::data("a\nC EX"), Err(TextError::ControlCharacter));
    }

    #[test]
    fn the_longest_line_passes_and_one_byte_more_does_not() {
        let text = "x".repeat(CLIENT_LINE_BYTES_MAX - 3);
        assert_eq!(Outgoing::data(&text).unwrap().as_bytes().len(), CLIENT_LINE_BYTES_MAX);
        assert_eq!(Outgoing::data(&format!("{text}x")), Err(TextError::TooLong));
    }
}
