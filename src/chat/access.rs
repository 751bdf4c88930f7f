//! Which sessions may make a request, or take a step towards one.

/// A step of a dialogue between a codec and its client. The hub does no more than answer it in
/// order, and note what the session is told from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DialogueStep {
    /// The sessions that may take it.
    pub access: Access,
    /// The number of the step, which has a meaning to the codec alone.
    pub number: u8,
    /// Whether the session is told more from then on than every client knows; none if that stays
    /// as it is.
    pub tells_more: Option<bool>,
}

/// The sessions that may make a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// All sessions, logged in or not.
    Anyone,
    /// Sessions that are not logged in.
    Guest,
    /// Sessions that are logged in; all sessions if files are public.
    FileReader,
    /// Sessions that are logged in.
    User,
    /// Sessions that are logged in, of users who may speak.
    Speaker,
    /// The same, of users who may write to everyone.
    Broadcaster,
    /// Sessions that are logged in to an account with a password.
    Account,
    /// The same, also while that password has to be replaced.
    PasswordHolder,
    /// Sessions of administrators and of the operator.
    Administrator,
    /// Sessions of the operator.
    Operator,
}
