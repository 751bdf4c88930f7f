//! Who may do more than others, and who may do nothing.

use std::collections::HashSet;

use crate::chat::name::Number;
use crate::hub::accounts::directory::{Directory, OPERATOR, UserIndex};
use crate::hub::job::Snapshot;

/// What a session may do, by who has logged in on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Has not logged in.
    Guest,
    User,
    /// An account that may look after the others.
    Administrator,
    /// Came over the server's own socket.
    Operator,
}

/// The administrators, and those who are banned.
#[derive(Debug, Default)]
pub struct Roles {
    administrators: HashSet<UserIndex>,
    banned: HashSet<UserIndex>,
}

impl Roles {
    /// The roles that were kept.
    pub fn new(kept: &Snapshot, directory: &Directory) -> Self {
        let find = |numbers: &[Number]| {
            let users = numbers.iter().filter_map(|number| directory.find_number(*number));
            users.collect()
        };
        Roles { administrators: find(&kept.administrators), banned: find(&kept.banned) }
    }

    /// Whether a user is let in no more.
    pub fn is_banned(&self, user: UserIndex) -> bool {
        self.banned.contains(&user)
    }

    /// How many are banned.
    pub fn banned(&self) -> usize {
        self.banned.len()
    }

    /// Whether a user looks after the others.
    pub fn is_administrator(&self, user: UserIndex) -> bool {
        self.administrators.contains(&user)
    }

    /// Lets a user in no more, or again.
    pub fn set_banned(&mut self, user: UserIndex, banned: bool) {
        match banned {
            true => self.banned.insert(user),
            false => self.banned.remove(&user),
        };
    }

    /// Makes a user an administrator, or no longer.
    pub fn set_administrator(&mut self, user: UserIndex, admin: bool) {
        match admin {
            true => self.administrators.insert(user),
            false => self.administrators.remove(&user),
        };
    }

    /// What a user may do; none is somebody who has not logged in.
    pub fn of(&self, user: Option<UserIndex>) -> Role {
        match user {
            None => Role::Guest,
            Some(OPERATOR) => Role::Operator,
            Some(user) if self.is_administrator(user) => Role::Administrator,
            Some(_) => Role::User,
        }
    }
}
