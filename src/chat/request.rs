//! Requests: what a session may ask for.

use std::sync::Arc;

use crate::chat::access::DialogueStep;
use crate::chat::file::FileRef;
use crate::chat::group::{GroupRange, GroupSetting, GroupStart};
use crate::chat::id::MessageId;
use crate::chat::kind::Kind;
use crate::chat::moderation::Moderation;
use crate::chat::name::{DisplayName, FileName, GroupName, Key, Target, UserName, UserRef};
use crate::chat::registration::InviteCode;
use crate::chat::sha256::Sha256Sum;
use crate::chat::text::{Reason, Secret, Topic};

/// The most messages that one list holds.
pub const LIST_MESSAGES_MAX: u16 = 1000;

/// The most chats that one list holds.
pub const LIST_CHATS_MAX: usize = 1000;

/// The most characters that a list of chats tells of a text.
pub const CHAT_TEXT_CHARS_MAX: usize = 200;

/// The largest number that is told of unread messages, or of what a list does not hold.
pub const COUNT_MAX: u64 = 9_999;

/// The smallest port on which a user may take direct chats; those below are the system's.
pub const PORT_MIN: u16 = 1024;

/// The longest time until a stop that may be announced, in seconds: a week.
pub const SHUTDOWN_SECONDS_MAX: u32 = 7 * 24 * 60 * 60;

