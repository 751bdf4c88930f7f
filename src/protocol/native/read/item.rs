//! What stands in lists: one table of their items.

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
            /// Who.
            user: OnlineWords<'a> = OnlineWords::read,
        };
        /// A user to whom a direct message can go at once.
        Some(Verb::Dm) => Direct {
            /// Who.
            name: &'a str = Words::word,
            /// The user's contact number.
            number: Number = Words::parsed,
        };
        /// A chat in which something is unread.
        Some(Verb::Unread) => Unread {
            /// Which.
            chat: &'a str = Words::word,
            /// How many messages.
            count: u64 = Words::number,
            /// The newest of them.
            last: MessageId = Words::id,
        };
        /// A group.
        Some(Verb::Groups) => Group {
            /// Its name.
            name: &'a str = Words::word,
            /// Who may hand it over.
            admin: &'a str = Words::word,
            /// How many members it has.
            members: usize = Words::number,
            /// Whether it outlives logouts and restarts.
            is_kept: bool = Words::is_kept,
        };
        /// A member of a group.
        Some(Verb::Members) => Member {
            /// Who.
            name: &'a str = Words::word,
            /// The user's contact number.
            number: Number = Words::parsed,
        };
        /// A file or a folder.
        Some(Verb::Ls) => Entry {
            /// In bytes; none for a folder.
            size: Option<u64> = Words::number_or_none,
            /// When it was last changed, in seconds since the Unix epoch.
            mtime: i64 = Words::parsed,
            /// Its name as GET takes it, a folder's with a slash at its end.
            name: &'a str = Words::rest,
        };
        /// A figure of the server: its name and its value.
        Some(Verb::Dump) => Figure {
            /// Both.
            text: &'a str = Words::rest,
        };
        /// A verb that the server knows.
        Some(Verb::Help) => Verb {
            /// The verb.
            name: &'a str = Words::word,
            /// The words that follow it, as in a synopsis.
            words: &'a str = Words::until_dash,
            /// What it does.
            summary: &'a str = Words::rest,
        };
    }
}

/// A user who is online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnlineWords<'a> {
    /// Who.
    pub name: &'a str,
    /// The user's contact number.
    pub number: Number,
    /// Since when.
    pub since: MessageId,
    /// Where the user takes direct chats; none where it takes none, or where that can't be read.
    pub direct: Option<(Address, u16)>,
    /// What people see beside the name: the name where none was chosen.
    pub display: &'a str,
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
