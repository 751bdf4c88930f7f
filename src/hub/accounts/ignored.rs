//! Ignored users: whom each user does not want to hear.

use std::collections::{BTreeSet, HashMap};

use crate::chat::name::Number;
use crate::hub::accounts::directory::{Directory, UserIndex};
use crate::hub::snapshot::Snapshot;

/// The users whom each user ignores. Nothing is stored for those who ignore nobody.
#[derive(Debug, Default)]
pub struct Ignored {
    by_user: HashMap<UserIndex, BTreeSet<UserIndex>>,
}

impl Ignored {
    /// Creates them from what the store kept.
    pub fn new(kept: &Snapshot, directory: &Directory) -> Self {
        let mut ignored = Ignored::default();
        let find = |number: Number| directory.find_number(number);
        for (user, whom) in &kept.wishes.ignored {
            if let (Some(user), Some(whom)) = (find(*user), find(*whom)) {
                ignored.set(user, whom, true);
            }
        }
        ignored
    }

    /// Returns true if a user ignores another one.
    pub fn has(&self, user: UserIndex, whom: UserIndex) -> bool {
        !self.by_user.is_empty() && self.by_user.get(&user).is_some_and(|all| all.contains(&whom))
    }

    /// Those whom a user ignores.
    pub fn of(&self, user: UserIndex) -> impl ExactSizeIterator<Item = UserIndex> {
        self.by_user.get(&user).unwrap_or(const { &BTreeSet::new() }).iter().copied()
    }

    /// Forgets a user, whose account is removed.
    pub fn forget(&mut self, user: UserIndex) {
        self.by_user.remove(&user);
        for all in self.by_user.values_mut() {
            all.remove(&user);
        }
        self.by_user.retain(|_, all| !all.is_empty());
    }

    /// Lets a user ignore another one, or no longer.
    pub fn set(&mut self, user: UserIndex, whom: UserIndex, on: bool) {
        if on {
            self.by_user.entry(user).or_default().insert(whom);
        } else if let Some(all) = self.by_user.get_mut(&user) {
            all.remove(&whom);
            if all.is_empty() {
                self.by_user.remove(&user);
            }
        }
    }
}
