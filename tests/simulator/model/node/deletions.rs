//! What ought to become of a message that somebody wants to remove, and who is told.

use std::collections::{BTreeSet, HashMap, VecDeque};

use chatsrv::chat::entry::{Deletion, Entry};
use chatsrv::chat::event::Event;
use chatsrv::chat::id::MessageId;
use chatsrv::chat::message::{Chat, StoredMessage};
use chatsrv::chat::name::Number;
use chatsrv::chat::refusal::Failure;
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::{JobId, Outcome, Value};
use chatsrv::protocol::native::code::Code;

use super::sessions::Session;
use super::{NodeModel, entries};
use crate::reply::Reply;

/// The removals that were asked for.
#[derive(Default)]
pub struct Deletions {
    /// The answers that are due, by connection.
    due: HashMap<ConnId, VecDeque<State>>,
    /// What is being removed: by whose session, and who is to be told.
    under_way: HashMap<JobId, (Option<ConnId>, StoredMessage, Vec<Number>)>,
    /// What may be removed, before its job begins.
    decided: Option<(ConnId, StoredMessage, Vec<Number>)>,
    /// The notices that the next effects ought to bring.
    pub notices: Vec<(Event, Vec<ConnId>)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// The message is looked for.
    Wanted(MessageId),
    /// It is being removed.
    UnderWay(JobId),
    Answered(Code),
}

impl NodeModel {
    /// Somebody wants a message to be removed.
    pub(super) fn wants_deleted(&mut self, conn: ConnId, id: MessageId) {
        self.deletions.due.entry(conn).or_default().push_back(State::Wanted(id));
    }

    /// Nothing is looked for, since its sender may ask for nothing.
    pub(super) fn deletion_refused(&mut self, conn: ConnId) {
        let refused = State::Answered(Code::NotAllowed);
        self.deletions.due.entry(conn).or_default().push_back(refused);
    }

    /// Messages were read, one of which may be to be removed. Whether it may is decided now.
    pub(super) fn looked_for(&mut self, conn: ConnId, outcome: &Outcome) {
        let wanted = self.deletions.due.get_mut(&conn).and_then(VecDeque::back_mut);
        let Some(State::Wanted(id)) = wanted.as_deref().copied() else { return };
        let message = match outcome {
            Ok(Value::Messages(messages)) => messages.first().cloned(),
            _ => return,
        };
        let Some(by) = self.sessions.get(&conn).and_then(|session| session.user) else { return };
        let Some(message) = message else { return self.answers(conn, Code::NotFound) };
        assert_eq!(message.id, id);
        let window = self.config.delete_window.as_micros() as u64;
        let deletion = Deletion { message: message.clone(), by, window };
        match self.propose(Entry::Deleted(deletion)) {
            Ok(change) => self.deletions.decided = Some((conn, message, change.readers)),
            Err(refused) => {
                let is_unknown = message.chat == Chat::Everyone && !self.reads(by, &message);
                let code = if is_unknown { Code::NotFound } else { entries::code(refused) };
                self.answers(conn, code);
            }
        }
    }

    fn answers(&mut self, conn: ConnId, code: Code) {
        let due = self.deletions.due.get_mut(&conn).and_then(VecDeque::back_mut);
        *due.expect("it was asked for") = State::Answered(code);
    }

    /// The hub has a message removed.
    pub(super) fn is_deleted(&mut self, job_id: JobId, id: MessageId) {
        let (conn, message, readers) = self.deletions.decided.take().expect("somebody may");
        assert_eq!(message.id, id);
        let due = self.deletions.due.get_mut(&conn).and_then(VecDeque::back_mut);
        *due.expect("it was asked for") = State::UnderWay(job_id);
        self.deletions.under_way.insert(job_id, (Some(conn), message, readers));
    }

