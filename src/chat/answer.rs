//! What a request comes to: one final answer, or a list that ends with one.

use std::rc::Rc;

use crate::chat::address::Address;
use crate::chat::event::Call;
use crate::chat::file::{FileRef, FolderEntry};
use crate::chat::id::MessageId;
use crate::chat::message::{Destination, Message};
use crate::chat::name::{DisplayName, GroupName, Number, UserName};
use crate::chat::refusal::Refusal;
use crate::chat::request::Kind;
use crate::chat::sha256::Sha256Sum;
use crate::chat::text::Secret;

/// The final answer to a request. Each request gets one, in the order of the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// To what kind of request.
    pub of: Kind,
    /// What came of it.
    pub result: Result<Done, Refusal>,
}

/// What a request that was carried out gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Nothing but that it is done.
    Done,
    /// The connection is greeted.
    Greeted,
    /// The name is known, or new, and a password is awaited.
    PasswordWanted {
        /// The name.
        name: UserName,
        /// Whether the password is to be a new account's.
        is_new: bool,
    },
    /// A login.
    LoggedIn {
        /// Who.
        name: UserName,
        /// With which contact number.
        number: Number,
    },
    /// A logout; the connection ends.
    LoggedOut,
    /// Something is on now, or off.
    Switched(bool),
    /// A message was taken.
    Said {
        /// Its id.
        id: MessageId,
        /// To whom it went.
        to: Destination,
        /// To how many at once.
        delivered: u32,
        /// For how many it was kept.
        stored: u32,
        /// Whether it went to one user, who is offline.
        is_offline: bool,
    },
    /// The end of a list of what is unread in a chat: how many more there are.
    Opened(Destination, u64),
    /// The end of a list of messages of a chat.
    Chat(Destination),
    /// A chat, and up to which message it is read.
    Seen(Destination, MessageId),
    /// A download begins.
    Download {
        /// Its stream.
        stream: u32,
        /// The whole file's size in bytes.
        size: u64,
        /// Which file.
        file: FileRef,
    },
    /// An upload begins.
    Upload {
        /// Its stream.
        stream: u32,
        /// From which byte on it is awaited.
        offset: u64,
        /// The sum of what is there already.
        sha256: Sha256Sum,
    },
    /// A file's sum.
    Sum {
        /// SHA-256 of its content.
        sha256: Sha256Sum,
        /// Its size in bytes.
        size: u64,
        /// Which file.
        file: FileRef,
    },
    /// A stream.
    Stream(u32),
    /// A download ended early.
    DownloadEnded,
    /// An upload ended early; what came of it is dropped.
    UploadEnded,
    /// A group.
    Group(GroupName),
    /// A group that waits for one of its ops to let the user in.
    GroupWaits(GroupName),
    /// A group that was made, and how many members it has.
    GroupMade(GroupName, usize),
    /// A token.
    Token(Secret),
    /// Direct chats are taken.
    Up {
        /// On which port.
        port: u16,
        /// How often the server wants to hear of who takes direct chats, in seconds.
        period: u64,
    },
    /// The port on which one takes direct chats.
    Port(u16),
    /// A user whom one may call directly.
    Call(Box<Call>),
}

/// One item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A user to whom a direct message can go at once.
    Direct(UserName, Number),
    /// A user who is online.
    Online(OnlineUser),
    /// A figure of the server: its key and its value.
    Figure(Box<str>),
    /// A file or a folder.
    Entry(FolderEntry),
    /// A chat in which something is unread.
    Unread {
        /// Which, as one's messages to it are addressed.
        chat: Destination,
        /// How many messages.
        count: u64,
        /// The newest of them.
        last: MessageId,
    },
    /// A message that was said before.
    Message(Message),
    /// A group.
    Group {
        /// Which.
        name: GroupName,
        /// Who admits to it.
        admin: UserName,
        /// How many members it has.
        members: usize,
        /// Whether it outlives logouts and restarts.
        kept: bool,
    },
    /// A member of a group.
    Member(UserName, Number),
}

/// A user who is online, as others see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlineUser {
    /// Who.
    pub name: UserName,
    /// With which contact number.
    pub number: Number,
    /// Since when.
    pub since: MessageId,
    /// Where the user takes direct chats.
    pub direct: Option<(Address, u16)>,
    /// What people see beside the name, where the user chose that.
    pub display: Option<DisplayName>,
}

/// A list: how many items it has, and its first page.
#[derive(Clone, Debug)]
pub struct List {
    /// What was asked for.
    pub of: Kind,
    /// How many items the whole list has.
    pub count: usize,
    /// The first page.
    pub page: Page,
}

/// Some items of a list. A long list is made page by page, the next one when the reader has taken
/// the one before.
#[derive(Clone, Debug)]
pub struct Page {
    /// The items; shared where many ask for the same.
    pub items: Rc<[Item]>,
    /// The item that is left out for this reader, by its place.
    pub without: Option<usize>,
    /// What follows the last item of the list; none where more pages come.
    pub last: Option<Answer>,
}

impl Answer {
    /// The answer to a request that was carried out and gives nothing back.
    pub fn done(of: Kind) -> Self {
        Answer { of, result: Ok(Done::Done) }
    }
}

impl List {
    /// A list that is complete.
    pub fn whole(of: Kind, items: Rc<[Item]>, without: Option<usize>, last: Answer) -> Self {
        let count = items.len() - usize::from(without.is_some());
        List { of, count, page: Page { items, without, last: Some(last) } }
    }
}

impl Item {
    /// Bytes of memory that it takes, beside those of its place in the list.
    fn heap_bytes(&self) -> usize {
        match self {
            Item::Figure(figure) => figure.len(),
            Item::Entry(entry) => entry.name.as_str().len(),
            Item::Message(message) => message.text.len(),
            Item::Online(online) => online.display.as_ref().map_or(0, |it| it.as_str().len()),
            Item::Direct(..) | Item::Member(..) => 0,
            Item::Unread { .. } | Item::Group { .. } => 0,
        }
    }
}

impl Page {
    /// The item at a place, where the reader gets that one: none behind the last one.
    pub fn item(&self, index: usize) -> Option<Option<&Item>> {
        let item = self.items.get(index)?;
        Some((self.without != Some(index)).then_some(item))
    }

    /// Bytes of memory that its items take; of items that are shared, this one's part of them.
    pub fn memory(&self) -> usize {
        let bytes = size_of_val(&*self.items);
        let heap = self.items.iter().map(Item::heap_bytes).sum::<usize>();
        (bytes + heap) / Rc::strong_count(&self.items)
    }
}
