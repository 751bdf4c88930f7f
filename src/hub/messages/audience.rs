//! The audience of a message: the users to whom it goes, whether they are online or not.

use crate::chat::id::MessageId;
use crate::chat::message::{Chat, Destination, Message, StoredMessage};
use crate::hub::accounts::Accounts;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::effect::{Effects, Recipients};
use crate::hub::groups::group::Group;
use crate::hub::input::ConnId;
use crate::hub::people::People;
use crate::hub::presence::Presence;

/// The audience of a message. The sender, who needs no copy, does not belong to it.
#[derive(Clone, Copy, Debug)]
pub struct Audience<'a> {
    pub from: UserIndex,
    pub to: Addressee<'a>,
    /// The id of the message.
    id: MessageId,
    /// True if the receiver ignores the sender: the message reaches nobody, and counts as if it
    /// did.
    pub is_unheard: bool,
}

/// The addressee of a message.
#[derive(Clone, Copy, Debug)]
pub enum Addressee<'a> {
    Everyone,
    User(UserIndex),
    /// A group's members.
    Group(&'a Group),
}

impl<'a> Audience<'a> {
    /// The audience of a message. None if it was sent to a group that has ended.
    pub fn of(message: &StoredMessage, people: People<'a>) -> Option<Self> {
        let from = people.accounts.directory.find_number(message.from)?;
        let to = match message.chat {
            Chat::Everyone => Addressee::Everyone,
            Chat::Direct(..) => Addressee::User(people.other(from, message.chat)?),
            Chat::Group(id) => Addressee::Group(people.groups.get(id)?),
        };
        Some(Audience { from, to, id: message.id, is_unheard: message.is_unheard })
    }

    /// The message as the audience is told it.
    pub fn message(&self, message: &StoredMessage, accounts: &Accounts) -> Message {
        let to = match self.to {
            Addressee::Everyone => Destination::Everyone,
            Addressee::User(user) => Destination::User(accounts.name(user)),
            Addressee::Group(group) => Destination::Group(group.name),
        };
        let (text, file_size) = (message.text.clone(), message.file_size);
        Message { id: message.id, from: accounts.name(self.from), to, text, file_size }
    }

    /// Adds the sessions of the users who are online to the recipients. Returns them, and the
    /// number of users.
    pub fn online(&self, presence: &Presence, effects: &mut Effects) -> (Recipients, usize) {
        match self.to {
            Addressee::Everyone => presence.everyone_but(self.from, effects),
            Addressee::User(user) => {
                let is_other = user != self.from;
                let is_told = is_other && !self.is_unheard;
                let to = effects.recipients(presence.sessions_of(user).filter(|_| is_told));
                (to, usize::from(is_other && presence.is_online(user)))
            }
            Addressee::Group(group) => {
                let mut users = 0;
                let readers = self.readers(group).flat_map(|user| {
                    users += usize::from(presence.is_online(user));
                    presence.sessions_of(user)
                });
                (effects.recipients(readers), users)
            }
        }
    }

    /// The sessions in which the sender is told of the message, since it was sent in another one.
    pub fn own(
        &self,
        sent_in: Option<ConnId>,
        presence: &'a Presence,
    ) -> impl Iterator<Item = ConnId> {
        presence.sessions_of(self.from).filter(move |conn| Some(*conn) != sent_in)
    }

    /// The members of a group who may read the message. Members who joined while a file was brought
    /// to the disk may not.
    pub fn readers(&self, group: &'a Group) -> impl Iterator<Item = UserIndex> + use<'a> {
        let Audience { from, id, .. } = *self;
        let readers = group.members.iter().filter(move |member| member.since <= id);
        readers.map(|member| member.user).filter(move |user| *user != from)
    }

    /// Returns true if the message goes to one user, who is offline.
    pub fn is_offline(&self, presence: &Presence) -> bool {
        matches!(self.to, Addressee::User(user) if !presence.is_present(user))
    }

    /// The number of users for whom the message is kept because they can be told of it only later.
    /// For a message to everyone, which is never unread, it is 0.
    pub fn absent(&self, delivered: u32, presence: &Presence) -> u32 {
        match self.to {
            Addressee::Everyone => 0,
            Addressee::User(_) => u32::from(self.is_offline(presence)),
            // The sender is a member too.
            Addressee::Group(group) => (group.members.len() as u32).saturating_sub(delivered + 1),
        }
    }
}
