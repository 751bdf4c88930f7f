//! What ought to become of a message. Its text tells which one it is: no two people say the same,
//! and one who says the same again marks it with the same word.

use chatsrv::chat::answer::Done;
use chatsrv::chat::id::MessageId;
use chatsrv::chat::message::{Chat, Destination, Message, StoredMessage};
use chatsrv::chat::name::{Key, Number, Target};
use chatsrv::hub::input::ConnId;
use chatsrv::hub::job::JobId;
use chatsrv::protocol::native::code::Code;
use chatsrv::protocol::native::verb::Verb;

use super::{Model, Session};
use crate::reply::Reply;

/// A message apart from its id.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub from: Number,
    pub chat: Chat,
    pub text: String,
    pub file_size: Option<u64>,
}

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
    key: Option<Key>,
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
    is_offline: bool,
    /// For how many it is kept.
    stored: u32,
}

impl Model {
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
                let said = self.said(user, composing, text);
                said.map_or_else(Due::Refused, |said| {
                    Due::Attempt(Attempt { said, key, state: State::Waits })
                })
            }
        };
        self.session(conn).replies.push_back(due);
    }

    fn said(&self, from: Number, step: Option<Verb>, text: &str) -> Result<Said, Code> {
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
            Target::Everyone => Chat::Everyone,
            Target::Group(name) => Chat::Group(self.own_group(from, &name)?),
            Target::User(user) => Chat::direct(from, self.find(user).ok_or(Code::NotFound)?.number),
        };
        Ok(Said { from, chat, text: text.to_owned(), file_size: None })
    }

    pub(super) fn reached(&self, said: &Said) -> Reached {
        let members = match said.chat {
            Chat::Group(id) => self.other_members(id, said.from),
            Chat::Everyone | Chat::Direct(..) => Vec::new(),
        };
        let is_addressed = |user: Number| match said.chat {
            Chat::Everyone => user != said.from,
            Chat::Group(_) => members.contains(&user),
            Chat::Direct(one, other) => {
                user == if one == said.from { other } else { one } && user != said.from
            }
        };
        let online = self.online().filter(|(user, _)| is_addressed(*user));
        let online: Vec<ConnId> = online.map(|(_, conn)| conn).collect();
        let entering = self.sessions.iter().filter_map(|(conn, session)| {
            let user = session.entering.as_ref()?.user;
            is_addressed(user).then_some(*conn)
        });
        let entering: Vec<ConnId> = entering.collect();
        let is_to_another = matches!(said.chat, Chat::Direct(one, other) if one != other);
        let is_offline = is_to_another && online.is_empty() && entering.is_empty();
        let absent = members.len().saturating_sub(online.len() + entering.len());
        let stored = if self.config.keep_messages { absent as u32 } else { 0 };
        Reached { online, entering, is_offline, stored: stored + u32::from(is_offline) }
    }

    /// The message with that text that somebody tries to send.
    fn attempt(&mut self, text: &str) -> &mut Attempt {
        let attempts = self.sessions.values_mut().flat_map(|session| &mut session.replies);
        let mut attempts = attempts.filter_map(|due| match due {
            Due::Attempt(attempt) if attempt.said.text == text => Some(attempt),
            _ => None,
        });
        attempts.next_back().unwrap_or_else(|| panic!("nobody says {text:?}"))
    }

    /// A message goes out. Tells over which connections it has to.
    fn goes_out(&mut self, id: MessageId, text: &str) -> Vec<ConnId> {
        self.ledger.given_out(id);
        let Attempt { said, key, state } = self.attempt(text);
        assert_eq!(*state, State::Waits, "{text:?} is sent twice");
        let (said, key) = (said.clone(), key.clone());
        if let Some(key) = key {
            let word = (said.from, key);
            assert!(!self.ledger.words.contains_key(&word), "{text:?} was sent before");
            if !self.config.keep_messages {
                self.ledger.words.insert(word, (Some(id), said.chat));
            }
        }
        let Reached { online, entering, stored, .. } = self.reached(&said);
        for conn in &entering {
            self.session(*conn).entering.as_mut().unwrap().held.push(said.clone());
        }
        let delivered = (online.len() + entering.len()) as u32;
        let sent = State::Sent { id, delivered, stored };
        self.attempt(text).state = sent;
        online
    }

    /// The hub delivers a message.
    pub(super) fn delivered(&mut self, message: &Message, to: Vec<ConnId>) {
        let held = match to[..] {
            [conn] => self.next_held(conn, &message.text),
            _ => None,
        };
        let said = match held {
            Some(said) => said,
            None if message.file_size.is_some() => self.file_goes_out(message, &to),
            None => {
                let mut due = self.goes_out(message.id, &message.text);
                due.sort_unstable();
                assert_eq!(to, due, "{message:?}");
                self.attempt(&message.text).said.clone()
            }
        };
        let shown = self.destination(said.from, said.chat);
        let from = self.accounts[&said.from].name;
        assert_eq!((message.from, message.to, &*message.text), (from, shown, &*said.text));
        assert_eq!(message.file_size, said.file_size);
        self.order.reaches(&to, said.chat, message.id);
        for conn in to {
            self.deliveries.get_mut(&conn).unwrap().push_back(message.clone());
        }
    }

    /// What was held for a session while it logged in, in the order in which it was said. Where no
    /// message is kept, nothing tells which of those came first that waited for the same id mark.
    fn next_held(&mut self, conn: ConnId, text: &str) -> Option<Said> {
        let in_order = self.config.keep_messages;
        let held = &mut self.session(conn).held;
        let place = held.iter().position(|said| in_order || said.text == text)?;
        held.remove(place)
    }

    /// The hub has a message kept.
    pub(super) fn is_to_be_kept(
        &mut self,
        job_id: JobId,
        message: &StoredMessage,
        key: &Option<Key>,
    ) {
        assert!(self.config.keep_messages);
        if self.attempt(&message.text).state == State::Waits {
            let to = self.goes_out(message.id, &message.text);
            assert_eq!(to, [], "{message:?} was not delivered");
        }
        let attempt = self.attempt(&message.text);
        assert!(matches!(attempt.state, State::Sent { id, .. } if id == message.id));
        assert_eq!(attempt.key, *key);
        assert_eq!(Said::of(message), attempt.said);
        self.ledger.pend(job_id, message, key.as_ref());
    }

    /// Whoever may go on and of whose message nothing was seen gets an answer without it.
    pub(super) fn settle_message(&mut self, conn: ConnId) {
        let Some(Due::Attempt(mut attempt)) = self.session(conn).replies.pop_back() else {
            panic!("{conn} is not settled");
        };
        attempt.state = self.unseen(&attempt);
        self.session(conn).replies.push_back(Due::Attempt(attempt));
    }

    fn unseen(&mut self, attempt: &Attempt) -> State {
        let said = &attempt.said;
        let Reached { online, entering, is_offline, .. } = self.reached(said);
        let word = attempt.key.clone().map(|key| (said.from, key));
        let is_known = word.as_ref().is_some_and(|word| self.ledger.words.contains_key(word));
        if !self.config.keep_messages && !is_known && !is_offline && self.mark_failed.is_none() {
            for conn in &entering {
                self.session(*conn).entering.as_mut().unwrap().held.push(said.clone());
            }
            if let Some(word) = word {
                // Its id shows in the confirmation, which may never be given.
                self.ledger.words.insert(word, (None, said.chat));
            }
        }
        let delivered = match is_known {
            true => Some(0),
            false => online.is_empty().then_some(entering.len() as u32),
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
            State::Waits => self.unseen(&attempt),
            known => known,
        };
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
                let word = attempt.key.clone().map(|key| (attempt.said.from, key));
                let known = word.and_then(|word| self.ledger.words.get(&word));
                let earlier = known.map(|(_, chat)| *chat);
                let mut chats = earlier.into_iter().chain([attempt.said.chat]);
                let has_ended = chats.any(|chat| self.groups.has_ended(chat));
                assert!(has_ended, "{reply} answers {attempt:?}");
            }
            (State::Unseen { delivered, .. }, Code::Done, detail) => {
                self.confirmed_unseen(&attempt, delivered, shown, detail);
            }
            _ => panic!("{reply} answers {attempt:?}"),
        }
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
        let word = attempt.key.clone().map(|key| (attempt.said.from, key));
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

impl Session {
    pub(super) fn has_unsettled(&self) -> bool {
        matches!(self.replies.back(), Some(Due::Attempt(Attempt { state: State::Waits, .. })))
    }
}
