//! Roles: administrators, the operator and banned users.

use std::collections::HashSet;

use crate::chat::name::Number;
use crate::hub::accounts::directory::{Directory, OPERATOR, UserIndex};
use crate::hub::job::Snapshot;

/// A role: what a session may do, by who has logged in over its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Nobody has logged in.
    Guest,
    /// A user with an account.
    User,
    /// A user with an account that may look after the others.
    Administrator,
    /// The operator, who came over the server's own socket.
    Operator,
}

/// The administrators and the banned users.
#[derive(Debug, Default)]
pub struct Roles {
    administrators: HashSet<UserIndex>,
    banned: HashSet<UserIndex>,
}

impl Roles {
    /// Creates the roles from what the store kept.
    pub fn new(kept: &Snapshot, directory: &Directory) -> Self {
        let find = |numbers: &[Number]| {
            let users = numbers.iter().filter_map(|number| directory.find_number(*number));
            users.collect()
        };
        Roles { administrators: find(&kept.administrators), banned: find(&kept.banned) }
    }

    /// Returns true if a user is banned.
    pub fn is_banned(&self, user: UserIndex) -> bool {
        self.banned.contains(&user)
    }

    /// The number of banned users.
    pub fn banned(&self) -> usize {
        self.banned.len()
    }

    /// Returns true if a user is an administrator.
    pub fn is_administrator(&self, user: UserIndex) -> bool {
        self.administrators.contains(&user)
    }

    /// Bans a user, or lifts the ban.
    pub fn set_banned(&mut self, user: UserIndex, banned: bool) {
        match banned {
            true => self.banned.insert(user),
            false => self.banned.remove(&user),
        };
    }

    /// Makes a user an administrator, or takes that role away.
    pub fn set_administrator(&mut self, user: UserIndex, admin: bool) {
        match admin {
            true => self.administrators.insert(user),
            false => self.administrators.remove(&user),
        };
    }

    /// The role of a user; none is somebody who has not logged in.
    pub fn of(&self, user: Option<UserIndex>) -> Role {
        match user {
            None => Role::Guest,
            Some(OPERATOR) => Role::Operator,
            Some(user) if self.is_administrator(user) => Role::Administrator,
            Some(_) => Role::User,
        }
    }
}
