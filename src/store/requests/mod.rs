//! What is asked of the database.

pub(in crate::store) mod recounts;
pub(in crate::store) mod uploads;

use crate::chat::account::{Account, KnownNetwork};
use crate::chat::group::{GroupId, GroupRecord};
use crate::chat::name::{DisplayName, Number};
use crate::chat::text::Secret;
use crate::hub::job::JobId;
use crate::store::rows::messages;
use crate::store::work::passwords::Slot;
use crate::store::work::search;

/// Something to read or write.
#[derive(Debug)]
pub(in crate::store) enum Request {
    /// Look the hash up that a password is to be compared with.
    LookUpPassword { ticket: JobId, number: Option<Number>, password: Secret, slot: Slot },
    /// Keep a new account.
    Register { ticket: JobId, account: Account, hash: String },
    /// Keep another hash of the same password.
    ReplaceHash { number: Number, old: String, new: String },
    /// Keep the hash of a new password, and end all tokens.
    SetPassword { ticket: JobId, number: Number, hash: String },
    /// Keep the networks that an account knows.
    KeepNetworks { ticket: JobId, number: Number, networks: Box<[KnownNetwork]> },
    /// Keep a display name.
    SetDisplayName { ticket: JobId, number: Number, display: DisplayName },
    /// Keep a ban, or its end and that of all tokens.
    SetBanned { ticket: JobId, number: Number, banned: bool },
    /// Keep whether an account is an administrator's.
    SetAdministrator { ticket: JobId, number: Number, admin: bool },
    /// Make a token.
    MakeToken { ticket: JobId, number: Number },
    /// Check a token.
    CheckToken { ticket: JobId, number: Number, token: Secret },
    /// Do something with messages.
    Messages { ticket: JobId, request: messages::Request },
    /// Keep a group as it is now.
    SaveGroup { ticket: JobId, group: GroupRecord },
    /// End a group.
    EndGroup { ticket: JobId, group: GroupId },
    /// Do something with uploads.
    Uploads(uploads::Request),
    /// Search, once all before it is committed.
    Search(search::Request),
}

impl Request {
    /// Whose answer a failure is, where somebody waits for one.
    pub(in crate::store) fn ticket(&self) -> Option<JobId> {
        match self {
            Request::LookUpPassword { ticket, .. }
            | Request::Register { ticket, .. }
            | Request::SetPassword { ticket, .. }
            | Request::KeepNetworks { ticket, .. }
            | Request::SetDisplayName { ticket, .. }
            | Request::SetBanned { ticket, .. }
            | Request::SetAdministrator { ticket, .. }
            | Request::MakeToken { ticket, .. }
            | Request::CheckToken { ticket, .. }
            | Request::SaveGroup { ticket, .. }
            | Request::EndGroup { ticket, .. }
            | Request::Messages { ticket, .. } => Some(*ticket),
            Request::Search(request) => Some(request.ticket),
            Request::Uploads(request) => request.ticket(),
            Request::ReplaceHash { .. } => None,
        }
    }

    /// Whether it needs the write lock.
    pub(in crate::store) fn writes(&self) -> bool {
        match self {
            Request::LookUpPassword { .. } | Request::CheckToken { .. } | Request::Search(_) => {
                false
            }
            Request::Messages { request, .. } => request.writes(),
            Request::Uploads(request) => request.writes(),
            _ => true,
        }
    }

    /// Whether the search has to follow.
    pub(in crate::store) fn changes_messages(&self) -> bool {
        match self {
            Request::Messages { request, .. } => request.changes_messages(),
            Request::Uploads(request) => matches!(request, uploads::Request::Finish { .. }),
            Request::EndGroup { .. } => true,
            _ => false,
        }
    }

    /// Whether it may leave something that is removed later.
    pub(in crate::store) fn leaves_remains(&self) -> bool {
        match self {
            Request::Messages { request, .. } => request.removes(),
            Request::Uploads(request) => request.writes(),
            Request::EndGroup { .. } => true,
            _ => false,
        }
    }

    /// What the log calls it.
    pub(in crate::store) fn describe(&self) -> String {
        match self {
            Request::LookUpPassword { .. } => "a look at a password".to_owned(),
            Request::Register { account, .. } => {
                format!("the new account {} {}", account.name, account.number)
            }
            Request::ReplaceHash { number, .. } => format!("a new password hash of {number}"),
            Request::SetPassword { number, .. } => format!("a new password of {number}"),
            Request::KeepNetworks { number, .. } => format!("the networks of {number}"),
            Request::SetDisplayName { number, .. } => format!("a display name of {number}"),
            Request::SetBanned { number, .. } => format!("a ban of {number}"),
            Request::SetAdministrator { number, .. } => format!("what {number} may do"),
            Request::MakeToken { number, .. } => format!("a token for {number}"),
            Request::CheckToken { number, .. } => format!("a look at a token of {number}"),
            Request::Messages { request, .. } => request.describe(),
            Request::SaveGroup { group, .. } => format!("the group {}", group.name),
            Request::EndGroup { group, .. } => format!("the end of the group {}", group.0),
            Request::Uploads(request) => request.describe(),
            Request::Search(_) => "a search".to_owned(),
        }
    }
}
