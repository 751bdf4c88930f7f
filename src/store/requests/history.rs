//! Requests that read messages. They pass through the database thread, so that they see all that
//! was submitted before them, and are done by the history threads: none delays a confirmation.

use rusqlite::Connection;

use super::kind::{Context, RequestKind, Step};
use crate::chat::id::MessageId;
use crate::chat::message::Chat;
use crate::hub::job::{JobId, Value};
use crate::store::rows::history::Viewer;
use crate::store::rows::{chats, history};

/// A request that reads messages.
#[derive(Debug)]
pub(in crate::store) struct HistoryRequest {
    /// The job that gets the outcome.
    pub(in crate::store) job: JobId,
    pub(in crate::store) viewer: Viewer,
    pub(in crate::store) which: HistoryQuery,
}

/// What is read.
#[derive(Debug)]
pub(in crate::store) enum HistoryQuery {
    /// The number of unread messages of each chat.
    Unread,
    /// The chats.
    Chats { before: Option<MessageId> },
    /// The ids of the unread messages of a chat.
    UnreadOf(Chat),
    /// The ids of the first messages of a chat after an id.
    After { chat: Chat, after: MessageId, count: u16 },
    /// The ids of the last messages of a chat before an id.
    Last { chat: Chat, before: Option<MessageId>, count: u16 },
    /// Messages, by their ids.
    Messages(Vec<MessageId>),
}

impl HistoryRequest {
    /// Reads what is asked for, as one snapshot if that is a transaction.
    pub(in crate::store) fn read(&self, database: &Connection) -> rusqlite::Result<Value> {
        let viewer = self.viewer;
        match &self.which {
            HistoryQuery::Unread => history::count_unread(database, viewer),
            HistoryQuery::Chats { before } => chats::list(database, viewer, *before),
            HistoryQuery::UnreadOf(chat) => history::select_unread(database, viewer, *chat),
            HistoryQuery::After { chat, after, count } => {
                history::select_after(database, viewer, *chat, *after, *count)
            }
            HistoryQuery::Last { chat, before, count } => {
                history::select_last(database, viewer, *chat, *before, *count)
            }
            HistoryQuery::Messages(ids) => history::fetch(database, ids).map(Value::Messages),
        }
    }
}

impl RequestKind for HistoryRequest {
    fn writes(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        match &self.which {
            HistoryQuery::Unread => format!("a count of what {} missed", self.viewer.reader),
            HistoryQuery::Chats { .. } => format!("a list of the chats of {}", self.viewer.reader),
            _ => format!("a list for {}", self.viewer.reader),
        }
    }

    fn run(&self, _database: &Connection, _context: &mut Context) -> rusqlite::Result<Step> {
        Ok(Step::Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::id::GroupId;
    use crate::chat::name::Number;
    use crate::store::rows::lane::Lane;
    use crate::store::rows::schema;

    const ALICE: Number = Number(10_001);
    const BOB: Number = Number(10_002);
    const DIRECT: Chat = Chat::Direct(ALICE, BOB);
    const GROUP: Chat = Chat::Group(GroupId(1));

    /// A database with a chat of two and one of a group, in which Bob says something in turn.
    fn database(folder: &tempfile::TempDir) -> Connection {
        let database = schema::open(&folder.path().join("store")).unwrap();
        let rows = "INSERT INTO accounts (number, name, password, created)
            VALUES (10001, 'a', '', 0), (10002, 'b', '', 0);
            INSERT INTO groups (id, name, admin, kept, made_by) VALUES (1, '#a', 10001, 1, 10001);
            INSERT INTO members (group_id, number, place, since)
            VALUES (1, 10001, 0, 1), (1, 10002, 1, 1)";
        database.execute_batch(rows).unwrap();
        let lane = Lane::of_sender(DIRECT, BOB);
        database.execute("INSERT INTO chats VALUES (?1, ?2, 0)", (ALICE.0, lane)).unwrap();
        for id in 2..=9 {
            let lane = Lane::of_sender(if id % 2 == 0 { DIRECT } else { GROUP }, BOB);
            let insert = "INSERT INTO messages VALUES (?1, ?2, ?3, 'text')";
            database.execute(insert, (id, lane, BOB.0)).unwrap();
        }
        database
    }

    #[test]
    fn what_came_after_a_request_is_not_seen() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(&folder);
        for until in 1..=10 {
            let read = |which| {
                let (job, until) = (JobId(1), MessageId(until));
                let viewer = Viewer { until, ..Viewer::of_all(ALICE) };
                HistoryRequest { job, viewer, which }.read(&database).unwrap()
            };
            let ids = |which| match read(which) {
                Value::Selected { ids, left: 0 } => ids.iter().map(|id| id.0).collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            };
            let said = |remainder| (2..=until.min(9)).filter(move |id| id % 2 == remainder);
            for (chat, wanted) in [(DIRECT, said(0)), (GROUP, said(1))] {
                let wanted: Vec<u64> = wanted.collect();
                assert_eq!(ids(HistoryQuery::UnreadOf(chat)), wanted, "{until}");
                assert_eq!(ids(HistoryQuery::Last { chat, before: None, count: 9 }), wanted);
                let after = HistoryQuery::After { chat, after: MessageId(0), count: 9 };
                assert_eq!(ids(after), wanted);
            }
            let Value::Unread(unread) = read(HistoryQuery::Unread) else { panic!("no counts") };
            let counted: u64 = unread.iter().map(|unread| unread.count).sum();
            let chats = read(HistoryQuery::Chats { before: None });
            let Value::Chats { chats, .. } = chats else { panic!("{chats:?}") };
            let listed: u64 = chats.iter().map(|chat| chat.unread).sum();
            assert_eq!([counted, listed], [until.min(9) - 1; 2]);
            let last = chats.iter().filter_map(|chat| chat.last.as_ref());
            assert_eq!(last.map(|last| last.id.0).max(), Some(until.min(9)).filter(|id| *id > 1));
        }
    }
}
