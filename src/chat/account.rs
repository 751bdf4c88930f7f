//! Accounts as the hub knows them, and the networks that they have logged in from.

use crate::chat::address::{Address, Prefix};
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
    /// The time at which it was made, in seconds since the Unix epoch.
    pub created: u32,
}

/// An account that was removed, of which the number stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemovedAccount {
    /// The number.
    pub number: Number,
    /// The name that it had.
    pub name: UserName,
    /// The time at which it was removed, in seconds since the Unix epoch.
    pub time: u64,
}

/// What the store knows of an account, beside what the hub does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountFacts {
    /// The time at which it was made, in seconds since the Unix epoch.
    pub created: u64,
    /// The last time at which its user is known to have been here, in seconds since the Unix epoch,
    /// to the minute.
    pub last_seen: Option<u64>,
    /// The address from which a device with a token has last logged in, or got the token.
    pub last_address: Option<Address>,
    /// The number of its tokens.
    pub tokens: u64,
    /// The number of its files.
    pub files: u64,
    /// The bytes of its files and uploads, as they count to the quota.
    pub bytes: u64,
}

/// An account as the store lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// The contact number.
    pub number: Number,
    /// The time at which it was made, in seconds since the Unix epoch.
    pub created: u64,
    /// The last time at which its user is known to have been here, in seconds since the Unix epoch.
    pub last_seen: Option<u64>,
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
