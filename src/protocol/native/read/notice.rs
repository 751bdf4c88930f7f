//! What a client is told without asking: one table of the notices.

use std::fmt;

use super::words::{Words, readings};
use crate::chat::address::Address;
use crate::chat::group::GroupChange;
use crate::chat::id::MessageId;
use crate::chat::name::{GroupName, Number, UserName};

readings! {
    /// A notice, by its number. Names that only people read are as they came: a later server may
    /// allow others than this version.
    pub enum Notice by u16 {
        /// A user came online.
        120 => On {
            /// Who.
            name: &'a str = Words::word,
            /// The user's contact number.
            number: Number = Words::parsed,
        };
        /// A user went offline.
        121 => Off {
            /// Who.
            name: &'a str = Words::word,
            /// The user's contact number.
            number: Number = Words::parsed,
        };
        /// A user asks this one to join a group.
        122 => Asks {
            /// Which group.
            group: GroupName = Words::parsed,
            /// Who asks.
            user: UserName = Words::parsed,
        };
        /// A user wants to join a group of which this one is an op.
        123 => WantsIn {
            /// Which group.
            group: GroupName = Words::parsed,
            /// Who wants to.
            user: UserName = Words::parsed,
        };
        /// A file was sent in a chat.
        124 => File {
            /// Which.
            file: SentFile<'a> = SentFile::read,
        };
        /// A user is about to connect to this one directly.
        125 => Call {
            /// Who, and from where; none where that can't be read.
            call: Option<CallWords<'a>> = CallWords::read_if_any,
        };
        /// An upload of this client is whole and on disk.
        126 => Uploaded {
            /// Its stream.
            stream: u32 = Words::number,
            /// Its size in bytes.
            size: u64 = Words::number,
            /// Its name, or `@` and the id of its message.
            name: &'a str = Words::rest,
        };
        /// A stream ended early.
        127 => Aborted {
            /// Which.
            stream: u32 = Words::number,
            /// Why, for people.
            reason: &'a str = Words::text,
        };
        /// Who is in a group, or its admin, changed.
        128 => Group {
            /// Which group.
            group: GroupName = Words::parsed,
            /// What changed.
            change: GroupChange = group_change,
            /// Of whom.
            user: UserName = Words::parsed,
        };
        /// The server is about to stop.
        129 => Shutdown {
            /// In how many seconds at the latest.
            seconds: u32 = Words::number,
        };
        /// A group changed in a way that only later servers tell.
        136 => GroupLater {
            /// Which group.
            group: GroupName = Words::parsed,
            /// What changed, in a word.
            what: &'a str = Words::word,
        };
    }
}

/// A file that was sent in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentFile<'a> {
    /// The id of its message.
    pub id: MessageId,
    /// Who sent it.
    pub from: &'a str,
    /// To whom.
    pub to: &'a str,
    /// Its size in bytes.
    pub size: u64,
    /// Its name.
    pub name: &'a str,
}

/// What one side of a direct chat is told of the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CallWords<'a> {
    /// The other side.
    pub user: UserName,
    /// Where it is connected from; none where that can't be read.
    pub address: Option<Address>,
    /// On which port it takes direct chats; none where it takes none.
    pub port: Option<u16>,
    /// The secret of this call, in base64url.
    pub ticket: &'a str,
}

impl fmt::Debug for CallWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CallWords { user, address, port, ticket: _ } = self;
        write!(f, "CallWords {{ {user} {address:?} {port:?} }}")
    }
}

impl<'a> SentFile<'a> {
    /// Takes `id from target size name`.
    fn read(words: &mut Words<'a>) -> Option<Self> {
        Some(SentFile {
            id: words.id()?,
            from: words.word()?,
            to: words.word()?,
            size: words.number()?,
            name: words.rest()?,
        })
    }
}

impl<'a> CallWords<'a> {
    /// Reads `user address port ticket`.
    pub fn parse(words: &'a str) -> Option<Self> {
        CallWords::read(&mut Words::new(words))
    }

    pub(super) fn read(words: &mut Words<'a>) -> Option<Self> {
        Some(CallWords {
            user: words.parsed()?,
            address: words.address()?,
            port: words.port()?,
            ticket: words.word()?,
        })
    }

    fn read_if_any(words: &mut Words<'a>) -> Option<Option<Self>> {
        Some(CallWords::read(words))
    }
}

fn group_change(words: &mut Words<'_>) -> Option<GroupChange> {
    match words.word()? {
        "join" => Some(GroupChange::Join),
        "leave" => Some(GroupChange::Leave),
        "admin" => Some(GroupChange::Admin),
        _ => None,
    }
}
