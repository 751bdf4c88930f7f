//! Events: what the server tells people without being asked.

use crate::chat::address::Address;
use crate::chat::file::FileRef;
use crate::chat::group::{GroupChange, GroupNews};
use crate::chat::id::MessageId;
use crate::chat::message::{Destination, Message};
use crate::chat::name::{DisplayName, GroupName, Number, UserName};
use crate::chat::term::TimeLeft;
use crate::chat::text::{Reason, Secret, Topic};

/// An event, which no request asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message or a file was sent.
    Said(Message),
    /// A message or a file was sent by the user, in another session.
    SaidElsewhere(Message),
    /// The user has read a chat up to a message, in another session.
    Seen(Destination, MessageId),
    /// A user came online.
    On(UserName, Number),
    /// A user went offline.
    Off(UserName, Number),
    /// A user is away, for a reason, or is not any more.
    Away(UserName, Option<Reason>),
    /// A user has another display name.
    Nick(UserName, DisplayName),
    /// A user asks you to join a group.
    Ask(GroupName, UserName),
    /// A user wants to join your group.
    Join(GroupName, UserName),
    /// Your upload is complete and on disk.
    Put {
        /// The number of its stream.
        stream: u32,
        /// Its size in bytes.
        size: u64,
        /// The file that it is now.
        file: FileRef,
    },
    /// A member or the admin of a group changed.
    Group(GroupName, GroupChange, UserName),
    /// The topic of a group was set or taken away, by a user.
    Topic(GroupName, UserName, Option<Topic>),
    /// A group changed, of which only later readers are told.
    GroupNews(Box<GroupNewsOf>),
    /// A message or a file that was sent is gone; with its chat.
    Deleted(MessageId, Destination),
    /// A transfer ended early.
    Abort {
        /// The number of its stream.
        stream: u32,
        /// The reason.
        reason: AbortReason,
    },
    /// A user is about to connect to this one directly.
    Call(Box<Call>),
    /// You are muted, for a reason; with no time left, you are not any more.
    Muted(TimeLeft, Option<Reason>),
    /// A user was reported; administrators alone are told.
    Reported(Box<Reported>),
    /// There is a message of the day of so many lines, which you have not asked for yet.
    Motd(usize),
    /// The server is about to stop.
    Shutdown {
        /// The time until then at most, in seconds.
        seconds: u32,
    },
}

/// A report, as administrators who are online are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The number of the report.
    pub number: u32,
    /// The user who was reported.
    pub user: UserName,
    /// The user who reports.
    pub reporter: UserName,
    /// The words of the reporter.
    pub reason: Reason,
}

/// A change of a group of which only later readers are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupNewsOf {
    /// The group.
    pub group: GroupName,
    /// The change.
    pub news: GroupNews,
    /// The member whom it concerns, if it is one.
    pub user: Option<UserName>,
    /// The user who made the change.
    pub by: UserName,
}

/// The reason why a transfer ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbortReason {
    /// More or fewer bytes came than were announced.
    WrongSize,
    /// There was no room on the disk for the bytes that came.
    NoRoom,
    /// The bytes that came could not be written.
    WriteFailed,
    /// The file could not be read any further.
    ReadFailed,
    /// The name of the file was given to another one meanwhile.
    NameTaken,
    /// The hash of the file is not the expected one.
    Mismatch,
    /// The sender is no member of the group any more.
    NotAMember,
    /// The folder of the file is gone.
    NoSuchFolder,
    /// There is no room on the disk for the whole file.
    NoRoomForFile,
    /// The complete upload could not be made a file now.
    Unfinished,
    /// It moved no byte for a while, and others wanted its place or its name.
    Stalled,
}

/// What one of two users who are about to chat directly has to know of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The name.
    pub user: UserName,
    /// The address from which that user is connected, as the server sees it.
    pub address: Address,
    /// The port on which that user takes direct chats, if any.
    pub port: Option<u16>,
    /// The secret that both must know: 32 bytes, in base64url without padding.
    pub ticket: Secret,
}
