//! Requests about groups.

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use crate::chat::group::GroupRecord;
use crate::chat::id::GroupId;
use crate::hub::job::Value;
use crate::store::rows::groups;

/// A request about a group.
#[derive(Debug)]
pub(in crate::store) enum GroupRequest {
    /// Keep a group as it is now.
    Save(GroupRecord),
    /// End a group.
    End(GroupId),
}

impl RequestKind for GroupRequest {
    fn writes(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        match self {
            GroupRequest::Save(group) => format!("the group {}", group.name),
            GroupRequest::End(group) => format!("the end of the group {}", group.0),
        }
    }

    fn run(&self, database: &Connection, _context: &mut Context) -> rusqlite::Result<Step> {
        match self {
            GroupRequest::Save(group) => groups::save(database, group)?,
            GroupRequest::End(group) => groups::end(database, *group)?,
        }
        Ok(Step::Done(Ok(Value::Done)))
    }

    fn changes_messages(&self) -> bool {
        matches!(self, GroupRequest::End(_))
    }

    fn leaves_remains(&self) -> bool {
        matches!(self, GroupRequest::End(_))
    }
}
