//! What the server says, as types and as bytes: replies and messages here, lists and notices in the
//! modules below.

use std::fmt;

use crate::chat::event::Call;
use crate::chat::file::FileRef;
use crate::chat::message::{Destination, Message, MessageId};
use crate::chat::name::{GroupName, Number, UserName};
use crate::chat::sha256::Sha256Sum;
use crate::chat::text::{Reason, Secret};
use crate::protocol::native::closing::Closing;
use crate::protocol::native::codes::Code;
use crate::protocol::native::verb::Verb;

/// To what a reply belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A request.
    Verb(Verb),
    /// A message.
    Message,
    /// Nothing that the client sent and the server knows.
    Nothing,
}

impl From<Verb> for Subject {
    fn from(verb: Verb) -> Self {
        Subject::Verb(verb)
    }
}

impl From<Option<Verb>> for Subject {
    fn from(verb: Option<Verb>) -> Self {
        verb.map_or(Subject::Nothing, Subject::Verb)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Verb(verb) => verb.fmt(f),
            Subject::Message => f.write_str("MSG"),
            Subject::Nothing => f.write_str("-"),
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Message { id, from, to, text, file_size } = self;
        match file_size {
            None => write!(f, "D {id} {from} {to} {text}"),
            Some(size) => write!(f, "C 124 FILE {id} {from} {to} {size} {text}"),
        }
    }
}

/// One reply, on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What came of it.
    pub code: Code,
    /// Of what.
    pub subject: Subject,
    /// The words of the reply.
    pub detail: Detail,
}

