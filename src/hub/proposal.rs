//! Entries on their way to being decided.

use crate::chat::entry::Entry;
use crate::chat::id::MessageId;
use crate::chat::request::Kind;
use crate::hub::input::ConnId;

/// An entry that is to be decided.
#[derive(Debug)]
pub struct Proposal {
    pub entry: Entry,
    /// The id for what it makes, where it makes something.
    pub id: Option<MessageId>,
    /// Who asked for it, where that is somebody here.
    pub asker: Option<Asker>,
}

/// A session that asked for an entry, and with which request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    pub conn: ConnId,
    pub of: Kind,
}

impl Proposal {
    /// An entry that makes nothing and that nobody here asked for.
    pub fn of_nobody(entry: Entry) -> Self {
        Proposal { entry, id: None, asker: None }
    }
}
