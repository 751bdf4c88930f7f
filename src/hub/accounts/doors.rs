//! The doors: who may make an account, as the operator decided at the start, or an administrator
//! since; and the lockdown, which holds back strangers while the chat is raided.

use crate::chat::account::Account;
use crate::chat::name::Target;
use crate::chat::registration::Registration;
use crate::chat::request::Request;

/// The age in seconds from which an account is held back by no lockdown.
const SETTLED_SECONDS: u64 = 24 * 60 * 60;

/// What decides about new accounts. It holds until the next start.
#[derive(Debug)]
pub struct Doors {
    registration: Registration,
    is_locked_down: bool,
}

impl Doors {
    /// Creates the doors as the operator has set them.
    pub fn new(registration: Registration) -> Self {
        Doors { registration, is_locked_down: false }
    }

    /// Who may make an account while there is no lockdown.
    pub fn registration(&self) -> Registration {
        self.registration
    }

    /// Decides who may make an account.
    pub fn set_registration(&mut self, registration: Registration) {
        self.registration = registration;
    }

    /// Begins a lockdown, or ends it.
    pub fn lock_down(&mut self, on: bool) {
        self.is_locked_down = on;
    }

    /// Returns true during a lockdown.
    pub fn are_locked_down(&self) -> bool {
        self.is_locked_down
    }

    /// Returns true if everybody may make an account.
    pub fn are_open(&self) -> bool {
        self.registration == Registration::Open && !self.is_locked_down
    }

    /// Returns true if the user of an account may not make a request now, in seconds since the Unix
    /// epoch, since the account is young and there is a lockdown.
    pub fn hold_back(&self, account: &Account, request: &Request, now: u64) -> bool {
        self.is_locked_down
            && now.saturating_sub(account.created.into()) < SETTLED_SECONDS
            && reaches_many(request)
    }
}

/// Returns true for what a raid is made of: words to everyone, new groups and files.
fn reaches_many(request: &Request) -> bool {
    matches!(
        request,
        Request::Say { to: Target::Everyone, .. }
            | Request::Mkgroup { .. }
            | Request::Put { .. }
            | Request::Sendfile { .. }
    )
}
