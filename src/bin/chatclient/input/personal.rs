//! The commands of a user about others and about the own account: parsed from what was typed,
//! encoded as requests, and the texts for the replies.

use chatsrv::chat::name::{FileName, UserRef};
use chatsrv::chat::text::Text;
use chatsrv::display::safe_text::{SafeText, safe};
use chatsrv::protocol::native::parse::parse_command;
use chatsrv::protocol::native::read::{FinalReply, ReplyWords};
use chatsrv::protocol::native::verb::Verb;

use super::group_words::{first_and_rest, on_or_off};

/// A command of a user about others or about the own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonalRequest {
    /// Ignore a user, or no longer.
    Ignore {
        /// The user.
        user: UserRef,
        /// True to ignore the user.
        on: bool,
    },
    /// List whom this user ignores; quietly, if it is only to hide their lines.
    Ignored {
        /// True if the reply is not shown.
        quiet: bool,
    },
    /// Be asked before being added to a group, or not.
    AskFirst(bool),
    /// Report a user, or a message, to the administrators: the words of the request.
    Report(String),
    /// List the message of the day; quietly, if nobody has asked for it and there may be none.
    Motd {
        /// True if an empty reply is not shown.
        quiet: bool,
    },
    /// Be sent all that is one's own as a file.
    Export,
    /// Remove a file or an empty folder of the shared folder.
    RemoveFile(FileName),
}

impl PersonalRequest {
    /// The verb of the request and its arguments.
    pub fn request(&self) -> (Verb, String) {
        let word = |on: bool| if on { "on" } else { "off" };
        match self {
            PersonalRequest::Ignore { user, on } => (Verb::Ignore, format!("{user} {}", word(*on))),
            PersonalRequest::Ignored { .. } => (Verb::Ignored, String::new()),
            PersonalRequest::AskFirst(on) => (Verb::Askfirst, word(*on).to_string()),
            PersonalRequest::Report(words) => (Verb::Report, words.clone()),
            PersonalRequest::Motd { .. } => (Verb::Motd, String::new()),
            PersonalRequest::Export => (Verb::Export, String::new()),
            PersonalRequest::RemoveFile(name) => (Verb::Rm, name.to_string()),
        }
    }

    /// The command that the user typed for it; `None` if the client sends it by itself.
    pub fn typed_as(&self) -> Option<&'static str> {
        Some(match self {
            PersonalRequest::Ignored { quiet: true } | PersonalRequest::Motd { quiet: true } => {
                return None;
            }
            PersonalRequest::Ignore { .. } => "/ignore",
            PersonalRequest::Ignored { quiet: false } => "/ignored",
            PersonalRequest::AskFirst(_) => "/askfirst",
            PersonalRequest::Report(_) => "/report",
            PersonalRequest::Motd { quiet: false } => "/motd",
            PersonalRequest::Export => "/export",
            PersonalRequest::RemoveFile(_) => "/rm",
        })
    }

    /// The text to show for the head of a list of `count` items.
    pub fn head(&self, count: usize) -> Option<&'static str> {
        match (self, count) {
            (PersonalRequest::Ignored { quiet: false }, 0) => Some("you ignore nobody"),
            (PersonalRequest::Motd { quiet: false }, 0) => Some("there is no message of the day"),
            (PersonalRequest::Motd { .. }, 1..) => Some("message of the day:"),
            _ => None,
        }
    }

    /// The text to show after success; `None` for lists.
    pub fn done(&self, reply: &FinalReply<'_>) -> Option<SafeText> {
        Some(match self {
            PersonalRequest::Ignore { user, on: true } => {
                safe!("nothing of {user} reaches you directly, and what {user} says is hidden")
            }
            PersonalRequest::Ignore { user, on: false } => safe!("{user} reaches you again"),
            PersonalRequest::AskFirst(true) => {
                safe!("you are asked before you are added to a group")
            }
            PersonalRequest::AskFirst(false) => safe!("you can be added to groups"),
            PersonalRequest::Report(_) => match reply.words {
                ReplyWords::ReportMade { number } => {
                    safe!("the administrators have it as report {number}")
                }
                _ => safe!("the administrators have it"),
            },
            PersonalRequest::Export => safe!("it is sent to you as a file, once it is made"),
            PersonalRequest::RemoveFile(name) => safe!("{name} is removed"),
            PersonalRequest::Ignored { .. } | PersonalRequest::Motd { .. } => return None,
        })
    }
}

/// Parses `user on` or `user off`.
pub fn ignore(words: &str) -> Option<PersonalRequest> {
    let (user, rest) = first_and_rest(words);
    Some(PersonalRequest::Ignore { user: user.parse().ok()?, on: on_or_off(rest)? })
}

/// Parses `user [id] text`, as the server does.
pub fn report(words: &str) -> Option<PersonalRequest> {
    let (user, rest) = first_and_rest(words);
    let rest = rest.strip_prefix('@').unwrap_or(rest);
    let words = format!("{user} {rest}");
    let line = format!("{} {words}", Verb::Report);
    parse_command(Text::new(&line).ok()?).ok().map(|_| PersonalRequest::Report(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_requests() {
        let line = |request: Option<PersonalRequest>| {
            let (verb, words) = request?.request();
            Some(format!("{verb} {words}").trim_end().to_string())
        };
        let some = |line: &str| Some(line.to_string());
        assert_eq!(line(ignore(" bob  ON ")), some("IGNORE bob on"));
        assert_eq!(line(ignore("10417 off")), some("IGNORE 10417 off"));
        assert_eq!(line(report("bob  spam, all day")), some("REPORT bob spam, all day"));
        assert_eq!(line(report("bob @1000 spam")), some("REPORT bob 1000 spam"));
        for wrong in ["", "bob", "bob maybe", "4x on"] {
            assert_eq!(ignore(wrong), None, "{wrong}");
        }
        for wrong in ["", "bob", "bob 1000", "4x spam"] {
            assert_eq!(report(wrong), None, "{wrong}");
        }
        assert_eq!(report(&format!("bob {}", "x".repeat(201))), None);
    }
}
