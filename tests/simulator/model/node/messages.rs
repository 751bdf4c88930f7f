//! What ought to become of a message. Its text tells which one it is: no two people say the same,
//! and one who says the same again marks it with the same word.

use std::collections::{HashSet, VecDeque};

use chatsrv::chat::answer::Done;
use chatsrv::chat::entry::{Entry, Said};
use chatsrv::chat::id::MessageId;
use chatsrv::chat::message::{Chat, Destination, Message, StoredMessage};
use chatsrv::chat::name::{Key, Number, Target};
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::JobId;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::verb::Verb;

use super::NodeModel;
use super::sessions::Held;
use crate::model::chat::messages::readers;
use crate::reply::Reply;

/// The answer that a message ought to get.
#[derive(Debug, PartialEq)]
pub enum Due {
    Refused(Code),
    Attempt(Attempt),
}

/// A message that is well-formed.
#[derive(Debug, PartialEq)]
pub struct Attempt {
    said: Said,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Nothing was seen of it.
    Waits,
    /// It got its id, and went to so many; where it is kept, for so many.
    Sent { id: MessageId, delivered: u32, stored: u32 },
    /// Its sender may go on, and nothing was seen of it. Without a store it may have gone to so
    /// many who are not welcomed yet; none where somebody online should have got it.
    Unseen { delivered: Option<u32>, is_offline: bool },
}

/// Whom a message reaches.
pub(super) struct Reached {
    /// Over these connections, at once.
    pub online: Vec<ConnId>,
    /// With the welcome.
    pub entering: Vec<ConnId>,
    /// How many users these are.
    users: u32,
    /// For how many users it is kept who are told of it later.
    absent: u32,
}

impl Reached {
    /// The same for one who ignores its sender, where that is so: it counts, and nobody hears it.
    pub(super) fn unless(self, is_unheard: bool) -> Self {
        match is_unheard {
            true => Reached { online: Vec::new(), entering: Vec::new(), ..self },
            false => self,
        }
    }
}

impl NodeModel {
    pub(super) fn data(&mut self, conn: ConnId, text: &str) {
        let session = self.session(conn);
        if std::mem::take(&mut session.awaits_password) {
            return;
        }
        let composing = session.composing.take();
        if composing == Some(Verb::Passwd) {
            return;
        }
        let due = match session.user {
            None => Due::Refused(Code::NotAllowed),
            Some(user) => {
                let key = session.key.take();
                if self.muted(user).is_some() || self.chat.people.has_to_reset(user) {
                    return self.session(conn).replies.push_back(Due::Refused(Code::NotAllowed));
                }
                let said = self.said((user, key), composing, text);
                let forbids = |said: &Said| self.may_not_broadcast(user, said.chat);
                if let Some(refusal) = said.as_ref().ok().and_then(forbids) {
                    self.is_forbidden(conn, refusal);
                    return self.session(conn).replies.push_back(Due::Refused(Code::NotAllowed));
                }
                said.map_or_else(Due::Refused, |said| {
                    Due::Attempt(Attempt { said, state: State::Waits })
                })
            }
        };
        self.session(conn).replies.push_back(due);
    }

    fn said(
        &self,
        (from, key): (Number, Option<Key>),
        step: Option<Verb>,
        text: &str,
    ) -> Result<Said, Code> {
        let (target, text) = match step {
            Some(Verb::Pm) => ("*", text),
            _ => text.split_once(' ').unwrap_or((text, "")),
        };
        if target.is_empty() {
            return Err(Code::BadParameters);
        }
        let target: Target = target.parse().map_err(|_| Code::NotFound)?;
        if step == Some(Verb::Dm) && !matches!(target, Target::User(_)) {
            return Err(Code::NotFound);
        }
        if text.is_empty() {
            return Err(Code::BadParameters);
        }
        let chat = match target {
            // What the rules forbid is refused for that reason, also while there is a lockdown.
            Target::Everyone
                if self.is_held_back(from)
                    && self.may_not_broadcast(from, Chat::Everyone).is_none() =>
            {
                return Err(Code::NotAllowed);
            }
            Target::Everyone => Chat::Everyone,
            Target::Group(name) => Chat::Group(self.own_group(from, &name)?),
            Target::User(user) => Chat::direct(from, self.find(user).ok_or(Code::NotFound)?),
        };
        // Whether it is heard is decided once it is sent.
        Ok(Said { from, chat, text: text.into(), file_size: None, key, is_unheard: false })
    }

