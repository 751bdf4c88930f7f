//! What becomes of a message that is well-formed: it is looked up whether it was sent before, gets
//! its id, goes to everyone addressed who is online, and is kept. Its confirmation waits for the
//! disk, the delivery does not.

use std::sync::Arc;

use super::Hub;
use super::directory::UserIndex;
use super::effect::{CloseReason, Effect, Effects};
use super::input::ConnId;
use super::job::{Chat, Job, Outcome, StoredMessage};
use super::keys::Known;
use super::tasks::{Task, UnderWay, failed};
use crate::limits::HELD_MESSAGES_MAX;
use crate::protocol::name::{Key, UserRef};
use crate::protocol::reply::{Code, Destination, Detail, Message, MessageId, Reply, Subject};

/// A message that has no id yet.
#[derive(Debug)]
pub(super) struct Draft {
    pub from: UserIndex,
    pub to: Addressee,
    pub text: Arc<str>,
    /// The word that marks it.
    pub key: Option<Key>,
}

/// To whom a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Addressee {
    Everyone,
    User(UserIndex),
}

impl Hub {
    /// Takes a message. Where its word may mark one that was sent before, the store is asked first,
    /// and its sender waits, so that the order stays.
    pub(super) fn take(&mut self, conn: ConnId, draft: Draft, effects: &mut Effects) {
        let sender = self.directory.account(draft.from).number;
        let known = match &draft.key {
            Some(key) => self.keys.look_up(sender, key, self.now.steady),
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
            Outcome::KeyFound { id, chat } => {
                self.confirm_again(conn, draft.from, id, chat, effects);
            }
            Outcome::NotFound => self.send(conn, draft, effects),
            _ => self.reply(conn, failed(Subject::Message, outcome), effects),
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
        let reply = match self.destination(sender, chat) {
            Some(to) => {
                let detail = Detail::Confirmed { id, to, delivered: 0, stored: 0 };
                Reply::new(Code::Done, Subject::Message, detail)
            }
            None => failed(Subject::Message, &Outcome::Failed),
        };
        self.reply(conn, reply, effects);
    }

    /// A chat as `user` addresses it. None where nobody has a number, which no store should know
    /// then.
    pub(super) fn destination(&self, user: UserIndex, chat: Chat) -> Option<Destination> {
        let own = self.directory.account(user).number;
        let other = match chat {
            Chat::Everyone => return Some(Destination::Everyone),
            Chat::Group(group) => todo!("{group:?}"),
            Chat::Direct(one, other) => {
                if one == own {
                    other
                } else {
                    one
                }
            }
        };
        let other = self.directory.find(UserRef::Number(other))?;
        Some(Destination::User(self.directory.account(other).name))
    }

    /// Sends a message under the next id. Where the store has yet to keep a mark above that, the
    /// message and its sender wait.
    fn send(&mut self, conn: ConnId, draft: Draft, effects: &mut Effects) {
        let is_offline = match draft.to {
            Addressee::Everyone => false,
            Addressee::User(user) => self.session_of(user).is_none(),
        };
        if is_offline && !self.config.keep_messages {
            let reply = Reply::text(Code::Offline, Subject::Message, "that user is offline");
            return self.reply(conn, reply, effects);
        }
        let id = self.ids.next(self.now.unix_micros);
        self.raise_id_mark(effects);
        let Some(id) = id else {
            self.set_on_hold(conn, true);
            self.drafts.push((conn, draft));
            return;
        };
        let (message, chat, delivered) = self.deliver(id, &draft, effects);
        let stored = u32::from(is_offline);
        let code = if is_offline { Code::DoneStored } else { Code::Done };
        let detail = Detail::Confirmed { id, to: message.to, delivered, stored };
        let confirmation = Reply::new(code, Subject::Message, detail);

        let from = self.directory.account(draft.from).number;
        if let Some(key) = &draft.key {
            self.keys.note(from, key, id, chat, self.now.steady);
        }
        if self.config.keep_messages {
            let message = StoredMessage { id, from, chat, text: message.text, file_size: None };
            let job = Job::KeepMessage { message, key: draft.key };
            self.answer_after(conn, job, Task::KeepMessage(confirmation), effects);
        } else {
            self.reply(conn, confirmation, effects);
        }
        self.end_slow_logins(effects);
    }

    /// Hands a message to everyone addressed who is online, and tells to how many.
    fn deliver(
        &mut self,
        id: MessageId,
        draft: &Draft,
        effects: &mut Effects,
    ) -> (Message, Chat, u32) {
        let from = self.directory.account(draft.from);
        let (to, chat, recipients) = match draft.to {
            Addressee::Everyone => {
                let to = self.online.everyone_but(draft.from, effects);
                (Destination::Everyone, Chat::Everyone, to)
            }
            Addressee::User(user) => {
                let account = self.directory.account(user);
                let conn = self.online.conn(user).filter(|_| user != draft.from);
                let chat = Chat::direct(from.number, account.number);
                (Destination::User(account.name), chat, effects.recipients(conn))
            }
        };
        let message =
            Message { id, from: from.name, to, text: Arc::clone(&draft.text), file_size: None };
        let delivered = recipients.len() + self.hold_back(&message, draft.to);
        if !recipients.is_empty() {
            effects.push(Effect::Message { message: message.clone(), to: recipients });
        }
        (message, chat, u32::try_from(delivered).unwrap_or(u32::MAX))
    }

    /// Keeps a message for those addressed who are logging in, and tells for how many.
    fn hold_back(&mut self, message: &Message, to: Addressee) -> usize {
        let is_addressed = |user| to == Addressee::Everyone || to == Addressee::User(user);
        let mut count = 0;
        for (_, entering) in self.entering.iter_mut().filter(|(user, _)| is_addressed(**user)) {
            entering.held.push(message.clone());
            count += 1;
        }
        count
    }

    /// Ends the logins that take so long that too much waits for them.
    fn end_slow_logins(&mut self, effects: &mut Effects) {
        let slow = self.entering.values().filter(|user| user.held.len() > HELD_MESSAGES_MAX);
        let slow: Vec<ConnId> = slow.map(|user| user.conn).collect();
        for conn in slow {
            let reason = CloseReason::TooSlow;
            self.close(conn, reason, Some(Reply::closing(reason.text())), effects);
        }
    }

    /// Has a higher mark kept where the ids come near the one that is.
    fn raise_id_mark(&mut self, effects: &mut Effects) {
        if let Some(mark) = self.ids.mark_to_keep(self.now.unix_micros) {
            let job = Job::RaiseIdMark { mark };
            self.submit(job, UnderWay::RaisesIdMark(mark), effects);
        }
    }

    /// A mark is on disk, or is not: the messages that waited for it are sent, or refused.
    pub(super) fn id_mark_raised(
        &mut self,
        mark: MessageId,
        outcome: &Outcome,
        effects: &mut Effects,
    ) {
        let is_kept = *outcome == Outcome::Done;
        self.ids.mark_kept(is_kept.then_some(mark));
        for (conn, draft) in std::mem::take(&mut self.drafts) {
            if !self.set_on_hold(conn, false) {
                continue;
            }
            match is_kept {
                true => self.send(conn, draft, effects),
                false => self.reply(conn, failed(Subject::Message, outcome), effects),
            }
        }
    }
}
