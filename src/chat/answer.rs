//! Answers: each request gets one final answer, or a list that ends with one.

use std::rc::Rc;

use crate::chat::address::Address;
use crate::chat::device::{Device, DeviceState};
use crate::chat::event::Call;
use crate::chat::fact::{Fact, GroupFact};
use crate::chat::file::{FileRef, FolderEntry};
use crate::chat::id::MessageId;
use crate::chat::kind::Kind;
use crate::chat::message::{Destination, Message};
use crate::chat::moderation::{AccountLine, BanLine, InviteLine, ReportLine};
use crate::chat::name::{DisplayName, GroupName, Number, UserName};
use crate::chat::refusal::Refusal;
use crate::chat::registration::{InviteCode, Registration};
use crate::chat::sha256::Sha256Sum;
use crate::chat::term::Until;
use crate::chat::text::{Secret, Topic};

/// The final answer to a request. Each request gets one, in the order of the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The kind of the request.
    pub of: Kind,
    /// Its result.
    pub result: Result<Done, Refusal>,
}

/// The result of a request that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Done; there is nothing more to tell.
    Done,
    /// The connection is greeted.
    Greeted,
    /// A password is awaited, for a name that is known or new.
    PasswordWanted {
        /// The name.
        name: UserName,
        /// True if the password is to be a new account's.
        is_new: bool,
    },
    /// The user is logged in.
    LoggedIn {
        /// The user's name.
        name: UserName,
        /// The user's contact number.
        number: Number,
    },
    /// The user is logged out, and the connection ends.
    LoggedOut,
    /// Something is switched on (true) or off.
    Switched(bool),
    /// A message was taken.
    Said {
        /// Its id.
        id: MessageId,
        /// The destination.
        to: Destination,
        /// The number of connections to which it was delivered.
        delivered: u32,
        /// The number of users for whom it was kept.
        stored: u32,
        /// True if it went to one user, who is offline.
        is_offline: bool,
    },
    /// The end of a list of messages of a chat, and the number of further ones.
    Opened(Destination, u64),
    /// The end of a list, and the number of further items.
    Left(u64),
    /// The end of a list of messages of a chat.
    Chat(Destination),
    /// The end of a list of messages that were searched for, while older ones are not indexed yet.
    FoundSoFar,
    /// A chat, and the message up to which it is read now.
    Seen(Destination, MessageId),
    /// A download begins.
    Download {
        /// The number of its stream.
        stream: u32,
        /// The size of the whole file in bytes.
        size: u64,
        /// The file.
        file: FileRef,
    },
    /// An upload begins.
    Upload {
        /// The number of its stream.
        stream: u32,
        /// The first byte that is awaited.
        offset: u64,
        /// The hash of the bytes that are there already.
        sha256: Sha256Sum,
    },
    /// The hash of a file.
    Sum {
        /// The SHA-256 hash of its content.
        sha256: Sha256Sum,
        /// Its size in bytes.
        size: u64,
        /// The file.
        file: FileRef,
    },
    /// The number of a stream.
    Stream(u32),
    /// A download ended early.
    DownloadEnded,
    /// An upload ended early; its bytes are dropped.
    UploadEnded,
    /// A group.
    Group(GroupName),
    /// A group whose ops have yet to let the user in.
    GroupWaits(GroupName),
    /// A group that was made, and the number of its members.
    GroupMade(GroupName, usize),
    /// A token.
    Token(Secret),
    /// The new password of another user.
    PasswordSet(Secret),
    /// An account that was made for somebody else.
    AccountAdded {
        /// The name.
        name: UserName,
        /// The contact number.
        number: Number,
        /// The password.
        password: Secret,
    },
    /// Who may make an account.
    Registration(Registration),
    /// An invitation.
    Invited {
        /// The code.
        code: InviteCode,
        /// How many accounts it may make.
        uses: u32,
        /// The time until which it is good.
        until: Until,
    },
    /// The number of a report.
    Reported(u32),
    /// The user takes direct chats.
    Up {
        /// The port.
        port: u16,
        /// The longest time between two signs of life that the server wants, in seconds.
        period: u64,
    },
    /// The port on which the user takes direct chats.
    Port(u16),
    /// A user whom the caller may connect to directly.
    Call(Box<Call>),
}

/// One item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A user to whom a direct message can go at once.
    Direct(UserName, Number),
    /// A user who is online.
    Online(OnlineUser),
    /// A line of text: a metric of the server with its value, a line of the audit log or of the
    /// message of the day.
    Line(Box<str>),
    /// A ban.
    Ban(Box<BanLine>),
    /// An account.
    Account(Box<AccountLine>),
    /// A report.
    Report(Box<ReportLine>),
    /// An invitation.
    Invite(Box<InviteLine>),
    /// A user whom one ignores.
    Ignored(UserName),
    /// Something that is known of a user.
    Fact(Fact),
    /// A file or a folder.
    Entry(FolderEntry),
    /// A chat with unread messages.
    Unread {
        /// The chat, as the reader's messages to it are addressed.
        chat: Destination,
        /// The number of unread messages.
        count: u64,
        /// The newest of them.
        last: MessageId,
    },
    /// A chat.
    Chat(Box<ChatLine>),
    /// An earlier message.
    Message(Message),
    /// A group.
    Group(GroupLine),
    /// A public group, and its topic.
    PublicGroup(GroupLine, Option<Topic>),
    /// Something that is known of a group.
    GroupFact(GroupFact),
    /// A member of a group.
    Member(UserName, Number),
    /// All that is known of a member of a group.
    MemberLine(Box<MemberLine>),
    /// A user who may not come into a group.
    ShutOut {
        /// The user.
        user: UserName,
        /// The op who decided that.
        by: UserName,
        /// The time since which that is so, in seconds since the Unix epoch.
        since: u64,
    },
    /// A device of the user.
    Device(DeviceState, Box<Device>),
}