    /// Over which connections a message of a chat goes to its readers.
    pub(super) fn reached(&self, chat: Chat, readers: &[Number]) -> Reached {
        let readers: HashSet<Number> = readers.iter().copied().collect();
        let online = self.online().filter(|(user, _)| readers.contains(user));
        let online: Vec<ConnId> = online.map(|(_, conn)| conn).collect();
        let entering = self.sessions.iter().filter_map(|(conn, session)| {
            let user = session.entering.as_ref()?.user;
            readers.contains(&user).then_some(*conn)
        });
        let entering: Vec<ConnId> = entering.collect();
        let reached = online.iter().chain(&entering).map(|conn| self.sessions[conn].owner());
        let users = reached.collect::<HashSet<_>>().len();
        let absent = match chat {
            Chat::Everyone => 0,
            _ => readers.len() - users,
        };
        Reached { online, entering, users: users as u32, absent: absent as u32 }
    }

    /// What is delivered to these with the welcome, and to sessions of its sender.
    pub(super) fn hold(&mut self, entering: &[ConnId], said: &Said, id: Option<MessageId>) {
        for (conn, session) in &mut self.sessions {
            let Some(login) = &mut session.entering else { continue };
            let is_own = login.user == said.from;
            if is_own || entering.contains(conn) {
                login.held.push(Held { id, said: said.clone(), is_own });
            }
        }
    }

    /// The sessions of a sender in which a message is shown that was said in another one.
    pub(super) fn own(&self, from: Number, said_in: Option<ConnId>) -> Vec<ConnId> {
        let own = self.online().filter(|(user, conn)| *user == from && Some(*conn) != said_in);
        own.map(|(_, conn)| conn).collect()
    }

    /// The session in which somebody tries to send the message with that text. Whoever marked it
    /// may try it in two at once; then it is the one that is being handled, and none that is told
    /// of the message as said elsewhere.
    fn said_in(&self, text: &str, elsewhere: &[ConnId]) -> ConnId {
        let is_it = |due: &Due| matches!(due, Due::Attempt(attempt) if *attempt.said.text == *text);
        let sessions = self.sessions.iter().filter(|(conn, _)| !elsewhere.contains(conn));
        let mut all = sessions.filter(|(_, session)| session.replies.iter().any(is_it));
        let current = all.clone().find(|(conn, _)| Some(**conn) == self.current);
        let found = current.or(all.next_back()).map(|(conn, _)| *conn);
        found.unwrap_or_else(|| panic!("nobody says {text:?}"))
    }

    /// The message with that text that somebody tries to send, or has sent in one of two tries.
    fn attempt(&mut self, text: &str) -> &mut Attempt {
        let is_sent = |due: &Due| {
            let Due::Attempt(Attempt { said, state }) = due else { return false };
            *said.text == *text && matches!(state, State::Sent { .. })
        };
        let mut sessions = self.sessions.iter();
        let sent = sessions.find(|(_, session)| session.replies.iter().any(is_sent));
        let conn = sent.map(|(conn, _)| *conn);
        self.attempt_in(conn.unwrap_or_else(|| self.said_in(text, &[])), text)
    }

    /// The message with that text that somebody tries to send in a session.
    fn attempt_in(&mut self, conn: ConnId, text: &str) -> &mut Attempt {
        let mut attempts = self.session(conn).replies.iter_mut().filter_map(|due| match due {
            Due::Attempt(attempt) if *attempt.said.text == *text => Some(attempt),
            _ => None,
        });
        attempts.next_back().expect("it is said there")
    }