    /// A message is gone from the disk, or is not.
    pub(super) fn deletion_done(&mut self, job_id: JobId, outcome: &Outcome) {
        let under_way = self.deletions.under_way.remove(&job_id);
        let (asked, message, readers) = under_way.expect("it was asked for");
        let code = match outcome {
            Ok(Value::Done) => Code::Done,
            // It became too old meanwhile, or somebody else was first.
            Err(Failure::NotFound) => Code::NotFound,
            _ => super::creations::failure(outcome).expect("it failed"),
        };
        for due in self.deletions.due.values_mut().flatten() {
            if *due == State::UnderWay(job_id) {
                *due = State::Answered(code);
            }
        }
        if code != Code::Done {
            return;
        }
        self.ledger.deleted(message.id);
        // Whoever reads the chat now is told: some may have left its group meanwhile.
        let readers: BTreeSet<Number> = match message.chat {
            Chat::Everyone => self.sessions.values().filter_map(Session::owner).collect(),
            Chat::Direct(..) => readers.into_iter().collect(),
            Chat::Group(id) => {
                let stays = |reader: &Number| self.chat.groups.is_member(*reader, id);
                readers.into_iter().filter(stays).collect()
            }
        };
        for reader in readers {
            let event = Event::Deleted(message.id, self.destination(reader, message.chat));
            let to = self.online().filter(|(user, conn)| *user == reader && Some(*conn) != asked);
            let to: Vec<ConnId> = to.map(|(_, conn)| conn).collect();
            for (conn, session) in &mut self.sessions {
                let login = session.entering.as_mut().filter(|login| login.user == reader);
                let Some(login) = login else { continue };
                login.held.retain(|held| held.id != Some(message.id));
                login.marks.push((event.clone(), vec![*conn]));
            }
            let notices = &mut self.deletions.notices;
            match notices.iter_mut().find(|(known, _)| *known == event) {
                Some((_, known)) => known.extend(to),
                None => notices.push((event, to)),
            }
        }
    }

    /// Somebody who wanted a message to be removed is answered.
    pub(super) fn deletion_answered(&mut self, conn: ConnId, reply: &Reply<'_>) {
        let due = self.deletions.due.get_mut(&conn).and_then(VecDeque::pop_front);
        match due.unwrap_or_else(|| panic!("{reply} answers nothing")) {
            State::Answered(code) => assert_eq!(reply.code, code, "{reply}"),
            State::Wanted(_) => {
                assert!(matches!(reply.code, Code::Busy | Code::NoRoom), "{reply}");
            }
            State::UnderWay(job) => panic!("{reply} before {job:?} is done"),
        }
    }

    /// The hub has told who is told that messages are gone.
    pub(super) fn check_deletions(&mut self, told: Vec<(Event, Vec<ConnId>)>) {
        let Deletions { notices, decided, .. } = &mut self.deletions;
        let mut due = std::mem::take(notices);
        due.iter_mut().for_each(|(_, to)| to.sort_unstable());
        due.retain(|(_, to)| !to.is_empty());
        let key = |(event, _): &(Event, Vec<ConnId>)| format!("{event:?}");
        due.sort_by_key(key);
        let mut told = told;
        told.sort_by_key(key);
        assert_eq!(told, due);
        let left = decided.take();
        assert!(left.is_none(), "{left:?} is not removed");
    }

    /// Somebody has read further in one session, and the others are to count it as read.
    pub(super) fn others_are_told(
        &mut self,
        asker: Option<ConnId>,
        reader: Number,
        (chat, mark): (Chat, MessageId),
    ) {
        if matches!(chat, Chat::Group(id) if self.chat.groups.get(id).is_none()) {
            return;
        }
        let event = Event::Seen(self.destination(reader, chat), mark);
        for (conn, session) in &mut self.sessions {
            let login = session.entering.as_mut().filter(|login| login.user == reader);
            if let Some(login) = login {
                login.marks.push((event.clone(), vec![*conn]));
            }
        }
        let to = self.own(reader, asker);
        self.deletions.notices.push((event, to));
    }

    pub(super) fn forget_deletions(&mut self, conn: ConnId) {
        self.deletions.due.remove(&conn);
    }
}
