//! Files: their names, the targets of uploads, and the entries of folders.

use std::fmt;

use crate::chat::id::MessageId;
use crate::chat::message::Chat;
use crate::chat::name::{FileName, Number};

/// A file as a command names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileRef {
    /// A file of the shared folder.
    Shared(FileName),
    /// A file that was sent into a chat, by the id of its message: `@id`.
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

/// The target of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FileTarget {
    /// The shared folder, under that name.
    Shared(FileName),
    /// A chat, under that name.
    Chat(Chat, FileName),
}

/// The files of the shared folder that a user may remove: those that were uploaded by that user
/// since a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnSince {
    /// The user.
    pub owner: Number,
    /// The time, in seconds since the Unix epoch.
    pub since: u64,
}

/// An entry of a folder, as LS lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderEntry {
    /// The size in bytes; none for a folder.
    pub size: Option<u64>,
    /// The time of the last change, in seconds since the Unix epoch.
    pub mtime: i64,
    /// The path as GET takes it, from the shared folder on.
    pub name: FileName,
}
