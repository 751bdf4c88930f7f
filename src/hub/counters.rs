//! What the hub counts, and its figures.

use super::Hub;
use crate::chat::message::Chat;
use crate::chat::request::Kind;
use crate::figures::{Family, MetricKind};
use crate::hub::accounts::directory::{OPERATOR, UserIndex};

/// What came of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// In with the right password.
    Password,
    /// In with a token.
    Token,
    /// In with a new account.
    Registered,
    /// The operator.
    Operator,
    /// The password or the token is wrong.
    Wrong,
    /// Too many failures lately, or too much to do.
    Busy,
    /// That user is logged in already.
    AlreadyOnline,
    /// That user is banned.
    Banned,
}

impl Login {
    /// In, by what that verb asks for.
    pub fn by(user: UserIndex, of: Kind) -> Self {
        match of {
            _ if user == OPERATOR => Login::Operator,
            Kind::Resume => Login::Token,
            _ => Login::Password,
        }
    }
}

const LOGINS: [(Login, &str); 8] = [
    (Login::Password, "password"),
    (Login::Token, "token"),
    (Login::Registered, "registered"),
    (Login::Operator, "operator"),
    (Login::Wrong, "wrong"),
    (Login::Busy, "busy"),
    (Login::AlreadyOnline, "already-online"),
    (Login::Banned, "banned"),
];

const KINDS: [&str; 3] = ["everyone", "direct", "group"];

/// What is counted while the server runs.
#[derive(Debug, Default)]
pub struct Counters {
    logins: [u64; LOGINS.len()],
    received: [u64; KINDS.len()],
    delivered: [u64; KINDS.len()],
    stored: [u64; KINDS.len()],
    /// Calls for which both got a ticket.
    pub calls: u64,
}

impl Counters {
    pub fn login(&mut self, result: Login) {
        self.logins[result as usize] += 1;
    }

    /// Counts a message, and for how many it was delivered.
    pub fn message(&mut self, chat: Chat, delivered: usize) {
        self.received[kind(chat)] += 1;
        self.delivered[kind(chat)] += delivered as u64;
    }

    /// Counts for how many who were offline a message was kept.
    pub fn stored(&mut self, chat: Chat, count: u32) {
        self.stored[kind(chat)] += u64::from(count);
    }
}

fn kind(chat: Chat) -> usize {
    match chat {
        Chat::Everyone => 0,
        Chat::Direct(..) => 1,
        Chat::Group(_) => 2,
    }
}

impl Hub {
    /// What operators look at.
    pub fn figures(&self) -> Vec<Family> {
        let Counters { logins, received, delivered, stored, calls } = &self.core.counters;
        let by_kind = |name, help, counts: &[u64; KINDS.len()]| {
            let values = KINDS.into_iter().zip(counts.iter().copied());
            Family::labelled(name, help, MetricKind::Counter, "kind", values)
        };
        let logins = LOGINS.iter().map(|(result, word)| (*word, logins[*result as usize]));
        vec![
            Family::gauge(
                "chatsrv_users_online",
                "Users who are logged in, without the operator.",
                self.presence.len(),
            ),
            Family::gauge("chatsrv_users_up", "Users who take direct chats.", self.peers.len()),
            Family::gauge(
                "chatsrv_sessions_not_logged_in",
                "Connections on which nobody is logged in yet.",
                self.core.sessions.len() - self.presence.conns().count(),
            ),
            Family::gauge("chatsrv_accounts", "Accounts.", self.accounts.directory.len()),
            Family::gauge(
                "chatsrv_accounts_banned",
                "Accounts that are let in no more.",
                self.accounts.roles.banned(),
            ),
            Family::gauge("chatsrv_groups", "Groups.", self.groups.len()),
            Family::labelled(
                "chatsrv_logins_total",
                "Logins, by what came of them.",
                MetricKind::Counter,
                "result",
                logins,
            ),
            by_kind(
                "chatsrv_messages_received_total",
                "Messages that users sent, files among them, by their kind.",
                received,
            ),
            by_kind(
                "chatsrv_messages_delivered_total",
                "Messages handed to connections: one to many counts as many, by their kind.",
                delivered,
            ),
            by_kind(
                "chatsrv_messages_stored_total",
                "Messages kept for users who were offline: one for many counts as many.",
                stored,
            ),
            Family::counter("chatsrv_calls_total", "Tickets given for direct chats.", *calls),
            Family::gauge(
                "chatsrv_jobs",
                "Jobs whose outcome is awaited.",
                self.under_way.len() + self.groups.jobs(),
            ),
            Family::gauge(
                "chatsrv_lists",
                "Lists of messages that are being read.",
                self.lists.len(),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_of_a_login_has_its_place() {
        for (at, (result, _)) in LOGINS.iter().enumerate() {
            assert_eq!(*result as usize, at);
        }
    }
}
