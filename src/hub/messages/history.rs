//! The history of messages: OPEN, HISTORY, AFTER and SEARCH, the unread messages, all chats, and
//! how far a user has read.

use std::time::Duration;

use super::chats;
use super::lists::{ListQuery, OpenLists, as_delivered, chat};
use super::retention::Retention;
use crate::chat::answer::{Done, Item, List, Page};
use crate::chat::close::CloseReason;
use crate::chat::entry::{Entry, Stamp};
use crate::chat::id::MessageId;
use crate::chat::kind::Kind;
use crate::chat::message::{Chat, Destination, StoredMessage, Unread};
use crate::chat::name::{Number, Target};
use crate::chat::refusal::Refusal;
use crate::chat::request::Request;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::{Caller, Cx};
use crate::hub::effect::Effect;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::failed;
use crate::hub::pending::{Domain, Pending};
use crate::hub::people::People;
use crate::hub::proposal::{Asker, Proposal};
use crate::hub::sessions::replies::Reply;

/// The reading of messages that were kept, and their removal when they are old.
#[derive(Debug)]
pub struct History {
    lists: OpenLists,
    retention: Retention,
    pending: Pending<HistoryJob>,
    /// Messages that are being removed, with the jobs that do it, while older jobs are under way
    /// that may select them.
    being_deleted: Vec<(JobId, StoredMessage)>,
}

/// The purpose of a job. All but the last two block a session until they are done.
#[derive(Debug)]
enum HistoryJob {
    CountUnread(Caller),
    ListChats(Caller),
    Select(ConnId, ListQuery),
    Fetch(ConnId),
    /// Marks a chat of a user as read, and answers the session that asked for it.
    MarkSeen {
        user: UserIndex,
        chat: Chat,
        shown: Destination,
        asked: Option<ConnId>,
    },
    RemoveOld,
}

/// A chat that a user has read further.
#[derive(Debug)]
pub struct ReadOn {
    pub user: UserIndex,
    pub chat: Chat,
    /// The newest message that is read.
    pub mark: MessageId,
    /// The session in which the user said so.
    pub asked: Option<ConnId>,
}

impl HistoryJob {
    /// The session that is blocked until the job is done.
    fn blocks(&self) -> Option<&ConnId> {
        match self {
            HistoryJob::CountUnread(Caller { conn, .. })
            | HistoryJob::ListChats(Caller { conn, .. }) => Some(conn),
            HistoryJob::Select(conn, _) | HistoryJob::Fetch(conn) => Some(conn),
            HistoryJob::MarkSeen { .. } | HistoryJob::RemoveOld => None,
        }
    }
}

impl History {
    /// Creates the history with no reader. Messages are kept for that long; none is for ever.
    pub fn new(kept_for: Option<Duration>) -> Self {
        let pending = Pending::new(Domain::History);
        History {
            lists: OpenLists::default(),
            retention: Retention::new(kept_for),
            pending,
            being_deleted: Vec::new(),
        }
    }

    /// Handles UNREAD: lists the chats with unread messages. The session is blocked until they are
    /// counted, which may take long.
    pub fn unread(&mut self, from: Caller, people: People<'_>, cx: &mut Cx<'_>) {
        let reader = people.accounts.number(from.user);
        let until = cx.core.sequence.newest();
        self.pending.begin(Job::CountUnread { reader, until }, HistoryJob::CountUnread(from), cx);
        cx.block(from.conn);
    }

    /// Handles CHATS: lists the user's chats. The session is blocked until they are found.
    pub fn chats(
        &mut self,
        from: Caller,
        before: Option<MessageId>,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) {
        let reader = people.accounts.number(from.user);
        let until = cx.core.sequence.newest();
        let since = people.accounts.reads_everyone_since(from.user);
        let job = Job::ListChats { reader, before, until, since };
        self.pending.begin(job, HistoryJob::ListChats(from), cx);
        cx.block(from.conn);
    }

