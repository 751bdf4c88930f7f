//! The items of lists, as a client reads them: one table.

use super::words::{Words, readings};
use crate::chat::address::Address;
use crate::chat::id::MessageId;
use crate::chat::name::Number;
use crate::protocol::native::verb::Verb;

readings! {
    /// An item of a list, by the verb of the list. Names are as they came: a later server may allow
    /// others than this version.
    pub enum ListItem by Option<Verb> {
        /// A user who is online.
        Some(Verb::Who) => Online {
            /// The user.
            user: OnlineWords<'a> = OnlineWords::read,
        };
        /// A user to whom a direct message can go at once.
        Some(Verb::Dm) => Direct {
            /// The name.
            name: &'a str = Words::word,
            /// The user's contact number.
            number: Number = Words::parsed,
        };
        /// A chat with unread messages.
        Some(Verb::Unread) => Unread {
            /// The chat.
            chat: &'a str = Words::word,
            /// The number of unread messages.
            count: u64 = Words::number,
            /// The newest of them.
            last: MessageId = Words::id,
        };
        /// A chat.
        Some(Verb::Chats) => Chat {
            /// The chat and its last message.
            chat: ChatWords<'a> = ChatWords::read,
        };
        /// A group.
        Some(Verb::Groups) => Group {
            /// The name.
            name: &'a str = Words::word,
            /// The admin, who may hand it over.
            admin: &'a str = Words::word,
            /// The number of its members.
            members: usize = Words::number,
            /// True if it outlives logouts and restarts.
            is_kept: bool = Words::is_kept,
        };
        /// A member of a group.
        Some(Verb::Members) => Member {
            /// The name.
            name: &'a str = Words::word,
            /// The user's contact number.
            number: Number = Words::parsed,
        };
        /// A file or a folder.
        Some(Verb::Ls) => Entry {
            /// The size in bytes; none for a folder.
            size: Option<u64> = Words::number_or_none,
            /// The time of the last change, in seconds since the Unix epoch.
            mtime: i64 = Words::parsed,
            /// The path as GET takes it; that of a folder ends with a slash.
            name: &'a str = Words::rest,
        };
        /// A device of the user.
        Some(Verb::Sessions) => Device {
            /// The number, by which ENDSESSION takes it.
            number: u32 = Words::number,
            /// Whether it has a session, and which.
            state: &'a str = Words::word,
            /// The time at which it was made, in seconds since the Unix epoch.
            made: u64 = Words::number,
            /// The time at which it last logged in, in seconds since the Unix epoch.
            used: u64 = Words::number,
            /// The address from which that was.
            address: &'a str = Words::word,
            /// The name of another program; `-` for a device.
            name: &'a str = Words::word,
        };
        /// What is known of a user.
        Some(Verb::Whois) => Fact {
            /// The key, in one word.
            key: &'a str = Words::word,
            /// The value; `-` if there is none.
            value: &'a str = Words::text,
        };
        /// A metric of the server.
        Some(Verb::Dump) => Figure {
            /// Its name and its value.
            text: &'a str = Words::rest,
        };
        /// A verb of the server.
        Some(Verb::Help) => Verb {
            /// The verb.
            name: &'a str = Words::word,
            /// The words that follow the verb, as in a synopsis.
            words: &'a str = Words::until_dash,
            /// What the command does.
            summary: &'a str = Words::rest,
        };
    }
}

/// A user who is online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnlineWords<'a> {
    /// The name.
    pub name: &'a str,
    /// The user's contact number.
    pub number: Number,
    /// The time since which the user is online.
    pub since: MessageId,
    /// The address and the port on which the user takes direct chats; none if the user takes none,
    /// or if they can't be parsed.
    pub direct: Option<(Address, u16)>,
    /// The display name; the name if the user chose none.
    pub display: &'a str,
}

/// A chat, with its last message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatWords<'a> {
    /// The chat.
    pub chat: &'a str,
    /// The number of unread messages.
    pub unread: u64,
    /// The message up to which it is read.
    pub seen: MessageId,
    /// The id of the last message; 0 if there is none.
    pub last: MessageId,
    /// The sender of the last message; `-` if there is none.
    pub from: &'a str,
    /// The size in bytes, if the last message is a file.
    pub size: Option<u64>,
    /// The beginning of the last text, or of the name of the file.
    pub text: &'a str,
}

impl<'a> ChatWords<'a> {
    fn read(words: &mut Words<'a>) -> Option<Self> {
        Some(ChatWords {
            chat: words.word()?,
            unread: words.number()?,
            seen: words.id()?,
            last: words.id()?,
            from: words.word()?,
            size: words.number_or_none()?,
            text: words.text()?,
        })
    }
}

impl<'a> OnlineWords<'a> {
    fn read(words: &mut Words<'a>) -> Option<Self> {
        Some(OnlineWords {
            name: words.word()?,
            number: words.parsed()?,
            since: words.id()?,
            direct: words.address_and_port()?,
            display: words.text()?,
        })
    }
}
