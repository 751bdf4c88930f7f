//! The hub's metrics: what it counts, and how much there is of what operators look at.

use crate::chat::message::Chat;

/// What came of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginResult {
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

impl LoginResult {
    /// All of them, in their order.
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
}

/// Numbers of messages, by the kind of their chat.
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
    /// Messages handed to connections; one to many counts as many.
    pub delivered: ByChat,
    /// Messages kept for users who were offline; one for many counts as many.
    pub stored: ByChat,
    /// Calls for which both got a ticket.
    pub calls: u64,
}

impl Counters {
    /// Counts a login.
    pub fn login(&mut self, result: LoginResult) {
        self.logins[result as usize] += 1;
    }

    /// How many logins ended so.
    pub fn logins(&self, result: LoginResult) -> u64 {
        self.logins[result as usize]
    }

    /// Counts a message, and for how many it was delivered.
    pub fn message(&mut self, chat: Chat, delivered: usize) {
        self.received.add(chat, 1);
        self.delivered.add(chat, delivered as u64);
    }

    /// Counts for how many who were offline a message was kept.
    pub fn stored(&mut self, chat: Chat, count: u32) {
        self.stored.add(chat, u64::from(count));
    }
}

/// How much there is now of what operators look at.
#[derive(Clone, Copy, Debug)]
pub struct Gauges {
    /// Users who are logged in, without the operator.
    pub users_online: usize,
    /// Users who take direct chats.
    pub users_up: usize,
    /// Connections on which nobody is logged in yet.
    pub sessions_not_logged_in: usize,
    /// All accounts.
    pub accounts: usize,
    /// Accounts that are let in no more.
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
