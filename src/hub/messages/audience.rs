//! The audience of a message: those to whom it goes, whether they are online or not.

use crate::chat::id::MessageId;
use crate::chat::message::{Chat, Destination, Message, StoredMessage};
use crate::chat::name::UserRef;
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::effect::{Effects, Recipients};
use crate::hub::groups::group::Group;
use crate::hub::people::People;
use crate::hub::presence::Presence;

/// Those to whom a message goes. Its sender, who needs no copy, is none of them.
#[derive(Clone, Copy, Debug)]
pub struct Audience<'a> {
    pub from: UserIndex,
    pub to: Addressee<'a>,
    /// The message.
    id: MessageId,
}

/// Whom a message is addressed to.
#[derive(Clone, Copy, Debug)]
pub enum Addressee<'a> {
    Everyone,
    User(UserIndex),
    /// A group's members.
    Group(&'a Group),
}

impl<'a> Audience<'a> {
    /// To whom a message goes. None where the group has ended to which it was sent.
    pub fn of(message: &StoredMessage, people: People<'a>) -> Option<Self> {
        let from = people.accounts.find(UserRef::Number(message.from))?;
        let to = match message.chat {
            Chat::Everyone => Addressee::Everyone,
            Chat::Direct(..) => Addressee::User(people.other(from, message.chat)?),
            Chat::Group(id) => Addressee::Group(people.groups.get(id)?),
        };
        Some(Audience { from, to, id: message.id })
    }

    /// The message as it is told to them.
    pub fn message(&self, message: &StoredMessage, accounts: &Accounts) -> Message {
        let to = match self.to {
            Addressee::Everyone => Destination::Everyone,
            Addressee::User(user) => Destination::User(accounts.name(user)),
            Addressee::Group(group) => Destination::Group(group.name),
        };
        let (text, file_size) = (message.text.clone(), message.file_size);
        Message { id: message.id, from: accounts.name(self.from), to, text, file_size }
    }

    /// Adds the connections of those who are online to the recipients.
    pub fn online(&self, presence: &Presence, effects: &mut Effects) -> Recipients {
        match self.to {
            Addressee::Everyone => presence.everyone_but(self.from, effects),
            Addressee::User(user) => {
                effects.recipients(presence.conn(user).filter(|_| user != self.from))
            }
            Addressee::Group(group) => {
                let readers = self.readers(group);
                effects.recipients(readers.filter_map(|user| presence.conn(user)))
            }
        }
    }

    /// The members of a group who read the message. Who joined while a file was brought to the disk
    /// does not read of it.
    pub fn readers(&self, group: &'a Group) -> impl Iterator<Item = UserIndex> + use<'a> {
        let Audience { from, id, .. } = *self;
        let readers = group.members.iter().filter(move |member| member.since <= id);
        readers.map(|member| member.user).filter(move |user| *user != from)
    }

    /// Whether the message goes to one user, who is offline.
    pub fn is_offline(&self, presence: &Presence) -> bool {
        matches!(self.to, Addressee::User(user) if !presence.is_present(user))
    }

    /// For how many it is kept who can be told of it only later, where that is counted: not of a
    /// message to everyone, which is never unread.
    pub fn absent(&self, delivered: u32, presence: &Presence) -> u32 {
        match self.to {
            Addressee::Everyone => 0,
            Addressee::User(_) => u32::from(self.is_offline(presence)),
            // The sender is a member too.
            Addressee::Group(group) => (group.members.len() as u32).saturating_sub(delivered + 1),
        }
    }
}
