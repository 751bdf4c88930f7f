//! Entries that ought to be proposed, and what comes of them on this server.

use chatsrv::chat::account::Account;
use chatsrv::chat::entry::{Entry, Stamp};
use chatsrv::chat::event::Event;
use chatsrv::chat::id::MessageId;
use chatsrv::chat::message::{Chat, Destination};
use chatsrv::chat::name::{Number, UserName, UserRef};
use chatsrv::hub::input::ConnId;
use chatsrv::protocol::native::code::Code;

use super::NodeModel;
use crate::model::chat::change::{Decision, Refused};

impl NodeModel {
    /// An entry is proposed that makes nothing. The newest id may be one that nobody saw.
    pub(super) fn propose(&mut self, entry: Entry) -> Decision {
        self.propose_as(self.ledger.newest(), entry)
    }

    /// An entry is proposed that makes what has this id. Whoever is to hear of it is told.
    pub(super) fn propose_as(&mut self, id: MessageId, entry: Entry) -> Decision {
        let change = self.chat.decide(&entry, Stamp { id, time: self.log_time() })?;
        for (event, to) in &change.told {
            self.notice(event.clone(), to);
        }
        Ok(change)
    }

    /// An entry is proposed that nothing can refuse.
    pub(super) fn propose_surely(&mut self, entry: Entry) {
        let refused = self.propose(entry.clone()).err();
        assert_eq!(refused, None, "{entry:?}");
    }

    /// Notes that everyone of these who is online is to be told.
    pub(super) fn notice(&mut self, notice: Event, to: &[Number]) {
        // Whoever was banned or removed just now is not here any more.
        let people = &self.chat.people;
        let is_gone = |user: Number| people.is_banned(user) || people.is_removed(user);
        let is_told = |user: &Number| to.contains(user) && !is_gone(*user);
        let to = self.online().filter(|(user, _)| is_told(user)).map(|(_, conn)| conn);
        let but = self.groups.not_told;
        let mut to: Vec<ConnId> = to.filter(|conn| Some(*conn) != but).collect();
        to.sort_unstable();
        if !to.is_empty() {
            self.groups.notices.push((notice, to));
        }
    }

    pub(super) fn account(&self, user: Number) -> &Account {
        self.chat.people.account(user)
    }

    pub(super) fn name(&self, user: Number) -> UserName {
        self.chat.people.name(user)
    }

    pub(super) fn find(&self, user: UserRef) -> Option<Number> {
        self.chat.people.find(user).map(|account| account.number)
    }

    /// A chat as somebody addresses it.
    pub(super) fn destination(&self, user: Number, chat: Chat) -> Destination {
        match chat {
            Chat::Everyone => Destination::Everyone,
            Chat::Group(id) => Destination::Group(self.chat.groups.names[&id]),
            Chat::Direct(one, other) => {
                let other = if one == user { other } else { one };
                Destination::User(self.name(other))
            }
        }
    }
}

/// How somebody is told why an entry was refused.
pub fn code(refused: Refused) -> Code {
    match refused {
        Refused::NotFound => Code::NotFound,
        Refused::NotAllowed => Code::NotAllowed,
        Refused::WrongState => Code::WrongState,
        Refused::NoRoom => Code::NoRoom,
        Refused::NameTaken => Code::NameNotAllowed,
        Refused::Later(_) => Code::Busy,
    }
}
