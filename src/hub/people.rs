//! Who there is, for domains that stand above accounts, presence and groups.

#![allow(dead_code, reason = "the domains move onto it one after the other")]

use crate::hub::accounts::Accounts;
use crate::hub::groups::Groups;
use crate::hub::presence::Presence;

/// The accounts, who is online, and who is in which group: what a domain reads of them.
#[derive(Clone, Copy, Debug)]
pub struct People<'a> {
    pub accounts: &'a Accounts,
    pub presence: &'a Presence,
    pub groups: &'a Groups,
}
