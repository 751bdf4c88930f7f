//! Requests of administrators about users and networks.

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use crate::chat::name::{Number, UserName};
use crate::chat::request::LIST_CHATS_MAX;
use crate::chat::sanction::{Sanction, Sanctioned};
use crate::hub::job::Value;
use crate::store::rows::{accounts, sanctions, tokens};

/// A request of an administrator.
#[derive(Debug)]
pub(in crate::store) enum ModerationRequest {
    /// Store a sanction, or that it is lifted; the end of a ban revokes all tokens.
    SetSanction { whom: Sanctioned, sanction: Option<Sanction> },
    /// Store that a sanction is lifted, if it lasts until that time.
    EndSanction { whom: Sanctioned, until: u64 },
    /// Store whether an account is an administrator's.
    SetAdministrator { number: Number, admin: bool },
    /// List accounts by name.
    ListAccounts { after: Option<UserName> },
}

impl RequestKind for ModerationRequest {
    fn writes(&self) -> bool {
        !matches!(self, ModerationRequest::ListAccounts { .. })
    }

    fn describe(&self) -> String {
        match self {
            ModerationRequest::SetSanction { whom, .. } => format!("the sanction {whom:?}"),
            ModerationRequest::EndSanction { whom, .. } => format!("the end of {whom:?}"),
            ModerationRequest::SetAdministrator { number, .. } => format!("what {number} may do"),
            ModerationRequest::ListAccounts { .. } => "a list of accounts".to_owned(),
        }
    }

    fn run(&self, database: &Connection, _context: &mut Context) -> rusqlite::Result<Step> {
        match self {
            ModerationRequest::SetSanction { whom, sanction: Some(sanction) } => {
                sanctions::insert(database, *whom, sanction)?;
            }
            ModerationRequest::SetSanction { whom, sanction: None } => {
                sanctions::remove(database, *whom)?;
                lifted(database, *whom)?;
            }
            ModerationRequest::EndSanction { whom, until } => {
                if sanctions::remove_until(database, *whom, *until)? {
                    lifted(database, *whom)?;
                }
            }
            ModerationRequest::SetAdministrator { number, admin } => {
                accounts::set_administrator(database, *number, *admin)?;
            }
            ModerationRequest::ListAccounts { after } => {
                let (accounts, left) = accounts::list(database, *after, LIST_CHATS_MAX)?;
                return Ok(Step::Done(Ok(Value::Accounts { accounts, left })));
            }
        }
        Ok(Step::Done(Ok(Value::Done)))
    }
}

/// Ends what must not hold any more after a sanction: old tokens are refused while a ban lasts, and
/// must not be valid again after it.
fn lifted(database: &Connection, whom: Sanctioned) -> rusqlite::Result<()> {
    match whom {
        Sanctioned::Ban(number) => tokens::end_all(database, number),
        Sanctioned::Mute(_) | Sanctioned::Network(_) => Ok(()),
    }
}
