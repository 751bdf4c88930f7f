//! What a session may ask for.

use crate::chat::file::FileRef;
use crate::chat::message::MessageId;
use crate::chat::name::{DisplayName, FileName, GroupName, Key, Target, UserName, UserRef};
use crate::chat::sha256::Sha256Sum;
use crate::chat::text::{Reason, Secret};

/// The most messages that one list holds.
pub const LIST_MESSAGES_MAX: u16 = 1000;

/// The smallest port on which a user may take direct chats; those below are the system's.
pub const PORT_MIN: u16 = 1024;

/// The longest time until a stop that may be announced, in seconds: a week.
pub const SHUTDOWN_SECONDS_MAX: u32 = 7 * 24 * 60 * 60;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Log in, or register.
    User {
        /// Under which name.
        name: UserName,
        /// Whether a session of that user which already stands is to end.
        takeover: bool,
    },
    /// Get a token.
    Token,
    /// Log in with a token.
    Resume {
        /// As whom.
        name: UserName,
        /// The token, as TOKEN gave it.
        token: Secret,
    },
    /// Change the password.
    Passwd,
    /// Compose a message to everyone.
    Pm,
    /// Compose a message to a user.
    Dm,
    /// Mark the next message.
    Key(Key),
    /// List the chats in which something is unread.
    Unread,
    /// List what is unread in a chat.
    OpenUnread(Target),
    /// List the last messages of a chat.
    OpenLast {
        /// Which chat.
        chat: Target,
        /// How many, at most [`LIST_MESSAGES_MAX`].
        count: u16,
    },
    /// List the messages before one.
    History {
        /// In which chat.
        chat: Target,
        /// Before which one.
        before: MessageId,
        /// How many, at most [`LIST_MESSAGES_MAX`].
        count: u16,
    },
    /// List the messages that hold all the words.
    Search {
        /// In which chat; none is all that the user may read.
        chat: Option<Target>,
        /// The words, separated by white space; at least one.
        words: Box<str>,
    },
    /// Mark all up to a message as read.
    Seen {
        /// In which chat.
        chat: Target,
        /// Up to which one.
        id: MessageId,
    },
    /// List who is online.
    Who,
    /// Choose a display name.
    Nick(DisplayName),
    /// Turn notices of presence off (true) or on.
    Quiet(bool),
    /// Be sent what came to the protocol later (true), or no longer.
    More(bool),
    /// List a folder; `None` is the shared folder itself.
    Ls(Option<FileName>),
    /// Download a file.
    Get {
        /// From which byte on.
        offset: u64,
        /// Which one.
        file: FileRef,
    },
    /// Hash a file.
    Sum(FileRef),
    /// Upload a file into the shared folder.
    Put {
        /// How many bytes it has.
        size: u64,
        /// Under which name.
        name: FileName,
    },
    /// Send a file in a chat.
    Sendfile {
        /// To whom.
        to: Target,
        /// How many bytes it has.
        size: u64,
        /// Under which name: a single part, not a path.
        name: FileName,
    },
    /// Have an upload become a file only if it has this sum.
    Expect {
        /// Its stream.
        stream: u32,
        /// The sum of the whole file.
        sha256: Sha256Sum,
    },
    /// End a transfer.
    Abort {
        /// Its stream.
        stream: u32,
    },
    /// Make a group.
    Mkgroup {
        /// Under which name; none lets the server pick a number.
        name: Option<GroupName>,
        /// Of whom, beside the maker; at least one.
        users: Vec<UserRef>,
        /// Whether these are asked first.
        asks: bool,
    },
    /// Join a group, or ask to.
    Join(GroupName),
    /// Answer one who asked to join.
    Admit {
        /// Which group.
        group: GroupName,
        /// Who asked.
        user: UserRef,
        /// Whether to let them in.
        admit: bool,
    },
    /// Leave a group.
    Leave(GroupName),
    /// Keep a group over logouts and restarts, or no longer.
    Keep {
        /// Which group.
        group: GroupName,
        /// Whether to keep it.
        keep: bool,
    },
    /// Make a member of a group an op, or no longer.
    Op {
        /// Of which group.
        group: GroupName,
        /// Whom.
        user: UserRef,
        /// Whether the member becomes one.
        op: bool,
    },
    /// Make a member of a group its admin.
    Handover {
        /// Of which group.
        group: GroupName,
        /// Whom.
        user: UserRef,
    },
    /// End a group.
    Dissolve(GroupName),
    /// List groups.
    Groups {
        /// Whether all, or one's own.
        all: bool,
    },
    /// List the members of a group.
    Members(GroupName),
    /// Take direct chats.
    Up {
        /// On which port, at least [`PORT_MIN`]; none is the port of the user's number.
        port: Option<u16>,
    },
    /// Take no direct chats.
    Down,
    /// Still be there.
    Alive,
    /// Call a user for a direct chat.
    Call(UserRef),
    /// End a user's session.
    Kick {
        /// Whose.
        user: UserRef,
        /// Why, where that is told.
        reason: Option<Reason>,
    },
    /// Let a user in no more, or again.
    Ban {
        /// Whom.
        user: UserRef,
        /// Whether the ban begins.
        banned: bool,
    },
    /// Make a user an administrator, or no longer.
    Admin {
        /// Whom.
        user: UserRef,
        /// Whether the user becomes one.
        admin: bool,
    },
    /// List the figures.
    Dump,
    /// Stop the server.
    Shutdown {
        /// In how many seconds.
        seconds: u32,
    },
    /// List the verbs.
    Help,
    /// Log out.
    Ex,
}
