//! The messages domain: what people say to each other, and what they read of it later.
//!
//! A message is proposed first ([`Messages::say`]): it is checked, it is looked up whether it was
//! sent before, and it gets its id. Once it is decided it is applied ([`Messages::apply`]): nothing
//! else delivers and keeps a message. Its confirmation waits for the disk, the delivery does not.
//! [`History`] reads the messages that were kept.

mod audience;
mod chats;
mod dedup;
mod deletion;
mod history;
mod inbox;
mod lists;
mod retention;
mod spoken;

use self::history::ReadOn;
pub use self::history::{History, unread_items};

use std::sync::Arc;

use self::audience::Audience;
use self::dedup::{Dedup, Known};
use self::deletion::Deletions;
use self::inbox::Inbox;
use self::spoken::SpokenToday;
use crate::chat::answer::Done;
use crate::chat::entry::{Deletion, Entry, Said};
use crate::chat::event::Event;
use crate::chat::id::{LogTime, MessageId};
use crate::chat::kind::Kind;
use crate::chat::message::{Chat, Message};
use crate::chat::name::{Key, Number, Target};
use crate::chat::refusal::{Failure, Refusal};
use crate::chat::request::Request;
use crate::hub::accounts::directory::OPERATOR;
use crate::hub::config::Config;
use crate::hub::context::{Caller, Cx};
use crate::hub::effect::Effect;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, JobId, Outcome, Value};
use crate::hub::outcome::{failed, kept};
use crate::hub::pending::{Domain, Pending};
use crate::hub::people::People;
use crate::hub::proposal::{Asker, Proposal};
use crate::hub::sessions::Session;
use crate::hub::sessions::state::State;

/// The messages domain, over all chats.
#[derive(Debug)]
pub(super) struct Messages {
    /// True if messages are kept; this never changes.
    is_kept: bool,
    dedup: Dedup,
    inbox: Inbox,
    pub history: History,
    deletions: Deletions,
    spoken: SpokenToday,
    pending: Pending<MessageJob>,
}

/// The purpose of a job.
#[derive(Debug)]
enum MessageJob {
    /// Looks up whether a message was sent before. Its sender is blocked until then.
    FindKey(Caller, Draft, Chat),
    /// Keeps a message. Then its sender gets the confirmation, if it is a session of this server.
    Keep(Option<ConnId>, Done),
}

/// A message as its sender wants it.
#[derive(Debug)]
pub struct Draft {
    pub to: Target,
    pub text: Arc<str>,
    /// The idempotency key, if the sender gave one.
    pub key: Option<Key>,
}

impl Draft {
    fn into_request(self) -> Request {
        let Draft { to, text, key } = self;
        Request::Say { to, text, key }
    }
}

impl Messages {
    /// Creates the domain. `keys` are the idempotency keys that the store remembers, of messages
    /// below `mark`.
    pub fn new(config: &Config, keys: &[(Number, Key)], mark: MessageId) -> Self {
        let dedup = match config.keep_messages {
            true => Dedup::kept(keys, mark),
            false => Dedup::in_memory(),
        };
        Messages {
            is_kept: config.keep_messages,
            dedup,
            inbox: Inbox::default(),
            history: History::new(config.history),
            deletions: Deletions::new(),
            spoken: SpokenToday::default(),
            pending: Pending::new(Domain::Messages),
        }
    }

