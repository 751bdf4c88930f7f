//! Requests for the search thread. They pass through the database thread, so that a search finds
//! all that was asked for before it.

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use crate::chat::message::Chat;
use crate::chat::name::Number;
use crate::hub::job::JobId;

/// A search for messages.
#[derive(Debug)]
pub(in crate::store) struct SearchRequest {
    /// Whose outcome it is.
    pub(in crate::store) job: JobId,
    /// Who reads.
    pub(in crate::store) reader: Number,
    /// In which chat; none is `*` and all the reader's own.
    pub(in crate::store) chat: Option<Chat>,
    /// Which words, separated by white space.
    pub(in crate::store) words: Box<str>,
}

impl RequestKind for SearchRequest {
    fn writes(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        "a search".to_owned()
    }

    fn run(&self, _database: &Connection, _context: &mut Context) -> rusqlite::Result<Step> {
        Ok(Step::Search)
    }
}