    /// A message goes out. Tells over which connections it has to, in other sessions of its sender
    /// as `elsewhere`.
    fn goes_out(&mut self, id: MessageId, text: &str, elsewhere: &[ConnId]) -> Vec<ConnId> {
        // What waited for a file comes behind it, whether anybody was told of the file or not.
        self.settle_file();
        self.ledger.given_out(id);
        let said_in = self.said_in(text, elsewhere);
        let Attempt { said, state } = self.attempt_in(said_in, text);
        assert_eq!(*state, State::Waits, "{text:?} is sent twice");
        let mut said = said.clone();
        said.is_unheard = self.chat.people.is_unheard(said.from, said.chat);
        if let Some(key) = &said.key {
            let word = (said.from, key.clone());
            assert!(!self.ledger.words.contains_key(&word), "{text:?} was sent before");
            if !self.config.keep_messages {
                self.ledger.words.insert(word, (Some(id), said.chat));
            }
        }
        self.speaks(said.from, &said.text);
        let change = self.propose_as(id, Entry::Said(said.clone()));
        let readers = change.unwrap_or_else(|why| panic!("{said:?}: {why:?}")).readers;
        let Reached { online, entering, users: delivered, absent } =
            self.reached(said.chat, &readers).unless(said.is_unheard);
        self.hold(&entering, &said, Some(id));
        let mut own = self.own(said.from, Some(said_in));
        own.sort_unstable();
        assert_eq!(elsewhere, own, "{said:?} is told to other sessions of its sender");
        let stored = if self.config.keep_messages { absent } else { 0 };
        self.attempt_in(said_in, text).state = State::Sent { id, delivered, stored };
        online
    }

    /// The hub delivers a message.
    pub(super) fn delivered(&mut self, message: &Message, to: Vec<ConnId>) {
        let held = match to[..] {
            [conn] => self.next_held(conn, &message.text, false),
            _ => None,
        };
        let said = match held {
            Some(said) => said,
            None if message.file_size.is_some() => self.file_goes_out(message, &to),
            None => {
                if self.told_elsewhere.as_ref().is_some_and(|(id, _)| *id != message.id) {
                    self.settle_elsewhere();
                }
                let mut due = match self.told_elsewhere.take() {
                    Some((_, due)) => due,
                    None => self.goes_out(message.id, &message.text, &[]),
                };
                due.sort_unstable();
                assert_eq!(to, due, "{message:?}");
                self.attempt(&message.text).said.clone()
            }
        };
        self.is_as_said(message, &said);
        self.order.reaches(&to, said.chat, message.id);
        for conn in to {
            self.deliveries.get_mut(&conn).unwrap().push_back(message.clone());
        }
    }

    fn is_as_said(&self, message: &Message, said: &Said) {
        let shown = self.destination(said.from, said.chat);
        let from = self.name(said.from);
        assert_eq!((message.from, message.to, &*message.text), (from, shown, &*said.text));
        assert_eq!(message.file_size, said.file_size);
    }

    /// The hub tells other sessions of a message's sender. Those that did not ask for it are told
    /// nothing.
    pub(super) fn said_elsewhere(&mut self, message: &Message, to: Vec<ConnId>) {
        let held = match to[..] {
            [conn] => self.next_held(conn, &message.text, true).map(|said| (said, conn)),
            _ => None,
        };
        match held {
            Some((said, _)) => self.is_as_said(message, &said),
            None if message.file_size.is_some() => self.file_is_told_elsewhere(message, &to),
            None => {
                self.settle_elsewhere();
                let due = self.goes_out(message.id, &message.text, &to);
                let said = self.attempt(&message.text).said.clone();
                self.is_as_said(message, &said);
                self.told_elsewhere = Some((message.id, due));
            }
        }
        for conn in to {
            if self.session(conn).more {
                self.deliveries.get_mut(&conn).unwrap().push_back(message.clone());
            }
        }
    }

    /// The hub has told all that it wants to; nobody else is online who reads the message.
    pub(super) fn settle_elsewhere(&mut self) {
        if let Some((id, due)) = self.told_elsewhere.take() {
            assert_eq!(due, [], "{id} was not delivered");
        }
    }