    /// Handles a request that lists messages. The session is blocked until the list is complete.
    pub fn list(
        &mut self,
        from: Caller,
        request: Request,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<(), Refusal> {
        let query = ListQuery::new(from, request, people)?;
        self.select(from.conn, query, cx);
        Ok(())
    }

    fn select(&mut self, conn: ConnId, query: ListQuery, cx: &mut Cx<'_>) {
        let (reader, which, since) = (query.reader, query.which.clone(), query.since);
        let until = cx.core.sequence.newest();
        let job = Job::SelectMessages { reader, which, until, since };
        self.pending.begin(job, HistoryJob::Select(conn, query), cx);
        cx.block(conn);
    }

    /// Proposes that a user has read a chat up to a message.
    pub fn seen(
        from: Caller,
        (target, id): (Target, MessageId),
        people: People<'_>,
    ) -> Result<Proposal, Refusal> {
        let (chat, _) = chat(from, target, people)?;
        let entry = Entry::Seen { reader: people.accounts.number(from.user), chat, id };
        let asker = Some(Asker { conn: from.conn, of: Kind::Seen });
        Ok(Proposal { entry, id: None, asker })
    }

    /// Marks a chat as read up to a message. The mark stays at or below the newest message, since a
    /// wrong id must not hide later ones, and below `untold`, the first message of the chat that
    /// sends a file and is not announced yet, even if later messages came.
    pub fn apply_seen(
        &mut self,
        (reader, chat, id): (Number, Chat, MessageId),
        (stamp, untold): (Stamp, Option<MessageId>),
        asker: Option<Asker>,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) {
        let id = id.min(stamp.id);
        let id = untold.map_or(id, |untold| id.min(MessageId(untold.0 - 1)));
        let Some(user) = people.accounts.directory.find_number(reader) else { return };
        let Some(shown) = people.destination(user, chat) else { return };
        let asked = asker.map(|asker| asker.conn);
        let job = Job::MarkSeen { reader, chat, id };
        let what = HistoryJob::MarkSeen { user, chat, shown, asked };
        let job = self.pending.begin(job, what, cx);
        if let Some(conn) = asked {
            cx.reply_after(conn, job);
        }
    }

    /// Takes the outcome of a job. Returns what a user has read further, of which the user's other
    /// sessions are to be told.
    pub fn done(
        &mut self,
        id: JobId,
        outcome: Outcome,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Option<ReadOn> {
        let mut read = None;
        let job = self.pending.take(id)?;
        if let Some(conn) = job.blocks()
            && !cx.unblock(*conn)
        {
            return None;
        }
        match job {
            HistoryJob::CountUnread(from) => unread_counted(from, &outcome, people, cx),
            HistoryJob::ListChats(from) => chats::listed(from, &outcome, people, cx),
            HistoryJob::Select(conn, query) => self.selected(conn, id, query, outcome, cx),
            HistoryJob::Fetch(conn) => self.fetched(conn, outcome, people, cx),
            HistoryJob::MarkSeen { user, chat, shown, asked } => {
                let moved = marked((shown, asked), id, &outcome, cx);
                read = moved.map(|mark| ReadOn { user, chat, mark, asked });
            }
            HistoryJob::RemoveOld => self.retention.done(&outcome, cx.core.now),
        }
        let oldest = self.pending.ids().min();
        self.being_deleted.retain(|(removal, _)| oldest.is_some_and(|oldest| oldest < *removal));
        read
    }

    /// Notes that a job removes a message from now on. Lists under way that hold it still tell of
    /// it, since a list must have as many items as its head says.
    pub fn is_being_deleted(&mut self, job: JobId, message: &StoredMessage) {
        self.lists.remember(message);
        if !self.pending.is_empty() {
            self.being_deleted.push((job, message.clone()));
        }
    }

    /// Begins a list once its messages are selected.
    fn selected(
        &mut self,
        conn: ConnId,
        job: JobId,
        query: ListQuery,
        outcome: Outcome,
        cx: &mut Cx<'_>,
    ) {
        let (mut ids, last) = match outcome {
            Ok(Value::Selected { ids, left }) => (ids, query.last(left)),
            Ok(Value::Found { ids, is_all }) => (ids, query.last_of_search(is_all)),
            outcome => return cx.refuse(conn, query.of, failed(&outcome)),
        };
        self.retention.drop_old(&mut ids);
        let (of, count) = (query.of, ids.len());
        let Some(oldest) = ids.first().copied() else {
            return cx.reply(conn, Reply::List(List::whole(of, [].into(), None, last)));
        };
        if self.retention.removes_since(job, oldest) {
            // Some of the messages may be gone by now.
            return self.select(conn, query, cx);
        }
        self.lists.open((conn, query.reader), ids, last, cx.core.now.monotonic);
        for (_, message) in self.being_deleted.iter().filter(|(removal, _)| *removal > job) {
            self.lists.remember(message);
        }
        cx.block(conn);
        // The pages follow as they are read.
        let page = Page { items: [].into(), without: None, last: None };
        cx.reply(conn, Reply::List(List { of, count, page }));
    }

    /// Reads the next page of a list, after the reader has taken the last one.
    pub fn next_page(&mut self, conn: ConnId, cx: &mut Cx<'_>) {
        let Some(job) = self.lists.next_piece(conn) else { return };
        self.pending.begin(job, HistoryJob::Fetch(conn), cx);
        cx.block(conn);
    }

    /// Sends a page whose messages were read. If they could not be, the session ends, since a list
    /// must be complete.
    fn fetched(&mut self, conn: ConnId, outcome: Outcome, people: People<'_>, cx: &mut Cx<'_>) {
        let Some(items) = self.next_items(conn, outcome, people) else {
            return self.fail_list(conn, cx);
        };
        let last = self.lists.read(conn, items.len());
        if last.is_none() {
            cx.block(conn);
        }
        let page = Page { items: items.into(), without: None, last };
        cx.effects.push(Effect::Page { conn, page });
    }

    /// The messages as items, if they are the next ones of the list.
    fn next_items(&self, conn: ConnId, outcome: Outcome, people: People<'_>) -> Option<Vec<Item>> {
        let Ok(Value::Messages(messages)) = outcome else { return None };
        let messages = self.lists.with_remembered(conn, messages);
        if !self.lists.are_next(conn, &messages) {
            log::error!("event=list-broken conn={conn} messages={}", messages.len());
            return None;
        }
        let messages = messages.into_iter();
        messages.map(|message| as_delivered(message, people).map(Item::Message)).collect()
    }

    /// Ends the session of a list that can't be completed.
    fn fail_list(&mut self, conn: ConnId, cx: &mut Cx<'_>) {
        if self.lists.close(conn) {
            cx.close(conn, CloseReason::ListFailed);
        }
    }

    /// The time at which old messages are to be removed, on the monotonic clock.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.retention.next()
    }

    /// Takes the next step of a removal, if it is due. A list must have as many items as its head
    /// says, so the step waits for the open lists that still have to read old messages; but not for
    /// ever, and lists that begin while it waits leave out what it removes.
    pub fn deadline(&mut self, cx: &mut Cx<'_>) {
        let now = cx.core.now;
        let Some(before) = self.retention.due(now) else { return };
        let (slow, others) = self.lists.in_the_way(before, now.monotonic);
        for conn in slow {
            self.fail_list(conn, cx);
        }
        if others > 0 {
            return self.retention.wait(before, now);
        }
        let job = self.pending.begin(Job::RemoveOld { before }, HistoryJob::RemoveOld, cx);
        self.retention.begun(job, before);
    }

    /// Drops the list of a session that has ended.
    pub fn session_ended(&mut self, conn: ConnId) {
        self.lists.close(conn);
    }

    /// The number of jobs under way.
    pub fn jobs(&self) -> usize {
        self.pending.len()
    }

    /// The number of lists under way.
    pub fn lists(&self) -> usize {
        self.lists.len()
    }

    /// The blocked sessions, each once.
    pub fn blocked(&self) -> impl Iterator<Item = &ConnId> {
        let jobs = self.pending.values().filter_map(HistoryJob::blocks);
        let fetches = |conn: &ConnId| {
            self.pending.values().any(|job| matches!(job, HistoryJob::Fetch(of) if of == conn))
        };
        jobs.chain(self.lists.sessions().filter(move |conn| !fetches(conn)))
    }

    /// Returns true if a job is under way whose outcome answers a request of the session.
    pub fn answers(&self, conn: ConnId, id: JobId) -> bool {
        let marks = self.pending.get(id);
        matches!(marks, Some(HistoryJob::MarkSeen { asked, .. }) if *asked == Some(conn))
    }
}

/// Answers that a chat is marked as read. Returns the mark if it has moved.
fn marked(
    (shown, asked): (Destination, Option<ConnId>),
    id: JobId,
    outcome: &Outcome,
    cx: &mut Cx<'_>,
) -> Option<MessageId> {
    let (result, mark) = match *outcome {
        Ok(Value::Marked { mark, has_moved }) => {
            (Ok(Done::Seen(shown, mark)), has_moved.then_some(mark))
        }
        _ => (Err(failed(outcome)), None),
    };
    if let Some(conn) = asked {
        cx.resolve_answer(conn, id, Kind::Seen, result);
    }
    mark
}

/// Answers UNREAD once the messages are counted.
fn unread_counted(from: Caller, outcome: &Outcome, people: People<'_>, cx: &mut Cx<'_>) {
    let items = match outcome {
        Ok(Value::Unread(unread)) => unread_items(from.user, unread, people),
        _ => None,
    };
    match items {
        Some(items) => cx.list(from.conn, Kind::Unread, items),
        None => cx.refuse(from.conn, Kind::Unread, failed(outcome)),
    }
}

/// The items of UNREAD, with chats as their reader addresses them. None if there is a chat that the
/// store should not have.
pub fn unread_items(reader: UserIndex, unread: &[Unread], people: People<'_>) -> Option<Vec<Item>> {
    // A group may have been left since, or have ended.
    let own = unread.iter().filter(|unread| people.reads_since(reader, unread.chat).is_some());
    let items = own.map(|unread| {
        let Unread { chat, count, last } = *unread;
        Some(Item::Unread { chat: people.destination(reader, chat)?, count, last })
    });
    items.collect()
}
