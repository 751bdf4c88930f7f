//! Roles: administrators and the operator, and who is banned.

use std::collections::HashSet;

use crate::hub::accounts::directory::{Directory, OPERATOR, UserIndex};
use crate::hub::accounts::sanctions::Sanctions;
use crate::hub::snapshot::Snapshot;

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

/// The administrators, and the sanctions that hold.
#[derive(Debug, Default)]
pub struct Roles {
    administrators: HashSet<UserIndex>,
    pub sanctions: Sanctions,
}

impl Roles {
    /// Creates the roles from what the store kept.
    pub fn new(kept: &mut Snapshot, directory: &Directory) -> Self {
        let administrators = kept.administrators.iter();
        let administrators = administrators.filter_map(|number| directory.find_number(*number));
        Roles {
            administrators: administrators.collect(),
            sanctions: Sanctions::new(std::mem::take(&mut kept.sanctions), directory),
        }
    }

    /// Returns true if a user is banned.
    pub fn is_banned(&self, user: UserIndex) -> bool {
        self.sanctions.ban(user).is_some()
    }

    /// The number of banned users.
    pub fn banned(&self) -> usize {
        self.sanctions.bans().len()
    }

    /// Returns true if a user is an administrator.
    pub fn is_administrator(&self, user: UserIndex) -> bool {
        self.administrators.contains(&user)
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
