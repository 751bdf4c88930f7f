//! Proposals: entries that are to be decided.

use crate::chat::entry::Entry;
use crate::chat::id::MessageId;
use crate::chat::kind::Kind;
use crate::hub::input::ConnId;

/// An entry that is to be decided.
#[derive(Debug)]
pub struct Proposal {
    pub entry: Entry,
    /// The id of the message or the group that the entry makes, if it makes one.
    pub id: Option<MessageId>,
    /// The session to answer, if one of this server asked for the entry.
    pub asker: Option<Asker>,
}

/// The session that asked for an entry, and the kind of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    pub conn: ConnId,
    pub of: Kind,
}

impl Proposal {
    /// Proposes an entry that makes nothing and that no session asked for.
    pub fn of_nobody(entry: Entry) -> Self {
        Proposal { entry, id: None, asker: None }
    }
}
