//! A command line to a request: the verb and its words, each checked once.

mod words;

use crate::chat::request::Request;
use crate::chat::text::Text;
use crate::protocol::native::codes::Code;
use crate::protocol::native::verb::Verb;
use crate::protocol::native::write::Detail;

/// A command that can't be carried out as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was asked for, where that is a verb of the protocol.
    pub verb: Option<Verb>,
    /// Why not.
    pub code: Code,
    /// The words of the reply.
    pub detail: Detail,
}

/// Reads the text of a `C` line.
///
/// # Errors
/// A [`Refusal`]: 500 for an unknown verb, 501 for missing or bad words, 550 for a name that no
/// user or file can have, 553 for one that can't be chosen.
pub fn parse_request(line: Text<'_>) -> Result<Request, Refusal> {
    let (word, rest) = line.split_word();
    let Some(verb) = Verb::from_word(word) else {
        let detail = Detail::Text("unknown command, HELP lists what there is");
        return Err(Refusal { verb: None, code: Code::Unknown, detail });
    };
    words::parse(verb, rest).map_err(|(code, text)| {
        // A name that no file can have reads like that of a missing file.
        let detail = match (verb, code) {
            (Verb::Get, Code::NotFound) => Detail::File(rest.split_word().1.as_str().into()),
            (Verb::Sum, Code::NotFound) => Detail::File(rest.as_str().into()),
            _ => Detail::Text(text),
        };
        Refusal { verb: Some(verb), code, detail }
    })
}

#[cfg(test)]
mod tests;
