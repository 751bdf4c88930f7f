//! The people of the chat, to be read by the other domains.

use super::accounts::Accounts;
use super::groups::Groups;
use super::presence::Presence;
use crate::chat::id::MessageId;
use crate::chat::message::{Chat, Destination, StoredMessage};
use crate::chat::name::Target;
use crate::chat::party::Party;
use crate::chat::refusal::Refusal;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::Core;
use crate::hub::input::ConnId;

/// A view of all accounts, of who is online, and of the groups.
#[derive(Clone, Copy, Debug)]
pub(super) struct People<'a> {
    pub accounts: &'a Accounts,
    pub presence: &'a Presence,
    pub groups: &'a Groups,
}

impl<'a> People<'a> {
    /// Who asks over a connection.
    pub fn party(self, conn: ConnId, core: &Core) -> Party {
        match core.user_of(conn) {
            Some(user) => Party::User(self.accounts.number(user)),
            None => Party::Network(core.network_of(conn)),
        }
    }

    /// The chat to which a user's message for a target belongs.
    pub fn chat(self, user: UserIndex, target: Target) -> Result<Chat, Refusal> {
        match target {
            Target::Everyone => Ok(Chat::Everyone),
            Target::User(other) => {
                let other = self.accounts.find(other).ok_or(Refusal::NoSuchUser)?;
                Ok(Chat::direct(self.accounts.number(user), self.accounts.number(other)))
            }
            Target::Group(name) => self.groups.own(user, &name).map(Chat::Group),
        }
    }

    /// The chat that a user reads by a target, which may be a user whose account is removed.
    pub fn chat_to_read(self, user: UserIndex, target: Target) -> Result<Chat, Refusal> {
        let Target::User(other) = target else { return self.chat(user, target) };
        let other = self.accounts.directory.find(other).ok_or(Refusal::NoSuchUser)?;
        Ok(Chat::direct(self.accounts.number(user), self.accounts.number(other)))
    }

    /// Checks that a user may send messages into a chat that was resolved before.
    ///
    /// # Errors
    /// [`Refusal::NotAMember`] if the chat is of a group that the user has left.
    pub fn may_say(self, user: UserIndex, chat: Chat) -> Result<(), Refusal> {
        match chat {
            Chat::Group(id) if self.groups.get(id).is_some() => {
                let is_member = self.groups.is_member(user, id);
                is_member.then_some(()).ok_or(Refusal::NotAMember)
            }
            _ => Ok(()),
        }
    }

    /// A chat as `user` addresses it. None if the group has ended, or if no user has the other
    /// number; the store should have no such chat then.
    pub fn destination(self, user: UserIndex, chat: Chat) -> Option<Destination> {
        match chat {
            Chat::Everyone => Some(Destination::Everyone),
            Chat::Group(id) => self.groups.get(id).map(|group| Destination::Group(group.name)),
            Chat::Direct(..) => {
                let other = self.other(user, chat)?;
                Some(Destination::User(self.accounts.name(other)))
            }
        }
    }

    /// The first message of a chat that a user may read; none if the user may read nothing there.
    pub fn reads_since(self, user: UserIndex, chat: Chat) -> Option<MessageId> {
        match chat {
            Chat::Everyone => Some(self.accounts.reads_everyone_since(user)),
            Chat::Direct(one, other) => {
                let own = self.accounts.number(user);
                (own == one || own == other).then_some(MessageId(0))
            }
            Chat::Group(group) => self.groups.reads_since(user, group),
        }
    }

    /// Returns true if what a user says in a chat is not to be heard by the other one, who ignores
    /// that user.
    pub fn is_unheard(self, from: UserIndex, chat: Chat) -> bool {
        let other = self.other(from, chat);
        other.is_some_and(|other| self.accounts.ignored.has(other, from))
    }

    /// Returns true if a user may read a message, and so the file that it sends.
    pub fn may_read(self, user: UserIndex, message: &StoredMessage) -> bool {
        let own = self.accounts.number(user);
        if message.is_hidden_from(own) {
            return false;
        }
        // Where the clock was set back behind the account's making, what it says looks older.
        let is_own = message.from == own && message.chat == Chat::Everyone;
        is_own || self.reads_since(user, message.chat).is_some_and(|since| since <= message.id)
    }

    /// The other of the two users of a direct chat; `user` itself in the chat with oneself. None
    /// for another chat, or if no user has the other number.
    pub fn other(self, user: UserIndex, chat: Chat) -> Option<UserIndex> {
        let Chat::Direct(one, other) = chat else { return None };
        let own = self.accounts.number(user);
        self.accounts.directory.find_number(if one == own { other } else { one })
    }
}
