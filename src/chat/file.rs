//! Files: how they are named, where uploads go, and what a folder holds.

use std::fmt;

use crate::chat::id::MessageId;
use crate::chat::message::Chat;
use crate::chat::name::FileName;

/// A file as a command names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileRef {
    /// One of the shared folder.
    Shared(FileName),
    /// One that was sent in a chat, by the id of its message: `@id`.
    Sent(MessageId),
}

impl fmt::Display for FileRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileRef::Shared(name) => name.fmt(f),
            FileRef::Sent(id) => write!(f, "@{id}"),
        }
    }
}

/// Where an upload goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FileTarget {
    /// Into the shared folder.
    Shared(FileName),
    /// Into a chat.
    Chat(Chat, FileName),
}

/// A line of LS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderEntry {
    /// Its size in bytes; none for a folder.
    pub size: Option<u64>,
    /// When it was last changed, in seconds since the Unix epoch.
    pub mtime: i64,
    /// Its name as GET takes it, that is from the shared folder on.
    pub name: FileName,
}
