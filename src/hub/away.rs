//! Who is away: the words that sessions have left, and what the others were told of their users.

use std::collections::HashMap;

use crate::chat::text::Reason;
use crate::hub::accounts::directory::UserIndex;
use crate::hub::context::Caller;
use crate::hub::input::ConnId;

/// The sessions and the users who are away. A user is away when every session is.
#[derive(Debug, Default)]
pub struct Away {
    /// By user: the sessions that are away, with their words, in the order in which these came.
    said: HashMap<UserIndex, Vec<(ConnId, Reason)>>,
    /// The users of whom the others were told last that they are away, with the words.
    told: HashMap<UserIndex, Reason>,
}

impl Away {
    /// Notes that a session is away, or without words, that it is not.
    pub fn say(&mut self, Caller { conn, user }: Caller, words: Option<Reason>) {
        let said = self.said.entry(user).or_default();
        said.retain(|(session, _)| *session != conn);
        said.extend(words.map(|words| (conn, words)));
        if said.is_empty() {
            self.said.remove(&user);
        }
    }

    /// Compares a user, who has so many sessions, with what the others were told last. Returns what
    /// they are to be told now, if that is something else: the words that were said last, or none
    /// for a user who is not away.
    pub fn news(&mut self, user: UserIndex, sessions: usize) -> Option<Option<Reason>> {
        let said = self.said.get(&user).filter(|said| said.len() == sessions);
        let words = said.and_then(|said| said.last()).map(|(_, words)| words.clone());
        if self.told.get(&user) == words.as_ref() {
            return None;
        }
        match &words {
            Some(words) => drop(self.told.insert(user, words.clone())),
            None => drop(self.told.remove(&user)),
        }
        Some(words)
    }

    /// Notes that the others were told that a user is offline.
    pub fn went_offline(&mut self, user: UserIndex) {
        self.told.remove(&user);
    }

    /// The words of a user who is away, as the others were told.
    pub fn words(&self, user: UserIndex) -> Option<&Reason> {
        self.told.get(&user)
    }

    /// The sessions that are away, with their users.
    pub fn sessions(&self) -> impl Iterator<Item = Caller> {
        let said = self.said.iter();
        said.flat_map(|(user, said)| {
            said.iter().map(|(conn, _)| Caller { conn: *conn, user: *user })
        })
    }
}