/// A chat, as its reader is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatLine {
    /// The chat, as the reader's messages to it are addressed.
    pub chat: Destination,
    /// The number of unread messages.
    pub unread: u64,
    /// The message up to which it is read.
    pub seen: MessageId,
    /// The last message; none if nothing was said that the reader may read.
    pub last: Option<LastMessage>,
}

/// The last message of a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastMessage {
    /// Its id.
    pub id: MessageId,
    /// The sender.
    pub from: UserName,
    /// The size in bytes of the file, if one was sent.
    pub file_size: Option<u64>,
    /// The beginning of the text, or of the name of the file.
    pub text: Box<str>,
}

/// A group, as a list of groups tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupLine {
    /// The name.
    pub name: GroupName,
    /// The admin.
    pub admin: UserName,
    /// The number of its members.
    pub members: usize,
    /// True if it outlives logouts and restarts.
    pub kept: bool,
    /// True if everybody may join.
    pub public: bool,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberLine {
    /// The name.
    pub name: UserName,
    /// The contact number.
    pub number: Number,
    /// The place among the members.
    pub rank: Rank,
    /// The time at which the user became a member, in seconds since the Unix epoch.
    pub joined: u64,
    /// Whether the user is there.
    pub there: There,
    /// The display name, if the user chose one.
    pub display: Option<DisplayName>,
}

/// The place of a member in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// The admin.
    Admin,
    /// Another op.
    Op,
    /// Another member.
    Member,
}

/// Whether a user is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum There {
    /// The user is online.
    On,
    /// The user is offline.
    Off,
    /// The user is online, and away.
    Away,
}

/// A user who is online, as others see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlineUser {
    /// The name.
    pub name: UserName,
    /// The contact number.
    pub number: Number,
    /// The time since which the user is online.
    pub since: MessageId,
    /// The address and the port on which the user takes direct chats.
    pub direct: Option<(Address, u16)>,
    /// The display name, if the user chose one.
    pub display: Option<DisplayName>,
}

/// A list: the number of its items, and its first page.
#[derive(Clone, Debug)]
pub struct List {
    /// The kind of the request.
    pub of: Kind,
    /// The number of items of the whole list.
    pub count: usize,
    /// The first page.
    pub page: Page,
}

/// A page of a list. A long list is made page by page; the next one is made when the reader has
/// taken the one before.
#[derive(Clone, Debug)]
pub struct Page {
    /// The items; shared if many readers ask for the same.
    pub items: Rc<[Item]>,
    /// The index of the item that is left out for this reader.
    pub without: Option<usize>,
    /// The answer at the end of the list; none if more pages follow.
    pub last: Option<Answer>,
}

impl Answer {
    /// The answer to a request that was carried out, if there is nothing more to tell.
    pub fn done(of: Kind) -> Self {
        Answer { of, result: Ok(Done::Done) }
    }
}

impl List {
    /// A list that is complete in one page.
    pub fn whole(of: Kind, items: Rc<[Item]>, without: Option<usize>, last: Answer) -> Self {
        let count = items.len() - usize::from(without.is_some());
        List { of, count, page: Page { items, without, last: Some(last) } }
    }
}

impl Item {
    /// The memory in bytes that the item takes, beside its place in the list.
    fn heap_bytes(&self) -> usize {
        match self {
            Item::Line(line) => line.len(),
            Item::Ban(line) => {
                size_of_val(&**line) + line.reason.as_ref().map_or(0, |it| it.as_str().len())
            }
            Item::Account(line) => size_of_val(&**line),
            Item::Report(line) => size_of_val(&**line) + line.reason.as_str().len(),
            Item::Invite(line) => size_of_val(&**line) + line.start.len(),
            Item::Fact(fact) => fact.heap_bytes(),
            Item::Entry(entry) => entry.name.as_str().len(),
            Item::Message(message) => message.text.len(),
            Item::Online(online) => online.display.as_ref().map_or(0, |it| it.as_str().len()),
            Item::Device(_, device) => size_of_val(&**device),
            Item::Chat(chat) => {
                size_of_val(&**chat) + chat.last.as_ref().map_or(0, |last| last.text.len())
            }
            Item::PublicGroup(_, topic) => topic.as_ref().map_or(0, |it| it.as_str().len()),
            Item::GroupFact(fact) => fact.heap_bytes(),
            Item::MemberLine(line) => {
                size_of_val(&**line) + line.display.as_ref().map_or(0, |it| it.as_str().len())
            }
            Item::Direct(..) | Item::Member(..) | Item::ShutOut { .. } => 0,
            Item::Unread { .. } | Item::Group(_) | Item::Ignored(_) => 0,
        }
    }
}

impl Page {
    /// The item at an index: `Some(None)` if this reader does not get it, none behind the last one.
    pub fn item(&self, index: usize) -> Option<Option<&Item>> {
        let item = self.items.get(index)?;
        Some((self.without != Some(index)).then_some(item))
    }

    /// The memory in bytes that the items take. If the items are shared, it is this page's part.
    pub fn memory(&self) -> usize {
        let bytes = size_of_val(&*self.items);
        let heap = self.items.iter().map(Item::heap_bytes).sum::<usize>();
        (bytes + heap) / Rc::strong_count(&self.items)
    }
}