    /// What was held for a session while it logged in, in the order in which it was said. Where no
    /// message is kept, nothing tells which of those came first that waited for the same id mark.
    fn next_held(&mut self, conn: ConnId, text: &str, is_own: bool) -> Option<Said> {
        let in_order = self.config.keep_messages;
        let held = &mut self.session(conn).held;
        let place = held.iter().position(|held| in_order || *held.said.text == *text)?;
        let next = held.remove(place)?;
        assert_eq!(next.is_own, is_own, "{conn}: {next:?}");
        Some(next.said)
    }

    /// The hub has a message kept.
    pub(super) fn is_to_be_kept(
        &mut self,
        job_id: JobId,
        message: &StoredMessage,
        key: &Option<Key>,
    ) {
        assert!(self.config.keep_messages);
        if let Some((id, due)) = self.told_elsewhere.take() {
            assert_eq!((id, &due[..]), (message.id, &[][..]), "{message:?} was not delivered");
        }
        if self.attempt(&message.text).state == State::Waits {
            let to = self.goes_out(message.id, &message.text, &[]);
            assert_eq!(to, [], "{message:?} was not delivered");
        }
        let attempt = self.attempt(&message.text);
        assert!(matches!(attempt.state, State::Sent { id, .. } if id == message.id));
        assert_eq!(attempt.said.key, *key);
        assert_eq!(self.chat.messages.get(message.id), Some(message));
        self.ledger.pend(job_id, message, key.as_ref());
    }

    /// Whoever may go on and of whose message nothing was seen gets an answer without it.
    pub(super) fn settle_message(&mut self, conn: ConnId) {
        let Some(Due::Attempt(mut attempt)) = self.session(conn).replies.pop_back() else {
            panic!("{conn} is not settled");
        };
        attempt.state = self.unseen(&attempt.said);
        self.session(conn).replies.push_back(Due::Attempt(attempt));
    }

    /// What ought to become of a message of which nothing was seen. If it was said, its id shows in
    /// the confirmation alone, which may never be given; so the chat does without its entry.
    fn unseen(&mut self, said: &Said) -> State {
        let Said { from, chat, .. } = *said;
        let readers = readers(from, chat, None, &self.chat.groups, &self.chat.people);
        let readers = readers.unwrap_or_default();
        let is_unheard = self.chat.people.is_unheard(from, chat);
        let Reached { online, entering, users, absent } =
            self.reached(chat, &readers).unless(is_unheard);
        let is_offline = matches!(chat, Chat::Direct(..)) && absent > 0;
        let word = said.key.clone().map(|key| (from, key));
        let is_known = word.as_ref().is_some_and(|word| self.ledger.words.contains_key(word));
        if !self.config.keep_messages && !is_known && !is_offline && self.mark_failed.is_none() {
            self.hold(&entering, said, None);
            if let Some(word) = word {
                self.ledger.words.insert(word, (None, chat));
            }
        }
        let delivered = match is_known {
            true => Some(0),
            false => online.is_empty().then_some(users),
        };
        State::Unseen { delivered, is_offline }
    }

