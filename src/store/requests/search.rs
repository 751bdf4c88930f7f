//! Requests to the search thread. They pass through the database thread, so that a search finds all
//! messages that were submitted before it.

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use crate::chat::id::MessageId;
use crate::chat::message::Chat;
use crate::chat::name::Number;
use crate::hub::job::JobId;

/// A search for messages.
#[derive(Debug)]
pub(in crate::store) struct SearchRequest {
    /// The job that gets the outcome.
    pub(in crate::store) job: JobId,
    /// The user who searches.
    pub(in crate::store) reader: Number,
    /// The first message of `*` that the user may read.
    pub(in crate::store) since: MessageId,
    /// The chat; `None` is `*` and all chats of the reader.
    pub(in crate::store) chat: Option<Chat>,
    /// The words, separated by white space.
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
