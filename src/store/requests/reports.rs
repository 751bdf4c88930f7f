//! Requests about reports.

use std::sync::Arc;

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use crate::chat::refusal::Failure;
use crate::chat::report::Report;
use crate::hub::job::Value;
use crate::store::rows::reports;

/// A request about a report.
#[derive(Debug)]
pub(in crate::store) enum ReportRequest {
    /// Store a report, with the text of the message that it is about.
    Keep { report: Box<Report>, text: Option<Arc<str>> },
    /// Store that a report is resolved.
    Resolve { number: u32 },
}

impl RequestKind for ReportRequest {
    fn writes(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        match self {
            ReportRequest::Keep { report, .. } => format!("the report {}", report.number),
            ReportRequest::Resolve { number } => format!("the end of the report {number}"),
        }
    }

    fn run(&self, database: &Connection, _context: &mut Context) -> rusqlite::Result<Step> {
        match self {
            ReportRequest::Keep { report, text } => {
                reports::keep(database, report, text.as_deref())?;
            }
            ReportRequest::Resolve { number } => {
                if !reports::resolve(database, *number)? {
                    return Ok(Step::Done(Err(Failure::NotFound)));
                }
            }
        }
        Ok(Step::Done(Ok(Value::Done)))
    }
}