/// A complete request of a session, however many steps a protocol makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Name the user who is about to log in. The answer tells whether that name has an account.
    Identify {
        /// The user.
        name: UserName,
        /// The code of an invitation, with which a new account may be made.
        invite: Option<InviteCode>,
    },
    /// Log in with a password.
    LogIn {
        /// The user.
        name: UserName,
        /// The account's password.
        password: Secret,
        /// The place of the session among the user's others.
        place: Place,
    },
    /// Make an account and log in to it.
    Register {
        /// The name of the account.
        name: UserName,
        /// The password of the account.
        password: Secret,
        /// The place of the session among the user's others.
        place: Place,
        /// The code of an invitation, if there is one.
        invite: Option<InviteCode>,
    },
    /// Log in with a token.
    Resume {
        /// The user.
        name: UserName,
        /// The token that [`Request::Token`] gave.
        token: Secret,
        /// True if the session is to stand beside the user's others; else it takes over.
        beside: bool,
    },
    /// Make a token, which logs in without the password: for the client itself, or for another
    /// program.
    Token {
        /// The name of the other program.
        name: Option<UserName>,
    },
    /// End the tokens of the client itself.
    EndToken,
    /// List the devices of the user.
    Sessions,
    /// End the session and the tokens of another device of the user, or of all others.
    EndSession(Option<u32>),
    /// Prove that the session knows the account's password, before it is changed.
    ConfirmPassword(Secret),
    /// Change the password that was confirmed just before.
    SetPassword(Secret),
    /// Take a step of a dialogue that a codec leads by itself. It is answered in order, and changes
    /// nothing.
    Step(DialogueStep),
    /// Send a message.
    Say {
        /// The target.
        to: Target,
        /// The text: not empty, without control characters.
        text: Arc<str>,
        /// The idempotency key, if the sender gave one.
        key: Option<Key>,
    },
    /// List the users to whom a direct message goes at once.
    Reachable,
    /// List the chats with unread messages.
    Unread,
    /// List all chats of the user, the newest first.
    Chats {
        /// The message before which the last ones of the listed chats are; none is the end.
        before: Option<MessageId>,
    },
    /// List the unread messages of a chat.
    OpenUnread(Target),
    /// List the last messages of a chat.
    OpenLast {
        /// The chat.
        chat: Target,
        /// The number of messages, at most [`LIST_MESSAGES_MAX`].
        count: u16,
    },
    /// List the messages before one.
    History {
        /// The chat.
        chat: Target,
        /// The message before which the list ends.
        before: MessageId,
        /// The number of messages, at most [`LIST_MESSAGES_MAX`].
        count: u16,
    },
    /// List the messages after one.
    After {
        /// The chat.
        chat: Target,
        /// The message after which the list begins.
        after: MessageId,
        /// The number of messages, at most [`LIST_MESSAGES_MAX`].
        count: u16,
    },
    /// List the messages that hold all the words.
    Search {
        /// The chat; none is all that the user may read.
        chat: Option<Target>,
        /// The words, separated by white space; at least one.
        words: Box<str>,
    },
    /// Mark a chat as read up to a message.
    Seen {
        /// The chat.
        chat: Target,
        /// The newest message that was read.
        id: MessageId,
    },
    /// Remove a message, or a file that was sent, for everybody.
    Delete(MessageId),
    /// List who is online.
    Who,
    /// Choose a display name.
    Nick(DisplayName),
    /// Turn notices of presence off (true) or on.
    Quiet(bool),
    /// Be away, for a reason, or not any more.
    Away(Option<Reason>),
    /// Be told of a user whether or not everyone is, or no longer.
    Monitor {
        /// The user.
        user: UserRef,
        /// True if the session is to be told.
        on: bool,
    },
    /// List what is known of a user.
    Whois(UserRef),
    /// Let nothing of a user reach one directly, or let it again.
    Ignore {
        /// The user.
        user: UserRef,
        /// True if nothing is to come.
        on: bool,
    },
    /// List whom one ignores.
    Ignored,
    /// Be asked before one is added to a group (true), or not.
    AskFirst(bool),
    /// Tell the administrators of a user.
    Report {
        /// The user.
        user: UserRef,
        /// The message that it is about.
        message: Option<MessageId>,
        /// What there is to say.
        reason: Reason,
    },
    /// List the message of the day.
    Motd,
    /// Get all that is one's own as a file.
    Export,
    /// Remove one's own account.
    Unregister {
        /// The account's password.
        password: Secret,
        /// True if all that one has said and sent is to go, too.
        erase: bool,
    },
    /// List a folder; `None` is the shared folder itself.
    Ls(Option<FileName>),
    /// Download a file.
    Get {
        /// The first byte to send.
        offset: u64,
        /// The file.
        file: FileRef,
    },
    /// Hash a file.
    Sum(FileRef),
    /// Upload a file into the shared folder.
    Put {
        /// The size in bytes.
        size: u64,
        /// The name.
        name: FileName,
    },
    /// Remove a file, or an empty folder, of the shared folder.
    RemoveFile(FileName),
    /// Send a file into a chat.
    Sendfile {
        /// The target.
        to: Target,
        /// The size in bytes.
        size: u64,
        /// The name: a single part, not a path.
        name: FileName,
    },
    /// Let an upload become a file only if it has this hash.
    Expect {
        /// The number of its stream.
        stream: u32,
        /// The hash of the whole file.
        sha256: Sha256Sum,
    },
    /// End a transfer.
    Abort {
        /// The number of its stream.
        stream: u32,
    },
    /// Make a group.
    Mkgroup {
        /// The name; none lets the server pick a number.
        name: Option<GroupName>,
        /// The users who are in it beside the maker: none in a public one, otherwise at least one.
        users: Vec<UserRef>,
        /// How it begins.
        start: GroupStart,
    },
    /// Join a group, or ask to.
    Join(GroupName),
    /// Ask a user to join a group.
    Ask {
        /// The group.
        group: GroupName,
        /// The user.
        user: UserRef,
    },
    /// Don't join a group that asks one to.
    Decline(GroupName),
    /// Let a user into a group who asked to join.
    Admit {
        /// The group.
        group: GroupName,
        /// The user who asked.
        user: UserRef,
    },
    /// Don't let a user into a group who asked to join.
    Refuse {
        /// The group.
        group: GroupName,
        /// The user who asked.
        user: UserRef,
        /// True if the user may not ask again.
        ever: bool,
    },
    /// Remove a member from a group.
    Expel {
        /// The group.
        group: GroupName,
        /// The member.
        user: UserRef,
        /// True if the user may not come back.
        ever: bool,
        /// The reason, if the members are to be told one.
        reason: Option<Reason>,
    },
    /// List who may not come into a group.
    ShutOut(GroupName),
    /// Leave a group.
    Leave {
        /// The group.
        group: GroupName,
        /// The reason, if the members are to be told one.
        reason: Option<Reason>,
    },
    /// Switch a setting of a group on or off.
    Set {
        /// The group.
        group: GroupName,
        /// The setting.
        setting: GroupSetting,
        /// True to switch it on.
        on: bool,
    },
    /// Set the topic of a group, or take it away.
    Topic {
        /// The group.
        group: GroupName,
        /// The topic; none takes it away.
        topic: Option<Topic>,
    },
    /// Make a member of a group an op, or take that role away.
    Op {
        /// The group.
        group: GroupName,
        /// The member.
        user: UserRef,
        /// True if the member becomes an op.
        op: bool,
    },
    /// Make a member of a group its admin.
    Handover {
        /// The group.
        group: GroupName,
        /// The member.
        user: UserRef,
    },
    /// End a group.
    Dissolve(GroupName),
    /// List groups.
    Groups(GroupRange),
    /// List the members of a group.
    Members {
        /// The group.
        group: GroupName,
        /// True to tell all that is known of each.
        whole: bool,
    },
    /// List what is known of a group.
    Info(GroupName),
    /// Take direct chats.
    Up {
        /// The port, at least [`PORT_MIN`]; none is the port of the user's number.
        port: Option<u16>,
    },
    /// Take no direct chats.
    Down,
    /// Give a sign of life.
    Alive,
    /// Call a user for a direct chat.
    Call(UserRef),
    /// Look after others, as administrators do.
    Moderate(Moderation),
    /// Log out.
    Ex,
}

