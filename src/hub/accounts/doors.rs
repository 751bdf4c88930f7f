//! The doors: who may make an account, as the operator decided at the start, or an administrator
//! since.

use crate::chat::registration::Registration;

/// What decides about new accounts. It holds until the next start.
#[derive(Debug)]
pub struct Doors {
    registration: Registration,
}

impl Doors {
    /// Creates the doors as the operator has set them.
    pub fn new(registration: Registration) -> Self {
        Doors { registration }
    }

    /// Who may make an account.
    pub fn registration(&self) -> Registration {
        self.registration
    }

    /// Decides who may make an account.
    pub fn set_registration(&mut self, registration: Registration) {
        self.registration = registration;
    }

    /// Returns true if everybody may make an account.
    pub fn are_open(&self) -> bool {
        self.registration == Registration::Open
    }
}
