//! What becomes of a message that is well-formed: it is looked up whether it was sent before, gets
//! its id, goes to everyone addressed who is online, and is kept. Its confirmation waits for the
//! disk, the delivery does not.

use std::sync::Arc;

use super::Hub;
use super::keys::Known;
use super::tasks::{Task, UnderWay, failed};
use crate::chat::answer::Done;
use crate::chat::close::CloseReason;
use crate::chat::event::Event;
use crate::chat::group::GroupId;
use crate::chat::message::{Chat, Destination, Message, MessageId, StoredMessage};
use crate::chat::name::{Key, UserRef};
use crate::chat::refusal::{Failure, Refusal};
use crate::chat::request::Kind;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::effect::{Effect, Effects};
use crate::hub::groups::creation::GroupDraft;
use crate::hub::input::ConnId;
use crate::hub::job::{Job, Outcome, Value};
use crate::hub::presence::Entering;
use crate::limits::HELD_MESSAGES_MAX;

/// A message that has no id yet.
#[derive(Debug)]
pub(super) struct Draft {
    pub from: UserIndex,
    pub to: Addressee,
    pub text: Arc<str>,
    /// The word that marks it.
    pub key: Option<Key>,
    /// Where a file is sent, whose name is the text: its size in bytes.
    pub file_size: Option<u64>,
}

/// To whom a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Addressee {
    Everyone,
    User(UserIndex),
    /// The other members of a group.
    Group(GroupId),
}

/// What waits for an id, and its sender with it.
#[derive(Debug)]
pub(super) enum AwaitsId {
    Message(Draft),
    Group(GroupDraft),
}

impl AwaitsId {
    fn kind(&self) -> Kind {
        match self {
            AwaitsId::Message(_) => Kind::Say,
            AwaitsId::Group(draft) => draft.kind(),
        }
    }
}

impl Hub {
    /// Takes a message. Where its word may mark one that was sent before, the store is asked first,
    /// and its sender waits, so that the order stays.
    pub(super) fn take(&mut self, conn: ConnId, draft: Draft, effects: &mut Effects) {
        let sender = self.accounts.directory.account(draft.from).number;
        let known = match &draft.key {
            Some(key) => self.keys.look_up(sender, key, self.core.now.steady),
            None => Known::No,
        };
        match (known, &draft.key) {
            (Known::Perhaps, Some(key)) => {
                let job = Job::FindKey { sender, key: key.clone() };
                self.hold_until(conn, job, Task::FindKey(draft), effects);
            }
            (Known::Yes(id, chat), _) => self.confirm_again(conn, draft.from, id, chat, effects),
            _ => self.send(conn, draft, effects),
        }
    }

    /// The store knows a word, or does not.
    pub(super) fn key_looked_for(
        &mut self,
        conn: ConnId,
        draft: Draft,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        match *outcome {
            Ok(Value::KeyFound { id, chat }) => {
                self.confirm_again(conn, draft.from, id, chat, effects);
            }
            Err(Failure::NotFound) => self.send(conn, draft, effects),
            _ => self.refuse(conn, Kind::Say, failed(outcome), effects),
        }
    }

    fn confirm_again(
        &mut self,
        conn: ConnId,
        sender: UserIndex,
        id: MessageId,
        chat: Chat,
        effects: &mut Effects,
    ) {
        match self.destination(sender, chat) {
            Some(to) => {
                let said = Done::Said { id, to, delivered: 0, stored: 0, is_offline: false };
                self.answer(conn, Kind::Say, said, effects);
            }
            None => self.refuse(conn, Kind::Say, Refusal::GroupEnded, effects),
        }
    }

