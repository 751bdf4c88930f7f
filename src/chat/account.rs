//! Accounts as the hub knows them, and the networks that they have logged in from.

use crate::chat::address::Prefix;
use crate::chat::name::{DisplayName, Number, UserName};

/// An account as the hub knows it; its password stays in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The permanent contact number, by which the store knows the account.
    pub number: Number,
    /// The name, in the case in which it was registered.
    pub name: UserName,
    /// The display name, if one was chosen.
    pub display: Option<DisplayName>,
}

/// A network from which an account has logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownNetwork {
    /// The network.
    pub prefix: Prefix,
    /// The day of the last login from it, in days since the Unix epoch.
    pub day: u32,
}

/// An account's number, and its networks.
pub type NetworksOf = (Number, Box<[KnownNetwork]>);
