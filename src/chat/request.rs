//! What a session may ask for.

use std::sync::Arc;

use crate::chat::file::FileRef;
use crate::chat::id::MessageId;
use crate::chat::name::{DisplayName, FileName, GroupName, Key, Target, UserName, UserRef};
use crate::chat::sha256::Sha256Sum;
use crate::chat::text::{Reason, Secret};

/// The most messages that one list holds.
pub const LIST_MESSAGES_MAX: u16 = 1000;

/// The smallest port on which a user may take direct chats; those below are the system's.
pub const PORT_MIN: u16 = 1024;

/// The longest time until a stop that may be announced, in seconds: a week.
pub const SHUTDOWN_SECONDS_MAX: u32 = 7 * 24 * 60 * 60;

/// What a session asks for: one whole request, whatever number of steps a protocol makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Say who is about to log in; the answer tells whether that name has an account.
    Identify(UserName),
    /// Log in with a password.
    LogIn {
        /// As whom.
        name: UserName,
        /// The account's password.
        password: Secret,
        /// Whether a session of that user which already stands is to end.
        takeover: bool,
    },
    /// Make an account and log in to it.
    Register {
        /// Under which name.
        name: UserName,
        /// The password that the account is to have.
        password: Secret,
    },
    /// Log in with a token.
    Resume {
        /// As whom.
        name: UserName,
        /// The token, as [`Request::Token`] gave it.
        token: Secret,
    },
    /// Make a token, which logs in without the password.
    Token,
    /// Prove that one knows the account's password, before it is changed.
    ConfirmPassword(Secret),
    /// Change the password that was confirmed just before.
    SetPassword(Secret),
    /// Take a step of a dialogue that a codec leads by itself. It is answered in its turn, and
    /// changes nothing.
    Step(DialogueStep),
    /// Send a message.
    Say {
        /// To whom.
        to: Target,
        /// The text: not empty, without control characters.
        text: Arc<str>,
        /// The idempotency key, where the sender gave the message one.
        key: Option<Key>,
    },
    /// List the users to whom a direct message goes at once.
    Reachable,
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
    /// Log out.
    Ex,
}

/// A step of a dialogue between a codec and its client, which the hub does no more than answer in
/// its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DialogueStep {
    /// Who may take it.
    pub access: Access,
    /// Which step: a number that means something to the codec alone.
    pub number: u8,
}

/// Who may ask for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Everyone, logged in or not.
    Anyone,
    /// Who has not logged in.
    Guest,
    /// Who has logged in, and where files are public everyone.
    FileReader,
    /// Who has logged in.
    User,
    /// Who has logged in to an account with a password.
    Account,
    /// The operator, and accounts that may look after the others.
    Administrator,
    /// The operator.
    Operator,
}