    /// A chat as `user` addresses it. None where a group has ended, or nobody has a number, which
    /// no store should know then.
    pub(super) fn destination(&self, user: UserIndex, chat: Chat) -> Option<Destination> {
        let own = self.accounts.directory.account(user).number;
        let other = match chat {
            Chat::Everyone => return Some(Destination::Everyone),
            Chat::Group(id) => return self.groups.get(id).map(|it| Destination::Group(it.name)),
            Chat::Direct(one, other) => {
                if one == own {
                    other
                } else {
                    one
                }
            }
        };
        let other = self.accounts.directory.find(UserRef::Number(other))?;
        Some(Destination::User(self.accounts.directory.account(other).name))
    }

    /// Sends a message under the next id. Where the store has yet to keep a mark above that, the
    /// message and its sender wait.
    fn send(&mut self, conn: ConnId, draft: Draft, effects: &mut Effects) {
        let is_offline = match draft.to {
            Addressee::Everyone | Addressee::Group(_) => false,
            Addressee::User(user) => self.presence.session_of(user).is_none(),
        };
        if is_offline && !self.core.config.keep_messages {
            return self.refuse(conn, Kind::Say, Refusal::Offline, effects);
        }
        let Some(id) = self.next_id(effects) else {
            return self.await_id(conn, AwaitsId::Message(draft));
        };
        let Some((message, chat, delivered)) = self.deliver(id, &draft, effects) else {
            return self.refuse(conn, Kind::Say, Refusal::GroupEnded, effects);
        };
        let stored = match draft.to {
            Addressee::Group(id) if self.core.config.keep_messages => {
                // The sender is a member who needs no copy.
                let members = self.groups.get(id).map_or(0, |group| group.members.len());
                (members as u32).saturating_sub(delivered + 1)
            }
            _ => u32::from(is_offline),
        };
        self.core.counters.stored(chat, stored);
        let said = Done::Said { id, to: message.to, delivered, stored, is_offline };

        let from = self.accounts.directory.account(draft.from).number;
        if let Some(key) = &draft.key {
            self.keys.note(from, key, id, chat, self.core.now.steady);
        }
        if self.core.config.keep_messages {
            let message = StoredMessage { id, from, chat, text: message.text, file_size: None };
            let job = Job::KeepMessage { message, key: draft.key };
            self.answer_after(conn, job, Task::KeepMessage(said), effects);
        } else {
            self.answer(conn, Kind::Say, said, effects);
        }
        self.end_slow_logins(effects);
    }

    /// The chat of what a user sends.
    pub(super) fn chat_of(&self, from: UserIndex, to: Addressee) -> Chat {
        let number = |user| self.accounts.directory.account(user).number;
        match to {
            Addressee::Everyone => Chat::Everyone,
            Addressee::User(user) => Chat::direct(number(from), number(user)),
            Addressee::Group(id) => Chat::Group(id),
        }
    }

    /// Hands a message to everyone addressed who is online, and tells to how many. None where the
    /// group to which it goes has ended.
    pub(super) fn deliver(
        &mut self,
        id: MessageId,
        draft: &Draft,
        effects: &mut Effects,
    ) -> Option<(Message, Chat, u32)> {
        let from = self.accounts.directory.account(draft.from);
        let chat = self.chat_of(draft.from, draft.to);
        let (to, recipients) = match draft.to {
            Addressee::Everyone => {
                (Destination::Everyone, self.presence.everyone_but(draft.from, effects))
            }
            Addressee::User(user) => {
                let account = self.accounts.directory.account(user);
                let conn = self.presence.conn(user).filter(|_| user != draft.from);
                (Destination::User(account.name), effects.recipients(conn))
            }
            Addressee::Group(group) => {
                let group = self.groups.get(group)?;
                // Who joined while a file was brought to the disk does not read it.
                let readers = group.members.iter().filter(|member| member.since <= id);
                let others = readers.filter(|member| member.user != draft.from);
                let conns = others.filter_map(|member| self.presence.conn(member.user));
                (Destination::Group(group.name), effects.recipients(conns))
            }
        };
        let Draft { text, file_size, .. } = draft;
        let message =
            Message { id, from: from.name, to, text: Arc::clone(text), file_size: *file_size };
        let delivered = recipients.len() + self.hold_back(&message, draft);
        self.core.counters.message(chat, delivered);
        if !recipients.is_empty() {
            effects.push(Effect::Tell { event: Event::Said(message.clone()), to: recipients });
        }
        Some((message, chat, u32::try_from(delivered).unwrap_or(u32::MAX)))
    }

