//! Requests about groups.

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use crate::chat::group::{GroupRecord, GroupRow};
use crate::chat::id::GroupId;
use crate::hub::job::Value;
use crate::store::rows::groups;

/// A request about a group.
#[derive(Debug)]
pub(in crate::store) enum GroupRequest {
    /// Store a whole group as it is now.
    Save(Box<GroupRecord>),
    /// Store changed rows of groups.
    Change(Vec<GroupRow>),
    /// End a group.
    End(GroupId),
}

impl GroupRequest {
    /// Returns true if the request ends a group.
    fn ends_groups(&self) -> bool {
        match self {
            GroupRequest::Save(_) => false,
            GroupRequest::Change(rows) => rows.iter().any(|row| matches!(row, GroupRow::Ended(_))),
            GroupRequest::End(_) => true,
        }
    }
}

impl RequestKind for GroupRequest {
    fn writes(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        match self {
            GroupRequest::Save(group) => format!("the group {}", group.name),
            GroupRequest::Change(rows) => describe_rows(rows),
            GroupRequest::End(group) => format!("the end of the group {}", group.0),
        }
    }

    fn run(&self, database: &Connection, _context: &mut Context) -> rusqlite::Result<Step> {
        match self {
            GroupRequest::Save(group) => groups::save(database, group)?,
            GroupRequest::Change(rows) => groups::change(database, rows)?,
            GroupRequest::End(group) => groups::end(database, *group)?,
        }
        Ok(Step::Done(Ok(Value::Done)))
    }

    fn changes_messages(&self) -> bool {
        self.ends_groups()
    }

    fn leaves_remains(&self) -> bool {
        self.ends_groups()
    }
}

/// The number of rows, and what the first one is about, for the log.
fn describe_rows(rows: &[GroupRow]) -> String {
    let first = match rows.first() {
        None => return "no change of groups".to_owned(),
        Some(
            GroupRow::Group { id: group, .. }
            | GroupRow::Member { group, .. }
            | GroupRow::NoMember { group, .. }
            | GroupRow::Candidate { group, .. }
            | GroupRow::NoCandidate { group, .. }
            | GroupRow::Unheard { group, .. }
            | GroupRow::Topic { group, .. }
            | GroupRow::ShutOut { group, .. }
            | GroupRow::NotShutOut { group, .. }
            | GroupRow::TurnedDown { group, .. }
            | GroupRow::Ended(group),
        ) => format!("of the group {}", group.0),
        Some(GroupRow::Untold { number, .. } | GroupRow::Told { number }) => {
            format!("of what the user {} has yet to be told", number.0)
        }
    };
    match rows.len() {
        1 => format!("a change {first}"),
        count => format!("{count} changes of groups, the first one {first}"),
    }
}
