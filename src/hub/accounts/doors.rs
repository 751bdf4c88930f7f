//! The doors: who may make an account, as the operator decided at the start, or an administrator
//! since; and the lockdown, which holds back strangers while the chat is raided.

use crate::chat::account::Account;
use crate::chat::name::Target;
use crate::chat::registration::{InviteCode, Registration};
use crate::chat::request::Request;
use crate::hub::accounts::invites::Invites;

/// The age in seconds from which an account is held back by no lockdown.
const SETTLED_SECONDS: u64 = 24 * 60 * 60;

/// What decides about new accounts. All but the invitations holds until the next start.
#[derive(Debug)]
pub struct Doors {
    registration: Registration,
    is_locked_down: bool,
    pub invites: Invites,
}

/// What becomes of somebody who wants to make an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// It may be made, and counts as a registration.
    Open,
    /// It may be made with the invitation that was given.
    Invited,
    /// It may not, and nobody is told that there is no such account.
    Shut,
    /// The code that was given is not good.
    WrongCode,
}

impl Doors {
    /// Creates the doors as the operator has set them.
    pub fn new(registration: Registration, invites: Invites) -> Self {
        Doors { registration, is_locked_down: false, invites }
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

    /// What becomes of somebody who wants to make an account now, in seconds since the Unix epoch,
    /// perhaps with the code of an invitation.
    pub fn admit(&self, code: Option<&InviteCode>, now: u64) -> Entrance {
        match (self.registration, code) {
            _ if self.is_locked_down => Entrance::Shut,
            (Registration::Closed, _) => Entrance::Shut,
            (_, Some(code)) if self.invites.is_good(code, now) => Entrance::Invited,
            (_, Some(_)) => Entrance::WrongCode,
            (Registration::Open, None) => Entrance::Open,
            (Registration::Invite, None) => Entrance::Shut,
        }
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