/// The words of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Text for people.
    Text(&'static str),
    /// A user, and text for people.
    User(UserName, &'static str),
    /// Who logged in.
    LoggedIn(UserName, Number),
    /// After how many seconds to try again.
    RetryAfter(u32),
    /// A message that was taken.
    Confirmed {
        /// Its id.
        id: MessageId,
        /// To whom it went.
        to: Destination,
        /// To how many at once.
        delivered: u32,
        /// For how many it was kept.
        stored: u32,
    },
    /// How many lines of a list follow.
    Count(usize),
    /// A file that there is not, as it was named.
    File(Box<str>),
    /// A download that begins.
    Download {
        /// Its stream.
        stream: u32,
        /// The whole file's size in bytes.
        size: u64,
        /// Which file.
        file: FileRef,
    },
    /// A file's hash.
    Sum {
        /// SHA-256 of its content.
        sha256: Sha256Sum,
        /// Its size in bytes.
        size: u64,
        /// Which file.
        file: FileRef,
    },
    /// The name of the software and its protocol version.
    Greeting,
    /// An upload that begins.
    Upload {
        /// Its stream.
        stream: u32,
        /// From which byte on it is awaited.
        offset: u64,
        /// SHA-256 of what is there already, where that is told.
        sha256: Option<Sha256Sum>,
    },
    /// A port where direct chats are taken, and how often the server wants to hear of who does.
    Up {
        /// The port.
        port: u16,
        /// The period in seconds, where that is told.
        period: Option<u64>,
    },
    /// A stream.
    Stream(u32),
    /// A group.
    Group(GroupName),
    /// A group, and how many members it has.
    GroupOf(GroupName, usize),
    /// A token.
    Token(Secret),
    /// A chat, and how many of its unread messages come after those that were listed.
    Opened(Destination, u64),
    /// A chat.
    Chat(Destination),
    /// A chat, and up to which message it is read.
    Seen(Destination, MessageId),
    /// The port on which a user takes direct chats.
    Port(u16),
    /// A user whom one may call directly.
    Call(Box<Call>),
    /// That somebody was sent away, and why.
    Kicked(Reason),
    /// Why the server closes, and after how many seconds to come back.
    ComeBack(Closing, u32),
}

impl Reply {
    /// A reply that says no more than text for people.
    pub fn text(code: Code, subject: impl Into<Subject>, text: &'static str) -> Self {
        Reply { code, subject: subject.into(), detail: Detail::Text(text) }
    }

    /// A reply with words of its own.
    pub fn new(code: Code, subject: impl Into<Subject>, detail: Detail) -> Self {
        Reply { code, subject: subject.into(), detail }
    }

    /// The answer where there is no file of that name.
    pub fn no_such_file(verb: Verb, name: &str) -> Self {
        Reply::new(Code::NotFound, verb, Detail::File(name.into()))
    }

    /// The last line of a connection that the server ends.
    pub fn closing(reason: Closing) -> Self {
        Reply::text(Code::Closing, Subject::Nothing, reason.text())
    }

    /// The last line of a connection that the server ends, and that is to come back after so many
    /// seconds.
    pub fn closing_for(reason: Closing, seconds: u32) -> Self {
        Reply::new(Code::Closing, Subject::Nothing, Detail::ComeBack(reason, seconds))
    }

    /// The first line of a connection.
    pub fn greeting() -> Self {
        Reply::new(Code::Greeting, Subject::Nothing, Detail::Greeting)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Detail::Greeting = self.detail {
            let version = env!("CARGO_PKG_VERSION");
            return write!(f, "C {} chatsrv/{version} {} ready", self.code, super::VERSION);
        }
        write!(f, "C {} {}", self.code, self.subject)?;
        match &self.detail {
            Detail::Greeting => Ok(()),
            Detail::Text(text) => write!(f, " {text}"),
            Detail::User(name, text) => write!(f, " {name} {text}"),
            Detail::LoggedIn(name, number) => write!(f, " {name} {number} welcome"),
            Detail::RetryAfter(seconds) => write!(f, " {seconds} try again later"),
            Detail::Confirmed { id, to, delivered, stored } => {
                write!(f, " {id} {to} {delivered} {stored}")
            }
            Detail::Upload { stream, offset, sha256: None } => write!(f, " {stream} {offset}"),
            Detail::Upload { stream, offset, sha256: Some(sum) } => {
                write!(f, " {stream} {offset} {sum}")
            }
            Detail::Stream(stream) => write!(f, " {stream}"),
            Detail::Group(group) => write!(f, " {group}"),
            Detail::GroupOf(group, members) => write!(f, " {group} {members}"),
            Detail::Token(token) => write!(f, " {}", token.expose()),
            Detail::Opened(chat, left) => write!(f, " {chat} {left}"),
            Detail::Chat(chat) => write!(f, " {chat}"),
            Detail::Seen(chat, id) => write!(f, " {chat} {id}"),
            Detail::Port(port) | Detail::Up { port, period: None } => write!(f, " {port}"),
            Detail::Up { port, period: Some(seconds) } => write!(f, " {port} {seconds}"),
            Detail::Call(call) => write!(f, " {call}"),
            Detail::Kicked(words) => {
                f.write_str(" ")?;
                Closing::Kicked.fmt_with_words(words.as_str(), f)
            }
            Detail::ComeBack(reason, seconds) => {
                f.write_str(" ")?;
                reason.fmt_with_hint(*seconds, f)
            }
            Detail::Count(count) => write!(f, " {count}"),
            Detail::File(file) => write!(f, " {file}"),
            Detail::Download { stream, size, file } => write!(f, " {stream} {size} {file}"),
            Detail::Sum { sha256, size, file } => write!(f, " {sha256} {size} {file}"),
        }
    }
}

/// Appends `line` and its LF.
pub fn encode_line(line: &impl fmt::Display, out: &mut Vec<u8>) {
    use std::io::Write;
    // Writing to a Vec does not fail.
    let _ = writeln!(out, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::event::Event;

    #[test]
    fn lines_read_as_the_protocol_says() {
        let alice: UserName = "alice".parse().unwrap();
        let cases = [
            (Reply::closing(Closing::LoginTimeout).to_string(), "C 421 - no login in time"),
            (
                Reply::new(Code::LoggedIn, Verb::User, Detail::LoggedIn(alice, Number(48_213)))
                    .to_string(),
                "C 230 USER alice 48213 welcome",
            ),
            (
                Reply::new(
                    Code::Done,
                    Subject::Message,
                    Detail::Confirmed {
                        id: MessageId(1_795_521_601_123_456),
                        to: Destination::Everyone,
                        delivered: 41,
                        stored: 0,
                    },
                )
                .to_string(),
                "C 250 MSG 1795521601123456 * 41 0",
            ),
            (Event::On(alice, Number(48_213)).to_string(), "C 120 ON alice 48213"),
        ];
        for (line, expected) in cases {
            assert_eq!(line, expected);
        }
    }
}
