//! Requests of administrators about users and networks.

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use crate::chat::name::{Number, UserName};
use crate::chat::refusal::Failure;
use crate::chat::registration::InviteCode;
use crate::chat::request::LIST_CHATS_MAX;
use crate::chat::sanction::{Sanction, Sanctioned};
use crate::chat::sha256::Sha256Sum;
use crate::chat::term::Until;
use crate::hub::job::Value;
use crate::store::rows::{accounts, invites, sanctions, tokens};

/// A request of an administrator.
#[derive(Debug)]
pub(in crate::store) enum ModerationRequest {
    /// Store a sanction, or that it is lifted; the end of a ban revokes all tokens.
    SetSanction { whom: Sanctioned, sanction: Option<Sanction> },
    /// Store that a sanction is lifted, if it lasts until that time.
    EndSanction { whom: Sanctioned, until: u64 },
    /// Store whether an account is an administrator's.
    SetAdministrator { number: Number, admin: bool },
    /// Draw the code of an invitation, and store its hash; remove those whose time is over.
    MakeInvite { uses: u32, until: Until, by: Number, now: u64 },
    /// Remove invitations.
    EndInvites(Box<[Sha256Sum]>),
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
            ModerationRequest::MakeInvite { .. } => "an invitation".to_owned(),
            ModerationRequest::EndInvites(_) => "the end of invitations".to_owned(),
            ModerationRequest::ListAccounts { .. } => "a list of accounts".to_owned(),
        }
    }

    fn run(&self, database: &Connection, context: &mut Context) -> rusqlite::Result<Step> {
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
            ModerationRequest::MakeInvite { uses, until, by, now } => {
                let Ok(word) =
                    tokens::draw_code().inspect_err(|error| context.health.failed(error))
                else {
                    return Ok(Step::Done(Err(Failure::Failed)));
                };
                let Ok(code) = word.expose().parse::<InviteCode>() else {
                    return Ok(Step::Done(Err(Failure::Failed)));
                };
                invites::insert(database, &code.invite(*uses, *until, *by), *now)?;
                return Ok(Step::Done(Ok(Value::Token(word))));
            }
            ModerationRequest::EndInvites(codes) => {
                codes.iter().try_for_each(|code| invites::remove(database, *code))?;
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
