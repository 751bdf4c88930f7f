//! Who asks for something that others want too, so that all have turns.

use crate::chat::address::Network;
use crate::chat::name::Number;

/// Who asks for a job: whose turn it takes among others of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// A user, in all their sessions.
    User(Number),
    /// Whoever is not logged in, from one network.
    Network(Network),
}
