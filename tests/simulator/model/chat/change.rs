//! What comes of an entry.

use chatsrv::chat::event::Event;
use chatsrv::chat::name::Number;

/// What came of an entry: what it changed, or why it may not be.
pub type Decision = Result<Change, Refused>;

/// What an entry changed, and who is to hear of it.
#[derive(Debug, Default, PartialEq)]
pub struct Change {
    /// Whether nothing is different from before.
    pub is_none: bool,
    /// Events in the order in which they happen, each with the users who are told of it wherever
    /// they are online.
    pub told: Vec<(Event, Vec<Number>)>,
    /// The users to whom a message goes.
    pub readers: Vec<Number>,
}

/// Why an entry changes nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refused {
    /// What it is about is not there.
    NotFound,
    /// Whoever wants it may not do that.
    NotAllowed,
    /// It does not fit to what it is about as that is now.
    WrongState,
    /// There would be too many.
    NoRoom,
    /// The name is another group's.
    NameTaken,
    /// It may be tried again in so many seconds.
    Later(u64),
}

impl Change {
    /// A change of which nobody is told.
    pub fn silent() -> Self {
        Change::default()
    }

    /// No change.
    pub fn none() -> Self {
        Change { is_none: true, ..Change::default() }
    }

    /// A change of which these are told.
    pub fn told(told: Vec<(Event, Vec<Number>)>) -> Self {
        Change { told, ..Change::default() }
    }
}
