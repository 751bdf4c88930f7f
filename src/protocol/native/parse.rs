//! The parser of command lines: the verb and its words, each checked once.

mod groups;
mod moderation;
mod pieces;
mod words;

use crate::chat::kind::Kind;
use crate::chat::refusal::Refusal;
use crate::chat::text::Text;
use crate::protocol::native::command::Command;
use crate::protocol::native::kinds::kind;
use crate::protocol::native::verb::Verb;

/// Parses the text of a `C` line.
///
/// # Errors
/// The kind of the request, as far as that can be told, and its refusal.
pub fn parse_command(line: Text<'_>) -> Result<Command, (Kind, Refusal)> {
    let (word, rest) = line.split_word();
    let Some(verb) = Verb::from_word(word) else {
        let text = "unknown command, HELP lists what there is";
        return Err((Kind::Unknown, Refusal::BadWords(text)));
    };
    words::parse(verb, rest).map_err(|refusal| (kind(verb), refusal))
}

#[cfg(test)]
mod tests;
