//! Devices: the clients of a user, each with its tokens.

use crate::chat::address::Address;
use crate::chat::name::UserName;

/// The hash by which the store knows a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(pub [u8; 32]);

/// A device: a login with a password, or another program for which a token was made, and every
/// login with a token that comes of it. The number stays the same over all of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The number, unique among those of its user.
    pub number: u32,
    /// The time at which it was made, in seconds since the Unix epoch.
    pub made: u64,
    /// The time at which it last logged in, or got a token, in seconds since the Unix epoch.
    pub used: u64,
    /// The address from which that was, if it is known.
    pub address: Option<Address>,
    /// The name, of another program for which a token was made. It is of the same form as a user's.
    pub name: Option<UserName>,
}

/// The state of a device, as a session of its user sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// The session that asks is its own.
    Here,
    /// It has the session that stands alone.
    Alone,
    /// It has a session that stands beside others.
    Beside,
    /// It has a token, and no session.
    Token,
}

/// The tokens of a user that are to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DevicesToEnd {
    /// Those of one device.
    One(u32),
    /// Those of all devices but one.
    AllBut(u32),
}
