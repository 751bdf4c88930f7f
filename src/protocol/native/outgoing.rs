//! Lines from a client to the server, each checked to be valid.

use std::fmt::{self, Write as _};

use zeroize::Zeroizing;

use crate::chat::name::{NAME_BYTES_MAX, Target};
use crate::chat::text::{Text, TextError};
use crate::protocol::native::frame::CLIENT_LINE_BYTES_MAX;
use crate::protocol::native::verb::Verb;

/// Room for the line of a command. Only one with the name of a file, which is no secret, is longer.
const COMMAND_BYTES: usize = 256;

/// A complete line with its LF. Its bytes are wiped when it is dropped, since it may hold a
/// password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing(Zeroizing<String>);

impl Outgoing {
    /// Creates a command line; `words` may be empty.
    ///
    /// # Errors
    /// [`TextError`] if the line would be too long or hold control characters.
    pub fn command(verb: Verb, words: impl fmt::Display) -> Result<Self, TextError> {
        let mut line = written(COMMAND_BYTES, format_args!("C {verb} {words}"));
        // A space at the end of the words belongs to them: the name of a file may end with one.
        if line.len() == "C  ".len() + verb.name().len() {
            line.pop();
        }
        Outgoing::ended(line)
    }

    /// Creates a data line.
    ///
    /// # Errors
    /// [`TextError`] if the line would be too long or hold control characters.
    pub fn data(text: &str) -> Result<Self, TextError> {
        Outgoing::ended(written(text.len() + "D \n".len(), format_args!("D {text}")))
    }

    /// Creates the line of a message.
    ///
    /// # Errors
    /// [`TextError`] if the line would be too long or hold control characters.
    pub fn message(to: Target, text: &str) -> Result<Self, TextError> {
        let length = text.len() + "D # \n".len() + NAME_BYTES_MAX;
        Outgoing::ended(written(length, format_args!("D {to} {text}")))
    }

    /// Creates the end of a stream.
    pub fn file_end(stream: u32) -> Self {
        Outgoing(Zeroizing::new(format!("F {stream} 0\n")))
    }

    /// The bytes of the line.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Checks a line, and appends its LF.
    fn ended(mut line: Zeroizing<String>) -> Result<Self, TextError> {
        Text::new(&line)?;
        if line.len() + 1 > CLIENT_LINE_BYTES_MAX {
            return Err(TextError::TooLong);
        }
        line.push('\n');
        Ok(Outgoing(line))
    }
}

/// Writes a line at once into a buffer for `bytes` bytes: a buffer that grows leaves copies behind.
fn written(bytes: usize, text: fmt::Arguments<'_>) -> Zeroizing<String> {
    let mut line = Zeroizing::new(String::with_capacity(bytes));
    // Writing to a String does not fail.
    let _ = line.write_fmt(text);
    line
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
        let to = "#ops".parse().unwrap();
        assert_eq!(Outgoing::message(to, "hi ").unwrap().as_bytes(), b"D #ops hi \n");
    }

    #[test]
    fn the_longest_line_passes_and_one_byte_more_does_not() {
        let text = "x".repeat(CLIENT_LINE_BYTES_MAX - 3);
        assert_eq!(Outgoing::data(&text).unwrap().as_bytes().len(), CLIENT_LINE_BYTES_MAX);
        assert_eq!(Outgoing::data(&format!("{text}x")), Err(TextError::TooLong));
    }
}