    /// Keeps a message for those addressed who are logging in, and tells for how many. However many
    /// log in, that costs a look at those alone to whom it goes.
    fn hold_back(&mut self, message: &Message, draft: &Draft) -> usize {
        let (all, groups, slow) =
            (&mut self.presence.entering, &self.groups, &mut self.slow_logins);
        let mut count = 0;
        // What is sent to everyone stands in no list of what is unread.
        let is_listed = draft.to != Addressee::Everyone;
        let mut hold = |entering: &mut Entering| {
            if is_listed && message.id <= entering.since {
                return;
            }
            entering.held.push(message.clone());
            count += 1;
            if entering.held.len() == HELD_MESSAGES_MAX + 1 {
                slow.push(entering.conn);
            }
        };
        // Who sends a file may log in again before it is on the disk.
        let is_other = |user: UserIndex| user != draft.from;
        match draft.to {
            _ if all.is_empty() => {}
            Addressee::Everyone => {
                let others = all.iter_mut().filter(|(user, _)| is_other(**user));
                others.for_each(|(_, entering)| hold(entering));
            }
            Addressee::User(user) => {
                all.get_mut(&user).filter(|_| is_other(user)).map(hold);
            }
            Addressee::Group(id) => {
                let members = groups.get(id).map_or(&[][..], |group| &group.members);
                let readers = members.iter().filter(|member| member.since <= message.id);
                for member in readers.filter(|member| is_other(member.user)) {
                    all.get_mut(&member.user).map(&mut hold);
                }
            }
        }
        count
    }

    /// Ends the logins that take so long that too much waits for them.
    pub(super) fn end_slow_logins(&mut self, effects: &mut Effects) {
        for conn in std::mem::take(&mut self.slow_logins) {
            let reason = CloseReason::TooSlow;
            self.close(conn, reason, None, effects);
        }
    }

    /// The next id, where the mark that is kept allows one.
    pub(super) fn next_id(&mut self, effects: &mut Effects) -> Option<MessageId> {
        let id = self.core.sequence.next(self.core.now.unix_micros);
        self.raise_id_mark(effects);
        id
    }

    /// Has a session and what it sends wait for an id.
    pub(super) fn await_id(&mut self, conn: ConnId, what: AwaitsId) {
        self.set_on_hold(conn, true);
        self.await_id.push((conn, what));
    }

    /// Has a higher mark kept where the ids come near the one that is.
    fn raise_id_mark(&mut self, effects: &mut Effects) {
        if let Some(mark) = self.core.sequence.mark_to_keep(self.core.now.unix_micros) {
            let job = Job::RaiseIdMark { mark };
            self.submit(job, UnderWay::RaisesIdMark(mark), effects);
        }
    }

    /// A mark is on disk, or is not: what waited for it goes on, or is refused.
    pub(super) fn id_mark_raised(
        &mut self,
        mark: MessageId,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        let is_kept = *outcome == Ok(Value::Done);
        self.core.sequence.mark_kept(is_kept.then_some(mark));
        for (conn, what) in std::mem::take(&mut self.await_id) {
            if !self.set_on_hold(conn, false) {
                continue;
            }
            match what {
                _ if !is_kept => self.refuse(conn, what.kind(), failed(outcome), effects),
                AwaitsId::Message(draft) => self.send(conn, draft, effects),
                AwaitsId::Group(draft) => self.make_group(conn, draft, effects),
            }
        }
        for whole in std::mem::take(&mut self.uploads.without_id) {
            match is_kept {
                true => self.publish(whole, effects),
                false => self.upload_failed(whole, outcome, effects),
            }
        }
    }
}
