//! Users who want to be asked before they are added to a group.

use std::collections::HashMap;

use crate::hub::accounts::directory::{Directory, UserIndex};
use crate::hub::snapshot::Snapshot;

/// What users have said about that. For all others the server's option holds.
#[derive(Debug, Default)]
pub struct AskFirst {
    said: HashMap<UserIndex, bool>,
}

impl AskFirst {
    /// Creates it from what the store kept.
    pub fn new(kept: &Snapshot, directory: &Directory) -> Self {
        let said = kept.wishes.ask_first.iter();
        let said = said.filter_map(|(user, on)| Some((directory.find_number(*user)?, *on)));
        AskFirst { said: said.collect() }
    }

    /// What a user has said.
    pub fn said(&self, user: UserIndex) -> Option<bool> {
        self.said.get(&user).copied()
    }

    /// Forgets a user, whose account is removed.
    pub fn forget(&mut self, user: UserIndex) {
        self.said.remove(&user);
    }

    /// Notes that a user wants to be asked, or does not.
    pub fn say(&mut self, user: UserIndex, on: bool) {
        self.said.insert(user, on);
    }
}