/// The place of a new session among those that its user has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It stands alone: there is one such session at a time, and a second one is refused.
    Alone,
    /// It stands alone, and ends the session that did.
    TakesOver,
    /// It stands beside all others.
    Beside,
}

impl Request {
    /// The kind of the request.
    pub fn kind(&self) -> Kind {
        match self {
            Request::Identify { .. } => Kind::Identify,
            Request::LogIn { .. } | Request::Register { .. } => Kind::LogIn,
            Request::Resume { .. } => Kind::Resume,
            Request::Token { .. } => Kind::Token,
            Request::EndToken => Kind::EndToken,
            Request::Sessions => Kind::Sessions,
            Request::EndSession(_) => Kind::EndSession,
            Request::ConfirmPassword(_) => Kind::ConfirmPassword,
            Request::SetPassword(_) => Kind::SetPassword,
            Request::Step(step) => Kind::Step(*step),
            Request::Say { .. } => Kind::Say,
            Request::Reachable => Kind::Reachable,
            Request::Unread => Kind::Unread,
            Request::Chats { .. } => Kind::Chats,
            Request::OpenUnread(_) | Request::OpenLast { .. } => Kind::Open,
            Request::History { .. } => Kind::History,
            Request::After { .. } => Kind::After,
            Request::Search { .. } => Kind::Search,
            Request::Seen { .. } => Kind::Seen,
            Request::Delete(_) => Kind::Delete,
            Request::Who => Kind::Who,
            Request::Nick(_) => Kind::Nick,
            Request::Quiet(_) => Kind::Quiet,
            Request::Away(_) => Kind::Away,
            Request::Monitor { .. } => Kind::Monitor,
            Request::Whois(_) => Kind::Whois,
            Request::Ignore { .. } => Kind::Ignore,
            Request::Ignored => Kind::Ignored,
            Request::AskFirst(_) => Kind::AskFirst,
            Request::Report { .. } => Kind::Report,
            Request::Motd => Kind::Motd,
            Request::Export => Kind::Export,
            Request::Unregister { .. } => Kind::Unregister,
            Request::Ls(_) => Kind::Ls,
            Request::Get { .. } => Kind::Get,
            Request::Sum(_) => Kind::Sum,
            Request::Put { .. } => Kind::Put,
            Request::RemoveFile(_) => Kind::RemoveFile,
            Request::Sendfile { .. } => Kind::Sendfile,
            Request::Expect { .. } => Kind::Expect,
            Request::Abort { .. } => Kind::Abort,
            Request::Mkgroup { start, .. } => Kind::of_start(*start),
            Request::Join(_) => Kind::Join,
            Request::Ask { .. } => Kind::Ask,
            Request::Decline(_) => Kind::Decline,
            Request::Admit { .. } => Kind::Admit,
            Request::Refuse { .. } => Kind::Refuse,
            Request::Expel { .. } => Kind::Expel,
            Request::ShutOut(_) => Kind::ShutOut,
            Request::Leave { .. } => Kind::Leave,
            Request::Set { setting, .. } => Kind::Set(*setting),
            Request::Topic { .. } => Kind::Topic,
            Request::Op { .. } => Kind::Op,
            Request::Handover { .. } => Kind::Handover,
            Request::Dissolve(_) => Kind::Dissolve,
            Request::Groups(_) => Kind::Groups,
            Request::Members { .. } => Kind::Members,
            Request::Info(_) => Kind::Info,
            Request::Up { .. } => Kind::Up,
            Request::Down => Kind::Down,
            Request::Alive => Kind::Alive,
            Request::Call(_) => Kind::Call,
            Request::Moderate(moderation) => moderation.kind(),
            Request::Ex => Kind::Ex,
        }
    }
}
