//! The people of the chat, as the domains see them that only look at them.

use super::accounts::Accounts;
use super::groups::Groups;
use super::presence::Presence;
use crate::chat::message::{Chat, Destination};
use crate::chat::name::{Target, UserRef};
use crate::chat::refusal::Refusal;
use crate::hub::accounts::directory::UserIndex;

/// Who there is, who is online, and who is in which group.
#[derive(Clone, Copy, Debug)]
pub(super) struct People<'a> {
    pub accounts: &'a Accounts,
    pub presence: &'a Presence,
    pub groups: &'a Groups,
}

impl<'a> People<'a> {
    /// The chat in which stands what a user sends to a target.
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

    /// A chat as `user` addresses it. None where a group has ended, or nobody has a number, which
    /// no store should know then.
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

    /// The other one of the two users whose chat it is: `user`, where it is one's own with oneself.
    /// None where the chat is not that of two users, or nobody has the other number.
    pub fn other(self, user: UserIndex, chat: Chat) -> Option<UserIndex> {
        let Chat::Direct(one, other) = chat else { return None };
        let own = self.accounts.number(user);
        self.accounts.find(UserRef::Number(if one == own { other } else { one }))
    }
}
