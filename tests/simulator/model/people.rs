//! Who there is, who is online, and who is told when that changes.

use chatsrv::chat::account::Account;
use chatsrv::chat::message::{Chat, Destination};
use chatsrv::chat::name::{Number, UserName, UserRef};
use chatsrv::hub::input::ConnId;

use super::Model;

/// A notice of who came or went.
#[derive(Debug, PartialEq)]
pub struct Presence {
    pub online: bool,
    pub name: UserName,
    pub to: Vec<ConnId>,
}

/// The accounts, and before them the operator's.
pub fn with_operator(accounts: &[Account]) -> Vec<Account> {
    let (number, name) = (Number::OPERATOR, UserName::operator());
    let operator = Account { number, name, display: None };
    std::iter::once(operator).chain(accounts.iter().cloned()).collect()
}

impl Model {
    /// Notes who ought to be told that a user came or is about to go.
    pub(super) fn tell(&mut self, own: ConnId, user: Number, online: bool) {
        // The user counts, online or not.
        let others = self.people().filter(|(number, _)| *number != user).count();
        if user == Number::OPERATOR || others + 1 > self.config.presence_limit {
            return;
        }
        let told = self
            .sessions
            .iter()
            .filter(|(conn, session)| **conn != own && session.user.is_some() && !session.quiet);
        let to: Vec<ConnId> = told.map(|(conn, _)| *conn).collect();
        if !to.is_empty() {
            self.presence.push(Presence { online, name: self.accounts[&user].name, to });
        }
    }

    /// Who is online, without the operator.
    pub(super) fn people(&self) -> impl Iterator<Item = (Number, ConnId)> {
        self.online().filter(|(number, _)| *number != Number::OPERATOR)
    }

    pub(super) fn online(&self) -> impl Iterator<Item = (Number, ConnId)> {
        self.sessions.iter().filter_map(|(conn, session)| Some((session.user?, *conn)))
    }

    pub(super) fn find(&self, user: UserRef) -> Option<&Account> {
        self.accounts.values().find(|account| match user {
            UserRef::Name(name) => account.name == name,
            UserRef::Number(number) => account.number == number,
        })
    }

    /// A chat as somebody addresses it.
    pub(super) fn destination(&self, user: Number, chat: Chat) -> Destination {
        match chat {
            Chat::Everyone => Destination::Everyone,
            Chat::Group(id) => Destination::Group(self.groups.names[&id]),
            Chat::Direct(one, other) => {
                let other = if one == user { other } else { one };
                Destination::User(self.accounts[&other].name)
            }
        }
    }
}
