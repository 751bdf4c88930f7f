//! The snapshot: what the store kept, with which the hub begins.

use crate::chat::account::{Account, NetworksOf, RemovedAccount};
use crate::chat::export::KeptExport;
use crate::chat::group::GroupRecord;
use crate::chat::id::MessageId;
use crate::chat::name::{GroupName, Key, Number};
use crate::chat::registration::Invite;
use crate::chat::report::Report;
use crate::chat::sanction::{Sanction, Sanctioned};
use crate::chat::sha256::Sha256Sum;

/// The largest number of idempotency keys in a [`Snapshot`]: the newest ones.
pub const KEYS_LOADED_MAX: usize = 1_000_000;

/// What the store kept, with which the hub begins.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// All accounts, without the operator's.
    pub accounts: Vec<Account>,
    /// The numbers of the administrators.
    pub administrators: Vec<Number>,
    /// What users want of others, and have asked for.
    pub wishes: Wishes,
    /// What users told administrators of others.
    pub reports: KeptReports,
    /// What is left of accounts that were removed.
    pub gone: Gone,
    /// The accounts whose passwords have to be replaced.
    pub resets: Vec<Number>,
    /// All sanctions, also those whose time is over.
    pub sanctions: Vec<(Sanctioned, Sanction)>,
    /// The invitations, also those whose time is over.
    pub invites: Vec<Invite>,
    /// The networks from which accounts have logged in.
    pub networks: Vec<NetworksOf>,
    /// The ceiling of the ids, which no message's id has reached; see
    /// [`Job::RaiseIdMark`](crate::hub::job::Job::RaiseIdMark).
    pub id_mark: MessageId,
    /// The accounts that have devices with tokens, with the highest number of these.
    pub devices: Vec<(Number, u32)>,
    /// All groups that are kept.
    pub groups: Vec<GroupRecord>,
    /// Users who have yet to be told that groups ended, by number, with the groups' names, oldest
    /// first.
    pub untold: Vec<(Number, Vec<GroupName>)>,
    /// The idempotency keys that are remembered, with their senders, newest first; at most
    /// [`KEYS_LOADED_MAX`].
    pub keys: Vec<(Number, Key)>,
}

/// What users want of others, and have asked for.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// The pairs of a user and one whom that user ignores, in order.
    pub ignored: Vec<(Number, Number)>,
    /// The users who have said whether they want to be asked before they are added to a group.
    pub ask_first: Vec<(Number, bool)>,
    /// The users who have asked for a message of the day, with the hash of the last one.
    pub motd: Vec<(Number, Sha256Sum)>,
    /// The exports, in the order in which they were asked for.
    pub exports: Vec<KeptExport>,
}

/// What users told administrators of others.
#[derive(Clone, Debug, Default)]
pub struct KeptReports {
    /// The number of the last report.
    pub last: u32,
    /// The reports that are not resolved, and others that are not long ago, by number; each with
    /// true if it is not resolved.
    pub all: Vec<(Report, bool)>,
}

/// What is left of accounts that were removed.
#[derive(Clone, Debug, Default)]
pub struct Gone {
    /// The accounts, by number.
    pub removed: Vec<RemovedAccount>,
    /// Those of which something is still to go.
    pub erasing: Vec<Number>,
}
