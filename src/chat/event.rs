//! What people are told without asking.

use crate::chat::address::Address;
use crate::chat::file::FileRef;
use crate::chat::group::GroupChange;
use crate::chat::message::Message;
use crate::chat::name::{GroupName, Number, UserName};
use crate::chat::text::Secret;

/// What the server tells without being asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody said something, or sent a file.
    Said(Message),
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
        /// Why.
        reason: AbortReason,
    },
    /// A user is about to connect to this one directly.
    Call(Box<Call>),
    /// The server is about to stop.
    Shutdown {
        /// In how many seconds at the latest.
        seconds: u32,
    },
}

/// Why a transfer ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AbortReason {
    /// More or fewer bytes came than were announced.
    WrongSize,
    /// There was no room on the disk for the bytes that came.
    NoRoom,
    /// What came could not be written.
    WriteFailed,
    /// The file could not be read any further.
    ReadFailed,
    /// Somebody else was first with the name of the file.
    NameTaken,
    /// The sum of the file is not the expected one.
    Mismatch,
    /// The sender is no member of the group any more.
    NotAMember,
    /// The folder of the file is gone.
    NoSuchFolder,
    /// There is no room on the disk for the whole file.
    NoRoomForFile,
    /// The whole upload could not be made a file now.
    Unfinished,
}

/// What one of two who are about to chat directly has to know of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who.
    pub user: UserName,
    /// From where that user is connected, as the server sees it.
    pub address: Address,
    /// On which port the user takes direct chats, where the user does.
    pub port: Option<u16>,
    /// What both have to know: 32 bytes, in base64url without padding.
    pub ticket: Secret,
}