/// What kind of request it is: to what an answer belongs, and by what access is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing that a codec knows.
    Unknown,
    /// The connection itself, which is greeted.
    Connect,
    /// [`Request::Identify`].
    Identify,
    /// [`Request::LogIn`] and [`Request::Register`].
    LogIn,
    /// [`Request::Resume`].
    Resume,
    /// [`Request::Token`].
    Token,
    /// [`Request::ConfirmPassword`].
    ConfirmPassword,
    /// [`Request::SetPassword`].
    SetPassword,
    /// [`Request::Step`].
    Step(DialogueStep),
    /// [`Request::Say`].
    Say,
    /// [`Request::Reachable`].
    Reachable,
    /// [`Request::Unread`].
    Unread,
    /// [`Request::OpenUnread`] and [`Request::OpenLast`].
    Open,
    /// [`Request::History`].
    History,
    /// [`Request::Search`].
    Search,
    /// [`Request::Seen`].
    Seen,
    /// [`Request::Who`].
    Who,
    /// [`Request::Nick`].
    Nick,
    /// [`Request::Quiet`].
    Quiet,
    /// [`Request::Ls`].
    Ls,
    /// [`Request::Get`].
    Get,
    /// [`Request::Sum`].
    Sum,
    /// [`Request::Put`].
    Put,
    /// [`Request::Sendfile`].
    Sendfile,
    /// [`Request::Expect`].
    Expect,
    /// [`Request::Abort`].
    Abort,
    /// [`Request::Mkgroup`] of all who are named.
    Mkgroup,
    /// [`Request::Mkgroup`] that asks those who are named.
    Mkgroupreq,
    /// [`Request::Join`].
    Join,
    /// [`Request::Admit`] that lets somebody in.
    Admit,
    /// [`Request::Admit`] that does not.
    Refuse,
    /// [`Request::Leave`].
    Leave,
    /// [`Request::Keep`].
    Keep,
    /// [`Request::Op`].
    Op,
    /// [`Request::Handover`].
    Handover,
    /// [`Request::Dissolve`].
    Dissolve,
    /// [`Request::Groups`].
    Groups,
    /// [`Request::Members`].
    Members,
    /// [`Request::Up`].
    Up,
    /// [`Request::Down`].
    Down,
    /// [`Request::Alive`].
    Alive,
    /// [`Request::Call`].
    Call,
    /// [`Request::Kick`].
    Kick,
    /// [`Request::Ban`] that begins a ban.
    Ban,
    /// [`Request::Ban`] that ends one.
    Unban,
    /// [`Request::Admin`].
    Admin,
    /// [`Request::Dump`].
    Dump,
    /// [`Request::Shutdown`].
    Shutdown,
    /// [`Request::Ex`].
    Ex,
}

impl Request {
    /// What kind of request it is.
    pub fn kind(&self) -> Kind {
        match self {
            Request::Identify(_) => Kind::Identify,
            Request::LogIn { .. } | Request::Register { .. } => Kind::LogIn,
            Request::Resume { .. } => Kind::Resume,
            Request::Token => Kind::Token,
            Request::ConfirmPassword(_) => Kind::ConfirmPassword,
            Request::SetPassword(_) => Kind::SetPassword,
            Request::Step(step) => Kind::Step(*step),
            Request::Say { .. } => Kind::Say,
            Request::Reachable => Kind::Reachable,
            Request::Unread => Kind::Unread,
            Request::OpenUnread(_) | Request::OpenLast { .. } => Kind::Open,
            Request::History { .. } => Kind::History,
            Request::Search { .. } => Kind::Search,
            Request::Seen { .. } => Kind::Seen,
            Request::Who => Kind::Who,
            Request::Nick(_) => Kind::Nick,
            Request::Quiet(_) => Kind::Quiet,
            Request::Ls(_) => Kind::Ls,
            Request::Get { .. } => Kind::Get,
            Request::Sum(_) => Kind::Sum,
            Request::Put { .. } => Kind::Put,
            Request::Sendfile { .. } => Kind::Sendfile,
            Request::Expect { .. } => Kind::Expect,
            Request::Abort { .. } => Kind::Abort,
            Request::Mkgroup { asks: false, .. } => Kind::Mkgroup,
            Request::Mkgroup { asks: true, .. } => Kind::Mkgroupreq,
            Request::Join(_) => Kind::Join,
            Request::Admit { admit: true, .. } => Kind::Admit,
            Request::Admit { admit: false, .. } => Kind::Refuse,
            Request::Leave(_) => Kind::Leave,
            Request::Keep { .. } => Kind::Keep,
            Request::Op { .. } => Kind::Op,
            Request::Handover { .. } => Kind::Handover,
            Request::Dissolve(_) => Kind::Dissolve,
            Request::Groups { .. } => Kind::Groups,
            Request::Members(_) => Kind::Members,
            Request::Up { .. } => Kind::Up,
            Request::Down => Kind::Down,
            Request::Alive => Kind::Alive,
            Request::Call(_) => Kind::Call,
            Request::Kick { .. } => Kind::Kick,
            Request::Ban { banned: true, .. } => Kind::Ban,
            Request::Ban { banned: false, .. } => Kind::Unban,
            Request::Admin { .. } => Kind::Admin,
            Request::Dump => Kind::Dump,
            Request::Shutdown { .. } => Kind::Shutdown,
            Request::Ex => Kind::Ex,
        }
    }
}