    /// Proposes a message. If it may have been sent before, the store is asked first, and its
    /// sender is blocked, so that the order stays.
    pub fn say(
        &mut self,
        from: Caller,
        draft: Draft,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Option<Proposal>, Refusal> {
        let chat = people.chat(from.user, draft.to)?;
        let sender = people.accounts.number(from.user);
        let newest = cx.core.sequence.newest();
        let now = newest.max(MessageId(cx.core.now.unix_micros));
        let known = match &draft.key {
            Some(key) => self.dedup.look_up(sender, key, now),
            None => Known::No,
        };
        match (known, &draft.key) {
            (Known::Perhaps, Some(key)) => {
                let job = Job::FindKey { sender, key: key.clone() };
                self.pending.begin(job, MessageJob::FindKey(from, draft, chat), cx);
                cx.block(from.conn);
                Ok(None)
            }
            (Known::Yes(id, chat), _) => confirm_again(from, id, chat, people, cx).map(|()| None),
            _ => self.propose(from, draft, chat, people, cx),
        }
    }

    /// Goes on with a message after the store was asked for its idempotency key.
    fn key_looked_for(
        &mut self,
        from: Caller,
        (draft, chat): (Draft, Chat),
        outcome: &Outcome,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Option<Proposal>, Refusal> {
        match *outcome {
            Ok(Value::KeyFound { id, chat }) => {
                confirm_again(from, id, chat, people, cx).map(|()| None)
            }
            Err(Failure::NotFound) => {
                // The sender may have left the group meanwhile, in another session.
                people.may_say(from.user, chat)?;
                self.propose(from, draft, chat, people, cx)
            }
            _ => Err(failed(outcome)),
        }
    }

    /// Proposes a message that is new. It gets the next id; if there is none yet, the request waits
    /// for one, and while a file of the chat is being kept, for that file.
    fn propose(
        &self,
        from: Caller,
        draft: Draft,
        chat: Chat,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Result<Option<Proposal>, Refusal> {
        let is_online = |user| people.presence.is_present(user);
        let reaches_nobody = matches!(chat, Chat::Direct(..))
            && !self.is_kept
            && !people.other(from.user, chat).is_some_and(is_online);
        if reaches_nobody {
            return Err(Refusal::Offline);
        }
        let spoken = self.spoken.by(from.user, cx.core.seconds()) + draft.text.len() as u64;
        let quota = cx.core.config.rules.message_quota;
        if quota > 0 && spoken > quota && from.user != OPERATOR {
            return Err(Refusal::SaidEnough);
        }
        if cx.core.unannounced.first(chat).is_some() {
            cx.await_file(from.conn, chat, draft.into_request());
            return Ok(None);
        }
        let Some(id) = cx.next_id() else {
            cx.await_id(from.conn, draft.into_request());
            return Ok(None);
        };
        let Draft { text, key, .. } = draft;
        let number = people.accounts.number(from.user);
        let is_unheard = people.is_unheard(from.user, chat);
        let said = Said { from: number, chat, text, file_size: None, key, is_unheard };
        let entry = Entry::Said(said);
        let asker = Some(Asker { conn: from.conn, of: Kind::Say });
        Ok(Some(Proposal { entry, id: Some(id), asker }))
    }

    /// Delivers a message, and keeps it, under an id. The state afterwards depends on the id and
    /// the message alone, not on the time.
    ///
    /// A message that sends a file is on disk already, and the outcome of its upload is told apart.
    pub fn apply(
        &mut self,
        said: Said,
        id: MessageId,
        asker: Option<Asker>,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) {
        let stored = said.message(id);
        let key = said.key;
        let Some(audience) = Audience::of(&stored, people) else {
            // The outcome of an upload is told apart.
            if let Some(Asker { conn, of }) = asker.filter(|_| stored.file_size.is_none()) {
                cx.refuse(conn, of, Refusal::GroupEnded);
            }
            return;
        };
        let asked = asker.map(|asker| asker.conn);
        let chat = stored.chat;
        let message = audience.message(&stored, people.accounts);
        let to = message.to;
        let delivered = self.deliver(message, (chat, asked), &audience, people, cx);
        if stored.file_size.is_some() {
            return;
        }
        if cx.core.config.rules.message_quota > 0 {
            self.spoken.note(audience.from, stored.text.len(), cx.core.seconds());
        }
        if let Some(key) = &key {
            self.dedup.note(stored.from, key, id, chat);
        }
        let is_offline = audience.is_offline(people.presence);
        let absent = match self.is_kept {
            true => audience.absent(delivered, people.presence),
            false => 0,
        };
        cx.core.counters.stored(chat, absent);
        let done = Done::Said { id, to, delivered, stored: absent, is_offline };
        if self.is_kept {
            let job = Job::KeepMessage { message: stored, key };
            let job = self.pending.begin(job, MessageJob::Keep(asked, done), cx);
            if let Some(conn) = asked {
                cx.reply_after(conn, job);
            }
        } else if let Some(conn) = asked {
            cx.answer(conn, Kind::Say, done);
        }
    }

    /// Handles DELETE: looks for the message. The session is blocked until it is found.
    pub fn delete(&mut self, from: Caller, id: MessageId, people: People<'_>, cx: &mut Cx<'_>) {
        self.deletions.find(from, id, people, cx);
    }

    /// Judges the removal of a message, and begins it or refuses it.
    pub fn apply_deletion(
        &mut self,
        deletion: &Deletion,
        time: LogTime,
        asker: Option<Asker>,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) {
        if let Some(job) = self.deletions.apply(deletion, time, asker, people, cx) {
            self.history.is_being_deleted(job, &deletion.message);
        }
    }

    /// Hands a message to everyone addressed who is online or logging in, and to the sender's
    /// sessions but the one in which it was sent. Returns the number of users who were addressed. A
    /// receiver who ignores the sender is counted all the same.
    fn deliver(
        &mut self,
        message: Message,
        (chat, sent_in): (Chat, Option<ConnId>),
        audience: &Audience<'_>,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> u32 {
        let (to, users) = audience.online(people.presence, cx.effects);
        // What no session of the sender has sent is news to all of them.
        let told = match sent_in {
            Some(_) => Event::SaidElsewhere(message.clone()),
            None => Event::Said(message.clone()),
        };
        let delivered = users + self.inbox.put((&message, &told), audience, people.presence, cx);
        cx.core.counters.message(chat, delivered);
        let own = cx.effects.recipients(audience.own(sent_in, people.presence));
        if !own.is_empty() {
            cx.effects.push(Effect::Tell { event: told, to: own });
        }
        if !to.is_empty() {
            cx.effects.push(Effect::Tell { event: Event::Said(message), to });
        }
        u32::try_from(delivered).unwrap_or(u32::MAX)
    }

    /// Takes the outcome of a job. Returns the proposal of a message that was not sent before, or
    /// of the removal of one.
    pub fn done(
        &mut self,
        id: JobId,
        outcome: Outcome,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) -> Option<Proposal> {
        if self.deletions.pending.get(id).is_some() {
            return self.deletions.done(id, &outcome, (people, &mut self.inbox), cx);
        }
        match self.pending.take(id)? {
            MessageJob::FindKey(from, draft, chat) => {
                if !cx.unblock(from.conn) {
                    return None;
                }
                match self.key_looked_for(from, (draft, chat), &outcome, people, cx) {
                    Ok(proposal) => proposal,
                    Err(refusal) => {
                        cx.refuse(from.conn, Kind::Say, refusal);
                        None
                    }
                }
            }
            MessageJob::Keep(Some(conn), done) => {
                let result = match outcome {
                    Err(Failure::NotFound) => Err(Refusal::GroupEnded),
                    other => kept(done, &other),
                };
                cx.resolve_answer(conn, id, Kind::Say, result);
                None
            }
            MessageJob::Keep(None, _) => None,
        }
    }

    /// Takes the outcome of a job of the history. What a user has read in one session counts as
    /// read in the others, which are told.
    pub fn history_done(
        &mut self,
        id: JobId,
        outcome: Outcome,
        people: People<'_>,
        cx: &mut Cx<'_>,
    ) {
        let Some(read) = self.history.done(id, outcome, people, cx) else { return };
        let ReadOn { user, chat, mark, asked } = read;
        // The group may have ended meanwhile.
        let Some(shown) = people.destination(user, chat) else { return };
        let event = Event::Seen(shown, mark);
        self.inbox.tell(user, None, &event, cx);
        let others = people.presence.sessions_of(user).filter(|conn| Some(*conn) != asked);
        cx.tell(event, others);
    }

    /// Opens the inbox of a session that is logging in.
    pub fn session_enters(&mut self, caller: Caller, cx: &mut Cx<'_>) {
        self.inbox.open(caller, cx.core.sequence.newest());
    }

    /// Closes the inbox of a session that is now online, or logs in no more, and returns what it
    /// holds.
    pub fn take_inbox(&mut self, caller: Caller) -> Vec<Event> {
        self.inbox.take(caller)
    }

    /// Closes the inbox and the list of a session that has ended.
    pub fn session_ended(&mut self, conn: ConnId, session: &Session) {
        if let State::Enters(user) = session.state() {
            self.inbox.take(Caller { conn, user: *user });
        }
        self.history.session_ended(conn);
    }

    /// The number of jobs under way.
    pub fn jobs(&self) -> usize {
        self.pending.len() + self.deletions.pending.len() + self.history.jobs()
    }

    /// The sessions that are blocked until a job is done or a list is complete.
    pub fn blocked(&self) -> impl Iterator<Item = &ConnId> {
        let looks_up = self.pending.values().filter_map(|job| match job {
            MessageJob::FindKey(from, ..) => Some(&from.conn),
            MessageJob::Keep(..) => None,
        });
        looks_up.chain(self.deletions.blocked()).chain(self.history.blocked())
    }

    /// Returns true if a job is under way whose outcome answers a request of the session.
    pub fn answers(&self, conn: ConnId, id: JobId) -> bool {
        let keeps = self.pending.get(id);
        matches!(keeps, Some(MessageJob::Keep(Some(of), _)) if *of == conn)
            || self.deletions.answers(conn, id)
            || self.history.answers(conn, id)
    }

    /// Checks that there is one inbox for each login under way.
    ///
    /// # Panics
    /// If that does not hold.
    pub fn check(&self, logins: impl Iterator<Item = Caller>) {
        self.inbox.check(logins);
    }
}

/// Confirms a message that was sent before.
fn confirm_again(
    from: Caller,
    id: MessageId,
    chat: Chat,
    people: People<'_>,
    cx: &mut Cx<'_>,
) -> Result<(), Refusal> {
    let to = people.destination(from.user, chat).ok_or(Refusal::GroupEnded)?;
    let said = Done::Said { id, to, delivered: 0, stored: 0, is_offline: false };
    cx.answer(from.conn, Kind::Say, said);
    Ok(())
}

#[cfg(test)]
mod tests;
