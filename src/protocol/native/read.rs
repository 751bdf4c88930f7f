//! Lines from the server, as a client reads them: cut into their parts and parsed.
//!
//! [`ServerLine::read`] parses any `C` line, by one of three tables: of notices, of the items of
//! lists, and of final replies. A client must not break on a later version of the server: a code, a
//! verb or a word that this version does not know is in none of the tables, and is given with its
//! text as it came.

mod item;
mod notice;
mod reply;
#[cfg(test)]
mod tests;
mod words;

pub use item::{ChatWords, ListItem, MemberWords, OnlineWords};
pub use notice::{CallWords, Notice, SentFile};
pub use reply::{About, FinalReply, ReplyFamily, ReplyWords, Restriction, TokenWord};

use words::{Words, number};

use crate::chat::id::MessageId;
use crate::protocol::native::closing::Closed;
use crate::protocol::native::code::Code;

/// The first number of the notices that are not of the first version.
const LATER_NOTICES: u16 = 130;

/// A `C` line from the server, cut into its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLine<'a> {
    /// The code, 100 to 599.
    pub code: u16,
    /// The verb, or another word for the subject.
    pub verb: &'a str,
    /// The words and the text.
    pub rest: &'a str,
}

/// A parsed `C` line from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading<'a> {
    /// The first line of a connection.
    Greeting {
        /// The name of the server's software.
        software: &'a str,
        /// The version of the protocol that the server speaks.
        version: &'a str,
    },
    /// The last line of a connection that the server closes.
    Closing(Closed),
    /// A notice, which belongs to no request.
    Notice(Notice<'a>),
    /// A notice of a later version, which is to be dropped.
    LaterNotice,
    /// The head of a list.
    Head {
        /// The number of items; none if it can't be parsed.
        count: Option<usize>,
    },
    /// An item of a list.
    Item(ListItem<'a>),
    /// The final reply to a request.
    Final(FinalReply<'a>),
    /// A line that this version of the protocol does not know.
    Unknown,
}

impl<'a> ServerLine<'a> {
    /// Cuts the text of a `C` line. None if it doesn't start with a three-digit code.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (code, rest) = text.split_once(' ').unwrap_or((text, ""));
        let code = (code.len() == 3).then(|| code.parse().ok()).flatten()?;
        let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        (100..600).contains(&code).then_some(ServerLine { code, verb, rest })
    }

    /// Returns true for the final reply to a command or message of the client.
    pub fn is_final(&self) -> bool {
        self.code >= 200 && self.code != Code::Greeting as u16
    }

    /// Returns true for a notice, which belongs to no request.
    pub fn is_notice(&self) -> bool {
        (120..Code::ListHead as u16).contains(&self.code)
    }

    /// Parses the line.
    pub fn read(&self) -> Reading<'a> {
        let about = About::from_word(self.verb);
        match (Code::from_number(self.code), self.code) {
            (Some(Code::Greeting), _) => {
                let version = Words::new(self.rest).word().unwrap_or_default();
                Reading::Greeting { software: self.verb, version }
            }
            (Some(Code::Closing), _) => Reading::Closing(Closed::read(self.rest)),
            (Some(Code::ListHead), _) => {
                Reading::Head { count: Words::new(self.rest).word().and_then(number) }
            }
            (Some(Code::ListItem), _) => Reading::Item(ListItem::read(about.verb(), self.rest)),
            (code, 200..) => Reading::Final(self.final_reply(code, about)),
            _ if self.is_notice() => match Notice::read(self.code, self.rest) {
                Notice::Other(_) if self.code >= LATER_NOTICES => Reading::LaterNotice,
                notice => Reading::Notice(notice),
            },
            _ => Reading::Unknown,
        }
    }

    fn final_reply(&self, code: Option<Code>, about: About) -> FinalReply<'a> {
        let family = match self.code / 100 {
            2 => ReplyFamily::Done,
            3 => ReplyFamily::GoOn,
            4 => ReplyFamily::NotNow,
            _ => ReplyFamily::No,
        };
        let words = ReplyWords::read((code, about), self.rest);
        FinalReply { family, code, about, words, text: self.rest }
    }
}

/// A `D` line from the server, cut into its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered<'a> {
    /// The id, which is the time when the server took the message.
    pub id: MessageId,
    /// The sender.
    pub from: &'a str,
    /// The destination.
    pub to: &'a str,
    /// The text.
    pub text: &'a str,
}

impl<'a> Delivered<'a> {
    /// Cuts the text of a `D` line. None if a part is missing.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(4, ' ');
        let id = MessageId(parts.next()?.parse().ok()?);
        Some(Delivered { id, from: parts.next()?, to: parts.next()?, text: parts.next()? })
    }
}
