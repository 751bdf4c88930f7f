//! Lists: their head, their items, and the reply that ends them.

use std::fmt;
use std::rc::Rc;

use crate::chat::address::Address;
use crate::chat::file::FolderEntry;
use crate::chat::message::{Destination, Message, MessageId};
use crate::chat::name::{DisplayName, GroupName, Number, UserName};
use crate::protocol::native::codes::Code;
use crate::protocol::native::verb::Verb;
use crate::protocol::native::write::{Detail, Reply, Subject, encode_line};

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A verb and what it does.
    Help(Verb),
    /// A user to whom a direct message can go at once.
    Direct(UserName, Number),
    /// A user who is online.
    Online(Online),
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

/// A line of WHO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Online {
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

/// A list: its head, and its items or the first of them.
#[derive(Clone, Debug)]
pub struct List {
    /// What was asked for.
    pub subject: Subject,
    /// How many items the whole list has.
    pub count: usize,
    /// The first piece.
    pub piece: Piece,
}

/// A part of a list. A long list is made piece by piece, the next one when the reader has taken the
/// one before.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The items; shared where many ask for the same.
    pub items: Rc<[Item]>,
    /// The item that is left out for this reader, by its place.
    pub without: Option<usize>,
    /// What follows the last item of the list; none where more pieces come.
    pub last: Option<Reply>,
}

impl List {
    /// A list that is complete.
    pub fn whole(
        subject: impl Into<Subject>,
        items: Rc<[Item]>,
        without: Option<usize>,
        last: Reply,
    ) -> Self {
        let count = items.len() - usize::from(without.is_some());
        List { subject: subject.into(), count, piece: Piece { items, without, last: Some(last) } }
    }

    /// Appends the line that heads the list.
    pub fn encode_head(&self, out: &mut Vec<u8>) {
        encode_line(&Reply::new(Code::ListHead, self.subject, Detail::Count(self.count)), out);
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
            Item::Help(_) | Item::Direct(..) | Item::Member(..) => 0,
            Item::Unread { .. } | Item::Group { .. } => 0,
        }
    }
}

impl Piece {
    /// Bytes of memory that its items take; of items that are shared, this one's part of them.
    pub fn memory(&self) -> usize {
        let bytes = size_of_val(&*self.items);
        let heap = self.items.iter().map(Item::heap_bytes).sum::<usize>();
        (bytes + heap) / Rc::strong_count(&self.items)
    }

    /// Appends the line of the item at `index`, where the reader gets that one, and tells whether
    /// the items go as far.
    pub fn encode_item(&self, subject: Subject, index: usize, out: &mut Vec<u8>) -> bool {
        let Some(item) = self.items.get(index) else { return false };
        if self.without != Some(index) {
            encode_line(&ItemLine { subject, item }, out);
        }
        true
    }
}

/// An item's line in the list of a subject.
struct ItemLine<'a> {
    subject: Subject,
    item: &'a Item,
}

impl fmt::Display for ItemLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Item::Message(message) = self.item {
            return message.fmt(f);
        }
        write!(f, "C {} {} ", Code::ListItem, self.subject)?;
        match self.item {
            Item::Message(_) => Ok(()),
            Item::Unread { chat, count, last } => write!(f, "{chat} {count} {last}"),
            Item::Help(verb) if verb.words().is_empty() => {
                write!(f, "{verb} - {}", verb.summary())
            }
            Item::Help(verb) => write!(f, "{verb} {} - {}", verb.words(), verb.summary()),
            Item::Direct(name, number) | Item::Member(name, number) => write!(f, "{name} {number}"),
            Item::Group { name, admin, members, kept } => {
                write!(f, "{name} {admin} {members} {}", if *kept { "kept" } else { "-" })
            }
            Item::Figure(figure) => f.write_str(figure),
            Item::Online(online) => online.fmt(f),
            Item::Entry(FolderEntry { size: Some(size), mtime, name }) => {
                write!(f, "{size} {mtime} {name}")
            }
            Item::Entry(FolderEntry { size: None, mtime, name }) => write!(f, "- {mtime} {name}/"),
        }
    }
}

impl fmt::Display for Online {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} ", self.name, self.number, self.since)?;
        match self.direct {
            Some((address, port)) => write!(f, "{address}:{port} ")?,
            None => f.write_str("- ")?,
        }
        f.write_str(self.display.as_ref().map_or(self.name.as_str(), DisplayName::as_str))
    }
}
