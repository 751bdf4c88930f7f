//! Notices: what the server tells without being asked.

use std::fmt;

use super::Call;
use crate::protocol::name::{GroupName, Number, UserName};
use crate::protocol::request::FileRef;

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
    /// A user is about to connect to this one directly.
    Call(Box<Call>),
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
            Notice::Call(call) => write!(f, "C 125 CALL {call}"),
            Notice::Shutdown { seconds } => write!(f, "C 129 SHUTDOWN {seconds}"),
        }
    }
}
