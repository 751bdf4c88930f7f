//! The tasks of the password threads.

use crate::chat::account::Account;
use crate::chat::address::Network;
use crate::chat::name::Number;
use crate::chat::sha256::Sha256Sum;
use crate::chat::text::Secret;
use crate::hub::job::JobId;

/// A password to hash.
#[derive(Debug)]
pub(in crate::store) struct PasswordTask {
    /// The job that gets the outcome.
    pub(in crate::store) job: JobId,
    pub(in crate::store) password: Secret,
    /// The purpose of the hash.
    pub(in crate::store) purpose: HashPurpose,
    /// The network from which it came, whose turn it takes.
    pub(in crate::store) from: Network,
}

/// The purpose for which a password is hashed.
#[derive(Debug)]
pub(in crate::store) enum HashPurpose {
    /// To store a new account, with the invitation of which it is a use.
    Register(Box<Account>, Option<Sha256Sum>),
    /// To store it as the new password of an account.
    Set(Number),
    /// To store it as the password of an account until a time.
    Reset(Number, u64),
    /// To store a new account with it, until a time.
    Add(Box<Account>, u64),
    /// To compare it with the stored hash of an account, if there is one.
    Check { number: Option<Number>, stored: Option<String> },
}
