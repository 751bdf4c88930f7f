//! Requests about what users want of others, what they tell administrators of them, and the end of
//! their accounts.

use std::sync::Arc;

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use crate::chat::name::{Number, UserName};
use crate::chat::refusal::Failure;
use crate::chat::report::Report;
use crate::chat::sha256::Sha256Sum;
use crate::hub::job::Value;
use crate::store::rows::{accounts, erasing, ignored, reports, tokens};

/// Such a request.
#[derive(Debug)]
pub(in crate::store) enum PersonalRequest {
    /// Store that an account ignores another one, or no longer.
    SetIgnored { number: Number, whom: Number, on: bool },
    /// Store whether the user is to be asked before being added to a group.
    SetAskFirst { number: Number, on: bool },
    /// Store which message of the day an account has asked for last.
    SetMotd { number: Number, text: Sha256Sum },
    /// Store a report, with the text of the message that it is about.
    KeepReport { report: Box<Report>, text: Option<Arc<str>> },
    /// Store that a report is resolved.
    ResolveReport { number: u32 },
    /// Remove an account, but for its number.
    Remove { number: Number, name: UserName, time: u64, erase: bool },
}

impl RequestKind for PersonalRequest {
    fn writes(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        match self {
            PersonalRequest::SetIgnored { number, .. } => format!("whom {number} ignores"),
            PersonalRequest::SetAskFirst { number, .. } => format!("a wish of {number}"),
            PersonalRequest::SetMotd { number, .. } => format!("what {number} has asked for"),
            PersonalRequest::KeepReport { report, .. } => format!("the report {}", report.number),
            PersonalRequest::ResolveReport { number } => format!("the end of the report {number}"),
            PersonalRequest::Remove { number, .. } => format!("the end of the account {number}"),
        }
    }

    fn run(&self, database: &Connection, _context: &mut Context) -> rusqlite::Result<Step> {
        match self {
            PersonalRequest::SetIgnored { number, whom, on } => {
                ignored::set(database, *number, *whom, *on)?;
            }
            PersonalRequest::SetAskFirst { number, on } => {
                accounts::set_ask_first(database, *number, *on)?;
            }
            PersonalRequest::SetMotd { number, text } => {
                accounts::set_motd(database, *number, *text)?;
            }
            PersonalRequest::KeepReport { report, text } => {
                reports::keep(database, report, text.as_deref())?;
            }
            PersonalRequest::ResolveReport { number } => {
                if !reports::resolve(database, *number)? {
                    return Ok(Step::Done(Err(Failure::NotFound)));
                }
            }
            PersonalRequest::Remove { number, name, time, erase } => {
                accounts::remove(database, *number, *name, *time)?;
                tokens::end_all(database, *number)?;
                if *erase {
                    erasing::begin(database, *number)?;
                }
            }
        }
        Ok(Step::Done(Ok(Value::Done)))
    }
}
