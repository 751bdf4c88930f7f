//! What the server says: replies, list items, notices and messages, as types and as bytes.

mod received;

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

pub use received::{Delivered, ServerLine};

use super::address::Address;
use super::name::{DisplayName, FileName, GroupName, Number, UserName};
use super::request::FileRef;
use super::text::Secret;
use super::verb::Verb;

/// The code of a reply; notices have their own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Code {
    /// The head of a list.
    ListHead = 150,
    /// One item of a list.
    ListItem = 151,
    /// The first line of a connection.
    Greeting = 220,
    /// The last line after EX.
    Goodbye = 221,
    /// Logged in.
    LoggedIn = 230,
    /// Done.
    Done = 250,
    /// Done, and kept for a user who is offline.
    DoneStored = 251,
    /// Done so far; another person's consent is awaited.
    DoneWaiting = 252,
    /// A known user: the password is awaited.
    SendPassword = 331,
    /// A new user: a password is to be chosen.
    ChoosePassword = 332,
    /// Send the text.
    SendText = 354,
    /// The server closes this connection.
    Closing = 421,
    /// That user is already logged in.
    AlreadyOnline = 431,
    /// Busy.
    Busy = 450,
    /// No room.
    NoRoom = 452,
    /// Not a frame or verb that the server knows.
    Unknown = 500,
    /// Bad or missing parameters.
    BadParameters = 501,
    /// Not in this state.
    WrongState = 503,
    /// Log in first, or not allowed.
    NotAllowed = 530,
    /// Wrong password.
    WrongPassword = 535,
    /// No such user, group, file or stream.
    NotFound = 550,
    /// The user is offline and the message was discarded.
    Offline = 551,
    /// Too large.
    TooLarge = 552,
    /// That name is not allowed, or taken.
    NameNotAllowed = 553,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (*self as u16).fmt(f)
    }
}

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

/// When the server took a message, in microseconds since the Unix epoch; never the same twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub u64);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// To whom a message went, as it is shown: the name, not the word that the sender used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Everyone.
    Everyone,
    /// One user.
    User(UserName),
    /// A group's members.
    Group(GroupName),
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::Everyone => f.write_str("*"),
            Destination::User(name) => name.fmt(f),
            Destination::Group(name) => name.fmt(f),
        }
    }
}

/// What somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// When, and in which order.
    pub id: MessageId,
    /// Who.
    pub from: UserName,
    /// To whom.
    pub to: Destination,
    /// What: a text that is not empty, without control characters; or a file's name.
    pub text: Arc<str>,
    /// Where a file was sent: its size in bytes.
    pub file_size: Option<u64>,
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
        sha256: [u8; 32],
        /// Its size in bytes.
        size: u64,
        /// Which file.
        file: FileRef,
    },
    /// The name of the software and its protocol version.
    Greeting,
    /// An upload that begins: its stream, and from which byte on it is awaited.
    Upload(u32, u64),
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
    pub fn closing(reason: &'static str) -> Self {
        Reply::text(Code::Closing, Subject::Nothing, reason)
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
            Detail::Upload(stream, offset) => write!(f, " {stream} {offset}"),
            Detail::Group(group) => write!(f, " {group}"),
            Detail::GroupOf(group, members) => write!(f, " {group} {members}"),
            Detail::Token(token) => write!(f, " {}", token.expose()),
            Detail::Opened(chat, left) => write!(f, " {chat} {left}"),
            Detail::Chat(chat) => write!(f, " {chat}"),
            Detail::Seen(chat, id) => write!(f, " {chat} {id}"),
            Detail::Count(count) => write!(f, " {count}"),
            Detail::File(file) => write!(f, " {file}"),
            Detail::Download { stream, size, file } => write!(f, " {stream} {size} {file}"),
            Detail::Sum { sha256, size, file } => {
                f.write_str(" ")?;
                sha256.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                write!(f, " {size} {file}")
            }
        }
    }
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A verb and what it does.
    Help(Verb),
    /// A user to whom a direct message can go at once.
    Direct(UserName, Number),
    /// A user who is online.
    Online(Online),
    /// A file or a folder.
    Entry(Entry),
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

/// A line of LS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its size in bytes; none for a folder.
    pub size: Option<u64>,
    /// When it was last changed, in seconds since the Unix epoch.
    pub mtime: i64,
    /// Its name as GET takes it, that is from the shared folder on.
    pub name: FileName,
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

impl Piece {
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
            Item::Online(online) => online.fmt(f),
            Item::Entry(Entry { size: Some(size), mtime, name }) => {
                write!(f, "{size} {mtime} {name}")
            }
            Item::Entry(Entry { size: None, mtime, name }) => write!(f, "- {mtime} {name}/"),
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

/// What the server tells without being asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A user came online.
    On(UserName, Number),
    /// A user went offline.
    Off(UserName, Number),
    /// A user asks you to join a group.
    Ask(GroupName, UserName),
    /// A user wants to join your group.
    Join(GroupName, UserName),
    /// Your upload is whole and on disk.
    Put {
        /// Its stream.
        stream: u32,
        /// Its size in bytes.
        size: u64,
        /// Which file it is now.
        file: FileRef,
    },
    /// Who is in a group, or its admin, changed.
    Group(GroupName, GroupChange, UserName),
    /// A transfer ended early.
    Abort {
        /// Its stream.
        stream: u32,
        /// Why, for people.
        reason: &'static str,
    },
    /// The server is about to stop.
    Shutdown {
        /// In how many seconds at the latest.
        seconds: u32,
    },
}

/// What changed in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupChange {
    /// Somebody became a member.
    Join,
    /// Somebody is no member any more.
    Leave,
    /// Somebody became the admin.
    Admin,
}

impl fmt::Display for GroupChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GroupChange::Join => "join",
            GroupChange::Leave => "leave",
            GroupChange::Admin => "admin",
        })
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::On(name, number) => write!(f, "C 120 ON {name} {number}"),
            Notice::Off(name, number) => write!(f, "C 121 OFF {name} {number}"),
            Notice::Ask(group, user) => write!(f, "C 122 ASK {group} {user}"),
            Notice::Join(group, user) => write!(f, "C 123 JOIN {group} {user}"),
            Notice::Put { stream, size, file: FileRef::Shared(name) } => {
                write!(f, "C 126 PUT {stream} {size} {name}")
            }
            Notice::Put { stream, size, file: FileRef::Sent(id) } => {
                write!(f, "C 126 SENDFILE {stream} {size} @{id}")
            }
            Notice::Group(group, change, user) => write!(f, "C 128 GROUP {group} {change} {user}"),
            Notice::Abort { stream, reason } => write!(f, "C 127 ABORT {stream} {reason}"),
            Notice::Shutdown { seconds } => write!(f, "C 129 SHUTDOWN {seconds}"),
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

    #[test]
    fn lines_read_as_the_protocol_says() {
        let alice: UserName = "alice".parse().unwrap();
        let cases = [
            (Reply::closing("too slow").to_string(), "C 421 - too slow"),
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
            (Notice::On(alice, Number(48_213)).to_string(), "C 120 ON alice 48213"),
        ];
        for (line, expected) in cases {
            assert_eq!(line, expected);
        }
    }
}
