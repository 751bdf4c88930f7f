//! The metrics of the hub: counters of what has happened, and gauges of what there is now.

use crate::chat::message::Chat;

/// The outcome of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginResult {
    /// Logged in with the right password.
    Password,
    /// Logged in with a token.
    Token,
    /// Logged in with a new account.
    Registered,
    /// Logged in as the operator.
    Operator,
    /// The password or the token is wrong.
    Wrong,
    /// Too many failures lately, or too much to do.
    Busy,
    /// The user is logged in already.
    AlreadyOnline,
    /// The user is banned.
    Banned,
}

impl LoginResult {
    /// All results, in their order.
    pub const ALL: [LoginResult; 8] = [
        LoginResult::Password,
        LoginResult::Token,
        LoginResult::Registered,
        LoginResult::Operator,
        LoginResult::Wrong,
        LoginResult::Busy,
        LoginResult::AlreadyOnline,
        LoginResult::Banned,
    ];

    /// The word of the result in the metrics and the audit log.
    pub fn name(self) -> &'static str {
        match self {
            LoginResult::Password => "password",
            LoginResult::Token => "token",
            LoginResult::Registered => "registered",
            LoginResult::Operator => "operator",
            LoginResult::Wrong => "wrong",
            LoginResult::Busy => "busy",
            LoginResult::AlreadyOnline => "already-online",
            LoginResult::Banned => "banned",
        }
    }
}

/// Numbers of messages by the kind of the chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByChat {
    /// To everyone.
    pub everyone: u64,
    /// From one user to another.
    pub direct: u64,
    /// To a group.
    pub group: u64,
}

impl ByChat {
    fn add(&mut self, chat: Chat, count: u64) {
        *match chat {
            Chat::Everyone => &mut self.everyone,
            Chat::Direct(..) => &mut self.direct,
            Chat::Group(_) => &mut self.group,
        } += count;
    }
}

/// Counters of what has happened since the server started.
#[derive(Debug, Default)]
pub struct Counters {
    logins: [u64; LoginResult::ALL.len()],
    /// Messages that users sent, files among them.
    pub received: ByChat,
    /// Messages handed to connections; one message to many connections counts as many.
    pub delivered: ByChat,
    /// Messages kept for users who were offline; one message for many users counts as many.
    pub stored: ByChat,
    /// Calls for which both users got a ticket.
    pub calls: u64,
}

impl Counters {
    /// Counts a login.
    pub fn login(&mut self, result: LoginResult) {
        self.logins[result as usize] += 1;
    }

    /// The number of logins with a result.
    pub fn logins(&self, result: LoginResult) -> u64 {
        self.logins[result as usize]
    }

    /// Counts a message of a user, and the connections to which it was delivered.
    pub fn message(&mut self, chat: Chat, delivered: usize) {
        self.received.add(chat, 1);
        self.delivered.add(chat, delivered as u64);
    }

    /// Counts the users who were offline and for whom a message was kept.
    pub fn stored(&mut self, chat: Chat, count: u32) {
        self.stored.add(chat, u64::from(count));
    }
}

/// Gauges of what operators look at.
#[derive(Clone, Copy, Debug)]
pub struct Gauges {
    /// Users who are logged in, without the operator.
    pub users_online: usize,
    /// Users who take direct chats.
    pub users_up: usize,
    /// Connections over which nobody has logged in yet.
    pub sessions_not_logged_in: usize,
    /// All accounts.
    pub accounts: usize,
    /// Accounts that are banned.
    pub accounts_banned: usize,
    /// All groups.
    pub groups: usize,
    /// Jobs whose outcome is awaited.
    pub jobs: usize,
    /// Lists of messages that are being read.
    pub lists: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_of_a_login_has_its_place() {
        for (at, result) in LoginResult::ALL.iter().enumerate() {
            assert_eq!(*result as usize, at);
        }
    }

    #[test]
    fn messages_count_by_the_kind_of_their_chat() {
        let mut counters = Counters::default();
        counters.message(Chat::Everyone, 3);
        counters.stored(Chat::Everyone, 2);
        assert_eq!(counters.received, ByChat { everyone: 1, ..ByChat::default() });
        assert_eq!(counters.delivered, ByChat { everyone: 3, ..ByChat::default() });
        assert_eq!(counters.stored, ByChat { everyone: 2, ..ByChat::default() });
    }
}