    /// A message is confirmed or refused.
    pub(super) fn message_answered(&mut self, conn: ConnId, reply: &Reply<'_>) {
        let due = self.session(conn).replies.pop_front();
        let attempt = match due.unwrap_or_else(|| panic!("{reply} answers nothing")) {
            Due::Refused(code) => return assert_eq!(code, reply.code, "{reply}"),
            Due::Attempt(attempt) => attempt,
        };
        let state = match attempt.state {
            State::Waits => self.unseen(&attempt.said),
            known => known,
        };
        self.check_silence(attempt.said.from, &attempt.said.text, reply);
        let shown = self.destination(attempt.said.from, attempt.said.chat);
        let is_kept = |id| self.ledger.was_kept(id);
        match (state, reply.code, reply.done) {
            (State::Sent { id, .. }, Code::Busy | Code::NoRoom | Code::NotFound, _) => {
                assert!(self.config.keep_messages && !is_kept(id), "{reply} refuses what is kept");
            }
            (State::Sent { id, delivered, stored }, code, detail) => {
                let is_direct = matches!(attempt.said.chat, Chat::Direct(..));
                let expected = if stored > 0 && is_direct { Code::DoneStored } else { Code::Done };
                assert_eq!(code, expected, "{reply}");
                let (to, is_offline) = (shown, code == Code::DoneStored);
                let said = Done::Said { id, to, delivered, stored, is_offline };
                assert_eq!(detail, Some(&said), "{reply}");
                assert!(!self.config.keep_messages || is_kept(id), "{reply} before it is on disk");
            }
            (State::Unseen { .. }, Code::Busy | Code::NoRoom, _) => {}
            (State::Unseen { is_offline, .. }, Code::Offline, _) => {
                assert!(is_offline && !self.config.keep_messages, "{reply}");
            }
            (State::Unseen { .. }, Code::NotFound, _) => {
                // Its own group was dissolved while it waited for an id, or that of the message
                // which had its word.
                let word = attempt.said.key.clone().map(|key| (attempt.said.from, key));
                let known = word.and_then(|word| self.ledger.words.get(&word));
                let earlier = known.map(|(_, chat)| *chat);
                let mut chats = earlier.into_iter().chain([attempt.said.chat]);
                let has_ended = chats.any(|chat| self.has_ended(chat));
                assert!(has_ended, "{reply} answers {attempt:?}");
            }
            (State::Unseen { .. }, Code::NotAllowed, _) => {
                // Its sender left the group in another session while it waited.
                let Said { from, chat, .. } = attempt.said;
                let is_member =
                    matches!(chat, Chat::Group(id) if self.chat.groups.is_member(from, id));
                assert!(!is_member && matches!(chat, Chat::Group(_)), "{reply} to {attempt:?}");
            }
            (State::Unseen { delivered, .. }, Code::Done, detail) => {
                self.confirmed_unseen(&attempt, delivered, shown, detail);
            }
            _ => panic!("{reply} answers {attempt:?}"),
        }
    }

    fn has_ended(&self, chat: Chat) -> bool {
        matches!(chat, Chat::Group(id) if self.chat.groups.get(id).is_none())
    }

    /// A message is confirmed of which nothing was seen: it was sent before, or there is no store
    /// and nobody online.
    fn confirmed_unseen(
        &mut self,
        attempt: &Attempt,
        delivered: Option<u32>,
        shown: Destination,
        done: Option<&Done>,
    ) {
        let Some(&Done::Said { id, to, delivered: told, stored: 0, .. }) = done else {
            panic!("{done:?} confirms {attempt:?}");
        };
        let word = attempt.said.key.clone().map(|key| (attempt.said.from, key));
        let first = word.as_ref().and_then(|word| self.ledger.words.get(word).copied());
        if let Some((Some(first), chat)) = first {
            let shown = self.destination(attempt.said.from, chat);
            assert_eq!((id, to, told), (first, shown, 0), "the first confirmation again");
            return;
        }
        assert!(!self.config.keep_messages, "{attempt:?} is confirmed and was never sent");
        let mut expected = shown;
        if let (Some(word), Some((None, chat))) = (word, first) {
            expected = self.destination(attempt.said.from, chat);
            self.ledger.words.insert(word, (Some(id), chat));
        }
        assert_eq!((to, Some(told)), (expected, delivered), "{attempt:?}");
    }
}

/// Whether a message is among these that is marked so, and of which nothing was seen.
pub fn tries_with(replies: &VecDeque<Due>, key: &Key) -> bool {
    replies.iter().any(|due| match due {
        Due::Attempt(attempt) => attempt.said.key.as_ref() == Some(key),
        Due::Refused(_) => false,
    })
}

/// Whether nothing was seen of the last message that is due.
pub fn has_unsettled(replies: &VecDeque<Due>) -> bool {
    matches!(replies.back(), Some(Due::Attempt(Attempt { state: State::Waits, .. })))
}
