//! The parser of typed lines.

use super::action::{Action, Command};
use super::destination::Destination;
use super::table::find;

/// A parsed line.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// A well-formed command.
    Action(Action),
    /// A command with malformed arguments.
    Misused(&'static Command),
    /// A line that begins with `/` and is no command.
    Unknown,
    /// Text, also that of /me; `//` at the start of the line was replaced by `/`.
    Text(String),
}

/// Parses a line that was typed while no chat is open. PM, DM and EX are commands only if nothing
/// follows them.
pub fn read(line: &str) -> Typed {
    if let Some(text) = line.strip_prefix("//") {
        return Typed::Text(format!("/{text}"));
    }
    let (word, words) = line.trim_start().split_once(' ').unwrap_or((line.trim(), ""));
    match find(word) {
        Some(command) if command.name == "/me" && !words.trim().is_empty() => {
            Typed::Text(format!("/me {words}"))
        }
        Some(command) if word.starts_with('/') || words.trim().is_empty() => {
            (command.read)(words).map_or(Typed::Misused(command), Typed::Action)
        }
        None if word.starts_with('/') => Typed::Unknown,
        _ => Typed::Text(line.to_string()),
    }
}

/// Parses a line that was typed for `destination`. In a chat or a dialogue it is a command only if
/// it begins with `/`.
pub fn read_for(destination: &Destination, line: &str) -> Typed {
    match destination.takes_words() || line.trim_start().starts_with('/') {
        true => read(line),
        false => Typed::Text(line.to_string()),
    }
}

#[cfg(test)]
mod tests;
