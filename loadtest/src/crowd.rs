//! The crowd: the users of a run, their sessions, and the numbers that the clients have by them.
//!
//! A client is one connection. The first clients are the first sessions of all users, the next ones
//! their second sessions, and so on; the last clients are those that download, each with a user of
//! its own.

/// The users of a run and their sessions.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// The number of users that talk.
    pub users: usize,
    /// The number of sessions of each of them.
    pub sessions: usize,
    /// The number of users that download.
    pub downloads: usize,
}

impl Crowd {
    /// The number of clients that talk.
    pub fn chatters(&self) -> usize {
        self.users * self.sessions
    }

    /// The number of all clients.
    pub fn clients(&self) -> usize {
        self.chatters() + self.downloads
    }

    /// The number of a client's user.
    pub fn user(&self, client: usize) -> usize {
        match client.checked_sub(self.chatters()) {
            None => client % self.users,
            Some(downloader) => self.users + downloader,
        }
    }

    /// Returns true if a client is a session beside another one of its user.
    pub fn is_beside(&self, client: usize) -> bool {
        (self.users..self.chatters()).contains(&client)
    }

    /// The number of clients that log in first: where users have several sessions, one of each,
    /// which makes the account.
    pub fn first(&self) -> usize {
        if self.sessions > 1 { self.users } else { self.clients() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_has_its_user() {
        let crowd = Crowd { users: 3, sessions: 2, downloads: 2 };
        let users: Vec<usize> = (0..crowd.clients()).map(|client| crowd.user(client)).collect();
        assert_eq!(users, [0, 1, 2, 0, 1, 2, 3, 4]);
        let beside = (0..crowd.clients()).filter(|client| crowd.is_beside(*client));
        assert_eq!(beside.collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(crowd.first(), 3);
        assert_eq!(Crowd { sessions: 1, ..crowd }.first(), 5);
    }
}
