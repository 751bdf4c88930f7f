//! What clients receive, and what they never will.

use std::collections::VecDeque;

use chatsrv::hub::input::ConnId;
use chatsrv::protocol::native::read::Delivered;

use super::NodeModel;

impl NodeModel {
    /// A client receives a message.
    pub fn received(&mut self, conn: ConnId, line: Delivered<'_>) {
        let due = self.deliveries.get_mut(&conn).and_then(VecDeque::pop_front);
        let due = due.unwrap_or_else(|| panic!("{conn} receives what was not for it: {line:?}"));
        let from = due.from.to_string();
        let to = due.to.to_string();
        let expected = Delivered { id: due.id, from: &from, to: &to, text: &due.text };
        assert_eq!(line, expected, "{conn}");
    }

    /// The last so many messages for a connection that is closed are dropped.
    pub fn are_dropped(&mut self, conn: ConnId, count: usize) {
        let due = self.deliveries.get_mut(&conn).expect("it was connected");
        due.truncate(due.len() - count);
    }

    /// What waits for a connection is dropped, since it reads too slowly.
    pub fn cut_off(&mut self, conn: ConnId) {
        self.cut_off.insert(conn);
    }

    /// A client has read all that was written for it.
    pub fn received_all(&self, conn: ConnId) {
        let due = &self.deliveries[&conn];
        let is_cut_off = self.cut_off.contains(&conn);
        assert!(due.is_empty() || is_cut_off, "{conn} did not receive {due:?}");
        if let Some(session) = self.sessions.get(&conn) {
            assert!(session.replies.is_empty(), "{conn} is owed {:?}", session.replies);
            assert!(session.lists.is_empty(), "{conn} is owed lists");
            assert!(session.group_replies.is_empty(), "{conn}: {:?}", session.group_replies);
            assert!(session.reading.is_empty(), "{conn} is in the middle of a list");
        }
    }
}
